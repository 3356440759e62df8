//! One row of history, as it stands in a file and as it is used.

use std::io::{self, Write};

use kernel::{Money, Timestamp};
use risk_api::{Assess, Channel, EntityId, Place, SubjectKind, Verdict};
use serde::{Deserialize, Serialize};

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Csv,
    /// One object a line.
    Json,
}

/// A subject and its label.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HistoryRow {
    pub(crate) subject: Assess,
    pub(crate) declined: bool,
    pub(crate) label: Option<Known>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) verdict: Verdict,
    pub(crate) at: Timestamp,
}

/// The columns. The first nine are expected, the rest may be missing or empty.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Columns {
    pub(super) id: String,
    pub(super) at: String,
    pub(super) card: String,
    pub(super) merchant: String,
    pub(super) terminal: String,
    /// A decimal text, as money is everywhere.
    pub(super) amount: String,
    pub(super) currency: String,
    /// `fraud`, `genuine` or nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) label: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) known_at: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) account: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) device: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) address: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) email: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) category: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) country: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) channel: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) entry_mode: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) latitude: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) longitude: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) zone: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) declined: String,
}

/// The names of the columns, in the order of the struct.
pub(super) const NAMES: [&str; 22] = [
    "id",
    "at",
    "card",
    "merchant",
    "terminal",
    "amount",
    "currency",
    "label",
    "known_at",
    "kind",
    "account",
    "device",
    "address",
    "email",
    "category",
    "country",
    "channel",
    "entry_mode",
    "latitude",
    "longitude",
    "zone",
    "declined",
];

