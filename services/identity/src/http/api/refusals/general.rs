//! What the HTTP kit refuses before identity is asked.

use platform::http::document::{Sample, of_form};
use platform::http::refusals as kit;

pub(super) fn general_form() -> Vec<Sample> {
    let own = [
        (kit::LIMIT_TOO_LARGE, "limit is above 500."),
        (kit::UNAUTHENTICATED, "There is no token, or it is not believed."),
        (kit::DEADLINE_PASSED, "The answer took too long. Read how things stand before you send it again."),
    ];
    let own = own.map(|(kind, when)| Sample { problem: kind.into(), when });
    of_form().into_iter().chain(own).collect()
}
