//! `florin bench risk` and `florin bench fraud`: how fast risk is, and how good a model of it becomes.

mod process;
mod stored;

use std::sync::Arc;

use kernel::{Clock, SystemClock};
use risk::{Trial, trial};
use risk_api::Metrics;

use super::store::Stores;
use crate::cli::{BenchFraud, BenchRisk};
use crate::failure::Failure;

/// Without a store first, then in another process with one.
pub(super) async fn risk(stores: &Stores<'_>, options: &BenchRisk) -> Result<(), Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let tell = |(what, unit, figure): risk::Figure| println!("{what:<52} {figure:>14.2} {unit}");
    tokio::task::block_in_place(|| risk::bench(&clock, options.customers, tell)).map_err(Failure::new)?;
    stored::stored(stores, &clock, options.seconds, options.cards, tell).await
}

/// Trains on one week and evaluates another, for each seed; the median counts.
pub(super) fn fraud(options: &BenchFraud) -> Result<(), Failure> {
    let mut trials = Vec::new();
    for seed in &options.seeds {
        let found = trial(*seed, options.customers).map_err(Failure::new)?;
        println!("seed {seed}: {} rows, best rule {}", found.rows, found.best_rule_text);
        for (name, metrics) in [
            ("model", &found.model),
            ("logistic", &found.logistic),
            ("best rule", &found.best_rule),
            ("nothing", &found.nothing),
        ] {
            println!("  {}", line(name, metrics));
        }
        trials.push(found);
    }
    verdict(&trials)
}

fn line(name: &str, metrics: &Metrics) -> String {
    format!(
        "{name:<10} AUC {:.3}  average precision {:.3}  cards at 100 {:.3} of {:.3}  accuracy {:.4}",
        metrics.auc,
        metrics.average_precision,
        metrics.card_precision_100,
        metrics.card_precision_100_oracle,
        metrics.accuracy
    )
}

fn median(trials: &[Trial], of: impl Fn(&Trial) -> f64) -> f64 {
    let mut values: Vec<f64> = trials.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Goals of a model that is worth its place. One that finds almost everything has seen a label, or the traffic is too easy.
fn verdict(trials: &[Trial]) -> Result<(), Failure> {
    let auc = median(trials, |trial| trial.model.auc);
    let precision = median(trials, |trial| trial.model.average_precision);
    let ahead = median(trials, |trial| trial.model.average_precision - trial.logistic.average_precision);
    let cards =
        median(trials, |trial| trial.model.card_precision_100 / trial.model.card_precision_100_oracle.max(1e-9));
    println!(
        "median: AUC {auc:.3}, average precision {precision:.3} ({ahead:+.3} against regression), cards {:.0} % of the oracle's",
        100.0 * cards
    );
    let missed: Vec<String> = [
        ("AUC of at least 0.885", auc >= 0.885),
        ("AUC of at most 0.99: a label leaks, or the traffic is too easy", auc <= 0.99),
        ("average precision of at least 0.66", precision >= 0.66),
        ("average precision 0.03 above regression", ahead >= 0.03),
        ("72 % of the oracle's cards", cards >= 0.72),
    ]
    .into_iter()
    .filter(|(_, is_met)| !is_met)
    .map(|(goal, _)| goal.to_owned())
    .collect();
    if missed.is_empty() { Ok(()) } else { Err(Failure::new(format!("missed: {}", missed.join("; ")))) }
}
