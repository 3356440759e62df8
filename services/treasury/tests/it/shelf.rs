//! A ledger and a banking that a test sets, served as both rooms are served between processes.

mod books;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use banking_api::{
    Balance, BalanceKind, BalancePage, BankAccount, BankingError, Day, TransactionPage, TransactionQuery,
};
use jiff::civil::Date;
use kernel::{Clock, Ctx, Currency, Money, Timestamp};
use ledger_api::*;
use platform::error::Failure;
use platform::feed::{CloudEvent, Event, Feed, FeedError, Pull};
use platform::rpc::{Methods, RpcClient, Served};
use serde::Deserialize;
use serde_json::{Value, json};
use testkit::{AsSaid, FakeClock, InProcess};

#[derive(Clone)]
pub(crate) struct Shelf {
    pages: Arc<Mutex<Pages>>,
    time: FakeClock,
}

#[derive(Default)]
struct Pages {
    accounts: BTreeMap<String, Kept>,
    done: BTreeMap<TransactionId, Result<Transaction, Refusal>>,
    rows: u64,
    ledger_events: Vec<Event>,
    banks: BTreeMap<String, Bank>,
    bank_events: Vec<CloudEvent>,
    /// The next batch is done and its answer lost.
    lose_next: bool,
}

struct Kept {
    currency: Currency,
    normal: Side,
    floor: Option<i64>,
    movements: Vec<Movement>,
    posted: i64,
}

struct Bank {
    currency: Currency,
    balances: Vec<Balance>,
    transactions: Vec<banking_api::Transaction>,
    entity: Option<String>,
}

#[derive(Deserialize)]
struct InBook {
    command: Value,
}

fn remote(name: &'static str, methods: Methods, clock: &Arc<dyn Clock>) -> RpcClient {
    let served = Served::new([methods], Arc::new(AsSaid), Arc::clone(clock)).expect("one service");
    RpcClient::new(name, Arc::new(InProcess(served)), Arc::clone(clock))
}

impl Shelf {
    pub(crate) fn new(time: FakeClock) -> Shelf {
        Shelf { pages: Arc::default(), time }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap()
    }

    pub(crate) fn lose_next_answer(&self) {
        self.pages().lose_next = true;
    }

    /// An account of the ledger with a debit balance, such as cash.
    pub(crate) fn open(&self, path: &str, currency: &str) {
        let account = Kept {
            currency: Currency::iso(currency).unwrap(),
            normal: Side::Debit,
            floor: Some(0),
            movements: Vec::new(),
            posted: 0,
        };
        self.pages().accounts.insert(path.to_owned(), account);
    }

    pub(crate) fn posted(&self, path: &str) -> i64 {
        self.pages().accounts[path].posted
    }

    /// Paid in from nowhere, or out to it.
    pub(crate) fn pay(&self, path: &str, minor: i64) {
        self.pay_for(path, minor, None);
    }

    pub(crate) fn pay_for(&self, path: &str, minor: i64, reference: Option<&str>) {
        let mut pages = self.pages();
        if !pages.accounts.contains_key("world") {
            let currency = pages.accounts[path].currency;
            let world = Kept { currency, normal: Side::Credit, floor: None, movements: Vec::new(), posted: 0 };
            pages.accounts.insert("world".to_owned(), world);
        }
        let (debit, credit) = if minor > 0 { (path, "world") } else { ("world", path) };
        let currency = pages.accounts[path].currency;
        let id = TransactionId::from_bits(u128::from(pages.rows) + 1);
        let legs = [(debit.to_owned(), credit.to_owned(), Money::new(minor.abs(), currency))];
        let reference = reference.map(|reference| reference.parse().unwrap());
        pages.book(id, &legs, reference, self.time.now()).unwrap();
    }

    pub(crate) fn last_ledger_event(&self) -> u64 {
        self.pages().ledger_events.last().map_or(0, |event| event.cursor)
    }

    pub(crate) fn bank_rows(&self) -> u64 {
        self.pages().bank_events.len() as u64
    }

    pub(crate) fn bank(&self, id: &str, currency: &str, entity: Option<&str>) {
        let (currency, entity) = (Currency::iso(currency).unwrap(), entity.map(str::to_owned));
        let bank = Bank { currency, balances: Vec::new(), transactions: Vec::new(), entity };
        self.pages().banks.insert(id.to_owned(), bank);
    }

