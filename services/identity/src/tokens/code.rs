//! A code becomes tokens, once. A second use means that it was stolen, and everything issued from it ends.

use identity_api::{ClientAuth, IdentityError, Origin, TokenReply};
use kernel::{Secret, Timestamp};
use platform::crypto::{digest, same};
use platform::db::{DbError, Row, Tx, Value};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::issue::Issue;
use super::{family, invalid_grant};
use crate::IdentityService;

const CODE_ADD: &str = "
insert into authorization_code (digest, family, redirect_uri, challenge, nonce, expires_at)
values ($1, $2, $3, $4, $5, $6)";

const CODE_FIND: &str = "
select family, redirect_uri, challenge, nonce, expires_at, used_at
from authorization_code
where digest = $1";

const CODE_USE: &str = "
update authorization_code
set used_at = $2
where digest = $1
    and used_at is null";

#[cfg(test)]
pub(super) const SQL: &[&str] = &[CODE_ADD, CODE_FIND, CODE_USE];

/// RFC 7636: 43 to 128 characters.
const VERIFIER_LETTERS: std::ops::RangeInclusive<usize> = 43..=128;

pub(super) struct NewCode<'a> {
    pub(super) digest: [u8; 32],
    pub(super) family: [u8; 16],
    pub(super) redirect_uri: &'a str,
    pub(super) challenge: &'a str,
    pub(super) nonce: Option<&'a str>,
    pub(super) expires_at: Timestamp,
}

struct Code {
    family: [u8; 16],
    redirect_uri: String,
    challenge: String,
    nonce: Option<String>,
    expires_at: Timestamp,
    used: bool,
}

impl IdentityService {
    pub(super) async fn redeem_code(
        &self,
        auth: &ClientAuth,
        code: &Secret,
        redirect_uri: Option<&str>,
        verifier: Option<&Secret>,
        origin: &Origin,
    ) -> Result<TokenReply, IdentityError> {
        let client = self.authenticated_now(auth).await?;
        let digest = digest(code.expose());
        let tx = self.begin().await?;
        let found = find(&tx, &digest).await?.ok_or_else(invalid_grant)?;
        let family = family::hold(&tx, &found.family).await?;
        // As it is after any concurrent use.
        let code = find(&tx, &digest).await?.ok_or_else(invalid_grant)?;
        if family.client != client.id || family.ended {
            return Err(invalid_grant());
        }
        if code.used {
            return Err(self.stolen(tx, &family, "identity.code.replayed").await?);
        }
        let in_time = code.expires_at > self.clock.now();
        let same_address = redirect_uri == Some(code.redirect_uri.as_str());
        if !in_time || !same_address || !fits(verifier, &code.challenge) {
            return Err(invalid_grant());
        }
        let person = family.stands(&tx, &client).await?.ok_or_else(invalid_grant)?;
        let values = [Value::Bytes(&digest), Value::Int(self.clock.now().micros())];
        tx.execute(CODE_USE, &values).await?;
        let scopes = family.scopes.clone();
        let (nonce, parent) = (code.nonce, None);
        self.issue(tx, Issue { client, family, person, scopes, nonce, parent, grant: "authorization_code" }, origin)
            .await
    }
}

/// S256 is the only method with which a challenge was accepted.
fn fits(verifier: Option<&Secret>, challenge: &str) -> bool {
    let Some(verifier) = verifier.map(Secret::expose) else { return false };
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if !VERIFIER_LETTERS.contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
        return false;
    }
    same(URL_SAFE_NO_PAD.encode(digest(verifier)).as_bytes(), challenge.as_bytes())
}

pub(super) async fn add(tx: &Tx, code: &NewCode<'_>) -> Result<(), DbError> {
    let values = [
        Value::Bytes(&code.digest),
        Value::Bytes(&code.family),
        Value::Text(code.redirect_uri),
        Value::Text(code.challenge),
        code.nonce.map_or(Value::Null, Value::Text),
        Value::Int(code.expires_at.micros()),
    ];
    tx.execute(CODE_ADD, &values).await.map(drop)
}

async fn find(tx: &Tx, digest: &[u8; 32]) -> Result<Option<Code>, DbError> {
    let rows = tx.query(CODE_FIND, &[Value::Bytes(digest)]).await?;
    rows.first().map(code).transpose()
}

fn code(row: &Row) -> Result<Code, DbError> {
    Ok(Code {
        family: row.array(0)?,
        redirect_uri: row.text(1)?.to_owned(),
        challenge: row.text(2)?.to_owned(),
        nonce: row.text_or_null(3)?.map(str::to_owned),
        expires_at: Timestamp::from_micros(row.int(4)?),
        used: row.int_or_null(5)?.is_some(),
    })
}
