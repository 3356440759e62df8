//! The data that every process needs to verify tokens and to decide: versioned terms, and revocations.

use access::{Revoked, Since, Standing, Terms};
use identity_api::IdentityError;
use kernel::{Ctx, Timestamp};
use platform::db::{DbError, Tx, Value};
use std::time::Duration;

use crate::IdentityService;
use crate::rights;

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

const LAST_CHANGE: &str = "
select terms.version, revocation_last.seq
from terms, revocation_last
where terms.one = 1 and revocation_last.one = 1";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[TERMS_VERSION, REVOCATIONS_AFTER, LAST_CHANGE];

/// Revocations per reply; a process that does not have all of them asks again at once.
const REVOKED_MAX: i64 = 10_000;
/// Between two checks for changes: a revocation must reach every process within a second.
const LOOK_EVERY_MS: u64 = 100;

impl IdentityService {
    /// One snapshot: revocations never belong to newer terms than those returned.
    pub(crate) async fn standing_since(&self, since: Since) -> Result<Standing, IdentityError> {
        self.standing_in_store(since).await.map_err(IdentityError::from)
    }

    async fn standing_in_store(&self, since: Since) -> Result<Standing, DbError> {
        let tx = self.db.read().await?;
        let version = version(&tx).await?;
        let terms = if version == since.version { None } else { Some(self.terms(&tx).await?) };
        let revoked = revoked(&tx, since.revoked).await?;
        let more = revoked.len() == REVOKED_MAX as usize;
        Ok(Standing { version, terms, revoked, more })
    }

    async fn terms(&self, tx: &Tx) -> Result<Terms, DbError> {
        let keys = crate::keys::published(tx).await?;
        Ok(Terms {
            issuer: self.config.issuer.clone(),
            audience: self.config.audience.clone(),
            keys,
            roles: rights::store::all_roles(&self.config.words, tx).await?,
            policies: rights::store::all_policies(tx).await?,
            zone: self.config.zone.clone(),
        })
    }

    /// Called after a commit: this process has the change before the caller is answered.
    pub(crate) async fn tell_here(&self) -> Result<(), DbError> {
        let Some(hears) = &self.hears else { return Ok(()) };
        loop {
            let standing = self.standing_in_store(hears.since()).await?;
            let more = standing.more;
            hears.hear(standing);
            if !more {
                return Ok(());
            }
        }
    }

    /// The same for other processes: waits for changes, but no longer than `since` says or the caller waits.
    pub(crate) async fn standing_or_news(&self, ctx: &Ctx, since: Since) -> Result<Standing, IdentityError> {
        let mut left_ms = since.wait_ms.min(ctx.deadline.micros_left(self.clock.monotonic()) / 2_000);
        // Before the reply is built, so that nothing later counts as known.
        let seen = self.last_change().await?;
        let standing = self.standing_since(since).await?;
        if standing.terms.is_some() || !standing.revoked.is_empty() {
            return Ok(standing);
        }
        while left_ms > 0 {
            // Another identity process may commit the change, which wakes nobody here.
            let wait_ms = left_ms.min(LOOK_EVERY_MS);
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            left_ms -= wait_ms;
            if self.last_change().await? != seen {
                return self.standing_since(since).await;
            }
        }
        Ok(standing)
    }

    /// Version of the terms and number of the last revocation.
    async fn last_change(&self) -> Result<(i64, i64), IdentityError> {
        let look = async {
            let tx = self.db.read().await?;
            let rows = tx.query(LAST_CHANGE, &[]).await?;
            let row = rows.first().ok_or_else(|| DbError::shape("the terms have no version"))?;
            Ok::<_, DbError>((row.int(0)?, row.int(1)?))
        };
        Ok(look.await?)
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
