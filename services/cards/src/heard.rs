//! What cards hear from the ledger: holds that expired, and accounts that were frozen or unfrozen.

use std::sync::Arc;

use async_trait::async_trait;
use ledger_api::{LedgerFeed, TransactionId};
use platform::db::Tx;
use platform::feed::{Consumer, ConsumerConfig, Effect, EffectError, Event};
use platform::room::OpenError;

use crate::{CardsService, store};

struct FromLedger;

impl CardsService {
    /// Reads the ledger's feed as cards itself.
    ///
    /// # Errors
    /// The ledger cannot be reached at all.
    pub async fn hears(&self) -> Result<Consumer, OpenError> {
        let ledger = self.books.ledger().await?;
        let feed = LedgerFeed::of(ledger, Arc::clone(&self.acts_as), Arc::clone(&self.clock));
        let config = ConsumerConfig::of(crate::ROOM.name, "ledger");
        Ok(Consumer::new(self.db.clone(), Arc::new(feed), Arc::new(FromLedger), Arc::clone(&self.clock), config))
    }
}

#[async_trait]
impl Effect for FromLedger {
    /// Only a note is made: the sweeper takes the step, in the lane.
    async fn happen(&self, tx: &Tx, event: &Event) -> Result<(), EffectError> {
        let event = &event.event;
        match event.kind.as_str() {
            "ledger.hold.expired" => {
                let target = event.data.get("target").and_then(serde_json::Value::as_str).unwrap_or_default();
                // A hold has the bits of its authorization; others are none of ours.
                let id: TransactionId =
                    target.parse().map_err(|_| EffectError::Refused(format!("{target} is not a hold's id")))?;
                Ok(store::note_expired(tx, id.bits()).await?)
            }
            "ledger.account.frozen" => Ok(store::block_account(tx, &event.subject, true).await?),
            "ledger.account.unfrozen" => Ok(store::block_account(tx, &event.subject, false).await?),
            _ => Ok(()),
        }
    }
}
