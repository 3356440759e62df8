//! A page of an account's statement.
//!
//! Invariant: opening plus all movements equals closing, however a range is divided into ranges and pages. The basis of
//! a page does not change while it is read: a cursor has the last row that its statement includes.

use std::collections::{BTreeSet, HashMap};

use kernel::Timestamp;
use ledger_api::{
    AccountPath, Movement, Side, Statement, StatementBalance, StatementCursor, StatementOrder, StatementQuery,
    TimeBasis, TransactionId,
};
use platform::db::{Column, DbError};
use platform::error::Failure;

use super::asof::{Point, corrected_by, late_behind, late_up_to, row_at};
use super::rows::{Cost, Rows, Search, Way};
use super::stream::{Span, Step, Stream, record_times};
use super::walk::{Find, Spot};
use crate::account::{AccountFacts, Head};
use crate::format::{LegRow, Sums, TransactionHead};
use crate::query::QueryError;
use crate::snapshot::Snapshot;
use crate::store::{facts as facts_of_row, sql as tables};
use crate::view::kind;

/// Maximum rows that one page reads: a page that finds too few is short and still has its cursors.
const SCANNED_MAX: usize = 2_000;

/// A position in the statement's order: rows up to it in record order, and in the order of event time.
#[derive(Debug, Clone, Copy)]
struct Edge {
    point: Point,
    /// The last row at or before it that took effect when it was recorded; by record time, the last row.
    row: u64,
}

struct Desk<'a> {
    snapshot: &'a Snapshot,
    account: &'a AccountFacts,
    head: &'a Head,
    by: TimeBasis,
    /// The last row that the statement includes.
    known: u64,
}

/// What was collected for one page.
struct Collected {
    steps: Vec<(Step, Sums)>,
    first: Option<Point>,
    last: Option<Point>,
    more: bool,
}

pub(super) async fn statement(
    snapshot: &Snapshot,
    account: &AccountFacts,
    query: &StatementQuery,
    limit: usize,
) -> Result<(Statement, Cost), QueryError> {
    let known = query.after.map_or(snapshot.last_seq, |cursor| cursor.as_of_seq);
    if known > snapshot.last_seq {
        return Err(QueryError::Failed(Failure::CursorAhead { end: snapshot.last_seq }));
    }
    let heads = snapshot.heads(&[account.no]).await?;
    let head = heads.get(&account.no).ok_or_else(|| DbError::shape("an account without a head"))?;
    let desk = Desk { snapshot, account, head, by: query.by, known };
    let backward = query.after.is_some_and(|cursor| cursor.backward);
    let ascending = (query.order == StatementOrder::OldestFirst) != backward;
    let range = desk.range(query).await?;
    let page = match query.after {
        Some(cursor) => desk.behind(cursor, range, ascending).await?,
        None => range,
    };
    let start = if ascending { page.0 } else { page.1 };
    let mut rows = Rows::new(&snapshot.tx);
    let [low, high, begin, end] = desk.find(&mut rows, [range.0, range.1, page.0, page.1]).await?;
    let at_start = if ascending { begin } else { end };
    let (opening, closing, running) = tokio::try_join!(
        desk.sums(&rows, low, range.0),
        desk.sums(&rows, high, range.1),
        desk.sums(&rows, at_start, start),
    )?;
    let rank = |spot: Option<Spot>| spot.map_or(0, |spot| spot.rank);
    let span = Span {
        account: account.no,
        by: query.by,
        ascending,
        ranks: (rank(begin), rank(end)),
        points: (page.0.point, page.1.point),
        known,
    };
    let mut stream = Stream::new(snapshot, &head.roots, span, !head.late.is_zero());
    let mut collected = collect(&mut stream, &mut rows, running, query.holds, limit, ascending).await?;
    let (next, previous) = cursors(query, &collected, known);
    if backward {
        collected.steps.reverse();
    }
    let movements = desk.movements(&mut rows, &collected.steps).await?;
    let statement = Statement {
        opening: shown(account, &opening),
        closing: shown(account, &closing),
        next,
        previous,
        ..desk.empty(query)
    };
    Ok((Statement { movements, ..statement }, rows.cost()))
}

