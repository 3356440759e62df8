//! Mails that came back: reports of RFC 3464, and complaints of RFC 5965. Pure.

use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};

use super::Heard;
use crate::channel::relay::{enhanced, is_about_the_address};

/// Recipients of one report that are read.
const RECIPIENTS_MAX: usize = 100;
/// Headers that name the address which a mail came back to.
const RETURNED_TO: [&str; 5] = ["Delivered-To", "X-Original-To", "Envelope-To", "X-Delivered-To", "To"];

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Report {
    /// Addresses that it may have come back to.
    pub(super) to: Vec<String>,
    /// Of the mails that it contains.
    pub(super) message_ids: Vec<String>,
    pub(super) says: Says,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Says {
    Outcomes(Vec<Outcome>),
    Complaint,
}

/// What became of a mail for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) addresses: Vec<String>,
    action: String,
    status: Option<[u16; 3]>,
}

impl Outcome {
    /// Only a failure of class 5 ends a delivery, and only some of these are about the address. A delay is none.
    pub(super) fn heard(&self) -> Option<Heard> {
        match (self.action.as_str(), self.status) {
            ("delivered", _) => Some(Heard::Delivered),
            ("failed", Some(status @ [5, subject, detail])) => {
                let said = format!("5.{subject}.{detail}");
                Some(if is_about_the_address(status) { Heard::Address(said) } else { Heard::Refused(said) })
            }
            _ => None,
        }
    }
}

/// None if it is no report: an answer of a person, or of a machine that is out of office.
pub(super) fn read(mail: &str) -> Option<Report> {
    let mail = MessageParser::default().parse(mail)?;
    let says = mail.parts.iter().find_map(|part| match kind(part).as_str() {
        "message/delivery-status" | "message/global-delivery-status" => {
            Some(Says::Outcomes(outcomes(&String::from_utf8_lossy(part.contents()))))
        }
        "message/feedback-report" => {
            let fields = group(&String::from_utf8_lossy(part.contents()));
            // Not-spam and the like are no complaints.
            matches!(value(&fields, "Feedback-Type").as_deref(), Some("abuse" | "fraud" | "opt-out"))
                .then_some(Says::Complaint)
        }
        _ => None,
    })?;
    let to = headers(&mail, &RETURNED_TO);
    let message_ids = mail.parts.iter().flat_map(message_id).collect();
    Some(Report { to, message_ids, says })
}

fn kind(part: &MessagePart<'_>) -> String {
    let kind = part.content_type();
    let kind = kind.map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()));
    kind.unwrap_or_default().to_ascii_lowercase()
}

/// Of a mail that a report returns: whole, or its head alone.
fn message_id(part: &MessagePart<'_>) -> Option<String> {
    match &part.body {
        PartType::Message(mail) => headers(mail, &["Message-ID"]).pop(),
        PartType::Text(text) if kind(part).ends_with("rfc822-headers") => value(&group(text), "Message-ID"),
        PartType::Binary(bytes) if kind(part).ends_with("global-headers") => {
            value(&group(&String::from_utf8_lossy(bytes)), "Message-ID")
        }
        _ => None,
    }
}

/// Addresses in these headers, or their values.
fn headers(mail: &Message<'_>, names: &[&str]) -> Vec<String> {
    let is_named = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let found = mail.headers_raw().filter(|(name, _)| is_named(name));
    found.flat_map(|(_, value)| value.split([',', '<', '>', ' ', '\r', '\n', '\t'])).filter_map(named).collect()
}

fn named(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| text.contains('@')).map(str::to_owned)
}

type Fields = Vec<(String, String)>;

/// Groups of fields are separated by empty lines; the first is about the whole mail.
fn outcomes(text: &str) -> Vec<Outcome> {
    let text = text.replace("\r\n", "\n");
    let groups = text.split("\n\n").skip(1).map(group).filter(|group| !group.is_empty());
    let outcome = |fields: Fields| {
        let action = value(&fields, "Action")?.to_ascii_lowercase();
        let status = value(&fields, "Status").and_then(|text| enhanced(&text));
        let addresses = ["Final-Recipient", "Original-Recipient"].iter().filter_map(|name| {
            let value = value(&fields, name)?;
            // Its type, and the address.
            Some(value.split_once(';').map_or(value.as_str(), |(_, address)| address).trim().to_owned())
        });
        Some(Outcome { addresses: addresses.collect(), action, status })
    };
    groups.filter_map(outcome).take(RECIPIENTS_MAX).collect()
}

/// One group of fields, which has the form of a mail's head.
fn group(text: &str) -> Fields {
    let head = format!("{}\n\n", text.trim_matches(['\r', '\n']));
    let Some(head) = MessageParser::default().parse_headers(&head) else { return Vec::new() };
    let fields = head.headers_raw().map(|(name, value)| {
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        (name.to_owned(), value)
    });
    fields.collect()
}

/// Without comments, which come after the value.
fn value(fields: &Fields, name: &str) -> Option<String> {
    let (_, value) = fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    let plain = value.split(" (").next().unwrap_or_default().trim();
    Some(plain.trim_matches(['<', '>']).to_owned())
}
