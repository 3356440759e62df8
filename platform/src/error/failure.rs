//! What any service can fail with, whatever it is about. A service never writes these itself.

use serde::{Deserialize, Serialize};

use super::{Row, row};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Failure {
    /// To this caller it does not exist, whether it does or not.
    #[error("it does not exist, or belongs to somebody else")]
    NotFound,
    #[error("the caller may not do this")]
    Forbidden,
    #[error("a proof of identity with a second factor, not older than {seconds} s, is needed")]
    StepUpRequired { seconds: i64 },
    #[error("an Idempotency-Key is needed, so that a repeat is harmless")]
    IdempotencyMissing,
    #[error("the idempotency key was used for another command")]
    IdempotencyKeyTaken,
    #[error("the same command is under way; ask again for its outcome")]
    IdempotencyKeyBusy,
    /// What the reader has not seen yet was removed: it finds out otherwise what it missed, and goes on before `first`.
    #[error("events before cursor {first} were removed, and some of them were not read; go on after {}", first.saturating_sub(1))]
    EventsGone { first: u64 },
    /// Of another store, or of this one before it was put back to an earlier state.
    #[error("no event has that cursor yet: the last one is {end}")]
    CursorAhead { end: u64 },
    #[error("too much is waiting already; nothing happened")]
    Overloaded,
    #[error("it cannot be known now whether the access token still holds; nothing happened")]
    AccessStale,
    #[error("the deadline passed before the command was begun; nothing happened")]
    DeadlineExceeded,
    #[error("the command may have been carried out, and its outcome is unknown")]
    OutcomeUnknown,
    #[error("the machine's clock is behind the last commit; nothing happened")]
    ClockBehind,
    #[error("no space is left in the store; nothing happened")]
    StorageFull,
    #[error("the service cannot be reached, or cannot write now; nothing happened")]
    Unavailable,
    #[error("the service failed for an internal reason; nothing happened")]
    Internal,
}

const STEP_UP_REQUIRED: Row = row(
    401,
    "A fresh proof of identity is needed",
    "Log in again with a second factor: get a token with `acr_values=mfa` and `max_age` as the header says.",
);

impl Failure {
    pub fn code(self) -> &'static str {
        self.into()
    }

    pub fn row(self) -> Row {
        match self {
            Failure::NotFound => row(404, "Not found", "It does not exist, or it belongs to somebody else."),
            Failure::Forbidden => row(403, "Not permitted", "A permission for this is missing."),
            Failure::StepUpRequired { .. } => STEP_UP_REQUIRED,
            Failure::IdempotencyMissing => row(
                400,
                "Idempotency key is missing",
                "The request has no Idempotency-Key, so a repeat would act twice.",
            ),
            Failure::IdempotencyKeyTaken => row(
                422,
                "Idempotency key belongs to another command",
                "The Idempotency-Key was sent with another command before.",
            ),
            Failure::IdempotencyKeyBusy => row(
                409,
                "The same command is under way",
                "The first request with this Idempotency-Key has not been answered yet. Send the same again.",
            ),
            Failure::EventsGone { .. } => row(
                410,
                "These events were removed",
                "Events are kept for some days, and unread ones are gone. Read the current state, and go on after the event before `first`.",
            ),
            Failure::CursorAhead { .. } => row(
                400,
                "The cursor is ahead of the last event",
                "No event has that cursor: it comes from another store, or this one was put back to an earlier state. `end` is the last one.",
            ),
            Failure::Overloaded => {
                row(503, "Overloaded", "Too much is waiting. Nothing happened; send the same again.")
            }
            Failure::AccessStale => row(
                503,
                "Access cannot be checked now",
                "This process has not heard of revoked tokens for too long. Nothing happened; send the same again.",
            ),
            Failure::DeadlineExceeded => row(
                504,
                "Deadline exceeded",
                "The time was over before it began. Nothing happened; send the same again.",
            ),
            Failure::OutcomeUnknown => row(
                504,
                "Outcome unknown",
                "The time was over while it was under way. Send the same again with the same id or key, or read what is there.",
            ),
            Failure::ClockBehind => {
                row(503, "Clock is behind", "The server's clock was put back; writing waits until it has caught up.")
            }
            Failure::StorageFull => row(507, "Storage is full", "No space is left to write to. Nothing happened."),
            Failure::Unavailable => {
                row(503, "Unavailable", "The service or its store cannot be reached just now. Nothing happened.")
            }
            Failure::Internal => {
                row(500, "Internal error", "A fault of ours; the log has its cause under the request id.")
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

    /// Whether it tells of this attempt only. After an attempt without an answer such a word proves nothing about the command.
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

    /// Seconds after which it is worth trying again.
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
