//! Calling a bank by its dialect: keys, tokens, the rate limit, and what each failure means.

mod caller;

use std::path::PathBuf;
use std::time::Duration;

use http::StatusCode;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use kernel::Secret;
use platform::db::DbError;
use platform::outbound::{Answer, OutboundError};
use serde_json::Value;

use crate::dialect::{Ask, Authentication, Dialect, Method, filled};
use crate::service::Inner;
use crate::store::connection::Linked;

pub(crate) use caller::Caller;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// Why a round ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("the bank does not accept the key")]
    Consent,
    #[error("no key is configured")]
    KeyMissing,
    #[error("the bank limits the rate")]
    RateLimited { retry_after: Option<Duration> },
    #[error("the bank answers with status {0}")]
    Status(u16),
    #[error("the bank cannot be reached: {0}")]
    Away(OutboundError),
    /// Without values of the answer.
    #[error("the answer cannot be read: {0}")]
    Unreadable(String),
    #[error("the import of a statement has not ended")]
    Unfinished,
    #[error(transparent)]
    Store(#[from] DbError),
    #[error("another process has taken the connection over")]
    Lost,
}

impl Trouble {
    /// For `reason`, events and metrics.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Trouble::Consent => "consent_needed",
            Trouble::KeyMissing => "key_missing",
            Trouble::RateLimited { .. } => "rate_limited",
            Trouble::Status(_) => "bank_refused",
            Trouble::Away(OutboundError::AddressForbidden) => "address_forbidden",
            Trouble::Away(_) => "bank_unavailable",
            Trouble::Unreadable(_) => "answer_unreadable",
            Trouble::Unfinished => "import_unfinished",
            Trouble::Store(_) => "store",
            Trouble::Lost => "taken_over",
        }
    }
}

/// One bank for one round.
pub(crate) struct Bank<'a> {
    caller: Caller<'a>,
    pub(crate) dialect: &'a Dialect,
    key: Secret,
    token: Option<Secret>,
}

/// A key from the environment, or from a file of that name in either spelling.
pub(crate) fn key(name: &str, dir: Option<&PathBuf>) -> Option<Secret> {
    let from_file = |file: String| std::fs::read_to_string(dir?.join(file)).ok();
    let found = std::env::var(name).ok();
    let found =
        found.or_else(|| from_file(name.to_owned())).or_else(|| from_file(name.to_lowercase().replace('_', "-")));
    found.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).map(Secret::new)
}

impl<'a> Bank<'a> {
    pub(crate) fn open(inner: &'a Inner, linked: &Linked, dialect: &'a Dialect) -> Result<Bank<'a>, Trouble> {
        let (caller, simulated) = Caller::open(inner, Some(linked.seq), &linked.base_url)?;
        let key = key(&dialect.key, inner.settings.keys_dir.as_ref()).or(simulated).ok_or(Trouble::KeyMissing)?;
        Ok(Bank { caller, dialect, key, token: None })
    }

    /// Gets a token, if the bank works with one.
    pub(crate) async fn sign_in(&mut self) -> Result<(), Trouble> {
        let Authentication::ClientCredentials { path, scope, basic } = &self.dialect.authentication else {
            return Ok(());
        };
        let (id, secret) = self.key.expose().split_once(':').unwrap_or((self.key.expose(), ""));
        let mut form = vec![("grant_type", "client_credentials"), ("scope", scope.as_str())];
        form.retain(|(_, value)| !value.is_empty());
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(FORM))]);
        if *basic {
            headers.insert(AUTHORIZATION, basic_header(&self.key)?);
        } else {
            form.extend([("client_id", id), ("client_secret", secret)]);
        }
        let body = serde_urlencoded::to_string(&form).map_err(|error| Trouble::Unreadable(error.to_string()))?;
        let answer = self.caller.send(Method::Post, path, body, headers).await?;
        let answer = json(&checked(answer)?)?;
        let token = answer.pointer("/access_token").and_then(Value::as_str);
        self.token =
            Some(Secret::new(token.ok_or_else(|| Trouble::Unreadable("/access_token is missing".to_owned()))?));
        Ok(())
    }

    pub(crate) async fn ask(&mut self, ask: &Ask, values: &[(&str, &str)]) -> Result<Value, Trouble> {
        json(&self.fetch(ask, values).await?)
    }

    /// A page by its whole path.
    pub(crate) async fn follow(&mut self, path: &str) -> Result<Value, Trouble> {
        let answer = self.caller.send(Method::Get, path, String::new(), self.headers()?).await?;
        json(&checked(answer)?)
    }

    pub(crate) async fn fetch(&mut self, ask: &Ask, values: &[(&str, &str)]) -> Result<Answer, Trouble> {
        let path = filled(&ask.path, values, percent);
        let body = filled(&ask.body, values, escaped);
        let answer = self.caller.send(ask.method, &path, body.clone(), self.headers()?).await?;
        if answer.status != StatusCode::UNAUTHORIZED || self.token.is_none() {
            return checked(answer);
        }
        // The token may have ended.
        self.sign_in().await?;
        checked(self.caller.send(ask.method, &path, body, self.headers()?).await?)
    }

    fn headers(&self) -> Result<HeaderMap, Trouble> {
        let mut headers =
            HeaderMap::from_iter([ACCEPT, CONTENT_TYPE].map(|name| (name, HeaderValue::from_static(JSON))));
        let (name, value) = match (&self.dialect.authentication, &self.token) {
            (Authentication::Header { name }, _) => {
                let name: HeaderName = name.parse().map_err(|_| Trouble::Consent)?;
                (name, secret_header(self.key.expose())?)
            }
            (Authentication::Basic, _) => (AUTHORIZATION, basic_header(&self.key)?),
            (Authentication::Bearer, _) => (AUTHORIZATION, bearer(&self.key)?),
            (Authentication::ClientCredentials { .. }, Some(token)) => (AUTHORIZATION, bearer(token)?),
            (Authentication::ClientCredentials { .. }, None) | (Authentication::Certificate, _) => return Ok(headers),
        };
        headers.insert(name, value);
        Ok(headers)
    }
}

pub(crate) fn checked(answer: Answer) -> Result<Answer, Trouble> {
    match answer.status {
        status if status.is_success() => Ok(answer),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Trouble::Consent),
        StatusCode::TOO_MANY_REQUESTS => {
            let seconds = answer.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
            Err(Trouble::RateLimited { retry_after: seconds.map(Duration::from_secs) })
        }
        status => Err(Trouble::Status(status.as_u16())),
    }
}

pub(crate) fn json(answer: &Answer) -> Result<Value, Trouble> {
    serde_json::from_slice(&answer.body)
        .map_err(|error| Trouble::Unreadable(format!("not JSON at line {}", error.line())))
}

fn bearer(token: &Secret) -> Result<HeaderValue, Trouble> {
    secret_header(&format!("Bearer {}", token.expose()))
}

fn basic_header(key: &Secret) -> Result<HeaderValue, Trouble> {
    use base64::Engine;
    secret_header(&format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(key.expose())))
}

pub(crate) fn secret_header(text: &str) -> Result<HeaderValue, Trouble> {
    let mut value = HeaderValue::from_str(text).map_err(|_| Trouble::Consent)?;
    value.set_sensitive(true);
    Ok(value)
}

fn percent(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

fn escaped(value: &str) -> String {
    let quoted = Value::from(value).to_string();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}
