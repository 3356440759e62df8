//! What must be true of every world at its end, read from the stores alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kernel::Clock;
use ledger_api::{Ledger, PostedLeg, Side};
use platform::db::{Db, DbError};
use platform::feed::{Event, Feed, Pull};
use serde::Deserialize;
use testkit::FakeClock;

use crate::simulation::ledger_host::{ctx, open, service};
use crate::simulation::reader::{FEED, cannot_take, store};
use crate::simulation::stage::{ACCOUNTS, READERS, Stage};

const EFFECTS: &str = "select cursor from effect order by cursor";
const COPY: &str = "select account, minor from copy";
const CURSOR: &str = "select seq from feed_cursor";
const PARKED: &str = "select seq from feed_parked order by seq";

/// The books at the end.
struct Books {
    events: Vec<Event>,
    /// Each transfer in the books: its cursor, its id and its one leg.
    transfers: Vec<(u64, String, PostedLeg)>,
}

pub(crate) async fn judge(stage: Arc<Stage>) {
    let db = open(stage.dir.join("ledger.db")).await;
    if let Err(error) = ledger::verify(&db, &ledger_api::BookName::main(), None, |_| ()).await {
        stage.found(format!("the books are not whole: {error}"));
        return;
    }
    let clock = FakeClock::default();
    clock.advance_millis(3_600_000);
    let clock: Arc<dyn Clock> = Arc::new(clock);
    let ledger = match service(db, Arc::clone(&clock), 0).await {
        Ok(ledger) => ledger,
        Err(error) => return stage.found(format!("the ledger does not start again: {error}")),
    };
    let books = Books::read(&ledger).await;
    books.hold_what_was_acknowledged(&stage);
    let accounts = ledger.accounts(&ctx(&*clock, 10_000), Default::default()).await.expect("read the accounts").items;
    let balance = |side, minor: i64| if side == Side::Credit { minor } else { -minor };
    let balances: BTreeMap<String, i64> = accounts
        .iter()
        .map(|account| (account.path.to_string(), balance(account.normal, account.balances.posted.minor())))
        .collect();
    if balances != books.balances(|_| true) || balances.values().sum::<i64>() != 0 {
        stage.found(format!("the balances {balances:?} are not the sums of the transfers"));
    }
    if balances.iter().any(|(account, minor)| account != "bank" && *minor < 0) {
        stage.found(format!("somebody stands below the floor: {balances:?}"));
    }
    stage.told("rows at the end", books.last());
    for number in 0..READERS {
        if let Err(error) = books.are_copied(&stage, number).await {
            stage.found(format!("the store of reader {number}: {error}"));
        }
    }
    ledger.close().await.expect("close the ledger");
}

#[derive(Deserialize)]
struct Posted {
    postings: Vec<PostedLeg>,
}

impl Books {
    async fn read(ledger: &ledger::LedgerService) -> Books {
        let mut events: Vec<Event> = Vec::new();
        loop {
            let after = events.last().map_or(0, |event| event.cursor);
            let pull = Pull { after, max: Pull::EVENTS_MAX, wait_ms: 0, consumer: None };
            let more = Feed::events_after(ledger, pull).await.expect("read the events");
            if more.is_empty() {
                break;
            }
            events.extend(more);
        }
        let posted = events.iter().filter(|event| event.event.kind == "ledger.transaction.posted");
        let transfer = |event: &Event| {
            let Posted { postings } = Posted::deserialize(&event.event.data).expect("an event of a transfer");
            (event.cursor, event.event.subject.clone(), postings[0].clone())
        };
        let transfers = posted.map(transfer).collect();
        Books { events, transfers }
    }

    fn last(&self) -> u64 {
        self.events.last().map_or(0, |event| event.cursor)
    }

