//! Assets: told by hand or linked to an account, each once, with their values and rates.

use kernel::{Ctx, Currency};
use planning_api::*;
use platform::access;
use platform::db::Tx;

use crate::event;
use crate::reach::{Reach, Word, household_unknown, name, reach, too_many};
use crate::service::{Begun, Inner, Made};
use crate::store::asset::{self, Stored};
use crate::store::value::{self, DayValue, Told};
use crate::worth::nanos;

const READ: Word = ("household-assets", "read");
const CHANGE: Word = ("household-assets", "change");
const VALUES_SHOWN: usize = 1_000;

fn asset_unknown(id: AssetId) -> Refusal {
    Refusal::AssetUnknown { id: id.to_string() }
}

impl Inner {
    pub(crate) async fn add_asset(&self, ctx: &Ctx, command: AddAsset) -> Result<Asset, PlanningError> {
        access::owner_term(ctx, CHANGE.0, CHANGE.1)?;
        name("name", &command.name)?;
        if command.values.len() > limits::VALUES_MAX {
            return Err(too_many("values", limits::VALUES_MAX));
        }
        if !command.values.is_empty() && !matches!(command.source, Source::ByHand { .. }) {
            return Err(Refusal::field_invalid("values", "expected none for a linked asset").into());
        }
        let currency = self.currency_of(ctx, &command.source).await?;
        let change = match self.begin::<AssetId>(ctx, "add_asset", &command).await? {
            Begun::Again(id) => return self.asset(ctx, "change", id).await,
            Begun::First(change) => change,
        };
        let made = self.added_asset(ctx, &change.tx, &command, currency).await;
        let id = self.end(change, made).await?;
        self.refresh_one(ctx, id).await?;
        self.asset(ctx, "change", id).await
    }

    async fn added_asset(&self, ctx: &Ctx, tx: &Tx, command: &AddAsset, currency: Currency) -> Made<AssetId> {
        let reached = self.one_household(ctx, tx, CHANGE, command.household).await?.changing()?;
        let household = reached.household.id;
        if asset::list(tx, household).await?.len() >= limits::ASSETS_MAX {
            return Err(too_many("assets", limits::ASSETS_MAX));
        }
        if let Some(link) = asset::link(&command.source)
            && let Some(known) = asset::of_link(tx, household, &link).await?
        {
            let account = link.split_once(':').map_or(link.as_str(), |(_, account)| account).to_owned();
            return Err(Refusal::AssetDouble { account, asset: known.id.to_string() }.into());
        }
        let (id, subject) = (self.ids.make::<AssetTag>(), reached.writer(ctx).to_owned());
        let stored = Stored {
            id,
            household,
            class: command.class,
            wrapper: command.wrapper,
            currency,
            source: command.source.clone(),
            sealed: self.sealer(tx, &subject).await?.seal(&id.to_bytes(), &command.name)?,
            subject,
            closed_on: None,
            read_at: kernel::Timestamp::EPOCH,
            created_at: self.now(),
        };
        asset::add(tx, &stored).await?;
        value::put(tx, id, &self.told(&stored, &command.values)?).await?;
        Ok((id, Vec::new()))
    }

    /// Values that a person tells: not in the future, in the asset's currency.
    fn told(&self, asset: &Stored, values: &[DatedValue]) -> Result<Vec<DayValue>, PlanningError> {
        let today = self.today();
        let mut told = Vec::with_capacity(values.len());
        for value in values {
            if value.amount.currency() != asset.currency {
                let (expected, found) = (asset.currency.to_string(), value.amount.currency().to_string());
                return Err(Refusal::CurrencyDiffers { expected, found }.into());
            }
            if value.on > today {
                return Err(Refusal::field_invalid("values", format!("{} is in the future", value.on)).into());
            }
            if value.amount.minor() < 0 {
                return Err(Refusal::field_invalid("values", "expected an amount of zero or more").into());
            }
            let (day, minor) = (value.on.number(), value.amount.minor());
            told.push(DayValue { day, minor, told: Told::Hand, recorded_at: self.now() });
        }
        Ok(told)
    }

    async fn reached_asset(
        &self,
        ctx: &Ctx,
        tx: &Tx,
        word: Word,
        id: AssetId,
    ) -> Result<(Reach, Stored), PlanningError> {
        let found = asset::of_id(tx, id).await?;
        let household = found.as_ref().map(|found| found.household);
        let reached = reach(ctx, tx, word, household, asset_unknown(id)).await?;
        Ok((reached, found.ok_or_else(|| asset_unknown(id))?))
    }

    pub(crate) async fn asset(&self, ctx: &Ctx, action: &'static str, id: AssetId) -> Result<Asset, PlanningError> {
        let tx = self.db.read().await?;
        let (_, stored) = self.reached_asset(ctx, &tx, (READ.0, action), id).await?;
        self.shown_asset(&tx, stored).await
    }

