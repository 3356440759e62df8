//! Value at risk and its back-test: asked for by hand, kept with all that they were made from.
//!
//! The mathematics is `quant`'s. A calculation runs away from the threads that answer calls, and its answer does not depend on how
//! many threads it had.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use jiff::civil::Date;
use kernel::{Ctx, Currency, Money};
use platform::db::Tx;
use platform::error::Failure;
use platform::feed::NewEvent;
use quant::QuantError;
use quant::paths::Work;
use quant::risk::{self, Book, Drift, FactorModel, Figure, MonteCarlo, Question, RollingMethod};
use quant::series::History;
use serde_json::json;

use crate::count;
use crate::exposures::{WORD, aligned, exposure_to, factor_of, quant_exposures};
use crate::face::*;
use crate::refuse::refused;
use crate::service::{Begun, Inner};
use crate::store::{EXPOSURES, RUNS};

type FactorsByName = BTreeMap<String, (Factor, quant::series::Factor)>;

/// Rises with every change that can change a bit of an answer.
const VERSION: u32 = 1;
const WINDOW_DAYS: usize = 250;

/// What can lose value, with the histories of its factors.
struct Given {
    exposures: Vec<Exposure>,
    factors: Vec<Factor>,
    /// Nothing without exposures.
    history: Option<History>,
    lacks: Vec<String>,
    /// What is booked, in the reporting currency.
    position: Money,
}

impl Inner {
    pub(crate) async fn value_at_risk(&self, ctx: &Ctx, question: AskValueAtRisk) -> Result<Run, TreasuryError> {
        self.may(ctx, WORD, "run")?;
        let calculated = self.calculated_value(&question).await;
        self.kept(ctx, "ask_value_at_risk", &question, calculated).await
    }

    pub(crate) async fn backtest(&self, ctx: &Ctx, question: AskBacktest) -> Result<Run, TreasuryError> {
        self.may(ctx, WORD, "run")?;
        let calculated = self.calculated_backtest(&question).await;
        self.kept(ctx, "ask_backtest", &question, calculated).await
    }

    pub(crate) async fn run(&self, ctx: &Ctx, id: RunId) -> Result<Run, TreasuryError> {
        self.may(ctx, WORD, "read")?;
        self.run_of(id).await
    }

    async fn run_of(&self, id: RunId) -> Result<Run, TreasuryError> {
        let found: Option<Run> = RUNS.get(&self.db.read().await?, &id.to_string()).await?;
        found.ok_or_else(|| Refusal::RunUnknown { run: id.to_string() }.into())
    }

    async fn kept(
        &self,
        ctx: &Ctx,
        operation: &'static str,
        question: &(impl serde::Serialize + Sync),
        calculated: Result<Run, TreasuryError>,
    ) -> Result<Run, TreasuryError> {
        let change = match self.begin::<RunId>(ctx, operation, question).await? {
            Begun::Again(id) => return self.run_of(id).await,
            Begun::First(change) => change,
        };
        let made = match calculated {
            Ok(run) => {
                RUNS.put(&change.tx, &run.id.to_string(), &run).await?;
                let exceedances = run.backtest.as_ref().map(|backtest| backtest.exceedances.len());
                let told = json!({ "horizon_days": run.horizon_days, "exceedances": exceedances });
                Ok((run.id, vec![NewEvent::new("treasury.risk.calculated", run.id.to_string(), told)]))
            }
            Err(error) => Err(error),
        };
        let id = self.end(change, made).await?;
        self.run_of(id).await
    }

    async fn calculated_value(&self, asked: &AskValueAtRisk) -> Result<Run, TreasuryError> {
        let given = self.given_risk(asked.without_cash).await?;
        let question = Question {
            confidence: asked.confidence.unwrap_or_else(|| self.settings.confidence()),
            horizon_days: asked.horizon_days.unwrap_or(1),
            rule: rule(asked.quantile),
            drift: if asked.drift { Drift::Sample } else { Drift::Zero },
        };
        let window = asked.window_days.unwrap_or(WINDOW_DAYS);
        let history = given.history.as_ref().map(|history| history.last(window));
        let (method, paths) = (asked.method, self.settings.monte_carlo_paths);
        let (exposures, currency) = (given.exposures.clone(), self.reporting);
        let of = history.clone();
        let work = move || match &of {
            Some(history) => figure(&exposures, history, question, method, paths, currency).map(Some),
            None => Ok(None),
        };
        let figure = apart(work).await?;
        let shown = match figure {
            Some(figure) => shown(figure, &given, currency),
            None => nothing(currency),
        };
        if question.horizon_days == 1 && given.position.minor() != 0 {
            count::value_at_risk_ratio(shown.value_at_risk.minor() as f64 / given.position.minor().abs() as f64);
        }
        let used = (question.confidence, question.horizon_days, window);
        Ok(Run { value_at_risk: Some(shown), ..self.empty(given, used, asked.method, history.as_ref()) })
    }

