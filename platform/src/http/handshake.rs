//! The TLS handshake: bounded in time, counted by outcome, and with an answer for clients that speak plain HTTP.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::server::TlsStream;

use super::listener::{Phase, Settings};
use super::shed;
use crate::tls::Tls;

/// The first byte of a TLS connection: a handshake record.
const HANDSHAKE: u8 = 22;
const WORD_MAX: Duration = Duration::from_secs(1);

const TLS_WANTED: &str = concat!(
    "HTTP/1.1 400 Bad Request\r\n",
    "content-type: application/problem+json\r\n",
    "content-length: 168\r\n",
    "connection: close\r\n\r\n",
    r#"{"type":"/problems/tls_wanted","title":"This port speaks TLS","status":400,"#,
    r#""detail":"call it by https://, with TLS 1.3","code":"tls_wanted","request_id":"","errors":[]}"#,
);

/// Returns the encrypted stream. It delays nobody else: each connection has its own task.
pub(super) async fn secure(
    stream: TcpStream,
    tls: &Arc<Tls>,
    settings: Settings,
    phase: &mut watch::Receiver<Phase>,
) -> Option<TlsStream<TcpStream>> {
    let shaking = tokio::time::timeout(settings.header_timeout, shake(stream, tls));
    let (outcome, stream) = tokio::select! {
        shaken = shaking => match shaken {
            Ok(Ok(stream)) => ("done", Some(stream)),
            Ok(Err(outcome)) => (outcome, None),
            Err(_) => ("slow", None),
        },
        _ = phase.wait_for(|phase| *phase != Phase::Open) => ("stopped", None),
    };
    metrics::counter!("tls_handshakes_total", "listener" => settings.name, "outcome" => outcome).increment(1);
    stream
}

async fn shake(stream: TcpStream, tls: &Arc<Tls>) -> Result<TlsStream<TcpStream>, &'static str> {
    let mut first = [0_u8; 1];
    match stream.peek(&mut first).await {
        Ok(1) if first == [HANDSHAKE] => {}
        Ok(1) => {
            let _ = tokio::time::timeout(WORD_MAX, shed::say(stream, TLS_WANTED)).await;
            return Err("plain");
        }
        _ => return Err("gone"),
    }
    tls.accept(stream).await.map_err(|error| {
        tracing::debug!(%error, "a handshake failed");
        "failed"
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_literal_response_is_complete() {
        let (head, body) = super::TLS_WANTED.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["code"], "tls_wanted");
    }
}
