//! What is refused whatever the command is about: by a process in trouble, and for its form by the HTTP kit.

use ledger_api::LedgerError;
use platform::http::document::{Sample, of_form};
use platform::http::{Problem, refusals as kit};

pub(super) fn failures() -> Vec<(LedgerError, &'static str)> {
    vec![
        (LedgerError::Forbidden, "You lack the right for this."),
        (LedgerError::Overloaded, "Too much is waiting. Send the same again, with the same id or key."),
        (LedgerError::AccessStale, "A process has not heard of revoked tokens for too long. Send the same again."),
        (LedgerError::DeadlineExceeded, "The time was over before it began. Nothing happened; send the same again."),
        (
            LedgerError::OutcomeUnknown,
            "The time was over while it was under way. Ask by id or key, or send the same again: it is never done twice.",
        ),
        (LedgerError::ClockBehind, "The server's clock was put back; writing waits until it has caught up."),
        (LedgerError::StorageFull, "No space is left to write to. Nothing happened."),
        (LedgerError::Unavailable, "The store cannot be reached or written just now. Nothing happened."),
        (LedgerError::Internal, "A fault of ours; the log has its cause under the request id."),
    ]
}

/// What the HTTP kit refuses before the ledger is asked.
pub(super) fn general_form() -> Vec<Sample> {
    let number = "invalid type: floating point `10.0`, expected a string";
    let own = [
        (
            Problem::field("postings[0].amount.amount", number),
            "A field is missing, unknown or has the wrong form; `errors` names it.",
        ),
        (kit::UNAUTHENTICATED.into(), "The caller is not known."),
        (
            kit::DEADLINE_PASSED.into(),
            "The answer took too long. Ask by id or key, or send the same again: it is never done twice.",
        ),
    ];
    let own = own.map(|(problem, when)| Sample { problem, when });
    of_form().into_iter().chain(own).collect()
}
