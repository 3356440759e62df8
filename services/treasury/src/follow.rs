//! Treasury follows banking and the ledger. An event says that something changed; what is there now is asked for afterwards
//! ([`crate::refresh`]), so that no order and no repetition of events can leave a wrong balance. Only what counts of a day, by
//! category, is taken from banking's event itself, which tells the whole day.

use std::sync::Arc;

use async_trait::async_trait;
use banking_api::Day;
use kernel::{Clock, Money};
use ledger_api::{BookName, Books, LedgerFeed, PostedLeg};
use platform::db::Tx;
use platform::feed::{Effect, EffectError, Event, Feed, FeedError, Pull};
use platform::frame::ActsAs;
use serde::Deserialize;

use crate::face::Source;
use crate::store::cash;

/// The names of the two feeds.
pub(crate) const LEDGER: &str = "ledger";
pub(crate) const BANKING: &str = "banking";

#[derive(Deserialize)]
struct Changed {
    days: Vec<ChangedDay>,
}

#[derive(Deserialize)]
struct ChangedDay {
    day: Day,
    totals: Vec<Total>,
}

#[derive(Deserialize)]
struct Total {
    category: String,
    amount: Money,
}

/// What banking's events do.
pub(crate) struct BankFollower;

#[async_trait]
impl Effect for BankFollower {
    async fn happen(&self, tx: &Tx, event: &Event) -> Result<(), EffectError> {
        if event.event.kind != "banking.account.changed" {
            return Ok(());
        }
        let changed = Changed::deserialize(&event.event.data)
            .map_err(|error| EffectError::Refused(format!("the data of a changed account: {error}")))?;
        let source = Source::Bank(event.event.subject.clone()).key();
        for ChangedDay { day, totals } in &changed.days {
            let day = day.number();
            let totals: Vec<(i64, &str, i64)> =
                totals.iter().map(|total| (day, total.category.as_str(), total.amount.minor())).collect();
            cash::put_days(tx, &source, (day, day), &totals).await?;
        }
        Ok(cash::want(tx, &source).await?)
    }
}

#[derive(Deserialize)]
struct Moved {
    postings: Vec<PostedLeg>,
}

/// What the ledger's events do.
pub(crate) struct LedgerFollower;

#[async_trait]
impl Effect for LedgerFollower {
    async fn happen(&self, tx: &Tx, event: &Event) -> Result<(), EffectError> {
        let kind = event.event.kind.as_str();
        let is_movement = kind.starts_with("ledger.hold.")
            || matches!(kind, "ledger.transaction.posted" | "ledger.transaction.held" | "ledger.transaction.reversed");
        if !is_movement {
            return Ok(());
        }
        let moved = Moved::deserialize(&event.event.data)
            .map_err(|error| EffectError::Refused(format!("the postings of a transaction: {error}")))?;
        let mut paths: Vec<String> =
            moved.postings.iter().flat_map(|leg| [leg.debit.to_string(), leg.credit.to_string()]).collect();
        paths.sort_unstable();
        paths.dedup();
        for path in paths {
            cash::want(tx, &Source::Ledger(path).key()).await?;
        }
        Ok(())
    }
}

/// The events of the ledger's main book, read as treasury itself.
pub(crate) struct MainBook {
    pub(crate) books: Arc<dyn Books>,
    pub(crate) own: Arc<dyn ActsAs>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl MainBook {
    async fn feed(&self) -> Result<LedgerFeed, FeedError> {
        let ledger = self.books.book(&BookName::main()).await;
        let ledger = ledger.map_err(|error| FeedError::Unavailable(error.to_string()))?;
        Ok(LedgerFeed::of(ledger, Arc::clone(&self.own), Arc::clone(&self.clock)))
    }
}

#[async_trait]
impl Feed for MainBook {
    async fn events_after(&self, pull: Pull) -> Result<Vec<Event>, FeedError> {
        self.feed().await?.events_after(pull).await
    }

    async fn end(&self) -> Result<Option<u64>, FeedError> {
        self.feed().await?.end().await
    }
}
