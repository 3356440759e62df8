//! The document: every operation has its row, every refusal its operation.

use identity_api::{IdentityError, Refusal};
use platform::http::Problem;
use serde_json::json;

use super::document::part;
use super::operations::ELSEWHERE;

#[test]
fn the_document_names_every_refusal_of_each_operation() {
    assert_eq!(part().check(&mut crate::http::api(), ELSEWHERE), Vec::<String>::new());
}

#[test]
fn an_invalid_policys_error_is_one_sentence() {
    let detail = "unexpected end of input".to_owned();
    let problem = Problem::from(IdentityError::from(Refusal::PolicyInvalid { detail }));
    let body = serde_json::to_value(problem.body("req-1")).unwrap();
    assert_eq!((&body["title"], &body["detail"]), (&json!("The policy is invalid"), &json!("unexpected end of input")));
    assert_eq!(body["errors"], json!([{ "field": "text", "detail": "unexpected end of input" }]));
}
