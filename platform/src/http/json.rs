//! JSON request and response bodies. Any mistake in a body is refused by name before a handler runs.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, ORIGIN};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::objects::Objects;
use super::problem::{Problem, refusals};
use super::scan::{Fault, scan};
use super::scope::{Limits, Scope};

/// The body of a request or response. `T` has `deny_unknown_fields`, so that a misspelt field is an error.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

/// An empty body: `{}`, or none at all.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Json<T>, Problem> {
        let limits = Scope::of(request.extensions())?.limits;
        if says_nothing(&request) {
            return parse(b"", limits).map(Json);
        }
        says_json(request.headers())?;
        let bytes = read(request, limits.body_bytes_max).await?;
        parse(&bytes, limits).map(Json)
    }
}

/// No body, and no header that announces one. Not from a page, which names its origin: a page from elsewhere can send this
/// without the browser asking us first, and has to send the header.
fn says_nothing(request: &Request) -> bool {
    let headers = request.headers();
    let silent = !headers.contains_key(CONTENT_TYPE) && !headers.contains_key(ORIGIN);
    silent && hyper::body::Body::is_end_stream(request.body())
}

/// Required for every body: a page from elsewhere cannot send the header without the browser asking us first.
fn says_json(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = given.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(refusals::CONTENT_TYPE_WRONG.because("send the header Content-Type: application/json"))
}

async fn read(request: Request, bytes_max: usize) -> Result<Bytes, Problem> {
    let too_large = || refusals::BODY_TOO_LARGE.because(format!("expected at most {bytes_max} bytes"));
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|bytes| bytes > bytes_max as u64) {
        return Err(too_large());
    }
    let body: Body = request.into_body();
    match Limited::new(body, bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(refusals::BODY_UNREADABLE.into()),
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8], limits: Limits) -> Result<T, Problem> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| refusals::BAD_UTF8.because(format!("the byte at {} is not UTF-8", error.valid_up_to())))?;
    if text.trim_ascii().is_empty() {
        // An optional body may be absent; serde knows which types accept nothing.
        return serde_json::from_str("null").map_err(|_| refusals::BODY_MISSING.into());
    }
    scan(bytes, limits.json_depth_max).map_err(|fault| match fault {
        Fault::TooDeep => refusals::JSON_TOO_DEEP.because(format!("expected at most {} levels", limits.json_depth_max)),
        Fault::Nul => refusals::NUL_CHARACTER.into(),
    })?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(Objects(&mut deserializer)).map_err(|error| {
        let path = error.path().to_string();
        refuse(&path, error.inner())
    })?;
    deserializer.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn refuse(path: &str, error: &serde_json::Error) -> Problem {
    if !error.is_data() {
        return malformed(error);
    }
    let message = without_place(&error.to_string());
    Problem::field(field_of(path, &message), message)
}

fn malformed(error: &serde_json::Error) -> Problem {
    let place = format!("line {}, column {}", error.line(), error.column());
    refusals::JSON_MALFORMED.because(format!("{} at {place}", without_place(&error.to_string())))
}

/// The parser appends the position to its message; the field's path is more useful. It also names our types, which say
/// nothing to a caller.
fn without_place(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(before, _)| before);
    let message = match message.split_once(", expected ") {
        Some((found, expected)) => format!("{found}, expected {}", in_words(expected)),
        None => message.to_owned(),
    };
    message.chars().take(200).collect()
}

fn in_words(expected: &str) -> &str {
    const TYPES: [(&str, &str); 5] = [
        ("struct ", "an object"),
        ("internally tagged enum ", "an object"),
        ("adjacently tagged enum ", "an object"),
        ("enum ", "a string or an object"),
        ("tuple struct ", "an array"),
    ];
    TYPES.iter().find(|(kind, _)| expected.starts_with(kind)).map_or(expected, |(_, words)| words)
}

