//! History: past balances, sums and statements, by either clock.
//!
//! Reading order: `walk` (how one account's rows are searched), `rows` (many searches, one query per round), `asof`
//! (sums as of an instant), then the replies: `balance`, `sums` (roll-up and trial balance), `statement`.

mod asof;
mod balance;
mod balances;
mod rows;
mod service;
pub(crate) mod sql;
mod statement;
mod stream;
mod sums;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::BTreeSet;
use std::sync::Arc;

use ledger_api::AccountPath;
use platform::db::DbError;

use crate::account::AccountFacts;
use crate::query::empty_state;
use crate::snapshot::Snapshot;
use crate::store::Wanted;

/// The account with a path.
async fn facts_of(snapshot: &Snapshot, path: &AccountPath) -> Result<Option<Arc<AccountFacts>>, DbError> {
    let mut state = empty_state();
    let wanted = Wanted { paths: BTreeSet::from([path.clone()]), ..Wanted::default() };
    snapshot.loader(&mut state).load(&wanted).await?;
    Ok(state.account_no(path).and_then(|no| state.facts(no)))
}
