//! What other tables must have for log rows, checked a page at a time.
//!
//! Whatever is wrong, the first row in the log is reported.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use ledger_api::Metadata;
use platform::db::{Column, DbError, Row as DbRow, RowSet, Tx, Value};

use super::disagreement::{Checked, Disagreement, Place, VerifyError};
use super::ids::Scattered;
use super::openings::{account_columns, check_account, opening_columns};
use super::pending::{Held, Pending};
use super::replay::Counts;
use super::{schedule, sql};
use crate::format::{self, LegKind, LegRow, Opening, Row, hex, metadata_hash};
use crate::ids::{self, Runs};
use crate::store::sql as tables;

#[derive(Default)]
pub(super) struct Lookups {
    /// For unordered ids.
    pub(super) runs: Arc<Runs>,
    pub(super) scattered: Scattered,
    rows: usize,
    ids: Vec<(u64, u128)>,
    references: Vec<(u64, String)>,
    openings: Vec<(u64, i64, u64, Opening)>,
    metadata: Vec<(u64, format::Hash)>,
    holds: Vec<(u64, i64, Held)>,
    scheduled: Vec<(u64, schedule::Columns)>,
    reversals: Vec<Reversal>,
}

/// A transaction that says it reverses an earlier one.
pub(super) struct Reversal {
    pub(super) seq: u64,
    pub(super) id: u128,
    pub(super) target: u128,
    /// Debit, credit and amount of each posting.
    pub(super) legs: Vec<(u64, u64, i64)>,
}

/// The first disagreement in log order.
struct First(Option<Disagreement>);

impl Lookups {
    pub(super) fn new(runs: Arc<Runs>) -> Lookups {
        Lookups { runs, ..Lookups::default() }
    }

    pub(super) fn count_row(&mut self) {
        self.rows += 1;
    }

    /// Rows that were read since the last check.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// An id is looked up where its time says it is.
    pub(super) fn id(&mut self, counts: &mut Counts, seq: u64, at: i64, id: u128) {
        counts.ids += 1;
        match ids::is_in_order(id, at) {
            true => {
                counts.ids_in_order += 1;
                self.ids.push((seq, id));
            }
            false => self.scattered.add(id, seq),
        }
    }

    pub(super) fn reference(&mut self, seq: u64, reference: String) {
        self.references.push((seq, reference));
    }

    pub(super) fn opening(&mut self, seq: u64, at: i64, no: u64, opening: Opening) {
        self.openings.push((seq, at, no, opening));
    }

    pub(super) fn metadata(&mut self, seq: u64, hash: format::Hash) {
        self.metadata.push((seq, hash));
    }

    pub(super) fn holds(&mut self, pending: &Pending) {
        let part = |(seq, part): (u64, &super::pending::Part)| (seq, pending.expires_at, part.held);
        self.holds.extend((pending.first..).zip(&pending.parts).map(part));
    }

    pub(super) fn scheduled(&mut self, seq: u64, columns: schedule::Columns) {
        self.scheduled.push((seq, columns));
    }

    pub(super) fn reversal(&mut self, reversal: Reversal) {
        self.reversals.push(reversal);
    }

    /// Checks everything that was collected, and clears it.
    pub(super) async fn check(&mut self, tx: &Tx, counts: &mut Counts) -> Result<(), VerifyError> {
        let (runs, scattered) = (Arc::clone(&self.runs), std::mem::take(&mut self.scattered));
        let asked = std::mem::replace(self, Lookups { runs, scattered, ..Lookups::default() });
        let mut first = First(None);
        asked.check_ids(tx, &mut first).await?;
        asked.check_references(tx, &mut first).await?;
        asked.check_openings(tx, &mut first).await?;
        asked.check_metadata(tx, &mut first, counts).await?;
        asked.check_holds(tx, &mut first).await?;
        asked.check_scheduled(tx, &mut first).await?;
        // Targets are looked up through the runs, so these come first.
        if let Err(wrong) = self.scattered.check(tx, &self.runs).await {
            return Err(first.0.map_or(wrong, VerifyError::from));
        }
        asked.check_reversals(tx, &mut first).await?;
        first.0.map_or(Ok(()), |disagreement| Err(disagreement.into()))
    }

    async fn check_ids(&self, tx: &Tx, first: &mut First) -> Result<(), DbError> {
        let keys: Vec<[u8; 16]> = self.ids.iter().map(|(_, id)| id.to_be_bytes()).collect();
        let found =
            select(tx, &tables::TRANSACTION_ID, Column::Id(&keys), |row| Ok((row.array::<16>(0)?, row.int(1)?)))
                .await?;
        for ((seq, _), key) in self.ids.iter().zip(&keys) {
            let (expected, found) = (Some(*seq as i64), found.get(key).copied());
            if expected != found {
                let what = format!("row of id {} in table transaction_id", hex(key));
                first.note(Place::Row(*seq).same(&what, expected, found));
            }
        }
        Ok(())
    }

