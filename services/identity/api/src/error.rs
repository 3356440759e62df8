//! Why a call to identity had no answer: a refusal by name, or a part of the house that could not do its work.

use platform::rpc::{CallError, Outcome};
use serde::{Deserialize, Serialize};

use crate::Refusal;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum IdentityError {
    #[error("{0}")]
    Refused(Refusal),
    #[error("the principal may not do this")]
    Forbidden,
    #[error("a proof of who this is, with a second factor and not older than {seconds} s, is wanted")]
    StepUp { seconds: i64 },
    #[error("too much is waiting already; nothing happened")]
    Overloaded,
    #[error("whether the access token still holds cannot be known now; nothing happened")]
    AccessStale,
    #[error("the deadline passed before the command was begun; nothing happened")]
    DeadlineExceeded,
    #[error("the deadline passed while the command was under way")]
    OutcomeUnknown,
    #[error("no space is left for identity's store; nothing happened")]
    StorageFull,
    #[error("identity cannot be reached now; nothing happened")]
    Unavailable,
    #[error("identity failed for an internal reason; nothing happened")]
    Internal,
}

impl From<Refusal> for IdentityError {
    fn from(refusal: Refusal) -> IdentityError {
        IdentityError::Refused(refusal)
    }
}

impl From<CallError> for IdentityError {
    fn from(error: CallError) -> IdentityError {
        match error {
            CallError::Unavailable => IdentityError::Unavailable,
            CallError::Overloaded => IdentityError::Overloaded,
            CallError::AccessStale => IdentityError::AccessStale,
            CallError::DeadlineExceeded => IdentityError::DeadlineExceeded,
            CallError::OutcomeUnknown => IdentityError::OutcomeUnknown,
            CallError::NotUnderstood => IdentityError::Internal,
        }
    }
}

impl Outcome for IdentityError {
    fn is_of_this_attempt(&self) -> bool {
        matches!(
            self,
            IdentityError::Overloaded
                | IdentityError::AccessStale
                | IdentityError::DeadlineExceeded
                | IdentityError::StorageFull
                | IdentityError::Unavailable
                | IdentityError::Internal
        )
    }

    fn is_worth_repeating(&self) -> bool {
        matches!(self, IdentityError::Unavailable)
    }
}

impl IdentityError {
    /// Stable and snake_case; programs act on it.
    pub fn code(&self) -> &'static str {
        self.facts().0
    }

    /// The HTTP status that says about the same.
    pub fn status(&self) -> u16 {
        self.facts().1
    }

    pub fn title(&self) -> &'static str {
        self.facts().2
    }

    fn facts(&self) -> (&'static str, u16, &'static str) {
        match self {
            IdentityError::Refused(refusal) => refusal.facts(),
            IdentityError::Forbidden => ("forbidden", 403, "Not permitted"),
            IdentityError::StepUp { .. } => ("step_up_required", 401, "A fresh proof of who you are is wanted"),
            IdentityError::Overloaded => ("overloaded", 503, "Overloaded"),
            IdentityError::AccessStale => {
                ("access_stale", 503, "Whether the access token still holds cannot be known now")
            }
            IdentityError::DeadlineExceeded => ("deadline_exceeded", 504, "Deadline exceeded"),
            IdentityError::OutcomeUnknown => ("outcome_unknown", 504, "Outcome unknown"),
            IdentityError::StorageFull => ("storage_full", 507, "Storage is full"),
            IdentityError::Unavailable => ("unavailable", 503, "Unavailable"),
            IdentityError::Internal => ("internal", 500, "Internal error"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_says_of_its_copy_keeps_its_name() {
        let stale = IdentityError::from(CallError::AccessStale);
        assert_eq!((stale.code(), stale.status()), ("access_stale", 503));
        assert!(stale.is_of_this_attempt());
    }
}
