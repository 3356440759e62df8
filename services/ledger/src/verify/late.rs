//! The tables of late rows: each of their rows is compared with its log row, their number must match the log's, and
//! every bucket is summed again from them.
//!
//! Read in key order, a page at a time, so that memory does not grow with them.

use std::collections::{HashMap, VecDeque};

use platform::db::{Column, DbError, Row as DbRow, Tx, Value};

use super::disagreement::{Checked, Place, VerifyError};
use super::lookups::select;
use super::replay::Account;
use super::{PAGE_ROWS, sql};
use crate::format::{LegKind, LegRow, Row};
use crate::store::sql as tables;

const LATE: Place = Place::Table("late");
const BUCKETS: Place = Place::Table("late_bucket");
/// Sizes of buckets: microseconds in powers of two.
const BITS: [i64; 4] = [44, 35, 26, 17];

#[derive(Debug, Clone, Copy)]
struct Late {
    account: i64,
    effective_at: i64,
    seq: i64,
    place: i64,
    amount: i64,
}

pub(super) async fn check(tx: &Tx, accounts: &[Account]) -> Result<(), VerifyError> {
    let mut after = (i64::MIN, i64::MIN, i64::MIN);
    // A missing row shows in its bucket first, but is better reported as a row.
    let mut in_buckets: Checked = Ok(());
    let mut rows: HashMap<i64, u64> = HashMap::new();
    let mut buckets =
        BITS.map(|bits| Buckets { tx, bits, at: None, after: (i64::MIN, i64::MIN), page: VecDeque::new() });
    loop {
        let page = page(tx, after).await?;
        let Some(last) = page.last() else { break };
        after = (last.account, last.effective_at, last.seq);
        stand_for_rows(tx, &page).await?;
        for late in &page {
            *rows.entry(late.account).or_default() += 1;
            for buckets in &mut buckets {
                if in_buckets.is_ok() {
                    in_buckets = disagreement(buckets.add(late).await)?;
                }
            }
        }
    }
    for (no, account) in (1..).zip(accounts) {
        let found = rows.remove(&no).unwrap_or_default();
        LATE.same(&format!("rows of account {}", account.path), account.late_rows, found)?;
    }
    in_buckets?;
    for buckets in &mut buckets {
        buckets.end().await?;
    }
    match tx.query(sql::LATE_BUCKET_STRAY, &[]).await?.first() {
        Some(row) => Ok(BUCKETS.wrong("size of a bucket", "17, 26, 35 or 44 bits", row.int(0)?)?),
        None => Ok(()),
    }
}

/// A disagreement, or a store that cannot be read.
fn disagreement(outcome: Result<(), VerifyError>) -> Result<Checked, VerifyError> {
    match outcome {
        Ok(()) => Ok(Ok(())),
        Err(VerifyError::Disagrees(found)) => Ok(Err(found)),
        Err(other) => Err(other),
    }
}

async fn page(tx: &Tx, (account, effective_at, seq): (i64, i64, i64)) -> Result<Vec<Late>, DbError> {
    let after = [account, effective_at, seq, PAGE_ROWS as i64].map(Value::Int);
    let late = |row: &DbRow| {
        let [account, effective_at, seq] = [row.int(0)?, row.int(1)?, row.int(2)?];
        Ok(Late { account, effective_at, seq, place: row.int(3)?, amount: row.int(4)? })
    };
    tx.query(sql::LATE_PAGE, &after).await?.iter().map(late).collect()
}

