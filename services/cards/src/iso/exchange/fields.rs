//! Single fields as values of ours.

use iso_currency::Currency as Iso;
use jiff::civil::DateTime;
use kernel::{Currency, Money, Timestamp};
use risk_api::Channel;
use vault_api::{Expiry, Pan};

use super::{Unfit, code, unfit};
use crate::authorization::Acceptor;
use crate::authorize::has_number;
use crate::calendar::instant;
use crate::iso::message::Message;

pub(super) fn needed(message: &Message, field: u8) -> Result<&str, Unfit> {
    message.get(field).ok_or(Unfit { code: code::FORMAT_ERROR, why: "a mandatory field is missing" })
}

/// The year in which `MMDDhhmmss` is nearest to now; nothing if there is no such instant.
pub(super) fn year_of(at: &str, now: Timestamp) -> Option<i16> {
    if at.len() != 10 || !at.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |place: usize| at.get(place..place + 2)?.parse::<i8>().ok();
    let (month, day, hour, minute, second) = (part(0)?, part(2)?, part(4)?, part(6)?, part(8)?);
    let now = instant(now).to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let in_year = |year: i16| DateTime::new(year, month, day, hour, minute, second, 0).ok();
    let years = [now.year() - 1, now.year(), now.year() + 1];
    years.into_iter().filter_map(in_year).min_by_key(|one| seconds_apart(*one, now)).map(DateTime::year)
}

fn seconds_apart(one: DateTime, other: DateTime) -> u64 {
    one.duration_since(other).as_secs().unsigned_abs()
}

/// From 2 and 14, or from track 2.
pub(super) fn card(message: &Message) -> Result<(Pan, Option<Expiry>), Unfit> {
    let track = message.get(35).and_then(|track| track.split_once(['=', 'd', 'D']));
    let digits = message.get(2).or(track.map(|(pan, _)| pan));
    let expiry = message.get(14).or(track.and_then(|(_, rest)| rest.get(..4)));
    let pan = digits.and_then(|digits| digits.parse().ok());
    let pan = pan.ok_or(Unfit { code: code::NO_SUCH_CARD, why: "the card number is missing or malformed" })?;
    let expiry = expiry.map(str::parse).transpose();
    Ok((pan, expiry.map_err(|_| Unfit { code: code::FORMAT_ERROR, why: "the expiry date is malformed" })?))
}

/// Field 4 in the smallest units of 49.
pub(super) fn amount(digits: &str, code_of: &str) -> Result<Money, Unfit> {
    let currency = currency(code_of)?;
    match digits.parse::<i64>() {
        Ok(minor) if minor > 0 => Ok(Money::new(minor, currency)),
        _ => unfit(code::INVALID_AMOUNT, "the amount is zero"),
    }
}

pub(super) fn currency(code_of: &str) -> Result<Currency, Unfit> {
    let found = code_of.parse().ok().and_then(Iso::from_numeric).and_then(|iso| Currency::iso(iso.code()).ok());
    found.ok_or(Unfit { code: code::INVALID_TRANSACTION, why: "the currency is unknown" })
}

pub(super) fn numeric(currency: Currency) -> Option<String> {
    Iso::from_code(currency.code()).map(|iso| format!("{:03}", iso.numeric()))
}

/// What is malformed there is left out: the network has its own rules for texts.
pub(super) fn acceptor(message: &Message) -> Acceptor {
    let token = |field: u8| {
        let text = message.get(field)?.trim().replace(' ', "_");
        text.parse::<risk_api::EntityId>().ok().map(String::from)
    };
    let place = message.get(43);
    let part = |range: std::ops::Range<usize>| place.and_then(|text| text.get(range)).map(str::trim);
    Acceptor {
        merchant: token(42),
        merchant_name: part(0..25).filter(|text| !text.is_empty() && !has_number(text)).map(str::to_owned),
        category: message.get(18).map(str::to_owned),
        country: part(38..40).filter(|text| text.parse::<risk_api::Country>().is_ok()).map(str::to_owned),
        channel: channel(message),
        terminal: token(41),
        device: None,
        address: None,
    }
}

/// From the first two digits of 22: how the card was read.
fn channel(message: &Message) -> Option<Channel> {
    if message.get(3).is_some_and(|kind| kind.starts_with("01")) {
        return Some(Channel::Atm);
    }
    match message.get(22)?.get(..2)? {
        "01" | "81" => Some(Channel::Ecommerce),
        "07" | "91" => Some(Channel::Contactless),
        "02" | "05" | "80" | "90" | "95" => Some(Channel::Present),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_without_a_year_is_the_nearest_one() {
        for (at, now, year) in [
            ("1231235959", "2027-01-01T00:00:05Z", Some(2026)),
            ("0101000001", "2026-12-31T23:59:59Z", Some(2027)),
            ("1231235959", "2026-12-31T23:59:59Z", Some(2026)),
            ("0229120000", "2028-02-29T12:00:10Z", Some(2028)),
            ("0229120000", "2027-03-01T00:00:00Z", Some(2028)),
            ("0229120000", "2026-03-01T00:00:00Z", None),
            ("0630120000", "2026-06-30T12:00:00Z", Some(2026)),
            ("1332000000", "2026-06-30T12:00:00Z", None),
            ("0630126000", "2026-06-30T12:00:00Z", None),
            ("06301200", "2026-06-30T12:00:00Z", None),
            ("063012+000", "2026-06-30T12:00:00Z", None),
        ] {
            assert_eq!(year_of(at, now.parse().unwrap()), year, "{at} at {now}");
        }
    }
}
