//! How a room acts as itself in its own process.

use access::Gate;
use async_trait::async_trait;
use kernel::Principal;
use platform::frame::ActsAs;
use platform::room::Room;

/// One room, as a principal of kind `service` under the terms of the moment.
pub(super) struct Own {
    id: String,
    gate: Gate,
}

impl Own {
    pub(super) fn new(room: &Room, gate: Gate) -> Own {
        Own { id: format!("florin-{}", room.name), gate }
    }
}

#[async_trait]
impl ActsAs for Own {
    async fn principal(&self) -> Result<Principal, String> {
        self.gate.service(&self.id).map_err(|refusal| refusal.to_string())
    }
}
