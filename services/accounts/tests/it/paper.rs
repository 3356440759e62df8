//! A ledger on paper: what this room asks of the ledger, in memory. A room is tested without any other; that the two
//! work together is tested where both are.

mod face;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use kernel::{Ctx, Currency, Money, Timestamp};
use ledger_api::*;
use platform::error::Failure;
use platform::feed::{CloudEvent, Event};
use testkit::FakeClock;

#[derive(Clone)]
pub(crate) struct Paper {
    inner: Arc<Mutex<Pages>>,
    time: FakeClock,
}

#[derive(Default)]
struct Pages {
    accounts: BTreeMap<String, Account>,
    transactions: BTreeMap<TransactionId, Result<Transaction, Refusal>>,
    entries: Vec<Moved>,
    events: Vec<Event>,
    rows: u64,
    /// Calls that are answered before one fails without having done anything.
    fail_after: Option<u32>,
    /// The same for one whose answer is lost after it was done.
    lose_after: Option<u32>,
}

struct Moved {
    path: String,
    side: Side,
    amount: i64,
    effective_at: Timestamp,
    recorded_at: Timestamp,
}

impl Paper {
    pub(crate) fn new(time: FakeClock) -> Paper {
        Paper { inner: Arc::default(), time }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.inner.lock().unwrap()
    }

    pub(crate) fn fail_after(&self, calls: u32) {
        self.pages().fail_after = Some(calls);
    }

    pub(crate) fn lose_after(&self, calls: u32) {
        self.pages().lose_after = Some(calls);
    }

    /// From now on every call is answered.
    pub(crate) fn mend(&self) {
        let mut pages = self.pages();
        (pages.fail_after, pages.lose_after) = (None, None);
    }

    pub(crate) fn rows(&self) -> u64 {
        self.pages().rows
    }

    pub(crate) fn posted(&self, path: &str) -> i64 {
        self.pages().accounts[path].balances.posted.minor()
    }

    pub(crate) fn status_of(&self, path: &str) -> AccountStatus {
        self.pages().accounts[path].status
    }

    /// Whether any transaction has this text.
    pub(crate) fn says(&self, text: &str) -> bool {
        let pages = self.pages();
        pages.transactions.values().flatten().any(|one| one.metadata.values().any(|value| value == text))
    }

    /// The number of transactions.
    pub(crate) fn count(&self) -> usize {
        self.pages().transactions.values().filter(|one| one.is_ok()).count()
    }

