//! The rows of an account between two positions, in either direction, in the order of either clock.
//!
//! By record time they are a range of ranks. By event time two streams are merged: the rows that took effect when they
//! were recorded, already in that order, and the late ones, from their table.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use futures_util::future::try_join_all;
use ledger_api::TimeBasis;
use platform::db::{DbError, Value};

use super::asof::Point;
use super::rows::{Rows, Search, Way};
use super::walk::Range;
use crate::chain::Roots;
use crate::format::{LegRow, Sums};
use crate::snapshot::Snapshot;
use crate::store::sql as tables;

/// Rows read at once; more of them if all of those were late.
const CHUNK: u64 = 64;
const CHUNK_MAX: u64 = 4_096;

/// A row of the account and its effect on the four sums.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// Its position in the order; by record time, the time is zero.
    pub point: Point,
    pub row: Arc<LegRow>,
    pub change: [i64; 4],
    /// If it is already known.
    pub recorded_at: Option<i64>,
}

/// Which rows, and in which direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub account: u64,
    pub by: TimeBasis,
    pub ascending: bool,
    /// Ranks of rows in record order: after `ranks.0`, up to `ranks.1`.
    pub ranks: (u64, u64),
    /// The same as points in the order of event time.
    pub points: (Point, Point),
    /// No row after this one is included.
    pub known: u64,
}

pub(super) struct Stream<'a> {
    snapshot: &'a Snapshot,
    roots: &'a Roots,
    span: Span,
    on_time: VecDeque<Step>,
    late: VecDeque<Step>,
    late_is_over: bool,
    chunk: u64,
}

