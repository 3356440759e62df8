//! A server built like the app's, with a few routes to test the kit with, and a client that sends exactly what it is
//! told.

use std::sync::Arc;
use std::time::Duration;

use axum::routing::{get, post};
use axum::{Extension, Router};
use kernel::{Principal, SystemClock};
use platform::config::{Config, Sources};
use platform::http::{CallCtx, Edge, Json, Listener, Page, Path, Problem, Query, Scope, Settings, guard, page_limit};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    id: u32,
    lines: Vec<Line>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    amount: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    limit: Option<u32>,
}

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/orders", post(async |Json(order): Json<Order>| Json(order)))
        .route("/orders", get(async |Query(list): Query<List>| page(list.limit)))
        .route("/orders/{number}", get(async |Path(number): Path<u32>| Json(json!({ "number": number }))))
        .route("/whoami", get(whoami).layer(Extension(Principal::operator())))
        .route("/nobody", get(whoami))
        .route("/panic", get(async || -> Json<Value> { panic!("planted secret") }))
        .route("/broken", get(async || Problem::internal("planted secret")))
        .route("/slow/{ms}", get(slow))
        .route("/origin", get(origin))
        .route("/kept", get(async || ([("cache-control", "max-age=60"), ("referrer-policy", "same-origin")], "kept")))
}

fn page(limit: Option<u32>) -> Result<Json<Page<usize>>, Problem> {
    Ok(Json(Page { items: (0..page_limit(limit)?).collect(), next: None }))
}

async fn whoami(CallCtx(ctx): CallCtx) -> Json<Value> {
    let key = ctx.idempotency_key.map(|key| key.as_str().to_owned());
    Json(json!({ "subject": &*ctx.principal.subject, "request_id": &*ctx.request_id, "key": key }))
}

async fn origin(Extension(scope): Extension<Scope>) -> Json<Value> {
    Json(json!({ "from": scope.from, "secure": scope.secure }))
}

async fn slow(Path(ms): Path<u64>) -> Json<Value> {
    tokio::time::sleep(Duration::from_millis(ms)).await;
    Json(json!({ "slept": ms }))
}

pub(crate) fn config(variables: &[(&str, &str)]) -> Config {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::load(&Sources { variables, ..Sources::default() }).unwrap()
}

pub(crate) async fn open(router: Router, config: &Config) -> Listener {
    let edge = Edge::new(config, Arc::new(SystemClock));
    let settings = Settings::new("test", &config.server);
    Listener::open("127.0.0.1:0".parse().unwrap(), "server.listen", guard(router, edge), settings).await.unwrap()
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}{}", self.head, self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}: ")))?;
        line.split_once(": ").map(|(_, value)| value)
    }
}

/// Sends the bytes as they are and reads until the server closes.
pub(crate) async fn raw(at: std::net::SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

pub(crate) async fn send(at: std::net::SocketAddr, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
    let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let host = if headers.to_ascii_lowercase().contains("host:") { "" } else { "host: localhost\r\n" };
    let head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n{host}{length}{headers}\r\n");
    raw(at, &[head.as_bytes(), body].concat()).await
}