    async fn calculated_backtest(&self, asked: &AskBacktest) -> Result<Run, TreasuryError> {
        let method = match asked.method {
            Method::Historical => RollingMethod::Historical(rule(asked.quantile)),
            Method::Normal => RollingMethod::Normal,
            Method::Weighted(lambda) => RollingMethod::Weighted(lambda),
            Method::MonteCarlo { .. } => {
                let detail =
                    "expected historical, normal or weighted: a simulation of every day of a history is not made";
                return Err(Refusal::field_invalid("method", detail).into());
            }
        };
        let given = self.given_risk(asked.without_cash).await?;
        let confidence = asked.confidence.unwrap_or_else(|| self.settings.confidence());
        let window = asked.window_days.unwrap_or(WINDOW_DAYS);
        let Some(history) = given.history.clone() else {
            return Err(Refusal::TooFew { field: "history".to_owned(), min: window + 1, found: 0 }.into());
        };
        let (exposures, currency, of) = (given.exposures.clone(), self.reporting, history.clone());
        let work = move || {
            let book = Book::new(currency, &quant_exposures(&exposures), of.names())?;
            risk::backtest(&risk::rolling(&book, &of, window, confidence, method)?, confidence)
        };
        let backtest = tested(apart(work).await?);
        count::exceedances(backtest.exceedances.len());
        let run = self.empty(given, (confidence, 1, window), asked.method, Some(&history));
        Ok(Run { backtest: Some(backtest), ..run })
    }

    fn empty(
        &self,
        given: Given,
        (confidence, horizon_days, window_days): (f64, u32, usize),
        method: Method,
        history: Option<&History>,
    ) -> Run {
        let Given { exposures, factors, lacks, .. } = given;
        let day = |pick: fn(&[Date]) -> Option<&Date>| history.and_then(|history| pick(history.dates()).copied());
        Run {
            id: self.ids.make(),
            version: VERSION,
            confidence,
            horizon_days,
            window_days,
            method,
            from: day(|dates| dates.first()).unwrap_or(self.today()),
            to: day(|dates| dates.last()).unwrap_or(self.today()),
            exposures,
            factors,
            lacks,
            value_at_risk: None,
            backtest: None,
            made_at: self.now(),
        }
    }

    async fn given_risk(&self, without_cash: bool) -> Result<Given, TreasuryError> {
        let tx = self.db.read().await?;
        let mut exposures: Vec<Exposure> = EXPOSURES.all(&tx).await?;
        let (positions, _) = self.positions_in(&tx, &PositionQuery::default(), self.reporting).await?;
        let mut known = BTreeMap::new();
        for exposure in &exposures {
            let found = factor_of(&tx, &exposure.factor).await?;
            let found = found.ok_or_else(|| Refusal::FactorUnknown { factor: exposure.factor.clone() })?;
            known.insert(exposure.factor.clone(), found);
        }
        let mut lacks = Vec::new();
        if !without_cash {
            lacks.extend(positions.total.lacks.iter().filter(|lack| lack.starts_with("no rate")).cloned());
            self.add_cash(&tx, &positions, (&mut exposures, &mut known, &mut lacks)).await?;
        }
        let (factors, series): (Vec<Factor>, Vec<_>) = known.into_values().unzip();
        let history = if series.is_empty() { None } else { Some(aligned(&series)?) };
        Ok(Given { exposures, factors, history, lacks, position: positions.total.booked })
    }

