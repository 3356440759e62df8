//! Back to the client: its own URL with our reply and our issuer (RFC 9207), so that another server's reply cannot be
//! mistaken for ours.

use form_urlencoded::Serializer;
use identity_api::{AuthorizeReply, OAuthError};
use kernel::Secret;

/// Where replies to one request go. The client has registered the URL.
#[derive(Debug, Clone)]
pub(super) struct Back {
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
    pub(super) issuer: String,
}

impl Back {
    pub(super) fn code(&self, code: &Secret) -> AuthorizeReply {
        self.with(&[("code", code.expose())])
    }

    pub(super) fn error(&self, error: OAuthError, description: &str) -> AuthorizeReply {
        self.with(&[("error", error.code()), ("error_description", description)])
    }

    fn with(&self, answer: &[(&str, &str)]) -> AuthorizeReply {
        let mut pairs = answer.to_vec();
        if let Some(state) = &self.state {
            pairs.push(("state", state));
        }
        pairs.push(("iss", &self.issuer));
        AuthorizeReply::Redirect { to: Secret::new(with_query(&self.redirect_uri, &pairs)) }
    }
}

/// A registered URL has no fragment, and perhaps a query of its own.
pub(super) fn with_query(uri: &str, pairs: &[(&str, &str)]) -> String {
    if pairs.is_empty() {
        return uri.to_owned();
    }
    let query = Serializer::new(String::new()).extend_pairs(pairs).finish();
    let sign = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{sign}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_appended_to_the_redirect_uri() {
        let back = |uri: &str, state: Option<&str>| {
            let back = Back {
                redirect_uri: uri.to_owned(),
                state: state.map(str::to_owned),
                issuer: "https://id.example.com".to_owned(),
            };
            match back.code(&Secret::new("abc")) {
                AuthorizeReply::Redirect { to } => to.expose().to_owned(),
                other => panic!("{other:?}"),
            }
        };
        let iss = "iss=https%3A%2F%2Fid.example.com";
        assert_eq!(back("https://a.example/cb", None), format!("https://a.example/cb?code=abc&{iss}"));
        assert_eq!(
            back("https://a.example/cb?x=1", Some("a b&iss=evil")),
            format!("https://a.example/cb?x=1&code=abc&state=a+b%26iss%3Devil&{iss}")
        );
    }
}
