//! Training: split by time, find parameters inside the training range, learn, and judge on days that were never looked at.

use risk_api::{Costs, Metrics, Parameters, Point, ThresholdLine};

use super::dataset::{Dataset, Rows, Split};
use super::drift::Baseline;
use super::drift::Cut;
use super::file::{ModelFile, Unsound};
use super::forest::Forest;
use super::grow::{NotGrown, grow};
use super::logistic::Logistic;
use super::single::Single;
use super::{Judged, curve, judge, threshold};

const DAY_US: i64 = 86_400_000_000;
/// Labelled rows of training and of test at least.
pub(crate) const ROWS_MIN: usize = 1_000;
/// Fraudulent rows among them at least.
pub(crate) const FRAUD_MIN: usize = 20;
/// The last part of the training range, on which parameters are chosen.
const VALIDATION_PART: f64 = 0.3;
/// Rows on which candidates are grown, and those on which they are judged, at most.
const CHOOSING_ROWS_MAX: usize = 80_000;
/// Rows over which importance and distributions are taken at most.
const SAMPLE_MAX: usize = 20_000;

/// The parameters of a training.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) split: Split,
    pub(crate) seed: u64,
    pub(crate) costs: Costs,
    /// None: they are found.
    pub(crate) parameters: Option<Parameters>,
}

/// A model and everything that is known about how it came about.
#[derive(Debug)]
pub(crate) struct Trained {
    pub(crate) file: ModelFile,
    pub(crate) parameters: Parameters,
    pub(crate) rows_sha256: String,
    pub(crate) train: (u64, u64),
    pub(crate) test: (u64, u64),
    pub(crate) metrics: Metrics,
    pub(crate) nothing: Metrics,
    pub(crate) logistic: Metrics,
    pub(crate) best_rule: Metrics,
    pub(crate) best_rule_text: String,
    pub(crate) thresholds: Vec<ThresholdLine>,
    pub(crate) curve: Vec<Point>,
    pub(crate) importance: Vec<(usize, f64)>,
}