    /// Foreign cash is an exposure to its pair with the reporting currency.
    async fn add_cash(
        &self,
        tx: &Tx,
        positions: &Positions,
        (exposures, known, lacks): (&mut Vec<Exposure>, &mut FactorsByName, &mut Vec<String>),
    ) -> Result<(), TreasuryError> {
        for line in &positions.lines {
            let Some(amount) = line.reporting.as_ref().and_then(|converted| converted.booked) else { continue };
            let code = line.group.get("currency").map(String::as_str).unwrap_or_default();
            let factor = format!("{code}/{}", self.reporting.code());
            let found = match known.remove(&factor) {
                Some(found) => Some(found),
                None => factor_of(tx, &factor).await?,
            };
            match found {
                Some(found) => {
                    known.insert(factor.clone(), found);
                    exposures.push(Exposure { name: format!("cash-{}", code.to_lowercase()), factor, amount });
                }
                None => lacks.push(format!("cash in {code}: no history of {factor}")),
            }
        }
        Ok(())
    }
}

/// Away from the threads that answer calls.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, QuantError> + Send + 'static,
) -> Result<T, TreasuryError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "a calculation of risk panicked");
        TreasuryError::from(Failure::Internal)
    })?;
    done.map_err(|error| refused(error, "history"))
}

fn figure(
    exposures: &[Exposure],
    history: &History,
    question: Question,
    method: Method,
    paths: usize,
    currency: Currency,
) -> Result<Figure, QuantError> {
    let book = Book::new(currency, &quant_exposures(exposures), history.names())?;
    match method {
        Method::Historical => risk::historical(&book, history, question),
        Method::Normal => risk::normal(&book, history, question),
        Method::Weighted(lambda) => risk::weighted(&book, history, lambda, question),
        Method::MonteCarlo { paths: asked, seed, shocks } => {
            let drift = match question.drift {
                Drift::Zero => vec![0.0; history.names().len()],
                Drift::Sample => history.means(),
            };
            let shocks = match shocks {
                Shocks::Normal => risk::Shocks::Normal,
                Shocks::StudentT(degrees) => risk::Shocks::StudentT(degrees),
            };
            let model = FactorModel::new(&history.covariance()?, drift, history.kinds().to_vec(), shocks)?;
            let run = MonteCarlo { paths: asked.unwrap_or(paths), horizon_days: question.horizon_days, seed };
            let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
            model.value_at_risk(&book, history.names(), question, &run, Work::on(threads))
        }
    }
}

fn shown(figure: Figure, given: &Given, currency: Currency) -> ValueAtRisk {
    let contributions = figure.contributions.into_iter().map(|one| Contribution {
        exposure: exposure_to(&given.exposures, &one.factor, currency),
        factor: one.factor,
        value_at_risk: one.value_at_risk,
        expected_shortfall: one.expected_shortfall,
    });
    ValueAtRisk {
        value_at_risk: figure.value_at_risk,
        expected_shortfall: figure.expected_shortfall,
        contributions: contributions.collect(),
        standard_errors: figure
            .standard_errors
            .map(|(value_at_risk, expected_shortfall)| StandardErrors { value_at_risk, expected_shortfall }),
        observations: figure.observations,
        repaired: figure.repaired,
    }
}

/// What is not exposed cannot lose anything.
fn nothing(currency: Currency) -> ValueAtRisk {
    let zero = Money::new(0, currency);
    ValueAtRisk {
        value_at_risk: zero,
        expected_shortfall: zero,
        contributions: Vec::new(),
        standard_errors: None,
        observations: 0,
        repaired: None,
    }
}

fn tested(found: risk::Backtest) -> Backtest {
    let test = |test: risk::LikelihoodTest| ChanceTest { ratio: test.ratio, p_value: test.p_value };
    let exceedances = found.exceedances.iter().map(|one| Exceedance {
        date: one.date,
        value_at_risk: one.value_at_risk,
        profit: one.profit,
    });
    Backtest {
        days: found.days,
        expected: found.expected,
        exceedances: exceedances.collect(),
        count: test(found.count),
        independence: found.independence.map(test),
        light: found.light.map(|light| match light {
            risk::Light::Green => Light::Green,
            risk::Light::Yellow => Light::Yellow,
            risk::Light::Red => Light::Red,
        }),
        yellow_from: found.yellow_from,
        red_from: found.red_from,
    }
}

fn rule(rule: QuantileRule) -> quant::QuantileRule {
    match rule {
        QuantileRule::Linear => quant::QuantileRule::Linear,
        QuantileRule::Lower => quant::QuantileRule::Lower,
        QuantileRule::Higher => quant::QuantileRule::Higher,
    }
}
