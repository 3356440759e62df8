//! Stores groups that another store has committed: their bytes, times and hashes unchanged, and every table derived
//! from them.

use platform::db::{Column, DbError, Tx};
use tokio::try_join;

use super::{Late, late, sql, write};
use crate::behind::Plan;
use crate::format::{GroupStamp, Hash};
use crate::ids::IdPlan;
use crate::state::State;
use crate::transfer::COMMIT_GROUP;

#[derive(Debug)]
pub(crate) struct SealedGroup {
    pub stamp: GroupStamp,
    pub hash: Hash,
    pub bodies: Vec<Vec<u8>>,
}

pub(crate) async fn store_sealed(
    tx: &Tx,
    state: &State,
    plan: &Plan,
    ids: &[IdPlan],
    late: &[Late],
    groups: &[SealedGroup],
) -> Result<(), DbError> {
    let column =
        |value: fn(&GroupStamp) -> i64| -> Vec<i64> { groups.iter().map(|group| value(&group.stamp)).collect() };
    let numbers = column(|stamp| stamp.number as i64);
    let (times, firsts) = (column(|stamp| stamp.at), column(|stamp| stamp.first_seq as i64));
    let lasts = column(|stamp| stamp.last_seq as i64);
    let hashes: Vec<Vec<u8>> = groups.iter().map(|group| group.hash.to_vec()).collect();
    let bodies: Vec<Vec<u8>> = groups.iter().flat_map(|group| group.bodies.iter().cloned()).collect();
    let seqs: Vec<i64> = (state.log.last_seq as i64 + 1..).take(bodies.len()).collect();
    let stamps =
        [Column::Int(&numbers), Column::Int(&times), Column::Int(&firsts), Column::Int(&lasts), Column::Bytes(&hashes)];
    let log_rows = [Column::Int(&seqs), Column::Bytes(&bodies)];
    try_join!(
        tx.insert_many(&sql::LOG, &log_rows),
        tx.insert_many(&COMMIT_GROUP, &stamps),
        store_ids(tx, ids),
        write::tables(tx, state, plan, 0),
        late::store(tx, late),
    )?;
    Ok(())
}

async fn store_ids(tx: &Tx, plans: &[IdPlan]) -> Result<(), DbError> {
    for plan in plans {
        write::store_ids(tx, plan).await?;
    }
    Ok(())
}
