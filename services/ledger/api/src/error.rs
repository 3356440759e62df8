//! Why a call to the ledger had no answer: a refusal by name, or a part of the house that could not do its work.

use serde::{Deserialize, Serialize};

use crate::Refusal;
use crate::refusal::{Facts, facts};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum LedgerError {
    #[error("{refusal}")]
    Refused {
        refusal: Refusal,
        /// The same command had been refused before; this is its first answer.
        replayed: bool,
    },
    #[error("the principal may not do this")]
    Forbidden,
    #[error("too much is waiting already; try again with the same id or key")]
    Overloaded,
    #[error("whether the access token still holds cannot be known now; nothing happened")]
    AccessStale,
    #[error("the deadline passed before the command was begun; nothing happened")]
    DeadlineExceeded,
    #[error("the deadline passed while the command was under way; look it up by its id or key")]
    OutcomeUnknown,
    #[error("the machine's clock stands behind the last commit; nothing happened")]
    ClockBehind,
    #[error("no space is left for the ledger; nothing happened")]
    StorageFull,
    #[error("the ledger cannot be reached or written now; nothing happened")]
    Unavailable,
    #[error("the ledger failed for an internal reason; nothing happened")]
    Internal,
}

impl From<Refusal> for LedgerError {
    fn from(refusal: Refusal) -> LedgerError {
        LedgerError::Refused { refusal, replayed: false }
    }
}

impl LedgerError {
    pub fn code(&self) -> &'static str {
        self.facts().code
    }

    pub fn status(&self) -> u16 {
        self.facts().status
    }

    pub fn title(&self) -> &'static str {
        self.facts().title
    }

    fn facts(&self) -> Facts {
        match self {
            LedgerError::Refused { refusal, .. } => refusal.facts(),
            LedgerError::Forbidden => facts("forbidden", 403, "Not permitted"),
            LedgerError::Overloaded => facts("overloaded", 503, "Overloaded"),
            LedgerError::AccessStale => {
                facts("access_stale", 503, "Whether the access token still holds cannot be known now")
            }
            LedgerError::DeadlineExceeded => facts("deadline_exceeded", 504, "Deadline exceeded"),
            LedgerError::OutcomeUnknown => facts("outcome_unknown", 504, "Outcome unknown"),
            LedgerError::ClockBehind => facts("clock_behind", 503, "Clock stands behind"),
            LedgerError::StorageFull => facts("storage_full", 507, "Storage is full"),
            LedgerError::Unavailable => facts("unavailable", 503, "Unavailable"),
            LedgerError::Internal => facts("internal", 500, "Internal error"),
        }
    }
}
