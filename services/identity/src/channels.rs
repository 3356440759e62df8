//! Sending codes to users by e-mail or SMS. In production they go by a channel that the process hands in; these are the
//! two for development.
//!
//! Deliberately, nothing here is on unless the operator, or `--demo`, enables it, and users whose role requires a
//! second factor are never sent one.

mod development;

use std::sync::Arc;

use async_trait::async_trait;
use identity_api::{FactorKind, SentTo};
use kernel::Secret;
use tokio::sync::Semaphore;

pub use development::{FileChannel, LogChannel};

/// Messages being sent in the background; further ones are not sent.
const UNDER_WAY_MAX: usize = 32;

#[async_trait]
pub trait Channel: Send + Sync {
    async fn send(&self, message: &Message) -> Result<(), ChannelError>;
}

#[derive(Debug, Clone)]
pub struct Message {
    pub by: FactorKind,
    /// An e-mail address or a telephone number.
    pub to: String,
    /// Alone, for a channel that has its own words.
    pub code: Secret,
    pub text: Secret,
}

#[derive(Debug, thiserror::Error)]
#[error("a message could not be sent: {0}")]
pub struct ChannelError(pub String);

#[derive(Clone)]
pub struct Channels {
    email: Option<Arc<dyn Channel>>,
    sms: Option<Arc<dyn Channel>>,
    under_way: Arc<Semaphore>,
}

impl Default for Channels {
    fn default() -> Channels {
        Channels { email: None, sms: None, under_way: Arc::new(Semaphore::new(UNDER_WAY_MAX)) }
    }
}

impl Channels {
    pub fn by_email(self, channel: Arc<dyn Channel>) -> Channels {
        Channels { email: Some(channel), ..self }
    }

    pub fn by_sms(self, channel: Arc<dyn Channel>) -> Channels {
        Channels { sms: Some(channel), ..self }
    }

    pub(crate) fn has(&self, by: FactorKind) -> bool {
        self.of(by).is_some()
    }

    /// In the background: the duration must not reveal whether there was somebody to send to.
    pub(crate) fn send(&self, message: Message) {
        let Some(channel) = self.of(message.by).cloned() else { return };
        let Ok(place) = Arc::clone(&self.under_way).try_acquire_owned() else {
            tracing::warn!(by = message.by.name(), "too many messages are being sent; one was dropped");
            return;
        };
        tokio::spawn(async move {
            if let Err(error) = channel.send(&message).await {
                tracing::error!(%error, by = message.by.name(), "a code was not sent");
            }
            drop(place);
        });
    }

    fn of(&self, by: FactorKind) -> Option<&Arc<dyn Channel>> {
        match by {
            FactorKind::Email => self.email.as_ref(),
            FactorKind::Sms => self.sms.as_ref(),
            FactorKind::Totp | FactorKind::Backup => None,
        }
    }
}

/// Enough to recognise one's own address.
pub(crate) fn masked(by: FactorKind, to: &str) -> SentTo {
    let masked = match to.split_once('@') {
        Some((name, host)) => format!("{}•••@{host}", name.chars().take(1).collect::<String>()),
        None => format!("•••{}", to.chars().skip(to.chars().count().saturating_sub(2)).collect::<String>()),
    };
    SentTo { by, masked }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_masked() {
        assert_eq!(masked(FactorKind::Email, "ann@example.com").masked, "a•••@example.com");
        assert_eq!(masked(FactorKind::Sms, "+4930123456").masked, "•••56");
    }
}
