//! A page of transactions by a declared key, newest first, from one snapshot.

use std::collections::BTreeSet;

use ledger_api::{Refusal, Transaction, TransactionPage, TransactionQuery};
use platform::db::{DbError, Value};

use super::index::of_transaction;
use super::keys::{self, Declared};
use super::{sql, term};
use crate::command::Reach;
use crate::format::Row;
use crate::query::{QueryError, empty_state, shown};
use crate::snapshot::{Books, Snapshot};
use crate::store::Wanted;

/// Other owners' transactions are skipped; at most this many pages' worth are read for one page.
const ROUNDS_MAX: usize = 10;

/// A transaction that the index names.
struct Candidate {
    first: u64,
    id: u128,
    /// Whether it has the value, and not only its term.
    matches: bool,
}

pub(super) async fn transactions(
    books: &Books,
    reach: &Reach,
    query: &TransactionQuery,
    limit: usize,
) -> Result<TransactionPage, QueryError> {
    let snapshot = books.snapshot().await?;
    let declared = keys::all(&snapshot.tx).await?;
    let key = declared.iter().find(|key| !key.removed && key.key == query.key);
    let undeclared = || {
        let key = query.key.chars().take(80).collect();
        QueryError::Refused(Refusal::MetadataKeyUndeclared { key, declared: keys::names(&declared) })
    };
    let key = key.ok_or_else(undeclared)?;
    let (indexed_to_seq, as_of_seq) = (key.indexed_to_seq, snapshot.last_seq);
    let mut page = TransactionPage { items: Vec::new(), next: None, indexed_to_seq, as_of_seq };
    let mut before = query.before.unwrap_or(u64::MAX);
    for _ in 0..ROUNDS_MAX {
        let wanted = limit - page.items.len();
        let mut found = candidates(&snapshot, key, query, before, wanted + 1).await?;
        let more = found.len() > wanted;
        found.truncate(wanted);
        before = found.last().map_or(before, |candidate| candidate.first);
        page.items.extend(loaded(&snapshot, reach, &found).await?);
        page.next = more.then_some(before);
        if !more || page.items.len() == limit {
            break;
        }
    }
    Ok(page)
}

async fn candidates(
    snapshot: &Snapshot,
    key: &Declared,
    query: &TransactionQuery,
    before: u64,
    limit: usize,
) -> Result<Vec<Candidate>, DbError> {
    let (term, before) = (term(&query.value), i64::try_from(before).unwrap_or(i64::MAX));
    let params = [Value::Int(key.no), Value::Text(&term), Value::Int(before), Value::Int(limit as i64)];
    let mut found = Vec::new();
    for row in snapshot.tx.query(sql::TRANSACTION_PAGE, &params).await? {
        let first = row.int(0)?.unsigned_abs();
        let metadata = of_transaction(&row)?.map(|(_, metadata)| metadata).unwrap_or_default();
        let matches = metadata.get(&key.key) == Some(&query.value);
        found.push(Candidate { first, id: id_of(first, row.bytes(2)?), matches });
    }
    Ok(found)
}

fn id_of(first: u64, body: &[u8]) -> u128 {
    Row::decode(first, body).ok().and_then(|row| row.names_id()).unwrap_or_default()
}

async fn loaded(snapshot: &Snapshot, reach: &Reach, found: &[Candidate]) -> Result<Vec<Transaction>, DbError> {
    let matching = || found.iter().filter(|candidate| candidate.matches);
    let ids: BTreeSet<u128> = matching().map(|candidate| candidate.id).collect();
    let mut state = empty_state();
    snapshot.loader(&mut state).load(&Wanted { ids, ..Wanted::default() }).await?;
    Ok(matching().filter_map(|candidate| shown(&state, reach, candidate.first)).collect())
}
