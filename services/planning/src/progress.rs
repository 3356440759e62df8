//! How a goal is going: five figures, from what its assets are worth today and from a simulation. Measuring keeps the state
//! that follows from them, and tells it once.

use kernel::{Ctx, Deadline};
use planning_api::*;
use platform::db::DbError;
use platform::error::{Failure, ServiceError};

use crate::event;
use crate::figures::{self, Invested};
use crate::goals::goal_unknown;
use crate::plans::scenario_invalid;
use crate::service::Inner;
use crate::store::goal::{self, Stored};
use crate::store::household;
use crate::worth::Worth;

/// Goals are measured at least this often.
const DAILY_US: i64 = 20 * 3_600_000_000;
const DEADLINE_MS: u64 = 10_000;

/// A goal with everything that its figures follow from.
struct Standing {
    stored: Stored,
    terms: GoalTerms,
    funded: figures::Funded,
    /// Of the household's latest plan, if there is one.
    plan: Option<Plan>,
}

impl Inner {
    pub(crate) async fn progress(&self, ctx: &Ctx, id: GoalId) -> Result<Progress, PlanningError> {
        let household = {
            let tx = self.db.read().await?;
            self.reached_goal(ctx, &tx, ("goals", "read"), id).await?.1.household
        };
        self.refresh(ctx, household).await?;
        Ok(self.figures(ctx, id).await?.1)
    }

    pub(crate) async fn measure_goal(&self, ctx: &Ctx, id: GoalId) -> Result<Progress, PlanningError> {
        let household = {
            let tx = self.db.read().await?;
            let (reached, stored) = self.reached_goal(ctx, &tx, ("goals", "change"), id).await?;
            reached.changing()?;
            stored.household
        };
        self.refresh(ctx, household).await?;
        self.measured(ctx, id).await
    }

    /// All goals that were not measured today, by the room itself.
    pub(crate) async fn measure_all(&self) -> Result<(), PlanningError> {
        let principal = self.own.principal().await.map_err(|_| Failure::Unavailable)?;
        let deadline = || Deadline::after_millis(&*self.clock, DEADLINE_MS);
        let ctx = |deadline| Ctx {
            principal: principal.clone(),
            deadline,
            request_id: "planning-daily".into(),
            idempotency_key: None,
        };
        self.record(&ctx(deadline())).await?;
        let due = {
            let tx = self.db.read().await?;
            goal::due(&tx, self.now().plus_micros(-DAILY_US)).await?
        };
        for stored in due {
            if let Err(error) = self.measured(&ctx(deadline()), stored.id).await {
                tracing::warn!(goal = %stored.id, %error, "a goal could not be measured");
            }
        }
        Ok(())
    }

    async fn measured(&self, ctx: &Ctx, id: GoalId) -> Result<Progress, PlanningError> {
        let (standing, progress) = self.figures(ctx, id).await?;
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let now = goal::of_id(&tx, id).await?.ok_or_else(|| goal_unknown(id))?;
        let kind = standing.terms.kind;
        let mut events = Vec::new();
        let mut next = Stored { track: Some(progress.track), measured_at: self.now(), ..now.clone() };
        if now.state == GoalState::Active {
            if progress.there.minor() >= progress.target.minor() && !progress.incomplete {
                (next.state, next.reached_on) = (GoalState::Reached, Some(self.today()));
                events.push(event::goal("planning.goal.reached", id, now.household, kind));
            } else if now.track != next.track {
                let name =
                    event::of_track(progress.track).filter(|_| now.track.is_some() || progress.track != Track::OnTrack);
                events.extend(name.map(|name| event::goal(name, id, now.household, kind)));
            }
        }
        goal::change(&tx, &next).await?;
        self.commit(tx, events).await?;
        if next.state != now.state {
            event::completed(kind);
        }
        Ok(progress)
    }

