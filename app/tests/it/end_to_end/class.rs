//! Who may call what: each operation of the document belongs to a class, and each class is tested with callers who must
//! be refused. A new operation outside `/v1` has no class, and fails until it is given one here.

use serde_json::Value;

use crate::end_to_end::document::Operation;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Under `/v1`; needs a token.
    Api,
    /// The same for everyone, and public.
    Metadata,
    /// A client authenticates itself.
    Client,
    /// Needs a user's token.
    Bearer,
    /// A user's browser: the answer depends on its session.
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
            name => panic!("{name} at {}: expected a class, found none", operation.path),
        }
    }

    /// The security schemes that callers of an operation of this class must use; "" is none at all.
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

/// The security of one operation in the document, or the document's default if it has none of its own.
pub(crate) fn documented_ways(document: &Value, operation: &Operation) -> Vec<String> {
    let ways = operation.body.get("security").unwrap_or(&document["security"]).as_array().unwrap();
    let name = |way: &Value| way.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    ways.iter().map(name).collect()
}
