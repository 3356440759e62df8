//! Consent: what a client may do for a user. It is stored, and asked for again only if a client wants more.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity_api::{Authorize, AuthorizeReply, Consent, IdentityError, OAuthError};
use kernel::{Secret, Timestamp};
use platform::crypto::same;
use platform::db::{DbError, Tx, Value};
use serde_json::json;
use url::Url;

use super::asked::Asked;
use super::authorize::Ready;
use super::person::Person;
use super::refused;
use crate::IdentityService;
use crate::change::Told;
use crate::clients::ClientRow;
use crate::store::{list_of, list_text};

const CONSENT_FIND: &str = "
select scopes
from consent
where person = $1
    and client = $2";

/// Locks the row: withdrawing the consent has to wait, and finds everything issued under it.
const CONSENT_HOLD: &str = "
update consent
set at = at
where person = $1
    and client = $2
returning scopes";

const CONSENT_KEEP: &str = "
insert into consent (person, client, scopes, at)
values ($1, $2, $3, $4)
on conflict (person, client) do update set scopes = excluded.scopes, at = excluded.at";

#[cfg(test)]
pub(super) const SQL: &[&str] = &[CONSENT_FIND, CONSENT_HOLD, CONSENT_KEEP];

impl IdentityService {
    pub(super) async fn take_consent(&self, command: &Consent) -> Result<AuthorizeReply, IdentityError> {
        let ready = match self.ready(&command.asked).await? {
            Ok(ready) => ready,
            Err(reply) => return Ok(reply),
        };
        // An answer counts only if it comes from our page, for this very request.
        if !same(form_key(&command.asked).expose().as_bytes(), command.form_key.expose().as_bytes()) {
            return Err(refused(OAuthError::InvalidRequest, "the answer does not belong to the question; ask again"));
        }
        if !command.agreed {
            return Ok(ready.asked.back.error(OAuthError::AccessDenied, "the user did not consent"));
        }
        let tx = self.begin().await?;
        let is_new = keep(&tx, &ready.session.person, &ready.asked, self.clock.now()).await?;
        let told = if is_new {
            let data = json!({"client": ready.asked.client.id, "scopes": ready.asked.scopes});
            Told::nothing().event("identity.consent.given", ready.session.person.subject.clone(), data)
        } else {
            Told::nothing()
        };
        self.grant_code(tx, &ready, told).await
    }
}

pub(super) fn question(command: &Authorize, ready: &Ready) -> AuthorizeReply {
    let host = Url::parse(&ready.asked.back.redirect_uri).ok().and_then(|uri| uri.host_str().map(str::to_owned));
    AuthorizeReply::Ask {
        client_name: ready.asked.client.name.clone(),
        redirect_host: host.unwrap_or_default(),
        scopes: ready.asked.scopes.clone(),
        username: ready.session.person.username.clone(),
        form_key: form_key(command),
    }
}

/// Bound to the request and to the browser's session: nobody else knows its cookie, and the store only has a digest.
fn form_key(asked: &Authorize) -> Secret {
    let cookie = asked.session.as_ref().map(Secret::expose).unwrap_or_default();
    let question = json!([
        "consent",
        asked.client_id,
        asked.redirect_uri,
        asked.scope,
        asked.state,
        asked.nonce,
        asked.code_challenge,
    ]);
    let key = hmac::Key::new(hmac::HMAC_SHA256, cookie.as_bytes());
    Secret::new(URL_SAFE_NO_PAD.encode(hmac::sign(&key, question.to_string().as_bytes())))
}

/// Whether the user has consented to all of it, or need not be asked.
pub(super) async fn is_given(tx: &Tx, person: &Person, client: &ClientRow, asked: &[String]) -> Result<bool, DbError> {
    if client.first_party {
        return Ok(true);
    }
    Ok(covers(&scopes_of(tx, CONSENT_FIND, person, client).await?, asked))
}

/// The same before issuing something: consent cannot be withdrawn until this transaction ends.
pub(super) async fn holds(tx: &Tx, ready: &Ready) -> Result<bool, DbError> {
    if ready.asked.client.first_party {
        return Ok(true);
    }
    let given = scopes_of(tx, CONSENT_HOLD, &ready.session.person, &ready.asked.client).await?;
    Ok(covers(&given, &ready.asked.scopes))
}

fn covers(given: &[String], asked: &[String]) -> bool {
    asked.iter().all(|scope| given.contains(scope))
}

/// Adds to the user's earlier consent; returns whether there was something to add. The same answer may be sent twice.
async fn keep(tx: &Tx, person: &Person, asked: &Asked, now: Timestamp) -> Result<bool, DbError> {
    let mut scopes = scopes_of(tx, CONSENT_HOLD, person, &asked.client).await?;
    let more: Vec<String> = asked.scopes.iter().filter(|scope| !scopes.contains(scope)).cloned().collect();
    let is_new = !more.is_empty();
    scopes.extend(more);
    let scopes = list_text(&scopes);
    let values =
        [Value::Bytes(&person.id), Value::Text(&asked.client.id), Value::Text(&scopes), Value::Int(now.micros())];
    tx.execute(CONSENT_KEEP, &values).await?;
    Ok(is_new)
}

async fn scopes_of(tx: &Tx, sql: &'static str, person: &Person, client: &ClientRow) -> Result<Vec<String>, DbError> {
    let rows = tx.query(sql, &[Value::Bytes(&person.id), Value::Text(&client.id)]).await?;
    rows.first().map(|row| list_of(row, 0)).transpose().map(Option::unwrap_or_default)
}
