//! Errors for callers when a part of the system could not do its work.

use ledger_api::LedgerError;
use platform::access;
use platform::error::Failure;

use crate::command::Refused;
use crate::query::QueryError;

pub(crate) fn refused(Refused { refusal, replayed }: Refused) -> LedgerError {
    LedgerError::Refused { refusal, replayed }
}

/// For operations the caller may never do; other owners' objects were already answered as unknown.
pub(crate) fn forbidden(_: access::Denied) -> LedgerError {
    Failure::Forbidden.into()
}

pub(crate) fn query_error(error: QueryError) -> LedgerError {
    match error {
        QueryError::Refused(refusal) => refusal.into(),
        QueryError::Failed(failure) => failure.into(),
        QueryError::Store(error) => error.into(),
        QueryError::Commit(error) => error.into(),
    }
}
