//! A message as a mail: text and HTML, and one Message-ID over all attempts.

use std::fmt::Write;
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{HeaderName, HeaderValue};
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
    #[error("the address that mails are returned to is malformed")]
    Sender,
    #[error("the mail cannot be written: {0}")]
    Unwritable(lettre::error::Error),
}

pub(crate) fn mail(from: &Mailbox, parcel: &Parcel) -> Result<Mail, MailError> {
    let to: Address = parcel.address.parse().map_err(|_| MailError::Address)?;
    let at = Duration::from_micros(parcel.at.micros().unsigned_abs());
    let sender = match &parcel.back.bounces_to {
        Some(address) => address.parse().map_err(|_| MailError::Sender)?,
        None => from.email.clone(),
    };
    let envelope = Envelope::new(Some(sender), vec![to.clone()]).map_err(MailError::Unwritable)?;
    let mut message = Message::builder()
        .from(from.clone())
        .to(mailbox(parcel.name.as_deref(), to))
        .subject(plain(&parcel.rendered.subject, SUBJECT_CHARS_MAX))
        .date(UNIX_EPOCH + at)
        .message_id(Some(format!("<{}@{}>", parcel.delivery, from.email.domain())))
        // Out of office: no answer, please.
        .raw_header(header("Auto-Submitted", "auto-generated"));
    if let Some(link) = &parcel.back.unsubscribe {
        message = message
            .raw_header(header("List-Unsubscribe", &format!("<{link}>")))
            .raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
    }
    let message = message.multipart(parts(parcel)).map_err(MailError::Unwritable)?;
    Ok(Mail { envelope, raw: message.formatted() })
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
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
    use crate::channel::Back;
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
            urgent: false,
            expires_at: Timestamp::from_micros(1_769_947_200_000_000),
            back: Back::default(),
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
    fn an_optional_mail_says_how_to_end_it_and_where_it_returns_to() {
        let from = "Florin <no-reply@bank.example>".parse().unwrap();
        let back = Back {
            bounces_to: Some("bounce+01kppyzd5gfmra2qsx5rkvr8wb-0123456789abcdef@bank.example".to_owned()),
            unsubscribe: Some("https://bank.example/u/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()),
            receipts: None,
        };
        let mail = mail(&from, &Parcel { back: back.clone(), ..parcel("Ann", "ann@example.com", "News") }).unwrap();
        let text = String::from_utf8(mail.raw).unwrap();
        let unfolded = text.replace("\r\n ", " ");
        assert!(unfolded.contains(&format!("List-Unsubscribe: <{}>\r\n", back.unsubscribe.unwrap())), "{text}");
        assert!(text.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{text}");
        assert_eq!(mail.envelope.from().map(ToString::to_string), back.bounces_to);
        assert!(!written("Ann", "ann@example.com", "News").contains("List-Unsubscribe"));
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
