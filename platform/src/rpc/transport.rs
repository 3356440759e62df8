//! What carries the bytes of one call: HTTP/2, or something that a test has put in between.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

#[async_trait]
pub trait Transport: Send + Sync {
    /// Carries one call to the service and its answer back. The caller bounds the wait.
    async fn carry(&self, service: &str, method: &str, call: Bytes) -> Result<Bytes, TransportError>;
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for Arc<T> {
    async fn carry(&self, service: &str, method: &str, call: Bytes) -> Result<Bytes, TransportError> {
        (**self).carry(service, method, call).await
    }
}

/// Why there is no answer. The text is for the log alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The service has not seen it.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The service did not begin with it, and said so.
    #[error("sent away: {0}")]
    Overloaded(String),
    /// The process that was called cannot know now whether the caller's token holds. It began with nothing.
    #[error("not judged: {0}")]
    Stale(String),
    /// The service may have seen it, and may have carried it out.
    #[error("no answer: {0}")]
    Lost(String),
    /// The service refused the call itself: a wrong credential, an unknown method, a body that it does not know.
    #[error("not understood: {0}")]
    NotUnderstood(String),
}
