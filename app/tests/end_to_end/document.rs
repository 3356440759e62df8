//! The API's document, walked operation by operation against the running server.

use std::collections::BTreeSet;

use hyper::Method;
use kernel::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::house::{ACCOUNTS, House, TRANSACTIONS};

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
fn it_changes_only_when_somebody_means_it() {
    insta::assert_snapshot!("openapi", printed());
}

#[test]
fn every_operation_can_be_programmed_against() {
    let document: Value = serde_json::from_str(&printed()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut names = BTreeSet::new();
    for Operation { name, method, path, body } in operations(&document) {
        let place = format!("{method} {path}");
        assert!(names.insert(name), "{place}: two operations of one name");
        for field in ["summary", "description"] {
            assert!(body[field].as_str().is_some_and(|text| text.len() > 5), "{place}: no {field}");
        }
        if let Some(content) = body.pointer("/requestBody/content/application~1json") {
            assert!(has_example(content), "{place}: no example of a request");
        }
        let answers = body["responses"].as_object().unwrap();
        let good = answers.iter().filter(|(status, _)| status.starts_with('2')).map(|(_, answer)| answer);
        assert!(
            good.filter_map(|answer| answer.pointer("/content/application~1json")).any(has_example),
            "{place}: no example of an answer"
        );
        let refused: Vec<_> = answers.iter().filter(|(status, _)| status.starts_with(['4', '5'])).collect();
        assert!(!refused.is_empty(), "{place}: no refusals");
        for (status, answer) in refused {
            let examples = answer.pointer("/content/application~1problem+json/examples").unwrap().as_object().unwrap();
            for (code, example) in examples {
                assert_eq!(
                    (example["value"]["code"].as_str(), example["value"]["status"].to_string()),
                    (Some(code.as_str()), status.clone())
                );
                assert!(
                    example["description"].as_str().is_some_and(|when| when.len() > 10),
                    "{place} {code}: does not say when"
                );
            }
        }
        for parameter in body["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].is_string(), "{place}: {} is not described", parameter["name"]);
        }
    }
    assert!(names.len() >= 20, "{names:?}");
}

fn has_example(content: &Value) -> bool {
    content.get("example").is_some_and(|example| !example.is_null())
        || content["examples"].as_object().is_some_and(|examples| !examples.is_empty())
}

#[test]
fn every_reference_leads_somewhere() {
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

/// Names of the fields, however deep; a list counts by its first item.
fn shape(value: &Value, at: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(_) if at.ends_with("metadata") || at.ends_with("data") => {}
        Value::Object(members) => {
            for (name, member) in members {
                into.insert(format!("{at}.{name}"));
                shape(member, &format!("{at}.{name}"), into);
            }
        }
        Value::Array(items) => items.first().into_iter().for_each(|item| shape(item, &format!("{at}[]"), into)),
        _ => {}
    }
}

fn fields(value: &Value) -> BTreeSet<String> {
    let mut into = BTreeSet::new();
    shape(value, "", &mut into);
    // A floor, a ceiling or what is available may be nothing in one of the two.
    into.retain(|field| !field.ends_with(".amount") && !field.ends_with(".currency"));
    into
}

pub(crate) fn example(content: Option<&Value>) -> Vec<Value> {
    let Some(content) = content else { return Vec::new() };
    match content["examples"].as_object() {
        Some(examples) => examples.values().map(|example| example["value"].clone()).collect(),
        None => vec![content["example"].clone()],
    }
}

/// The examples have a time of their own; what they schedule has to lie ahead of ours.
fn with_time_ahead(mut body: Value) -> Value {
    if body["scheduled"] == true {
        body["effective_at"] = json!(SystemClock.now().plus_seconds(86_400));
    }
    body
}

/// The order in which the examples tell their story.
const STORY: [&str; 31] = [
    "create_book",
    "list_books",
    "get_book",
    "declare_asset",
    "list_assets",
    "open_account",
    "get_account",
    "list_accounts",
    "declare_metadata_key",
    "list_metadata_keys",
    "create_transaction",
    "list_scheduled",
    "cancel_transaction",
    "find_transaction",
    "get_transaction",
    "increase_transaction",
    "post_transaction",
    "void_transaction",
    "reverse_transaction",
    "submit_batch",
    "events_after",
    "account_balance",
    "account_statement",
    "roll_up",
    "trial_balance",
    "set_limits",
    "set_metadata",
    "freeze_account",
    "unfreeze_account",
    "close_account",
    "remove_metadata_key",
];

#[tokio::test(flavor = "multi_thread")]
async fn its_examples_work_in_the_order_of_their_story_and_look_like_the_answers() {
    let house = House::start(&[]).await;
    for path in ["customers:bob", "merchants:shop", "income:fees", "customers:closing"] {
        house.open(path).await;
    }
    let cash = json!({ "path": "assets:cash", "currency": "USD", "normal": "debit", "may_go_negative": true });
    house.create(ACCOUNTS, cash).await;
    let document = house.get("/openapi.json").await;
    assert_eq!(document, serde_json::from_str::<Value>(&printed()).unwrap());
    let operations = operations(&document);
    let named =
        |name: &str| operations.iter().find(|operation| operation.name == name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(STORY.len(), operations.len(), "an operation is not in the story");
    let answer_of = |name: &str| {
        let answers = &named(name).body["responses"];
        let good = answers.get("201").or_else(|| answers.get("200")).unwrap();
        example(good.pointer("/content/application~1json")).remove(0)
    };
    for name in STORY {
        let operation = named(name);
        let id = match name {
            "reverse_transaction" => answer_of("post_transaction"),
            "cancel_transaction" => answer_of("list_scheduled")["items"][0].clone(),
            _ => answer_of("get_transaction"),
        };
        let account = if name == "close_account" { "customers:closing" } else { "customers:ann" };
        let mut path = operation.path.replace("{id}", id["id"].as_str().unwrap()).replace("{path}", account);
        path = path.replace("{key}", "channel").replace("{book}", "acme-uk");
        path += match name {
            "find_transaction" => "?reference=invoice-2026-0017",
            "list_accounts" => "?prefix=customers&limit=1",
            "roll_up" => "?prefix=customers",
            "trial_balance" => "?depth=1",
            "account_statement" => "?from=2026-01-01T00:00:00Z",
            "events_after" => "?after=0",
            _ => "",
        };
        let mut bodies = example(operation.body.pointer("/requestBody/content/application~1json")).into_iter();
        let (mut first, mut body) = (true, bodies.next().map(with_time_ahead));
        loop {
            let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
            let answer = house.send(method, &path, body.as_ref()).await;
            assert!(answer.status.is_success(), "{name} {path} {body:?}: {}", answer.text());
            // The first example of a request is the one whose answer is shown.
            if first {
                let answer = answer.json();
                assert_eq!(
                    fields(&answer),
                    fields(&answer_of(name)),
                    "{name}: the example does not look like {answer}"
                );
            }
            (first, body) = (false, bodies.next().map(with_time_ahead));
            if body.is_none() {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_path_is_answered_under_every_prefix() {
    let house = House::start(&[]).await;
    let document = house.get("/openapi.json").await;
    for operation in operations(&document) {
        let path = operation.path.replace("{id}", "txn_01kppyzd5gfmra2qsx5rkvr8wb").replace("{path}", "a:b");
        let path = path.replace("{key}", "order").replace("{book}", "main");
        let rest = path.strip_prefix("/v1").unwrap();
        let mut paths = vec![path.clone(), format!("/api{path}")];
        if rest.starts_with("/ledger/accounts") || rest.starts_with("/ledger/transactions") {
            paths.extend(["/v1", "/api/v1"].map(|prefix| rest.replacen("/ledger", prefix, 1)));
        }
        for path in paths {
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