    /// Exactly once, as requested, and nothing else.
    fn hold_what_was_acknowledged(&self, stage: &Stage) {
        let intents = stage.intents.lock().unwrap();
        for intent in intents.iter() {
            let same = |(_, _, leg): &&(u64, String, PostedLeg)| leg.amount.minor() == intent.minor;
            let found: Vec<_> = self.transfers.iter().filter(same).collect();
            let expected = usize::from(intent.posted);
            if found.len() != expected {
                stage.found(format!("{intent:?} is in the books {} times", found.len()));
            }
            let as_asked = |(_, id, leg): &&(u64, String, PostedLeg)| {
                *id == intent.id.to_string()
                    && leg.debit.as_str() == intent.debit
                    && leg.credit.as_str() == intent.credit
            };
            if !found.iter().all(as_asked) {
                stage.found(format!("{intent:?} is in the books as {found:?}"));
            }
        }
        let settled = intents.iter().filter(|intent| intent.posted).count();
        let complete = stage.findings.lock().unwrap().is_empty();
        if complete && self.transfers.len() != settled {
            stage.found(format!("{} transfers are in the books, {settled} were acknowledged", self.transfers.len()));
        }
    }

    fn balances(&self, counts: impl Fn(i64) -> bool) -> BTreeMap<String, i64> {
        let mut balances: BTreeMap<String, i64> = ACCOUNTS.iter().map(|name| ((*name).to_owned(), 0)).collect();
        for (_, _, leg) in self.transfers.iter().filter(|(_, _, leg)| counts(leg.amount.minor())) {
            *balances.get_mut(leg.debit.as_str()).unwrap() -= leg.amount.minor();
            *balances.get_mut(leg.credit.as_str()).unwrap() += leg.amount.minor();
        }
        balances
    }

    /// Every event had its effect once or is parked, and the copy equals the books.
    async fn are_copied(&self, stage: &Stage, number: usize) -> Result<(), DbError> {
        let db = store(stage, number).await;
        let (effects, parked) = (numbers(&db, EFFECTS).await?, numbers(&db, PARKED).await?);
        let poison = |(_, _, leg): &&(u64, String, PostedLeg)| cannot_take(number, leg.amount.minor());
        let expected: Vec<u64> = self.transfers.iter().filter(poison).map(|(cursor, _, _)| *cursor).collect();
        stage.meet(|met| met.parked += parked.len() as u64);
        if parked != expected {
            stage.found(format!("reader {number} has parked {parked:?} and not {expected:?}"));
        }
        let aside: BTreeSet<u64> = expected.into_iter().collect();
        let told = self.events.iter().map(|event| event.cursor).filter(|cursor| !aside.contains(cursor));
        let told: Vec<u64> = told.collect();
        if effects != told {
            let (missing, twice) = (missing(&told, &effects), twice(&effects));
            stage.found(format!("reader {number} lacks the effects of {missing:?} and has {twice:?} twice"));
        }
        if numbers(&db, CURSOR).await? != [self.last()] {
            stage.found(format!("reader {number} of {FEED} stands elsewhere than at {}", self.last()));
        }
        let copy = copy(&db).await?;
        if copy != self.balances(|minor| !cannot_take(number, minor)) {
            stage.found(format!("reader {number} has another copy: {copy:?}"));
        }
        Ok(())
    }
}

async fn numbers(db: &Db, sql: &'static str) -> Result<Vec<u64>, DbError> {
    let rows = db.read().await?.query(sql, &[]).await?;
    rows.iter().map(|row| row.int(0).map(i64::unsigned_abs)).collect()
}

async fn copy(db: &Db) -> Result<BTreeMap<String, i64>, DbError> {
    let mut copy: BTreeMap<String, i64> = ACCOUNTS.iter().map(|name| ((*name).to_owned(), 0)).collect();
    for row in db.read().await?.query(COPY, &[]).await? {
        copy.insert(row.text(0)?.to_owned(), row.int(1)?);
    }
    Ok(copy)
}

fn missing(told: &[u64], effects: &[u64]) -> Vec<u64> {
    told.iter().filter(|cursor| !effects.contains(cursor)).copied().collect()
}

fn twice(effects: &[u64]) -> Vec<u64> {
    effects.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect()
}
