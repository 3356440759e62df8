//! One request of a story and its answer.

use std::ops::Index;
use std::time::Duration;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use kernel::Secret;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use platform::room::Word;
use serde_json::Value;

use super::Telling;
use super::callers::only;
use super::document::Described;
use super::telling::Entry;

/// Characters that must be escaped in a path.
const IN_PATH: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'/').add(b'?');
/// For answers that take a while.
const TRIES: u32 = 1_000;
const PAUSE: Duration = Duration::from_millis(10);

/// A value for an address: a text, or a value from an earlier answer.
pub trait Text {
    fn text(&self) -> String;
}

impl Text for str {
    fn text(&self) -> String {
        self.to_owned()
    }
}

impl Text for String {
    fn text(&self) -> String {
        self.clone()
    }
}

impl Text for Value {
    fn text(&self) -> String {
        self.as_str().map_or_else(|| self.to_string(), str::to_owned)
    }
}

impl<T: Text + ?Sized> Text for &T {
    fn text(&self) -> String {
        (**self).text()
    }
}

/// The content of a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent {
    pub(super) path: Vec<(String, String)>,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
}

#[derive(Debug, Clone, Default)]
pub(super) enum Body {
    #[default]
    Nothing,
    Json(Value),
    Form(Vec<(String, String)>),
    /// A file, with its content type.
    File(&'static str, Vec<u8>),
}

impl Sent {
    /// The address of the operation with these path parameters and this query.
    pub(super) fn address(&self, operation: &Described) -> String {
        let mut address = operation.path.clone();
        for (name, value) in &self.path {
            let place = format!("{{{name}}}");
            assert!(address.contains(&place), "{}: expected {place} in {}", operation.name, operation.path);
            address = address.replace(&place, &utf8_percent_encode(value, IN_PATH).to_string());
        }
        assert!(!address.contains('{'), "{}: a place of {address} is left open", operation.name);
        if self.query.is_empty() { address } else { format!("{address}?{}", encoded(&self.query)) }
    }
}

pub(super) fn encoded(fields: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

enum Who {
    /// A caller with all permissions.
    Everything,
    Token(Secret),
    Nobody,
}

/// A request under construction, by a caller with all permissions.
#[must_use = "a request is sent by `gives` or `refused`"]
pub struct Ask<'t> {
    telling: &'t Telling,
    operation: &'t Described,
    sent: Sent,
    who: Who,
    title: Option<String>,
    #[expect(clippy::type_complexity, reason = "a test's closure")]
    until: Option<Box<dyn Fn(&Reply) -> bool + 't>>,
}

impl<'t> Ask<'t> {
    pub(super) fn new(telling: &'t Telling, operation: &'t Described, sent: Sent) -> Ask<'t> {
        let who = if operation.word == Word::Nothing { Who::Nobody } else { Who::Everything };
        Ask { telling, operation, sent, who, title: None, until: None }
    }

