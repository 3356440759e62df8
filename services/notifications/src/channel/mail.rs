//! A message as a mail: text and HTML, and one Message-ID over all attempts.

use std::fmt::Write;
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use lettre::{Address, address::Envelope};

use super::Parcel;
use crate::template::plain;

const NAME_CHARS_MAX: usize = notifications_api::limits::NAME_CHARS_MAX;
const SUBJECT_CHARS_MAX: usize = 200;

/// A mail, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    pub(crate) envelope: Envelope,
    pub(crate) raw: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum MailError {
    #[error("the address is not one that mail can be sent to")]
    Address,
    #[error("the mail cannot be written: {0}")]
    Unwritable(lettre::error::Error),
}

pub(crate) fn mail(from: &Mailbox, parcel: &Parcel) -> Result<Mail, MailError> {
    let to: Address = parcel.address.parse().map_err(|_| MailError::Address)?;
    let at = Duration::from_micros(parcel.at.micros().unsigned_abs());
    let message = Message::builder()
        .from(from.clone())
        .to(mailbox(parcel.name.as_deref(), to))
        .subject(plain(&parcel.rendered.subject, SUBJECT_CHARS_MAX))
        .date(UNIX_EPOCH + at)
        .message_id(Some(format!("<{}@{}>", parcel.delivery, from.email.domain())))
        .multipart(parts(parcel))
        .map_err(MailError::Unwritable)?;
    Ok(Mail { envelope: message.envelope().clone(), raw: message.formatted() })
}

/// Without a name that has no form in a header.
fn mailbox(name: Option<&str>, to: Address) -> Mailbox {
    let name = name.map(|name| plain(name, NAME_CHARS_MAX)).filter(|name| !name.trim().is_empty());
    let named = Mailbox::new(name, to.clone());
    if write!(String::new(), "{named}").is_ok() { named } else { Mailbox::new(None, to) }
}

/// Text first: readers show the last form that they know. The boundary is the same on each attempt, and cannot be in a text
/// that was written before the delivery had its id.
fn parts(parcel: &Parcel) -> MultiPart {
    MultiPart::alternative()
        .boundary(format!("florin-{}", parcel.delivery))
        .singlepart(SinglePart::plain(parcel.rendered.text.clone()))
        .singlepart(SinglePart::html(parcel.rendered.html.clone()))
}

/// Whether mail can be sent to an address.
pub(crate) fn is_address(text: &str) -> bool {
    text.parse::<Address>().is_ok() && text.len() <= notifications_api::limits::EMAIL_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use kernel::{Id, Timestamp};

    use super::*;
    use crate::template::Rendered;

    fn parcel(name: &str, address: &str, subject: &str) -> Parcel {
        let rendered = Rendered {
            locale: "en",
            subject: subject.to_owned(),
            body: "Body".to_owned(),
            text: "Hello,\n.\nä".to_owned(),
            html: "<p>Hello</p>".to_owned(),
            short: String::new(),
        };
        Parcel {
            delivery: Id::from_bits(7),
            message: 1,
            holder: None,
            name: Some(name.to_owned()),
            address: address.to_owned(),
            rendered,
            at: Timestamp::from_micros(1_769_860_800_000_000),
        }
    }

    fn written(name: &str, address: &str, subject: &str) -> String {
        let from = "Florin <no-reply@bank.example>".parse().unwrap();
        String::from_utf8(mail(&from, &parcel(name, address, subject)).unwrap().raw).unwrap()
    }

    #[test]
    fn a_mail_has_both_forms_and_one_id() {
        let mail = written("Ann", "ann@example.com", "You received 25.00 USD");
        for expected in [
            "Subject: You received 25.00 USD\r\n",
            "To: Ann <ann@example.com>\r\n",
            "Message-ID: <dlv_00000000000000000000000007@bank.example>\r\n",
            "Date: Sat, 31 Jan 2026 12:00:00 +0000\r\n",
            "multipart/alternative",
        ] {
            assert!(mail.contains(expected), "{expected}:\n{mail}");
        }
        let places = ["text/plain", "text/html"].map(|kind| mail.find(kind).unwrap());
        assert!(places[0] < places[1]);
    }

    #[test]
    fn hostile_names_and_subjects_stay_in_their_header() {
        for (name, subject) in [
            ("Ann\r\nBcc: all@example.com", "Hello"),
            ("Ann", "Hello\r\nBcc: all@example.com"),
            ("\u{202e}nnA \"x\" <y>", "💸💸💸 ==?utf-8?q?x?="),
            (&"n".repeat(10_000), &"s".repeat(10_000)),
        ] {
            let mail = written(name, "ann@example.com", subject);
            let head = mail.split("\r\n\r\n").next().unwrap();
            assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
            assert!(head.lines().all(|line| line.len() <= 998), "a line of the head is too long");
        }
    }

    #[test]
    fn only_addresses_are_written_to() {
        for (text, good) in [
            ("ann@example.com", true),
            ("ann@bücher.example", true),
            ("", false),
            ("ann", false),
            ("ann@", false),
            ("a b@example.com", false),
            ("ann@example.com\r\nRCPT TO:<bob@example.com>", false),
            ("ann@example.com,bob@example.com", false),
        ] {
            assert_eq!(is_address(text), good, "{text:?}");
        }
    }
}
