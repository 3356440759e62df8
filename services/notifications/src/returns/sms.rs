//! Forms of the SMS provider: signatures, receipts, and what people send back.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use notifications_api::{DeliveryId, SmsForm};
use url::form_urlencoded;

use super::Heard;
use crate::channel::Outcome;
use crate::channel::twilio::of_code;

/// Names the delivery in the address of its receipts.
pub(crate) const DELIVERY: &str = "delivery";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Stop,
    Start,
}

/// `X-Twilio-Signature`: over the address and the fields in the order of their names.
pub(super) fn signature(token: &str, url: &str, fields: &[(String, String)]) -> String {
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort();
    sorted.dedup();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes());
    let mut signed = hmac::Context::with_key(&key);
    signed.update(url.as_bytes());
    for (name, value) in sorted {
        signed.update(name.as_bytes());
        signed.update(value.as_bytes());
    }
    STANDARD.encode(signed.sign())
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// The delivery that a receipt is about, and what it says.
pub(super) fn receipt(form: &SmsForm) -> Option<(DeliveryId, Heard)> {
    let (_, query) = form.path.split_once('?')?;
    let (_, id) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == DELIVERY)?;
    let status = field(&form.fields, "MessageStatus").or_else(|| field(&form.fields, "SmsStatus"))?;
    let code = field(&form.fields, "ErrorCode").and_then(|code| code.parse().ok());
    Some((id.parse().ok()?, heard(status, code)?))
}

fn heard(status: &str, code: Option<u32>) -> Option<Heard> {
    match status {
        "accepted" | "scheduled" | "queued" | "sending" | "sent" => Some(Heard::Taken),
        "delivered" | "read" => Some(Heard::Delivered),
        "failed" | "undelivered" | "canceled" => {
            let detail = code.map_or_else(|| status.to_owned(), |code| format!("{status} {code}"));
            Some(match of_code(code.unwrap_or_default(), detail) {
                Outcome::Address { detail } => Heard::Address(detail),
                Outcome::Stopped { .. } => Heard::Stopped,
                other => Heard::Refused(other.detail().to_owned()),
            })
        }
        _ => None,
    }
}

/// What a person who sent us a message wants, by the provider's judgement or by the whole text of the message.
pub(super) fn wish(fields: &[(String, String)]) -> Option<(&str, Wish)> {
    let from = field(fields, "From")?;
    let word = field(fields, "OptOutType").or_else(|| field(fields, "Body"))?.trim().to_uppercase();
    let wish = match word.as_str() {
        "STOP" | "STOPALL" | "UNSUBSCRIBE" | "CANCEL" | "END" | "QUIT" | "REVOKE" | "OPTOUT" => Wish::Stop,
        "STOPP" | "STOPPEN" | "ABBESTELLEN" | "ENDE" | "PARAR" | "BAJA" | "ALTO" => Wish::Stop,
        "START" | "YES" | "UNSTOP" => Wish::Start,
        _ => return None,
    };
    Some((from, wish))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(all: &[(&str, &str)]) -> Vec<(String, String)> {
        all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// The example of Twilio's own libraries.
    #[test]
    fn a_signature_is_twilios() {
        let all = fields(&[
            ("CallSid", "CA1234567890ABCDE"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
            ("Caller", "+14158675309"),
        ]);
        let found = signature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", &all);
        assert_eq!(found, "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
    }

    #[test]
    fn a_receipt_names_its_delivery_and_says_how_it_ended() {
        let id: DeliveryId = kernel::Id::from_bits(7);
        let path = format!("/v1/notifications/receipts/twilio?{DELIVERY}={id}");
        for (status, code, expected) in [
            ("queued", None, Some(Heard::Taken)),
            ("sent", None, Some(Heard::Taken)),
            ("delivered", None, Some(Heard::Delivered)),
            ("undelivered", Some("30003"), Some(Heard::Refused("undelivered 30003".to_owned()))),
            ("undelivered", Some("30005"), Some(Heard::Address("undelivered 30005".to_owned()))),
            ("failed", Some("21610"), Some(Heard::Stopped)),
            ("failed", None, Some(Heard::Refused("failed".to_owned()))),
            ("receiving", None, None),
        ] {
            let mut all = vec![("MessageStatus", status), ("MessageSid", "SM1")];
            all.extend(code.map(|code| ("ErrorCode", code)));
            let form = SmsForm { path: path.clone(), fields: fields(&all), signature: String::new() };
            assert_eq!(receipt(&form), expected.map(|heard| (id, heard)), "{status} {code:?}");
        }
        let form = SmsForm {
            path: "/v1/notifications/receipts/twilio".to_owned(),
            fields: fields(&[("MessageStatus", "sent")]),
            signature: String::new(),
        };
        assert_eq!(receipt(&form), None);
    }

    #[test]
    fn only_the_whole_text_is_a_wish() {
        for (body, expected) in [
            ("STOP", Some(Wish::Stop)),
            (" stop\n", Some(Wish::Stop)),
            ("Stopp", Some(Wish::Stop)),
            ("baja", Some(Wish::Stop)),
            ("Start", Some(Wish::Start)),
            ("please stop", None),
            ("nonstop", None),
            ("", None),
        ] {
            let all = fields(&[("From", "+4930123456"), ("Body", body)]);
            assert_eq!(wish(&all).map(|(_, wish)| wish), expected, "{body:?}");
        }
        let all = fields(&[("From", "+4930123456"), ("Body", "arrêt"), ("OptOutType", "STOP")]);
        assert_eq!(wish(&all), Some(("+4930123456", Wish::Stop)));
    }
}
