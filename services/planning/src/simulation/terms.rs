//! A scenario as people tell it, made into a plan, a market and a run.

use std::collections::BTreeMap;

use kernel::{Currency, Money};
use planning_api::{self as api, Mode, Model, Month, Scenario, SimulationRefusal as Refusal, Steps, When};
use quant::paths::PATHS_MAX;
use quant::plan::{self, Assumptions, Frequency, Holding, MarketHistory, Overlay, Plan, Returns, RunSettings, Target};
use quant::risk::Shocks;

use super::default::assumptions;
use super::refuse::named;
use super::when::Calendar;

pub(crate) const PATHS_DEFAULT: u32 = 10_000;
/// Weights are split in millionths.
const MILLION: f64 = 1e6;

#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub(crate) plan: Plan,
    pub(crate) returns: Returns,
    pub(crate) settings: RunSettings,
    pub(crate) start: Month,
    pub(crate) mode: Mode,
    pub(crate) assumptions: Assumptions,
    /// The market's classes in their order.
    pub(crate) classes: Vec<String>,
    /// The weights, where they never change.
    pub(crate) weights: Option<Vec<f64>>,
}

pub(crate) fn compiled(scenario: &Scenario, today: Month) -> Result<Compiled, Refusal> {
    let no_amount = || Refusal::field_invalid("start", "expected an amount or holdings");
    let currency = scenario.currency().ok_or_else(no_amount)?;
    let calendar = Calendar::of(scenario, today);
    let used = |name: &str| is_used(scenario, name);
    let assumptions = assumptions(&scenario.market, &used)?;
    let returns = returns(scenario, &assumptions)?;
    let classes: Vec<String> = match &returns {
        Returns::Blocks { history, .. } | Returns::StationaryBlocks { history, .. } | Returns::Windows(history) => {
            history.names().to_vec()
        }
        Returns::Random { .. } | Returns::Median(_) => {
            assumptions.classes.iter().map(|class| class.name.clone()).collect()
        }
    };
    let builder = Builder { scenario, calendar, currency, classes };
    let plan = builder.plan()?;
    let settings = builder.settings()?;
    let weights = match plan.allocation.glide.as_slice() {
        [(_, weights)] => Some(weights.clone()),
        _ => None,
    };
    let Builder { calendar: Calendar { start, .. }, classes, .. } = builder;
    Ok(Compiled { plan, returns, settings, start, mode: scenario.mode, assumptions, classes, weights })
}

/// Whether a scenario names a class; all count where it names none.
fn is_used(scenario: &Scenario, name: &str) -> bool {
    scenario.weights.contains_key(name)
        || scenario.glide.iter().any(|point| point.weights.contains_key(name))
        || scenario.holdings.iter().any(|holding| holding.class == name)
}

fn returns(scenario: &Scenario, assumptions: &Assumptions) -> Result<Returns, Refusal> {
    let assumptions = assumptions.clone();
    let history = || {
        let missing = || Refusal::field_invalid("market.history", "expected a history of returns");
        history(scenario.market.history.as_ref().ok_or_else(missing)?)
    };
    Ok(match (scenario.mode, scenario.market.model) {
        (Mode::Deterministic, _) => Returns::Median(assumptions),
        (Mode::Historical, _) => Returns::Windows(history()?),
        (Mode::MonteCarlo, Model::Normal) => Returns::Random { assumptions, shocks: Shocks::Normal },
        (Mode::MonteCarlo, Model::StudentT { degrees }) => {
            Returns::Random { assumptions, shocks: Shocks::StudentT(degrees) }
        }
        (Mode::MonteCarlo, Model::BlockBootstrap { periods }) => {
            Returns::Blocks { history: history()?, periods: usize::from(periods) }
        }
        (Mode::MonteCarlo, Model::StationaryBootstrap { periods }) => {
            Returns::StationaryBlocks { history: history()?, periods: usize::from(periods) }
        }
    })
}

