//! The transport of one call: HTTP/2, or something that a test puts in between.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::Repeat;

#[async_trait]
pub trait Transport: Send + Sync {
    /// Carries one call to the service and its reply back. The caller bounds the wait.
    async fn carry(&self, service: &str, method: &str, call: Bytes) -> Result<Bytes, TransportError>;

    /// The same for a transport that depends on what may be done if a reply is lost, such as the bad network of tests:
    /// it never loses the reply of a call that must not be sent twice.
    async fn carry_as(
        &self,
        service: &str,
        method: &str,
        call: Bytes,
        _repeat: Repeat,
    ) -> Result<Bytes, TransportError> {
        self.carry(service, method, call).await
    }
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for Arc<T> {
    async fn carry(&self, service: &str, method: &str, call: Bytes) -> Result<Bytes, TransportError> {
        (**self).carry(service, method, call).await
    }

    async fn carry_as(
        &self,
        service: &str,
        method: &str,
        call: Bytes,
        repeat: Repeat,
    ) -> Result<Bytes, TransportError> {
        (**self).carry_as(service, method, call, repeat).await
    }
}

/// Why there is no reply. The text is for the log only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// It was not tried: the service failed several times in a row.
    #[error("not tried: {0}")]
    Away(String),
    /// The service has not seen it.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The service did not begin, and said so.
    #[error("sent away: {0}")]
    Overloaded(String),
    /// The called process cannot tell now whether the caller's token is valid. Nothing was begun.
    #[error("not judged: {0}")]
    Stale(String),
    /// The service may have seen it, and may have executed it.
    #[error("no answer: {0}")]
    Lost(String),
    /// The service refused the call itself: a wrong credential, an unknown method, a body that it does not understand.
    #[error("not understood: {0}")]
    NotUnderstood(String),
}