impl<'a> Stream<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, roots: &'a Roots, span: Span, has_late: bool) -> Stream<'a> {
        let late_is_over = span.by == TimeBasis::Record || !has_late;
        Stream { snapshot, roots, span, on_time: VecDeque::new(), late: VecDeque::new(), late_is_over, chunk: CHUNK }
    }

    /// The next row in order, without consuming it.
    pub(super) async fn peek(&mut self, rows: &mut Rows<'a>) -> Result<Option<&Step>, DbError> {
        self.fill(rows).await?;
        Ok(if self.late_is_next() { self.late.front() } else { self.on_time.front() })
    }

    pub(super) async fn next(&mut self, rows: &mut Rows<'a>) -> Result<Option<Step>, DbError> {
        self.fill(rows).await?;
        Ok(if self.late_is_next() { self.late.pop_front() } else { self.on_time.pop_front() })
    }

    fn late_is_next(&self) -> bool {
        match (self.on_time.front(), self.late.front()) {
            (Some(on_time), Some(late)) => (late.point < on_time.point) == self.span.ascending,
            (None, late) => late.is_some(),
            (Some(_), None) => false,
        }
    }

    async fn fill(&mut self, rows: &mut Rows<'a>) -> Result<(), DbError> {
        while self.on_time.is_empty() && self.span.ranks.0 < self.span.ranks.1 {
            self.read_on_time(rows).await?;
        }
        if self.late.is_empty() && !self.late_is_over {
            self.read_late(rows).await?;
        }
        Ok(())
    }

    async fn read_on_time(&mut self, rows: &mut Rows<'a>) -> Result<(), DbError> {
        let (low, high) = self.span.ranks;
        let (first, last) = match self.span.ascending {
            true => (low + 1, high.min(low + self.chunk)),
            false => (low.max(high.saturating_sub(self.chunk)) + 1, high),
        };
        self.span.ranks = if self.span.ascending { (last, high) } else { (low, first - 1) };
        // A row's effect is the difference to the previous row.
        let range = Range::new(self.roots, (first - 1).max(1), last);
        let mut search = [Search { account: self.span.account, way: Way::Range(range) }];
        rows.run(&mut search).await?;
        let [Search { way: Way::Range(range), .. }] = search else { return Ok(()) };
        let mut steps = self.steps(rows, range.found(), first)?;
        if self.span.by == TimeBasis::Event {
            let times = record_times(self.snapshot, steps.iter().map(|step| step.point.seq)).await?;
            for step in &mut steps {
                step.recorded_at = times.get(&step.point.seq).copied();
                step.point.time = step.recorded_at.unwrap_or_default();
            }
        }
        self.chunk = if steps.is_empty() { CHUNK_MAX.min(self.chunk * 2) } else { CHUNK };
        if !self.span.ascending {
            steps.reverse();
        }
        self.on_time.extend(steps);
        Ok(())
    }

    /// From `first` on; by event time without the late ones, which come from their table.
    fn steps(&self, rows: &Rows<'a>, found: &BTreeMap<u64, u64>, first: u64) -> Result<Vec<Step>, DbError> {
        let (mut sums, mut late) = (Sums::default(), Sums::default());
        let mut steps = Vec::with_capacity(found.len());
        for (rank, seq) in found {
            let row = rows.get(*seq)?;
            let side = row.side(self.span.account);
            let is_late = side.late != late;
            if *rank >= first && !(is_late && self.span.by == TimeBasis::Event) {
                let (point, change) = (Point { time: 0, seq: *seq }, difference(side.sums, sums));
                steps.push(Step { point, row: Arc::clone(row), change, recorded_at: None });
            }
            (sums, late) = (side.sums, side.late);
        }
        Ok(steps)
    }

    async fn read_late(&mut self, rows: &mut Rows<'a>) -> Result<(), DbError> {
        let Span { account, ascending, points: (low, high), known, .. } = self.span;
        let number = |seq: u64| i64::try_from(seq).unwrap_or(i64::MAX);
        let params =
            [account as i64, low.time, number(low.seq), high.time, number(high.seq), number(known), CHUNK as i64];
        let sql = if ascending { super::sql::LATE_PAGE_UP } else { super::sql::LATE_PAGE_DOWN };
        let page = self.snapshot.tx.query(sql, &params.map(Value::Int)).await?;
        self.late_is_over = page.len() < CHUNK as usize;
        let seqs: Vec<u64> = page.iter().map(|row| row.int(1).map(i64::unsigned_abs)).collect::<Result<_, _>>()?;
        rows.read(seqs).await?;
        for found in &page {
            let point = Point { time: found.int(0)?, seq: found.int(1)?.unsigned_abs() };
            let mut change = [0; 4];
            if let Some(sum) = usize::try_from(found.int(2)?).ok().and_then(|place| change.get_mut(place)) {
                *sum = found.int(3)?;
            }
            self.late.push_back(Step { point, row: Arc::clone(rows.get(point.seq)?), change, recorded_at: None });
        }
        if let Some(last) = self.late.back() {
            // Backwards, the next page ends just before the last row of this one.
            let before = Point { time: last.point.time, seq: last.point.seq.saturating_sub(1) };
            self.span.points = if ascending { (last.point, high) } else { (low, before) };
        }
        Ok(())
    }
}

fn difference(after: Sums, before: Sums) -> [i64; 4] {
    let mut change = after.each();
    // Sums are never negative, so their differences fit.
    change.iter_mut().zip(before.each()).for_each(|(sum, before)| *sum = sum.saturating_sub(before));
    change
}

/// The record times of several rows, queried in parallel.
pub(super) async fn record_times(
    snapshot: &Snapshot,
    seqs: impl Iterator<Item = u64>,
) -> Result<HashMap<u64, i64>, DbError> {
    let time = async |seq: u64| {
        let found = snapshot.tx.query(tables::GROUP_OF_ROW, &[Value::Int(seq as i64)]).await?;
        let at = found.first().ok_or_else(|| DbError::shape(format!("row {seq} of the log belongs to no group")))?;
        Ok::<_, DbError>((seq, at.int(0)?))
    };
    Ok(try_join_all(seqs.map(time)).await?.into_iter().collect())
}
