//! Identity's part of the OpenAPI document: its tags and refusals.

use identity_api::Refusal;
use platform::error;
use platform::http::document::Part;
use utoipa::openapi::OpenApi;

use super::operations::OPERATIONS;

pub(crate) const TAGS: [(&str, &str); 5] = [
    (
        "People",
        "The people with an account, and their roles. The same routes answer under /v1/users and /api/v1/users, where \
         older guides call them.",
    ),
    ("Clients", "Programs that get tokens, for themselves or for users."),
    ("Keys", "Keys that sign tokens."),
    ("Roles", "Sets of permissions for users and clients: `resource:action:scope`."),
    ("Policies", "Rules in the Cedar language that narrow what roles grant, such as office hours."),
];

pub(super) fn part() -> Part<'static> {
    Part {
        room: identity_api::SERVICE,
        tags: &TAGS,
        samples: error::samples::<Refusal>(),
        operations: OPERATIONS,
        story: super::super::STORY,
    }
}

pub(super) fn finished(api: OpenApi) -> OpenApi {
    part().finish(api)
}