    async fn standing(&self, id: GoalId) -> Result<(Standing, kernel::Currency), PlanningError> {
        let tx = self.db.read().await?;
        let stored = goal::of_id(&tx, id).await?.ok_or_else(|| goal_unknown(id))?;
        let terms = self.terms_of(&tx, &stored).await?.ok_or_else(|| goal_unknown(id))?;
        let household = household::of_id(&tx, stored.household).await?.ok_or_else(|| goal_unknown(id))?;
        let shares = goal::shares(&tx, id).await?;
        let today = self.today();
        let Worth { lines, .. } = self.worth(&tx, &household, (today, today)).await?;
        let funded = figures::funded(&lines, &shares, household.currency);
        let funded = funded.ok_or_else(|| DbError::shape("shares of assets beyond 64 bits"))?;
        let plan = self.latest_plan(&tx, &household, &lines).await?;
        Ok((Standing { stored, terms, funded, plan }, household.currency))
    }

    async fn figures(&self, ctx: &Ctx, id: GoalId) -> Result<(Standing, Progress), PlanningError> {
        let (standing, currency) = self.standing(id).await?;
        let Standing { stored, terms, funded, plan } = &standing;
        let today = self.today();
        let scenario = plan.as_ref().and_then(|plan| plan.terms.as_ref()).map(|terms| &terms.scenario);
        let (market, seed) = scenario.map_or((Market::default(), 0), |of| (of.market.clone(), of.seed));
        let refused = |refusal: SimulationRefusal| PlanningError::from(scenario_invalid(&refusal));
        let invested = Invested::of(terms, &market).map_err(refused)?;
        let target = figures::in_money_of(terms, today.month().year(), invested.inflation());
        let target = target.ok_or_else(|| DbError::shape("a goal beyond 64 bits"))?;
        let real = invested.real_return();
        let path = figures::path(funded.there, target, terms, today.month(), real);
        let path = path.map_err(|error| DbError::shape(error.to_string()))?;
        let own = figures::scenario(
            (funded.there, target),
            terms,
            &invested,
            market,
            (today, self.settings.goal_paths, seed),
        );
        let (chance, standard_error, mut assumes) = self.chance(ctx, terms, own, scenario).await?;
        assumes.push(format!(
            "Saving and the expected month go by a return of {:.2} % a year after prices.",
            real * 100.0
        ));
        let track = figures::track(chance, stored.track).map_err(|error| DbError::shape(error.to_string()))?;
        let progress = Progress {
            goal: id,
            as_of: today,
            there: kernel::Money::new(funded.there.minor(), currency),
            target,
            progress: path.progress,
            needed_monthly: path.needed_monthly,
            expected: path.expected,
            chance,
            standard_error,
            track,
            incomplete: funded.incomplete,
            assumes,
        };
        Ok((standing, progress))
    }

    /// Of a retirement, the success of the household's plan; of other goals, that the target is there when it is due.
    async fn chance(
        &self,
        ctx: &Ctx,
        terms: &GoalTerms,
        own: Scenario,
        plan: Option<&Scenario>,
    ) -> Result<(f64, f64, Vec<String>), PlanningError> {
        let of_plan = plan.filter(|_| terms.kind == GoalKind::Retirement);
        let scenario = match of_plan {
            Some(plan) => Scenario { paths: Some(self.settings.goal_paths), examples: false, ..plan.clone() },
            None => own,
        };
        let futures = self.simulation.simulate(&self.itself(ctx).await?, scenario).await.map_err(failed)?;
        let chance = if of_plan.is_some() { futures.success } else { futures.reached.unwrap_or(0.0) };
        let error = libm::sqrt(chance * (1.0 - chance) / futures.paths.max(1) as f64);
        Ok((chance, error, futures.assumes))
    }
}

pub(crate) fn failed(error: SimulationError) -> PlanningError {
    match error {
        ServiceError::Refused { refusal, .. } => scenario_invalid(&refusal).into(),
        ServiceError::Failed(failure) => failure.into(),
    }
}
