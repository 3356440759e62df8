//! A bank's entry in the form in which it is stored: what is compared in the open, what people read under a seal.

use banking_api::{Charge, Code, Counterparty, Day, Detail, References, Status};
use formats::statement::{self, Coverage, Effect, Entry, EntryStatus, Told as Words};
use formats::{Format, Kind};
use kernel::{Currency, Money};
use serde::{Deserialize, Serialize};

use crate::codes::code_of;
use crate::keys::Keys;
use crate::knowing::{Correction, Mark, Told, words};

/// Parts of a batch that are stored with it.
const DETAILS_MAX: usize = 1_000;

/// What people read of a movement.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Texts {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bank_code: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) reversal: bool,
    #[serde(default)]
    pub(crate) references: References,
    #[serde(default)]
    pub(crate) counterparty: Counterparty,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) text: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) details: Vec<Detail>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) charges: Vec<Charge>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) original: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rate: Option<String>,
}

/// An entry, read and ready for comparison.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) told: Told,
    pub(crate) valued: Option<i64>,
    pub(crate) code: Code,
    pub(crate) texts: Texts,
    pub(crate) match_key: i64,
}

/// Where an entry stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    pub(crate) account: i64,
    /// The day of entries without one of their own.
    pub(crate) day: i64,
    pub(crate) effect: Effect,
    /// Ids of entries are compared.
    pub(crate) ids_count: bool,
}

impl Texts {
    pub(crate) fn words(&self) -> Vec<String> {
        words(self.counterparty.name.iter().chain(&self.text).map(String::as_str))
    }
}

/// The format's number in rows; a new one is added at the end.
pub(crate) fn source_of(format: &Format) -> i64 {
    match format.kind {
        Kind::Camt052 | Kind::Camt053 | Kind::Camt054 => 1,
        Kind::Mt940 | Kind::Mt942 => 2,
        Kind::Bai2 => 3,
        Kind::Ofx => 4,
        _ => 5,
    }
}

pub(crate) fn coverage_number(coverage: Coverage) -> i64 {
    match coverage {
        Coverage::Full => 0,
        Coverage::Interim => 1,
        Coverage::News => 2,
    }
}

pub(crate) fn line(keys: &Keys, at: At, entry: &Entry) -> Line {
    let told = &entry.told;
    let is_credit = entry.amount.minor() >= 0;
    let (code, bank_code) = code_of(&told.codes, told.purpose.as_deref(), is_credit);
    let day = entry.booked_on.or(entry.valued_on).map_or(at.day, |date| Day::from(date).number());
    let valued = entry.valued_on.map(|date| Day::from(date).number());
    let texts = texts(entry, bank_code);
    let key =
        |text: &Option<String>| text.as_ref().map(|text| keys.short(&[&at.account.to_be_bytes(), text.as_bytes()]));
    let bank = if at.ids_count { key(&told.references.bank) } else { None };
    let correction = match (&entry.correction, at.effect) {
        (Some(statement::Correction::Replaces { bank }), _) => key(&Some(bank.clone())).map(Correction::Replaces),
        (Some(statement::Correction::Deletes { bank }), _) => key(&Some(bank.clone())).map(Correction::Deletes),
        (None, Effect::Deletes) => Some(Correction::This),
        (None, _) => None,
    };
    let mark = Mark {
        day,
        minor: entry.amount.minor(),
        currency: entry.amount.currency(),
        print: fingerprint(keys, at.account, (day, valued), entry.amount, &texts),
        bank,
        end_to_end: key(&meaningful(&told.references.end_to_end)),
    };
    let status = match entry.status {
        EntryStatus::Booked => Status::Booked,
        EntryStatus::Pending | EntryStatus::Future => Status::Pending,
        EntryStatus::Info => Status::Info,
    };
    let match_key = match_key(keys, at.account, &mark);
    let words = if status == Status::Info { Vec::new() } else { texts.words() };
    Line { told: Told { status, mark, words, correction }, valued, code, texts, match_key }
}

