//! The rooms of this program for other programs: which calls and reads which, and what each answers.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::SystemClock;
use platform::rpc::{RpcClient, Transport, TransportError};
use serde::Serialize;

use super::{Mounted, Rooms};

#[derive(Debug, Serialize)]
pub(crate) struct Catalogue {
    /// In the order in which they are opened.
    rooms: Vec<Listed>,
}

/// One room, as it describes itself.
#[derive(Debug, Serialize)]
struct Listed {
    name: &'static str,
    /// The name that operators use for it.
    service: &'static str,
    about: &'static str,
    calls: Vec<&'static str>,
    reads: &'static [&'static str],
    /// What other processes may call.
    methods: Vec<&'static str>,
    /// Paths below `/v1` besides those of the document.
    aliases: &'static [&'static str],
}

impl Rooms {
    pub(crate) fn catalogue(&self) -> Catalogue {
        Catalogue { rooms: self.mounted().iter().map(listed).collect() }
    }
}

fn listed(Mounted { room, calls, methods, .. }: &Mounted) -> Listed {
    let nowhere = RpcClient::new(room.name, Arc::new(Nowhere), Arc::new(SystemClock));
    Listed {
        name: room.name,
        service: room.service,
        about: room.about,
        calls: calls.clone(),
        reads: room.consumes,
        methods: methods(nowhere).names(),
        aliases: room.aliases,
    }
}

/// Only the names of the methods are asked for, and those need no other process.
struct Nowhere;

#[async_trait]
impl Transport for Nowhere {
    async fn carry(&self, service: &str, _: &str, _: Bytes) -> Result<Bytes, TransportError> {
        Err(TransportError::NotSent(format!("{service} is only listed")))
    }
}