impl Desk<'_> {
    /// The content common to every page of the statement.
    fn empty(&self, query: &StatementQuery) -> Statement {
        Statement {
            path: self.account.path.clone(),
            currency: self.account.currency,
            normal: self.account.normal,
            from: query.from,
            to: query.to,
            by: query.by,
            order: query.order,
            as_of_seq: self.known,
            opening: shown(self.account, &Sums::default()),
            closing: shown(self.account, &Sums::default()),
            movements: Vec::new(),
            next: None,
            previous: None,
        }
    }

    /// Just before the range, and its end.
    async fn range(&self, query: &StatementQuery) -> Result<(Edge, Edge), DbError> {
        let before = |instant: Option<Timestamp>, none| instant.map_or(none, |instant| instant.micros() - 1);
        let low = self.edge(Point::end_of(before(query.from, -1))).await?;
        let high = self.edge(Point::end_of(before(query.to, i64::MAX))).await?;
        Ok((low, high))
    }

    async fn edge(&self, point: Point) -> Result<Edge, DbError> {
        let by_then = row_at(self.snapshot, point.time).await?;
        Ok(Edge { point, row: by_then.min(point.seq).min(self.known) })
    }

    /// The rest of the range after a cursor; `None` for a cursor of another range.
    async fn behind(
        &self,
        cursor: StatementCursor,
        (low, high): (Edge, Edge),
        ascending: bool,
    ) -> Result<(Edge, Edge), DbError> {
        // Backwards, the page ends just before the cursor's row.
        let seq = if ascending { cursor.seq } else { cursor.seq.saturating_sub(1) };
        let time = if self.by == TimeBasis::Record { i64::MAX } else { cursor.time };
        let edge = self.edge(Point { time, seq }).await?;
        let (is_before, is_behind) = match self.by {
            TimeBasis::Record => (edge.row <= low.row, edge.row >= high.row),
            TimeBasis::Event => (edge.point <= low.point, edge.point >= high.point),
        };
        let edge = match (is_before, is_behind) {
            (true, _) => low,
            (_, true) => high,
            _ => edge,
        };
        Ok(if ascending { (edge, high) } else { (low, edge) })
    }

    /// The account's last rows before several boundaries, searched together.
    async fn find(&self, rows: &mut Rows<'_>, edges: [Edge; 4]) -> Result<[Option<Spot>; 4], DbError> {
        let find =
            |edge: Edge| Search { account: self.account.no, way: Way::Find(Find::new(&self.head.roots, edge.row)) };
        let mut searches = edges.map(find);
        rows.run(&mut searches).await?;
        Ok(searches.each_ref().map(Search::spot))
    }

    /// The account's state at a boundary.
    async fn sums(&self, rows: &Rows<'_>, spot: Option<Spot>, edge: Edge) -> Result<Sums, DbError> {
        let (mut recorded, mut late) = (Sums::default(), Sums::default());
        if let Some(spot) = spot {
            let side = rows.get(spot.seq)?.side(self.account.no);
            (recorded, late) = (side.sums, side.late);
        }
        // Everything recorded by then also takes effect by then.
        if self.by == TimeBasis::Record || self.head.late.is_zero() || edge.row == self.known {
            return Ok(recorded);
        }
        let by_then = late_up_to(self.snapshot, self.account.no, edge.point).await?;
        let unknown = late_behind(self.snapshot, self.account.no, self.known, edge.point).await?;
        corrected_by(recorded, late, corrected_by(by_then, unknown, Sums::default())?)
    }

    async fn movements(&self, rows: &mut Rows<'_>, steps: &[(Step, Sums)]) -> Result<Vec<Movement>, DbError> {
        let first = |step: &Step| step.point.seq.saturating_sub(u64::from(step.row.index));
        rows.read(steps.iter().map(|(step, _)| first(step)).collect::<BTreeSet<u64>>()).await?;
        let unknown = steps.iter().filter(|(step, _)| step.recorded_at.is_none());
        let times = record_times(self.snapshot, unknown.map(|(step, _)| step.point.seq)).await?;
        let paths = self.counterparts(steps).await?;
        let nothing = TransactionHead::default();
        let mut movements = Vec::with_capacity(steps.len());
        for (step, sums) in steps {
            let row = &step.row;
            let head = rows.get(first(step))?.head.as_ref().unwrap_or(&nothing);
            let recorded_at = step.recorded_at.or(times.get(&step.point.seq).copied()).unwrap_or_default();
            let counterpart = paths.get(&counterpart(row, self.account.no)).cloned();
            movements.push(Movement {
                seq: step.point.seq,
                transaction: TransactionId::from_bits(head.id),
                kind: kind(row.kind),
                direction: if row.debit == self.account.no { Side::Debit } else { Side::Credit },
                counterpart: counterpart
                    .ok_or_else(|| DbError::shape("a posting to an account that does not exist"))?,
                amount: self.account.money(row.amount),
                reference: head.reference.as_ref().and_then(|reference| reference.parse().ok()),
                recorded_at: Timestamp::from_micros(recorded_at),
                effective_at: Timestamp::from_micros(head.effective_at.unwrap_or(recorded_at)),
                balance: shown(self.account, sums),
            });
        }
        Ok(movements)
    }

    async fn counterparts(&self, steps: &[(Step, Sums)]) -> Result<HashMap<u64, AccountPath>, DbError> {
        let numbers: BTreeSet<u64> = steps.iter().map(|(step, _)| counterpart(&step.row, self.account.no)).collect();
        let numbers: Vec<i64> = numbers.into_iter().map(|no| no as i64).collect();
        let found = self.snapshot.tx.select_many(&tables::ACCOUNT, Column::Int(&numbers)).await?;
        let path = |row| facts_of_row(row).map(|facts| (facts.no, facts.path));
        found.iter().map(path).collect()
    }
}

