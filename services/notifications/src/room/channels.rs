//! The channels that are in use, for each lane its own: an urgent mail never waits for an ordinary one's connection.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kernel::Clock;
use lettre::message::Mailbox;
use notifications_api::Channel;
use platform::outbound::Outbound;
use platform::room::OpenError;

use crate::channel::email::Email;
use crate::channel::fcm::Fcm;
use crate::channel::kept::Kept;
use crate::channel::provider::Line;
use crate::channel::push::Push;
use crate::channel::relay::{Relay, Terms, passwords};
use crate::channel::twilio::{self, Twilio};
use crate::channel::web_push::{Vapid, WebPush};
use crate::channel::{self, Circuit};
use crate::config::Settings;
use crate::keys::Keys;
use crate::service::{OneWriter, Outside};

type Lanes = [Option<Arc<dyn channel::Channel>>; 2];

/// Of the urgent lane and of the ordinary one, and the key by which browsers know us. A demo keeps its mails.
pub(super) fn open(
    settings: &Settings,
    from: Mailbox,
    keys: &Arc<Keys>,
    (one_writer, outbound, demo): (&OneWriter, &Outbound, bool),
    clock: &Arc<dyn Clock>,
) -> Result<([Outside; 2], Option<String>), OpenError> {
    let sender = from.email.to_string();
    let mails = if demo {
        let (one_writer, keys, clock) = (one_writer.clone(), Arc::clone(keys), Arc::clone(clock));
        let kept: Arc<dyn channel::Channel> = Arc::new(Kept { from, one_writer, keys, clock });
        [Some(Arc::clone(&kept)), Some(kept)]
    } else {
        email(settings, &from, clock)?
    };
    let line = Line {
        outbound: outbound.clone(),
        clock: Arc::clone(clock),
        deadline: Duration::from_secs(settings.provider_timeout_s),
        at_once: settings.provider_calls_max,
    };
    let mut lanes = [Outside::new(), Outside::new()];
    let (push, key) = push(settings, &sender, &line)?;
    for (channel, both) in [(Channel::Email, mails), (Channel::Sms, sms(settings, &line)?), (Channel::Push, push)] {
        for (lane, found) in lanes.iter_mut().zip(both) {
            lane.extend(found.map(|found| (channel, found)));
        }
    }
    Ok((lanes, key))
}

/// And the key by which browsers know us.
fn push(settings: &Settings, sender: &str, line: &Line) -> Result<(Lanes, Option<String>), OpenError> {
    let read = |path: &Option<PathBuf>| path.as_ref().map(std::fs::read).transpose();
    let (vapid, account) = (read(&settings.vapid_key_file)?, read(&settings.fcm_credentials_file)?);
    if vapid.is_none() && account.is_none() {
        return Ok(([None, None], None));
    }
    let circuit = Fcm::circuit(settings.provider_failures_max, line);
    let vapid = || vapid.as_ref().map(|pem| Vapid::new(pem, format!("mailto:{sender}"))).transpose();
    let one = || -> Result<Arc<dyn channel::Channel>, String> {
        let web = vapid()?.map(|vapid| WebPush::new(vapid, line));
        let fcm = account.as_ref().map(|file| Fcm::new(&settings.fcm_base_url, file, line, &circuit)).transpose()?;
        Ok(Arc::new(Push { web, fcm }))
    };
    Ok(([Some(one()?), Some(one()?)], vapid()?.map(|vapid| vapid.public_key())))
}

fn sms(settings: &Settings, line: &Line) -> Result<Lanes, OpenError> {
    let Some(from) = &settings.sms_from else { return Ok([None, None]) };
    let missing = "notifications.sms_from is set, and the account or the token of the SMS provider is missing";
    let (account, token) = settings.twilio().ok_or(missing)?;
    let (base_url, parts_max) = (settings.sms_base_url.as_str(), settings.sms_parts_max);
    let terms = twilio::Terms { base_url, account, token, from, parts_max };
    let circuit = Twilio::circuit(settings.provider_failures_max, line);
    let one = || -> Result<Arc<dyn channel::Channel>, String> { Ok(Arc::new(Twilio::new(&terms, line, &circuit)?)) };
    Ok([Some(one()?), Some(one()?)])
}

fn email(settings: &Settings, from: &Mailbox, clock: &Arc<dyn Clock>) -> Result<Lanes, OpenError> {
    if settings.mail_relays.is_empty() {
        return Ok([None, None]);
    }
    let circuit = |url: &String| Arc::new(Circuit::new(&host(url), settings.provider_failures_max, Arc::clone(clock)));
    let circuits: Vec<Arc<Circuit>> = settings.mail_relays.iter().map(circuit).collect();
    let terms = Terms {
        domain: from.email.domain().to_owned(),
        line_max: Duration::from_secs(settings.mail_timeout_s),
        idle_max: settings.mail_connections_max,
        roots: settings.mail_ca_file.as_ref().map(std::fs::read).transpose()?,
    };
    let email = || -> Result<Option<Arc<dyn channel::Channel>>, OpenError> {
        let passwords = passwords(settings.mail_passwords_file.as_deref(), settings.mail_relays.len())?;
        let mut relays = Vec::with_capacity(circuits.len());
        for ((url, password), circuit) in settings.mail_relays.iter().zip(passwords).zip(&circuits) {
            relays.push((Relay::of(url, password, &terms)?, Arc::clone(circuit)));
        }
        Ok(Some(Arc::new(Email::new(from.clone(), relays, settings.mail_connections_max))))
    };
    Ok([email()?, email()?])
}

/// For metrics.
fn host(url: &str) -> String {
    url.parse::<url::Url>().ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}
