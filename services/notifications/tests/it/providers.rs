//! Twilio, Firebase and a push service of a test: they check what they get as the real ones would, and fail on command.

mod apps;
mod browser;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream;
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;
use url::form_urlencoded;

pub(crate) use apps::App;
pub(crate) use browser::{Browser, Pushed};

pub(crate) const ACCOUNT: &str = "AC00000000000000000000000000000007";
pub(crate) const TOKEN: &str = "b3c0ffee";
/// What we call ourselves to them.
pub(crate) const PUBLIC: &str = "https://bank.example.com";

/// What happens to one message.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fate {
    Take,
    /// This status and body.
    Say(u16, &'static str),
    /// Later, says `Retry-After`.
    Later(u16, u32),
    /// It is taken, and the answer is lost.
    Lose,
}

#[derive(Clone)]
pub(crate) struct Providers {
    pub(crate) port: u16,
    inner: Arc<Inner>,
}

struct Inner {
    fates: Mutex<VecDeque<Fate>>,
    sms: Mutex<Vec<BTreeMap<String, String>>>,
    pushed: Mutex<Vec<Pushed>>,
    apps: Mutex<Vec<serde_json::Value>>,
    browser: Browser,
    app: App,
}

impl Providers {
    pub(crate) async fn open() -> Providers {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (browser, app) = (Browser::new(port), App::new(port));
        let (fates, sms, pushed, apps) = (Mutex::default(), Mutex::default(), Mutex::default(), Mutex::default());
        let providers = Providers { port, inner: Arc::new(Inner { fates, sms, pushed, apps, browser, app }) };
        let router = Router::new()
            .route("/2010-04-01/Accounts/{account}/Messages.json", post(twilio))
            .route("/p/{id}", post(push))
            .route("/token", post(token))
            .route("/v1/projects/{*send}", post(fcm))
            .with_state(providers.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        providers
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The settings of SMS, with receipts.
    pub(crate) fn sms_settings(&self) -> Vec<(&'static str, String)> {
        let all = [
            ("sms_base_url", self.url()),
            ("sms_from", "+15005550006".to_owned()),
            ("twilio_account_sid", ACCOUNT.to_owned()),
            ("twilio_auth_token", TOKEN.to_owned()),
            ("public_url", PUBLIC.to_owned()),
            ("provider_failures_max", "1000".to_owned()),
        ];
        all.to_vec()
    }

    /// The next messages, in this order; all later ones are taken.
    pub(crate) fn next(&self, fates: &[Fate]) {
        self.inner.fates.lock().unwrap().extend(fates);
    }

    /// Every SMS taken, whether or not that could be said.
    pub(crate) fn sms(&self) -> Vec<BTreeMap<String, String>> {
        self.inner.sms.lock().unwrap().clone()
    }

    /// What the browser has read.
    pub(crate) fn pushed(&self) -> Vec<Pushed> {
        self.inner.pushed.lock().unwrap().clone()
    }

    pub(crate) fn apps(&self) -> Vec<serde_json::Value> {
        self.inner.apps.lock().unwrap().clone()
    }

    pub(crate) fn browser(&self) -> &Browser {
        &self.inner.browser
    }

    pub(crate) fn app(&self) -> &App {
        &self.inner.app
    }

    /// Its fate, once the message itself was right.
    fn fate(&self, taken: impl FnOnce(&Inner), good: (u16, String)) -> Response {
        let fate = self.inner.fates.lock().unwrap().pop_front();
        match fate {
            None | Some(Fate::Take) => {
                taken(&self.inner);
                said(good.0, good.1)
            }
            Some(Fate::Say(status, body)) => said(status, body.to_owned()),
            Some(Fate::Later(status, seconds)) => {
                let mut answer = said(status, String::new());
                answer.headers_mut().insert("retry-after", seconds.into());
                answer
            }
            Some(Fate::Lose) => {
                taken(&self.inner);
                let lost = stream::iter([Err::<Bytes, _>(std::io::Error::other("lost"))]);
                Response::new(Body::from_stream(lost))
            }
        }
    }
}

fn said(status: u16, body: String) -> Response {
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}

fn refused(status: u16, code: u32) -> Response {
    said(status, format!(r#"{{"code":{code},"message":"refused","status":{status}}}"#))
}

async fn twilio(State(at): State<Providers>, Path(account): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    let login = format!("Basic {}", STANDARD.encode(format!("{ACCOUNT}:{TOKEN}")));
    if account != ACCOUNT || headers.get(AUTHORIZATION).is_none_or(|found| *found != login) {
        return refused(401, 20_003);
    }
    let form: BTreeMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let text = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let is_number = text("To").strip_prefix('+').is_some_and(|digits| digits.parse::<u64>().is_ok());
    if !is_number {
        return refused(400, 21_211);
    }
    let callback = text("StatusCallback");
    if !callback.is_empty() && !callback.starts_with("https://") {
        return refused(400, 21_609);
    }
    if text("From").is_empty() == text("MessagingServiceSid").is_empty() {
        return refused(400, 21_603);
    }
    let units = text("Body").chars().count();
    let life_s: u32 = text("ValidityPeriod").parse().unwrap_or(14_400);
    if !(1..=1_600).contains(&units) || !(1..=14_400).contains(&life_s) {
        return refused(400, 21_617);
    }
    let taken = |inner: &Inner| inner.sms.lock().unwrap().push(form.clone());
    at.fate(taken, (201, r#"{"sid":"SM00000000000000000000000000000007","status":"queued"}"#.to_owned()))
}

async fn push(State(at): State<Providers>, headers: HeaderMap, body: Bytes) -> Response {
    let read = match at.inner.browser.read(&headers, &body) {
        Ok(read) => read,
        Err(status) => return said(status, String::new()),
    };
    at.fate(|inner| inner.pushed.lock().unwrap().push(read), (201, String::new()))
}

async fn token(State(at): State<Providers>, body: Bytes) -> Response {
    match at.inner.app.token(&body) {
        Some(token) => said(200, token),
        None => said(400, r#"{"error":"invalid_grant"}"#.to_owned()),
    }
}

async fn fcm(State(at): State<Providers>, headers: HeaderMap, body: Bytes) -> Response {
    let message = match at.inner.app.read(&headers, &body) {
        Ok(message) => message,
        Err((status, body)) => return said(status, body),
    };
    at.fate(|inner| inner.apps.lock().unwrap().push(message), (200, r#"{"name":"projects/p/messages/1"}"#.to_owned()))
}

/// The signature that Twilio makes.
pub(crate) fn signature(path: &str, fields: &[(&str, &str)]) -> String {
    let sorted: BTreeMap<&str, &str> = fields.iter().copied().collect();
    let text = sorted.iter().fold(format!("{PUBLIC}{path}"), |text, (name, value)| text + name + value);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, TOKEN.as_bytes());
    STANDARD.encode(hmac::sign(&key, text.as_bytes()))
}
