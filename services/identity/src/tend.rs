//! Periodic maintenance and shutdown.

use std::sync::Arc;
use std::time::Duration;

use crate::IdentityService;

/// Between two checks whether a key has to be created or rotated.
const TENDED_EVERY: Duration = Duration::from_secs(30);

impl IdentityService {
    /// Periodic maintenance, until the service is gone.
    pub fn tend(self: &Arc<IdentityService>) {
        let service = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(TENDED_EVERY).await;
                let Some(service) = service.upgrade() else { return };
                if let Err(error) = service.keep_keys().await {
                    tracing::warn!(%error, "the signing keys were not maintained; trying again");
                }
            }
        });
    }

    /// Moves the contents of the write-ahead log into the file, so that the file alone is the store.
    pub async fn close(&self) {
        if let Err(error) = self.db.checkpoint().await {
            tracing::warn!(%error, "the write-ahead log was left next to the store of identity");
        }
    }
}
