//! What is refused whatever the command is about: by a process in trouble, and for its form by the HTTP kit.

use ledger_api::LedgerError;
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
pub(super) fn general_form() -> Vec<(Problem, &'static str)> {
    let number = "invalid type: floating point `10.0`, expected a string";
    vec![
        (
            Problem::field("postings[0].amount.amount", number),
            "A field is missing, unknown or has the wrong form; `errors` names it.",
        ),
        (kit::CURSOR_INVALID.into(), "The cursor was changed, or belongs to another list."),
        (kit::BAD_UTF8.into(), "The body, the path or the query is not UTF-8."),
        (kit::NUL_CHARACTER.into(), "The body, the path or the query holds U+0000."),
        (kit::JSON_MALFORMED.into(), "The body is not JSON; `detail` says where."),
        (kit::JSON_TOO_DEEP.into(), "The body nests deeper than 16 levels."),
        (kit::BODY_MISSING.into(), "There is no body, and one is needed."),
        (kit::BODY_UNREADABLE.into(), "The body broke off."),
        (kit::BODY_TOO_LARGE.into(), "The body is larger than 1 MiB."),
        (
            kit::CONTENT_TYPE_WRONG.into(),
            "The header `Content-Type: application/json` is missing; it is wanted for every POST and PUT.",
        ),
        (kit::IDEMPOTENCY_KEY_INVALID.into(), "The Idempotency-Key is not 1 to 128 visible ASCII characters."),
        (
            kit::DEADLINE_INVALID.into(),
            "X-Deadline-Ms, with which a caller may shorten the wait, is not a number above 0.",
        ),
        (kit::UNAUTHENTICATED.into(), "The caller is not known."),
        (kit::ROUTE_UNKNOWN.into(), "No route has this path."),
        (
            kit::METHOD_NOT_ALLOWED.into(),
            "The path does not answer this method; the header `Allow` says which it answers.",
        ),
        (kit::HOST_UNKNOWN.into(), "The Host header names a server that this one is not."),
        (
            kit::DEADLINE_PASSED.into(),
            "The answer took too long. Ask by id or key, or send the same again: it is never done twice.",
        ),
    ]
}
