//! Net worth as it is read: linked accounts first, then each day from the values that are kept.

use kernel::{Ctx, Timestamp};
use planning_api::*;
use platform::db::{DbError, Tx};

use crate::event;
use crate::reach::Word;
use crate::service::Inner;
use crate::store::asset::{self, Stored};
use crate::store::value;
use crate::worth::{self, Holding, Terms, Worth};

const READ: Word = ("household-assets", "read");
/// A linked account is read again after this.
const FRESH_US: i64 = 60_000_000;
/// Accounts are read at least this often, so that each day has a value.
const DAILY_US: i64 = 20 * 3_600_000_000;

impl Inner {
    pub(crate) async fn net_worth(&self, ctx: &Ctx, query: WorthQuery) -> Result<NetWorth, PlanningError> {
        let to = query.to.unwrap_or_else(|| self.today());
        let from = query.from.unwrap_or(to);
        if to.number() - from.number() >= limits::DAYS_MAX || from > to {
            let detail = format!("expected a first day before the last one, at most {} days", limits::DAYS_MAX);
            return Err(Refusal::field_invalid("from", detail).into());
        }
        let reached = {
            let tx = self.db.read().await?;
            self.one_household(ctx, &tx, READ, query.household).await?
        };
        let household = reached.household.id;
        self.refresh(ctx, household).await?;
        let tx = self.db.read().await?;
        let Worth { days, lines, by_currency } = self.worth(&tx, &reached.household, (from, to)).await?;
        Ok(NetWorth { household, days, lines, by_currency })
    }

    pub(crate) async fn worth(
        &self,
        tx: &Tx,
        household: &crate::store::household::Stored,
        days: (Day, Day),
    ) -> Result<Worth, PlanningError> {
        let mut values = value::of_household(tx, household.id, days.1).await?;
        let holding = |stored: Stored| Holding {
            id: stored.id,
            class: stored.class,
            currency: stored.currency,
            closed_on: stored.closed_on,
            values: values.remove(&stored.id).unwrap_or_default(),
        };
        let holdings: Vec<Holding> = asset::list(tx, household.id).await?.into_iter().map(holding).collect();
        let rates = asset::rates(tx, household.id, days.1).await?;
        let terms = Terms {
            base: household.currency,
            hand_stale_days: self.settings.hand_stale_days,
            account_stale_days: self.settings.account_stale_days,
            rate_stale_days: self.settings.rate_stale_days,
        };
        let found = worth::worth(&holdings, rates, &terms, days);
        found.map_err(|error| DbError::shape(format!("net worth of {}: {error}", household.id)).into())
    }

    /// Reads linked accounts that were not read within the last minute. One that cannot be read keeps what is known of it.
    pub(crate) async fn refresh(&self, ctx: &Ctx, household: HouseholdId) -> Result<(), PlanningError> {
        let before = self.now().plus_micros(-FRESH_US);
        let is_due = |asset: &Stored| {
            asset.read_at < before && asset.closed_on.is_none() && asset::link(&asset.source).is_some()
        };
        let due: Vec<Stored> = {
            let tx = self.db.read().await?;
            asset::list(&tx, household).await?.into_iter().filter(is_due).collect()
        };
        self.read_accounts(ctx, due).await
    }

    /// A new asset has its values at once.
    pub(crate) async fn refresh_one(&self, ctx: &Ctx, id: AssetId) -> Result<(), PlanningError> {
        let found = {
            let tx = self.db.read().await?;
            asset::of_id(&tx, id).await?
        };
        let linked = found.into_iter().filter(|asset| asset::link(&asset.source).is_some());
        self.read_accounts(ctx, linked.collect()).await
    }

    /// All accounts that were not read today, of all households.
    pub(crate) async fn record(&self, ctx: &Ctx) -> Result<(), PlanningError> {
        let due = {
            let tx = self.db.read().await?;
            asset::due(&tx, self.now().plus_micros(-DAILY_US)).await?
        };
        self.read_accounts(ctx, due).await
    }

    async fn read_accounts(&self, ctx: &Ctx, assets: Vec<Stored>) -> Result<(), PlanningError> {
        if assets.is_empty() {
            return Ok(());
        }
        let own = self.itself(ctx).await?;
        for stored in assets {
            match self.balances(&own, &stored).await {
                Ok(values) => {
                    let tx = self.db.begin().await?;
                    tx.one_at_a_time().await?;
                    value::put(&tx, stored.id, &values).await?;
                    asset::was_read(&tx, stored.id, self.now()).await?;
                    // Once a day is news, each look at it is not.
                    let is_new_day = day_of(stored.read_at) != day_of(self.now());
                    let events = if is_new_day { vec![event::recorded(stored.household)] } else { Vec::new() };
                    self.commit(tx, events).await?;
                }
                Err(error) => tracing::warn!(asset = %stored.id, %error, "a linked account could not be read"),
            }
        }
        Ok(())
    }
}

fn day_of(at: Timestamp) -> i64 {
    at.micros().div_euclid(86_400_000_000)
}
