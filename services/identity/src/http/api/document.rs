//! Identity's part of the OpenAPI document: what the tags mean, and what the refusals are.

use identity_api::Refusal;
use platform::error;
use platform::http::document::Part;
use utoipa::openapi::OpenApi;

use super::operations::OPERATIONS;

pub(crate) const TAGS: [(&str, &str); 6] = [
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

pub(super) fn part() -> Part<'static> {
    Part {
        room: identity_api::SERVICE,
        tags: &TAGS,
        samples: error::samples::<Refusal>(),
        operations: OPERATIONS,
        story: "{}",
    }
}

pub(super) fn finished(api: OpenApi) -> OpenApi {
    part().finish(api)
}
