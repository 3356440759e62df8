//! Plaid: many banks behind one API. A person links a bank in Plaid's own page; the token that comes of it is sealed in
//! the store, and a cursor tells how far its transactions were read.
//!
//! The client's id and secret come from the environment or files: `PLAID_CLIENT_ID`, and `PLAID_SECRET` or
//! `PLAID_CLIENT_SECRET`.

mod link;
mod read;
mod round;
mod webhook;

use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};
use kernel::Secret;
use platform::outbound::Answer;
use serde_json::Value;

use crate::bank::{Caller, Trouble, key, secret_header};
use crate::dialect::Method;
use crate::service::Inner;

pub(crate) use webhook::Signers;

/// The name of connections through Plaid.
pub(crate) const BANK: &str = "plaid";

const ID: &str = "PLAID_CLIENT_ID";
const SECRETS: [&str; 2] = ["PLAID_SECRET", "PLAID_CLIENT_SECRET"];
/// Error codes for which a person has to link the bank again.
const CONSENT: [&str; 6] = [
    "ITEM_LOGIN_REQUIRED",
    "ITEM_NOT_FOUND",
    "INVALID_ACCESS_TOKEN",
    "ACCESS_NOT_GRANTED",
    "USER_PERMISSION_REVOKED",
    "ITEM_LOCKED",
];
const MUTATED: &str = "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION";

/// Plaid, for one connection or none yet.
pub(crate) struct Plaid<'a> {
    caller: Caller<'a>,
    id: Secret,
    secret: Secret,
}

/// Why Plaid has not done what it was asked.
#[derive(Debug)]
pub(super) enum PlaidTrouble {
    /// Transactions changed while they were read page by page.
    Mutated,
    /// Plaid's own error code.
    Refused(String),
    Other(Trouble),
}

impl From<Trouble> for PlaidTrouble {
    fn from(trouble: Trouble) -> PlaidTrouble {
        PlaidTrouble::Other(trouble)
    }
}

impl From<PlaidTrouble> for Trouble {
    fn from(trouble: PlaidTrouble) -> Trouble {
        match trouble {
            PlaidTrouble::Mutated => Trouble::Unfinished,
            PlaidTrouble::Refused(code) if CONSENT.contains(&code.as_str()) => Trouble::Consent,
            PlaidTrouble::Refused(code) if code == "INVALID_API_KEYS" => Trouble::KeyMissing,
            PlaidTrouble::Refused(code) if code.ends_with("RATE_LIMIT_EXCEEDED") || code.ends_with("_LIMIT") => {
                Trouble::RateLimited { retry_after: None }
            }
            PlaidTrouble::Refused(_) => Trouble::Status(400),
            PlaidTrouble::Other(trouble) => trouble,
        }
    }
}

impl<'a> Plaid<'a> {
    /// `connection` is the one whose calls are counted.
    pub(crate) fn open(inner: &'a Inner, connection: Option<i64>, base_url: &str) -> Result<Plaid<'a>, Trouble> {
        let (caller, simulated) = Caller::open(inner, connection, base_url)?;
        let dir = inner.settings.keys_dir.as_ref();
        let id = key(ID, dir).or_else(|| simulated.clone()).ok_or(Trouble::KeyMissing)?;
        let secret = SECRETS.iter().find_map(|name| key(name, dir)).or(simulated).ok_or(Trouble::KeyMissing)?;
        Ok(Plaid { caller, id, secret })
    }

    pub(super) async fn ask(&self, path: &str, body: &Value) -> Result<Value, PlaidTrouble> {
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        headers.insert("plaid-client-id", secret_header(self.id.expose())?);
        headers.insert("plaid-secret", secret_header(self.secret.expose())?);
        let answer = self.caller.send(Method::Post, path, body.to_string(), headers).await?;
        outcome(&answer)
    }
}

fn outcome(answer: &Answer) -> Result<Value, PlaidTrouble> {
    if answer.status.is_success() {
        return Ok(crate::bank::json(answer)?);
    }
    let code = crate::bank::json(answer).ok();
    match code.as_ref().and_then(|body| body.pointer("/error_code")?.as_str()) {
        Some(MUTATED) => Err(PlaidTrouble::Mutated),
        Some(code) => Err(PlaidTrouble::Refused(code.chars().take(64).collect())),
        None => {
            Err(crate::bank::checked(answer.clone()).err().unwrap_or(Trouble::Status(answer.status.as_u16())).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &'static str) -> Answer {
        let status = http::StatusCode::from_u16(status).unwrap();
        Answer { status, headers: HeaderMap::new(), body: body.into() }
    }

    #[test]
    fn each_error_of_plaid_has_its_meaning() {
        for (status, body, reason) in [
            (400, r#"{"error_code":"ITEM_LOGIN_REQUIRED"}"#, "consent_needed"),
            (400, r#"{"error_code":"INVALID_ACCESS_TOKEN"}"#, "consent_needed"),
            (400, r#"{"error_code":"INVALID_API_KEYS"}"#, "key_missing"),
            (429, r#"{"error_code":"TRANSACTIONS_SYNC_LIMIT"}"#, "rate_limited"),
            (429, r#"{"error_code":"RATE_LIMIT_EXCEEDED"}"#, "rate_limited"),
            (400, r#"{"error_code":"TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"}"#, "import_unfinished"),
            (400, r#"{"error_code":"PRODUCT_NOT_READY"}"#, "bank_refused"),
            (400, r#"{"error_code":"INSTITUTION_DOWN"}"#, "bank_refused"),
            (401, "", "consent_needed"),
            (500, "oops", "bank_refused"),
            (200, "oops", "answer_unreadable"),
        ] {
            let trouble: Trouble = outcome(&answer(status, body)).unwrap_err().into();
            assert_eq!(trouble.reason(), reason, "{status} {body}");
        }
    }
}