    /// The bank tells balances and what counts of a day.
    pub(crate) fn tell(&self, id: &str, day: &str, booked: i64, available: i64, totals: &[(&str, i64)]) {
        let mut pages = self.pages();
        let now = self.time.now();
        let bank = pages.banks.get_mut(id).unwrap();
        let as_of: Day = day.parse().unwrap();
        let balance = |kind, minor| Balance { kind, as_of, at: None, amount: Money::new(minor, bank.currency) };
        let news = [balance(BalanceKind::ClosingBooked, booked), balance(BalanceKind::ClosingAvailable, available)];
        for one in &news {
            bank.balances.retain(|known| (known.kind, known.as_of) != (one.kind, one.as_of));
        }
        bank.balances.extend(news.clone());
        let totals: Vec<Value> = totals
            .iter()
            .map(|(category, minor)| json!({ "category": category, "count": 1, "amount": Money::new(*minor, bank.currency) }))
            .collect();
        let data = json!({ "currency": bank.currency, "days": [{ "day": as_of, "totals": totals }], "balances": news });
        let number = (pages.bank_events.len() + 1).to_string();
        let event = CloudEvent::new("/banking", number, "banking.account.changed", id.to_owned(), now, data);
        pages.bank_events.push(event);
    }

    /// The last event is told again, under a number of its own.
    pub(crate) fn tell_again(&self, place: usize) {
        let mut pages = self.pages();
        let event = pages.bank_events[place % pages.bank_events.len()].clone();
        pages.bank_events.push(event);
    }

    pub(crate) fn transaction(&self, id: &str, day: &str, minor: i64, end_to_end: Option<&str>) {
        let mut pages = self.pages();
        let number = u128::from(pages.rows) + 1;
        pages.rows += 1;
        let bank = pages.banks.get_mut(id).unwrap();
        let transaction = json!({
            "id": banking_api::TransactionId::from_bits(number), "account": id, "status": "booked",
            "amount": Money::new(minor, bank.currency), "booked_on": day, "code": "customer_receipt", "category": "sales",
            "category_chosen": false, "reversal": false, "references": { "end_to_end": end_to_end },
            "counterparty": {}, "text": [], "details": [], "charges": []
        });
        bank.transactions.push(serde_json::from_value(transaction).unwrap());
    }

    /// What banking and the ledger answer, added up slowly: booked balances by account.
    pub(crate) fn slow_sum(&self, ids: &[&str]) -> i64 {
        let pages = self.pages();
        let one = |id: &str| match pages.banks.get(id) {
            Some(bank) => {
                let booked = bank.balances.iter().filter(|one| one.kind == BalanceKind::ClosingBooked);
                booked.max_by_key(|one| one.as_of).map_or(0, |one| one.amount.minor())
            }
            None => pages.accounts[id].posted,
        };
        ids.iter().map(|id| one(id)).sum()
    }

    pub(crate) fn books(&self, clock: &Arc<dyn Clock>) -> Arc<dyn Books> {
        let [account, statement, batch, events, status] = [(); 5].map(|()| self.clone());
        let methods = Methods::new("ledger")
            .on("account", move |_: Ctx, asked: InBook| {
                let shelf = account.clone();
                async move { shelf.account(asked.command.as_str().unwrap()) }
            })
            .on("statement", move |_: Ctx, asked: InBook| {
                let shelf = statement.clone();
                async move { shelf.statement(serde_json::from_value(asked.command).unwrap()) }
            })
            .on("submit_batch", move |_: Ctx, asked: InBook| {
                let shelf = batch.clone();
                async move { shelf.submit(serde_json::from_value(asked.command).unwrap()) }
            })
            .on("events_after", move |_: Ctx, asked: InBook| {
                let shelf = events.clone();
                async move {
                    let pull: Pull = serde_json::from_value(asked.command).unwrap();
                    let all = shelf.pages().ledger_events.clone();
                    let after = all.into_iter().filter(|event| event.cursor > pull.after);
                    Ok::<_, LedgerError>(after.take(pull.max).collect::<Vec<Event>>())
                }
            })
            .on("status", move |_: Ctx, _: InBook| {
                let rows = status.pages().rows;
                async move {
                    let (book, head) = ("main".to_owned(), String::new());
                    Ok::<_, LedgerError>(LedgerStatus { book, head, groups: rows, rows, accepting: true, waiting: 0 })
                }
            });
        (ledger_api::FACE.remote)(remote("ledger", methods, clock))
    }

    fn statement(&self, query: StatementQuery) -> Result<Statement, LedgerError> {
        let pages = self.pages();
        let found = pages.accounts.get(query.path.as_str()).ok_or(LedgerError::Failed(Failure::NotFound))?;
        let balance = |minor| StatementBalance {
            posted: Money::new(minor, found.currency),
            pending_in: Money::new(0, found.currency),
            pending_out: Money::new(0, found.currency),
        };
        let is_in = |one: &&Movement| query.from.is_none_or(|from| one.recorded_at >= from);
        Ok(Statement {
            path: query.path,
            currency: found.currency,
            normal: found.normal,
            from: query.from,
            to: None,
            by: query.by,
            order: query.order,
            as_of_seq: pages.rows,
            opening: balance(0),
            closing: balance(found.posted),
            movements: found.movements.iter().filter(is_in).cloned().collect(),
            next: None,
            previous: None,
        })
    }

