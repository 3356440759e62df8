//! Client authentication: HTTP Basic, or form fields; never both.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::GetAll;
use identity_api::{ClientAuth, OAuthError};
use kernel::Secret;

use super::answer::OAuthFailure;
use crate::http::browser::Fields;

pub(super) fn auth(headers: GetAll<'_, HeaderValue>, fields: &Fields) -> Result<ClientAuth, OAuthFailure> {
    let (id, secret) = (fields.text("client_id"), fields.secret("client_secret"));
    let mut headers = headers.iter();
    match (headers.next(), headers.next()) {
        (None, _) => Ok(ClientAuth { id, secret, basic: false }),
        (Some(header), None) => {
            let basic = header.to_str().ok().and_then(basic).ok_or_else(unreadable)?;
            let same = id.is_none_or(|id| basic.id.as_deref() == Some(&*id));
            if secret.is_some() || !same {
                return Err(OAuthFailure::request("the client authenticates in two ways"));
            }
            Ok(basic)
        }
        _ => Err(OAuthFailure::request("the header Authorization occurs twice")),
    }
}

fn unreadable() -> OAuthFailure {
    OAuthFailure::new(OAuthError::InvalidClient, "the header Authorization is not HTTP Basic with an id and a secret")
}

/// In RFC 6749 both halves are form-encoded before they are joined.
fn basic(header: &str) -> Option<ClientAuth> {
    let (scheme, text) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let (id, secret) = (decoded(id)?, decoded(secret)?);
    let secret = (!secret.is_empty()).then(|| Secret::new(secret));
    Some(ClientAuth { id: Some(id).filter(|id| !id.is_empty()), secret, basic: true })
}

fn decoded(half: &str) -> Option<String> {
    let spaced = half.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use http::header::{AUTHORIZATION, HeaderMap};

    use super::*;

    fn asked(header: Option<&str>, form: &str) -> Result<(Option<String>, Option<String>, bool), &'static str> {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, header.parse().unwrap());
        }
        let auth = auth(headers.get_all(AUTHORIZATION), &Fields::parse(form).unwrap());
        let auth = auth
            .map_err(|failure| if format!("{failure:?}").contains("invalid_client") { "client" } else { "request" })?;
        Ok((auth.id, auth.secret.map(|secret| secret.expose().to_owned()), auth.basic))
    }

    fn basic(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    fn both(id: &str, secret: &str, basic: bool) -> Result<(Option<String>, Option<String>, bool), &'static str> {
        Ok((Some(id.to_owned()), Some(secret.to_owned()), basic))
    }

    #[test]
    fn a_client_authenticates_by_basic_or_form() {
        assert_eq!(asked(Some(&basic("app:s%3A1%2B")), ""), both("app", "s:1+", true));
        assert_eq!(asked(Some(&basic("app:s")), "client_id=app"), both("app", "s", true));
        assert_eq!(asked(None, "client_id=app&client_secret=s"), both("app", "s", false));
        assert_eq!(asked(None, "client_id=app"), Ok((Some("app".to_owned()), None, false)));
        assert_eq!(asked(None, ""), Ok((None, None, false)));
    }

    #[test]
    fn two_authentications_or_malformed_ones_are_refused() {
        assert_eq!(asked(Some(&basic("app:s")), "client_id=app&client_secret=s"), Err("request"));
        assert_eq!(asked(Some(&basic("app:s")), "client_id=other"), Err("request"));
        for bad in ["Basic", "Basic !", "Bearer abc", &basic("app"), "Basic /w=="] {
            assert_eq!(asked(Some(bad), ""), Err("client"), "{bad}");
        }
    }
}
