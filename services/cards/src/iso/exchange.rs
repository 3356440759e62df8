//! Messages of a card network as commands of cards. Pure.
//!
//! A repeat is known by class, 7, 11, 32 and 41: these make the request id, so that a repeat gets the first answer. Field
//! 7 has no year; the one nearest to now is added, so that last year's STAN is another request.

mod answer;
mod fields;

use kernel::{Money, Timestamp};
use vault_api::{Expiry, Pan};

use super::message::Message;
use crate::authorization::{Acceptor, Authorize};
use crate::balance::AskBalance;

pub(crate) use answer::{answer, balance, decided};
use fields::{acceptor, amount, card, currency, needed, year_of};

/// Answers beyond those of decisions.
pub(crate) mod code {
    pub(crate) const APPROVED: &str = "00";
    pub(crate) const INVALID_TRANSACTION: &str = "12";
    pub(crate) const INVALID_AMOUNT: &str = "13";
    pub(crate) const NO_SUCH_CARD: &str = "14";
    pub(crate) const ORIGINAL_NOT_FOUND: &str = "25";
    pub(crate) const FORMAT_ERROR: &str = "30";
    pub(crate) const NOT_PERMITTED: &str = "57";
    pub(crate) const TOO_LATE: &str = "68";
    pub(crate) const ISSUER_UNAVAILABLE: &str = "91";
    pub(crate) const DUPLICATE: &str = "94";
    pub(crate) const MALFUNCTION: &str = "96";
}

/// What a message asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Sign-on, sign-off, echo.
    Network,
    Authorize(Box<Payment>),
    /// Authorize and book at once.
    Purchase(Box<Payment>),
    Refund(Box<Payment>),
    Balance(Box<AskBalance>),
    /// A stand-in has approved; `booked`: and the money has moved.
    Advice {
        payment: Box<Payment>,
        booked: bool,
    },
    /// A stand-in has declined: nothing is held.
    DeclineAdvice,
    Reversal(Reversal),
}

/// A payment as the network describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) request_id: String,
    pub(crate) pan: Pan,
    pub(crate) amount: Money,
    pub(crate) expiry: Option<Expiry>,
    pub(crate) at: Acceptor,
    is_refund: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reversal {
    pub(crate) request_id: String,
    pub(crate) original: Original,
    /// What stays after a partial reversal, in the currency of the original.
    pub(crate) remains: Option<Money>,
}

/// The request that is reversed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Original {
    /// Its name, which follows from field 90.
    Named(String),
    /// Without field 90: a card's newest request with this STAN, acquirer and terminal at the end of its name.
    Traced { pan: Pan, ending: String },
}

/// A message that cannot be carried out, with the answer's code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {why}")]
pub(crate) struct Unfit {
    pub(crate) code: &'static str,
    pub(crate) why: &'static str,
}

fn unfit<T>(code: &'static str, why: &'static str) -> Result<T, Unfit> {
    Err(Unfit { code, why })
}

/// # Errors
/// The answer's code.
pub(crate) fn asked(message: &Message, now: Timestamp) -> Result<Asked, Unfit> {
    let [version, class, function, _] = message.mti;
    match (version, class, function) {
        (0, 8, 0) => Ok(Asked::Network),
        // A PIN would have to be checked where its key is; there is none here.
        (0, 1 | 2, _) if message.get(52).is_some() => unfit(code::NOT_PERMITTED, "PIN blocks are not supported"),
        (0, 1, 0) if kind(message)? == "31" => Ok(Asked::Balance(Box::new(inquiry(message)?))),
        (0, 1 | 2, 0) => {
            let payment = Box::new(payment(message, now)?);
            Ok(match (payment.is_refund, class) {
                (true, _) => Asked::Refund(payment),
                (false, 1) => Asked::Authorize(payment),
                (false, _) => Asked::Purchase(payment),
            })
        }
        (0, 1 | 2, 2) if message.get(39).is_some_and(is_decline) => Ok(Asked::DeclineAdvice),
        (0, 1 | 2, 2) => {
            let payment = Box::new(payment(message, now)?);
            Ok(if payment.is_refund { Asked::Refund(payment) } else { Asked::Advice { payment, booked: class == 2 } })
        }
        (0, 4, 0 | 2) => Ok(Asked::Reversal(reversal(message, now)?)),
        _ => unfit(code::INVALID_TRANSACTION, "the message type is not supported"),
    }
}

