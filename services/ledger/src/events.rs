//! The log as a feed: each transaction, change of an account, asset and refusal is one event. The log is its own
//! outbox, so nothing is written twice. Events carry ids and amounts, and no metadata.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kernel::Timestamp;
use ledger_api::{BookName, Metadata, TransactionId};
use platform::db::{DbError, Tx, Value};
use platform::feed::{CloudEvent, Event, Pull};
use serde_json::{Value as Json, json};

use crate::account::AccountFacts;
use crate::command::{AccountAnswer, Recorded, RecordedLeg};
use crate::format::{AccountEvent, AccountRow, AssetRow, FailedRow, LegKind, RefusalRow, Row};
use crate::schedule::{Plan, Stage};
use crate::snapshot::{Books, FactsByNo};
use crate::store::{log_row, sql};
use crate::view;

/// Rows of the largest transaction, so that one always fits into what is read.
const ROWS_OF_ONE: usize = ledger_api::limits::POSTINGS_MAX;

/// With the last row that there is.
pub(crate) async fn events_after(books: &Books, pull: &Pull) -> Result<(Vec<Event>, u64), DbError> {
    let snapshot = books.snapshot().await?;
    let tx = &snapshot.tx;
    let from = i64::try_from(pull.after.saturating_add(1)).unwrap_or(i64::MAX);
    let to = from.saturating_add((pull.max + ROWS_OF_ONE) as i64);
    let rows = tx.query(sql::LOG_RANGE, &[Value::Int(from), Value::Int(to)]).await?;
    let rows: BTreeMap<u64, Row> = rows.iter().map(log_row).collect::<Result<_, _>>()?;
    let facts = books.facts(tx, &accounts_of(&rows)).await?;
    let times = times(tx, from, to).await?;
    let mut events = Vec::new();
    for (seq, row) in &rows {
        if events.len() == pull.max {
            break;
        }
        let at = times.range(..=*seq).next_back().map_or(0, |(_, at)| *at);
        let place = Place { book: &books.name, seq: *seq, at };
        match row {
            Row::Leg(leg) => {
                let Some(head) = &leg.head else { continue };
                let legs: Vec<_> = rows.range(seq..&(seq + u64::from(head.legs))).collect();
                // The rest of the transaction is after what was read; the next request returns it.
                if legs.len() < usize::from(head.legs) {
                    break;
                }
                events.push(transaction_event(&facts, place, &legs));
            }
            Row::Account(account) => events.extend(account_event(&facts, place, account)),
            Row::Asset(asset) => events.push(asset_event(place, asset)),
            Row::Refusal(refusal) => events.push(refusal_event(place, refusal)),
            Row::Scheduled(row) => {
                let plan = Plan::Scheduled { row: row.clone(), stage: Stage::Waits, refusal: None };
                events.push(planned_event(place, "ledger.transaction.scheduled", plan));
            }
            Row::Cancelled(row) => {
                let plan = Plan::Cancellation(row.clone());
                events.push(planned_event(place, "ledger.transaction.cancelled", plan));
            }
            Row::Failed(failed) => events.push(failure_event(place, failed)),
        }
    }
    Ok((Pull::fitting(events), snapshot.last_seq))
}

fn accounts_of(rows: &BTreeMap<u64, Row>) -> BTreeSet<u64> {
    let numbers = rows.values().flat_map(|row| match row {
        Row::Leg(leg) => vec![leg.debit, leg.credit],
        Row::Account(account) => vec![account.account],
        _ => Vec::new(),
    });
    numbers.collect()
}

/// Record times by the first row of their group.
async fn times(tx: &Tx, from: i64, to: i64) -> Result<BTreeMap<u64, i64>, DbError> {
    let groups = tx.query(sql::GROUPS_OF_ROWS, &[Value::Int(from), Value::Int(to)]).await?;
    groups.iter().map(|row| Ok((row.int(0)?.unsigned_abs(), row.int(1)?))).collect()
}

/// The book, the row, and its record time.
#[derive(Clone, Copy)]
struct Place<'a> {
    book: &'a BookName,
    seq: u64,
    at: i64,
}