    fn begins(&self) -> Result<(), LedgerError> {
        let left = &mut self.pages().fail_after;
        match left {
            Some(0) => {
                *left = None;
                Err(LedgerError::Failed(Failure::Unavailable))
            }
            Some(calls) => {
                *calls -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn ends<T>(&self, answer: T) -> Result<T, LedgerError> {
        let left = &mut self.pages().lose_after;
        match left {
            Some(0) => {
                *left = None;
                Err(LedgerError::Failed(Failure::OutcomeUnknown))
            }
            Some(calls) => {
                *calls -= 1;
                Ok(answer)
            }
            None => Ok(answer),
        }
    }
}

fn refused<T>(refusal: Refusal) -> Result<T, LedgerError> {
    Err(LedgerError::Refused { refusal, replayed: false })
}

impl Pages {
    fn add(
        &mut self,
        path: &AccountPath,
        side: Side,
        amount: i64,
        (effective_at, recorded_at): (Timestamp, Timestamp),
    ) {
        let account = self.accounts.get_mut(path.as_str()).unwrap();
        let by = if account.normal == side { amount } else { -amount };
        let currency = account.currency;
        let money = |minor| Money::new(minor, currency);
        account.balances.posted = money(account.balances.posted.minor() + by);
        account.balances.available = account.floor.map(|floor| money(account.balances.posted.minor() - floor.minor()));
        account.balances.version += 1;
        self.entries.push(Moved { path: path.to_string(), side, amount, effective_at, recorded_at });
    }

    fn event(&mut self, kind: &str, subject: String, data: serde_json::Value, rows: usize, now: Timestamp) {
        self.rows += rows as u64;
        let mut data = data;
        data.as_object_mut().unwrap().remove("metadata");
        let event = CloudEvent::new("/ledger/main", self.rows.to_string(), kind, subject, now, data);
        self.events.push(Event { cursor: self.rows, event });
    }

    fn create(&mut self, create: NewTransaction, now: Timestamp) -> Result<Transaction, Refusal> {
        let id = create.id.unwrap();
        if let Some(known) = self.transactions.get(&id) {
            return known.clone().map(|known| Transaction { replayed: true, ..known });
        }
        let outcome = self.created(id, create, now);
        if let Ok(transaction) = &outcome {
            let (data, rows) = (serde_json::to_value(transaction).unwrap(), transaction.postings.len());
            self.event("ledger.transaction.posted", id.to_string(), data, rows, now);
        }
        self.transactions.insert(id, outcome.clone());
        outcome
    }

    fn created(&mut self, id: TransactionId, create: NewTransaction, now: Timestamp) -> Result<Transaction, Refusal> {
        let at = create.effective_at.unwrap_or(now);
        let mut legs = Vec::new();
        for posting in &create.postings {
            let (debit, credit) = (posting.debit.clone().unwrap(), posting.credit.clone().unwrap());
            for path in [&debit, &credit] {
                let Some(account) = self.accounts.get(path.as_str()) else {
                    return Err(Refusal::AccountUnknown { account: path.clone() });
                };
                if account.status == AccountStatus::Closed {
                    return Err(Refusal::AccountClosed { account: path.clone() });
                }
            }
            let mut amount = posting.amount;
            let from = &self.accounts[debit.as_str()];
            if let Some(available) = from.balances.available.filter(|_| from.normal == Side::Credit)
                && available.minor() < amount.minor()
            {
                if !posting.up_to_available || available.minor() <= 0 {
                    return Err(Refusal::InsufficientFunds { account: debit, asked: amount, available });
                }
                amount = available;
            }
            self.add(&debit, Side::Debit, amount.minor(), (at, now));
            self.add(&credit, Side::Credit, amount.minor(), (at, now));
            legs.push(PostedLeg { debit, credit, amount, hold: None, overrides_floor: false });
        }
        Ok(Transaction {
            id,
            kind: TransactionKind::Posted,
            status: TransactionStatus::Posted,
            postings: legs,
            balances: Vec::new(),
            target: None,
            reversed_by: None,
            failure: None,
            recorded_at: now,
            effective_at: at,
            expires_at: None,
            reference: create.reference,
            metadata: create.metadata,
            replayed: false,
            dry_run: false,
            as_of_seq: None,
        })
    }

    /// Metadata of all transactions that touch an account of the owner.
    fn erase(&mut self, owner: &Reference) -> u64 {
        let owned = |account: &&Account| account.owner.as_ref() == Some(owner);
        let paths: Vec<AccountPath> =
            self.accounts.values().filter(owned).map(|account| account.path.clone()).collect();
        let mut erased = 0;
        for transaction in self.transactions.values_mut().flatten() {
            let touches = |leg: &PostedLeg| paths.contains(&leg.debit) || paths.contains(&leg.credit);
            if transaction.postings.iter().any(touches) && !transaction.metadata.is_empty() {
                transaction.metadata.clear();
                erased += 1;
            }
        }
        erased
    }

    fn balance_at(&self, account: &Account, at: Option<Timestamp>, by: TimeBasis) -> i64 {
        let when = |moved: &&Moved| if by == TimeBasis::Event { moved.effective_at } else { moved.recorded_at };
        let mine = |moved: &&Moved| moved.path == account.path.as_str() && at.is_none_or(|at| when(moved) <= at);
        let signed = |moved: &Moved| if moved.side == account.normal { moved.amount } else { -moved.amount };
        self.entries.iter().filter(mine).map(signed).sum()
    }
}

/// The house's own cash, from which tests pay in.
pub(crate) const CASH: &str = "assets:cash";

impl Paper {
    pub(crate) async fn with_cash(self, ctx: &Ctx, currency: Currency) -> Paper {
        let limits = Limits { may_go_negative: true, ..Limits::default() };
        let path = CASH.parse().unwrap();
        let (normal, metadata) = (Side::Debit, Metadata::new());
        let open = OpenAccount { path, currency, normal, limits, owner: None, reference: None, metadata };
        self.open_account(ctx, open).await.unwrap();
        self
    }
}