/// The column that is wrong, and why.
pub(super) type Fault = (&'static str, String);

impl Columns {
    pub(super) fn read(self) -> Result<HistoryRow, Fault> {
        let id = parsed("id", &self.id)?;
        let at = parsed("at", &self.at)?;
        let kind = optional("kind", &self.kind)?.unwrap_or(SubjectKind::CardAuthorization);
        let mut subject = Assess::new(id, kind, at);
        subject.amount = self.money()?;
        subject.card = optional("card", &self.card)?;
        subject.merchant = optional("merchant", &self.merchant)?;
        subject.terminal = optional("terminal", &self.terminal)?;
        subject.account = optional("account", &self.account)?;
        subject.device = optional("device", &self.device)?;
        subject.address = optional("address", &self.address)?;
        subject.email = optional("email", &self.email)?;
        subject.category = optional("category", &self.category)?;
        subject.country = optional("country", &self.country)?;
        subject.channel = optional("channel", &self.channel)?;
        subject.entry_mode = Some(self.entry_mode).filter(|mode| !mode.is_empty());
        subject.place = place(&self.latitude, &self.longitude)?;
        subject.zone = Some(self.zone).filter(|zone| !zone.is_empty());
        let known_at: Option<Timestamp> = optional("known_at", &self.known_at)?;
        let verdict: Option<Verdict> = optional("label", &self.label)?;
        if known_at.is_some_and(|known_at| known_at < at) {
            return Err(("known_at", "expected a label to become known after its row".to_owned()));
        }
        let label = verdict.map(|verdict| Known { verdict, at: known_at.unwrap_or(at) });
        let declined = matches!(self.declined.as_str(), "true" | "1");
        Ok(HistoryRow { subject, declined, label })
    }

    fn money(&self) -> Result<Option<Money>, Fault> {
        if self.amount.is_empty() {
            return Ok(None);
        }
        let money = Money::parse(&self.amount, &self.currency).map_err(|error| ("amount", error.to_string()))?;
        if money.minor() < 0 {
            Err(("amount", "expected an amount of zero or more".to_owned()))
        } else {
            Ok(Some(money))
        }
    }

    pub(super) fn of(row: &HistoryRow) -> Columns {
        let subject = &row.subject;
        let text = |id: &Option<EntityId>| id.as_ref().map(EntityId::to_string).unwrap_or_default();
        Columns {
            id: subject.id.to_string(),
            at: subject.at.to_string(),
            card: text(&subject.card),
            merchant: text(&subject.merchant),
            terminal: text(&subject.terminal),
            amount: subject.amount.map(|amount| amount.amount()).unwrap_or_default(),
            currency: subject.amount.map(|amount| amount.currency().to_string()).unwrap_or_default(),
            label: row.label.map(|label| label.verdict.name().to_owned()).unwrap_or_default(),
            known_at: row.label.map(|label| label.at.to_string()).unwrap_or_default(),
            kind: if subject.kind == SubjectKind::CardAuthorization {
                String::new()
            } else {
                subject.kind.name().into()
            },
            account: text(&subject.account),
            device: text(&subject.device),
            address: text(&subject.address),
            email: text(&subject.email),
            category: subject.category.map(|category| category.to_string()).unwrap_or_default(),
            country: subject.country.map(|country| country.to_string()).unwrap_or_default(),
            channel: subject.channel.map(|channel| Channel::name(channel).to_owned()).unwrap_or_default(),
            entry_mode: subject.entry_mode.clone().unwrap_or_default(),
            latitude: subject.place.map(|place| format!("{:.4}", place.latitude)).unwrap_or_default(),
            longitude: subject.place.map(|place| format!("{:.4}", place.longitude)).unwrap_or_default(),
            zone: subject.zone.clone().unwrap_or_default(),
            declined: if row.declined { "true".to_owned() } else { String::new() },
        }
    }

    fn values(&self) -> [&str; NAMES.len()] {
        [
            &self.id,
            &self.at,
            &self.card,
            &self.merchant,
            &self.terminal,
            &self.amount,
            &self.currency,
            &self.label,
            &self.known_at,
            &self.kind,
            &self.account,
            &self.device,
            &self.address,
            &self.email,
            &self.category,
            &self.country,
            &self.channel,
            &self.entry_mode,
            &self.latitude,
            &self.longitude,
            &self.zone,
            &self.declined,
        ]
    }
}

fn parsed<T: std::str::FromStr>(column: &'static str, text: &str) -> Result<T, Fault> {
    let short = || text.chars().take(40).collect::<String>();
    text.parse().map_err(|_| (column, format!("expected {}, found \"{}\"", expected(column), short())))
}

fn optional<T: std::str::FromStr>(column: &'static str, text: &str) -> Result<Option<T>, Fault> {
    if text.is_empty() { Ok(None) } else { parsed(column, text).map(Some) }
}

fn expected(column: &str) -> &'static str {
    match column {
        "at" | "known_at" => "an instant of RFC 3339",
        "label" => "fraud, genuine or nothing",
        "country" => "two capital letters",
        "category" => "four digits",
        "channel" => "present, contactless, atm or ecommerce",
        "kind" => "card_authorization, payment or login",
        "latitude" | "longitude" => "degrees",
        _ => "a token of letters, digits and _ - . : / + =, never a card number",
    }
}

fn place(latitude: &str, longitude: &str) -> Result<Option<Place>, Fault> {
    let (latitude, longitude) = match (optional("latitude", latitude)?, optional("longitude", longitude)?) {
        (Some(latitude), Some(longitude)) => (latitude, longitude),
        (None, None) => return Ok(None),
        _ => return Err(("latitude", "expected latitude and longitude together".to_owned())),
    };
    // Neither infinity nor what is no number is on earth.
    let place = Place { latitude, longitude };
    if place.is_on_earth() { Ok(Some(place)) } else { Err(("latitude", "expected a place on earth".to_owned())) }
}

pub(crate) fn write_header(form: Form, out: &mut impl Write) -> io::Result<()> {
    match form {
        Form::Csv => writeln!(out, "{}", NAMES.join(",")),
        Form::Json => Ok(()),
    }
}

pub(crate) fn write_row(form: Form, row: &HistoryRow, out: &mut impl Write) -> io::Result<()> {
    let columns = Columns::of(row);
    match form {
        // None of the values can hold a comma, a quote or the end of a line.
        Form::Csv => writeln!(out, "{}", columns.values().join(",")),
        Form::Json => {
            serde_json::to_writer(&mut *out, &columns)?;
            out.write_all(b"\n")
        }
    }
}
