//! The endpoints' description: parameters, paths and refusals.

use std::collections::BTreeSet;

use identity_api::Discovery;

use super::*;
use crate::http::oauth;

#[test]
fn every_endpoint_has_its_refusals_or_shows_pages() {
    let api = oauth::api();
    let operations = api.paths.paths.values().flat_map(|item| [&item.get, &item.post]).flatten();
    let shows_pages = |operation: &&Operation| {
        let answer = operation.responses.responses.get("400");
        let Some(RefOr::T(answer)) = answer else { return false };
        answer.content.contains_key("text/html")
    };
    let (pages, others): (Vec<_>, Vec<_>) = operations.partition(shows_pages);
    let names = |operations: &[&Operation]| -> BTreeSet<String> {
        operations.iter().filter_map(|operation| operation.operation_id.clone()).collect()
    };
    let rows: BTreeSet<String> = OPERATIONS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&others), rows);
    let browsers = ["authorize", "authorize_by_form", "end_session", "end_session_by_form"];
    assert_eq!(names(&pages), browsers.map(str::to_owned).into());
    let methods = api.paths.paths.values().filter(|item| item.put.is_some() || item.delete.is_some()).count();
    assert_eq!(methods, 0, "an endpoint is neither GET nor POST");
}

#[test]
fn every_discovered_endpoint_is_in_the_document() {
    let api = oauth::api();
    let discovery =
        Discovery { issuer: "https://id.example.com".to_owned(), keys: Vec::new(), scopes: vec!["openid".to_owned()] };
    let metadata = oauth::discovery::metadata(&discovery);
    for (name, address) in metadata.as_object().unwrap() {
        let Some(path) = address.as_str().and_then(|address| address.strip_prefix("https://id.example.com/")) else {
            continue;
        };
        assert!(api.paths.paths.contains_key(&format!("/{path}")), "{name} is not described");
    }
}
