//! The same load over HTTP: a server of its own as a second process, one connection a caller.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use kernel::{Clock, Currency, SystemClock};
use ledger_api::AccountPath;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::books::{self, End};
use super::child::Running;
use super::client::{Caller, FUNDS, Transfer, WORLD};
use super::load::{self, Figures, Load};
use super::memory::Memory;
use super::process::{PROGRAM, Secret, free_address};
use super::store::Store;
use crate::failure::Failure;

const READY_TRIES_MAX: u32 = 300;

/// What was measured, how the store was left, and the memory of the server.
pub(super) async fn over_http(store: &Store, load: &Load) -> Result<(Figures, End, Option<Memory>), Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let server = Server::start(store, load).await?;
    let currency = load::currency()?;
    let paths = load::paths(load.accounts)?;
    server.caller(currency).await?.open(WORLD, "debit").await?;
    open_accounts(&server, &paths, currency).await?;
    books::fund(server.caller(currency).await?, &paths, &clock).await?;
    // A connection that is idle for longer than the server waits for headers is closed, so each question has its own.
    let before = server.caller(currency).await?.status().await?;
    let mut callers = Vec::with_capacity(load.in_flight);
    for _ in 0..load.in_flight {
        callers.push(server.caller(currency).await?);
    }
    let run = load::run(callers, load, &paths, &clock).await?;
    let mut asking = server.caller(currency).await?;
    let after = asking.status().await?;
    let total = asking.get("/v1/ledger/balances?prefix=bench").await?;
    let moved = minor(total.pointer("/currencies/0/posted_debits/amount"))?;
    load::check(&run, after.rows - before.rows, moved - FUNDS * paths.len() as i64)?;
    let memory = Memory::of(server.running.id());
    server.running.stop().await?;
    let bytes = store.bytes();
    let row_bytes = ledger::mean_row_bytes(&store.open().await?).await?;
    let transfers = paths.len() as u64 + run.acknowledged;
    let figures = run.figures(after.groups - before.groups, after.rows - before.rows, None);
    Ok((figures, End { bytes, transfers, row_bytes }, memory))
}

async fn open_accounts(server: &Server, paths: &[AccountPath], currency: Currency) -> Result<(), Failure> {
    const CONNECTIONS: usize = 64;
    let mut opening = tokio::task::JoinSet::new();
    for chunk in paths.chunks(paths.len().div_ceil(CONNECTIONS).max(1)) {
        let (chunk, mut caller) = (chunk.to_vec(), server.caller(currency).await?);
        opening.spawn(async move {
            for path in &chunk {
                caller.open(path.as_str(), "credit").await?;
            }
            Ok::<(), Failure>(())
        });
    }
    while let Some(opened) = opening.join_next().await {
        opened??;
    }
    Ok(())
}

struct Server {
    running: Running,
    address: String,
    /// Of the program that the server was told of.
    token: HeaderValue,
}

impl Server {
    async fn start(store: &Store, load: &Load) -> Result<Server, Failure> {
        let (address, secret) = (free_address().await?, Secret::make(store)?);
        let child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .envs(store.variables())
            .env("FLORIN__SERVER__LISTEN", &address)
            // On PostgreSQL a ledger can be called by others.
            .env("FLORIN__RPC__LISTEN", "127.0.0.1:0")
            .envs(secret.variables())
            .env("FLORIN__SERVER__CONNECTIONS_MAX", (load.in_flight + 128).to_string())
            .env("FLORIN__SERVER__DEADLINE_MS", "30000")
            .env("FLORIN__LEDGER__ROLLUP_ACCOUNTS_MAX", (load.accounts + 1).to_string())
            .env("FLORIN__TELEMETRY__LOG_LEVEL", "warn")
            .stderr(Stdio::null())
            .stdin(Stdio::null())
            .spawn()?;
        let mut server = Server { running: Running(child), address, token: HeaderValue::from_static("") };
        for _ in 0..READY_TRIES_MAX {
            if let Ok(mut caller) = server.caller(load::currency()?).await
                && caller.get("/ready").await.is_ok()
            {
                server.token = caller.token(&secret).await?;
                return Ok(server);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(Failure::new("the server of the benchmark did not become ready"))
    }

    async fn caller(&self, currency: Currency) -> Result<OverHttp, Failure> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(OverHttp { sender, address: self.address.clone(), token: self.token.clone(), currency })
    }
}

struct OverHttp {
    sender: SendRequest<Full<Bytes>>,
    address: String,
    token: HeaderValue,
    currency: Currency,
}

struct Status {
    groups: u64,
    rows: u64,
}

impl OverHttp {
    async fn request(&mut self, method: &str, path: &str, body: Option<Value>) -> Result<Bytes, Failure> {
        let body = body.map(|body| serde_json::to_vec(&body)).transpose()?.unwrap_or_default();
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.address)
            .header("content-type", "application/json")
            .header("authorization", self.token.clone())
            .body(Full::new(Bytes::from(body)))?;
        self.exchange(request).await
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Result<Bytes, Failure> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if status.is_success() {
            return Ok(body);
        }
        Err(Failure::new(format!("{method} {path} answered {status}: {}", String::from_utf8_lossy(&body))))
    }