fn history(told: &api::History) -> Result<MarketHistory, Refusal> {
    let at = |error| named(error, "market.history");
    let date = match &told.date {
        api::DateColumns::Date(column) => plan::DateColumns::Date(column.clone()),
        api::DateColumns::YearAndMonth { year, month } => {
            plan::DateColumns::YearAndMonth { year: year.clone(), month: month.clone() }
        }
    };
    let series = |one: &api::Column| {
        let measure = match one.measure {
            api::Measure::LevelsAtEnd => plan::Measure::LevelsAtEnd,
            api::Measure::LevelsAtStart => plan::Measure::LevelsAtStart,
            api::Measure::Returns => plan::Measure::Returns,
        };
        let columns = plan::SeriesColumns { date: date.clone(), value: one.column.clone(), measure };
        plan::series_of_table(&one.name, &told.csv, &columns).map_err(at)
    };
    let classes = told.classes.iter().map(series).collect::<Result<Vec<_>, _>>()?;
    let frequency = match told.frequency {
        api::Frequency::Yearly => Frequency::Yearly,
        api::Frequency::Monthly => Frequency::Monthly,
    };
    MarketHistory::new(frequency, &classes, &series(&told.prices)?).map_err(at)
}

struct Builder<'a> {
    scenario: &'a Scenario,
    calendar: Calendar<'a>,
    currency: Currency,
    classes: Vec<String>,
}

