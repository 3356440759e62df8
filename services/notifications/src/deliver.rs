//! Delivery: each lane claims what is due, gives it to providers, and stores their answers.

use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use platform::db::DbError;
use platform::room::OpenError;
use tokio::sync::{Notify, mpsc};

use crate::channel::Outcome;
use crate::claim::Load;
use crate::service::Inner;
use crate::store::delivery::Delivery;

/// Parcels given to providers at the same time; each channel has its own bound besides.
const AT_ONCE: usize = 64;
/// Answers stored in one transaction.
const ANSWERS_MAX: usize = 32;

impl Inner {
    /// Works until nothing is due.
    pub(crate) async fn deliver(&self, urgent: bool) -> Result<(), OpenError> {
        loop {
            let loads = self.claim(urgent).await?;
            if loads.is_empty() {
                return Ok(());
            }
            let (tell, mut answers) = mpsc::channel(loads.len());
            let sends = async {
                let tell = tell;
                let mut sent = pin!(stream::iter(loads).map(|load| self.give(urgent, load)).buffer_unordered(AT_ONCE));
                while let Some(answer) = sent.next().await {
                    // There is a place for each.
                    let _ = tell.send(answer).await;
                }
            };
            let stores = async {
                let mut some = Vec::new();
                while answers.recv_many(&mut some, ANSWERS_MAX).await > 0 {
                    self.kept_trying(std::mem::take(&mut some)).await?;
                }
                Ok::<_, DbError>(())
            };
            // Parcels go on while answers are stored: one that is kept may hold the lock that the answers wait for.
            tokio::join!(sends, stores).1?;
        }
    }

    /// One parcel to its channel.
    async fn give(&self, urgent: bool, load: Load) -> (Vec<Delivery>, String, Outcome) {
        let Load { channel, deliveries, parcel } = load;
        let parcel = match parcel {
            Ok(parcel) => parcel,
            Err(detail) => {
                tracing::error!(detail, "a message could not be rendered");
                return (deliveries, String::new(), Outcome::Ours { detail: "template".to_owned() });
            }
        };
        let Some(outside) = self.outside(urgent).get(&channel) else {
            return (deliveries, String::new(), Outcome::passing("the channel is off"));
        };
        let (provider, outcome) = outside.send(&parcel).await;
        (deliveries, provider, outcome)
    }

    /// An answer that is not stored would become an unknown outcome, so a store that is busy is tried a few times.
    async fn kept_trying(&self, answers: Vec<(Vec<Delivery>, String, Outcome)>) -> Result<(), DbError> {
        let mut pause = Duration::from_millis(50);
        for _ in 0..5 {
            match self.settle(answers.clone()).await {
                Ok(()) => return Ok(()),
                Err(error) => tracing::warn!(%error, "answers of providers could not be stored; trying again"),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.settle(answers).await
    }

    /// Waits for a signal that there is work, or for a while.
    pub(crate) async fn told(&self, of: &Notify) {
        let patience = Duration::from_millis(self.settings.look_every_ms);
        // Either way, it is time to look.
        let _ = tokio::time::timeout(patience, of.notified()).await;
    }
}
