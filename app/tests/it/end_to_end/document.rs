//! The API's document, walked operation by operation against the running server.

mod identity_story;
mod ledger_story;
mod oauth_story;
mod teller;

use std::collections::BTreeSet;

use hyper::Method;
use serde_json::{Value, json};

use crate::end_to_end::class::{Class, documented_ways};
use crate::end_to_end::house::{House, TRANSACTIONS};
use teller::Teller;

pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Value,
}

pub(crate) fn operations(document: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, body) in item.as_object().unwrap() {
            let name = body["operationId"].as_str().unwrap().to_owned();
            all.push(Operation { name, method: method.to_uppercase(), path: path.clone(), body: body.clone() });
        }
    }
    all
}

pub(crate) fn printed() -> String {
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_florin")).arg("openapi").env_clear().output().unwrap();
    assert!(out.status.success());
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn the_document_changes_only_on_purpose() {
    insta::assert_snapshot!("openapi", printed());
}

#[test]
fn every_operation_is_fully_described() {
    let document: Value = serde_json::from_str(&printed()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut names = BTreeSet::new();
    for operation in operations(&document) {
        let place = format!("{} {}", operation.method, operation.path);
        assert!(names.insert(operation.name.clone()), "{place}: two operations of one name");
        for field in ["summary", "description"] {
            assert!(operation.body[field].as_str().is_some_and(|text| text.len() > 5), "{place}: no {field}");
        }
        for kind in ["application~1json", "application~1x-www-form-urlencoded"] {
            let content = operation.body.pointer(&format!("/requestBody/content/{kind}"));
            assert!(content.is_none_or(has_example), "{place}: no example of a request");
        }
        assert_answers(&document, &place, Class::of(&operation), operation.body["responses"].as_object().unwrap());
        for parameter in operation.body["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].is_string(), "{place}: {} is not described", parameter["name"]);
        }
    }
    assert!(names.len() >= 20, "{names:?}");
}

fn assert_answers(document: &Value, place: &str, class: Class, answers: &serde_json::Map<String, Value>) {
    let good: Vec<_> = answers.iter().filter(|(status, _)| status.starts_with(['2', '3'])).collect();
    let shown = |answer: &Value| answer.pointer("/content/application~1json").is_some_and(has_example);
    // An answer without a body, or a page, has no example.
    let empty = good.iter().all(|(status, answer)| *status == "204" && answer.get("content").is_none());
    assert!(!good.is_empty(), "{place}: no good answer");
    let shows = empty || class == Class::Browser || good.iter().any(|(_, answer)| shown(answer));
    assert!(shows, "{place}: no example of an answer");
    let refused: Vec<_> = answers.iter().filter(|(status, _)| status.starts_with(['4', '5'])).collect();
    let general = answers.contains_key("default");
    assert!(general || !refused.is_empty(), "{place}: no refusals");
    for (status, answer) in refused {
        // Each endpoint refuses in the terms of its own standard.
        let (kind, name) = match class {
            Class::Api => ("application~1problem+json", "code"),
            Class::Browser => {
                assert!(answer.pointer("/content/text~1html").is_some(), "{place}: {status} is no page");
                continue;
            }
            _ => ("application~1json", "error"),
        };
        let examples = answer.pointer(&format!("/content/{kind}/examples")).unwrap().as_object().unwrap();
        for (code, example) in examples {
            let example = followed(document, example);
            assert_eq!(example["value"][name].as_str(), Some(code.as_str()), "{place}");
            let own = example["value"].get("status").map(Value::to_string);
            assert!(own.is_none_or(|own| own == *status), "{place}: {example}");
            let when = example["description"].as_str();
            assert!(when.is_some_and(|when| when.len() > 10), "{place} {code}: does not say when");
        }
    }
}

/// The object itself, where the document refers to it.
fn followed<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    value["$ref"].as_str().map_or(value, |reference| document.pointer(&reference[1..]).unwrap())
}

fn has_example(content: &Value) -> bool {
    content.get("example").is_some_and(|example| !example.is_null())
        || content["examples"].as_object().is_some_and(|examples| !examples.is_empty())
}

#[test]
fn every_reference_resolves() {
    let document: Value = serde_json::from_str(&printed()).unwrap();
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        if let Some(reference) = value["$ref"].as_str() {
            assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
        }
        match value {
            Value::Object(members) => open.extend(members.values()),
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
}

#[test]
fn every_operation_states_its_security_and_token_url() {
    let document: Value = serde_json::from_str(&printed()).unwrap();
    let schemes = &document["components"]["securitySchemes"];
    for operation in operations(&document) {
        // A security requirement that names nothing allows everyone; only a class that says so has one.
        let (class, ways) = (Class::of(&operation), documented_ways(&document, &operation));
        assert_eq!(ways, class.ways(), "{}: is {class:?}", operation.name);
        assert!(ways.iter().all(|way| way.is_empty() || schemes.get(way).is_some()), "{}: {ways:?}", operation.name);
    }
    let flows = &schemes["oauth"]["flows"];
    for flow in ["authorizationCode", "clientCredentials"] {
        assert_eq!(flows[flow]["tokenUrl"], "/oauth2/token", "{flow}");
        assert!(!flows[flow]["scopes"].as_object().unwrap().is_empty(), "{flow}");
    }
    assert_eq!((&schemes["bearer"]["type"], &schemes["bearer"]["scheme"]), (&json!("http"), &json!("bearer")));
}

pub(crate) fn example(content: Option<&Value>) -> Vec<Value> {
    let Some(content) = content else { return Vec::new() };
    match content["examples"].as_object() {
        Some(examples) => examples.values().map(|example| example["value"].clone()).collect(),
        None => vec![content["example"].clone()],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn examples_work_in_story_order_and_match_the_answers() {
    let house = House::start(&[]).await;
    let document = house.get("/openapi.json").await;
    assert_eq!(document, serde_json::from_str::<Value>(&printed()).unwrap());
    let teller = Teller::new(&house, operations(&document));
    ledger_story::tell(&teller).await;
    identity_story::tell(&teller).await;
    oauth_story::tell(&teller).await;
    assert_eq!(teller.untold(), Vec::<&str>::new(), "operations that are in no story");
}

/// The path under every prefix, the document's first, and then those that older clients use.
pub(crate) fn everywhere(path: &str) -> Vec<String> {
    // Paths fixed by standards have one address.
    let Some(rest) = path.strip_prefix("/v1") else { return vec![path.to_owned()] };
    let mut paths = vec![path.to_owned(), format!("/api{path}")];
    let older =
        [("/ledger/accounts", "/ledger"), ("/ledger/transactions", "/ledger"), ("/identity/users", "/identity")];
    for (_, service) in older.into_iter().filter(|(begin, _)| rest.starts_with(begin)) {
        paths.extend(["/v1", "/api/v1"].map(|prefix| rest.replacen(service, prefix, 1)));
    }
    paths
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_path_is_answered_under_every_prefix() {
    let house = House::start(&[]).await;
    let document = house.get("/openapi.json").await;
    for operation in operations(&document) {
        let path = operation.path.replace("{id}", "txn_01kppyzd5gfmra2qsx5rkvr8wb").replace("{path}", "a:b");
        let path = path.replace("{key}", "order").replace("{book}", "main").replace("{name}", "auditor");
        for path in everywhere(&path) {
            let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
            let answer = house.send(method, &path, Some(&json!({}))).await;
            let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
            let routed = answer.status != 405 && code != "route_unknown" && answer.status.as_u16() < 500;
            assert!(routed, "{} {path}: {}", operation.method, answer.text());
        }
    }
    let docs = house.client.get("/docs").await.text();
    assert!(docs.contains("insufficient_funds") && docs.contains(TRANSACTIONS));
}
