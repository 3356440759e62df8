//! From the first group to the last: numbers, times, rows without a gap, and the hash chain.

use std::collections::VecDeque;
use std::sync::Arc;

use ledger_api::BookName;
use platform::db::{DbError, Tx, Value};

use super::disagreement::{Checked, Place, VerifyError};
use super::lookups::Lookups;
use super::replay::Replay;
use super::{PAGE_ROWS, Progress, last_row, sql};
use crate::format::{GroupStamp, Hash, RowsHash, genesis, group_hash, hex};
use crate::ids::Runs;
use crate::query::Head;

pub(super) async fn walk(
    tx: &Tx,
    book: &BookName,
    runs: Arc<Runs>,
    replay: &mut Replay,
    against: Option<&Head>,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Head, VerifyError> {
    let mut walk = Walk::new(tx, book, runs);
    let outcome = walk.groups(replay, against, &mut progress).await;
    let Err(VerifyError::Disagrees(found)) = outcome else { return outcome };
    // An earlier row may be wrong in another table, which is checked a page at a time.
    match walk.lookups.check(tx, &mut replay.counts).await {
        Err(VerifyError::Disagrees(other)) if other.place.position() <= found.place.position() => Err(other.into()),
        _ => Err(found.into()),
    }
}

struct Walk<'a> {
    tx: &'a Tx,
    book: &'a BookName,
    last: Last,
    groups: VecDeque<(GroupStamp, Hash)>,
    rows: VecDeque<(u64, Vec<u8>)>,
    lookups: Lookups,
}

/// The previous group.
struct Last {
    stamp: GroupStamp,
    hash: Hash,
}

impl<'a> Walk<'a> {
    fn new(tx: &'a Tx, book: &'a BookName, runs: Arc<Runs>) -> Walk<'a> {
        let stamp = GroupStamp { number: 0, at: i64::MIN, first_seq: 0, last_seq: 0 };
        Walk {
            tx,
            book,
            last: Last { stamp, hash: genesis(book) },
            groups: VecDeque::new(),
            rows: VecDeque::new(),
            lookups: Lookups::new(runs),
        }
    }

    async fn groups(
        &mut self,
        replay: &mut Replay,
        against: Option<&Head>,
        progress: &mut (impl FnMut(Progress) + Send),
    ) -> Result<Head, VerifyError> {
        let rows_in_all = last_row(self.tx).await?;
        progress(Progress { rows: 0, rows_in_all });
        compare(against, &self.last)?;
        while let Some((stamp, hash)) = self.next_group().await? {
            check_stamp(&self.last.stamp, &stamp)?;
            let rows = self.group_rows(replay, stamp, progress, rows_in_all).await?;
            let expected = group_hash(&self.last.hash, stamp, &rows);
            Place::Group(stamp.last_seq, stamp.number).same("hash", hex(&expected), hex(&hash))?;
            self.last = Last { stamp, hash };
            compare(against, &self.last)?;
        }
        self.lookups.check(self.tx, &mut replay.counts).await?;
        let runs = Arc::clone(&self.lookups.runs);
        self.lookups.scattered.finish(self.tx, &runs).await?;
        let Last { stamp: GroupStamp { number, last_seq, .. }, hash } = self.last;
        progress(Progress { rows: last_seq, rows_in_all });
        match against.filter(|against| against.number > number) {
            Some(against) => Err(VerifyError::Cut { wanted: against.number, last: number }),
            None => Ok(Head { book: self.book.clone(), number, last_seq, hash }),
        }
    }

    async fn group_rows(
        &mut self,
        replay: &mut Replay,
        stamp: GroupStamp,
        progress: &mut (impl FnMut(Progress) + Send),
        rows_in_all: u64,
    ) -> Result<Hash, VerifyError> {
        let mut hash = RowsHash::new();
        for wanted in stamp.first_seq..=stamp.last_seq {
            let (seq, body) = self.next_row(wanted).await?;
            if seq != wanted {
                Place::Row(wanted).wrong::<()>("log", "a row", format!("row {seq} as the next one"))?;
            }
            hash.row(&body);
            replay.row(&mut self.lookups, seq, stamp.at, &body)?;
            if self.lookups.rows() >= PAGE_ROWS {
                self.lookups.check(self.tx, &mut replay.counts).await?;
                progress(Progress { rows: seq, rows_in_all });
            }
        }
        replay.group_ends(&mut self.lookups, stamp.last_seq)?;
        Ok(hash.finish())
    }

    async fn next_group(&mut self) -> Result<Option<(GroupStamp, Hash)>, VerifyError> {
        if self.groups.is_empty() {
            let params = [Value::Int(self.last.stamp.number as i64), Value::Int(PAGE_ROWS as i64)];
            for row in self.tx.query(sql::GROUP_PAGE, &params).await? {
                let stamp = GroupStamp {
                    number: row.int(0)? as u64,
                    at: row.int(1)?,
                    first_seq: row.int(2)? as u64,
                    last_seq: row.int(3)? as u64,
                };
                self.groups.push_back((stamp, row.array(4)?));
            }
        }
        Ok(self.groups.pop_front())
    }

    async fn next_row(&mut self, wanted: u64) -> Result<(u64, Vec<u8>), VerifyError> {
        if self.rows.is_empty() {
            let params = [Value::Int(wanted as i64), Value::Int(PAGE_ROWS as i64)];
            for row in self.tx.query(sql::LOG_PAGE, &params).await? {
                self.rows.push_back(log_row(&row)?);
            }
        }
        match self.rows.pop_front() {
            Some(row) => Ok(row),
            None => Ok(Place::Row(wanted).wrong("log", "a row", "the end of the log")?),
        }
    }
}

fn log_row(row: &platform::db::Row) -> Result<(u64, Vec<u8>), DbError> {
    Ok((row.int(0)? as u64, row.bytes(1)?.to_vec()))
}

fn check_stamp(last: &GroupStamp, stamp: &GroupStamp) -> Checked {
    let number = last.number + 1;
    let place = Place::Group(stamp.first_seq, number);
    place.same("number of the group", number, stamp.number)?;
    place.same("first row", last.last_seq + 1, stamp.first_seq)?;
    if stamp.last_seq < stamp.first_seq || i64::try_from(stamp.last_seq).is_err() {
        return place.wrong("last row", format!("{} or higher", stamp.first_seq), stamp.last_seq);
    }
    if stamp.at <= last.at {
        return place.wrong("record time", format!("more than {}", last.at), stamp.at);
    }
    Ok(())
}

/// The group that an earlier head names must be unchanged.
fn compare(against: Option<&Head>, last: &Last) -> Result<(), VerifyError> {
    let Some(against) = against.filter(|against| against.number == last.stamp.number) else { return Ok(()) };
    if against.hash == last.hash && against.last_seq == last.stamp.last_seq {
        return Ok(());
    }
    Err(VerifyError::Rewritten {
        number: against.number,
        wanted_row: against.last_seq,
        wanted: hex(&against.hash),
        found_row: last.stamp.last_seq,
        found: hex(&last.hash),
    })
}
