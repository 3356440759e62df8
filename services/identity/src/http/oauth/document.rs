//! Finishes the description of the endpoints: which refusal each of them answers, in the words of the standards.
//!
//! Invariant: an endpoint without a row here, and a refusal that no endpoint answers, fail a test.

use std::collections::BTreeMap;

use identity_api::{IdentityError, OAuthError};
use platform::error::Failure;
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
    "How programs get tokens, for people and for themselves: OAuth 2.1 and OpenID Connect. These addresses have no prefix, take \
     forms, and refuse in the words of their standards: `error` and `error_description`.",
);

/// What each endpoint can answer beside [`ALWAYS`]. Those that show pages to people are not among them.
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

/// Of our own trouble.
const ALWAYS: [(IdentityError, &str); 2] = [
    (IdentityError::Failed(Failure::Unavailable), "Not now. Try again after the seconds in `Retry-After`."),
    (IdentityError::Failed(Failure::Internal), "A fault of ours; the log has its cause under the request id."),
];

pub(super) fn finished(mut api: OpenApi) -> OpenApi {
    for item in api.paths.paths.values_mut() {
        [&mut item.get, &mut item.post].into_iter().flatten().for_each(refuse);
    }
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
        400 => "The request is not right; nothing happened",
        401 => "It is not proved who asks; the header `WWW-Authenticate` says how",
        403 => "The token is not for this",
        503 => "Not now; try again after the seconds in `Retry-After`",
        _ => "Refused",
    }
}

/// What is told, and when. Complete, so that a new word does not compile without it.
fn said(error: OAuthError) -> (&'static str, &'static str) {
    match error {
        OAuthError::InvalidRequest => (
            "the parameter token is missing",
            "It is no form, a parameter is missing or given twice, or the client says twice who it is.",
        ),
        OAuthError::InvalidClient => (
            "the client could not be authenticated",
            "The client is unknown, disabled, or does not prove who it is: one answer for all.",
        ),
        OAuthError::InvalidGrant => (
            "the grant is not valid, or no longer",
            "The code or token is unknown, used, too old, of another client or of what has ended: one answer for all.",
        ),
        OAuthError::UnauthorizedClient => {
            ("this client acts for people and not for itself", "A client of this kind gets no tokens in this way.")
        }
        OAuthError::UnsupportedGrantType => ("this grant is not offered here", "`grant_type` is none of the three."),
        OAuthError::InvalidScope => {
            ("the client may not have this scope", "The client may not have a scope that it asks for.")
        }
        OAuthError::InvalidToken => {
            ("the token is not valid, or no longer", "The token is not believed, or no longer.")
        }
        OAuthError::InsufficientScope => (
            "the token is not for this; ask for openid",
            "The token is a program's own, or was asked for without `openid`.",
        ),
        OAuthError::UnsupportedResponseType
        | OAuthError::AccessDenied
        | OAuthError::LoginRequired
        | OAuthError::ConsentRequired
        | OAuthError::RequestNotSupported
        | OAuthError::RequestUriNotSupported => ("see the page", "In the address that the browser comes back to."),
        OAuthError::UnsupportedTokenType | OAuthError::TemporarilyUnavailable => ("not now", "Not now."),
    }
}

#[cfg(test)]
mod tests;