    fn submit(&self, batch: Batch) -> Result<BatchReply, LedgerError> {
        assert!(batch.atomic && !batch.dry_run);
        let mut pages = self.pages();
        let now = self.time.now();
        let mut lines = Vec::new();
        for line in &batch.lines {
            let Operation::Create(create) = line else { panic!("only transactions are made") };
            let id = create.id.unwrap();
            let known = pages.done.get(&id).cloned();
            let outcome = known.unwrap_or_else(|| {
                let legs: Vec<_> = create.postings.iter().map(leg).collect();
                pages.book(id, &legs, None, now)
            });
            lines.push(match outcome {
                Ok(transaction) => LineOutcome::Done(Box::new(transaction)),
                Err(refusal) => LineOutcome::Failed(LedgerError::Refused { refusal, replayed: false }),
            });
        }
        if std::mem::take(&mut pages.lose_next) {
            return Err(LedgerError::Failed(Failure::OutcomeUnknown));
        }
        Ok(BatchReply { lines })
    }

    pub(crate) fn banking(&self, clock: &Arc<dyn Clock>) -> Arc<dyn banking_api::Banking> {
        let [one, balances, transactions] = [(); 3].map(|()| self.clone());
        let methods = Methods::new("banking")
            .on("account", move |_: Ctx, id: banking_api::AccountId| {
                let shelf = one.clone();
                async move { shelf.bank_account(id) }
            })
            .on("balances", move |_: Ctx, query: banking_api::BalanceQuery| {
                let shelf = balances.clone();
                async move {
                    let pages = shelf.pages();
                    let bank = pages.banks.get(&query.account.to_string());
                    let bank = bank.ok_or(BankingError::Failed(Failure::NotFound))?;
                    let latest = [BalanceKind::ClosingBooked, BalanceKind::ClosingAvailable].map(|kind| {
                        bank.balances.iter().filter(|one| one.kind == kind).max_by_key(|one| one.as_of).cloned()
                    });
                    Ok::<_, BankingError>(BalancePage { items: latest.into_iter().flatten().collect() })
                }
            })
            .on("transactions", move |_: Ctx, query: TransactionQuery| {
                let shelf = transactions.clone();
                async move {
                    let pages = shelf.pages();
                    let bank = pages.banks.get(&query.account.to_string());
                    let bank = bank.ok_or(BankingError::Failed(Failure::NotFound))?;
                    let is_in = |one: &&banking_api::Transaction| query.from.is_none_or(|from| one.booked_on >= from);
                    let items = bank.transactions.iter().filter(is_in).cloned().collect();
                    Ok::<_, BankingError>(TransactionPage { items, more: false })
                }
            });
        (banking_api::FACE.remote)(remote("banking", methods, clock))
    }

    fn bank_account(&self, id: banking_api::AccountId) -> Result<BankAccount, BankingError> {
        let pages = self.pages();
        let bank = pages.banks.get(&id.to_string()).ok_or(BankingError::Failed(Failure::NotFound))?;
        Ok(BankAccount {
            id,
            kind: banking_api::AccountKind::Current,
            currency: bank.currency,
            owner: None,
            entity: bank.entity.clone(),
            last_four: "1001".to_owned(),
            interim_reports: Default::default(),
            leading: None,
            balances: bank.balances.clone(),
            created_at: Timestamp::EPOCH,
        })
    }
}

fn leg(posting: &Posting) -> (String, String, Money) {
    let path = |path: &Option<AccountPath>| path.as_ref().unwrap().to_string();
    (path(&posting.debit), path(&posting.credit), posting.amount)
}

/// Banking's events.
pub(crate) struct BankFeed(pub(crate) Shelf);

#[async_trait]
impl Feed for BankFeed {
    async fn events_after(&self, pull: Pull) -> Result<Vec<Event>, FeedError> {
        let events = self.0.pages().bank_events.clone();
        let all = (1..).zip(events).map(|(cursor, event)| Event { cursor, event });
        Ok(all.filter(|event| event.cursor > pull.after).take(pull.max).collect())
    }
}

/// A day so many days after the first of January.
pub(crate) fn day(after: i64) -> Date {
    jiff::civil::date(2026, 1, 1).saturating_add(jiff::Span::new().days(after))
}
