//! Errors of stores, lanes, access checks and calls to other processes, converted to the failures of every service. The
//! cause is logged here, once.

use crate::access::{Denied, ProofTooOld};
use crate::db::{CommitError, DbError, Fault, WriteError};
use crate::deadline::Late;
use crate::lane::LaneError;
use crate::rpc::{CallError, Outcome};

use super::{Failure, Refusal, ServiceError};

impl<R: Refusal> From<R> for ServiceError<R> {
    fn from(refusal: R) -> ServiceError<R> {
        ServiceError::Refused { refusal, replayed: false }
    }
}

impl<R> From<Failure> for ServiceError<R> {
    fn from(failure: Failure) -> ServiceError<R> {
        ServiceError::Failed(failure)
    }
}

/// For a query, or a change before its commit: nothing happened.
impl From<DbError> for Failure {
    fn from(error: DbError) -> Failure {
        if error.fault == Fault::Late {
            tracing::warn!(%error, "gave up waiting for a store");
            return Failure::DeadlineExceeded;
        }
        tracing::error!(%error, cause = ?error.source, "a store failed");
        match error.fault {
            Fault::Corrupt | Fault::Statement | Fault::Constraint | Fault::Newer | Fault::Older => Failure::Internal,
            Fault::Full => Failure::StorageFull,
            _ => Failure::Unavailable,
        }
    }
}

/// For a commit: if its reply was lost, it may have happened.
impl From<CommitError> for Failure {
    fn from(CommitError(error): CommitError) -> Failure {
        if error.leaves_a_commit_unknown() {
            tracing::error!(%error, cause = ?error.source, "the outcome of a commit is unknown");
            return Failure::OutcomeUnknown;
        }
        error.into()
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Failure {
        match error {
            WriteError::Work(error) => error.into(),
            WriteError::Commit(error) => error.into(),
        }
    }
}

impl From<LaneError> for Failure {
    fn from(error: LaneError) -> Failure {
        match error {
            LaneError::Overloaded => Failure::Overloaded,
            LaneError::DeadlineExceeded => Failure::DeadlineExceeded,
            LaneError::OutcomeUnknown => Failure::OutcomeUnknown,
            LaneError::ClockBehind => Failure::ClockBehind,
            LaneError::StorageFull => Failure::StorageFull,
            LaneError::Unavailable | LaneError::NotWriter => Failure::Unavailable,
            LaneError::Internal => Failure::Internal,
        }
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Failure {
        match denied {
            Denied::NotFound => Failure::NotFound,
            Denied::Forbidden => Failure::Forbidden,
        }
    }
}

impl From<ProofTooOld> for Failure {
    fn from(ProofTooOld { seconds }: ProofTooOld) -> Failure {
        Failure::StepUpRequired { seconds }
    }
}

impl From<Late> for Failure {
    fn from(late: Late) -> Failure {
        match late {
            Late::NothingHappened => Failure::DeadlineExceeded,
            Late::OutcomeUnknown => Failure::OutcomeUnknown,
        }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Failure {
        match error {
            CallError::Unavailable => Failure::Unavailable,
            CallError::Overloaded => Failure::Overloaded,
            CallError::AccessStale => Failure::AccessStale,
            CallError::DeadlineExceeded => Failure::DeadlineExceeded,
            CallError::OutcomeUnknown => Failure::OutcomeUnknown,
            CallError::NotUnderstood => Failure::Internal,
        }
    }
}

/// `?` turns any of these into a service's error.
macro_rules! by_failure {
    ($($error:ty),*) => {
        $(impl<R> From<$error> for ServiceError<R> {
            fn from(error: $error) -> ServiceError<R> {
                ServiceError::Failed(error.into())
            }
        })*
    };
}

by_failure!(DbError, CommitError, WriteError, LaneError, Denied, ProofTooOld, CallError, Late);

impl<R: Refusal> Outcome for ServiceError<R> {
    fn is_of_this_attempt(&self) -> bool {
        self.failure().is_some_and(Failure::is_of_this_attempt)
    }

    fn is_worth_repeating(&self) -> bool {
        self.failure() == Some(Failure::Unavailable)
    }
}