fn counterpart(row: &LegRow, account: u64) -> u64 {
    if row.debit == account { row.credit } else { row.debit }
}

/// Takes rows until there are enough, each with the sums after it.
async fn collect<'a>(
    stream: &mut Stream<'a>,
    rows: &mut Rows<'a>,
    mut running: Sums,
    holds: bool,
    limit: usize,
    ascending: bool,
) -> Result<Collected, DbError> {
    let mut collected = Collected { steps: Vec::new(), first: None, last: None, more: false };
    let shows = |step: &Step| holds || step.change.iter().take(2).any(|change| *change != 0);
    for _ in 0..SCANNED_MAX {
        let Some(next) = stream.peek(rows).await? else { return Ok(collected) };
        if collected.steps.len() == limit && shows(next) {
            break;
        }
        let Some(step) = stream.next(rows).await? else { return Ok(collected) };
        collected.first = collected.first.or(Some(step.point));
        collected.last = Some(step.point);
        let changed = moved(running, step.change, if ascending { 1 } else { -1 })?;
        let after = if ascending { changed } else { running };
        running = changed;
        if shows(&step) {
            collected.steps.push((step, after));
        }
    }
    collected.more = stream.peek(rows).await?.is_some();
    Ok(collected)
}

fn moved(sums: Sums, change: [i64; 4], sign: i64) -> Result<Sums, DbError> {
    let mut each = sums.each();
    for (sum, change) in each.iter_mut().zip(change) {
        let moved = change.checked_mul(sign).and_then(|change| sum.checked_add(change));
        *sum = moved.ok_or_else(|| DbError::shape("rows of an account that do not fit its sums"))?;
    }
    Ok(Sums::of(each))
}

/// Towards the end of the statement, and back. There is something where a page came from.
fn cursors(
    query: &StatementQuery,
    collected: &Collected,
    known: u64,
) -> (Option<StatementCursor>, Option<StatementCursor>) {
    let backward = query.after.is_some_and(|cursor| cursor.backward);
    let cursor = |point: Option<Point>, backward| {
        point.map(|Point { time, seq }| StatementCursor { as_of_seq: known, time, seq, backward })
    };
    let onward = collected.last.filter(|_| collected.more);
    let back = collected.first.filter(|_| query.after.is_some());
    match backward {
        false => (cursor(onward, false), cursor(back, true)),
        true => (cursor(back, false), cursor(onward, true)),
    }
}

fn shown(account: &AccountFacts, sums: &Sums) -> StatementBalance {
    let standing = sums.standing(account.normal);
    StatementBalance {
        posted: account.money(standing.posted),
        pending_in: account.money(standing.pending_in),
        pending_out: account.money(standing.pending_out),
    }
}
