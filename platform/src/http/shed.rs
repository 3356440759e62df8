//! What a connection gets when there is no place for it: an answer at once is better than a silent wait. Probes and
//! metrics are answered all the same, so that a full server can still be watched.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Request, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::connection::Shared;
use super::origin::Peer;
use super::problem::{Problem, refusals};

/// Connections being answered this way at the same time; beyond that they are closed without an answer.
pub(super) const AT_ONCE_MAX: usize = 64;
/// For the whole of such a connection: handshake, request and answer.
const PATIENCE: Duration = Duration::from_secs(2);
const HEADERS_BYTES_MAX: usize = 16_384;

pub(super) fn refuse(stream: TcpStream, peer: Peer, shared: &Arc<Shared>, refusing: &Arc<Semaphore>) {
    metrics::counter!("http_connections_refused_total", "listener" => shared.settings.name).increment(1);
    let Ok(place) = refusing.clone().try_acquire_owned() else { return };
    let shared = shared.clone();
    tokio::spawn(async move {
        let _place = place;
        let _ = tokio::time::timeout(PATIENCE, answer(stream, peer, &shared)).await;
    });
}

async fn answer(stream: TcpStream, peer: Peer, shared: &Shared) {
    match &shared.tls {
        None => converse(stream, peer, shared).await,
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                converse(stream, peer, shared).await;
            }
        }
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(stream: S, peer: Peer, shared: &Shared) {
    let service = service_fn(|mut request: Request<Incoming>| async move {
        request.extensions_mut().insert(peer);
        let response = if (shared.probe)(request.uri().path()) {
            ask(&shared.router, request).await
        } else {
            Problem::from(refusals::OVERLOADED).detail("all connections are in use").retry_after_s(1).render("")
        };
        Ok::<Response, Infallible>(last(response))
    });
    let mut http = http1::Builder::new();
    http.keep_alive(false).timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(HEADERS_BYTES_MAX);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    if let Ok(parts) = connection.without_shutdown().await {
        let _ = close(parts.io.into_inner()).await;
    }
}

async fn ask(router: &Router, request: Request<Incoming>) -> Response {
    let Ok(response) = tower::Service::call(&mut router.clone(), request).await;
    response.into_response()
}

fn last(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Says `answer` on a connection that speaks something else. First reads what the client sent.
pub(super) async fn say(mut stream: TcpStream, answer: &str) -> std::io::Result<()> {
    if stream.read(&mut [0_u8; 8_192]).await? == 0 {
        return Ok(());
    }
    stream.write_all(answer.as_bytes()).await?;
    close(stream).await
}

/// Reads on until the client closes too: closing a socket with unread bytes would discard our answer.
async fn close<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> std::io::Result<()> {
    stream.shutdown().await?;
    while stream.read(&mut [0_u8; 8_192]).await? > 0 {}
    Ok(())
}
