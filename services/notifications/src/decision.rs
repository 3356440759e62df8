//! On which channels a message goes, and when. Pure.
//!
//! Security and legal messages ignore preferences: they go to the inbox and to the first channel that the person has an
//! address for, and fall to the next one if that fails. All others go wherever the person wants them.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use kernel::{Money, Timestamp};
use notifications_api::{Channel, Preferences};

use crate::kinds::Kind;
use crate::when::{after_quiet, next_digest};

/// What is known of the recipient.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    /// Addresses of channels that are in use; the inbox is one if the recipient is a person.
    pub(crate) addresses: &'a BTreeMap<Channel, String>,
    pub(crate) preferences: &'a Preferences,
    pub(crate) zone: &'a TimeZone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Goes,
    /// Until the end of quiet hours.
    Held(Timestamp),
    /// Until the next digest.
    Collected(Timestamp),
    OptedOut,
    NoAddress,
}

impl Fate {
    pub(crate) fn because(self) -> &'static str {
        match self {
            Fate::Goes => "now",
            Fate::Held(_) => "quiet_hours",
            Fate::Collected(_) => "digest",
            Fate::OptedOut => "opted_out",
            Fate::NoAddress => "no_address",
        }
    }

    pub(crate) fn goes_at(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Fate::Goes => Some(now),
            Fate::Held(at) | Fate::Collected(at) => Some(at),
            Fate::OptedOut | Fate::NoAddress => None,
        }
    }
}

/// Each channel of the kind, and what becomes of the message there.
pub(crate) fn plan(kind: &Kind, facts: Facts<'_>, now: Timestamp) -> Vec<(Channel, Fate)> {
    if kind.is_mandatory() {
        let inbox = Channel::Inbox;
        let outside = next_channel(kind, &[], facts.addresses);
        let inbox = (kind.channels.contains(&inbox) && facts.addresses.contains_key(&inbox)).then_some(inbox);
        return inbox.into_iter().chain(outside).map(|channel| (channel, Fate::Goes)).collect();
    }
    kind.channels.iter().map(|channel| (*channel, fate(kind, *channel, facts, now))).collect()
}

/// What becomes of an optional message on one channel.
pub(crate) fn fate(kind: &Kind, channel: Channel, facts: Facts<'_>, now: Timestamp) -> Fate {
    if !facts.addresses.contains_key(&channel) {
        return Fate::NoAddress;
    }
    let choice = facts.preferences.categories.get(&kind.category);
    let chosen = choice.and_then(|choice| choice.channels.get(&channel)).copied();
    if !chosen.unwrap_or(channel != Channel::Sms) {
        return Fate::OptedOut;
    }
    if kind.urgent || channel == Channel::Inbox {
        return Fate::Goes;
    }
    let digest = choice.and_then(|choice| choice.digest).filter(|_| channel == Channel::Email);
    if let Some(at) = digest.and_then(|digest| next_digest(now, facts.zone, digest)) {
        return Fate::Collected(loud(at, facts));
    }
    match loud(now, facts) {
        at if at > now => Fate::Held(at),
        _ => Fate::Goes,
    }
}

/// The first instant, then or later, outside of quiet hours.
pub(crate) fn loud(at: Timestamp, facts: Facts<'_>) -> Timestamp {
    facts.preferences.quiet_hours.map_or(at, |quiet| after_quiet(at, facts.zone, quiet))
}

/// The next channel outside of the house for a message that must arrive.
pub(crate) fn next_channel(kind: &Kind, used: &[Channel], addresses: &BTreeMap<Channel, String>) -> Option<Channel> {
    let usable =
        |channel: &Channel| *channel != Channel::Inbox && !used.contains(channel) && addresses.contains_key(channel);
    kind.channels.iter().copied().find(usable)
}

/// Whether a person wants to hear of an amount.
pub(crate) fn is_told(threshold: Option<Money>, amount: Money) -> bool {
    threshold.is_none_or(|least| least.currency() != amount.currency() || amount.minor() >= least.minor())
}

#[cfg(test)]
mod tests;
