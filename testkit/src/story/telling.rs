//! A running story: on one engine, by one way.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use access::Claims;
use axum::Router;
use axum::body::Body as Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request};
use http_body_util::BodyExt;
use kernel::Secret;
use serde_json::{Map, Value, json};
use tower::ServiceExt;

use super::ask::{Ask, Body, Reply, Sent, encoded};
use super::callers::{Callers, only};
use super::document::{Described, Document, schema};
use super::{Terms, guard};
use crate::{FakeClock, Stage};

pub(super) const JSON: &str = "application/json";
pub(super) const FORM: &str = "application/x-www-form-urlencoded";
const PROBLEM: &str = "application/problem+json";
const REQUEST_ID: &str = "req_01kppyy0k0f4g8n1vpdkpr5g3a";

/// What the body of a story uses.
pub struct Telling {
    document: Rc<Document>,
    router: Router,
    callers: Callers,
    /// The clock of the room.
    pub time: FakeClock,
    terms: Terms,
    told: RefCell<Told>,
}

/// The exchanges so far.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) entries: Vec<Entry>,
    /// The first request to each operation.
    first: BTreeMap<String, Sent>,
    refused: BTreeSet<(String, String)>,
}

/// One exchange.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) operation: String,
    /// Title, request, status and answer.
    pub(super) said: Value,
    /// Part of the document.
    pub(super) shown: bool,
    refused: Option<String>,
}

impl Telling {
    pub(super) fn new(
        document: Rc<Document>,
        router: Router,
        callers: Callers,
        stage: &Stage<'_>,
        terms: Terms,
    ) -> Telling {
        Telling { document, router, callers, time: stage.time.clone(), terms, told: RefCell::default() }
    }

