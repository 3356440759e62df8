//! Ending families: all at once, with every token issued from them.

use access::RevokedWhat;
use kernel::Timestamp;
use platform::db::{DbError, Row, Tx, Value};

use crate::IdentityService;
use crate::change::Told;

const END_FAMILY: &str = "
update grant_family
set ended_at = $2
where id = $1
    and ended_at is null
returning id";

const END_OF_CONSENT: &str = "
update grant_family
set ended_at = $3
where person = $1
    and client = $2
    and ended_at is null
returning id";

const TOKENS_ALIVE: &str = "
select jti
from family_token
where family = $1
    and expires_at > $2";

/// A few at a time, whenever another family begins.
const FAMILIES_OVER: &str = "
select id
from grant_family
where expires_at <= $1
order by expires_at
limit 20";

const CLEAR_CODES: &str = "
delete from authorization_code
where family = $1";

const CLEAR_REFRESH: &str = "
delete from refresh_token
where family = $1";

const CLEAR_TOKENS: &str = "
delete from family_token
where family = $1";

const CLEAR_FAMILY: &str = "
delete from grant_family
where id = $1";

#[cfg(test)]
pub(super) const SQL: &[&str] =
    &[END_FAMILY, END_OF_CONSENT, TOKENS_ALIVE, FAMILIES_OVER, CLEAR_CODES, CLEAR_REFRESH, CLEAR_TOKENS, CLEAR_FAMILY];

/// Which families end.
pub(crate) enum Of<'a> {
    Family(&'a [u8; 16]),
    /// Everything that a user has allowed a client.
    Consent {
        person: &'a [u8; 16],
        client: &'a str,
    },
}

impl IdentityService {
    /// Ends families and their access tokens, in the transaction of the reason.
    pub(crate) async fn end_families(&self, tx: &Tx, of: Of<'_>, told: Told) -> Result<Told, DbError> {
        let now = self.clock.now();
        let at = Value::Int(now.micros());
        let ended = match of {
            Of::Family(id) => tx.query(END_FAMILY, &[Value::Bytes(id), at]).await?,
            Of::Consent { person, client } => {
                tx.query(END_OF_CONSENT, &[Value::Bytes(person), Value::Text(client), at]).await?
            }
        };
        end_tokens(tx, &ended, now, told).await
    }
}

async fn end_tokens(tx: &Tx, families: &[Row], now: Timestamp, mut told: Told) -> Result<Told, DbError> {
    for family in families {
        let alive = tx.query(TOKENS_ALIVE, &[Value::Bytes(family.bytes(0)?), Value::Int(now.micros())]).await?;
        for token in alive {
            told = told.revoked(RevokedWhat::Token { jti: token.text(0)?.to_owned() });
        }
    }
    Ok(told)
}

/// Removes families without unexpired tokens.
pub(super) async fn clear(tx: &Tx, now: Timestamp) -> Result<(), DbError> {
    for family in tx.query(FAMILIES_OVER, &[Value::Int(now.micros())]).await? {
        let id = [Value::Bytes(family.bytes(0)?)];
        for sql in [CLEAR_CODES, CLEAR_REFRESH, CLEAR_TOKENS, CLEAR_FAMILY] {
            tx.execute(sql, &id).await?;
        }
    }
    Ok(())
}
