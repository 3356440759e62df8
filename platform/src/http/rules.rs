//! Changes of requests and answers that the settings ask for: other paths, and other headers.
//!
//! They are outside of everything else: the edge sees only the changed request, and the caller only the changed answer.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use tower::Layer;

use super::prefix::{below, longest_first};
use crate::config;

/// Of each kind.
const RULES_MAX: usize = 64;

/// They say how the message itself is to be read.
const FIXED: [&str; 10] = [
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// A prefix and what replaces it; longest first.
    paths: Vec<(String, String)>,
    requests: Vec<Change>,
    answers: Vec<Change>,
}

#[derive(Debug, PartialEq, Eq)]
enum Change {
    /// Unless it is there.
    Add(HeaderName, HeaderValue),
    Set(HeaderName, HeaderValue),
    Remove(HeaderName),
    Rename(HeaderName, HeaderName),
}

impl Rules {
    /// # Errors
    /// The key of a malformed rule, and a sentence.
    pub(crate) fn of(edge: &config::Edge) -> Result<Rules, (&'static str, String)> {
        let paths = all(&edge.paths, path_rule).map_err(|rule| {
            let expected = "expected a prefix and what replaces it, such as \"/shop /v1/orders\"";
            ("edge.paths", format!("{expected}, found \"{rule}\""))
        });
        let headers = |key, rules: &[String]| {
            all(rules, header_rule).map_err(|rule| {
                let expected =
                    "expected \"add NAME VALUE\", \"set NAME VALUE\", \"remove NAME\" or \"rename NAME OTHER\"";
                (key, format!("{expected}, without headers that frame a message, found \"{rule}\""))
            })
        };
        let mut paths = paths?;
        longest_first(&mut paths);
        let requests = headers("edge.request_headers", &edge.request_headers)?;
        Ok(Rules { paths, requests, answers: headers("edge.response_headers", &edge.response_headers)? })
    }

    fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.requests.is_empty() && self.answers.is_empty()
    }

    /// The path is replaced once: the result is not looked up again.
    fn path(&self, uri: &Uri) -> Option<Uri> {
        let found = |(from, to): &(String, String)| Some((below(uri.path(), from)?, to.clone()));
        let (rest, to) = self.paths.iter().find_map(found)?;
        let path = match (to.as_str(), rest) {
            ("", "") => "/".to_owned(),
            (to, rest) => format!("{to}{rest}"),
        };
        let text = uri.query().map_or(path.clone(), |query| format!("{path}?{query}"));
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::try_from(text).ok()?);
        Uri::from_parts(parts).ok()
    }
}

/// Wraps the rules of the settings around a finished router.
pub(crate) fn ruled(router: Router, rules: Rules) -> Router {
    if rules.is_empty() {
        return router;
    }
    let layer = middleware::from_fn_with_state(Arc::new(rules), apply);
    Router::new().fallback_service(layer.layer(router))
}

async fn apply(State(rules): State<Arc<Rules>>, mut request: Request, next: Next) -> Response {
    if let Some(changed) = rules.path(request.uri()) {
        *request.uri_mut() = changed;
    }
    change(&rules.requests, request.headers_mut());
    let mut response = next.run(request).await;
    change(&rules.answers, response.headers_mut());
    response
}

fn change(rules: &[Change], headers: &mut HeaderMap) {
    for rule in rules {
        match rule {
            Change::Add(name, value) => drop(headers.entry(name).or_insert_with(|| value.clone())),
            Change::Set(name, value) => drop(headers.insert(name, value.clone())),
            Change::Remove(name) => drop(headers.remove(name)),
            Change::Rename(name, other) => {
                let values: Vec<HeaderValue> = headers.get_all(name).iter().cloned().collect();
                headers.remove(name);
                for value in values {
                    headers.append(other, value);
                }
            }
        }
    }
}

/// All of them, or the first that is malformed.
fn all<T>(rules: &[String], read: fn(&str) -> Option<T>) -> Result<Vec<T>, &str> {
    let mut found = Vec::with_capacity(rules.len());
    for rule in rules {
        found.push(read(rule).filter(|_| found.len() < RULES_MAX).ok_or(rule.as_str())?);
    }
    Ok(found)
}

fn path_rule(rule: &str) -> Option<(String, String)> {
    let words: Vec<&str> = rule.split_whitespace().collect();
    let [from, to] = words.as_slice() else { return None };
    let path = |text: &str| {
        let parsed: PathAndQuery = text.parse().ok()?;
        (text.starts_with('/') && parsed.query().is_none()).then(|| text.trim_end_matches('/').to_owned())
    };
    Some((path(from)?, path(to)?))
}

fn header_rule(rule: &str) -> Option<Change> {
    let (verb, rest) = rule.trim().split_once(' ')?;
    let name = |text: &str| text.parse::<HeaderName>().ok().filter(|name| !FIXED.contains(&name.as_str()));
    let with_value = || {
        let (header, value) = rest.trim().split_once(' ')?;
        Some((name(header)?, value.trim().parse::<HeaderValue>().ok()?))
    };
    match verb {
        "add" => with_value().map(|(name, value)| Change::Add(name, value)),
        "set" => with_value().map(|(name, value)| Change::Set(name, value)),
        "remove" => name(rest.trim()).map(Change::Remove),
        "rename" => {
            let (old, new) = rest.trim().split_once(' ')?;
            Some(Change::Rename(name(old)?, name(new.trim())?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
