//! Monitoring: outcomes, drift, hit rates of rules, and the quality of decisions once labels are known.
//!
//! Gauges that depend on labels are absent until there are enough of them: a zero would raise alarms.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kernel::Timestamp;
use platform::telemetry::Metric;
use risk_api::{Decided, ModelId, SubjectKind, Verdict};

use crate::engine::{LiveModel, Record};
use crate::model::drift::Seen;
use crate::model::judge;
use crate::registry::judged;
use crate::service::Inner;
use crate::store::{decisions, labels};

pub(crate) const METRICS: &[Metric] = &[
    Metric::counter("fraud_detections_total", &["outcome"], "decisions"),
    Metric::counter("fraud_alerts_total", &["severity"], "cases opened, late cases and unusual rules"),
    Metric::histogram("risk_decide_seconds", &[], "time of a decision"),
    Metric::counter("risk_degraded_total", &["why"], "decisions taken without a part of what they usually look at"),
    Metric::counter("risk_rule_hits_total", &["rule"], "decisions that a rule matched"),
    Metric::gauge(
        "fraud_model_psi",
        &["feature"],
        "how far a feature has drifted from the training data (stability index)",
    ),
    Metric::gauge("fraud_detection_accuracy", &[], "share of right decisions among the labelled ones of 30 days")
        .in_unit("percent"),
    Metric::gauge("fraud_detection_model_accuracy", &[], "share of right scores of the model in use").in_unit("ratio"),
    Metric::gauge("fraud_model_auc", &[], "area under the curve of the model in use").in_unit("ratio"),
    Metric::gauge("fraud_model_average_precision", &[], "average precision of the model in use").in_unit("ratio"),
    Metric::gauge("risk_entities", &[], "entities that have counters in memory").in_unit("entities"),
    Metric::gauge("risk_waiting", &[], "records that wait to be written").in_unit("records"),
];

/// Labels in 30 days before anything is said about accuracy.
pub(crate) const LABELS_MIN: usize = 1_000;
pub(crate) const RIPENED_DAYS: i64 = 30;
const DAY_US: i64 = 86_400_000_000;
const PAGE: usize = 1_000;
/// Labelled decisions that the figures are taken over.
const RIPENED_MAX: usize = 200_000;
/// Decisions of an hour before a rule's rate means something, and hours before there is a band.
const RATE_DECISIONS_MIN: u64 = 1_000;
const RATE_HOURS_MIN: u32 = 24;
/// Hits of a rule that are usual in an hour, below which chance alone makes its rate vary.
const RATE_HITS_MIN: f64 = 20.0;

#[derive(Debug, Default)]
pub(crate) struct Watch(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    drift: HashMap<SubjectKind, Drift>,
    rates: HashMap<Box<str>, Rate>,
    /// Decisions of the current hour.
    decisions: u64,
    hour: i64,
}

/// Since a model is champion, or since the process began.
#[derive(Debug)]
struct Drift {
    model: ModelId,
    score: Seen,
    features: Vec<Seen>,
}

/// The hit rate of a rule.
#[derive(Debug, Default)]
struct Rate {
    hits: u64,
    /// Share of decisions, over the hours before; the newest counts a hundredth.
    usual: f64,
    hours: u32,
}

impl Watch {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn decided(&self, decided: Decided) -> Decided {
        if let Decided::Assessed(assessment) = &decided {
            metrics::counter!("fraud_detections_total", "outcome" => assessment.outcome.name()).increment(1);
            metrics::histogram!("risk_decide_seconds").record(f64::from(assessment.micros) / 1e6);
            for why in &assessment.degraded {
                metrics::counter!("risk_degraded_total", "why" => why.name()).increment(1);
            }
        }
        decided
    }

    pub(crate) fn opened(&self, cases: usize) {
        if cases > 0 {
            metrics::counter!("fraud_alerts_total", "severity" => "info").increment(cases as u64);
        }
    }

    /// Off the path of a decision: what its record says of drift and rules.
    pub(crate) fn recorded(&self, record: &Record, champion: Option<&LiveModel>, band: f64) {
        let mut state = self.state();
        for rule in state.turn_hour(record.decided_at, band) {
            tracing::warn!(rule, "a rule hits much more or less often than usual");
            metrics::counter!("fraud_alerts_total", "severity" => "warning").increment(1);
        }
        state.decisions += 1;
        for rule in record.detail.rules.iter().filter(|rule| rule.hit) {
            metrics::counter!("risk_rule_hits_total", "rule" => rule.rule.clone()).increment(1);
            state.rates.entry(rule.rule.as_str().into()).or_default().hits += 1;
        }
        let Some(model) = champion.filter(|model| record.detail.model == Some(model.id)) else { return };
        let Some(probability) = record.detail.probability else { return };
        let baseline = &model.file.baseline;
        let fresh = || Drift {
            model: model.id,
            score: Seen::default(),
            features: vec![Seen::default(); baseline.features.len()],
        };
        let drift = state.drift.entry(record.kind).or_insert_with(fresh);
        if drift.model != model.id {
            *drift = fresh();
        }
        drift.score.add(&baseline.score, probability);
        for ((seen, cut), place) in drift.features.iter_mut().zip(&baseline.features).zip(&model.file.forest.places) {
            seen.add(cut, record.row.get(*place).unwrap_or(f64::NAN));
        }
    }

