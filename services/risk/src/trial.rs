//! Training and evaluation on simulated traffic: `florin bench fraud`.

use kernel::Timestamp;
use risk_api::{Costs, Metrics, Parameters, Verdict};

use crate::features::{EntityKey, Rates, feature_index};
use crate::history::Replay;
use crate::model::LEARNED;
use crate::model::dataset::{Dataset, Meta};
use crate::model::train::{NotTrained, Order, Trained, split, train};
use crate::simulate::{Plan, Traffic};

const DAY_US: i64 = 86_400_000_000;
/// Warm features of 30 days, a week to learn, a week of delay, a week to be judged.
const DAYS: u32 = 51;
const WEEK_DAYS: u32 = 7;

/// The result of one seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    pub seed: u64,
    pub rows: u64,
    pub model: Metrics,
    pub logistic: Metrics,
    pub best_rule: Metrics,
    pub best_rule_text: String,
    pub nothing: Metrics,
    pub parameters: Parameters,
}

/// Makes traffic, learns one week of it and is judged on another.
///
/// # Errors
/// A sentence that says why there is no model.
pub fn trial(seed: u64, customers: u32) -> Result<Trial, String> {
    let (data, plan) = history(seed, customers);
    let trained = learn(&data, &plan, seed).map_err(|error| error.to_string())?;
    Ok(Trial {
        seed,
        rows: data.len() as u64,
        model: trained.metrics,
        logistic: trained.logistic,
        best_rule: trained.best_rule,
        best_rule_text: trained.best_rule_text,
        nothing: trained.nothing,
        parameters: trained.parameters,
    })
}

pub(crate) fn plan(seed: u64, customers: u32) -> Plan {
    Plan { days: DAYS, seed, customers, start: Timestamp::from_micros(20_820 * DAY_US) }
}

pub(crate) fn learn(data: &Dataset, plan: &Plan, seed: u64) -> Result<Trained, NotTrained> {
    let to = plan.start.micros() + i64::from(DAYS) * DAY_US;
    let from = to - i64::from(3 * WEEK_DAYS) * DAY_US;
    let order = Order { split: split(from, to, WEEK_DAYS, WEEK_DAYS), seed, costs: Costs::default(), parameters: None };
    train(data, &order, &|_, _, _| true)
}

/// The traffic of a seed with its features, as if it had been imported.
pub(crate) fn history(seed: u64, customers: u32) -> (Dataset, Plan) {
    let plan = plan(seed, customers);
    let mut data = Dataset::new(LEARNED.iter().filter_map(|name| feature_index(name)).collect());
    let mut replay = Replay::new(1_000_000, WEEK_DAYS, Rates::default());
    for swipe in Traffic::new(plan) {
        let subject = replay.subject(&swipe.row.subject);
        let label = swipe.row.label.map(|label| (label.verdict == Verdict::Fraud, label.at.micros()));
        let row = replay.observe(&subject, false, label);
        let card: Option<EntityKey> = subject.key(risk_api::EntityKind::Card);
        data.push(&row, Meta { at: subject.at, card, amount: subject.amount(), label });
    }
    (data, plan)
}
