//! Balances of many accounts as of an instant, page by page.

use std::collections::HashMap;

use ledger_api::{AccountQuery, BalancesPage, BalancesQuery, PostedBalance};
use platform::db::{Column, DbError};

use super::asof::{instant, stands};
use super::balance::looked_at;
use crate::account::AccountFacts;
use crate::query::{self, QueryError};
use crate::snapshot::Snapshot;
use crate::store::{facts, sql};

pub(super) async fn balances(
    snapshot: &Snapshot,
    accounts: &AccountQuery,
    query: &BalancesQuery,
) -> Result<BalancesPage, QueryError> {
    let mut numbers = query::page(&snapshot.tx, accounts, query.limit + 1).await?;
    let more = numbers.len() > query.limit;
    numbers.truncate(query.limit);
    let instant = instant(snapshot, query.at, query.by).await?;
    let stands = stands(snapshot, &numbers, instant).await?;
    let known = facts_of(snapshot, &numbers).await?;
    let balance = |no: &u64| {
        let facts = known.get(no)?;
        let sums = stands.get(no).map(|stand| stand.sums).unwrap_or_default();
        Some(PostedBalance { path: facts.path.clone(), posted: facts.money(sums.standing(facts.normal).posted) })
    };
    let items: Vec<PostedBalance> = numbers.iter().filter_map(balance).collect();
    let next = items.last().filter(|_| more).map(|last| last.path.clone());
    Ok(BalancesPage { items, next, as_of_seq: looked_at(snapshot, instant) })
}

async fn facts_of(snapshot: &Snapshot, numbers: &[u64]) -> Result<HashMap<u64, AccountFacts>, DbError> {
    let numbers: Vec<i64> = numbers.iter().map(|no| *no as i64).collect();
    let rows = snapshot.tx.select_many(&sql::ACCOUNT, Column::Int(&numbers)).await?;
    rows.iter().map(|row| facts(row).map(|facts| (facts.no, facts))).collect()
}
