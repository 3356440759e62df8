//! The rest of identity's trait: the terms and status.

use access::{Since, Standing};
use async_trait::async_trait;
use identity_api::{Identity, IdentityError, IdentityStatus};
use kernel::Ctx;
use platform::db::DbError;
use platform::error::Failure;
use std::time::Duration;

use crate::IdentityService;

const HOW_MANY: &str = "
select terms.version, (select count(*) from person), (select count(*) from client)
from terms
where one = 1";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[HOW_MANY];

/// Time for the store, in addition to the wait for changes. The caller gives up a moment later.
const STORE_PATIENCE_MS: u64 = 500;

#[async_trait]
impl Identity for IdentityService {
    async fn standing(&self, ctx: &Ctx, since: Since) -> Result<Standing, IdentityError> {
        let patience = Duration::from_millis(since.wait_ms.saturating_add(STORE_PATIENCE_MS));
        let answer = tokio::time::timeout(patience, self.standing_or_news(ctx, since)).await;
        let answer = answer.unwrap_or(Err(IdentityError::Failed(Failure::Unavailable)));
        if answer == Err(IdentityError::Failed(Failure::Unavailable)) {
            // Connections to a store that fell silent are all dead at once, so one that times out speaks for the
            // others.
            self.db.forget_connections();
        }
        answer
    }

    async fn status(&self, ctx: &Ctx) -> Result<IdentityStatus, IdentityError> {
        let look = async {
            let rows = self.db.read().await?.query(HOW_MANY, &[]).await?;
            let row = rows.first().ok_or_else(|| DbError::shape("the terms have no version"))?;
            let number = |column| row.int(column).map(i64::unsigned_abs);
            let waiting = self.passwords.waiting() as u64;
            Ok::<_, DbError>(IdentityStatus { version: number(0)?, users: number(1)?, clients: number(2)?, waiting })
        };
        self.in_time(ctx, async { Ok(look.await?) }).await
    }
}