    async fn check_references(&self, tx: &Tx, first: &mut First) -> Result<(), DbError> {
        let keys: Vec<String> = self.references.iter().map(|(_, reference)| reference.clone()).collect();
        let found = select(tx, &tables::TRANSACTION_REFERENCE, Column::Text(&keys), |row| {
            Ok((row.text(0)?.to_owned(), row.int(1)?))
        })
        .await?;
        for (seq, reference) in &self.references {
            let what = format!("row of reference {reference} in table transaction_reference");
            first.note(Place::Row(*seq).same(&what, Some(*seq as i64), found.get(reference).copied()));
        }
        Ok(())
    }

    async fn check_openings(&self, tx: &Tx, first: &mut First) -> Result<(), DbError> {
        let keys: Vec<i64> = self.openings.iter().map(|(_, _, no, _)| *no as i64).collect();
        let accounts = select(tx, &tables::ACCOUNT, Column::Int(&keys), account_columns).await?;
        let with_reference = self.openings.iter().filter_map(|(_, _, _, opening)| opening.reference.clone());
        let keys: Vec<String> = with_reference.collect();
        let references = select(tx, &tables::ACCOUNT_REFERENCE, Column::Text(&keys), |row| {
            Ok((row.text(0)?.to_owned(), row.int(1)?))
        })
        .await?;
        for (seq, at, no, opening) in &self.openings {
            let (place, found) = (Place::Row(*seq), accounts.get(&(*no as i64)));
            first.note(check_account(&place, *no, &opening_columns(*seq, *at, opening), found));
            if let Some(reference) = &opening.reference {
                let what = format!("account of reference {reference} in table account_reference");
                first.note(place.same(&what, Some(*no as i64), references.get(reference).copied()));
            }
        }
        Ok(())
    }

    async fn check_metadata(&self, tx: &Tx, first: &mut First, counts: &mut Counts) -> Result<(), DbError> {
        let keys: Vec<i64> = self.metadata.iter().map(|(seq, _)| *seq as i64).collect();
        let found = select(tx, &tables::METADATA, Column::Int(&keys), |row| {
            Ok((row.int(0)?, (row.bytes(1)?.to_vec(), row.text(2)?.to_owned())))
        })
        .await?;
        for (seq, hash) in &self.metadata {
            let Some((salt, body)) = found.get(&(*seq as i64)) else {
                counts.metadata_erased += 1;
                continue;
            };
            counts.metadata += 1;
            let place = Place::Row(*seq);
            first.note(place.same("hash of the metadata", hex(hash), hex(&metadata_hash(salt, body))));
            let readable = serde_json::from_str::<Metadata>(body).is_ok();
            first.note(place.same("metadata is a JSON object of strings", true, readable));
        }
        Ok(())
    }

    async fn check_holds(&self, tx: &Tx, first: &mut First) -> Result<(), DbError> {
        for (seq, expected, found) in hold_rows(tx, &self.holds).await? {
            first.note(Place::Row(seq).same("hold in table hold", Some(expected), found));
        }
        Ok(())
    }

    async fn check_scheduled(&self, tx: &Tx, first: &mut First) -> Result<(), DbError> {
        for (seq, expected, found) in scheduled_rows(tx, &self.scheduled).await? {
            first.note(Place::Row(seq).same("row in table scheduled", Some(expected), found));
        }
        Ok(())
    }

    async fn check_reversals(&self, tx: &Tx, first: &mut First) -> Result<(), DbError> {
        let keys: Vec<u128> = self.reversals.iter().map(|reversal| reversal.target).collect();
        let targets: HashMap<u128, i64> =
            ids::find(tx, &self.runs, &keys).await?.into_iter().map(|(id, seq)| (id, seq as i64)).collect();
        let targets = carried_out(tx, targets).await?;
        let rows: Vec<i64> = targets.values().copied().collect();
        let by = select(tx, &tables::REVERSAL, Column::Int(&rows), |row| {
            Ok((row.int(0)?, u128::from_be_bytes(row.array(1)?)))
        })
        .await?;
        for reversal in &self.reversals {
            let target = targets.get(&reversal.target).copied().unwrap_or_default();
            let legs = legs_from(tx, target, reversal.target).await?;
            first.note(check_reversal(reversal, target, &legs, by.get(&target).copied()));
        }
        Ok(())
    }
}

impl First {
    fn note(&mut self, checked: Checked) {
        let Err(found) = checked else { return };
        match &self.0 {
            Some(known) if known.place.position() <= found.place.position() => {}
            _ => self.0 = Some(found),
        }
    }
}

