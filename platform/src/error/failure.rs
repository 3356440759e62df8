//! The failures that any service can have. A service never defines these itself.

use serde::{Deserialize, Serialize};

use super::{Row, row};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Failure {
    /// For this caller it does not exist, whether it really does or not.
    #[error("it does not exist, or is not yours")]
    NotFound,
    #[error("the caller may not do this")]
    Forbidden,
    #[error("authentication with a second factor in the last {seconds} s is needed")]
    StepUpRequired { seconds: i64 },
    #[error("an Idempotency-Key is needed, so that a repeat does nothing twice")]
    IdempotencyMissing,
    #[error("the idempotency key was already used with a different command")]
    IdempotencyKeyTaken,
    #[error("the same command is still running; retry to get its outcome")]
    IdempotencyKeyBusy,
    /// Some events were removed before the reader saw them: it must read the current state, then continue before
    /// `first`.
    #[error("events before cursor {first} were removed, and some of them were not read; continue after {}", first.saturating_sub(1))]
    EventsGone { first: u64 },
    /// The cursor is from another store, or from this one before it was restored to an earlier state.
    #[error("no event has that cursor yet: the last one is {end}")]
    CursorAhead { end: u64 },
    #[error("too many requests are waiting; nothing happened")]
    Overloaded,
    #[error("whether the access token is revoked cannot be checked now; nothing happened")]
    AccessStale,
    #[error("the deadline passed before the command started; nothing happened")]
    DeadlineExceeded,
    #[error("the command may have been executed; its outcome is unknown")]
    OutcomeUnknown,
    #[error("the machine's clock is behind the last commit; nothing happened")]
    ClockBehind,
    #[error("the store is full; nothing happened")]
    StorageFull,
    #[error("the service cannot be reached or cannot write; nothing happened")]
    Unavailable,
    #[error("the service had an internal error; nothing happened")]
    Internal,
}

const OUTCOME_UNKNOWN: Row = row(
    504,
    "Outcome unknown",
    "The deadline passed while the command was running. Send the same request again with the same id or key, or look up the outcome.",
);

const STEP_UP_REQUIRED: Row = row(
    401,
    "Recent authentication is needed",
    "Log in again with a second factor: get a token with `acr_values=mfa` and `max_age` from the `WWW-Authenticate` header.",
);

impl Failure {
    pub fn code(self) -> &'static str {
        self.into()
    }

    pub fn row(self) -> Row {
        match self {
            Failure::NotFound => row(404, "Not found", "It does not exist, or is not yours."),
            Failure::Forbidden => row(403, "Not permitted", "A permission for this is missing."),
            Failure::StepUpRequired { .. } => STEP_UP_REQUIRED,
            Failure::IdempotencyMissing => row(
                400,
                "Idempotency key is missing",
                "The request has no Idempotency-Key, so a repeat would act twice.",
            ),
            Failure::IdempotencyKeyTaken => row(
                422,
                "Idempotency key belongs to a different command",
                "The Idempotency-Key was already used with a different command.",
            ),
            Failure::IdempotencyKeyBusy => row(
                409,
                "The same command is still running",
                "The first request with this Idempotency-Key has not finished. Send the same request again.",
            ),
            Failure::EventsGone { .. } => row(
                410,
                "Events were removed",
                "Events are kept for a few days, and some that you have not read are gone. Read the current state, then continue before `first`.",
            ),
            Failure::CursorAhead { .. } => row(
                400,
                "Cursor is past the last event",
                "No event has that cursor: it is from another store, or this one was restored to an earlier state. `end` is the last cursor.",
            ),
            Failure::Overloaded => {
                row(503, "Overloaded", "Too many requests are waiting. Nothing happened; send the same request again.")
            }
            Failure::AccessStale => row(
                503,
                "Access cannot be checked",
                "This process has had no news of revoked tokens for too long. Nothing happened; send the same request again.",
            ),
            Failure::DeadlineExceeded => row(
                504,
                "Deadline exceeded",
                "The deadline passed before the command started. Nothing happened; send the same request again.",
            ),
            Failure::OutcomeUnknown => OUTCOME_UNKNOWN,
            Failure::ClockBehind => row(
                503,
                "Clock is behind",
                "The server's clock went back; writing resumes when it has caught up. Nothing happened.",
            ),
            Failure::StorageFull => row(507, "Storage is full", "The store has no space left. Nothing happened."),
            Failure::Unavailable => {
                row(503, "Unavailable", "The service or its store cannot be reached. Nothing happened.")
            }
            Failure::Internal => {
                row(500, "Internal error", "A fault on our side; the log has the cause under the request id.")
            }
        }
    }

    /// One of each.
    pub fn all() -> &'static [Failure] {
        &[
            Failure::NotFound,
            Failure::Forbidden,
            Failure::StepUpRequired { seconds: 300 },
            Failure::IdempotencyMissing,
            Failure::IdempotencyKeyTaken,
            Failure::IdempotencyKeyBusy,
            Failure::EventsGone { first: 4_711 },
            Failure::CursorAhead { end: 4_710 },
            Failure::Overloaded,
            Failure::AccessStale,
            Failure::DeadlineExceeded,
            Failure::OutcomeUnknown,
            Failure::ClockBehind,
            Failure::StorageFull,
            Failure::Unavailable,
            Failure::Internal,
        ]
    }

    /// Whether it is about this attempt only. After an attempt without an answer, such a failure says nothing about
    /// whether the command happened.
    pub fn is_of_this_attempt(self) -> bool {
        matches!(
            self,
            Failure::Overloaded
                | Failure::AccessStale
                | Failure::DeadlineExceeded
                | Failure::ClockBehind
                | Failure::StorageFull
                | Failure::Unavailable
                | Failure::Internal
        )
    }

    /// Seconds after which to retry.
    pub fn retry_after_s(self) -> Option<u32> {
        let later = matches!(
            self,
            Failure::IdempotencyKeyBusy
                | Failure::Overloaded
                | Failure::AccessStale
                | Failure::DeadlineExceeded
                | Failure::OutcomeUnknown
                | Failure::ClockBehind
                | Failure::Unavailable
        );
        later.then_some(1)
    }
}
