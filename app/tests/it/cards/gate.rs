//! A gate at which calls can be stopped for good, as a killed process stops them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Clock;
use platform::room::Face;
use platform::rpc::{RpcClient, Served, Transport, TransportError};
use testkit::{AsSaid, InProcess};
use tokio::sync::Notify;

/// Where a call is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// It never arrives.
    Before(&'static str),
    /// It is carried out, and its answer never comes.
    After(&'static str),
}

/// Stops one call for good, if it is set.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    at: Mutex<Option<At>>,
    pub(crate) stopped: Notify,
    /// While it is closed, nothing arrives.
    closed: AtomicBool,
    pub(crate) calls: AtomicU64,
}

impl Stop {
    pub(crate) fn set(&self, at: At) {
        *self.at.lock().unwrap() = Some(at);
    }

    pub(crate) fn close(&self, closed: bool) {
        self.closed.store(closed, Ordering::SeqCst);
    }

    async fn pass(&self, at: At) {
        let here = { self.at.lock().unwrap().take_if(|set| *set == at).is_some() };
        if here {
            self.stopped.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

struct Gate {
    inner: InProcess,
    stop: Arc<Stop>,
}

#[async_trait]
impl Transport for Gate {
    async fn carry(&self, service: &str, method: &str, call: Bytes) -> Result<Bytes, TransportError> {
        let known = ["find", "submit", "submit_batch", "decide"].into_iter().find(|known| *known == method);
        if self.stop.closed.load(Ordering::SeqCst) {
            return Err(TransportError::Lost("closed".to_owned()));
        }
        self.stop.calls.fetch_add(1, Ordering::SeqCst);
        let Some(known) = known else { return self.inner.carry(service, method, call).await };
        self.stop.pass(At::Before(known)).await;
        let answer = self.inner.carry(service, method, call).await;
        self.stop.pass(At::After(known)).await;
        answer
    }
}

pub(crate) fn through<S: ?Sized>(face: &Face<S>, service: Arc<S>, stop: &Arc<Stop>, clock: &Arc<dyn Clock>) -> Arc<S> {
    let served = Served::new([(face.serve)(service)], Arc::new(AsSaid), Arc::clone(clock)).unwrap();
    let gate = Gate { inner: InProcess(served), stop: Arc::clone(stop) };
    (face.remote)(RpcClient::new(face.name, Arc::new(gate), Arc::clone(clock)).asking_once())
}