impl Builder<'_> {
    fn plan(&self) -> Result<Plan, Refusal> {
        let scenario = self.scenario;
        let steps = if scenario.steps == Steps::Monthly { Frequency::Monthly } else { Frequency::Yearly };
        Ok(Plan {
            currency: self.currency,
            steps,
            years: usize::from(scenario.years),
            timing: if scenario.timing == api::Timing::End { plan::Timing::End } else { plan::Timing::Start },
            holdings: self.holdings()?,
            people: self.calendar.people()?,
            retirement: self.calendar.retirement(scenario.retirement)?,
            incomes: scenario.incomes.iter().map(|one| self.income(one)).collect::<Result<_, _>>()?,
            contributions: scenario.contributions.iter().map(|one| self.contribution(one)).collect::<Result<_, _>>()?,
            events: scenario.events.iter().map(|one| self.event(one)).collect::<Result<_, _>>()?,
            phases: scenario.phases.iter().map(|one| self.phase(one)).collect::<Result<_, _>>()?,
            survivor_spending: scenario.survivor_spending.unwrap_or(1.0),
            policy: policy(&scenario.policy),
            allocation: plan::Allocation { glide: self.glide()?, rebalance: rebalance(scenario.rebalance) },
            fees: scenario.fees,
            tax: self.tax(),
            surplus: scenario.surplus.map(wrapper),
        })
    }

    fn settings(&self) -> Result<RunSettings, Refusal> {
        let asked = self.scenario.paths.unwrap_or(PATHS_DEFAULT) as usize;
        if asked > PATHS_MAX {
            let (max, found) = (PATHS_MAX as u64, asked as u64);
            return Err(Refusal::TooMany { field: "paths".to_owned(), max, found });
        }
        if asked == 0 {
            return Err(Refusal::TooFew { field: "paths".to_owned(), min: 1, found: 0 });
        }
        let paths = if self.scenario.mode == Mode::Deterministic { 1 } else { asked };
        let target = self.scenario.target.as_ref().map(|target| self.target(target)).transpose()?;
        let overlays = self.scenario.overlays.iter().map(|one| self.overlay(one)).collect::<Result<_, _>>()?;
        Ok(RunSettings { paths, seed: self.scenario.seed, target, overlays })
    }

    /// The end of the step before a date, and of the year that is counted.
    fn target(&self, target: &api::Target) -> Result<Target, Refusal> {
        let step = self.calendar.step_of("target.at", target.at)?;
        let step = step.checked_sub(1).ok_or_else(|| Refusal::field_invalid("target.at", "expected a later moment"))?;
        Ok(Target { step, amount: target.amount })
    }

    fn place(&self, field: &str, class: &str) -> Result<usize, Refusal> {
        let found = self.classes.iter().position(|known| known == class);
        found.ok_or_else(|| Refusal::NameUnknown { field: field.to_owned(), name: class.to_owned() })
    }

    fn weights(&self, field: &str, given: &BTreeMap<String, f64>) -> Result<Vec<f64>, Refusal> {
        let mut weights = vec![0.0; self.classes.len()];
        for (class, weight) in given {
            if !(0.0..=1.0).contains(weight) {
                return Err(Refusal::out_of_range(&format!("{field}.{class}"), 0, 1, weight));
            }
            let place = self.place(field, class)?;
            weights.get_mut(place).into_iter().for_each(|slot| *slot = *weight);
        }
        let sum: f64 = weights.iter().sum();
        if (sum - 1.0).abs() > 1e-6 {
            return Err(Refusal::WeightsSum { field: field.to_owned(), found: sum.to_string() });
        }
        Ok(weights)
    }

    fn glide(&self) -> Result<Vec<(usize, Vec<f64>)>, Refusal> {
        let scenario = self.scenario;
        match (scenario.weights.is_empty(), scenario.glide.is_empty()) {
            (false, false) => Err(Refusal::field_invalid("glide", "expected weights or a glide path, found both")),
            (false, true) => Ok(vec![(0, self.weights("weights", &scenario.weights)?)]),
            (true, _) => {
                let point = |(place, point): (usize, &api::GlidePoint)| {
                    let field = format!("glide[{place}]");
                    Ok((self.calendar.step_of(&field, point.at)?, self.weights(&field, &point.weights)?))
                };
                scenario.glide.iter().enumerate().map(point).collect()
            }
        }
    }

    fn holdings(&self) -> Result<Vec<Holding>, Refusal> {
        let mut all = Vec::new();
        if let Some(start) = self.scenario.start {
            all.extend(self.split(start)?);
        }
        for (place, one) in self.scenario.holdings.iter().enumerate() {
            let class = self.place(&format!("holdings[{place}].class"), &one.class)?;
            all.push(Holding { wrapper: wrapper(one.wrapper), class, value: one.value, cost: one.cost });
        }
        Ok(all)
    }

    /// A sum by the first weights, without losing a unit.
    fn split(&self, start: Money) -> Result<Vec<Holding>, Refusal> {
        if start.minor() < 0 {
            return Err(Refusal::out_of_range("start", 0, i64::MAX, start.minor()));
        }
        let first = self.glide()?.into_iter().next().map(|(_, weights)| weights);
        let weights = first.ok_or_else(|| Refusal::field_invalid("weights", "expected the weights of the classes"))?;
        let parts: Vec<u64> = weights.iter().map(|weight| (weight * MILLION).round() as u64).collect();
        let sums = kernel::allocate(start.minor(), &parts);
        let sums = sums.ok_or_else(|| Refusal::field_invalid("start", "expected a smaller amount"))?;
        let holding = |(class, minor): (usize, i64)| Holding {
            wrapper: plan::Wrapper::Free,
            class,
            value: Money::new(minor, start.currency()),
            cost: None,
        };
        Ok(sums.into_iter().enumerate().map(holding).collect())
    }

    fn span(&self, field: &str, from: When, until: Option<When>) -> Result<(plan::When, Option<plan::When>), Refusal> {
        let until = until.map(|until| self.calendar.when(field, until)).transpose()?;
        Ok((self.calendar.when(field, from)?, until))
    }

    fn income(&self, one: &api::Income) -> Result<plan::Income, Refusal> {
        let (from, until) = self.span("incomes", one.from, one.until)?;
        Ok(plan::Income {
            amount: one.amount,
            from,
            until,
            indexation: growth(one.growth),
            taxed: one.taxed,
            person: one.person,
            survivor_share: one.survivor_share,
        })
    }

    fn contribution(&self, one: &api::Contribution) -> Result<plan::Contribution, Refusal> {
        let (from, until) = self.span("contributions", one.from, one.until)?;
        let (amount, wrapper) = (one.amount, wrapper(one.wrapper));
        Ok(plan::Contribution { amount, wrapper, from, until, indexation: growth(one.growth) })
    }

    fn event(&self, one: &api::OneTime) -> Result<plan::Event, Refusal> {
        let step = self.calendar.step_of("events", one.at)?;
        Ok(plan::Event { step, amount: one.amount, indexation: growth(one.growth) })
    }

    fn phase(&self, one: &api::Phase) -> Result<plan::Phase, Refusal> {
        Ok(plan::Phase { from: self.calendar.when("phases", one.from)?, spending: one.spending })
    }

    fn tax(&self) -> plan::Tax {
        let told = &self.scenario.tax;
        let rule = |rule: api::TaxRule| match rule {
            api::TaxRule::None => plan::TaxRule::None,
            api::TaxRule::Flat(rate) => plan::TaxRule::Flat(rate),
            api::TaxRule::Bands => plan::TaxRule::Bands,
        };
        let band = |band: &api::Band| plan::Band { above: band.above, rate: band.rate };
        let table = |table: &api::BandTable| plan::BandTable {
            country: table.country.clone(),
            year: table.year,
            bands: table.bands.iter().map(band).collect(),
        };
        let order = match &told.order {
            None => plan::Tax::none().order,
            Some(api::WithdrawalOrder::Proportional) => plan::WithdrawalOrder::Proportional,
            Some(api::WithdrawalOrder::InTurn(order)) => plan::WithdrawalOrder::InTurn(order.map(wrapper)),
        };
        plan::Tax {
            income: rule(told.income),
            taxable: rule(told.taxable),
            deferred: rule(told.deferred),
            bands: told.bands.as_ref().map(table),
            order,
        }
    }

    fn overlay(&self, overlay: &api::Overlay) -> Result<Overlay, Refusal> {
        Ok(match overlay {
            api::Overlay::Crash { year, returns } => {
                let mut by_class = vec![None; self.classes.len()];
                for (class, told) in returns {
                    let place = self.place("overlays", class)?;
                    by_class.get_mut(place).into_iter().for_each(|slot| *slot = Some(*told));
                }
                Overlay::Crash { year: *year, returns: by_class }
            }
            api::Overlay::Flat { year, years, yearly } => Overlay::Flat { year: *year, years: *years, yearly: *yearly },
            api::Overlay::Inflation { year, years, yearly } => {
                Overlay::Inflation { year: *year, years: *years, yearly: *yearly }
            }
            api::Overlay::Shift { yearly } => Overlay::Shift { yearly: *yearly },
        })
    }
}

