//! Path and query parameters, with errors as clear as those for a body.

use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path as AxumPath, RawPathParams};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::json::field_of;
use super::problem::{Problem, refusals};

/// The query of a request. `T` has `deny_unknown_fields`, so that a misspelt parameter is an error and not ignored.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

/// The placeholders of the route.
#[derive(Debug, Clone)]
pub struct Path<T>(pub T);

/// Removes one parameter that is the same on many routes; `Query` no longer sees it.
pub fn take_parameter(parts: &mut Parts, name: &str) -> Result<Option<String>, Problem> {
    let query = parts.uri.query().unwrap_or_default();
    let (mut taken, mut rest) = (Vec::new(), Vec::new());
    for piece in query.split('&').filter(|piece| !piece.is_empty()) {
        match form_urlencoded::parse(piece.as_bytes()).next().filter(|(given, _)| given == name) {
            Some((_, value)) => taken.push(value.into_owned()),
            None => rest.push(piece),
        }
    }
    if taken.len() > 1 {
        return Err(Problem::field(name, "expected once, found twice"));
    }
    if !taken.is_empty() {
        let (path, question) = (parts.uri.path(), if rest.is_empty() { "" } else { "?" });
        let text = format!("{path}{question}{}", rest.join("&"));
        parts.uri = text.parse().map_err(|_| Problem::internal("a query without one of its parameters is none"))?;
    }
    Ok(taken.pop())
}

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Query<T>, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        serde_path_to_error::deserialize(deserializer).map(Query).map_err(|error| {
            let message: String = error.inner().to_string().chars().take(200).collect();
            Problem::field(field_of(&error.path().to_string(), &message), message).detail("a query parameter is wrong")
        })
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, Problem> {
        match AxumPath::from_request_parts(parts, state).await {
            Ok(AxumPath(value)) => Ok(Path(value)),
            Err(rejection) => Err(refuse(rejection, &placeholder(parts, state).await)),
        }
    }
}

/// The name of a route's only placeholder: the error of a single value does not say which placeholder it was.
async fn placeholder<S: Send + Sync>(parts: &mut Parts, state: &S) -> String {
    let Ok(given) = RawPathParams::from_request_parts(parts, state).await else { return "path".to_owned() };
    match given.iter().map(|(name, _)| name).collect::<Vec<_>>().as_slice() {
        [only] => (*only).to_owned(),
        _ => "path".to_owned(),
    }
}

fn refuse(rejection: PathRejection, placeholder: &str) -> Problem {
    let PathRejection::FailedToDeserializePathParams(error) = rejection else {
        return Problem::internal("a route asks for path parameters that it does not have");
    };
    match error.into_kind() {
        ErrorKind::InvalidUtf8InPathParam { key } => {
            Problem::from(refusals::BAD_UTF8).and_field(key, "expected UTF-8 after percent-decoding")
        }
        ErrorKind::ParseErrorAtKey { key, expected_type, .. } => {
            Problem::field(key, format!("expected {expected_type}"))
        }
        ErrorKind::DeserializeError { key, message, .. } => Problem::field(key, message),
        ErrorKind::WrongNumberOfParameters { .. } | ErrorKind::UnsupportedType { .. } => {
            Problem::internal("a route and its handler disagree about the path parameters")
        }
        other => Problem::field(placeholder, other.to_string().chars().take(200).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(uri: &str) -> Parts {
        http::Request::get(uri).body(()).unwrap().into_parts().0
    }

    #[test]
    fn removing_a_parameter_leaves_the_others_unchanged() {
        for (given, value, left) in [
            ("/a", None, "/a"),
            ("/a?x=1&y=%2F", None, "/a?x=1&y=%2F"),
            ("/a?book=b", Some("b"), "/a"),
            ("/a%2Fb?x=%20+&book=b-1&y", Some("b-1"), "/a%2Fb?x=%20+&y"),
            ("/a?b%6Fok=%62", Some("b"), "/a"),
            ("/a?book", Some(""), "/a"),
            ("/a?bookish=1&&abook=2", None, "/a?bookish=1&&abook=2"),
        ] {
            let mut parts = parts(given);
            assert_eq!(take_parameter(&mut parts, "book").unwrap().as_deref(), value, "{given}");
            assert_eq!(parts.uri.to_string(), left);
        }
        let twice = take_parameter(&mut parts("/a?book=a&book=b"), "book").unwrap_err();
        assert_eq!(twice.errors()[0].field, "book");
    }
}
