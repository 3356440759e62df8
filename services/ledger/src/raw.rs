//! The raw limit of the store: the same columns and the same id index as the ledger writes, in groups of the same size
//! on one thread, without a single rule. The benchmark prints it next to the ledger's own figure.

use std::sync::Arc;

use kernel::Clock;
use platform::db::{Column, Db, DbError, Tx, Value};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::store::sql;

#[derive(Debug, Clone, Copy)]
pub struct RawPlan {
    pub accounts: u64,
    /// Rows in one commit.
    pub group_rows: u64,
    /// Bytes of one row.
    pub row_bytes: usize,
    pub micros: u64,
}

#[derive(Debug, Clone, Copy)]
pub struct RawRun {
    pub rows: u64,
    pub groups: u64,
    pub micros: u64,
}

/// Writes groups into an empty store until the time is over.
pub async fn raw_writes(db: &Db, plan: RawPlan, clock: Arc<dyn Clock>) -> Result<RawRun, DbError> {
    db.migrate(sql::MIGRATIONS).await?;
    let tx = db.begin_alone().await?;
    let numbers: Vec<i64> = (1..=plan.accounts as i64).collect();
    write_heads(&tx, &numbers, Heads::New).await?;
    tx.commit().await?;
    let mut random = StdRng::seed_from_u64(1);
    let start = clock.monotonic();
    let mut groups = 0;
    loop {
        let micros = clock.monotonic().micros_since(start);
        if micros >= plan.micros {
            return Ok(RawRun { rows: groups * plan.group_rows, groups, micros });
        }
        let at = clock.now().micros();
        write_group(db, plan, groups, at, &mut random).await?;
        groups += 1;
    }
}

async fn write_group(db: &Db, plan: RawPlan, group: u64, at: i64, random: &mut StdRng) -> Result<(), DbError> {
    let first = (group * plan.group_rows) as i64 + 1;
    let last = first + plan.group_rows as i64 - 1;
    let seqs: Vec<i64> = (first..=last).collect();
    let body = |_: &i64| (0..plan.row_bytes).map(|_| random.random()).collect();
    let bodies: Vec<Vec<u8>> = seqs.iter().map(body).collect();
    let id = |seq: &i64| (((at as u128) << 64) | *seq as u128).to_be_bytes();
    let ids: Vec<[u8; 16]> = seqs.iter().map(id).collect();
    let mut touched: Vec<i64> =
        (0..plan.group_rows * 2).map(|_| random.random_range(1..=plan.accounts as i64)).collect();
    touched.sort_unstable();
    touched.dedup();
    let log_rows = [Column::Int(&seqs), Column::Bytes(&bodies)];
    let id_rows = [Column::Id(&ids), Column::Int(&seqs)];
    let hash = [7; 32];
    let record =
        [Value::Int(group as i64 + 1), Value::Int(at), Value::Int(first), Value::Int(last), Value::Bytes(&hash)];
    let tx = db.begin_alone().await?;
    tokio::try_join!(
        tx.insert_many(&sql::LOG, &log_rows),
        tx.insert_many(&sql::TRANSACTION_ID, &id_rows),
        tx.execute(sql::GROUP_RECORD, &record),
        write_heads(&tx, &touched, Heads::Changed),
    )?;
    Ok(tx.commit().await?)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Heads {
    New,
    Changed,
}

async fn write_heads(tx: &Tx, numbers: &[i64], heads: Heads) -> Result<(), DbError> {
    let sums = vec![1_000_000; numbers.len()];
    let zeros = vec![0; numbers.len()];
    let limits = vec![Some(0); numbers.len()];
    let none = vec![Vec::new(); numbers.len()];
    let roots = vec![vec![1; 45]; numbers.len()];
    let columns = [
        Column::Int(numbers),
        Column::Int(&zeros),
        Column::IntOrNull(&limits),
        Column::IntOrNull(&limits),
        Column::Bytes(&none),
        Column::Int(&zeros),
        Column::Int(&sums),
        Column::Int(&sums),
        Column::Int(&zeros),
        Column::Int(&zeros),
        Column::Int(&sums),
        Column::Int(&zeros),
        Column::Bytes(&roots),
        Column::Int(&zeros),
        Column::Int(&zeros),
        Column::Int(&zeros),
        Column::Int(&zeros),
    ];
    match heads {
        Heads::New => tx.insert_many(&sql::ACCOUNT_HEAD, &columns).await,
        Heads::Changed => tx.update_many(&sql::ACCOUNT_HEAD, &columns).await,
    }
}

/// Mean bytes of the newest rows of a ledger's log, so that a raw run writes rows of the same size.
pub async fn mean_row_bytes(db: &Db) -> Result<usize, DbError> {
    const ROWS: i64 = 10_000;
    let tx = db.read().await?;
    let last = tx.query(sql::GROUP_LAST, &[]).await?.first().map_or(Ok(0), |row| row.int(3))?;
    let rows = tx.query(sql::LOG_RANGE, &[Value::Int((last - ROWS).max(1)), Value::Int(last)]).await?;
    let bytes = rows.iter().map(|row| row.bytes(1).map(<[u8]>::len)).sum::<Result<usize, _>>()?;
    Ok(bytes.checked_div(rows.len()).unwrap_or(0))
}
