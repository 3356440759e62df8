//! Firebase Cloud Messaging, HTTP v1: for apps on Android and, through it, on Apple's devices. A token for its calls is
//! asked for by a signed statement of the service account.

use std::sync::Arc;

use aws_lc_rs::signature::RsaKeyPair;
use http::HeaderValue;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use kernel::{Secret, Timestamp};
use platform::outbound::{Answer, Call};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use url::{Url, form_urlencoded};

use super::provider::{Line, Provider, retry_after, unanswered};
use super::{Circuit, Outcome, Parcel, jws};

const NAME: &str = "fcm";
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const MESSAGE_BYTES_MAX: usize = 4_096;
const TTL_S_MAX: i64 = 28 * 86_400;
const STATEMENT_S: i64 = 3_600;
/// A token is used until this long before its end.
const SLACK_S: i64 = 60;
/// FCM asks for a minute where it names no time.
const LATER_S: u32 = 60;

/// The file of a service account, as Google gives it.
#[derive(Deserialize)]
struct Account {
    project_id: String,
    private_key_id: String,
    private_key: Secret,
    client_email: String,
    token_uri: String,
}

pub(crate) struct Fcm {
    provider: Provider,
    key: Arc<RsaKeyPair>,
    kid: String,
    email: String,
    token_url: Url,
    url: Url,
    token: Mutex<Option<(HeaderValue, Timestamp)>>,
}

impl Fcm {
    /// # Errors
    /// A sentence about a setting.
    pub(crate) fn new(base_url: &str, file: &[u8], line: &Line, circuit: &Arc<Circuit>) -> Result<Fcm, String> {
        let wrong = |what: &str| format!("notifications.fcm_credentials_file: expected {what}");
        let account: Account = serde_json::from_slice(file).map_err(|_| wrong("the JSON of a service account"))?;
        let key = jws::private(account.private_key.expose().as_bytes());
        let key = key.and_then(|key| RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).ok());
        let url = format!("{}/v1/projects/{}/messages:send", base_url.trim_end_matches('/'), account.project_id);
        Ok(Fcm {
            provider: Provider::new(NAME, line, Some(Arc::clone(circuit))),
            key: Arc::new(key.ok_or_else(|| wrong("an RSA key in private_key"))?),
            kid: account.private_key_id,
            email: account.client_email,
            token_url: account.token_uri.parse().map_err(|_| wrong("a URL in token_uri"))?,
            url: url.parse().map_err(|_| "notifications.fcm_base_url: expected a URL".to_owned())?,
            token: Mutex::default(),
        })
    }

    pub(crate) fn circuit(failures_max: u32, line: &Line) -> Arc<Circuit> {
        Arc::new(Circuit::new(NAME, failures_max, Arc::clone(&line.clock)))
    }

    pub(super) async fn send(&self, parcel: &Parcel, to: &Secret) -> (String, Outcome) {
        let send = async {
            let body = message(parcel, to, self.provider.now()).to_string();
            if body.len() > MESSAGE_BYTES_MAX {
                return Outcome::Ours { detail: "the message is too large".to_owned() };
            }
            match self.post(body).await {
                Ok(outcome) | Err(outcome) => outcome,
            }
        };
        (self.provider.name(), self.provider.give(send).await)
    }

    async fn post(&self, body: String) -> Result<Outcome, Outcome> {
        let mut call = Call::post(self.url.clone(), body, self.provider.deadline());
        call.headers.insert(AUTHORIZATION, self.token().await?);
        call.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let answer = self.provider.ask(call).await.map_err(|error| unanswered(&error))?;
        if answer.status.as_u16() == 401 {
            // It was revoked; the next attempt asks for a new one.
            *self.token.lock().await = None;
        }
        Ok(meaning(&answer, self.provider.now()))
    }

    /// One at a time asks for a token, and the others wait for it. An error is what it means for the message.
    async fn token(&self) -> Result<HeaderValue, Outcome> {
        let mut known = self.token.lock().await;
        let now = self.provider.now();
        if let Some((header, _)) = known.as_ref().filter(|(_, until)| *until > now) {
            return Ok(header.clone());
        }
        let (header, life_s) = self.ask_for_token(now).await?;
        *known = Some((header.clone(), now.plus_seconds((life_s - SLACK_S).max(0))));
        Ok(header)
    }

    async fn ask_for_token(&self, now: Timestamp) -> Result<(HeaderValue, i64), Outcome> {
        let ours = |detail: &str| Outcome::Ours { detail: detail.to_owned() };
        let at = now.micros().div_euclid(1_000_000);
        let claims = json!({
            "iss": self.email, "scope": SCOPE, "aud": self.token_url.as_str(), "iat": at, "exp": at + STATEMENT_S,
        });
        let assertion = jws::rs256(&self.key, &self.kid, &claims).ok_or_else(|| ours("the key does not sign"))?;
        let pairs = [("grant_type", GRANT), ("assertion", &assertion)];
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let mut call = Call::post(self.token_url.clone(), form, self.provider.deadline());
        call.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        // No message was sent, whatever happens here.
        let answer = self.provider.ask(call).await;
        let answer = answer.map_err(|error| Outcome::passing(format!("no token: {}", error.code())))?;
        match answer.status.as_u16() {
            200 => {}
            429 | 500.. => {
                let (detail, retry_after_s) = ("no token".to_owned(), retry_after(&answer.headers, now));
                return Err(Outcome::Passing { detail, retry_after_s });
            }
            _ => return Err(ours("the service account is refused")),
        }
        let token: Token = serde_json::from_slice(&answer.body).map_err(|_| ours("a token without its form"))?;
        let header = format!("Bearer {}", token.access_token.expose()).parse();
        let mut header: HeaderValue = header.map_err(|_| ours("a token without its form"))?;
        header.set_sensitive(true);
        Ok((header, token.expires_in))
    }
}

