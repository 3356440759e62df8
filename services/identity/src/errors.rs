//! What callers are told when the store could not do its work, and what the log is told instead.

use identity_api::IdentityError;
use platform::db::{DbError, Fault};

/// A question that the store could not answer: logged once, here.
pub(crate) fn store_error(error: DbError) -> IdentityError {
    tracing::error!(%error, cause = ?error.source, "identity's store failed");
    match error.fault {
        Fault::Corrupt | Fault::Statement | Fault::Constraint | Fault::Newer | Fault::Older => IdentityError::Internal,
        Fault::Full => IdentityError::StorageFull,
        _ => IdentityError::Unavailable,
    }
}

/// A change: where the connection is lost in its commit, it may have happened.
pub(crate) fn change_error(error: DbError) -> IdentityError {
    if matches!(error.fault, Fault::ConnectionLost | Fault::Io) {
        tracing::error!(%error, cause = ?error.source, "the outcome of a change is unknown");
        return IdentityError::OutcomeUnknown;
    }
    store_error(error)
}
