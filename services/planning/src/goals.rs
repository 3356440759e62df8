//! Goals: their terms, their shares of assets, and what people bring them to.

use kernel::Ctx;
use planning_api::*;
use platform::access;
use platform::db::Tx;

use crate::event;
use crate::figures::Invested;
use crate::plans::scenario_invalid;
use crate::reach::{Reach, Word, name, reach, too_many};
use crate::service::{Begun, Inner, Made};
use crate::store::goal::{self, Stored, millionths, percent_text};
use crate::store::{asset, household};

const READ: Word = ("goals", "read");
const CHANGE: Word = ("goals", "change");
const YEARS_MAX: i32 = 120;
const WHOLE: i64 = 1_000_000;

pub(crate) fn goal_unknown(id: GoalId) -> Refusal {
    Refusal::GoalUnknown { id: id.to_string() }
}

impl Inner {
    pub(crate) async fn add_goal(&self, ctx: &Ctx, command: AddGoal) -> Result<Goal, PlanningError> {
        access::owner_term(ctx, CHANGE.0, CHANGE.1)?;
        let change = match self.begin::<GoalId>(ctx, "add_goal", &command).await? {
            Begun::Again(id) => return self.goal(ctx, "change", id).await,
            Begun::First(change) => change,
        };
        let made = self.added_goal(ctx, &change.tx, &command).await;
        let id = self.end(change, made).await?;
        self.goal(ctx, "change", id).await
    }

    async fn added_goal(&self, ctx: &Ctx, tx: &Tx, command: &AddGoal) -> Made<GoalId> {
        let reached = self.one_household(ctx, tx, CHANGE, command.household).await?.changing()?;
        self.check_terms(&reached.household, &command.terms)?;
        let household = reached.household.id;
        if goal::list(tx, household).await?.len() >= limits::GOALS_MAX {
            return Err(too_many("goals", limits::GOALS_MAX));
        }
        let (id, subject) = (self.ids.make::<GoalTag>(), reached.writer(ctx).to_owned());
        self.check_shares(tx, household, id, &command.sources).await?;
        let stored = Stored {
            id,
            household,
            sealed: self.sealer(tx, &subject).await?.seal(&id.to_bytes(), &command.terms)?,
            subject,
            state: GoalState::Active,
            track: None,
            reached_on: None,
            measured_at: kernel::Timestamp::EPOCH,
            created_at: self.now(),
        };
        goal::add(tx, &stored).await?;
        goal::put_shares(tx, id, &command.sources).await?;
        Ok((id, vec![event::goal("planning.goal.created", id, household, command.terms.kind)]))
    }

    fn check_terms(&self, household: &household::Stored, terms: &GoalTerms) -> Result<(), PlanningError> {
        name("terms.name", &terms.name)?;
        for amount in [Some(terms.amount), terms.monthly].into_iter().flatten() {
            if amount.currency() != household.currency {
                let (expected, found) = (household.currency.to_string(), amount.currency().to_string());
                return Err(Refusal::CurrencyDiffers { expected, found }.into());
            }
        }
        if terms.amount.minor() <= 0 || terms.monthly.is_some_and(|monthly| monthly.minor() < 0) {
            return Err(Refusal::field_invalid("terms.amount", "expected an amount above zero").into());
        }
        let today = self.today().month();
        if terms.due < today {
            return Err(Refusal::GoalInPast { due: terms.due.to_string() }.into());
        }
        if terms.due.since(today) > YEARS_MAX * 12 {
            return Err(Refusal::field_invalid("terms.due", "expected a month within 120 years").into());
        }
        if !(1..=9).contains(&terms.priority) {
            return Err(Refusal::field_invalid("terms.priority", "expected 1 to 9").into());
        }
        if terms.money_of.is_some_and(|year| (year - today.year()).abs() > YEARS_MAX) {
            return Err(Refusal::field_invalid("terms.money_of", "expected a year within 120 years").into());
        }
        let sum: f64 = terms.weights.values().sum();
        if !terms.weights.is_empty() && (sum - 1.0).abs() > 1e-6 {
            let refusal = SimulationRefusal::WeightsSum { field: "terms.weights".to_owned(), found: sum.to_string() };
            return Err(scenario_invalid(&refusal).into());
        }
        let known = Invested::of(terms, &Market::default()).map_err(|refusal| scenario_invalid(&refusal))?;
        if let Some(unknown) = terms.weights.keys().find(|class| !known.has(class)) {
            let refusal = SimulationRefusal::NameUnknown { field: "terms.weights".to_owned(), name: unknown.clone() };
            return Err(scenario_invalid(&refusal).into());
        }
        Ok(())
    }

