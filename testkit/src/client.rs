//! A small HTTP client for JSON, with one connection that is kept and replaced when lost.

use std::fmt;
use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use kernel::Secret;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

/// A clone has its own connection, so one client per task is a realistic load.
pub struct Client {
    address: SocketAddr,
    /// Sent with every request that does not authenticate itself.
    token: Option<Secret>,
    connection: Mutex<Option<SendRequest<Full<Bytes>>>>,
}

#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The raw body.
    pub bytes: Bytes,
}

impl Answer {
    /// The body as JSON; null if it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// The request may or may not have reached the server.
#[derive(Debug)]
pub struct Lost(pub String);

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no answer: {}", self.0)
    }
}

impl Client {
    pub fn new(address: SocketAddr) -> Client {
        Client { address, token: None, connection: Mutex::new(None) }
    }

    pub fn with_token(self, token: Secret) -> Client {
        Client { token: Some(token), ..self }
    }

    /// A client without credentials.
    pub fn stranger(&self) -> Client {
        Client::new(self.address)
    }

    /// Gets a token as a program does.
    pub async fn token(&self, id: &str, secret: &str) -> Result<Secret, Lost> {
        let request = Request::post("/oauth2/token")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(AUTHORIZATION, format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))))
            .body(Full::new(Bytes::from_static(b"grant_type=client_credentials")))
            .expect("a request that can be sent");
        let answer = self.send_raw(request).await?;
        let token = answer.json().get("access_token").and_then(|token| token.as_str().map(Secret::new));
        token.ok_or_else(|| Lost(format!("{}: {}", answer.status, answer.text())))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None).await.expect("an answer")
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[], Some(body)).await.expect("an answer")
    }

    /// For tests whose server may be gone: an error means that the outcome is unknown.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, Lost> {
        let mut request = Request::builder().method(method).uri(path);
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        self.send_raw(request.body(Full::new(body)).expect("a request that can be sent")).await
    }

    /// A request exactly as given, even if malformed; only the Host is added if it is missing.
    pub async fn send_raw(&self, mut request: Request<Full<Bytes>>) -> Result<Answer, Lost> {
        let host = self.address.to_string().parse().expect("an address is a header value");
        request.headers_mut().entry(HOST).or_insert(host);
        if let Some(token) = &self.token {
            let bearer = format!("Bearer {}", token.expose()).parse().expect("a token is a header value");
            request.headers_mut().entry(AUTHORIZATION).or_insert(bearer);
        }
        let mut connection = self.connection.lock().await;
        let kept = match connection.as_mut() {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !kept {
            *connection = Some(connect(self.address).await?);
        }
        let sender = connection.as_mut().expect("a connection was made");
        let answer = exchange(sender, request).await;
        if answer.is_err() {
            *connection = None;
        }
        answer
    }
}

impl Clone for Client {
    fn clone(&self) -> Client {
        Client { token: self.token.clone(), ..Client::new(self.address) }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.address)
    }
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>, Lost> {
    let stream = TcpStream::connect(address).await.map_err(lost)?;
    stream.set_nodelay(true).map_err(lost)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(lost)?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn exchange(sender: &mut SendRequest<Full<Bytes>>, request: Request<Full<Bytes>>) -> Result<Answer, Lost> {
    let response: Response<_> = sender.send_request(request).await.map_err(lost)?;
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.map_err(lost)?.to_bytes();
    Ok(Answer { status: parts.status, headers: parts.headers, bytes })
}

fn lost(error: impl fmt::Display) -> Lost {
    Lost(error.to_string())
}
