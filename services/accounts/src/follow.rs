//! The index follows the ledger: every posting of an account of this room is a movement, once.
//!
//! Events of one pull are folded into one, so that their rows are written together in the transaction of the cursor.
//! They carry ids and amounts alone; texts are asked for by the ids, and sealed. Start reading at `Index::happen`, then
//! `told`.

mod told;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use accounts_api::{AccountId, MovementStatus};
use async_trait::async_trait;
use kernel::Timestamp;
use ledger_api::{LedgerError, Metadata, TransactionId};
use platform::db::{DbError, Fault, Tx};
use platform::feed::{CloudEvent, Effect, EffectError, Event, Feed, FeedError, Pull};
use serde_json::Value as Json;

use crate::books::TheBooks;
use crate::calendar;
use crate::classify;
use crate::keys::Sealer;
use crate::rules::Sealed;
use crate::service::Inner;
use crate::store::movement::{self, Key, MovementRow};
use crate::store::{account, interest};
use told::{Leg, Told};

/// The feed's name, and the ledger's.
pub(crate) const FEED: &str = "ledger";
/// Events of one pull.
const EVENTS_MAX: usize = Pull::EVENTS_MAX;
/// For the reply, in addition to the time that a pull waits for new events.
const ANSWER_MS: u64 = 5_000;

/// The events of the ledger's book `main`, those of one pull as one.
pub(crate) struct Folded(pub(crate) TheBooks);

#[async_trait]
impl Feed for Folded {
    async fn events_after(&self, pull: Pull) -> Result<Vec<Event>, FeedError> {
        let pull = Pull { max: EVENTS_MAX, consumer: None, ..pull }.bounded();
        let ctx = self.0.ctx_for(2 * pull.wait_ms + ANSWER_MS).await.map_err(unavailable)?;
        let ledger = self.0.ledger().await.map_err(unavailable)?;
        let events = ledger.events_after(&ctx, pull).await.map_err(unavailable)?;
        Ok(folded(events).into_iter().collect())
    }

    async fn end(&self) -> Result<Option<u64>, FeedError> {
        let ledger = self.0.ledger().await.map_err(unavailable)?;
        let status = ledger.status(&self.0.ctx_for(ANSWER_MS).await.map_err(unavailable)?).await;
        Ok(Some(status.map_err(unavailable)?.rows))
    }
}

fn unavailable(error: LedgerError) -> FeedError {
    match error.failure() {
        Some(failure) => failure.into(),
        None => FeedError::Unavailable(format!("{}: {error}", error.code())),
    }
}

fn folded(events: Vec<Event>) -> Option<Event> {
    let Event { cursor, event } = events.last()?.clone();
    let each = |Event { cursor, event }: Event| Json::Array(vec![cursor.into(), event.kind.into(), event.data]);
    let data = Json::Array(events.into_iter().map(each).collect());
    Some(Event { cursor, event: CloudEvent { kind: "ledger.events".to_owned(), data, ..event } })
}

/// What the index does with folded events.
pub(crate) struct Index(pub(crate) Arc<Inner>);

#[async_trait]
impl Effect for Index {
    async fn happen(&self, tx: &Tx, event: &Event) -> Result<(), EffectError> {
        let all: Vec<Told> = event.event.data.as_array().into_iter().flatten().filter_map(Told::of).collect();
        let rows = self.rows(tx, &all).await?;
        let held = rows.iter().any(|row| row.status == MovementStatus::Pending);
        movement::add(tx, &rows).await?;
        metrics::counter!("transactions_indexed_total").increment(rows.len() as u64);
        for told in all.iter().filter(|told| told.ends_hold() || (held && told.target.is_some())) {
            self.hold_moved(tx, told).await?;
        }
        Ok(self.note_late(tx, &rows).await?)
    }
}

/// An account's place, the customer who owns it, and its product.
type Places = HashMap<AccountId, (i64, i64, i64)>;

/// What movements of some accounts are made with.
struct Own {
    places: Places,
    /// By customer.
    rules: HashMap<i64, Vec<Sealed>>,
    sealers: HashMap<i64, Sealer>,
}

impl Index {
    async fn rows(&self, tx: &Tx, all: &[Told]) -> Result<Vec<MovementRow>, DbError> {
        let sides = all.iter().flat_map(|told| &told.legs).flat_map(Leg::accounts);
        let ids: HashSet<AccountId> = sides.collect();
        let ids: Vec<AccountId> = ids.into_iter().collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let places = account::places(tx, &ids).await?;
        let is_ours = |told: &&Told| told.legs.iter().flat_map(Leg::accounts).any(|id| places.contains_key(&id));
        let of: Vec<TransactionId> =
            all.iter().filter(|told| told.shows()).filter(is_ours).map(|told| told.id).collect();
        let texts = self.texts(&of).await?;
        let owners: HashSet<i64> = places.values().map(|(_, owner, _)| *owner).collect();
        let owners: Vec<i64> = owners.into_iter().collect();
        let sealers = self.0.keys.of(tx, &owners).await?;
        let own = Own { places, rules: self.0.rules_of(tx, &sealers).await?, sealers };
        let mut rows = Vec::new();
        for told in all.iter().filter(|told| told.shows()) {
            let nothing = Metadata::new();
            let metadata = texts.get(&told.id).unwrap_or(&nothing);
            for leg in &told.legs {
                rows.extend(self.of_leg((told, leg), metadata, &own)?);
            }
        }
        Ok(rows)
    }

