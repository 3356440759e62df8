//! Tables of channels and preferences.

use kernel::Currency;
use notifications_api::{Category, Choice, Digest, QuietHours, Rhythm};

use super::*;
use crate::kinds::find;

use Channel::{Email, Inbox, Push, Sms};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn addresses(of: &[Channel]) -> BTreeMap<Channel, String> {
    of.iter().map(|channel| (*channel, "x".to_owned())).collect()
}

fn planned(kind: &str, of: &[Channel], preferences: &Preferences, now: &str) -> Vec<(Channel, &'static str)> {
    let (addresses, zone) = (addresses(of), TimeZone::UTC);
    let facts = Facts { addresses: &addresses, preferences, zone: &zone };
    plan(find(kind).unwrap(), facts, at(now)).into_iter().map(|(channel, fate)| (channel, fate.because())).collect()
}

const NOON: &str = "2026-01-31T12:00:00Z";
const NIGHT: &str = "2026-01-31T23:00:00Z";

fn choices(channels: &[(Channel, bool)], digest: bool) -> Preferences {
    let daily = Digest { rhythm: Rhythm::Daily, at: "08:00".parse().unwrap(), on: None };
    let choice = Choice { channels: channels.iter().copied().collect(), digest: digest.then_some(daily) };
    let quiet = QuietHours { start: "22:00".parse().unwrap(), end: "07:00".parse().unwrap() };
    let categories = [Category::Account, Category::Security, Category::Legal].map(|one| (one, choice.clone()));
    Preferences { categories: categories.into(), quiet_hours: Some(quiet), ..Preferences::default() }
}

#[test]
fn optional_messages_follow_preferences() {
    let money = "account.money_received";
    let (all, none) = ([Inbox, Email, Sms], Preferences::default());
    let expected = [(Inbox, "now"), (Email, "now"), (Sms, "opted_out"), (Push, "no_address")];
    assert_eq!(planned(money, &all, &none, NIGHT), expected);
    for (preferences, now, inbox, email, sms) in [
        (choices(&[(Email, false), (Sms, true)], false), NOON, "now", "opted_out", "now"),
        (choices(&[(Inbox, false)], false), NIGHT, "opted_out", "quiet_hours", "opted_out"),
        (choices(&[(Sms, true)], true), NOON, "now", "digest", "now"),
        (choices(&[(Sms, true)], true), NIGHT, "now", "digest", "quiet_hours"),
    ] {
        let expected = [(Inbox, inbox), (Email, email), (Sms, sms), (Push, "no_address")];
        assert_eq!(planned(money, &all, &preferences, now), expected, "{preferences:?} {now}");
    }
}

#[test]
fn security_and_legal_messages_ignore_preferences() {
    let off = choices(&[(Inbox, false), (Email, false), (Sms, false), (Push, false)], true);
    for kind in ["security.password_changed", "legal.terms_changed"] {
        assert_eq!(planned(kind, &[Inbox, Email, Sms], &off, NIGHT), [(Inbox, "now"), (Email, "now")]);
        assert_eq!(planned(kind, &[Inbox, Sms], &off, NIGHT), [(Inbox, "now"), (Sms, "now")]);
        assert_eq!(planned(kind, &[], &off, NIGHT), []);
    }
    assert_eq!(planned("security.code", &[Inbox, Sms], &off, NIGHT), [(Sms, "now")]);
}

#[test]
fn a_mandatory_message_falls_to_the_next_channel_once() {
    let (kind, all) = (find("security.password_changed").unwrap(), addresses(&[Inbox, Email, Sms]));
    assert_eq!(next_channel(kind, &[], &all), Some(Email));
    assert_eq!(next_channel(kind, &[Inbox, Email], &all), Some(Sms));
    assert_eq!(next_channel(kind, &[Inbox, Email, Sms], &all), None);
}

#[test]
fn a_digest_waits_for_the_end_of_quiet_hours() {
    let mut preferences = choices(&[], true);
    preferences.quiet_hours = Some(QuietHours { start: "06:00".parse().unwrap(), end: "09:00".parse().unwrap() });
    let (all, zone) = (addresses(&[Email]), TimeZone::UTC);
    let facts = Facts { addresses: &all, preferences: &preferences, zone: &zone };
    let fate = fate(find("account.money_received").unwrap(), Email, facts, at(NOON));
    assert_eq!(fate, Fate::Collected(at("2026-02-01T09:00:00Z")));
}

#[test]
fn an_amount_below_the_threshold_is_not_told() {
    let money = |minor, code| Money::new(minor, Currency::iso(code).unwrap());
    let least = Some(money(1_000, "USD"));
    for (amount, told) in [(money(999, "USD"), false), (money(1_000, "USD"), true), (money(1, "EUR"), true)] {
        assert_eq!(is_told(least, amount), told, "{amount}");
    }
    assert!(is_told(None, money(0, "USD")));
}
