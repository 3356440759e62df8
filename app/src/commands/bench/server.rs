//! A whole Florin in a separate process, called over HTTP like a program or a browser: one connection per caller.

use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::child::Running;
use super::cpu;
use super::memory::Memory;
use super::process::{PROGRAM, Secret, free_address};
use super::store::Store;
use crate::failure::Failure;

const READY_TRIES_MAX: u32 = 300;
pub(super) const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

pub(super) struct Server {
    running: Running,
    address: String,
    /// `Authorization` of the configured client: to request a token, and with one.
    basic: HeaderValue,
    bearer: HeaderValue,
}

impl Server {
    /// Starts it, waits until it is ready, and requests a token for a client with this role. `more` are settings of the
    /// particular benchmark.
    pub(super) async fn start(store: &Store, role: &str, more: &[(&str, String)]) -> Result<Server, Failure> {
        let (address, secret) = (free_address().await?, Secret::make(store, role)?);
        let child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .envs(store.variables())
            .env("FLORIN__SERVER__LISTEN", &address)
            // On PostgreSQL others can call the ledger.
            .env("FLORIN__RPC__LISTEN", "127.0.0.1:0")
            .envs(secret.variables())
            .env("FLORIN__TELEMETRY__LOG_LEVEL", "warn")
            .envs(more.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let basic = STANDARD.encode(format!("{PROGRAM}:{}", secret.program));
        let basic = HeaderValue::from_str(&format!("Basic {basic}"))?;
        let bearer = HeaderValue::from_static("");
        let mut server = Server { running: Running(child), address, basic, bearer };
        server.until_ready().await?;
        server.bearer = server.connect().await?.program_token().await?;
        Ok(server)
    }

    async fn until_ready(&mut self) -> Result<(), Failure> {
        for _ in 0..READY_TRIES_MAX {
            if let Ok(mut connection) = self.connect().await
                && connection.get("/ready").await.is_ok()
            {
                return Ok(());
            }
            if let Some(ended) = self.running.ended()? {
                return Err(Failure::new(format!("the server of the benchmark ended with {ended}")));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(Failure::new("the server of the benchmark did not become ready"))
    }

    pub(super) async fn connect(&self) -> Result<Connection, Failure> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let (address, basic, bearer) = (self.address.clone(), self.basic.clone(), self.bearer.clone());
        Ok(Connection { sender, address, basic, bearer })
    }

    pub(super) fn memory(&self) -> Option<Memory> {
        Memory::of(self.running.id())
    }

    pub(super) fn process(&self) -> u32 {
        self.running.id()
    }

    /// Microseconds of processor time used so far.
    pub(super) fn cpu_micros(&self) -> Option<u64> {
        cpu::micros_of(self.running.id())
    }

    pub(super) async fn stop(self) -> Result<(), Failure> {
        self.running.stop().await
    }
}

/// The server closes it if nothing was requested for longer than its header timeout.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    address: String,
    basic: HeaderValue,
    bearer: HeaderValue,
}

pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Connection {
    /// Sends any request and accepts any response.
    pub(super) async fn exchange(&mut self, mut request: Request<Full<Bytes>>) -> Result<Answer, Failure> {
        request.headers_mut().insert("host", HeaderValue::from_str(&self.address)?);
        self.sender.ready().await?;
        let (head, body) = self.sender.send_request(request).await?.into_parts();
        Ok(Answer { status: head.status, headers: head.headers, body: body.collect().await?.to_bytes() })
    }

    /// Sends a request as the client.
    pub(super) async fn send(&mut self, mut request: Request<Full<Bytes>>) -> Result<Answer, Failure> {
        request.headers_mut().insert("authorization", self.bearer.clone());
        self.exchange(request).await
    }

    /// Calls the API as the client; anything but success is a failure.
    pub(super) async fn call(&mut self, method: &str, path: &str, body: Option<Value>) -> Result<Bytes, Failure> {
        let body = body.map(|body| serde_json::to_vec(&body)).transpose()?.unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))?;
        let answer = self.send(request).await?;
        answer.good(&format!("{method} {path}"))
    }

    pub(super) async fn get(&mut self, path: &str) -> Result<Value, Failure> {
        Ok(serde_json::from_slice(&self.call("GET", path, None).await?)?)
    }

    pub(super) async fn post(&mut self, path: &str, body: Value) -> Result<Value, Failure> {
        Ok(serde_json::from_slice(&self.call("POST", path, Some(body)).await?)?)
    }

    /// Gets a token as a program does.
    pub(super) async fn grant(&mut self) -> Result<String, Failure> {
        let request = Request::post("/oauth2/token")
            .header("content-type", FORM)
            .header("authorization", self.basic.clone())
            .body(Full::new(Bytes::from_static(b"grant_type=client_credentials")))?;
        let answer = self.exchange(request).await?.good("POST /oauth2/token")?;
        access_token(&answer)
    }

    async fn program_token(&mut self) -> Result<HeaderValue, Failure> {
        bearer(&self.grant().await?)
    }

    /// The same connection, with a different token.
    pub(super) fn with_token(mut self, token: &str) -> Result<Connection, Failure> {
        self.bearer = bearer(token)?;
        Ok(self)
    }
}

impl Answer {
    pub(super) fn good(self, what: &str) -> Result<Bytes, Failure> {
        if self.status.is_success() {
            return Ok(self.body);
        }
        Err(Failure::new(format!("{what} answered {}: {}", self.status, String::from_utf8_lossy(&self.body))))
    }
}

pub(super) fn access_token(answer: &[u8]) -> Result<String, Failure> {
    let answer: Value = serde_json::from_slice(answer)?;
    let token = answer.get("access_token").and_then(Value::as_str);
    token.map(str::to_owned).ok_or_else(|| Failure::new("the server of the benchmark gave no token"))
}

fn bearer(token: &str) -> Result<HeaderValue, Failure> {
    Ok(HeaderValue::from_str(&format!("Bearer {token}"))?)
}
