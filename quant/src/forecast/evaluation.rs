//! How good forecasts are on series whose end is held back, beside the seasonal naive.

use serde::Serialize;

use super::accuracy::{mase, mase_scale, smape};
use super::choice::{Fallback, train};
use super::{Method, Setting, baseline};
use crate::error::{Result, at_least};

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    pub method: Method,
    pub fallback: Option<Fallback>,
    /// Nothing where the series repeats itself, so that errors have no scale.
    pub mase: Option<f64>,
    pub baseline_mase: Option<f64>,
    pub smape: f64,
    pub baseline_smape: f64,
    /// The share of held-back values within P10 to P90.
    pub coverage: f64,
}

/// Trains without the last values, as many as the horizon, and holds the forecast against them.
pub fn evaluate(values: &[f64], setting: &Setting) -> Result<Evaluation> {
    setting.check(values)?;
    at_least("values", values.len(), setting.horizon + 1)?;
    let (known, actual) = values.split_at(values.len() - setting.horizon);
    let trained = train(known, setting, None)?;
    let (predicted, fallback) = trained.forecast(known)?;
    let said: Vec<f64> = predicted.iter().map(|one| one.p50).collect();
    let naive = baseline::seasonal_naive(known, setting.season, setting.horizon);
    let scale = mase_scale(known, setting.season);
    let held = predicted.iter().zip(actual).filter(|(one, actual)| (one.p10..=one.p90).contains(actual)).count();
    Ok(Evaluation {
        method: trained.method,
        fallback,
        mase: scale.map(|scale| mase(actual, &said, scale)).transpose()?,
        baseline_mase: scale.map(|scale| mase(actual, &naive, scale)).transpose()?,
        smape: smape(actual, &said)?,
        baseline_smape: smape(actual, &naive)?,
        coverage: held as f64 / actual.len() as f64,
    })
}

/// Means over series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    pub series: usize,
    pub mase: f64,
    pub baseline_mase: f64,
    pub smape: f64,
    pub baseline_smape: f64,
    pub coverage: f64,
}

pub fn summarise(evaluations: &[Evaluation]) -> Result<Summary> {
    at_least("series", evaluations.len(), 1)?;
    let mean = |pick: &dyn Fn(&Evaluation) -> Option<f64>| {
        let (sum, count) =
            evaluations.iter().filter_map(pick).fold((0.0, 0.0), |(sum, count), one| (sum + one, count + 1.0));
        if count > 0.0 { sum / count } else { 0.0 }
    };
    Ok(Summary {
        series: evaluations.len(),
        mase: mean(&|one| one.mase),
        baseline_mase: mean(&|one| one.baseline_mase),
        smape: mean(&|one| Some(one.smape)),
        baseline_smape: mean(&|one| Some(one.baseline_smape)),
        coverage: mean(&|one| Some(one.coverage)),
    })
}
