//! What callers are told when a part of the house could not do its work, and what the log is told instead.

use ledger_api::LedgerError;
use platform::access;
use platform::db::DbError;
use platform::lane::LaneError;

use crate::command::Refused;
use crate::query;

pub(crate) fn refused(Refused { refusal, replayed }: Refused) -> LedgerError {
    LedgerError::Refused { refusal, replayed }
}

/// What a caller may not do at all; foreign objects have been answered as unknown before.
pub(crate) fn forbidden(_: access::Denied) -> LedgerError {
    LedgerError::Forbidden
}

pub(super) fn lane_error(error: LaneError) -> LedgerError {
    match error {
        LaneError::Overloaded => LedgerError::Overloaded,
        LaneError::DeadlineExceeded => LedgerError::DeadlineExceeded,
        LaneError::OutcomeUnknown => LedgerError::OutcomeUnknown,
        LaneError::ClockBehind => LedgerError::ClockBehind,
        LaneError::StorageFull => LedgerError::StorageFull,
        LaneError::Unavailable | LaneError::NotWriter => LedgerError::Unavailable,
        LaneError::Internal => LedgerError::Internal,
    }
}

/// A question that the store could not answer: logged once, here.
pub(crate) fn store_error(error: DbError) -> LedgerError {
    use platform::db::Fault;
    tracing::error!(%error, cause = ?error.source, "a question to the ledger's store failed");
    match error.fault {
        Fault::Corrupt | Fault::Statement | Fault::Constraint | Fault::Newer | Fault::Older => LedgerError::Internal,
        _ => LedgerError::Unavailable,
    }
}

pub(crate) fn query_error(error: query::QueryError) -> LedgerError {
    match error {
        query::QueryError::Refused(refusal) => refusal.into(),
        query::QueryError::Store(error) => store_error(error),
    }
}

/// A change beside the lane: where the connection is lost in its commit, it may have happened.
pub(crate) fn change_error(error: query::QueryError) -> LedgerError {
    use platform::db::Fault;
    match error {
        query::QueryError::Store(error) if matches!(error.fault, Fault::ConnectionLost | Fault::Io) => {
            tracing::error!(%error, cause = ?error.source, "the outcome of a change is unknown");
            LedgerError::OutcomeUnknown
        }
        error => query_error(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_lane_says_keeps_its_name() {
        for (said, answered) in [
            (LaneError::Overloaded, "overloaded"),
            (LaneError::DeadlineExceeded, "deadline_exceeded"),
            (LaneError::OutcomeUnknown, "outcome_unknown"),
            (LaneError::ClockBehind, "clock_behind"),
            (LaneError::StorageFull, "storage_full"),
            (LaneError::Unavailable, "unavailable"),
            (LaneError::NotWriter, "unavailable"),
            (LaneError::Internal, "internal"),
        ] {
            let error = lane_error(said);
            assert_eq!(error.code(), answered);
            assert!((500..=507).contains(&error.status()), "{error}");
        }
    }
}
