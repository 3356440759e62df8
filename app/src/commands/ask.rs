//! One request of a command to a running florin.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::cli::Whom;
use crate::failure::Failure;

const PATIENCE: Duration = Duration::from_secs(30);

/// Anything but success is a failure, with the code and the sentence of the answer.
pub(super) async fn ask(whom: &Whom, method: Method, path: &str, body: &Value) -> Result<Value, Failure> {
    send(whom, method, path, "application/json", serde_json::to_vec(body)?).await
}

/// The same, with a body of another type.
pub(super) async fn send(
    whom: &Whom,
    method: Method,
    path: &str,
    kind: &'static str,
    body: Vec<u8>,
) -> Result<Value, Failure> {
    let asked = tokio::time::timeout(PATIENCE, answered(whom, method, path, (kind, body))).await;
    asked.map_err(|_| Failure::new(format!("{} did not answer in {} s", whom.server, PATIENCE.as_secs())))?
}

async fn answered(
    whom: &Whom,
    method: Method,
    path: &str,
    (kind, body): (&'static str, Vec<u8>),
) -> Result<Value, Failure> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", &whom.server)
        .header("content-type", kind)
        .body(Full::new(Bytes::from(body)))?;
    if let Some(file) = &whom.token_file {
        request.headers_mut().insert("authorization", bearer(file)?);
    }
    let stream = TcpStream::connect(&whom.server).await.map_err(|error| {
        Failure::new(format!("no florin answers on {}: {error}; start one with `florin serve`", whom.server))
    })?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let running = tokio::spawn(connection);
    let (head, body) = sender.send_request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    running.abort();
    let answer: Value = serde_json::from_slice(&body)
        .map_err(|_| Failure::new(format!("{} answered {} and no JSON", whom.server, head.status)))?;
    if head.status.is_success() {
        return Ok(answer);
    }
    let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Err(Failure::new(format!("{}: {}", text("code"), text("detail"))))
}

fn bearer(file: &Path) -> Result<HeaderValue, Failure> {
    let token = std::fs::read_to_string(file)
        .map_err(|error| Failure::new(format!("{} cannot be read: {error}", file.display())))?;
    let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.trim()))?;
    bearer.set_sensitive(true);
    Ok(bearer)
}
