//! The channels that are in use, for each lane its own: an urgent mail never waits for an ordinary one's connection.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kernel::Clock;
use lettre::message::Mailbox;
use notifications_api::Channel;

use platform::room::OpenError;

use crate::channel::email::Email;
use crate::channel::kept::Kept;
use crate::channel::relay::{Relay, Terms, passwords};
use crate::channel::{self, Circuit};
use crate::config::Settings;
use crate::keys::Keys;
use crate::service::{OneWriter, Outside};

/// Of the urgent lane and of the ordinary one. A demo keeps its mails.
pub(super) fn open(
    settings: &Settings,
    from: Mailbox,
    keys: &Arc<Keys>,
    (one_writer, clock, demo): (&OneWriter, &Arc<dyn Clock>, bool),
) -> Result<[Outside; 2], OpenError> {
    if demo {
        let (one_writer, keys, clock) = (one_writer.clone(), Arc::clone(keys), Arc::clone(clock));
        let kept: Arc<dyn channel::Channel> = Arc::new(Kept { from, one_writer, keys, clock });
        return Ok([0, 1].map(|_| Outside::from([(Channel::Email, Arc::clone(&kept))])));
    }
    if settings.mail_relays.is_empty() {
        return Ok([BTreeMap::new(), BTreeMap::new()]);
    }
    let circuit = |url: &String| Arc::new(Circuit::new(&host(url), settings.provider_failures_max, Arc::clone(clock)));
    let circuits: Vec<Arc<Circuit>> = settings.mail_relays.iter().map(circuit).collect();
    let terms = Terms {
        domain: from.email.domain().to_owned(),
        line_max: Duration::from_secs(settings.mail_timeout_s),
        idle_max: settings.mail_connections_max,
        roots: settings.mail_ca_file.as_ref().map(std::fs::read).transpose()?,
    };
    let email = || -> Result<Outside, OpenError> {
        let passwords = passwords(settings.mail_passwords_file.as_deref(), settings.mail_relays.len())?;
        let mut relays = Vec::with_capacity(circuits.len());
        for ((url, password), circuit) in settings.mail_relays.iter().zip(passwords).zip(&circuits) {
            relays.push((Relay::of(url, password, &terms)?, Arc::clone(circuit)));
        }
        let email: Arc<dyn channel::Channel> =
            Arc::new(Email::new(from.clone(), relays, settings.mail_connections_max));
        Ok(BTreeMap::from([(Channel::Email, email)]))
    };
    Ok([email()?, email()?])
}

/// For metrics.
fn host(url: &str) -> String {
    url.parse::<url::Url>().ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}
