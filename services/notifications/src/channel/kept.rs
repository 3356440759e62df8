//! Mails that are kept instead of being sent: for a demo, where people read them at the address that the answer names.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::Clock;
use lettre::message::Mailbox;
use platform::crypto::Place;
use platform::db::DbError;
use serde::{Deserialize, Serialize};

use super::mail::{MailError, mail};
use super::{Channel, Outcome, Parcel};
use crate::keys::{KeyError, Keys};
use crate::service::OneWriter;
use crate::store::{self, kept};

const NAME: &str = "kept";

pub(crate) struct Kept {
    pub(crate) from: Mailbox,
    pub(crate) one_writer: OneWriter,
    pub(crate) keys: Arc<Keys>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What is sealed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Letter {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    pub(crate) raw: String,
}

impl Kept {
    /// A store that is busy is tried again.
    async fn keep_soon(&self, parcel: &Parcel, raw: &[u8]) -> Result<(), DbError> {
        for pause_ms in [50, 200, 800] {
            match self.keep(parcel, raw).await {
                Err(error) if error.is_retryable() => tokio::time::sleep(Duration::from_millis(pause_ms)).await,
                outcome => return outcome,
            }
        }
        self.keep(parcel, raw).await
    }

    async fn keep(&self, parcel: &Parcel, raw: &[u8]) -> Result<(), DbError> {
        let rendered = &parcel.rendered;
        let letter = Letter {
            to: parcel.address.clone(),
            subject: rendered.subject.clone(),
            text: rendered.text.clone(),
            html: rendered.html.clone(),
            raw: String::from_utf8_lossy(raw).into_owned(),
        };
        let letter = store::json_text(&letter)?;
        let holder = parcel.holder.as_deref();
        // Before there is a transaction: keys are in another store, whose connection might be the one this would hold.
        let sealed = self.keys.seal(holder, place(&parcel.message.to_be_bytes()), letter.as_bytes()).await?;
        let tx = self.one_writer.begin().await?;
        tx.one_at_a_time().await?;
        let seq = kept::next(&tx).await?;
        kept::add(&tx, (seq, parcel.message), (holder, &sealed), self.clock.now()).await?;
        Ok(tx.commit().await?)
    }
}

fn place(message: &[u8; 8]) -> Place<'_> {
    Place::new("kept_mail", "sealed", message)
}

pub(crate) async fn read(
    keys: &Keys,
    message: i64,
    (holder, sealed): (Option<String>, Vec<u8>),
) -> Result<Letter, KeyError> {
    let plain = keys.unseal(holder.as_deref(), place(&message.to_be_bytes()), &sealed).await?;
    let letter = serde_json::from_slice(&plain);
    Ok(letter.map_err(|error| DbError::shape(error.to_string()))?)
}

#[async_trait]
impl Channel for Kept {
    async fn send(&self, parcel: &Parcel) -> (String, Outcome) {
        let outcome = match mail(&self.from, parcel) {
            Err(error @ MailError::Address) => Outcome::Address { detail: error.to_string() },
            Err(error) => Outcome::Ours { detail: error.to_string() },
            Ok(mail) => match self.keep_soon(parcel, &mail.raw).await {
                Ok(()) => Outcome::Taken { detail: NAME.to_owned() },
                Err(error) => {
                    tracing::error!(%error, "a mail could not be kept");
                    Outcome::passing("the store failed")
                }
            },
        };
        (NAME.to_owned(), outcome)
    }

    fn keeps(&self) -> bool {
        true
    }
}
