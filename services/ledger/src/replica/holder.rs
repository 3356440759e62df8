//! The connection to the lease holder, determined again for every call.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Clock;
use platform::lease::{Role, Standing};
use platform::rpc::{Connect, Credential, Http2, Transport, TransportError};

pub struct ToHolder {
    standing: Standing,
    /// This process's own address, in case it becomes the holder meanwhile.
    own: Arc<str>,
    connections: usize,
    credential: Credential,
    connect: Arc<dyn Connect>,
    clock: Arc<dyn Clock>,
    /// Connections to the holder that was called last.
    known: Mutex<Option<(Arc<str>, Arc<Http2>)>>,
}

impl ToHolder {
    pub fn new(
        standing: Standing,
        own: &str,
        connections: usize,
        credential: Credential,
        connect: Arc<dyn Connect>,
        clock: Arc<dyn Clock>,
    ) -> ToHolder {
        ToHolder { standing, own: own.into(), connections, credential, connect, clock, known: Mutex::default() }
    }

    fn holder(&self) -> Option<Arc<str>> {
        match self.standing.role() {
            Role::Holder { .. } => Some(Arc::clone(&self.own)),
            Role::StandBy { address, .. } => address,
        }
    }

    fn connections_to(&self, address: &Arc<str>) -> Arc<Http2> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, transport)) = &*known
            && at == address
        {
            return Arc::clone(transport);
        }
        let (connect, clock) = (Arc::clone(&self.connect), Arc::clone(&self.clock));
        let transport = Http2::new([address.to_string()], self.connections, &self.credential, connect, clock);
        let transport = Arc::new(transport);
        *known = Some((Arc::clone(address), Arc::clone(&transport)));
        transport
    }

    /// Until a different process than the called one holds the lease.
    async fn moved_from(&self, address: &Arc<str>) {
        let mut standing = self.standing.clone();
        while self.holder().is_none_or(|holder| holder == *address) {
            standing.changed().await;
        }
    }
}

#[async_trait]
impl Transport for ToHolder {
    /// A paused or cut-off holder may never answer; its successor will.
    async fn carry(&self, service: &str, method: &str, call: Bytes) -> Result<Bytes, TransportError> {
        let address = self.holder().ok_or_else(|| TransportError::NotSent("no lease holder is known".to_owned()))?;
        let transport = self.connections_to(&address);
        tokio::select! {
            biased;
            answer = transport.carry(service, method, call) => answer,
            () = self.moved_from(&address) => Err(TransportError::Lost(format!("the lease has moved on from {address}"))),
        }
    }
}
