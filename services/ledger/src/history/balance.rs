//! One account as of an instant.

use ledger_api::{AccountBalance, BalanceQuery, TimeBasis};
use platform::db::DbError;

use super::asof::{Instant, Stand, instant, stands};
use crate::account::AccountFacts;
use crate::snapshot::Snapshot;

pub(super) async fn balance(
    snapshot: &Snapshot,
    facts: &AccountFacts,
    query: &BalanceQuery,
) -> Result<AccountBalance, DbError> {
    let instant = instant(snapshot, query.at, query.by).await?;
    let stand = stands(snapshot, &[facts.no], instant).await?.remove(&facts.no).unwrap_or_default();
    Ok(shown(snapshot, facts, query, instant, stand))
}

fn shown(
    snapshot: &Snapshot,
    facts: &AccountFacts,
    query: &BalanceQuery,
    instant: Instant,
    stand: Stand,
) -> AccountBalance {
    let Stand { sums, version } = stand;
    let standing = sums.standing(facts.normal);
    let money = |minor| facts.money(minor);
    AccountBalance {
        path: facts.path.clone(),
        currency: facts.currency,
        posted: money(standing.posted),
        pending_in: money(standing.pending_in),
        pending_out: money(standing.pending_out),
        posted_debits: money(sums.posted_debits),
        posted_credits: money(sums.posted_credits),
        pending_debits: money(sums.pending_debits),
        pending_credits: money(sums.pending_credits),
        version: (query.by == TimeBasis::Record).then_some(version),
        at: query.at,
        by: query.by,
        as_of_seq: looked_at(snapshot, instant),
    }
}

/// By event time, everything known today was included.
pub(super) fn looked_at(snapshot: &Snapshot, instant: Instant) -> u64 {
    match instant.by {
        TimeBasis::Record => instant.seq,
        TimeBasis::Event => snapshot.last_seq,
    }
}