    /// Asks for a token as a program does.
    async fn token(&mut self, secret: &Secret) -> Result<HeaderValue, Failure> {
        let basic = STANDARD.encode(format!("{PROGRAM}:{}", secret.program));
        let request = http::Request::post("/oauth2/token")
            .header("host", &self.address)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", format!("Basic {basic}"))
            .body(Full::new(Bytes::from_static(b"grant_type=client_credentials")))?;
        let answer: Value = serde_json::from_slice(&self.exchange(request).await?)?;
        let token = answer.get("access_token").and_then(Value::as_str);
        let token = token.ok_or_else(|| Failure::new("the server of the benchmark gave no token"))?;
        Ok(HeaderValue::from_str(&format!("Bearer {token}"))?)
    }

    async fn get(&mut self, path: &str) -> Result<Value, Failure> {
        Ok(serde_json::from_slice(&self.request("GET", path, None).await?)?)
    }

    async fn open(&mut self, path: &str, normal: &str) -> Result<(), Failure> {
        let body = json!({ "path": path, "currency": self.currency.code(), "normal": normal });
        self.request("POST", "/v1/ledger/accounts", Some(body)).await.map(|_| ())
    }

    async fn status(&mut self) -> Result<Status, Failure> {
        let status = self.get("/status").await?;
        let number = |name: &str| {
            let value = find(&status, name);
            value.ok_or_else(|| Failure::new(format!("/status does not tell the ledger's {name}")))
        };
        Ok(Status { groups: number("groups")?, rows: number("rows")? })
    }
}

/// The first number of this name, wherever it stands.
fn find(value: &Value, name: &str) -> Option<u64> {
    match value {
        Value::Object(members) => {
            let own = members.get(name).and_then(Value::as_u64);
            own.or_else(|| members.values().find_map(|member| find(member, name)))
        }
        Value::Array(items) => items.iter().find_map(|item| find(item, name)),
        _ => None,
    }
}

fn minor(amount: Option<&Value>) -> Result<i64, Failure> {
    let text = amount.and_then(Value::as_str).ok_or_else(|| Failure::new("the roll-up tells no amount"))?;
    Ok(text.replace('.', "").parse()?)
}

impl Caller for OverHttp {
    async fn send(&mut self, transfers: &[Transfer]) -> Result<(), Failure> {
        let command = |transfer: &Transfer| serde_json::to_value(transfer.command(self.currency));
        if let [transfer] = transfers {
            let body = command(transfer)?;
            self.request("POST", "/v1/ledger/transactions", Some(body)).await?;
            return Ok(());
        }
        let line = |transfer| Ok(json!({ "create": command(transfer)? }));
        let lines = transfers.iter().map(line).collect::<Result<Vec<Value>, Failure>>()?;
        let body = json!({ "atomic": false, "lines": lines });
        let answer = self.request("POST", "/v1/ledger/batches", Some(body)).await?;
        let answer: Value = serde_json::from_slice(&answer)?;
        let lines = answer.get("lines").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let failed = lines.iter().find(|line| line.get("status").and_then(Value::as_u64) != Some(201));
        match failed {
            None if lines.len() == transfers.len() => Ok(()),
            failed => Err(Failure::new(format!("a line of a batch was not done: {failed:?}"))),
        }
    }
}
