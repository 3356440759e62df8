//! The words that tie a transaction to one epoch of the lease.

use crate::db::Fence;

/// What a successor finds a holder's transactions by. Holders are random, so none is ever mistaken for another.
pub(super) fn application_name(holder: &str) -> String {
    format!("florin-holder-{holder}")
}

/// A transaction that waits this long for its client is ended by the server, with all that it has locked.
const IDLE_MAX_MS: u32 = 2_000;

pub(super) fn fence(schema: &str, epoch: i64, holder: &str) -> Fence {
    let name = application_name(holder);
    let begin =
        format!("set local application_name = '{name}'; set local idle_in_transaction_session_timeout = {IDLE_MAX_MS}");
    // One text, so that both parts reach the server together or not at all: it holds the lock no longer than a commit
    // takes. Where the epoch has gone the division fails, and what follows a failure in a text is not carried out.
    let commit = format!(
        "with held as (select epoch from {schema}.lease_fence where place = 1 and epoch = {epoch} for share) \
         select 1 / count(*) from held; commit"
    );
    Fence::new(begin, commit)
}
