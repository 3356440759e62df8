//! The SQL that ties a transaction to one epoch of the lease.

use crate::db::Fence;

/// By which a successor finds a holder's transactions. Holders are random, so two are never confused.
pub(super) fn application_name(holder: &str) -> String {
    format!("florin-holder-{holder}")
}

/// The server ends a transaction that waits this long for its client, releasing its locks.
const IDLE_MAX_MS: u32 = 2_000;

pub(super) fn fence(schema: &str, epoch: i64, holder: &str) -> Fence {
    let name = application_name(holder);
    let begin =
        format!("set local application_name = '{name}'; set local idle_in_transaction_session_timeout = {IDLE_MAX_MS}");
    // One text, so that both parts reach the server together or not at all: the lock is held no longer than a commit
    // takes. If the epoch is over the division fails, and what follows a failure in a text is not executed.
    let commit = format!(
        "with held as (select epoch from {schema}.lease_fence where place = 1 and epoch = {epoch} for share) \
         select 1 / count(*) from held; commit"
    );
    Fence::new(begin, commit)
}