#[derive(Deserialize)]
struct Token {
    access_token: Secret,
    expires_in: i64,
}

fn message(parcel: &Parcel, to: &Secret, now: Timestamp) -> Value {
    let at = parcel.expires_at.micros().div_euclid(1_000_000);
    let ttl_s = parcel.expires_at.micros_since(now).div_euclid(1_000_000).clamp(0, TTL_S_MAX);
    let (android, apple) = if parcel.urgent { ("HIGH", "10") } else { ("NORMAL", "5") };
    let id = parcel.delivery.to_string();
    json!({ "message": {
        "token": to.expose(),
        "notification": { "title": parcel.rendered.subject, "body": parcel.rendered.short },
        "data": { "id": id },
        // A repeat replaces what is still waiting for the device.
        "android": { "priority": android, "ttl": format!("{ttl_s}s"), "collapse_key": id },
        "apns": { "headers": {
            "apns-priority": apple, "apns-expiration": at.to_string(), "apns-collapse-id": id,
        } },
    } })
}

/// FCM's own code, in one of the details.
fn code(answer: &Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let details = body.pointer("/error/details").and_then(Value::as_array);
    let of_fcm = details.into_iter().flatten().find_map(|detail| detail.get("errorCode"));
    let code = of_fcm.or_else(|| body.pointer("/error/status")).and_then(Value::as_str).unwrap_or_default();
    code.chars().filter(|letter| letter.is_ascii_uppercase() || *letter == '_').take(40).collect()
}

fn meaning(answer: &Answer, now: Timestamp) -> Outcome {
    let (status, code) = (answer.status.as_u16(), code(answer));
    let detail = format!("{status} {code}").trim_end().to_owned();
    match (status, code.as_str()) {
        (200, _) => Outcome::Taken { detail },
        // The app was removed, or belongs to another project.
        (404, "UNREGISTERED") | (403, "SENDER_ID_MISMATCH") => Outcome::Address { detail },
        // A token of ours that was revoked; the next one is new.
        (401, "UNAUTHENTICATED") => Outcome::passing(detail),
        (400..=428 | 430..=499, _) => Outcome::Ours { detail },
        // 429 and every trouble of its own: a repeat replaces what it may have kept.
        _ => Outcome::Passing { detail, retry_after_s: retry_after(&answer.headers, now).or(Some(LATER_S)) },
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;

    #[test]
    fn an_answer_is_about_the_app_us_or_passing() {
        let of = |code: &str| json!({ "error": { "status": "X", "details": [{ "errorCode": code }] } }).to_string();
        for (status, body, expected) in [
            (200, r#"{"name":"projects/p/messages/1"}"#.to_owned(), "taken"),
            (404, of("UNREGISTERED"), "address"),
            (403, of("SENDER_ID_MISMATCH"), "address"),
            (404, String::new(), "ours"),
            (403, r#"{"error":{"status":"PERMISSION_DENIED"}}"#.to_owned(), "ours"),
            (400, of("INVALID_ARGUMENT"), "ours"),
            (401, of("THIRD_PARTY_AUTH_ERROR"), "ours"),
            (401, r#"{"error":{"status":"UNAUTHENTICATED"}}"#.to_owned(), "passing"),
            (429, of("QUOTA_EXCEEDED"), "passing"),
            (500, of("INTERNAL"), "passing"),
            (503, of("UNAVAILABLE"), "passing"),
            (502, String::new(), "passing"),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let answer = Answer { status, headers: HeaderMap::new(), body: body.clone().into() };
            assert_eq!(meaning(&answer, Timestamp::EPOCH).name(), expected, "{status} {body}");
        }
    }
}
