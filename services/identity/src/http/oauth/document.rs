//! Completes the description of the endpoints with the refusals of each, in the standards' terms.
//!
//! Invariant: an endpoint without a row here, and a refusal that no endpoint returns, fail a test.

use std::collections::BTreeMap;

use identity_api::{IdentityError, OAuthError};
use platform::error::Failure;
use platform::http::document::show_story;
use utoipa::PartialSchema;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, ContentBuilder, OpenApi, Ref, RefOr};

use super::answer::{Body, OAuthFailure};

const REFUSAL: &str = "OAuthRefusal";

const TAG: (&str, &str) = (
    "OAuth",
    "How clients get tokens, for users and for themselves: OAuth 2.1 and OpenID Connect. These addresses have no prefix, take \
     forms, and refuse as in their standards, with `error` and `error_description`.",
);

/// What each endpoint can return besides [`ALWAYS`]. Those that show pages to people are not included.
const OPERATIONS: [(&str, &[OAuthError]); 8] = [
    ("openid_configuration", &[]),
    ("oauth_authorization_server", &[]),
    ("jwks", &[]),
    (
        "token",
        &[
            OAuthError::InvalidRequest,
            OAuthError::InvalidClient,
            OAuthError::InvalidGrant,
            OAuthError::UnauthorizedClient,
            OAuthError::UnsupportedGrantType,
            OAuthError::InvalidScope,
        ],
    ),
    ("introspect", &[OAuthError::InvalidRequest, OAuthError::InvalidClient]),
    ("revoke", &[OAuthError::InvalidRequest, OAuthError::InvalidClient, OAuthError::InvalidGrant]),
    ("user_info", &[OAuthError::InvalidToken, OAuthError::InsufficientScope]),
    ("user_info_by_post", &[OAuthError::InvalidToken, OAuthError::InsufficientScope]),
];

/// Our own failures.
const ALWAYS: [(IdentityError, &str); 2] = [
    (IdentityError::Failed(Failure::Unavailable), "Not now. Try again after the seconds in `Retry-After`."),
    (IdentityError::Failed(Failure::Internal), "A fault on our side; the log has the cause under the request id."),
];

pub(super) fn finished(mut api: OpenApi) -> OpenApi {
    for item in api.paths.paths.values_mut() {
        [&mut item.get, &mut item.post].into_iter().flatten().for_each(refuse);
    }
    show_story(&mut api, crate::http::STORY);
    api.components.get_or_insert_with(Components::new).schemas.insert(REFUSAL.to_owned(), Body::schema());
    api.tags = Some(vec![TagBuilder::new().name(TAG.0).description(Some(TAG.1)).build()]);
    api
}

fn refuse(operation: &mut Operation) {
    let name = operation.operation_id.as_deref().unwrap_or_default();
    let Some((_, errors)) = OPERATIONS.iter().find(|(operation, _)| *operation == name) else { return };
    let own = errors.iter().map(|error| {
        let (description, when) = said(*error);
        (OAuthFailure::new(*error, description), when)
    });
    let ours = ALWAYS.into_iter().map(|(error, when)| (OAuthFailure::from(error), when));
    let mut by_status: BTreeMap<u16, Vec<(Body, &str)>> = BTreeMap::new();
    for (failure, when) in own.chain(ours) {
        by_status.entry(failure.status().as_u16()).or_default().push((failure.body(), when));
    }
    let responses = &mut operation.responses.responses;
    for (status, bodies) in by_status {
        responses.insert(status.to_string(), RefOr::T(response(status, bodies)));
    }
}

fn response(status: u16, bodies: Vec<(Body, &str)>) -> Response {
    let example = |(body, when): (Body, &str)| {
        let value = serde_json::to_value(&body).unwrap_or_default();
        (body.error(), ExampleBuilder::new().description(when).value(Some(value)).build())
    };
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(REFUSAL)))
        .examples_from_iter(bodies.into_iter().map(example))
        .build();
    ResponseBuilder::new().description(meaning(status)).content("application/json", content).build()
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request is invalid; nothing happened",
        401 => "The caller is not authenticated; the header `WWW-Authenticate` says how",
        403 => "The token does not allow this",
        503 => "Not now; try again after the seconds in `Retry-After`",
        _ => "Refused",
    }
}

/// The text, and when it occurs. An exhaustive match, so that a new error does not compile without it.
fn said(error: OAuthError) -> (&'static str, &'static str) {
    match error {
        OAuthError::InvalidRequest => (
            "the parameter token is missing",
            "The body is not a form, a parameter is missing or repeated, or the client authenticates twice.",
        ),
        OAuthError::InvalidClient => (
            "the client could not be authenticated",
            "The client is unknown, disabled, or not authenticated: one answer for all.",
        ),
        OAuthError::InvalidGrant => (
            "the grant is not valid, or no longer valid",
            "The code or token is unknown, used, expired, another client's, or its session has ended: one answer for all.",
        ),
        OAuthError::UnauthorizedClient => {
            ("this client acts for users, not for itself", "This kind of client cannot use this grant.")
        }
        OAuthError::UnsupportedGrantType => ("this grant is not offered here", "`grant_type` is none of the three."),
        OAuthError::InvalidScope => {
            ("the client may not have this scope", "The client requested a scope that it may not have.")
        }
        OAuthError::InvalidToken => {
            ("the token is not valid, or no longer valid", "The token is not valid, or no longer valid.")
        }
        OAuthError::InsufficientScope => {
            ("the token lacks the scope openid", "The token is a service's own, or was requested without `openid`.")
        }
        OAuthError::UnsupportedResponseType
        | OAuthError::AccessDenied
        | OAuthError::LoginRequired
        | OAuthError::ConsentRequired
        | OAuthError::RequestNotSupported
        | OAuthError::RequestUriNotSupported => ("see the page", "In the redirect's query."),
        OAuthError::UnsupportedTokenType | OAuthError::TemporarilyUnavailable => ("not now", "Not now."),
    }
}

#[cfg(test)]
mod tests;
