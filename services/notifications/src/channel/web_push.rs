//! Web push (RFC 8030): sealed for the browser, with a statement of who we are (VAPID, RFC 8292).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use kernel::Timestamp;
use notifications_api::WebSubscription;
use platform::outbound::{Answer, Call};
use serde_json::json;
use url::Url;

use super::provider::{Line, Provider, retry_after, troubled, unanswered};
use super::sealed::sealed;
use super::{Outcome, Parcel, jws};

const NAME: &str = "web_push";
/// A push service keeps nothing for longer.
const TTL_S_MAX: i64 = 28 * 86_400;
/// Of a statement; a day is the most that is accepted.
const STATEMENT_S: i64 = 43_200;
/// A statement is used until this long before its end.
const SLACK_S: i64 = 3_600;
/// Push services whose statements are remembered.
const ORIGINS_MAX: usize = 1_000;

pub(crate) struct WebPush {
    provider: Provider,
    vapid: Vapid,
}

/// Our key, and whom a push service writes to about us.
pub(crate) struct Vapid {
    key: EcdsaKeyPair,
    contact: String,
    /// By the origin that they are for.
    statements: Mutex<HashMap<String, (HeaderValue, Timestamp)>>,
}

impl Vapid {
    /// # Errors
    /// A sentence about the key.
    pub(crate) fn new(pem: &[u8], contact: String) -> Result<Vapid, String> {
        let wrong = || "notifications.vapid_key_file: expected a private key of P-256 in PEM (PKCS #8)".to_owned();
        let der = jws::private(pem).ok_or_else(wrong)?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.secret_pkcs8_der());
        Ok(Vapid { key: key.map_err(|_| wrong())?, contact, statements: Mutex::default() })
    }

    /// What browsers need to subscribe.
    pub(crate) fn public_key(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.key.public_key())
    }

    fn statement(&self, url: &Url, now: Timestamp) -> Option<HeaderValue> {
        let origin = url.origin().ascii_serialization();
        let mut known = self.statements.lock().unwrap_or_else(PoisonError::into_inner);
        // After a clock went back, one that lasts too long is not believed.
        let is_good = |until: Timestamp| until > now.plus_seconds(SLACK_S) && until <= now.plus_seconds(STATEMENT_S);
        if let Some((header, _)) = known.get(&origin).filter(|(_, until)| is_good(*until)) {
            return Some(header.clone());
        }
        let until = now.plus_seconds(STATEMENT_S);
        let claims = json!({ "aud": origin, "exp": until.micros().div_euclid(1_000_000), "sub": self.contact });
        let header = format!("vapid t={}, k={}", jws::es256(&self.key, &claims)?, self.public_key());
        let mut header: HeaderValue = header.parse().ok()?;
        header.set_sensitive(true);
        if known.len() >= ORIGINS_MAX {
            known.clear();
        }
        known.insert(origin, (header.clone(), until));
        Some(header)
    }
}

impl WebPush {
    pub(crate) fn new(vapid: Vapid, line: &Line) -> WebPush {
        // Each push service has a circuit of its own, by its host.
        WebPush { provider: Provider::new(NAME, line, None), vapid }
    }

    pub(super) async fn send(&self, parcel: &Parcel, to: &WebSubscription) -> (String, Outcome) {
        let send = async {
            let Some(call) = self.call(parcel, to) else {
                return Outcome::Ours { detail: "the message cannot be sealed".to_owned() };
            };
            match self.provider.ask(call).await {
                Ok(answer) => meaning(&answer, self.provider.now()),
                Err(error) => unanswered(&error),
            }
        };
        (self.provider.name(), self.provider.give(send).await)
    }

    fn call(&self, parcel: &Parcel, to: &WebSubscription) -> Option<Call> {
        let now = self.provider.now();
        let url: Url = to.endpoint.parse().ok()?;
        let rendered = &parcel.rendered;
        let shown = json!({ "title": rendered.subject, "body": rendered.short, "id": parcel.delivery });
        let body = sealed(shown.to_string().as_bytes(), &to.keys).ok()?;
        let ttl_s = parcel.expires_at.micros_since(now).div_euclid(1_000_000).clamp(0, TTL_S_MAX);
        // A repeat replaces what is still waiting at the push service.
        let topic = URL_SAFE_NO_PAD.encode(parcel.delivery.to_bytes());
        let statement = self.vapid.statement(&url, now)?;
        let mut call = Call::post(url, body, self.provider.deadline());
        for (name, value) in [
            ("ttl", ttl_s.to_string()),
            ("urgency", if parcel.urgent { "high" } else { "normal" }.to_owned()),
            ("topic", topic),
        ] {
            call.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?);
        }
        call.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        call.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("aes128gcm"));
        call.headers.insert(AUTHORIZATION, statement);
        Some(call)
    }
}

fn meaning(answer: &Answer, now: Timestamp) -> Outcome {
    let status = answer.status.as_u16();
    let detail = status.to_string();
    match status {
        200..=202 => Outcome::Taken { detail },
        // The subscription is over.
        404 | 410 => Outcome::Address { detail },
        // Too large, a statement that is not believed, or a malformed request.
        300..=428 | 430..=499 => Outcome::Ours { detail },
        _ => troubled(status, detail, retry_after(&answer.headers, now)),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;

    #[test]
    fn an_answer_is_about_the_subscription_us_or_passing() {
        for (status, expected) in [
            (201, "taken"),
            (202, "taken"),
            (404, "address"),
            (410, "address"),
            (400, "ours"),
            (401, "ours"),
            (403, "ours"),
            (413, "ours"),
            (429, "passing"),
            (500, "passing"),
            (503, "passing"),
            (502, "unknown"),
            (302, "ours"),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let answer = Answer { status, headers: HeaderMap::new(), body: "".into() };
            assert_eq!(meaning(&answer, Timestamp::EPOCH).name(), expected, "{status}");
        }
    }
}
