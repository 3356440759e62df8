//! The refusals of the HTTP kit, made before a service is called.

use super::Sample;
use crate::http::Problem;
use crate::http::problem::refusals as kit;

pub(super) fn samples() -> Vec<Sample> {
    let number = "invalid type: floating point `10.0`, expected a string";
    let limited = kit::RATE_LIMITED.because("at most 1000 requests a minute for one client; try again in 12 s");
    let limited = limited.member("limit", 1_000).member("window", "minute").member("class", "default");
    let all: [(Problem, &str); 20] = [
        (Problem::field("amount.amount", number), "A field is missing, unknown or malformed; `errors` names it."),
        (kit::LIMIT_TOO_LARGE.into(), "`limit` is above the maximum page size."),
        (kit::PAGE_SIZE.into(), "`limit` is not between 1 and 1,000."),
        (kit::CURSOR_INVALID.into(), "The cursor was changed, or is from another list."),
        (kit::BAD_UTF8.into(), "The body, the path or the query is not UTF-8."),
        (kit::NUL_CHARACTER.into(), "The body, the path or the query contains U+0000."),
        (kit::JSON_MALFORMED.into(), "The body is not JSON; `detail` says where."),
        (kit::JSON_TOO_DEEP.into(), "The body nests deeper than 16 levels."),
        (kit::BODY_MISSING.into(), "The request needs a body."),
        (kit::BODY_UNREADABLE.into(), "The body was cut off."),
        (kit::BODY_TOO_LARGE.into(), "The body is larger than 1 MiB."),
        (
            kit::CONTENT_TYPE_WRONG.into(),
            "The header `Content-Type: application/json` is missing; POST and PUT need it.",
        ),
        (kit::IDEMPOTENCY_KEY_INVALID.into(), "The Idempotency-Key is not 1 to 128 visible ASCII characters."),
        (kit::DEADLINE_INVALID.into(), "X-Deadline-Ms, which shortens the wait, is not a number above 0."),
        (kit::UNAUTHENTICATED.into(), "There is no token, or it is not valid."),
        (kit::ROUTE_UNKNOWN.into(), "There is no route with this path."),
        (
            kit::METHOD_NOT_ALLOWED.into(),
            "The path does not support this method; the `Allow` header lists those that it does.",
        ),
        (kit::HOST_UNKNOWN.into(), "The Host header names a different server."),
        (
            limited,
            "Where limits are on: the client, the person or the address has sent too many. `Retry-After` says when to try again.",
        ),
        (
            kit::DEADLINE_PASSED.into(),
            "The answer took too long. Send the same request again with the same id or key, or look up the outcome.",
        ),
    ];
    all.into_iter().map(|(problem, when)| Sample { problem, when }).collect()
}