/// What a stand-in answered: approved, with identification, in part, or for a very important person.
fn is_decline(code: &str) -> bool {
    !matches!(code, "00" | "08" | "10" | "11")
}

/// The first two digits of the processing code.
fn kind(message: &Message) -> Result<&str, Unfit> {
    Ok(needed(message, 3)?.get(..2).unwrap_or_default())
}

/// The same for every repeat of a message.
fn name(class: u8, at: &str, parts: [&str; 3], now: Timestamp) -> Result<String, Unfit> {
    let year = year_of(at, now).ok_or(Unfit { code: code::FORMAT_ERROR, why: "field 7 is not an instant" })?;
    Ok(format!("iso:{class}:{year}{at}{}", ending(parts)))
}

/// STAN, acquirer and terminal.
fn ending(parts: [&str; 3]) -> String {
    let plain = |text: &str| text.trim().replace(|letter: char| !letter.is_ascii_graphic(), "_");
    parts.map(|part| format!(":{}", plain(part))).concat()
}

/// Whether the request of this name was authorized and booked at once.
pub(crate) fn was_booked(name: &str) -> bool {
    name.starts_with("iso:2:")
}

fn name_of(message: &Message, now: Timestamp) -> Result<String, Unfit> {
    let [_, class, ..] = message.mti;
    let terminal = message.get(41).unwrap_or_default();
    name(class, needed(message, 7)?, [needed(message, 11)?, needed(message, 32)?, terminal], now)
}

fn payment(message: &Message, now: Timestamp) -> Result<Payment, Unfit> {
    let is_refund = match kind(message)? {
        "00" | "01" | "09" => false,
        "20" => true,
        _ => return unfit(code::INVALID_TRANSACTION, "the processing code is not supported"),
    };
    let (pan, expiry) = card(message)?;
    let amount = amount(needed(message, 4)?, needed(message, 49)?)?;
    let request_id = name_of(message, now)?;
    Ok(Payment { request_id, pan, amount, expiry, at: acceptor(message), is_refund })
}

fn inquiry(message: &Message) -> Result<AskBalance, Unfit> {
    let (pan, expiry) = card(message)?;
    Ok(AskBalance { pan: Some(pan), token: None, expiry, cvv: None })
}

fn reversal(message: &Message, now: Timestamp) -> Result<Reversal, Unfit> {
    let remains = message.get(95).map(|text| remains(text, needed(message, 49)?)).transpose()?;
    let terminal = message.get(41).unwrap_or_default();
    let original = match message.get(90) {
        Some(ninety) => Original::Named(original(message, ninety, terminal, now)?),
        None => {
            let ending = ending([needed(message, 11)?, needed(message, 32)?, needed(message, 41)?]);
            Original::Traced { pan: card(message)?.0, ending }
        }
    };
    Ok(Reversal { request_id: name_of(message, now)?, original, remains })
}

/// By 90: original type, STAN, 7, acquirer.
fn original(message: &Message, original: &str, terminal: &str, now: Timestamp) -> Result<String, Unfit> {
    let part = |range: std::ops::Range<usize>| original.get(range).unwrap_or_default();
    let class = part(1..2).parse().map_err(|_| Unfit { code: code::FORMAT_ERROR, why: "field 90 is malformed" })?;
    // The acquirer is written with leading zeros there.
    let acquirer = match part(20..31).trim_start_matches('0') {
        "" => needed(message, 32)?,
        written => written,
    };
    name(class, part(10..20), [part(4..10), acquirer, terminal], now)
}

/// The first part of 95: what stays of field 4.
fn remains(text: &str, code_of: &str) -> Result<Money, Unfit> {
    let digits = text.get(..12).unwrap_or_default();
    let minor = digits.parse().map_err(|_| Unfit { code: code::FORMAT_ERROR, why: "field 95 is malformed" })?;
    Ok(Money::new(minor, currency(code_of)?))
}

impl Payment {
    pub(crate) fn authorize(&self) -> Option<Authorize> {
        Some(Authorize {
            request_id: self.request_id.parse().ok()?,
            pan: Some(self.pan.clone()),
            token: None,
            amount: self.amount.amount(),
            currency: Some(self.amount.currency()),
            expiry: self.expiry,
            cvv: None,
            at: self.at.clone(),
            partial_approval: false,
        })
    }
}

#[cfg(test)]
mod tests;