    /// Starts a request to this operation.
    pub fn ask(&self, operation: &str) -> Ask<'_> {
        Ask::new(self, self.document.operation(operation), Sent::default())
    }

    /// Starts a request like the first answered one of this operation.
    pub fn again(&self, operation: &str) -> Ask<'_> {
        let told = self.told.borrow();
        let first = told.first.get(operation).unwrap_or_else(|| panic!("{operation} has not been used yet"));
        Ask::new(self, self.document.operation(operation), first.clone())
    }

    /// Produces a refusal at every operation that documents it and has not returned it yet: repeats the operation's
    /// request with one change.
    pub async fn all_refuse(&self, code: &str, change: impl for<'t> Fn(Ask<'t>) -> Ask<'t>) {
        self.refuse(code, change, |_| true).await;
    }

    /// The same for the operations below this path, which is without `/v1`.
    pub async fn all_refuse_if(&self, code: &str, path: &str, change: impl for<'t> Fn(Ask<'t>) -> Ask<'t>) {
        let begins =
            |operation: &&Described| operation.path.strip_prefix("/v1").is_some_and(|rest| rest.starts_with(path));
        self.refuse(code, change, begins).await;
    }

    async fn refuse(
        &self,
        code: &str,
        change: impl for<'t> Fn(Ask<'t>) -> Ask<'t>,
        is_meant: impl Fn(&&Described) -> bool,
    ) {
        let documented = |operation: &&Described| operation.to_tell().any(|one| one == code);
        for operation in self.document.operations().filter(documented).filter(is_meant) {
            let is_done = self.told.borrow().refused.contains(&(operation.name.clone(), code.to_owned()));
            let is_elsewhere = self.terms.elsewhere.contains(&(operation.name.as_str(), code));
            if !is_done && !is_elsewhere {
                change(self.again(&operation.name)).refused(code).await;
            }
        }
    }

    /// A token of a client with this permission only.
    pub fn only(&self, resource: &str, action: &str) -> Secret {
        self.callers.of_role(only(resource, action))
    }

    /// For requests to routes that are no operations, such as pages.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// A token of a client with all permissions, with a change.
    pub fn token(&self, change: impl FnOnce(&mut Claims)) -> Secret {
        self.callers.token(change)
    }

    /// A token of a user with the built-in role `kind` who has just authenticated with a second factor.
    pub fn person(&self, kind: &str, subject: &str) -> Secret {
        self.callers.person(kind, subject)
    }

    /// Advances the room's clock.
    pub fn pass_seconds(&self, seconds: u64) {
        self.time.advance_millis(seconds * 1_000);
    }

    pub(super) fn callers(&self) -> &Callers {
        &self.callers
    }

    pub(super) fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Records the first request to an operation; returns whether this is it.
    pub(super) fn begins(&self, operation: &Described, sent: &Sent) -> bool {
        let mut told = self.told.borrow_mut();
        let is_first = !told.first.contains_key(&operation.name);
        if is_first {
            told.first.insert(operation.name.clone(), sent.clone());
        }
        is_first
    }

    pub(super) async fn guard(&self, operation: &Described, sent: &Sent) {
        guard::try_all(self, operation, sent).await;
    }

    pub(super) fn tell(&self, mut entry: Entry) {
        entry.said = self.terms.hide(entry.said);
        let mut told = self.told.borrow_mut();
        if let Some(code) = &entry.refused {
            told.refused.insert((entry.operation.clone(), code.clone()));
        }
        told.entries.push(entry);
    }

    pub(super) fn end(self) -> Told {
        self.told.into_inner()
    }

    pub(super) async fn send(&self, operation: &Described, sent: &Sent, token: Option<&Secret>) -> Reply {
        let mut request = Request::builder().method(operation.method.clone()).uri(sent.address(operation));
        request = request.header(HOST, "localhost").header("x-request-id", REQUEST_ID);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.expose()));
        }
        let has_body = !matches!(operation.method, Method::GET | Method::DELETE);
        let (kind, body) = match &sent.body {
            Body::Nothing => (has_body.then_some(JSON), Vec::new()),
            Body::Json(body) => (Some(JSON), body.to_string().into_bytes()),
            Body::Form(fields) => (Some(FORM), encoded(fields).into_bytes()),
            Body::File(kind, bytes) => (Some(*kind), bytes.clone()),
        };
        request = kind.into_iter().fold(request, |request, kind| request.header(CONTENT_TYPE, kind));
        for (name, value) in &sent.headers {
            request = request.header(name, value);
        }
        let answer = self.router.clone().oneshot(request.body(Bytes::from(body)).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let json = serde_json::from_slice(&bytes).unwrap_or_default();
        Reply { status: parts.status.as_u16(), headers: parts.headers, bytes, json }
    }

    /// Checks that request and answer are as documented.
    pub(super) fn check(&self, operation: &Described, sent: &Sent, reply: &Reply) -> Result<(), String> {
        for (name, _) in &sent.query {
            if !operation.has_parameter("query", name) {
                return Err(format!("the parameter {name} is not documented"));
            }
        }
        if let Body::Json(body) = &sent.body {
            match operation.request(JSON) {
                Some(schema) => self.document.schemas.check(schema, body).map_err(|wrong| format!("sent {wrong}"))?,
                None => return Err("expected no body, found one".to_owned()),
            }
        }
        let answer = operation.answer(reply.status).ok_or_else(|| format!("{} is not documented", reply.status))?;
        let Some(kind) = reply.kind().filter(|_| !reply.bytes.is_empty()) else {
            let is_empty = answer["content"].as_object().is_none_or(Map::is_empty);
            return if is_empty { Ok(()) } else { Err("expected an answer with a body, found none".to_owned()) };
        };
        match (kind, schema(answer, kind)) {
            (JSON, Some(schema)) => self.document.schemas.check(schema, &reply.json),
            (_, Some(_)) => Ok(()),
            (kind, None) => answer["content"].get(kind).map(|_| ()).ok_or_else(|| format!("{kind} is not documented")),
        }
    }

    /// A refusal is a problem, or an OAuth error.
    pub(super) fn check_refusal(&self, reply: &Reply) -> Result<(), String> {
        if reply.kind() != Some(PROBLEM) {
            return if reply["error"].is_string() { Ok(()) } else { Err("expected a problem".to_owned()) };
        }
        let code = reply["code"].as_str().unwrap_or_default();
        let expected = [
            ("status", json!(reply.status)),
            ("type", json!(format!("/problems/{code}"))),
            ("request_id", json!(REQUEST_ID)),
        ];
        match expected.iter().find(|(name, value)| reply[*name] != *value) {
            Some((name, value)) => Err(format!("expected {name} {value}, found {}", reply[*name])),
            None => self.document.schemas.check(&json!({ "$ref": "#/components/schemas/Problem" }), &reply.json),
        }
    }
}

