//! How a remote call can fail in transit, in terms that every service's errors have.

use crate::deadline::Late;

/// Why a remote call has no reply from the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    #[error("the service cannot be reached; nothing happened")]
    Unavailable,
    #[error("too many calls are waiting for the service; nothing happened")]
    Overloaded,
    #[error("cannot tell now whether the access token is still valid; nothing happened")]
    AccessStale,
    #[error("the deadline passed before the call was sent; nothing happened")]
    DeadlineExceeded,
    #[error("the call was sent and not answered; it may have been executed")]
    OutcomeUnknown,
    #[error("caller and service do not understand each other; nothing happened")]
    NotUnderstood,
}

impl From<Late> for CallError {
    fn from(late: Late) -> CallError {
        match late {
            Late::NothingHappened => CallError::DeadlineExceeded,
            Late::OutcomeUnknown => CallError::OutcomeUnknown,
        }
    }
}

/// A domain's error, as the remote half of its trait returns it.
pub trait Outcome: From<CallError> {
    /// Whether it only describes this attempt ("unavailable, nothing happened"). After an attempt without a reply it
    /// proves nothing about the command.
    fn is_of_this_attempt(&self) -> bool;

    /// Whether nothing happened and another process of the service, or this one a moment later, may do better.
    fn is_worth_repeating(&self) -> bool {
        false
    }
}