/// The columns of table `hold` after its row: posted, released, remaining, expiry, expired.
pub(super) type HoldColumns = [i64; 5];

/// Each hold with the expected and the actual table row.
pub(super) async fn hold_rows(
    tx: &Tx,
    holds: &[(u64, i64, Held)],
) -> Result<Vec<(u64, HoldColumns, Option<HoldColumns>)>, DbError> {
    let keys: Vec<i64> = holds.iter().map(|(seq, _, _)| *seq as i64).collect();
    let found = select(tx, &tables::HOLD, Column::Int(&keys), |row| {
        Ok((row.int(0)?, [row.int(1)?, row.int(2)?, row.int(3)?, row.int(4)?, row.int(5)?]))
    })
    .await?;
    let pair = |(seq, expires_at, held): &(u64, i64, Held)| {
        let expected = [held.posted, held.released, held.remaining, *expires_at, i64::from(held.expired)];
        (*seq, expected, found.get(&(*seq as i64)).copied())
    };
    Ok(holds.iter().map(pair).collect())
}

/// Each scheduled transaction with the expected and the actual table row.
pub(super) async fn scheduled_rows(
    tx: &Tx,
    scheduled: &[(u64, schedule::Columns)],
) -> Result<Vec<(u64, schedule::Columns, Option<schedule::Columns>)>, DbError> {
    let keys: Vec<i64> = scheduled.iter().map(|(seq, _)| *seq as i64).collect();
    let mut found = select(tx, &tables::SCHEDULED, Column::Int(&keys), |row| {
        Ok((row.int(0)?, (row.int(1)?, row.int(2)?, row.int(3)?, row.text_or_null(4)?.map(str::to_owned))))
    })
    .await?;
    let pair = |(seq, expected): &(u64, schedule::Columns)| (*seq, expected.clone(), found.remove(&(*seq as i64)));
    Ok(scheduled.iter().map(pair).collect())
}

/// An id leads to where it was scheduled; the rows that executed it begin elsewhere.
async fn carried_out(tx: &Tx, targets: HashMap<u128, i64>) -> Result<HashMap<u128, i64>, DbError> {
    let rows: Vec<i64> = targets.values().copied().collect();
    let outcomes = select(tx, &tables::SCHEDULED, Column::Int(&rows), |row| Ok((row.int(0)?, row.int(3)?))).await?;
    Ok(targets.into_iter().map(|(id, row)| (id, outcomes.get(&row).copied().unwrap_or(row))).collect())
}

/// The rows of the transaction that begins in row `first`, if it has this id.
async fn legs_from(tx: &Tx, first: i64, id: u128) -> Result<Vec<LegRow>, DbError> {
    let params = [Value::Int(first), Value::Int(ledger_api::limits::POSTINGS_MAX as i64)];
    let mut legs: Vec<LegRow> = Vec::new();
    for row in tx.query(sql::LOG_PAGE, &params).await? {
        let Ok(Row::Leg(leg)) = Row::decode(row.int(0)? as u64, row.bytes(1)?) else { break };
        let begins = leg.head.as_ref().is_some_and(|head| head.id == id);
        if begins != legs.is_empty() || (!begins && leg.head.is_some()) {
            break;
        }
        legs.push(*leg);
    }
    Ok(legs)
}

/// The last posting is reversed first, each in the opposite direction; the first row of the other one is known by now.
pub(super) fn check_reversal(reversal: &Reversal, target: i64, legs: &[LegRow], by: Option<u128>) -> Checked {
    let place = Place::Row(reversal.seq);
    let kind = legs.first().map(|leg| leg.kind);
    if target >= reversal.seq as i64 || !matches!(kind, Some(LegKind::Posted | LegKind::Post)) {
        let found = kind.map_or_else(|| "nothing".to_owned(), |kind| format!("{kind:?} in row {target}"));
        return place.wrong("target", "an earlier transaction that moved money", found);
    }
    let moved = legs.iter().rev().filter(|leg| leg.amount > 0);
    let expected: Vec<(u64, u64, i64)> = moved.map(|leg| (leg.credit, leg.debit, leg.amount)).collect();
    place.same("debit, credit and amount of each posting of a reversal", &expected, &reversal.legs)?;
    let shown = |id: Option<u128>| id.map(|id| format!("{id:032x}"));
    let what = format!("reversal of row {target} in table reversal");
    place.same(&what, shown(Some(reversal.id)), shown(by))
}

/// Rows of a table by their keys.
pub(super) async fn select<K: Eq + Hash + Debug, V>(
    tx: &Tx,
    set: &'static RowSet,
    keys: Column<'_>,
    read: impl Fn(&DbRow) -> Result<(K, V), DbError>,
) -> Result<HashMap<K, V>, DbError> {
    tx.select_many(set, keys).await?.iter().map(read).collect()
}
