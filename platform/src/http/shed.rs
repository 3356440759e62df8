//! Rejects a connection when all connections are in use: an answer at once is better than a silent wait.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// Connections being rejected at the same time; beyond that they are closed without an answer.
pub(super) const AT_ONCE_MAX: usize = 64;
const PATIENCE: Duration = Duration::from_secs(1);

const ANSWER: &str = concat!(
    "HTTP/1.1 503 Service Unavailable\r\n",
    "content-type: application/problem+json\r\n",
    "content-length: 189\r\n",
    "retry-after: 1\r\n",
    "connection: close\r\n\r\n",
    r#"{"type":"/problems/overloaded","title":"Too many requests are waiting; try again shortly","status":503,"#,
    r#""detail":"all connections are in use","code":"overloaded","request_id":"","errors":[]}"#,
);

/// With `tls` there is no answer: it would take a handshake, which is work we cannot afford.
pub(super) fn refuse(stream: TcpStream, listener: &'static str, tls: bool, refusing: &Arc<Semaphore>) {
    metrics::counter!("http_connections_refused_total", "listener" => listener).increment(1);
    if tls {
        return;
    }
    let Ok(place) = refusing.clone().try_acquire_owned() else { return };
    tokio::spawn(async move {
        let _place = place;
        let _ = tokio::time::timeout(PATIENCE, say(stream, ANSWER)).await;
    });
}

/// First reads what the client sent: closing a socket with unread bytes would discard our answer.
pub(super) async fn say(mut stream: TcpStream, answer: &str) -> std::io::Result<()> {
    let mut unread = [0_u8; 8_192];
    if stream.read(&mut unread).await? == 0 {
        return Ok(());
    }
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_literal_response_is_complete() {
        let (head, body) = super::ANSWER.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["code"], "overloaded");
    }
}
