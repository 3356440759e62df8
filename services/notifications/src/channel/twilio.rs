//! SMS by Twilio's interface. It has no key for repeats, so that a lost answer is an unknown outcome.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use kernel::{Secret, Timestamp};
use platform::outbound::{Answer, Call};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use super::provider::{Line, Provider, retry_after, troubled, unanswered};
use super::sms::fitted;
use super::{Channel, Circuit, Outcome, Parcel};

const NAME: &str = "twilio";
/// The longest that Twilio holds a message.
const VALID_S_MAX: i64 = 14_400;

pub(crate) struct Twilio {
    provider: Provider,
    url: Url,
    login: HeaderValue,
    /// A number, a name, or a messaging service.
    from: String,
    parts_max: usize,
}

/// The settings of SMS.
pub(crate) struct Terms<'a> {
    pub(crate) base_url: &'a str,
    pub(crate) account: &'a str,
    pub(crate) token: &'a Secret,
    pub(crate) from: &'a str,
    pub(crate) parts_max: usize,
}

impl Twilio {
    /// # Errors
    /// A sentence about a setting.
    pub(crate) fn new(terms: &Terms<'_>, line: &Line, circuit: &Arc<Circuit>) -> Result<Twilio, String> {
        let base = terms.base_url.trim_end_matches('/');
        let url = format!("{base}/2010-04-01/Accounts/{}/Messages.json", terms.account);
        let url = url.parse().map_err(|_| "notifications.sms_base_url: expected a URL".to_owned())?;
        let login = STANDARD.encode(format!("{}:{}", terms.account, terms.token.expose()));
        let mut login: HeaderValue = format!("Basic {login}").parse().map_err(|_| "a login has no form".to_owned())?;
        login.set_sensitive(true);
        let provider = Provider::new(NAME, line, Some(Arc::clone(circuit)));
        Ok(Twilio { provider, url, login, from: terms.from.to_owned(), parts_max: terms.parts_max })
    }

    pub(crate) fn circuit(failures_max: u32, line: &Line) -> Arc<Circuit> {
        Arc::new(Circuit::new(NAME, failures_max, Arc::clone(&line.clock)))
    }

    fn call(&self, parcel: &Parcel) -> Call {
        let sender = if self.from.starts_with("MG") { "MessagingServiceSid" } else { "From" };
        let life_s = parcel.expires_at.micros_since(self.provider.now()).div_euclid(1_000_000);
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("To", &parcel.address)
            .append_pair(sender, &self.from)
            .append_pair("Body", &fitted(&parcel.rendered.short, self.parts_max))
            .append_pair("ValidityPeriod", &life_s.clamp(1, VALID_S_MAX).to_string());
        if let Some(receipts) = &parcel.back.receipts {
            form.append_pair("StatusCallback", receipts);
        }
        let mut call = Call::post(self.url.clone(), form.finish(), self.provider.deadline());
        call.headers.insert(AUTHORIZATION, self.login.clone());
        call.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        call
    }
}

#[async_trait]
impl Channel for Twilio {
    async fn send(&self, parcel: &Parcel) -> (String, Outcome) {
        let send = async {
            match self.provider.ask(self.call(parcel)).await {
                Ok(answer) => meaning(&answer, self.provider.now()),
                Err(error) => unanswered(&error),
            }
        };
        (self.provider.name(), self.provider.give(send).await)
    }
}

#[derive(Debug, Default, Deserialize)]
struct Reply {
    #[serde(default)]
    sid: Option<String>,
    #[serde(default)]
    code: Option<u32>,
}

/// What an answer means. Errors that are not about the number or the person are about our account or settings.
fn meaning(answer: &Answer, now: Timestamp) -> Outcome {
    let Reply { sid, code } = serde_json::from_slice(&answer.body).unwrap_or_default();
    let status = answer.status.as_u16();
    let detail = code.map_or_else(|| status.to_string(), |code| format!("{status} {code}"));
    match (status, code) {
        (200..300, _) if sid.is_some() => Outcome::Taken { detail },
        (200..300, _) => Outcome::Unknown { detail },
        // Too many at once, or its queue for our number is full.
        (429, _) | (_, Some(20429 | 14107 | 21611)) => {
            Outcome::Passing { detail, retry_after_s: retry_after(&answer.headers, now) }
        }
        (500.., _) => troubled(status, detail, retry_after(&answer.headers, now)),
        (_, Some(code)) => of_code(code, detail),
        _ => Outcome::Ours { detail },
    }
}

/// Also of receipts.
pub(crate) fn of_code(code: u32, detail: String) -> Outcome {
    match code {
        // Not a number, not a mobile one, or one that no longer exists.
        21211 | 21614 | 30005 => Outcome::Address { detail },
        21610 => Outcome::Stopped { detail },
        // No route to it, unreachable, blocked there, a landline, filtered, or unknown.
        21612 | 30003 | 30004 | 30006..=30008 => Outcome::Refused { detail },
        _ => Outcome::Ours { detail },
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;

    #[test]
    fn an_answer_is_about_the_number_the_person_us_or_passing() {
        let now = Timestamp::EPOCH;
        for (status, body, expected) in [
            (201, r#"{"sid":"SM1","status":"queued"}"#, "taken"),
            (201, "", "unknown"),
            (400, r#"{"code":21211,"message":"invalid"}"#, "address"),
            (400, r#"{"code":21614}"#, "address"),
            (400, r#"{"code":21610}"#, "stopped"),
            (400, r#"{"code":21612}"#, "refused"),
            (400, r#"{"code":21611}"#, "passing"),
            (400, r#"{"code":21408}"#, "ours"),
            (400, r#"{"code":21606}"#, "ours"),
            (400, "not JSON", "ours"),
            (401, r#"{"code":20003}"#, "ours"),
            (404, r#"{"code":20404}"#, "ours"),
            (429, r#"{"code":20429}"#, "passing"),
            (500, "", "passing"),
            (503, "", "passing"),
            (502, "", "unknown"),
            (504, "", "unknown"),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let answer = Answer { status, headers: HeaderMap::new(), body: body.into() };
            assert_eq!(meaning(&answer, now).name(), expected, "{status} {body}");
        }
    }
}
