//! Plans: scenarios of a household that are kept, each version as it was written.

use kernel::{Ctx, Currency, Money};
use planning_api::*;
use platform::access;
use platform::db::Tx;
use platform::error::Refusal as _;

use crate::reach::{Reach, Word, name, reach, too_many};
use crate::service::{Begun, Inner, Made};
use crate::simulation::{check, class_of, compiled, says};
use crate::store::plan::{self, Stored, StoredVersion};
use crate::store::{asset, household};

const READ: Word = ("plans", "read");
const CHANGE: Word = ("plans", "change");

fn plan_unknown(id: PlanId) -> Refusal {
    Refusal::PlanUnknown { id: id.to_string() }
}

/// A refusal of a simulation as one of planning, with its code.
pub(crate) fn scenario_invalid(refusal: &SimulationRefusal) -> Refusal {
    let field = refusal.field().unwrap_or_default().into_owned();
    Refusal::ScenarioInvalid { field, reason: refusal.code().to_owned(), detail: refusal.to_string() }
}

/// What is held at the start, from the lines of today. Debts and other things have no class in a market and are left out; so is
/// property, which people live in, unless the weights name it.
pub(crate) fn with_assets(
    scenario: &Scenario,
    lines: &[Line],
    wrappers: &dyn Fn(AssetId) -> Wrapper,
    base: Currency,
) -> Scenario {
    let weights = scenario.glide.iter().map(|point| &point.weights).chain([&scenario.weights]);
    let names_property = weights.into_iter().any(|weights| weights.contains_key("property"));
    let holding = |line: &Line| {
        let class = class_of(line.class).filter(|_| line.class != AssetClass::Property || names_property)?.to_owned();
        let value = line.base.filter(|base| base.minor() > 0)?;
        Some(Holding { class, wrapper: wrappers(line.asset), value, cost: None })
    };
    let holdings: Vec<Holding> = lines.iter().filter_map(holding).collect();
    let start = holdings.is_empty().then(|| Money::new(0, base));
    Scenario { start, holdings, ..scenario.clone() }
}

impl Inner {
    pub(crate) async fn add_plan(&self, ctx: &Ctx, command: AddPlan) -> Result<Plan, PlanningError> {
        access::owner_term(ctx, CHANGE.0, CHANGE.1)?;
        let change = match self.begin::<PlanId>(ctx, "add_plan", &command).await? {
            Begun::Again(id) => return self.plan(ctx, "change", FindPlan { id, version: None }).await,
            Begun::First(change) => change,
        };
        let made = self.added_plan(ctx, &change.tx, &command).await;
        let id = self.end(change, made).await?;
        self.plan(ctx, "change", FindPlan { id, version: None }).await
    }

    async fn added_plan(&self, ctx: &Ctx, tx: &Tx, command: &AddPlan) -> Made<PlanId> {
        let reached = self.one_household(ctx, tx, CHANGE, command.household).await?.changing()?;
        let household = reached.household.id;
        if plan::list(tx, household).await?.len() >= limits::PLANS_MAX {
            return Err(too_many("plans", limits::PLANS_MAX));
        }
        let stored = Stored { id: self.ids.make(), household, version: 1 };
        plan::add(tx, &stored).await?;
        self.write(ctx, tx, &reached, &stored, &command.terms).await?;
        Ok((stored.id, Vec::new()))
    }

    /// Stores a version whose scenario could be simulated today.
    async fn write(
        &self,
        ctx: &Ctx,
        tx: &Tx,
        reached: &Reach,
        stored: &Stored,
        terms: &PlanTerms,
    ) -> Result<(), PlanningError> {
        name("terms.name", &terms.name)?;
        let lines = self.lines_for(tx, &reached.household, terms).await?;
        self.check_plan(tx, &reached.household, terms, &lines).await?;
        let subject = reached.writer(ctx).to_owned();
        let sealed = self.sealer(tx, &subject).await?.seal(&of_version(stored.id, stored.version), terms)?;
        let version = StoredVersion { version: stored.version, subject, sealed, created_at: self.now() };
        Ok(plan::add_version(tx, stored.id, &version).await?)
    }

    async fn check_plan(
        &self,
        tx: &Tx,
        household: &household::Stored,
        terms: &PlanTerms,
        lines: &[Line],
    ) -> Result<(), PlanningError> {
        let scenario = self.whole_scenario(tx, household, terms, lines).await?;
        if let Some(found) = scenario.currency().filter(|found| *found != household.currency) {
            let (expected, found) = (household.currency.to_string(), found.to_string());
            return Err(Refusal::CurrencyDiffers { expected, found }.into());
        }
        let refused = |refusal: SimulationRefusal| PlanningError::from(scenario_invalid(&refusal));
        check(&scenario, self.today().month()).map_err(refused)
    }

    async fn lines_for(
        &self,
        tx: &Tx,
        household: &household::Stored,
        terms: &PlanTerms,
    ) -> Result<Vec<Line>, PlanningError> {
        let today = self.today();
        if terms.from_assets { Ok(self.worth(tx, household, (today, today)).await?.lines) } else { Ok(Vec::new()) }
    }

    /// The scenario with what is held today, where the plan says so.
    pub(crate) async fn whole_scenario(
        &self,
        tx: &Tx,
        household: &household::Stored,
        terms: &PlanTerms,
        lines: &[Line],
    ) -> Result<Scenario, PlanningError> {
        if !terms.from_assets {
            return Ok(terms.scenario.clone());
        }
        let assets = asset::list(tx, household.id).await?;
        let wrapper = |id| assets.iter().find(|asset| asset.id == id).map_or(Wrapper::Taxable, |asset| asset.wrapper);
        Ok(with_assets(&terms.scenario, lines, &wrapper, household.currency))
    }

