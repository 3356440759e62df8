//! What callers are told when a part of the house could not do its work.

use ledger_api::LedgerError;
use platform::access;
use platform::error::Failure;

use crate::command::Refused;
use crate::query::QueryError;

pub(crate) fn refused(Refused { refusal, replayed }: Refused) -> LedgerError {
    LedgerError::Refused { refusal, replayed }
}

/// What a caller may not do at all; foreign objects have been answered as unknown before.
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