#[derive(Debug, thiserror::Error, PartialEq)]
pub(crate) enum NotTrained {
    #[error("too few rows in the {part} range: {rows}, {fraud} of fraud")]
    TooFew { part: &'static str, rows: u64, fraud: u64 },
    #[error("cancelled")]
    Cancelled,
    #[error(transparent)]
    NotGrown(#[from] NotGrown),
    #[error(transparent)]
    Unsound(#[from] Unsound),
}

/// Told what is done just now and how much of it; whether to go on.
pub(crate) type Watch<'a> = &'a dyn Fn(&str, u64, u64) -> bool;

/// Learns from rows of the training range whose labels were known when the test range begins.
pub(crate) fn train(data: &Dataset, order: &Order, watch: Watch<'_>) -> Result<Trained, NotTrained> {
    let split = order.split;
    let known_by = split.test_from;
    let rows = data.labelled(split.train_from, split.train_to, known_by);
    let test = data.without_known_cards(data.labelled(split.test_from, split.test_to, i64::MAX));
    let train_size = enough("training", data, &rows)?;
    let test_size = enough("test", data, &test)?;
    let parameters = match order.parameters {
        Some(parameters) => parameters,
        None => find_parameters(data, &rows, order, watch)?,
    };
    step(watch, "growing the trees", 1, 3)?;
    let forest = grow(data, &rows, parameters, order.seed)?;
    step(watch, "comparing with rules and regression", 2, 3)?;
    let judged = judged_by(data, &test, |values, _| forest.probability(values));
    let alerts = order.costs.alerts_a_day;
    let logistic = Logistic::fit(data, &rows);
    let logistic = judge(&judged_by(data, &test, |_, row| logistic.probability(data, row)), alerts, true);
    let single = Single::find(data, &rows);
    let best_rule = single.as_ref().map(|single| judge(&single.judged(data, &test), alerts, false)).unwrap_or_default();
    let nothing = judge(&judged_by(data, &test, |_, _| 0.0), 0, true);
    let baseline = baseline(data, &rows, &forest);
    let sample = rows.iter().step_by(rows.len() / SAMPLE_MAX + 1);
    let importance = forest.importance(sample.map(|row| values(data, *row)));
    step(watch, "done", 3, 3)?;
    Ok(Trained {
        parameters,
        rows_sha256: data.sha256(),
        train: train_size,
        test: test_size,
        metrics: judge(&judged, alerts, true),
        nothing,
        logistic,
        best_rule,
        best_rule_text: single.map(|single| single.text()).unwrap_or_default(),
        thresholds: threshold::table(&judged, &order.costs),
        curve: curve::curve(&judged),
        importance,
        file: ModelFile { forest, baseline },
    })
}

fn step(watch: Watch<'_>, what: &str, done: u64, of: u64) -> Result<(), NotTrained> {
    if watch(what, done, of) { Ok(()) } else { Err(NotTrained::Cancelled) }
}

/// Rows, and those of fraud.
fn enough(part: &'static str, data: &Dataset, rows: &Rows) -> Result<(u64, u64), NotTrained> {
    let fraud = data.labels(rows).iter().filter(|label| **label > 0.5).count();
    let (count, found) = (rows.len() as u64, fraud as u64);
    let one_class = fraud < FRAUD_MIN || rows.len() - fraud < FRAUD_MIN;
    if rows.len() < ROWS_MIN || one_class {
        return Err(NotTrained::TooFew { part, rows: count, fraud: found });
    }
    Ok((count, found))
}

/// Candidates of the usual range, each judged on the last part of the training range.
fn find_parameters(data: &Dataset, rows: &Rows, order: &Order, watch: Watch<'_>) -> Result<Parameters, NotTrained> {
    let (from, to) = (order.split.train_from, order.split.train_to);
    let cut = to - ((to - from) as f64 * VALIDATION_PART) as i64;
    let is_before = |row: &&usize| data.meta(**row).is_some_and(|meta| meta.at < cut);
    let (early, late): (Vec<&usize>, Vec<&usize>) = rows.iter().partition(is_before);
    // The newest ones are enough to tell candidates apart.
    let spare = early.len().saturating_sub(CHOOSING_ROWS_MAX);
    let (early, late): (Rows, Rows) =
        (early.into_iter().skip(spare).copied().collect(), late.into_iter().take(CHOOSING_ROWS_MAX).copied().collect());
    let usual = usual_parameters();
    if enough("training", data, &early).is_err() || data.labels(&late).iter().sum::<f64>() < 5.0 {
        return Ok(usual);
    }
    let mut best = (f64::NEG_INFINITY, usual);
    let candidates = candidates();
    for (done, candidate) in candidates.iter().enumerate() {
        step(watch, "choosing parameters", done as u64, candidates.len() as u64)?;
        let forest = grow(data, &early, *candidate, order.seed)?;
        let judged = judged_by(data, &late, |values, _| forest.probability(values));
        let precision = judge(&judged, order.costs.alerts_a_day, true).average_precision;
        if precision > best.0 {
            best = (precision, *candidate);
        }
    }
    Ok(best.1)
}

pub(crate) fn usual_parameters() -> Parameters {
    Parameters { trees: 100, depth: 5, rate: 0.1, l2: 2.0, leaf_weight_min: 1.0, subsample: 0.8, columns: 0.8 }
}

fn candidates() -> Vec<Parameters> {
    let usual = usual_parameters();
    let mut candidates = Vec::new();
    for depth in [3, 4, 6] {
        for (trees, rate) in [(100, 0.1), (200, 0.05)] {
            candidates.push(Parameters { trees, depth, rate, ..usual });
        }
    }
    candidates.push(Parameters { l2: 10.0, leaf_weight_min: 2.0, ..usual });
    candidates.push(usual);
    candidates
}

fn values(data: &Dataset, row: usize) -> Vec<f64> {
    data.columns.iter().map(|column| column.get(row).copied().unwrap_or(f64::NAN)).collect()
}

pub(crate) fn judged_by(data: &Dataset, rows: &[usize], score: impl Fn(&[f64], usize) -> f64) -> Vec<Judged> {
    let judged = |row: &usize| {
        let meta = data.meta(*row)?;
        let fraud = meta.label.is_some_and(|(fraud, _)| fraud);
        let score = score(&values(data, *row), *row);
        Some(Judged { score, fraud, at: meta.at, card: meta.card, amount: meta.amount })
    };
    rows.iter().filter_map(judged).collect()
}

/// The distributions of score and features in training.
fn baseline(data: &Dataset, rows: &Rows, forest: &Forest) -> Baseline {
    let sample: Rows = rows.iter().step_by(rows.len() / SAMPLE_MAX + 1).copied().collect();
    let of = |column: &Vec<f64>| -> Vec<f64> { sample.iter().filter_map(|row| column.get(*row).copied()).collect() };
    let scores: Vec<f64> = sample.iter().map(|row| forest.probability(&values(data, *row))).collect();
    Baseline { score: Cut::of(&scores), features: data.columns.iter().map(|column| Cut::of(&of(column))).collect() }
}

/// The last `test_days` of the range to be judged on, before them `delay_days` of nothing, and the rest to learn from.
pub(crate) fn split(from: i64, to: i64, delay_days: u32, test_days: u32) -> Split {
    let test_from = to - i64::from(test_days) * DAY_US;
    let train_to = test_from - i64::from(delay_days) * DAY_US;
    Split { train_from: from, train_to, test_from, test_to: to }
}
