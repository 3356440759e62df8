//! Sends the examples of the document to a server, one operation at a time, and compares the answers with the
//! documented ones.

use std::cell::RefCell;
use std::collections::BTreeSet;

use hyper::{Method, StatusCode};
use kernel::{Clock, SystemClock};
use serde_json::{Value, json};
use testkit::Answer;

use super::oauth_story::filled;
use super::{Operation, example};
use crate::end_to_end::house::House;
use crate::end_to_end::person::{encoded, send};

pub(super) struct Teller<'a> {
    pub(super) house: &'a House,
    operations: Vec<Operation>,
    told: RefCell<BTreeSet<String>>,
}

impl<'a> Teller<'a> {
    pub(super) fn new(house: &'a House, operations: Vec<Operation>) -> Teller<'a> {
        Teller { house, operations, told: RefCell::default() }
    }

    /// Sends each example of the operation. `places` are the values of the path parameters; `query` is appended. The
    /// first example of a request is the one whose answer is documented, and that answer is returned.
    pub(super) async fn tell(&self, name: &str, places: &[(&str, &str)], query: &str) -> Value {
        let operation = self.named(name);
        let filled = places
            .iter()
            .fold(operation.path.clone(), |path, (place, value)| path.replace(&format!("{{{place}}}"), value));
        assert!(!filled.contains('{'), "{name}: {filled}");
        let path = filled + query;
        let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
        let bodies = example(operation.body.pointer("/requestBody/content/application~1json"));
        let mut bodies = bodies.into_iter().map(with_time_ahead);
        let first = self.sent(name, &method, &path, bodies.next()).await;
        for body in bodies {
            self.sent(name, &method, &path, Some(body)).await;
        }
        let documented = self.answers_of(name).into_iter().next();
        let documented = documented.as_ref().map(fields).unwrap_or_default();
        assert_eq!(fields(&first), documented, "{name}: the example does not match {first}");
        self.told.borrow_mut().insert(name.to_owned());
        first
    }

    /// Sends one of the forms of an OAuth endpoint, with the given authorization header.
    pub(super) async fn fill(&self, name: &str, which: usize, who: &str, own: &[(&str, &str)]) -> Value {
        let operation = self.named(name);
        let forms = example(operation.body.pointer("/requestBody/content/application~1x-www-form-urlencoded"));
        let form = forms.get(which).map(|form| filled(form, own));
        let form = form.map(|form| encoded(form.iter().map(|(name, value)| (name.as_str(), value.as_str()))));
        let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
        let answer = send(self.house, method, &operation.path, &[("authorization", who)], form).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {}", answer.text());
        if which == 0 {
            let documented = self.answers_of(name).remove(0);
            assert_eq!(fields(&answer.json()), fields(&documented), "{name}: the example does not match the answer");
        }
        self.heard(name, &answer);
        answer.json()
    }

    /// Checks that another request of the operation was answered as documented.
    pub(super) fn heard(&self, name: &str, answer: &Answer) {
        let documented = self.named(name).body["responses"].get(answer.status.as_str()).is_some();
        assert!(documented, "{name}: {} is not documented: {}", answer.status, answer.text());
        self.told.borrow_mut().insert(name.to_owned());
    }

    async fn sent(&self, name: &str, method: &Method, path: &str, body: Option<Value>) -> Value {
        let answer = self.house.send(method.clone(), path, body.as_ref()).await;
        assert!(answer.status.is_success(), "{name} {path} {body:?}: {}", answer.text());
        assert_eq!(answer.status == StatusCode::NO_CONTENT, answer.bytes.is_empty(), "{name}: {}", answer.text());
        let documented = self.named(name).body["responses"].get(answer.status.as_str()).is_some();
        assert!(documented, "{name}: {} is not documented", answer.status);
        answer.json()
    }

    /// The documented good answer; none where it has no body.
    pub(super) fn answers_of(&self, name: &str) -> Vec<Value> {
        let answers = &self.named(name).body["responses"];
        let good = ["201", "200", "204"].into_iter().find_map(|status| answers.get(status)).unwrap();
        example(good.pointer("/content/application~1json"))
    }

    pub(super) fn untold(&self) -> Vec<&str> {
        let told = self.told.borrow();
        let names = self.operations.iter().map(|operation| operation.name.as_str());
        names.filter(|name| !told.contains(*name)).collect()
    }

    fn named(&self, name: &str) -> &Operation {
        self.operations.iter().find(|operation| operation.name == name).unwrap_or_else(|| panic!("{name}"))
    }
}

/// Names of the fields at every depth; a list counts by its first item.
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
    // A floor, a ceiling or an available amount may be null in one of the two.
    into.retain(|field| !field.ends_with(".amount") && !field.ends_with(".currency"));
    into
}

/// The examples have their own dates; what they schedule must be in our future.
fn with_time_ahead(mut body: Value) -> Value {
    if body["scheduled"] == true {
        body["effective_at"] = json!(SystemClock.now().plus_seconds(86_400));
    }
    body
}