    pub(crate) async fn assets(&self, ctx: &Ctx, query: OfHousehold) -> Result<AssetList, PlanningError> {
        let tx = self.db.read().await?;
        let reached = self.one_household(ctx, &tx, READ, query.household).await?;
        let mut items = Vec::new();
        for stored in asset::list(&tx, reached.household.id).await? {
            items.push(self.shown_asset(&tx, stored).await?);
        }
        Ok(AssetList { items })
    }

    async fn shown_asset(&self, tx: &Tx, stored: Stored) -> Result<Asset, PlanningError> {
        let name = self.keys.reader(tx, &stored.subject).await?.unseal(&stored.id.to_bytes(), &stored.sealed)?;
        let Stored { id, household, class, wrapper, currency, source, closed_on, created_at, .. } = stored;
        Ok(Asset { id, household, name, class, wrapper, currency, source, closed_on, created_at })
    }

    pub(crate) async fn change_asset(&self, ctx: &Ctx, command: ChangeAsset) -> Result<Asset, PlanningError> {
        command.name.as_ref().map_or(Ok(()), |text| name("name", text))?;
        let change = match self.begin::<i64>(ctx, "change_asset", &command).await? {
            Begun::Again(_) => return self.asset(ctx, "change", command.id).await,
            Begun::First(change) => change,
        };
        let made = self.changed_asset(ctx, &change.tx, &command).await;
        self.end(change, made).await?;
        self.asset(ctx, "change", command.id).await
    }

    async fn changed_asset(&self, ctx: &Ctx, tx: &Tx, command: &ChangeAsset) -> Made<i64> {
        let (reached, mut stored) = self.reached_asset(ctx, tx, CHANGE, command.id).await?;
        let reached = reached.changing()?;
        if let Some(text) = &command.name {
            stored.subject = reached.writer(ctx).to_owned();
            stored.sealed = self.sealer(tx, &stored.subject).await?.seal(&stored.id.to_bytes(), text)?;
        }
        stored.class = command.class.unwrap_or(stored.class);
        stored.wrapper = command.wrapper.unwrap_or(stored.wrapper);
        stored.closed_on = command.closed_on.or(stored.closed_on);
        asset::change(tx, &stored).await?;
        Ok((0, Vec::new()))
    }

    pub(crate) async fn put_values(&self, ctx: &Ctx, command: PutValues) -> Result<ValueList, PlanningError> {
        if command.values.is_empty() || command.values.len() > limits::VALUES_MAX {
            let detail = format!("expected 1 to {} values", limits::VALUES_MAX);
            return Err(Refusal::field_invalid("values", detail).into());
        }
        let change = match self.begin::<i64>(ctx, "put_asset_values", &command).await? {
            Begun::Again(_) => return self.values(ctx, "change", command.asset).await,
            Begun::First(change) => change,
        };
        let made = self.stored_values(ctx, &change.tx, &command).await;
        self.end(change, made).await?;
        self.values(ctx, "change", command.asset).await
    }

    async fn stored_values(&self, ctx: &Ctx, tx: &Tx, command: &PutValues) -> Made<i64> {
        let (reached, stored) = self.reached_asset(ctx, tx, CHANGE, command.asset).await?;
        reached.changing()?;
        if !matches!(stored.source, Source::ByHand { .. }) {
            return Err(Refusal::AssetLinked { id: stored.id.to_string() }.into());
        }
        value::put(tx, stored.id, &self.told(&stored, &command.values)?).await?;
        Ok((0, vec![event::recorded(stored.household)]))
    }

    pub(crate) async fn values(
        &self,
        ctx: &Ctx,
        action: &'static str,
        id: AssetId,
    ) -> Result<ValueList, PlanningError> {
        let tx = self.db.read().await?;
        let (_, stored) = self.reached_asset(ctx, &tx, (READ.0, action), id).await?;
        let shown = |value: DayValue| StoredValue {
            on: Day::of_number(value.day),
            amount: kernel::Money::new(value.minor, stored.currency),
            source: value.told.name().to_owned(),
            recorded_at: value.recorded_at,
        };
        Ok(ValueList { items: value::latest(&tx, id, VALUES_SHOWN).await?.into_iter().map(shown).collect() })
    }

    pub(crate) async fn put_rate(&self, ctx: &Ctx, command: PutRate) -> Result<Rate, PlanningError> {
        access::owner_term(ctx, CHANGE.0, CHANGE.1)?;
        let PutRate { household, rate } = &command;
        name("source", &rate.source)?;
        if nanos(&rate.rate).is_none() {
            let detail = "expected a decimal above zero with at most 9 places, such as 1.0834";
            return Err(Refusal::field_invalid("rate", detail).into());
        }
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let reached = reach(ctx, &tx, CHANGE, Some(*household), household_unknown(*household)).await?.changing()?;
        if rate.currency == reached.household.currency {
            return Err(Refusal::field_invalid("currency", "expected another currency than the household's").into());
        }
        asset::put_rate(&tx, *household, rate).await?;
        self.commit(tx, vec![event::recorded(*household)]).await?;
        Ok(command.rate)
    }
}
