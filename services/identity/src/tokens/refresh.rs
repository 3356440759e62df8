//! A refresh token becomes an access token and the next refresh token.
//!
//! Each works once. A second use within a few seconds, before the successor was used, counts as a lost reply and gets
//! another successor; the first sibling to be used retires the others. Any other second use is theft, and so is the use
//! of a retired one: the family ends. So of anything that was copied at most one line continues.

use identity_api::{ClientAuth, IdentityError, Origin, TokenReply};
use kernel::{Secret, Timestamp};
use platform::crypto::{digest, random_token};
use platform::db::{DbError, Row, Tx, Value};

use super::issue::Issue;
use super::{family, invalid_grant, scopes};
use crate::IdentityService;

const REFRESH_ADD: &str = "
insert into refresh_token (digest, family, parent, issued_at)
values ($1, $2, $3, $4)";

const REFRESH_FIND: &str = "
select family, parent, used_at
from refresh_token
where digest = $1";

const REFRESH_USE: &str = "
update refresh_token
set used_at = $2
where digest = $1
    and used_at is null";

const SIBLINGS_RETIRE: &str = "
update refresh_token
set used_at = $2
where parent = $1
    and used_at is null";

const SUCCESSORS: &str = "
select used_at
from refresh_token
where parent = $1";

#[cfg(test)]
pub(super) const SQL: &[&str] = &[REFRESH_ADD, REFRESH_FIND, REFRESH_USE, SIBLINGS_RETIRE, SUCCESSORS];

const TOKEN_BYTES: usize = 32;
/// How long a reply may be missing.
const GRACE_SECONDS: i64 = 10;

pub(super) struct Refresh {
    pub(super) family: [u8; 16],
    parent: Option<[u8; 32]>,
    pub(super) used_at: Option<Timestamp>,
}

impl IdentityService {
    pub(super) async fn refresh(
        &self,
        auth: &ClientAuth,
        token: &Secret,
        scope: Option<&str>,
        origin: &Origin,
    ) -> Result<TokenReply, IdentityError> {
        let client = self.authenticated_now(auth).await?;
        let digest = digest(token.expose());
        let now = self.clock.now();
        let tx = self.begin().await?;
        let found = find(&tx, &digest).await?.ok_or_else(invalid_grant)?;
        let family = family::hold(&tx, &found.family).await?;
        // As it is after any concurrent use.
        let token = find(&tx, &digest).await?.ok_or_else(invalid_grant)?;
        if family.client != client.id || family.ended {
            return Err(invalid_grant());
        }
        if is_theft(&tx, &token, &digest, now).await? {
            return Err(self.stolen(tx, &family, "identity.refresh_token.reused").await?);
        }
        let in_time = family.refresh_ends_at(self.config.refresh_seconds) > now;
        let person = family.stands(&tx, &client).await?;
        let person = person.filter(|_| in_time).ok_or_else(invalid_grant)?;
        let scopes = scopes::narrowed(&family.scopes, scope)?;
        retire(&tx, &token, &digest, now).await?;
        let (nonce, parent) = (None, Some(digest));
        self.issue(tx, Issue { client, family, person, scopes, nonce, parent, grant: "refresh_token" }, origin).await
    }
}

/// Invariant: unused tokens have one parent, so that at most one line continues.
async fn is_theft(tx: &Tx, token: &Refresh, digest: &[u8; 32], now: Timestamp) -> Result<bool, DbError> {
    let Some(used_at) = token.used_at else { return Ok(false) };
    if now > used_at.plus_seconds(GRACE_SECONDS) {
        return Ok(true);
    }
    let successors = tx.query(SUCCESSORS, &[Value::Bytes(digest)]).await?;
    for successor in &successors {
        // A client that has used the successor did get the reply.
        if successor.int_or_null(0)?.is_some() {
            return Ok(true);
        }
    }
    // Without a successor it was never used: a sibling of it was, and the line continues there.
    Ok(successors.is_empty())
}

/// It counts as used from now on, and so do its siblings.
async fn retire(tx: &Tx, token: &Refresh, digest: &[u8; 32], now: Timestamp) -> Result<(), DbError> {
    let at = Value::Int(now.micros());
    tx.execute(REFRESH_USE, &[Value::Bytes(digest), at]).await?;
    if let Some(parent) = &token.parent {
        tx.execute(SIBLINGS_RETIRE, &[Value::Bytes(parent), at]).await?;
    }
    Ok(())
}

pub(super) async fn add(
    tx: &Tx,
    family: &[u8; 16],
    parent: Option<&[u8; 32]>,
    now: Timestamp,
) -> Result<Secret, DbError> {
    let token = random_token(TOKEN_BYTES);
    let digest = digest(token.expose());
    let parent = parent.map_or(Value::Null, |parent| Value::Bytes(parent));
    let values = [Value::Bytes(&digest), Value::Bytes(family), parent, Value::Int(now.micros())];
    tx.execute(REFRESH_ADD, &values).await?;
    Ok(token)
}

pub(super) async fn find(tx: &Tx, digest: &[u8; 32]) -> Result<Option<Refresh>, DbError> {
    let rows = tx.query(REFRESH_FIND, &[Value::Bytes(digest)]).await?;
    rows.first().map(refresh).transpose()
}

fn refresh(row: &Row) -> Result<Refresh, DbError> {
    Ok(Refresh {
        family: row.array(0)?,
        parent: row.array(1).ok(),
        used_at: row.int_or_null(2)?.map(Timestamp::from_micros),
    })
}