/// Entries of one day, account, amount and currency have the same key, and those of one day lie together.
pub(crate) fn match_key(keys: &Keys, account: i64, mark: &Mark) -> i64 {
    let parts: [&[u8]; 3] = [&account.to_be_bytes(), &mark.minor.to_be_bytes(), mark.currency.code().as_bytes()];
    let low = keys.short(&parts) & 0x7f_ffff_ffff;
    (mark.day << 39) | low
}

/// Everything that the bank says of an entry, without spaces and case: banks wrap the same text differently.
fn fingerprint(keys: &Keys, account: i64, days: (i64, Option<i64>), amount: Money, texts: &Texts) -> i64 {
    let bare = |text: &str| -> String {
        text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let of = |text: &Option<String>| text.as_deref().map(bare).unwrap_or_default();
    let References { bank, own, end_to_end, mandate, cheque, structured, .. } = &texts.references;
    let text = bare(&texts.text.concat());
    let name = of(&texts.counterparty.name);
    let references = [of(bank), of(own), of(end_to_end), of(mandate), of(cheque), of(structured)];
    let numbers = [account, days.0, days.1.unwrap_or(i64::MIN), amount.minor()].map(i64::to_be_bytes);
    let mut parts: Vec<&[u8]> = numbers.iter().map(<[u8; 8]>::as_slice).collect();
    let currency = amount.currency();
    parts.extend([currency.code().as_bytes(), text.as_bytes(), name.as_bytes()]);
    parts.extend(references.iter().map(|reference| reference.as_bytes()));
    keys.short(&parts)
}

/// Banks write that there is no reference.
fn meaningful(reference: &Option<String>) -> Option<String> {
    reference.clone().filter(|text| !text.is_empty() && !matches!(text.as_str(), "NOTPROVIDED" | "NONREF" | "NOREF"))
}

fn texts(entry: &Entry, bank_code: Option<String>) -> Texts {
    let told = &entry.told;
    let references = References {
        bank: told.references.bank.clone(),
        own: told.references.own.clone(),
        end_to_end: meaningful(&told.references.end_to_end),
        mandate: told.references.mandate.clone(),
        creditor: told.references.creditor_id.clone(),
        cheque: told.references.cheque.clone(),
        structured: told.structured.clone(),
    };
    let charges = told.charges.iter().map(|charge| Charge { amount: charge.amount, included: charge.included });
    Texts {
        bank_code,
        reversal: entry.reversal,
        references,
        counterparty: counterparty(told),
        text: text(told),
        details: entry.details.iter().take(DETAILS_MAX).map(detail).collect(),
        charges: charges.collect(),
        original: told.original.as_ref().and_then(|original| original.amount),
        rate: told.original.as_ref().and_then(|original| original.rate.clone()),
    }
}

fn counterparty(told: &Words) -> Counterparty {
    let party = &told.counterparty;
    let account = party.iban.clone().or_else(|| party.number.clone());
    Counterparty { name: party.name.clone(), account, bank: party.bank.clone() }
}

fn text(told: &Words) -> Vec<String> {
    told.text.iter().chain(&told.additional).cloned().collect()
}

pub(crate) fn detail(detail: &statement::Detail) -> Detail {
    let Words { counterparty, references, .. } = &detail.told;
    let (counterparty, end_to_end) = (counterparty.name.clone(), references.end_to_end.clone());
    Detail { amount: detail.amount, counterparty, end_to_end, text: text(&detail.told) }
}

/// Whether a format's own ids are compared: corrections of OFX name them.
pub(crate) fn ids_count(source: i64, stable_ids: bool) -> bool {
    source == 4 || stable_ids
}

/// The currency of a row.
pub(crate) fn currency(code: &str) -> Option<Currency> {
    Currency::iso(code).ok()
}