    /// All goals of a household together take at most 100 % of an asset.
    async fn check_shares(
        &self,
        tx: &Tx,
        household: HouseholdId,
        goal: GoalId,
        shares: &[Share],
    ) -> Result<(), PlanningError> {
        for (place, share) in shares.iter().enumerate() {
            if shares.iter().take(place).any(|other| other.asset == share.asset) {
                return Err(Refusal::field_invalid("sources", "expected each asset once").into());
            }
            let found = asset::of_id(tx, share.asset).await?.filter(|found| found.household == household);
            if found.is_none() {
                return Err(Refusal::AssetUnknown { id: share.asset.to_string() }.into());
            }
            let all = goal::taken_by_others(tx, household, share.asset, goal).await? + millionths(share.percent)?;
            if all > WHOLE {
                let (asset, percent) = (share.asset.to_string(), percent_text(all));
                return Err(Refusal::SharesAboveWhole { asset, percent }.into());
            }
        }
        Ok(())
    }

    pub(crate) async fn reached_goal(
        &self,
        ctx: &Ctx,
        tx: &Tx,
        word: Word,
        id: GoalId,
    ) -> Result<(Reach, Stored), PlanningError> {
        let found = goal::of_id(tx, id).await?;
        let household = found.as_ref().map(|found| found.household);
        let reached = reach(ctx, tx, word, household, goal_unknown(id)).await?;
        Ok((reached, found.ok_or_else(|| goal_unknown(id))?))
    }

    pub(crate) async fn goal(&self, ctx: &Ctx, action: &'static str, id: GoalId) -> Result<Goal, PlanningError> {
        let tx = self.db.read().await?;
        let (_, stored) = self.reached_goal(ctx, &tx, (READ.0, action), id).await?;
        self.shown_goal(&tx, stored).await
    }

    pub(crate) async fn goals(&self, ctx: &Ctx, query: OfHousehold) -> Result<GoalList, PlanningError> {
        let tx = self.db.read().await?;
        let reached = self.one_household(ctx, &tx, READ, query.household).await?;
        let mut items = Vec::new();
        for stored in goal::list(&tx, reached.household.id).await? {
            items.push(self.shown_goal(&tx, stored).await?);
        }
        Ok(GoalList { items })
    }

    pub(crate) async fn terms_of(&self, tx: &Tx, stored: &Stored) -> Result<Option<GoalTerms>, PlanningError> {
        let reader = self.keys.reader(tx, &stored.subject).await?;
        Ok(reader.unseal(&stored.id.to_bytes(), &stored.sealed)?)
    }

    async fn shown_goal(&self, tx: &Tx, stored: Stored) -> Result<Goal, PlanningError> {
        let (terms, sources) = (self.terms_of(tx, &stored).await?, goal::shares(tx, stored.id).await?);
        let Stored { id, household, state, track, reached_on, created_at, .. } = stored;
        Ok(Goal { id, household, terms, sources, state, track, reached_on, created_at })
    }

    pub(crate) async fn change_goal(&self, ctx: &Ctx, command: ChangeGoal) -> Result<Goal, PlanningError> {
        let operation = match &command.change {
            GoalChange::Terms(_) => "change_goal",
            GoalChange::Fund(_) => "fund_goal",
            GoalChange::Become(_) => "set_goal_state",
        };
        let change = match self.begin::<i64>(ctx, operation, &command).await? {
            Begun::Again(_) => return self.goal(ctx, "change", command.id).await,
            Begun::First(change) => change,
        };
        let made = self.changed_goal(ctx, &change.tx, &command).await;
        self.end(change, made).await?;
        self.goal(ctx, "change", command.id).await
    }

    async fn changed_goal(&self, ctx: &Ctx, tx: &Tx, command: &ChangeGoal) -> Made<i64> {
        let (reached, mut stored) = self.reached_goal(ctx, tx, CHANGE, command.id).await?;
        let reached = reached.changing()?;
        let in_state = |state: GoalState| {
            let state: &str = state.into();
            Refusal::GoalState { id: command.id.to_string(), state: state.to_owned() }
        };
        match &command.change {
            GoalChange::Terms(_) | GoalChange::Fund(_) if stored.state != GoalState::Active => {
                return Err(in_state(stored.state).into());
            }
            GoalChange::Terms(terms) => {
                self.check_terms(&reached.household, terms)?;
                stored.subject = reached.writer(ctx).to_owned();
                stored.sealed = self.sealer(tx, &stored.subject).await?.seal(&stored.id.to_bytes(), terms)?;
                stored.measured_at = kernel::Timestamp::EPOCH;
            }
            GoalChange::Fund(shares) => {
                self.check_shares(tx, stored.household, stored.id, shares).await?;
                goal::put_shares(tx, stored.id, shares).await?;
                stored.measured_at = kernel::Timestamp::EPOCH;
            }
            GoalChange::Become(next) => {
                if !stored.state.may_become(*next) {
                    return Err(in_state(stored.state).into());
                }
                if *next == GoalState::Active {
                    let shares = goal::shares(tx, stored.id).await?;
                    self.check_shares(tx, stored.household, stored.id, &shares).await?;
                }
                stored.state = *next;
            }
        }
        goal::change(tx, &stored).await?;
        Ok((0, Vec::new()))
    }
}
