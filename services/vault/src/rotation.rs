//! New keys, while everything is in use: numbers are sealed again under the newest data key and get a fingerprint of the
//! newest key, a bounded number in each transaction. When no number is left under an old fingerprint key, that key goes.

use std::sync::Arc;
use std::time::Duration;

use kernel::Timestamp;
use platform::db::DbError;
use platform::error::Failure;
use platform::room::Periodic;
use vault_api::{Rotation, VaultError};

use crate::fingerprints::{self, unsealed};
use crate::service::store_place;
use crate::{VaultService, store};

const EVERY: Duration = Duration::from_secs(5);
/// Every process has read the keys again by then, and stores numbers under the newest.
const GRACE_US: i64 = 60 * 1_000_000;

impl VaultService {
    /// A rotation that still runs is not begun again.
    pub(crate) async fn begin_rotation(&self) -> Result<Rotation, VaultError> {
        let before = self.rotation_state().await?;
        if before.done {
            self.ring.renew().await.map_err(unsealed)?;
            self.prints.make(&self.db, &self.ring, self.now()).await?;
            tracing::info!("the vault moves its numbers to new keys");
        }
        self.rotation_state().await
    }

    pub(crate) async fn rotation_state(&self) -> Result<Rotation, VaultError> {
        // Another process may have begun it.
        self.prints.refresh(&self.db, &self.ring, self.now()).await?;
        let keys = self.prints.all();
        let newest = keys.first().ok_or(Failure::Internal)?;
        let left = store::left(&self.db.read().await?, self.ring.current(), newest.id).await?;
        let done = left == (0, 0) && keys.len() == 1;
        let since = Timestamp::from_micros(newest.made_at);
        Ok(Rotation { since, sealed_left: left.0, fingerprints_left: left.1, done })
    }

    /// As periodic work. A round ends when nothing is left to move.
    pub fn rotating(self: &Arc<VaultService>) -> Periodic {
        let vault = Arc::clone(self);
        let work = move || -> platform::room::Later<()> {
            let vault = Arc::clone(&vault);
            Box::pin(async move { Ok(vault.rotation_round().await?) })
        };
        Periodic { name: "rotation", every: EVERY, work: Box::new(work) }
    }

    pub async fn rotation_round(&self) -> Result<(), VaultError> {
        self.prints.refresh(&self.db, &self.ring, self.now()).await?;
        while self.reseal_some().await? {
            tokio::task::yield_now().await;
        }
        if self.prints.all().len() > 1 {
            self.move_fingerprints().await?;
        }
        Ok(())
    }

    /// Whether there may be more.
    async fn reseal_some(&self) -> Result<bool, VaultError> {
        let (current, max) = (self.ring.current(), self.settings.rotation_batch);
        let old = store::of_old_keys(&self.db.read().await?, current, max).await?;
        if old.is_empty() {
            return Ok(false);
        }
        let tx = self.db.begin().await?;
        fingerprints::reseal(&tx, &self.ring).await?;
        for number in &old {
            let row = number.token.to_bytes();
            let plain = self.ring.unseal(store_place(&row), &number.sealed).await.map_err(unsealed)?;
            let sealed = self.ring.seal(store_place(&row), &plain).map_err(unsealed)?;
            store::reseal(&tx, number, &sealed, current).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn move_fingerprints(&self) -> Result<(), VaultError> {
        let keys = self.prints.all();
        let Some(newest) = keys.first() else { return Ok(()) };
        let max = self.settings.rotation_batch;
        let mut after = Vec::new();
        loop {
            let some = store::without_fingerprint(&self.db.read().await?, &after, newest.id, max).await?;
            let Some(last) = some.last() else { break };
            after = last.token.to_bytes().to_vec();
            let tx = self.db.begin().await?;
            for number in &some {
                let pan = self.open(number).await?;
                store::add_fingerprint(&tx, &newest.mac(&pan), newest.id, number.token).await?;
            }
            tx.commit().await?;
        }
        if self.now() - newest.made_at < GRACE_US {
            return Ok(());
        }
        self.forget_old_fingerprints(newest.id).await
    }

    async fn forget_old_fingerprints(&self, newest: i64) -> Result<(), VaultError> {
        let max = self.settings.rotation_batch;
        // Once more: a number may have been stored meanwhile by a process that did not know the newest key.
        if !store::without_fingerprint(&self.db.read().await?, &[], newest, 1).await?.is_empty() {
            return Ok(());
        }
        loop {
            let tx = self.db.begin().await?;
            let removed = store::remove_old_fingerprints(&tx, newest, max).await?;
            if removed == 0 {
                store::remove_old_fingerprint_keys(&tx, newest).await?;
            }
            tx.commit().await?;
            if removed == 0 {
                break;
            }
        }
        self.prints.refresh(&self.db, &self.ring, self.now()).await.map_err(DbError::into)
    }
}
