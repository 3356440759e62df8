//! The transport to the process that holds the lease, looked up for every call.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Clock;
use platform::lease::{Role, Standing};
use platform::room::Shared;
use platform::rpc::{Http2, Transport, TransportError};

pub(super) struct ToHolder {
    standing: Standing,
    with: Shared,
    clock: Arc<dyn Clock>,
    /// Connections to the holder that was called last.
    known: Mutex<Option<(Arc<str>, Arc<Http2>)>>,
}

impl ToHolder {
    pub(super) fn new(standing: Standing, with: &Shared, clock: Arc<dyn Clock>) -> ToHolder {
        ToHolder { standing, with: with.clone(), clock, known: Mutex::default() }
    }

    /// This process itself, where it has become the holder meanwhile.
    fn holder(&self) -> Option<Arc<str>> {
        match self.standing.role() {
            Role::Holder { .. } => Some(self.with.address.as_str().into()),
            Role::StandBy { address, .. } => address,
        }
    }

    fn connections_to(&self, address: &Arc<str>) -> Arc<Http2> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, transport)) = known.as_ref().filter(|(at, _)| at == address) {
            return Arc::clone(transport);
        }
        let Shared { credential, connect, connections, .. } = &self.with;
        let clock = Arc::clone(&self.clock);
        let transport =
            Arc::new(Http2::new([address.to_string()], *connections, credential, Arc::clone(connect), clock));
        *known = Some((Arc::clone(address), Arc::clone(&transport)));
        transport
    }

    /// Waits until another process holds the lease than the one that was called.
    async fn moved_from(&self, address: &Arc<str>) {
        let mut standing = self.standing.clone();
        while self.holder().is_none_or(|holder| holder == *address) {
            standing.changed().await;
        }
    }
}

#[async_trait]
impl Transport for ToHolder {
    /// A holder that was paused or cut off may never answer; its successor will.
    async fn carry(&self, service: &str, method: &str, call: Bytes) -> Result<Bytes, TransportError> {
        let nobody = || TransportError::NotSent("nobody is known to hold the lease".to_owned());
        let address = self.holder().ok_or_else(nobody)?;
        let transport = self.connections_to(&address);
        tokio::select! {
            biased;
            answer = transport.carry(service, method, call) => answer,
            () = self.moved_from(&address) => {
                Err(TransportError::Lost(format!("the lease has moved on from {address}")))
            }
        }
    }
}