fn event(Place { book, seq, at }: Place<'_>, kind: &str, subject: String, data: Json) -> Event {
    let source = format!("/ledger/{book}");
    let time = Timestamp::from_micros(at);
    Event { cursor: seq, event: CloudEvent::new(&source, seq.to_string(), kind, subject, time, data) }
}

fn transaction_event(facts: &FactsByNo, place: Place<'_>, rows: &[(&u64, &Row)]) -> Event {
    let leg = |(_, row): &(&u64, &Row)| match row {
        Row::Leg(row) => {
            let (debit, credit) = (facts.get(&row.debit)?, facts.get(&row.credit)?);
            Some(RecordedLeg { row: (**row).clone(), debit: Arc::clone(debit), credit: Arc::clone(credit) })
        }
        _ => None,
    };
    let legs: Vec<RecordedLeg> = rows.iter().filter_map(leg).collect();
    let kind = legs.first().map_or("", |leg| kind(leg.row.kind));
    let last = rows.last().map_or(0, |(seq, _)| **seq);
    let at = place.at;
    let recorded = Recorded { at, legs, plan: None, metadata: Metadata::new(), replayed: false, dry_run: false };
    let transaction = view::transaction(recorded);
    let subject = transaction.id.to_string();
    event(Place { seq: last, ..place }, kind, subject, without_metadata(json!(transaction)))
}

fn planned_event(place: Place<'_>, kind: &str, plan: Plan) -> Event {
    let (at, legs, metadata) = (place.at, Vec::new(), Metadata::new());
    let recorded = Recorded { at, legs, plan: Some(plan), metadata, replayed: false, dry_run: false };
    let transaction = view::transaction(recorded);
    let subject = transaction.id.to_string();
    event(place, kind, subject, without_metadata(json!(transaction)))
}

/// Metadata may contain personal data, which does not belong in events.
fn without_metadata(mut data: Json) -> Json {
    if let Some(members) = data.as_object_mut() {
        members.remove("metadata");
    }
    data
}

fn kind(kind: LegKind) -> &'static str {
    match kind {
        LegKind::Posted => "ledger.transaction.posted",
        LegKind::Pending => "ledger.transaction.held",
        LegKind::Reversal => "ledger.transaction.reversed",
        LegKind::Post => "ledger.hold.posted",
        LegKind::Void => "ledger.hold.voided",
        LegKind::Increase => "ledger.hold.increased",
        LegKind::Expiry => "ledger.hold.expired",
    }
}

fn account_event(facts: &FactsByNo, place: Place<'_>, row: &AccountRow) -> Option<Event> {
    let kind = match row.event {
        AccountEvent::Opened(_) => "ledger.account.opened",
        AccountEvent::Frozen => "ledger.account.frozen",
        AccountEvent::Unfrozen => "ledger.account.unfrozen",
        AccountEvent::Closed => "ledger.account.closed",
        AccountEvent::LimitsSet => "ledger.account.limits_set",
        AccountEvent::MetadataSet => "ledger.account.metadata_set",
    };
    let facts: &Arc<AccountFacts> = facts.get(&row.account)?;
    let subject = facts.path.to_string();
    let answer = AccountAnswer { replayed: false, ..AccountAnswer::of_row(Arc::clone(facts), row, Metadata::new()) };
    Some(event(place, kind, subject, without_metadata(json!(view::account(answer)))))
}

fn asset_event(place: Place<'_>, asset: &AssetRow) -> Event {
    let data = json!({ "code": asset.code, "scale": asset.scale });
    event(place, "ledger.asset.declared", asset.code.clone(), data)
}

fn refusal_event(place: Place<'_>, row: &RefusalRow) -> Event {
    let id = TransactionId::from_bits(row.id);
    let refusal: Json = serde_json::from_str(&row.refusal).unwrap_or_default();
    event(place, "ledger.transaction.refused", id.to_string(), json!({ "id": id, "refusal": refusal }))
}

/// A scheduled transaction that was refused when it was due.
fn failure_event(place: Place<'_>, row: &FailedRow) -> Event {
    let id = TransactionId::from_bits(row.id);
    let refusal: Json = serde_json::from_str(&row.refusal).unwrap_or_default();
    let data = json!({ "id": id, "failure": view::failure(&row.refusal), "refusal": refusal });
    event(place, "ledger.transaction.failed", id.to_string(), data)
}
