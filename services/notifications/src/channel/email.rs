//! E-mail: relays in their order, each with a circuit.

use std::sync::Arc;

use async_trait::async_trait;
use lettre::message::Mailbox;
use tokio::sync::Semaphore;

use super::mail::{MailError, mail};
use super::relay::Relay;
use super::{Channel, Circuit, Outcome, Parcel};

pub(crate) struct Email {
    from: Mailbox,
    relays: Vec<(Relay, Arc<Circuit>)>,
    /// Mails being sent at the same time.
    at_once: Semaphore,
}

impl Email {
    pub(crate) fn new(from: Mailbox, relays: Vec<(Relay, Arc<Circuit>)>, at_once: usize) -> Email {
        Email { from, relays, at_once: Semaphore::new(at_once) }
    }
}

#[async_trait]
impl Channel for Email {
    async fn send(&self, parcel: &Parcel) -> (String, Outcome) {
        let mail = match mail(&self.from, parcel) {
            Ok(mail) => mail,
            Err(error @ MailError::Address) => return (String::new(), Outcome::Address { detail: error.to_string() }),
            Err(error) => return (String::new(), Outcome::Ours { detail: error.to_string() }),
        };
        let _place = self.at_once.acquire().await;
        let mut last = None;
        let mut waits_s = None;
        for (relay, circuit) in &self.relays {
            if let Some(open_s) = circuit.open_for_s() {
                waits_s = Some(waits_s.map_or(open_s, |other: u32| other.min(open_s)));
                continue;
            }
            let outcome = relay.send(&mail).await;
            circuit.heard(&outcome);
            let tries_next = matches!(outcome, Outcome::Passing { .. });
            last = Some((relay.name.clone(), outcome));
            if !tries_next {
                break;
            }
        }
        let none = Outcome::Passing { detail: "every relay is away".to_owned(), retry_after_s: waits_s };
        last.unwrap_or((String::new(), none))
    }
}
