//! Who may ask what: each operation of the document is of a class, and each class is tried by those who must not. One that is
//! new and not under `/v1` has no class, and fails until somebody gives it one here.

use serde_json::Value;

use crate::end_to_end::document::Operation;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Under `/v1`, behind the token.
    Api,
    /// The same for everybody, and nobody's secret.
    Metadata,
    /// A program proves who it is.
    Client,
    /// Whoever brings a person's token.
    Bearer,
    /// A person's browser: what it gets depends on its session.
    Browser,
}

impl Class {
    #[track_caller]
    pub(crate) fn of(operation: &Operation) -> Class {
        match operation.name.as_str() {
            _ if operation.path.starts_with("/v1/") => Class::Api,
            "openid_configuration" | "oauth_authorization_server" | "jwks" => Class::Metadata,
            "token" | "introspect" | "revoke" => Class::Client,
            "user_info" | "user_info_by_post" => Class::Bearer,
            "authorize" | "authorize_by_form" | "end_session" | "end_session_by_form" => Class::Browser,
            name => panic!("{name} at {}: nobody has said who may ask it", operation.path),
        }
    }

    /// The names of the ways in which an operation of this class has whoever asks prove who they are; "" is none at all.
    pub(crate) fn ways(self) -> &'static [&'static str] {
        match self {
            Class::Api => &["oauth", "bearer"],
            Class::Metadata => &[""],
            Class::Client => &["client", ""],
            Class::Bearer => &["bearer"],
            Class::Browser => &["", "session"],
        }
    }
}

/// What the document says of one operation, where it says nothing for itself what it says of all.
pub(crate) fn documented_ways(document: &Value, operation: &Operation) -> Vec<String> {
    let ways = operation.body.get("security").unwrap_or(&document["security"]).as_array().unwrap();
    let name = |way: &Value| way.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    ways.iter().map(name).collect()
}
