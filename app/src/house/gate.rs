//! The gate as a part of a process: without a fresh copy of the terms every caller is refused.

use access::{Gate, GateSettings};
use async_trait::async_trait;
use platform::health::Part;

use super::Opening;
use crate::failure::Failure;

/// The gate's name in `/ready` and `/status`, and the name of the step that ends its requests.
pub(super) const NAME: &str = "access";

/// A copy that comes from another process, or from a shared store, can become stale.
pub(super) fn open(opening: &Opening<'_>) -> Result<Gate, Failure> {
    let stale_ms = is_fed(opening).then_some(opening.config.access.stale_ms);
    let settings = GateSettings { remembered_max: opening.config.access.remembered_max, stale_ms, demo: opening.demo };
    Ok(Gate::new(opening.clock.clone(), settings, opening.rooms.vocabulary()?))
}

/// Whether other processes change the terms too.
pub(super) fn is_fed(opening: &Opening<'_>) -> bool {
    let alone = opening.rooms.source().is_some_and(|room| opening.roles.runs(room));
    !alone || opening.config.storage.is_shared()
}

pub(super) struct GatePart(pub(super) Gate);

#[async_trait]
impl Part for GatePart {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn ready(&self) -> Result<(), String> {
        if self.0.is_ready() { Ok(()) } else { Err("the copy of the terms is stale".to_owned()) }
    }
}
