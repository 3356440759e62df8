//! Identity's part of the OpenAPI document: what the tags mean, and what the refusals are.

use platform::http::document::Part;
use utoipa::openapi::OpenApi;

use super::refusals;

const TAGS: [(&str, &str); 6] = [
    (
        "People",
        "Who has an account, and which roles they hold. The same routes answer under /v1/users and /api/v1/users, where \
         older guides call them.",
    ),
    ("Clients", "Programs that get tokens, for themselves or for people."),
    ("Keys", "What tokens are signed with."),
    ("Roles", "Names for what people and programs may do: `resource:action:scope`."),
    ("Policies", "Rules in the Cedar language that narrow what roles grant, such as office hours."),
    ("Identity events", "Logins and changes, in order, for whoever has to know."),
];

pub(super) fn finished(api: OpenApi) -> OpenApi {
    let part = Part {
        tags: &TAGS,
        samples: refusals::all(),
        general: refusals::GENERAL,
        operations: refusals::OPERATIONS,
        meaning,
    };
    part.finish(api)
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request has the wrong form; nothing happened",
        401 => "Who you are is not known, or not proved lately enough",
        403 => "You may not do this",
        404 => "It does not exist",
        409 => "As things stand, this cannot be done; nothing happened",
        503 => "Not now; nothing happened, try again after the seconds in Retry-After",
        504 => "The time was over",
        507 => "No space is left",
        _ => "Refused",
    }
}
