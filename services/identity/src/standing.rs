//! What every process needs in order to verify tokens and to decide by itself: terms with a version, and revocations.

use access::{Revoked, Since, Standing, Terms};
use identity_api::IdentityError;
use kernel::Timestamp;
use platform::db::{DbError, Tx, Value};

use crate::IdentityService;
use crate::errors::store_error;

const TERMS_VERSION: &str = "
select version
from terms
where one = 1";

const REVOCATIONS_AFTER: &str = "
select seq, what, until_at
from revocation
where seq > $1
order by seq
limit $2";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[TERMS_VERSION, REVOCATIONS_AFTER];

/// Revocations in one answer; whoever has not all of them asks again at once.
const REVOKED_MAX: i64 = 10_000;

impl IdentityService {
    /// One snapshot: revocations never belong to terms that are newer than those told.
    pub(crate) async fn standing_since(&self, since: Since) -> Result<Standing, IdentityError> {
        let look = async {
            let tx = self.db.read().await?;
            let version = version(&tx).await?;
            let terms = if version == since.version { None } else { Some(self.terms(&tx).await?) };
            Ok(Standing { version, terms, revoked: revoked(&tx, since.revoked).await? })
        };
        look.await.map_err(store_error)
    }

    async fn terms(&self, tx: &Tx) -> Result<Terms, DbError> {
        Ok(Terms {
            issuer: self.config.issuer.clone(),
            audience: self.config.audience.clone(),
            keys: crate::keys::published(tx).await?,
            roles: Vec::new(),
            policies: Vec::new(),
            zone: self.config.zone.clone(),
        })
    }

    /// Behind a commit: this process hears of it before whoever asked is answered.
    pub(crate) async fn tell_here(&self) -> Result<(), IdentityError> {
        let Some(hears) = &self.hears else { return Ok(()) };
        let standing = self.standing_since(hears.since()).await?;
        hears.hear(standing);
        Ok(())
    }
}

async fn version(tx: &Tx) -> Result<u64, DbError> {
    let rows = tx.query(TERMS_VERSION, &[]).await?;
    let version = rows.first().ok_or_else(|| DbError::shape("the terms have no version"))?.int(0)?;
    Ok(version.unsigned_abs())
}

async fn revoked(tx: &Tx, after: u64) -> Result<Vec<Revoked>, DbError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let rows = tx.query(REVOCATIONS_AFTER, &[Value::Int(after), Value::Int(REVOKED_MAX)]).await?;
    let revoked = |row: &platform::db::Row| {
        let what = serde_json::from_str(row.text(1)?).map_err(|error| DbError::shape(error.to_string()))?;
        Ok(Revoked { seq: row.int(0)?.unsigned_abs(), what, until: Timestamp::from_micros(row.int(2)?) })
    };
    rows.iter().map(revoked).collect()
}