    /// Up to two movements: one for each side that is an account of this room.
    fn of_leg(&self, (told, leg): (&Told, &Leg), metadata: &Metadata, own: &Own) -> Result<Vec<MovementRow>, DbError> {
        let mut rows = Vec::new();
        let month = self.0.calendar.month_of(told.recorded_at);
        for (path, counterpart, minor) in
            [(&leg.debit, &leg.credit, -leg.amount.minor()), (&leg.credit, &leg.debit, leg.amount.minor())]
        {
            let Some((account, owner, _)) = movement::account_of(path).and_then(|id| own.places.get(&id)) else {
                continue;
            };
            if minor == 0 {
                continue;
            }
            let text = |key: &str| metadata.get(key).cloned();
            let kind = classify::kind(metadata.get("kind").map(String::as_str), counterpart);
            let mcc = text("mcc");
            let key = Key { month, account: *account, seq: leg.seq };
            let texts = Texts::of(metadata);
            let ruled = texts.as_ref().zip(own.rules.get(owner));
            let ruled = ruled.and_then(|(texts, rules)| rules.iter().find_map(|rule| rule.of(texts)));
            let sealed = match (&texts, own.sealers.get(owner)) {
                (Some(texts), Some(sealer)) => sealer.seal([*account, leg.seq], &texts.bytes()?)?,
                _ => Vec::new(),
            };
            rows.push(MovementRow {
                key,
                at: told.recorded_at.micros(),
                effective_at: told.effective_at.micros(),
                minor,
                kind,
                category: ruled.unwrap_or_else(|| classify::category(kind, mcc.as_deref(), minor)),
                chosen: false,
                status: if told.is_held() { MovementStatus::Pending } else { MovementStatus::Posted },
                txn: told.id,
                counterpart: counterpart.clone(),
                source: text("source"),
                mcc,
                sealed,
            });
        }
        Ok(rows)
    }

    /// Metadata by transaction.
    async fn texts(&self, ids: &[TransactionId]) -> Result<HashMap<TransactionId, Metadata>, DbError> {
        let asked = |error: LedgerError| DbError::caused("ask the ledger for texts", Fault::Unreachable, error);
        let mut texts = HashMap::with_capacity(ids.len());
        for some in ids.chunks(ledger_api::limits::TRANSACTIONS_OF_MAX) {
            let ledger = self.0.books.ledger().await.map_err(asked)?;
            let ctx = self.0.books.ctx().await.map_err(asked)?;
            let found = ledger.transactions_of(&ctx, some.to_vec()).await.map_err(asked)?;
            texts.extend(found.into_iter().map(|transaction| (transaction.id, transaction.metadata)));
        }
        Ok(texts)
    }

    /// What remains of a hold after a step on it.
    async fn hold_moved(&self, tx: &Tx, told: &Told) -> Result<(), DbError> {
        let Some(hold) = told.target else { return Ok(()) };
        for row in movement::held(tx, hold).await? {
            let side = |leg: &&Leg| {
                let other = if row.minor < 0 { &leg.credit } else { &leg.debit };
                *other == row.counterpart
            };
            let Some(remaining) = told.legs.iter().find(side).and_then(|leg| leg.remaining) else { continue };
            let minor = if row.minor < 0 { -remaining.minor() } else { remaining.minor() };
            let status = if minor == 0 { MovementStatus::Released } else { MovementStatus::Pending };
            movement::set_held(tx, row.key, minor, status).await?;
        }
        Ok(())
    }

    /// Interest of the days since is computed again.
    async fn note_late(&self, tx: &Tx, rows: &[MovementRow]) -> Result<(), DbError> {
        for row in rows.iter().filter(|row| row.effective_at < row.at && row.status == MovementStatus::Posted) {
            let day = |micros| calendar::number(self.0.calendar.day_of(Timestamp::from_micros(micros)));
            let (effective, recorded) = (day(row.effective_at), day(row.at));
            if effective < recorded {
                interest::put_late(tx, row.key.account, effective).await?;
            }
        }
        Ok(())
    }
}

/// What is personal about a movement.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Texts {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
}

impl Texts {
    fn of(metadata: &Metadata) -> Option<Texts> {
        let of = |key: &str| metadata.get(key).cloned();
        let texts = Texts { name: of("name"), number: of("number"), text: of("text") };
        (texts != Texts::default()).then_some(texts)
    }

    fn bytes(&self) -> Result<Vec<u8>, DbError> {
        serde_json::to_vec(self).map_err(|error| DbError::shape(error.to_string()))
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Texts, DbError> {
        serde_json::from_slice(bytes).map_err(|error| DbError::shape(error.to_string()))
    }
}
