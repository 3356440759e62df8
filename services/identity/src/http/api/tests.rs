//! The document: every operation has its row, every refusal its example.

use std::collections::BTreeSet;

use identity_api::Refusal;
use platform::http::refusals as kit;
use serde_json::json;

use super::refusals::{ELSEWHERE, GENERAL, OPERATIONS, all};

#[test]
fn every_refusal_belongs_to_an_operation_to_all_of_them_or_to_the_pages() {
    let samples: BTreeSet<&str> = all().iter().map(|sample| sample.code()).collect();
    let named = OPERATIONS.iter().flat_map(|(_, lists)| *lists).copied().flatten().chain(GENERAL).copied();
    let named: BTreeSet<&str> = named.chain(ELSEWHERE.iter().copied()).collect();
    assert_eq!(samples.difference(&named).collect::<Vec<_>>(), Vec::<&&str>::new(), "no operation names them");
    assert_eq!(named.difference(&samples).collect::<Vec<_>>(), Vec::<&&str>::new(), "nothing is known of them");
    let of_kit: Vec<_> = kit::ALL.iter().map(|kind| kind.code).filter(|code| !samples.contains(code)).collect();
    assert_eq!(of_kit, Vec::<&str>::new());
}

#[test]
fn every_refusal_has_a_status_a_code_of_its_own_and_an_example() {
    let codes: BTreeSet<&str> = all().iter().map(|sample| sample.code()).collect();
    assert_eq!(codes.len(), all().len(), "two samples of one code");
    for sample in all() {
        let (refusal, body) = (sample.problem.refusal(), sample.body());
        assert!(refusal.status.is_client_error() || refusal.status.is_server_error(), "{}", refusal.code);
        assert_eq!((&body["code"], &body["status"]), (&refusal.code.into(), &refusal.status.as_u16().into()));
        assert!(
            refusal.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'),
            "{}",
            refusal.code
        );
        assert!(!refusal.title.is_empty() && !body["detail"].as_str().unwrap().is_empty(), "{}", refusal.code);
    }
}

#[test]
fn every_operation_has_its_row_and_every_row_its_operation() {
    let api = super::api();
    let operations = api.paths.paths.values().flat_map(|item| [&item.get, &item.post, &item.put, &item.delete]);
    let names: BTreeSet<_> = operations.flatten().filter_map(|operation| operation.operation_id.as_deref()).collect();
    let rows: BTreeSet<_> = OPERATIONS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, rows);
    assert!(api.paths.paths.keys().all(|path| path.starts_with("/v1/identity/") || path.starts_with("/v1/access/")));
}

#[test]
fn what_is_wrong_with_a_policy_is_told_in_one_sentence() {
    let detail = "unexpected end of input".to_owned();
    let body = super::answer::problem(Refusal::PolicyInvalid { detail }.into());
    let body = serde_json::to_value(body.body("req-1")).unwrap();
    assert_eq!(
        (&body["title"], &body["detail"]),
        (&json!("The policy is not understood"), &json!("unexpected end of input"))
    );
    assert_eq!(body["errors"], json!([{ "field": "text", "detail": "unexpected end of input" }]));
}
