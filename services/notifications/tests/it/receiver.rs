//! A receiver of webhooks that checks what it gets as a real one would, and fails on command.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;

/// One post, whose signature was right.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) id: String,
    pub(crate) body: serde_json::Value,
    /// How many signatures it had.
    pub(crate) signatures: usize,
}

#[derive(Clone, Default)]
pub(crate) struct Receiver {
    pub(crate) port: u16,
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    got: Mutex<Vec<Got>>,
    secret: Mutex<String>,
    answers: Mutex<VecDeque<(u16, Option<u32>)>>,
}

impl Receiver {
    pub(crate) async fn open() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Receiver { port: listener.local_addr().unwrap().port(), ..Receiver::default() };
        let router = Router::new().route("/hooks", post(hear)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks", self.port)
    }

    /// By which signatures are checked from now on.
    pub(crate) fn trusts(&self, secret: &str) {
        *self.inner.secret.lock().unwrap() = secret.to_owned();
    }

    /// The next answers: a status, and `Retry-After`; all later ones are 204.
    pub(crate) fn next(&self, answers: &[(u16, Option<u32>)]) {
        self.inner.answers.lock().unwrap().extend(answers);
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.inner.got.lock().unwrap().clone()
    }
}

async fn hear(State(at): State<Receiver>, headers: HeaderMap, body: Bytes) -> (StatusCode, HeaderMap) {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (id, seconds, signatures) = (text("webhook-id"), text("webhook-timestamp"), text("webhook-signature"));
    let secret = at.inner.secret.lock().unwrap().clone();
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let signed = [format!("{id}.{seconds}.").as_bytes(), &body].concat();
    let is_good = |signature: &str| {
        let tag = signature.strip_prefix("v1,").and_then(|tag| STANDARD.decode(tag).ok());
        tag.is_some_and(|tag| hmac::verify(&key, &signed, &tag).is_ok())
    };
    if !signatures.split(' ').any(is_good) || text("content-type") != "application/json" || body.len() > 20_000 {
        return (StatusCode::UNAUTHORIZED, HeaderMap::new());
    }
    let body = serde_json::from_slice(&body).unwrap();
    at.inner.got.lock().unwrap().push(Got { id, body, signatures: signatures.split(' ').count() });
    let (status, after) = at.inner.answers.lock().unwrap().pop_front().unwrap_or((204, None));
    let mut headers = HeaderMap::new();
    if let Some(after) = after {
        headers.insert("retry-after", after.into());
    }
    if status == 302 {
        headers.insert("location", "http://127.0.0.1:1/".parse().unwrap());
    }
    (StatusCode::from_u16(status).unwrap(), headers)
}