pub(super) fn wrapper(wrapper: api::Wrapper) -> plan::Wrapper {
    match wrapper {
        api::Wrapper::Taxable => plan::Wrapper::Taxable,
        api::Wrapper::Deferred => plan::Wrapper::Deferred,
        api::Wrapper::Free => plan::Wrapper::Free,
    }
}

fn rebalance(rebalance: api::Rebalance) -> plan::Rebalance {
    match rebalance {
        api::Rebalance::EachStep => plan::Rebalance::EachStep,
        api::Rebalance::Yearly => plan::Rebalance::Yearly,
        api::Rebalance::Never => plan::Rebalance::Never,
    }
}

fn growth(growth: api::Growth) -> plan::Indexation {
    match growth {
        api::Growth::Prices(more) => plan::Indexation::Prices(more),
        api::Growth::Fixed(yearly) => plan::Indexation::Fixed(yearly),
    }
}

fn policy(policy: &api::Policy) -> plan::Policy {
    let base = |rate: Option<f64>| rate.map_or(plan::Base::Phases, plan::Base::Rate);
    match *policy {
        api::Policy::ConstantReal { rate } => plan::Policy::ConstantReal { base: base(rate) },
        api::Policy::PercentOfPortfolio { rate } => plan::Policy::PercentOfPortfolio { rate },
        api::Policy::Guardrails { rate, lower, upper, step, no_cut_years } => {
            let no_cut_years = usize::from(no_cut_years);
            plan::Policy::Guardrails { base: base(rate), lower, upper, step, no_cut_years }
        }
        api::Policy::Amortised { real_return } => plan::Policy::Amortised { real_return },
        api::Policy::FloorAndCeiling { rate, floor, ceiling } => plan::Policy::FloorAndCeiling { rate, floor, ceiling },
    }
}
