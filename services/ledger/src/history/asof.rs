//! The sums of accounts as of an instant.
//!
//! By record time they are in the account's newest row at or before it. By event time, late rows take effect before
//! they were recorded: subtract those included in the row's sums, and add those that take effect by the instant. What
//! is recorded by an instant also takes effect by it, so the difference is what was recorded after it and takes effect
//! before.

use std::collections::HashMap;

use futures_util::future::try_join_all;
use kernel::Timestamp;
use ledger_api::TimeBasis;
use platform::db::{DbError, Value};

use super::rows::{Rows, Search, Way};
use super::sql;
use super::walk::Find;
use crate::account::Head;
use crate::format::Sums;
use crate::snapshot::Snapshot;
use crate::store::BUCKET_BITS;

/// Accounts whose rows are searched in parallel.
const TOGETHER: usize = 500;

/// An instant of the books.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instant {
    pub at: Option<i64>,
    pub by: TimeBasis,
    /// The last row that was recorded by then.
    pub seq: u64,
}

/// The state of one account.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stand {
    pub sums: Sums,
    pub version: u64,
}

/// The order in which rows take effect: the instant, then the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    pub time: i64,
    pub seq: u64,
}

impl Point {
    /// After all rows of an instant.
    pub(crate) fn end_of(time: i64) -> Point {
        Point { time, seq: i64::MAX as u64 }
    }
}

/// The last row that was recorded at or before an instant.
pub(crate) async fn row_at(snapshot: &Snapshot, time: i64) -> Result<u64, DbError> {
    let found = snapshot.tx.query(sql::GROUP_AT, &[Value::Int(time)]).await?;
    Ok(found.first().map_or(Ok(0), |row| row.int(0))?.unsigned_abs())
}

pub(crate) async fn instant(snapshot: &Snapshot, at: Option<Timestamp>, by: TimeBasis) -> Result<Instant, DbError> {
    let at = at.map(Timestamp::micros);
    let seq = match at {
        Some(at) => row_at(snapshot, at).await?,
        None => snapshot.last_seq,
    };
    Ok(Instant { at, by, seq })
}

/// By account number; missing accounts are left out.
pub(crate) async fn stands(
    snapshot: &Snapshot,
    accounts: &[u64],
    instant: Instant,
) -> Result<HashMap<u64, Stand>, DbError> {
    let mut stands = HashMap::with_capacity(accounts.len());
    for some in accounts.chunks(TOGETHER) {
        let heads = snapshot.heads(some).await?;
        match instant.at {
            // What is recorded by now also takes effect by now, so both clocks agree.
            Some(at) if instant.seq < snapshot.last_seq => stands.extend(earlier(snapshot, &heads, instant, at).await?),
            _ => {
                let now = |(no, head): (&u64, &Head)| (*no, Stand { sums: head.sums, version: head.version });
                stands.extend(heads.iter().map(now));
            }
        }
    }
    Ok(stands)
}

async fn earlier(
    snapshot: &Snapshot,
    heads: &HashMap<u64, Head>,
    instant: Instant,
    at: i64,
) -> Result<Vec<(u64, Stand)>, DbError> {
    // An account without a row since the instant stands as its head says; nothing has to be searched.
    let (at_rest, moved): (Vec<_>, Vec<_>) =
        heads.iter().partition(|(_, head)| head.roots.newest() <= instant.seq && head.late.is_zero());
    let find = |(no, head): (&u64, &Head)| Search { account: *no, way: Way::Find(Find::new(&head.roots, instant.seq)) };
    let mut searches: Vec<Search> = moved.into_iter().map(find).collect();
    let mut rows = Rows::new(&snapshot.tx);
    rows.run(&mut searches).await?;
    let mut stands: Vec<(u64, Stand)> =
        at_rest.into_iter().map(|(no, head)| (*no, Stand { sums: head.sums, version: head.version })).collect();
    let mut corrected = Vec::new();
    for search in &searches {
        let account = search.account;
        let (mut stand, mut late) = (Stand::default(), Sums::default());
        if let Some(spot) = search.spot() {
            let side = rows.get(spot.seq)?.side(account);
            (stand, late) = (Stand { sums: side.sums, version: side.version }, side.late);
        }
        let has_late = heads.get(&account).is_some_and(|head| !head.late.is_zero());
        if instant.by == TimeBasis::Event && has_late {
            corrected.push((account, stand, late));
        } else {
            stands.push((account, stand));
        }
    }
    // All at once: on a network, parallel requests cost one wait.
    let correct = async |(account, stand, late): (u64, Stand, Sums)| {
        let by_then = late_up_to(snapshot, account, Point::end_of(at)).await?;
        let sums = corrected_by(stand.sums, late, by_then)?;
        Ok::<_, DbError>((account, Stand { sums, ..stand }))
    };
    stands.extend(try_join_all(corrected.into_iter().map(correct)).await?);
    Ok(stands)
}

/// `recorded - late + by_then`, each of the four.
pub(crate) fn corrected_by(recorded: Sums, late: Sums, by_then: Sums) -> Result<Sums, DbError> {
    let mut each = recorded.each();
    for ((sum, late), by_then) in each.iter_mut().zip(late.each()).zip(by_then.each()) {
        let corrected = sum.checked_sub(late).and_then(|sum| sum.checked_add(by_then));
        *sum = corrected.ok_or_else(|| DbError::shape("late rows of an account that do not fit its sums"))?;
    }
    Ok(Sums::of(each))
}

/// The sums of an account's late rows that take effect at or before a point.
pub(crate) async fn late_up_to(snapshot: &Snapshot, account: u64, point: Point) -> Result<Sums, DbError> {
    let time = point.time.max(0);
    let [b44, b35, b26, b17] = BUCKET_BITS.map(|bits| time >> bits);
    let params = [
        account as i64,
        b44,
        b44 << 9,
        b35,
        b35 << 9,
        b26,
        b26 << 9,
        b17,
        b17 << 17,
        point.time,
        i64::try_from(point.seq).unwrap_or(i64::MAX),
    ];
    sums(snapshot, sql::LATE_UP_TO, &params.map(Value::Int)).await
}

/// Those of them that were recorded after row `known`.
pub(crate) async fn late_behind(snapshot: &Snapshot, account: u64, known: u64, point: Point) -> Result<Sums, DbError> {
    if known >= snapshot.last_seq {
        return Ok(Sums::default());
    }
    let params = [account as i64, known as i64, point.time, i64::try_from(point.seq).unwrap_or(i64::MAX)];
    sums(snapshot, sql::LATE_BEHIND, &params.map(Value::Int)).await
}

async fn sums(snapshot: &Snapshot, sql: &'static str, params: &[Value<'_>]) -> Result<Sums, DbError> {
    let rows = snapshot.tx.query(sql, params).await?;
    let Some(row) = rows.first() else { return Ok(Sums::default()) };
    Ok(Sums::of([row.int(0)?, row.int(1)?, row.int(2)?, row.int(3)?]))
}
