//! The fields of a form or query: each at most once, in UTF-8, within bounds.
//!
//! The OAuth standards require this; for our own pages it costs nothing.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::Request;
use http::header::{CONTENT_TYPE, HeaderMap};
use http_body_util::{BodyExt, Limited};
use kernel::Secret;

/// An ID token sent as a logout hint is the longest value we receive.
const FORM_BYTES_MAX: usize = 32 * 1_024;
const FIELDS_MAX: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::http) enum FieldFault {
    #[error("the body must be application/x-www-form-urlencoded")]
    NotAForm,
    #[error("the form is too large or incomplete")]
    TooLarge,
    #[error("the form is not UTF-8, or contains U+0000")]
    NotText,
    #[error("a parameter occurs twice, or there are too many")]
    Twice,
}

#[derive(Default)]
pub(in crate::http) struct Fields(BTreeMap<String, Secret>);

impl Fields {
    /// From a body.
    pub(in crate::http) async fn of(request: Request) -> Result<Fields, FieldFault> {
        if !says_form(request.headers()) {
            return Err(FieldFault::NotAForm);
        }
        let body: Body = request.into_body();
        let body = Limited::new(body, FORM_BYTES_MAX).collect().await.map_err(|_| FieldFault::TooLarge)?;
        let body = body.to_bytes();
        Fields::parse(std::str::from_utf8(&body).map_err(|_| FieldFault::NotText)?)
    }

    pub(in crate::http) fn parse(text: &str) -> Result<Fields, FieldFault> {
        if text.len() > FORM_BYTES_MAX {
            return Err(FieldFault::TooLarge);
        }
        let decoded = percent_encoding::percent_decode_str(text).decode_utf8().map_err(|_| FieldFault::NotText)?;
        if decoded.contains('\0') {
            return Err(FieldFault::NotText);
        }
        let mut fields = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let again = fields.insert(name.into_owned(), Secret::new(value)).is_some();
            if again || fields.len() > FIELDS_MAX {
                return Err(FieldFault::Twice);
            }
        }
        Ok(Fields(fields))
    }

    /// The value of a field; an empty field counts as not filled in.
    pub(in crate::http) fn secret(&self, name: &str) -> Option<Secret> {
        self.0.get(name).filter(|value| !value.expose().is_empty()).cloned()
    }

    pub(in crate::http) fn text(&self, name: &str) -> Option<String> {
        self.secret(name).map(|value| value.expose().to_owned())
    }
}

fn says_form(headers: &HeaderMap) -> bool {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_and_must_not_repeat() {
        let fields = Fields::parse("a=1+2%2B3&b=&c&%C3%BC=%E2%82%AC").unwrap();
        assert_eq!(fields.text("a").as_deref(), Some("1 2+3"));
        assert_eq!((fields.text("b"), fields.text("c"), fields.text("d")), (None, None, None));
        assert_eq!(fields.text("ü").as_deref(), Some("€"));
    }

    #[test]
    fn ambiguous_forms_are_refused() {
        let many: String = (0..65).map(|number| format!("f{number}=1&")).collect();
        for (text, fault) in [
            ("a=1&a=1", FieldFault::Twice),
            ("a=&a=2", FieldFault::Twice),
            ("a=1&%61=2", FieldFault::Twice),
            (many.as_str(), FieldFault::Twice),
            ("a=%FF", FieldFault::NotText),
            ("a=%00", FieldFault::NotText),
            (&"a".repeat(FORM_BYTES_MAX + 1), FieldFault::TooLarge),
        ] {
            assert_eq!(Fields::parse(text).err(), Some(fault), "{text:.20}");
        }
    }

    #[tokio::test]
    async fn a_body_is_a_form_of_bounded_size() {
        let send = async |kind: &str, body: String| {
            let request = Request::post("/").header("content-type", kind).body(Body::from(body)).unwrap();
            Fields::of(request).await.err()
        };
        assert_eq!(send("application/x-www-form-urlencoded;charset=utf-8", "a=1".to_owned()).await, None);
        assert_eq!(send("application/json", "{}".to_owned()).await, Some(FieldFault::NotAForm));
        assert_eq!(send("text/plain", "a=1".to_owned()).await, Some(FieldFault::NotAForm));
        let long = "a".repeat(FORM_BYTES_MAX + 1);
        assert_eq!(send("application/x-www-form-urlencoded", long).await, Some(FieldFault::TooLarge));
    }
}
