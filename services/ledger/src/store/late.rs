//! Late rows: postings that take effect before they were recorded. Stored in order of effective time, and summed in
//! buckets of several sizes, so that the balance at an instant needs a few sums and never the rows themselves.
//!
//! A group's late rows are derived from its rows, so nothing has to be undone with a command.

use std::collections::BTreeMap;

use platform::db::{Column, DbError, Tx};

use super::sql;
use crate::format::{LegKind, LegRow, Row};

/// Bucket sizes as powers of two in microseconds: 204 days, 9.5 hours, 67 seconds, 0.13 seconds. Each is 512 of the
/// next, so that a sum up to any instant adds at most 511 rows of each size.
pub(crate) const BUCKET_BITS: [u32; 4] = [44, 35, 26, 17];

/// One side of a late row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Late {
    pub account: u64,
    pub effective_at: i64,
    pub seq: u64,
    /// Which of the four sums it adds to, in their usual order.
    pub place: usize,
    pub amount: i64,
}

/// The late ones among consecutive rows recorded at `at`.
pub(crate) fn late_rows<'a>(rows: impl IntoIterator<Item = (u64, &'a Row)>, at: i64) -> Vec<Late> {
    let mut late = Vec::new();
    let mut effective_at = at;
    for (seq, row) in rows {
        let Row::Leg(leg) = row else { continue };
        if let Some(head) = &leg.head {
            effective_at = head.effective_at.unwrap_or(at);
        }
        if effective_at < at {
            late.extend(sides(leg, seq, effective_at));
        }
    }
    late
}

/// Only new transactions have an effective time.
fn sides(leg: &LegRow, seq: u64, effective_at: i64) -> impl Iterator<Item = Late> {
    let places = match leg.kind {
        LegKind::Posted => Some([0, 1]),
        LegKind::Pending => Some([2, 3]),
        _ => None,
    };
    let (accounts, amount) = ([leg.debit, leg.credit], leg.amount);
    let late = move |(account, place)| Late { account, effective_at, seq, place, amount };
    places.into_iter().flat_map(move |places| accounts.into_iter().zip(places)).map(late)
}

pub(super) async fn store(tx: &Tx, late: &[Late]) -> Result<(), DbError> {
    if late.is_empty() {
        return Ok(());
    }
    let column = |value: fn(&Late) -> i64| -> Vec<i64> { late.iter().map(value).collect() };
    let columns = [
        column(|late| late.account as i64),
        column(|late| late.effective_at),
        column(|late| late.seq as i64),
        column(|late| late.place as i64),
        column(|late| late.amount),
    ];
    let buckets = buckets(late);
    let columns = columns.each_ref().map(|column| Column::Int(column));
    let buckets = buckets.each_ref().map(|column| Column::Int(column));
    tokio::try_join!(tx.insert_many(&sql::LATE, &columns), tx.add_many(&sql::LATE_BUCKET, &buckets))?;
    Ok(())
}

/// The growth of each bucket; each once, and in table order.
fn buckets(late: &[Late]) -> [Vec<i64>; 7] {
    let mut grown: BTreeMap<(u32, u64, i64), [i64; 4]> = BTreeMap::new();
    for (late, bits) in late.iter().flat_map(|late| BUCKET_BITS.map(|bits| (late, bits))) {
        let sums = grown.entry((bits, late.account, late.effective_at >> bits)).or_default();
        if let Some(sum) = sums.get_mut(late.place) {
            // The account's own late sums were already found to fit.
            *sum = sum.saturating_add(late.amount);
        }
    }
    let mut columns = <[Vec<i64>; 7]>::default();
    for ((bits, account, bucket), [pd, pc, hd, hc]) in grown {
        let row = [i64::from(bits), account as i64, bucket, pd, pc, hd, hc];
        columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
    }
    columns
}
