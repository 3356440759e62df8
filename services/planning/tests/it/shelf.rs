//! Accounts of a ledger and of a bank that a test sets, served as both rooms are served between processes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use banking_api::{Balance, BalanceKind, BalancePage, BankAccount, Banking, BankingError};
use kernel::{Clock, Ctx, Currency, Money, Principal, Timestamp};
use ledger_api::{Account, AccountPath, Books, LedgerError, Side};
use platform::access;
use platform::error::{Failure, ServiceError};
use platform::rpc::{Caller, Methods, RpcClient, Served, TransportError, Trust};
use serde::Deserialize;
use serde_json::{Value, json};
use testkit::InProcess;

/// Balances by account, each with its owner.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shelf {
    accounts: Arc<Mutex<BTreeMap<String, (String, Money)>>>,
}

#[derive(Deserialize)]
struct InBook {
    book: String,
    command: Value,
}

impl Shelf {
    pub(crate) fn set(&self, account: &str, owner: &str, minor: i64) {
        let money = Money::new(minor, Currency::iso("USD").unwrap());
        self.accounts.lock().unwrap().insert(account.to_owned(), (owner.to_owned(), money));
    }

    pub(crate) fn remove(&self, account: &str) {
        self.accounts.lock().unwrap().remove(account);
    }

    /// As the caller sees it: their own, or any for those who may read all.
    fn of<R>(&self, ctx: &Ctx, account: &str) -> Result<Money, ServiceError<R>> {
        let found = self.accounts.lock().unwrap().get(account).cloned();
        let (owner, money) = found.ok_or(Failure::NotFound)?;
        access::check(ctx, "accounts", "read", Some(&owner)).map_err(|_| Failure::NotFound)?;
        Ok(money)
    }

    pub(crate) fn books(&self, clock: &Arc<dyn Clock>) -> Arc<dyn Books> {
        let (one, other) = (self.clone(), self.clone());
        let methods = Methods::new("ledger")
            .on("account", move |ctx: Ctx, asked: InBook| {
                let shelf = one.clone();
                async move {
                    assert_eq!(asked.book, "main");
                    let path = asked.command.as_str().unwrap().to_owned();
                    Ok::<_, LedgerError>(account(&path, shelf.of(&ctx, &path)?))
                }
            })
            .on("statement", move |ctx: Ctx, asked: InBook| {
                let shelf = other.clone();
                async move {
                    let path = asked.command["path"].as_str().unwrap().to_owned();
                    Ok::<_, LedgerError>(statement(&path, shelf.of(&ctx, &path)?))
                }
            });
        (ledger_api::FACE.remote)(client("ledger", methods, clock))
    }

    pub(crate) fn banking(&self, clock: &Arc<dyn Clock>) -> Arc<dyn Banking> {
        let (one, other) = (self.clone(), self.clone());
        let methods = Methods::new("banking")
            .on("account", move |ctx: Ctx, id: banking_api::AccountId| {
                let shelf = one.clone();
                async move { Ok::<_, BankingError>(bank_account(id, shelf.of(&ctx, &id.to_string())?)) }
            })
            .on("balances", move |ctx: Ctx, query: banking_api::BalanceQuery| {
                let shelf = other.clone();
                async move {
                    let amount = shelf.of(&ctx, &query.account.to_string())?;
                    let (kind, as_of) = (BalanceKind::ClosingBooked, "2026-01-30".parse().unwrap());
                    Ok::<_, BankingError>(BalancePage { items: vec![Balance { kind, as_of, at: None, amount }] })
                }
            });
        (banking_api::FACE.remote)(client("banking", methods, clock))
    }
}

/// A token is one of a story's, whose callers may read every account.
struct Holders;

impl Trust for Holders {
    fn principal(&self, caller: Caller, _: &str) -> Result<Principal, TransportError> {
        match caller {
            Caller::Said(principal) => Ok(principal),
            Caller::Token(_) => Ok(Principal::operator()),
        }
    }
}

fn client(name: &'static str, methods: Methods, clock: &Arc<dyn Clock>) -> RpcClient {
    let served = Served::new([methods], Arc::new(Holders), Arc::clone(clock)).expect("one service");
    RpcClient::new(name, Arc::new(InProcess(served)), Arc::clone(clock))
}

fn account(path: &str, posted: Money) -> Account {
    let nothing = Money::new(0, posted.currency());
    Account {
        path: path.parse::<AccountPath>().unwrap(),
        currency: posted.currency(),
        normal: Side::Credit,
        status: ledger_api::AccountStatus::Open,
        floor: None,
        ceiling: None,
        owner: None,
        reference: None,
        metadata: Default::default(),
        balances: ledger_api::Balances {
            posted,
            pending_in: nothing,
            pending_out: nothing,
            available: None,
            version: 1,
        },
        opened_at: Timestamp::EPOCH,
        replayed: false,
        as_of_seq: None,
    }
}

fn statement(path: &str, posted: Money) -> Value {
    let nothing = Money::new(0, posted.currency());
    let balance = |posted: Money| json!({ "posted": posted, "pending_in": nothing, "pending_out": nothing });
    json!({
        "path": path, "currency": posted.currency(), "normal": "credit", "from": null, "to": null, "by": "record",
        "order": "oldest_first", "as_of_seq": 1, "opening": balance(nothing), "closing": balance(posted),
        "movements": [], "next": null, "previous": null
    })
}

fn bank_account(id: banking_api::AccountId, money: Money) -> BankAccount {
    BankAccount {
        id,
        kind: banking_api::AccountKind::Current,
        currency: money.currency(),
        owner: None,
        entity: None,
        last_four: "1234".to_owned(),
        interim_reports: Default::default(),
        leading: None,
        balances: Vec::new(),
        created_at: Timestamp::EPOCH,
    }
}