    /// Index of the score and of each feature, the largest first; nothing until a thousand were scored.
    pub(crate) fn drift(&self, kind: SubjectKind, champion: &LiveModel) -> Vec<(String, f64)> {
        let state = self.state();
        let Some(drift) = state.drift.get(&kind).filter(|drift| drift.model == champion.id) else { return Vec::new() };
        let baseline = &champion.file.baseline;
        let score = baseline.score.psi(&drift.score).map(|psi| ("score".to_owned(), psi));
        let names = crate::features::catalogue::names();
        let features = drift.features.iter().zip(&baseline.features).zip(&champion.file.forest.places);
        let features =
            features.filter_map(|((seen, cut), place)| Some((names.get(*place).cloned().flatten()?, cut.psi(seen)?)));
        let mut all: Vec<_> = score.into_iter().chain(features).collect();
        all.sort_by(|one, other| other.1.total_cmp(&one.1));
        all
    }
}

impl State {
    /// At the end of an hour each rule's rate is compared with that of earlier hours; returns the rules that left their band.
    fn turn_hour(&mut self, now: Timestamp, band: f64) -> Vec<String> {
        let mut left = Vec::new();
        let hour = now.micros().div_euclid(DAY_US / 24);
        if hour == self.hour {
            return left;
        }
        if self.decisions >= RATE_DECISIONS_MIN {
            for (rule, rate) in &mut self.rates {
                let share = rate.hits as f64 / self.decisions as f64;
                let expected = rate.usual * self.decisions as f64;
                let is_out = share > rate.usual * band || share < rate.usual / band;
                if rate.hours >= RATE_HOURS_MIN && expected >= RATE_HITS_MIN && is_out {
                    left.push(rule.to_string());
                }
                let weight = 1.0 / f64::from(rate.hours.min(99) + 1);
                rate.usual += (share - rate.usual) * weight;
                rate.hours += 1;
            }
        }
        self.rates.values_mut().for_each(|rate| rate.hits = 0);
        (self.decisions, self.hour) = (0, hour);
        left
    }
}

/// Labelled decisions of the last 30 days with their label; the figures that depend on them.
#[derive(Debug, Default)]
pub(crate) struct Ripened {
    pub(crate) judged: Vec<crate::model::Judged>,
    labelled: usize,
    right: usize,
}

pub(crate) async fn ripened(inner: &Inner, kind: SubjectKind) -> Result<Ripened, platform::db::DbError> {
    let since = inner.clock.now().micros() - RIPENED_DAYS * DAY_US;
    let champion = inner.engine.live().of(kind).champion.as_ref().map(|champion| champion.id);
    let tx = inner.db.read().await?;
    let (mut found, mut last) = (Ripened::default(), 0);
    while found.labelled < RIPENED_MAX {
        let page = labels::holding(&tx, last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last = end.number;
        for label in page {
            let Some(decided) = decisions::by_id(&tx, &label.subject).await? else { continue };
            if decided.subject.kind != kind || decided.decided_at.micros() < since {
                continue;
            }
            found.labelled += 1;
            let fraud = label.record.verdict == Verdict::Fraud;
            found.right += usize::from(fraud == decided.outcome.is_decline());
            if let Some(probability) = decided.detail.probability.filter(|_| decided.detail.model == champion) {
                found.judged.push(judged(&decided, &label, probability));
            }
        }
    }
    Ok(found)
}

/// Sets the gauges that ripen with labels, and those of drift.
pub(crate) async fn measure(inner: &Inner) -> Result<(), platform::db::DbError> {
    let kind = crate::training::USUAL_KIND;
    if let Some(champion) = &inner.engine.live().of(kind).champion {
        for (feature, psi) in inner.watch.drift(kind, champion) {
            metrics::gauge!("fraud_model_psi", "feature" => feature).set(psi);
        }
    }
    let found = ripened(inner, kind).await?;
    if found.labelled >= LABELS_MIN {
        let share = found.right as f64 / found.labelled as f64;
        metrics::gauge!("fraud_detection_accuracy").set(100.0 * share);
    }
    if found.judged.len() >= LABELS_MIN {
        let figures = judge(&found.judged, risk_api::Costs::default().alerts_a_day, true);
        metrics::gauge!("fraud_detection_model_accuracy").set(figures.accuracy);
        metrics::gauge!("fraud_model_auc").set(figures.auc);
        metrics::gauge!("fraud_model_average_precision").set(figures.average_precision);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An hour of 2,000 decisions in which a rule hit this often.
    fn hour(state: &mut State, number: i64, hits: u64) -> Vec<String> {
        state.decisions = 2_000;
        state.rates.entry("large".into()).or_default().hits = hits;
        state.turn_hour(Timestamp::from_micros(number * DAY_US / 24), 4.0)
    }

    #[test]
    fn a_rule_that_leaves_its_band_is_reported() {
        let mut state = State::default();
        for number in 1..=30 {
            assert_eq!(hour(&mut state, number, 40), Vec::<String>::new(), "hour {number}");
        }
        assert_eq!(hour(&mut state, 31, 170), ["large"]);
        assert_eq!(hour(&mut state, 32, 40), Vec::<String>::new());
        assert_eq!(hour(&mut state, 33, 5), ["large"]);
    }

    #[test]
    fn a_rule_without_enough_hours_has_no_band() {
        let mut state = State::default();
        hour(&mut state, 1, 40);
        assert_eq!(hour(&mut state, 2, 2_000), Vec::<String>::new());
    }
}
