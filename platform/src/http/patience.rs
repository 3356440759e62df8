//! Ends connections whose client does not take what it asked for. Without this a client that never reads would keep its
//! place for as long as it likes.
//!
//! Two rules, because the protocols differ in where an answer gets stuck. `Patient` watches the bytes that leave through
//! the socket. With HTTP/2 that is not enough: a window of zero stops an answer above the socket, while pings still pass.
//! `Owed` watches how far the answers themselves have come.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// What is handed to HTTP/2 at once: one frame of its default size.
const PIECE_BYTES: usize = 16_384;

/// A stream whose writes fail when none has made progress for `patience`.
pub(super) struct Patient<S> {
    stream: S,
    patience: Duration,
    stuck: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Patient<S> {
        Patient { stream, patience, stuck: None }
    }

    /// The result of an attempt to write, or an error if attempts have failed for too long.
    fn judge<T>(&mut self, tried: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if tried.is_ready() {
            self.stuck = None;
            return tried;
        }
        let patience = self.patience;
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(stuck.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes no bytes")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let tried = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.judge(tried, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let tried = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.judge(tried, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let tried = Pin::new(&mut self.stream).poll_flush(cx);
        self.judge(tried, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let tried = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.judge(tried, cx)
    }
}

/// What a client of one HTTP/2 connection has asked for and not yet taken.
#[derive(Debug, Default)]
pub(super) struct Owed {
    parts: AtomicUsize,
    moves: AtomicU64,
}

/// How often it is looked whether anything has moved.
const LOOKS: u32 = 4;

impl Owed {
    /// Ends when something has been owed for `patience`, give or take a look, and nothing was taken.
    pub(super) async fn stuck(&self, patience: Duration) {
        let (mut still, mut seen) = (0, 0);
        while still < LOOKS {
            tokio::time::sleep(patience / LOOKS).await;
            let moves = self.moves.load(Ordering::Relaxed);
            let owes = self.parts.load(Ordering::Relaxed) > 0;
            still = if owes && moves == seen { still + 1 } else { 0 };
            seen = moves;
        }
    }

    /// A new debt is no progress: else a client could stay by asking for more.
    fn owe(self: &Arc<Self>) -> Debt {
        self.parts.fetch_add(1, Ordering::Relaxed);
        Debt(self.clone())
    }
}

/// One part of `Owed`, paid when it is dropped.
#[derive(Debug)]
struct Debt(Arc<Owed>);

impl Drop for Debt {
    fn drop(&mut self) {
        self.0.moves.fetch_add(1, Ordering::Relaxed);
        self.0.parts.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A piece of an answer. HTTP/2 drops it when it has been written.
struct Piece {
    bytes: Bytes,
    _debt: Debt,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// A body that counts as owed while it waits for the client, and not while it waits for us.
pub(super) struct Watched {
    body: Body,
    rest: Bytes,
    owed: Arc<Owed>,
    waits: Option<Debt>,
}

impl Watched {
    pub(super) fn new(body: Body, owed: &Arc<Owed>) -> Watched {
        Watched { body, rest: Bytes::new(), owed: owed.clone(), waits: Some(owed.owe()) }
    }

    fn piece(&mut self) -> Frame<Bytes> {
        let bytes = self.rest.split_to(self.rest.len().min(PIECE_BYTES));
        Frame::data(Bytes::from_owner(Piece { bytes, _debt: self.owed.owe() }))
    }
}

impl hyper::body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            let polled = Pin::new(&mut self.body).poll_frame(cx);
            self.waits = None;
            let Some(frame) = ready!(polled).transpose()? else { return Poll::Ready(None) };
            self.rest = match frame.into_data() {
                Ok(data) => data,
                Err(other) => return Poll::Ready(Some(Ok(other))),
            };
        }
        let piece = self.piece();
        self.waits = Some(self.owed.owe());
        Poll::Ready(Some(Ok(piece)))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (inner, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower().saturating_add(rest));
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tokio::io::AsyncWriteExt;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn a_write_that_never_moves_ends_after_the_patience() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut ours = Patient::new(ours, PATIENCE);
        ours.write_all(&[0; 64]).await.unwrap();
        let reading = tokio::spawn(async move {
            for _ in 0..8 {
                tokio::time::sleep(PATIENCE / 2).await;
                tokio::io::AsyncReadExt::read_exact(&mut theirs, &mut [0; 16]).await.unwrap();
            }
            theirs
        });
        ours.write_all(&[0; 64]).await.expect("it moved, slowly");
        let _theirs = reading.await.unwrap();
        ours.write_all(&[0; 64]).await.unwrap();
        let error = ours.write_all(&[0; 1]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_owed_until_its_last_piece_is_dropped() {
        let owed = Arc::new(Owed::default());
        let stuck = || async { tokio::time::timeout(PATIENCE * 3, owed.stuck(PATIENCE)).await.is_ok() };
        assert!(!stuck().await, "nothing is owed");
        let mut body = Watched::new(Body::from(vec![7; PIECE_BYTES + 1]), &owed);
        assert!(stuck().await, "the body was not asked for");
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        let last = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!((first.len(), last.len(), hyper::body::Body::is_end_stream(&body)), (PIECE_BYTES, 1, true));
        drop(body);
        assert!(stuck().await, "two pieces were not written");
        drop(first);
        assert!(stuck().await, "one piece was not written");
        drop(last);
        assert!(!stuck().await, "all is written");
    }

    #[tokio::test(start_paused = true)]
    async fn asking_for_more_is_no_progress() {
        let owed = Arc::new(Owed::default());
        let mut asked = Vec::new();
        let asking = async {
            loop {
                asked.push(Watched::new(Body::from("more"), &owed));
                tokio::time::sleep(PATIENCE / 10).await;
            }
        };
        tokio::select! {
            () = owed.stuck(PATIENCE) => {}
            () = asking => {}
            () = tokio::time::sleep(PATIENCE * 2) => panic!("it was taken for progress"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_waits_for_us_is_not_owed() {
        let owed = Arc::new(Owed::default());
        let silent = futures_util::stream::pending::<Result<Bytes, std::convert::Infallible>>();
        let mut body = Watched::new(Body::from_stream(silent), &owed);
        assert!(futures_util::poll!(body.frame()).is_pending());
        assert!(tokio::time::timeout(PATIENCE * 3, owed.stuck(PATIENCE)).await.is_err());
    }
}