impl Entry {
    pub(super) fn good(operation: &Described, sent: &Sent, reply: &Reply, title: Option<String>, shown: bool) -> Entry {
        let mut said = Map::new();
        said.extend(title.map(|title| ("title".to_owned(), json!(title))));
        said.extend(asked(sent));
        said.insert("status".to_owned(), json!(reply.status));
        match reply.kind() {
            Some(JSON) => {
                said.insert("reply".to_owned(), reply.json.clone());
            }
            // Pages are not compared: they contain random keys.
            Some(kind) if kind != "text/html" => {
                said.insert("type".to_owned(), json!(kind));
                said.insert("reply".to_owned(), json!(reply.text()));
            }
            _ => {}
        }
        Entry { operation: operation.name.clone(), said: Value::Object(said), shown, refused: None }
    }

    pub(super) fn refused(operation: &Described, sent: &Sent, reply: &Reply, code: &str) -> Entry {
        let mut said = asked(sent);
        said.insert("reply".to_owned(), reply.json.clone());
        let refused = Some(code.to_owned());
        Entry { operation: operation.name.clone(), said: Value::Object(said), shown: false, refused }
    }
}

fn asked(sent: &Sent) -> Map<String, Value> {
    let fields = |fields: &[(String, String)]| -> Value {
        fields.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>().into()
    };
    let (body, form) = match &sent.body {
        Body::Nothing => (Value::Null, Value::Null),
        Body::Json(body) => (body.clone(), Value::Null),
        Body::Form(form) => (Value::Null, fields(form)),
        Body::File(..) => (Value::Null, Value::Null),
    };
    let all = [("path", fields(&sent.path)), ("query", fields(&sent.query)), ("body", body), ("form", form)];
    let is_something = |value: &Value| !value.is_null() && *value != json!({});
    let is_kept = |(name, value): &(&str, Value)| is_something(value) || (*name == "body" && !value.is_null());
    all.into_iter().filter(is_kept).map(|(name, value)| (name.to_owned(), value)).collect()
}

impl Terms {
    /// The value that is the same in every run.
    fn hide(&self, said: Value) -> Value {
        match said {
            Value::Object(members) => {
                let shown = |name: &str, value: Value| match self.hidden.iter().find(|(hidden, _)| *hidden == name) {
                    Some((_, shown)) if !value.is_object() && !value.is_null() => shown.clone(),
                    _ => self.hide(value),
                };
                members.into_iter().map(|(name, value)| (name.clone(), shown(&name, value))).collect()
            }
            Value::Array(items) => items.into_iter().map(|item| self.hide(item)).collect(),
            other => other,
        }
    }
}

impl Told {
    pub(super) fn assert_complete(&self, document: &Document, terms: &Terms) {
        let mut missing = Vec::new();
        for operation in document.operations() {
            let name = operation.name.as_str();
            if !self.first.contains_key(name) {
                missing.push(format!("{name} is not used"));
            }
            for code in operation.to_tell() {
                let is_told = self.refused.contains(&(name.to_owned(), code.to_owned()));
                if is_told == terms.elsewhere.contains(&(name, code)) {
                    let told =
                        if is_told { "is produced, but listed as produced elsewhere" } else { "is not produced" };
                    missing.push(format!("{name}: {code} {told}"));
                }
            }
        }
        assert!(missing.is_empty(), "the story is incomplete:\n{}", missing.join("\n"));
    }

    pub(super) fn assert_same(&self, first: &Told, place: &str) {
        let both = first.entries.iter().zip(&self.entries).filter(|(one, other)| one != other);
        let different: Vec<String> = both
            .map(|(one, other)| format!("{}\nexpected: {}\nfound:    {}", one.operation, one.said, other.said))
            .collect();
        assert!(different.is_empty(), "{place} differs from the first run:\n{}", different.join("\n"));
        assert_eq!(
            first.entries.len(),
            self.entries.len(),
            "{place} has another number of exchanges than the first run"
        );
    }
}