/// An unknown or missing field is reported at the object around it; the message has the name.
pub(super) fn field_of(path: &str, message: &str) -> String {
    let around = if path == "." || path == "?" { "" } else { path };
    let name = ["unknown field `", "missing field `", "duplicate field `"]
        .iter()
        .find_map(|words| message.strip_prefix(words))
        .and_then(|rest| rest.split('`').next());
    match name {
        Some(name) if around.is_empty() => name.to_owned(),
        Some(name) if around == name || around.ends_with(&format!(".{name}")) => around.to_owned(),
        Some(name) => format!("{around}.{name}"),
        None if around.is_empty() => "body".to_owned(),
        None => around.to_owned(),
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let mut bytes = Vec::with_capacity(512);
        match serde_json::to_writer(&mut bytes, &self.0) {
            Ok(()) => ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], bytes).into_response(),
            Err(error) => Problem::internal(error).into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the refusals matter here")]
    struct Order {
        id: u32,
        lines: Vec<Line>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        amount: String,
    }

    const LIMITS: Limits = Limits { body_bytes_max: 1_000, json_depth_max: 4 };

    #[track_caller]
    fn refused(text: &[u8], code: &str, field: Option<&str>) {
        let problem = parse::<Order>(text, LIMITS).expect_err("accepted");
        assert_eq!(problem.refusal().code, code, "{problem:?}");
        assert_eq!(problem.errors().first().map(|error| error.field.as_str()), field, "{problem:?}");
    }

    #[test]
    fn messages_name_no_types_of_ours() {
        for (text, expected) in [
            ("7", "invalid type: integer `7`, expected an object"),
            (r#"{"id":1,"lines":[7]}"#, "invalid type: integer `7`, expected an object"),
            (r#"{"id":1,"lines":7}"#, "invalid type: integer `7`, expected a sequence"),
            (r#"{"id":"x","lines":[]}"#, "invalid type: string \"x\", expected u32"),
        ] {
            let problem = parse::<Order>(text.as_bytes(), LIMITS).expect_err("accepted");
            assert_eq!(problem.errors().first().map(|error| &*error.detail), Some(expected), "{text}");
        }
    }

    #[test]
    fn each_mistake_has_its_code_and_names_its_field() {
        refused(b"", "body_missing", None);
        refused(b" \n", "body_missing", None);
        refused(b"{\"id\":\xff}", "bad_utf8", None);
        refused(b"{\"id\":\0}", "nul_character", None);
        refused(br#"{"id":1,"lines":[{"amount":"\u0000"}]}"#, "nul_character", None);
        refused(b"[[[[[]]]]]", "json_too_deep", None);
        refused(b"{\"id\":", "json_malformed", None);
        refused(b"not json", "json_malformed", None);
        refused(br#"{"id":1,"lines":[]} {}"#, "json_malformed", None);
        refused(br#"{"id":"1","lines":[]}"#, "field_invalid", Some("id"));
        refused(br#"{"id":1,"lines":[{"amount":"1"},{"amount":2}]}"#, "field_invalid", Some("lines[1].amount"));
        refused(br#"{"id":1,"lines":[{}]}"#, "field_invalid", Some("lines[0].amount"));
        refused(br#"{"id":1,"lines":[{"amount":"1","fee":1}]}"#, "field_invalid", Some("lines[0].fee"));
        refused(br#"{"id":1}"#, "field_invalid", Some("lines"));
        refused(br#"{"id":1,"id":2,"lines":[]}"#, "field_invalid", Some("id"));
        refused(br#"{"id":4294967296,"lines":[]}"#, "field_invalid", Some("id"));
        refused(b"[]", "field_invalid", Some("body"));
        refused(b"[1,[]]", "field_invalid", Some("body"));
        refused(br#"{"id":1,"lines":[["1"]]}"#, "field_invalid", Some("lines[0]"));
        refused(b"7", "field_invalid", Some("body"));
    }

    #[test]
    fn an_optional_body_can_be_absent() {
        assert!(parse::<Option<Line>>(b"", LIMITS).unwrap().is_none());
        assert_eq!(parse::<Option<Line>>(br#"{"amount":"1"}"#, LIMITS).unwrap().unwrap().amount, "1");
    }

    #[test]
    fn a_syntax_error_says_where() {
        let problem = parse::<Order>(b"{\n  \"id\": x}", LIMITS).unwrap_err();
        assert!(format!("{problem:?}").contains("line 2, column 9"), "{problem:?}");
    }
}