/// Every row of the table is one side of a late log row. The log has been replayed before this.
async fn stand_for_rows(tx: &Tx, page: &[Late]) -> Result<(), VerifyError> {
    let legs = legs(tx, page.iter().map(|late| late.seq).collect()).await?;
    let first = |seq: &i64| legs.get(seq).map(|leg| seq - i64::from(leg.index));
    let heads = self::legs(tx, page.iter().filter_map(|late| first(&late.seq)).collect()).await?;
    for late in page {
        let leg = legs.get(&late.seq);
        let head = first(&late.seq).and_then(|first| heads.get(&first)).and_then(|leg| leg.head.as_ref());
        let effective_at = head.and_then(|head| head.effective_at).unwrap_or(-1);
        let expected = leg.and_then(|leg| expected(leg, late.account));
        let what = format!("effective time, place and amount of row {} for account {}", late.seq, late.account);
        let expected = expected.map(|(place, amount)| (effective_at, place, amount));
        LATE.same(&what, expected, Some((late.effective_at, late.place, late.amount)))?;
    }
    Ok(())
}

async fn legs(tx: &Tx, mut seqs: Vec<i64>) -> Result<HashMap<i64, LegRow>, DbError> {
    seqs.sort_unstable();
    seqs.dedup();
    let rows = select(tx, &tables::LOG, Column::Int(&seqs), |row| Ok((row.int(0)?, row.bytes(1)?.to_vec()))).await?;
    let leg = |(seq, body): (i64, Vec<u8>)| match Row::decode(seq as u64, &body) {
        Ok(Row::Leg(leg)) => Some((seq, *leg)),
        _ => None,
    };
    Ok(rows.into_iter().filter_map(leg).collect())
}

/// The sum that the row adds to on the account's side, and by how much.
fn expected(leg: &LegRow, account: i64) -> Option<(i64, i64)> {
    let first = match leg.kind {
        LegKind::Posted => 0,
        LegKind::Pending => 2,
        _ => return None,
    };
    let side = [leg.debit, leg.credit].iter().position(|no| *no as i64 == account)?;
    Some((first + side as i64, leg.amount))
}

type Sums = [i128; 4];

/// The buckets of one size, and the rows in them.
struct Buckets<'a> {
    tx: &'a Tx,
    bits: i64,
    /// The account and bucket that is being summed.
    at: Option<((i64, i64), Sums)>,
    after: (i64, i64),
    page: VecDeque<((i64, i64), Sums)>,
}

impl Buckets<'_> {
    async fn add(&mut self, late: &Late) -> Result<(), VerifyError> {
        let key = (late.account, late.effective_at >> self.bits);
        if self.at.is_none_or(|(at, _)| at != key) {
            self.close().await?;
            self.at = Some((key, [0; 4]));
        }
        if let Some((_, sums)) = &mut self.at
            && let Some(sum) = usize::try_from(late.place).ok().and_then(|place| sums.get_mut(place))
        {
            *sum += i128::from(late.amount);
        }
        Ok(())
    }

    /// The sum must equal the next row of the table.
    async fn close(&mut self) -> Result<(), VerifyError> {
        let Some((key, sums)) = self.at.take() else { return Ok(()) };
        let found = self.next().await?;
        Ok(self.compare(Some((key, sums)), found)?)
    }

    async fn end(&mut self) -> Result<(), VerifyError> {
        self.close().await?;
        let stray = self.next().await?;
        Ok(self.compare(None, stray)?)
    }

    fn compare(&self, expected: Option<((i64, i64), Sums)>, found: Option<((i64, i64), Sums)>) -> Checked {
        BUCKETS.same(&format!("account, bucket and sums of the next bucket of {} bits", self.bits), expected, found)
    }

    async fn next(&mut self) -> Result<Option<((i64, i64), Sums)>, DbError> {
        if self.page.is_empty() {
            let params = [self.bits, self.after.0, self.after.1, PAGE_ROWS as i64].map(Value::Int);
            for row in self.tx.query(sql::LATE_BUCKET_PAGE, &params).await? {
                let mut sums = [0; 4];
                for (sum, column) in sums.iter_mut().zip(2..) {
                    *sum = i128::from(row.int(column)?);
                }
                self.page.push_back(((row.int(0)?, row.int(1)?), sums));
            }
        }
        let next = self.page.pop_front();
        self.after = next.map_or(self.after, |(key, _)| key);
        Ok(next)
    }
}
