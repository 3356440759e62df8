//! What has to be done now and then while identity runs, and once when it ends.

use std::sync::Arc;
use std::time::Duration;

use crate::IdentityService;

/// Between two looks whether a key has to be made or another one has to sign.
const TENDED_EVERY: Duration = Duration::from_secs(30);

impl IdentityService {
    /// What has to be done now and then, until the service is gone.
    pub fn tend(self: &Arc<IdentityService>) {
        let service = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(TENDED_EVERY).await;
                let Some(service) = service.upgrade() else { return };
                if let Err(error) = service.keep_keys().await {
                    tracing::warn!(%error, "the signing keys were not looked after; trying again");
                }
            }
        });
    }

    /// Moves what the write-ahead log holds into the file, so that the file alone is the store.
    pub async fn close(&self) {
        if let Err(error) = self.db.checkpoint().await {
            tracing::warn!(%error, "the write-ahead log was left beside identity's store");
        }
    }
}