    async fn reached_plan(&self, ctx: &Ctx, tx: &Tx, word: Word, id: PlanId) -> Result<(Reach, Stored), PlanningError> {
        let found = plan::of_id(tx, id).await?;
        let household = found.as_ref().map(|found| found.household);
        let reached = reach(ctx, tx, word, household, plan_unknown(id)).await?;
        Ok((reached, found.ok_or_else(|| plan_unknown(id))?))
    }

    pub(crate) async fn plan(&self, ctx: &Ctx, action: &'static str, find: FindPlan) -> Result<Plan, PlanningError> {
        let tx = self.db.read().await?;
        let (reached, stored) = self.reached_plan(ctx, &tx, (READ.0, action), find.id).await?;
        let version = find.version.unwrap_or(stored.version);
        self.shown_plan(&tx, &reached.household, &stored, version).await
    }

    pub(crate) async fn plans(&self, ctx: &Ctx, query: OfHousehold) -> Result<PlanList, PlanningError> {
        let tx = self.db.read().await?;
        let reached = self.one_household(ctx, &tx, READ, query.household).await?;
        let mut items = Vec::new();
        for stored in plan::list(&tx, reached.household.id).await? {
            items.push(self.shown_plan(&tx, &reached.household, &stored, stored.version).await?);
        }
        Ok(PlanList { items })
    }

    async fn shown_plan(
        &self,
        tx: &Tx,
        household: &household::Stored,
        stored: &Stored,
        version: u32,
    ) -> Result<Plan, PlanningError> {
        let found = plan::version(tx, stored.id, version).await?.ok_or_else(|| plan_unknown(stored.id))?;
        let reader = self.keys.reader(tx, &found.subject).await?;
        let terms: Option<PlanTerms> = reader.unseal(&of_version(stored.id, version), &found.sealed)?;
        let says = match &terms {
            Some(terms) => self.plan_says(tx, household, terms).await?,
            None => Vec::new(),
        };
        let (id, household) = (stored.id, stored.household);
        Ok(Plan { id, household, version, terms, says, created_at: found.created_at })
    }

    /// In words; a plan that went out of date, such as one that starts before a person's last year, says that instead.
    async fn plan_says(
        &self,
        tx: &Tx,
        household: &household::Stored,
        terms: &PlanTerms,
    ) -> Result<Vec<String>, PlanningError> {
        let lines = self.lines_for(tx, household, terms).await?;
        let scenario = self.whole_scenario(tx, household, terms, &lines).await?;
        Ok(match compiled(&scenario, self.today().month()) {
            Ok(compiled) => {
                let mut all = says(&scenario, &compiled);
                if terms.from_assets {
                    all.push(
                        "What is held comes from the household's assets; debts and homes are left out.".to_owned(),
                    );
                }
                all
            }
            Err(refusal) => vec![format!("The plan cannot be simulated today: {refusal}.")],
        })
    }

    /// The plan that was written last, with what is held today.
    pub(crate) async fn latest_plan(
        &self,
        tx: &Tx,
        household: &household::Stored,
        lines: &[Line],
    ) -> Result<Option<Plan>, PlanningError> {
        let Some(stored) = plan::list(tx, household.id).await?.pop() else { return Ok(None) };
        let mut plan = self.shown_plan(tx, household, &stored, stored.version).await?;
        if let Some(terms) = &mut plan.terms {
            terms.scenario = self.whole_scenario(tx, household, terms, lines).await?;
        }
        Ok(Some(plan))
    }

    pub(crate) async fn revise_plan(&self, ctx: &Ctx, command: RevisePlan) -> Result<Plan, PlanningError> {
        let change = match self.begin::<u32>(ctx, "revise_plan", &command).await? {
            Begun::Again(version) => {
                return self.plan(ctx, "change", FindPlan { id: command.id, version: Some(version) }).await;
            }
            Begun::First(change) => change,
        };
        let made = self.revised(ctx, &change.tx, &command).await;
        let version = self.end(change, made).await?;
        self.plan(ctx, "change", FindPlan { id: command.id, version: Some(version) }).await
    }

    async fn revised(&self, ctx: &Ctx, tx: &Tx, command: &RevisePlan) -> Made<u32> {
        let (reached, stored) = self.reached_plan(ctx, tx, CHANGE, command.id).await?;
        let reached = reached.changing()?;
        let changed = || Refusal::PlanVersion { given: command.version, latest: stored.version };
        if stored.version != command.version {
            return Err(changed().into());
        }
        if stored.version >= limits::VERSIONS_MAX {
            return Err(too_many("versions", limits::VERSIONS_MAX as usize));
        }
        let next = Stored { version: stored.version + 1, ..stored };
        if !plan::advance(tx, stored.id, next.version).await? {
            return Err(changed().into());
        }
        self.write(ctx, tx, &reached, &next, &command.terms).await?;
        Ok((next.version, Vec::new()))
    }

    pub(crate) async fn versions(&self, ctx: &Ctx, id: PlanId) -> Result<VersionList, PlanningError> {
        let tx = self.db.read().await?;
        let (_, stored) = self.reached_plan(ctx, &tx, READ, id).await?;
        Ok(VersionList { items: plan::versions(&tx, stored.id).await? })
    }
}

/// What a version is sealed for.
fn of_version(plan: PlanId, version: u32) -> Vec<u8> {
    [plan.to_bytes().as_slice(), &version.to_be_bytes()].concat()
}
