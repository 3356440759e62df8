//! The whole API document, against the running server: what is true of every operation. Each room's story checks what its
//! operations do, and compares its part of the document with a snapshot.

use std::collections::BTreeSet;

use hyper::Method;
use kernel::Secret;
use serde_json::{Map, Value, json};

use crate::end_to_end::house::{House, TRANSACTIONS, on_both, refusal};
use crate::rooms::rooms;

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

impl Operation {
    fn place(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn parameters(&self) -> impl Iterator<Item = &Value> {
        self.body["parameters"].as_array().into_iter().flatten()
    }

    /// The path with the examples of its parameters.
    fn example_path(&self) -> String {
        let parameters = self.parameters().filter(|one| one["in"] == "path");
        let filled = parameters.fold(self.path.clone(), |path, parameter| {
            let example = match &parameter["example"] {
                Value::Null => panic!("{}: no example", self.place()),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            path.replace(&format!("{{{}}}", parameter["name"].as_str().unwrap()), &example)
        });
        assert!(!filled.contains('{'), "{filled}");
        filled
    }

    /// The document's security applies, because it has none of its own.
    fn needs_a_token(&self) -> bool {
        self.body.get("security").is_none()
    }
}

pub(crate) fn printed() -> String {
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_florin")).arg("openapi").env_clear().output().unwrap();
    assert!(out.status.success());
    String::from_utf8(out.stdout).unwrap()
}

fn parsed() -> Value {
    serde_json::from_str(&printed()).unwrap()
}

#[test]
fn every_operation_is_fully_described() {
    let document = parsed();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut names = BTreeSet::new();
    for operation in operations(&document) {
        let place = operation.place();
        assert!(names.insert(operation.name.clone()), "{place}: two operations of one name");
        for field in ["summary", "description"] {
            assert!(operation.body[field].as_str().is_some_and(|text| text.len() > 5), "{place}: no {field}");
        }
        assert_shown(&place, "a request", &operation.body["requestBody"]);
        for parameter in operation.parameters() {
            assert!(parameter["description"].is_string(), "{place}: {} is not described", parameter["name"]);
        }
        assert_answers(&document, &place, operation.body["responses"].as_object().unwrap());
    }
    assert!(names.len() >= 20, "{names:?}");
}

/// Bodies for programs have examples; pages and tables need none.
fn assert_shown(place: &str, what: &str, described: &Value) {
    for (kind, content) in described["content"].as_object().into_iter().flatten() {
        let is_read = matches!(kind.as_str(), "text/html" | "text/csv");
        let has_example =
            ["example", "examples"].iter().any(|name| content.get(*name).is_some_and(|one| !one.is_null()));
        assert!(is_read || has_example, "{place}: no example of {what} as {kind}");
    }
}

fn assert_answers(document: &Value, place: &str, answers: &Map<String, Value>) {
    let (good, others): (Vec<_>, Vec<_>) = answers.iter().partition(|(status, _)| status.starts_with(['2', '3']));
    assert!(!good.is_empty(), "{place}: no good answer");
    // The last status, 201 if there is one: 200 then means that it existed already.
    good.iter().rev().take(1).for_each(|(_, answer)| assert_shown(place, "an answer", answer));
    assert!(!others.is_empty(), "{place}: no refusals");
    for (status, answer) in others {
        for (kind, content) in followed(document, answer)["content"].as_object().unwrap() {
            if kind != "text/html" {
                assert_refusals(document, &format!("{place} {status}"), status, content);
            }
        }
    }
}

/// Each has its code as its name, its status, and says when it happens.
fn assert_refusals(document: &Value, place: &str, status: &str, content: &Value) {
    for (code, example) in content["examples"].as_object().unwrap() {
        let example = followed(document, example);
        let body = &example["value"];
        let named = body["code"].as_str().or_else(|| body["error"].as_str());
        assert_eq!(named, Some(code.as_str()), "{place}");
        let own = body.get("status").map(Value::to_string);
        assert!(status == "default" || own.is_none_or(|own| own == *status), "{place}: {example}");
        assert!(
            example["description"].as_str().is_some_and(|when| when.len() > 10),
            "{place} {code}: does not say when"
        );
    }
}

/// The object itself, where the document refers to it.
fn followed<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    value["$ref"].as_str().map_or(value, |reference| document.pointer(&reference[1..]).unwrap())
}

#[test]
fn every_reference_resolves() {
    let document = parsed();
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
    let document = parsed();
    let schemes = &document["components"]["securitySchemes"];
    let of_all: Vec<&String> =
        document["security"].as_array().unwrap().iter().flat_map(|way| way.as_object().unwrap().keys()).collect();
    assert_eq!(of_all, ["oauth", "bearer"]);
    for operation in operations(&document) {
        // Every operation under the prefix needs a token; only the endpoints of standards have their own rules.
        assert_eq!(operation.needs_a_token(), operation.path.starts_with("/v1/"), "{}", operation.place());
        for way in operation.body["security"].as_array().into_iter().flatten() {
            let known = way.as_object().unwrap().keys().all(|name| schemes.get(name).is_some());
            assert!(known, "{}: {way}", operation.place());
        }
    }
    let flows = &schemes["oauth"]["flows"];
    for flow in ["authorizationCode", "clientCredentials"] {
        assert_eq!(flows[flow]["tokenUrl"], "/oauth2/token", "{flow}");
        assert!(!flows[flow]["scopes"].as_object().unwrap().is_empty(), "{flow}");
    }
    assert_eq!((&schemes["bearer"]["type"], &schemes["bearer"]["scheme"]), (&json!("http"), &json!("bearer")));
}

/// The path under every prefix, the document's first, and then those that older clients use.
fn everywhere(path: &str) -> Vec<String> {
    // Paths fixed by standards have one address.
    let Some(rest) = path.strip_prefix("/v1") else { return vec![path.to_owned()] };
    let mut paths = vec![path.to_owned(), format!("/api{path}")];
    for room in rooms() {
        let own = rest.strip_prefix(&format!("/{}", room.name)).filter(|own| own.starts_with('/'));
        let older = own.filter(|own| room.aliases.iter().any(|alias| own.starts_with(&**alias)));
        paths.extend(older.into_iter().flat_map(|own| ["/v1", "/api/v1"].map(|prefix| format!("{prefix}{own}"))));
    }
    paths
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_path_is_answered_under_every_prefix() {
    let house = House::start(&[]).await;
    let document = house.get("/openapi.json").await;
    assert_eq!(document, parsed());
    for operation in operations(&document) {
        for path in everywhere(&operation.example_path()) {
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

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_path_needs_a_token_under_every_prefix() {
    let guarded: Vec<Operation> = operations(&parsed()).into_iter().filter(Operation::needs_a_token).collect();
    assert!(guarded.len() > 50, "only {} operations", guarded.len());
    on_both(async |house| {
        let head = house.head().await;
        let stranger = house.client.stranger();
        let with_no_token = stranger.stranger().with_token(Secret::new("not-a-token"));
        for operation in &guarded {
            let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
            for path in everywhere(&operation.example_path()) {
                for (client, code) in [(&stranger, "unauthenticated"), (&with_no_token, "token_malformed")] {
                    let answer = client.send(method.clone(), &path, &[], Some(&json!({}))).await.unwrap();
                    refusal(&answer, 401, code);
                }
            }
        }
        assert_eq!(house.head().await, head, "an unauthenticated request changed the books");
    })
    .await;
}