    /// Sets a path parameter.
    pub fn at(mut self, place: &str, value: impl Text) -> Ask<'t> {
        self.sent.path.retain(|(known, _)| known != place);
        self.sent.path.push((place.to_owned(), value.text()));
        self
    }

    pub fn query(mut self, name: &str, value: impl Text) -> Ask<'t> {
        self.sent.query.push((name.to_owned(), value.text()));
        self
    }

    pub fn header(mut self, name: &str, value: impl Text) -> Ask<'t> {
        self.sent.headers.push((name.to_owned(), value.text()));
        self
    }

    /// Sends JSON.
    pub fn body(mut self, body: Value) -> Ask<'t> {
        self.sent.body = Body::Json(body);
        self
    }

    /// Sends the JSON given so far, or an empty object, with this field.
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Ask<'t> {
        let mut body = match std::mem::take(&mut self.sent.body) {
            Body::Json(body) => body,
            _ => Value::Object(Default::default()),
        };
        body[field] = value.into();
        self.sent.body = Body::Json(body);
        self
    }

    /// Sends a form.
    pub fn form(mut self, fields: &[(&str, &str)]) -> Ask<'t> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.sent.body = Body::Form(fields.iter().map(own).collect());
        self
    }

    /// Sends a file.
    pub fn file(mut self, kind: &'static str, bytes: impl Into<Vec<u8>>) -> Ask<'t> {
        self.sent.body = Body::File(kind, bytes.into());
        self
    }

    /// Sets another caller.
    pub fn by(mut self, token: &Secret) -> Ask<'t> {
        self.who = Who::Token(token.clone());
        self
    }

    pub fn by_nobody(mut self) -> Ask<'t> {
        self.who = Who::Nobody;
        self
    }

    /// Adds this exchange to the document too, under this title.
    pub fn shown(mut self, title: &str) -> Ask<'t> {
        self.title = Some(title.to_owned());
        self
    }

    /// Repeats the request, for an answer that takes a while.
    pub fn until(mut self, enough: impl Fn(&Reply) -> bool + 't) -> Ask<'t> {
        self.until = Some(Box::new(enough));
        self
    }

    /// Sends it, and expects this status and its documented answer.
    pub async fn gives(self, status: u16) -> Reply {
        let Ask { telling, operation, .. } = &self;
        let is_first = telling.begins(operation, &self.sent);
        let mut reply = None;
        if is_first && (matches!(self.who, Who::Everything) || operation.word == Word::Nothing) {
            telling.guard(operation, &self.sent).await;
        }
        if let (true, Who::Everything, Word::Needs { resource, action }) = (is_first, &self.who, operation.word) {
            reply = self.by_own_permission(only(resource, action), status).await;
        }
        let reply = match reply {
            Some(reply) => reply,
            None => self.send().await,
        };
        assert_eq!(reply.status, status, "{}: {}", operation.name, reply.text());
        if let Err(wrong) = telling.check(operation, &self.sent, &reply) {
            panic!("{}: {wrong}\n{}", operation.name, reply.text());
        }
        let shown = is_first || self.title.is_some();
        telling.tell(Entry::good(operation, &self.sent, &reply, self.title.clone(), shown));
        reply
    }

    /// Not checked where the request needs further permissions, as the room's own refusals say.
    async fn by_own_permission(&self, role: String, status: u16) -> Option<Reply> {
        let token = self.telling.callers().of_role(role);
        let reply = self.telling.send(self.operation, &self.sent, Some(&token)).await;
        let name = &self.operation.name;
        assert_ne!(reply.code(), Some("forbidden"), "{name}: its own permission is not enough: {}", reply.text());
        let is_answer = reply.status == status && self.until.as_ref().is_none_or(|enough| enough(&reply));
        is_answer.then_some(reply)
    }

    /// Sends it, and expects this refusal, which must be documented. Returns its body.
    pub async fn refused(self, code: &str) -> Reply {
        let Ask { telling, operation, .. } = &self;
        let reply = self.send().await;
        let name = &operation.name;
        assert_eq!(reply.code(), Some(code), "{name}: {} {}", reply.status, reply.text());
        let documented = operation.is_refused_with(code, reply.status);
        assert!(documented, "{name}: {code} with status {} is not documented", reply.status);
        if let Err(wrong) = telling.check_refusal(&reply) {
            panic!("{name}: {wrong}\n{}", reply.text());
        }
        telling.tell(Entry::refused(operation, &self.sent, &reply, code));
        reply
    }

    /// Sends it without checking the answer, which is not recorded either.
    pub async fn reply(self) -> Reply {
        self.send().await
    }

    async fn send(&self) -> Reply {
        let token = match &self.who {
            Who::Everything => Some(self.telling.token(|_| {})),
            Who::Token(token) => Some(token.clone()),
            Who::Nobody => None,
        };
        let enough = |reply: &Reply| self.until.as_ref().is_none_or(|enough| enough(reply));
        let mut tried = 0;
        loop {
            let reply = self.telling.send(self.operation, &self.sent, token.as_ref()).await;
            if enough(&reply) {
                return reply;
            }
            tried += 1;
            assert!(tried < TRIES, "{}: never became the expected answer: {}", self.operation.name, reply.text());
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// An answer, whose fields are read by name: `reply["id"]`.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: bytes::Bytes,
    /// Null if it is not JSON.
    pub json: Value,
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The code of a refusal, ours or OAuth's.
    pub fn code(&self) -> Option<&str> {
        if self.status < 400 {
            return None;
        }
        self.json["code"].as_str().or_else(|| self.json["error"].as_str())
    }

    /// The type of the body without its parameters.
    pub(super) fn kind(&self) -> Option<&str> {
        let kind = self.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        kind.split(';').next().map(str::trim)
    }
}

impl<I: serde_json::value::Index> Index<I> for Reply {
    type Output = Value;

    fn index(&self, index: I) -> &Value {
        &self.json[index]
    }
}
