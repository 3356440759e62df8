//! Training: methods compete over rolling origins, the best one is fitted to everything, and guards watch what it says.

use serde::{Deserialize, Serialize};

use super::accuracy::mase_scale;
use super::bands::Bands;
use super::{Method, Model, Setting, origins};
use crate::error::{Result, at_least};

/// A challenger has to be better by this share, and by so many standard errors: over a dozen overlapping origins, one of
/// five methods is always better by some percent, and by that alone the choice would be worse than none.
const CHALLENGE: f64 = 0.02;
const CHALLENGE_ERRORS: f64 = 3.0;
/// Forecasts stay within this many ranges of the history.
const GUARD_RANGES: f64 = 3.0;
/// From this share of zeros on, a series is intermittent.
const INTERMITTENT: f64 = 0.4;

/// Why the best method was not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// Under two seasons, or too little to judge by.
    TooShort,
    Constant,
    /// The model said something that is no number.
    NotFinite,
    /// The model left three ranges of the history behind.
    Explosion,
}

/// A method's error over the rolling origins, in units of the seasonal naive's within the older part.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    pub method: Method,
    pub mase: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    pub method: Method,
    pub model: Model,
    pub setting: Setting,
    /// All that competed, the one that was there before first; empty when there was no choice.
    pub scores: Vec<Score>,
    pub baseline: Option<f64>,
    pub bands: Bands,
    pub fallback: Option<Fallback>,
    /// How many values it was fitted to.
    pub fitted_to: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Predicted {
    pub p10: f64,
    pub p50: f64,
    pub p90: f64,
}

/// Fits a series. `champion` is the method in use, which a challenger has to beat by 2 %.
pub fn train(values: &[f64], setting: &Setting, champion: Option<Method>) -> Result<Trained> {
    setting.check(values)?;
    let constant = values.iter().all(|value| Some(value) == values.first());
    if constant {
        return Ok(plain(values, setting, Fallback::Constant));
    }
    let Some(cut) = origins::cut(values.len(), setting) else {
        return Ok(plain(values, setting, Fallback::TooShort));
    };
    let older = values.get(..cut).unwrap_or_default();
    let Some(scale) = mase_scale(older, setting.season).or_else(|| mase_scale(values, 1)) else {
        return Ok(plain(values, setting, Fallback::Constant));
    };
    let mut methods = candidates(values, setting);
    if let Some(place) = methods.iter().position(|method| Some(*method) == champion) {
        methods.swap(0, place);
    }
    let judged: Vec<Judged> = methods
        .iter()
        .map(|method| {
            let model = Model::fit(*method, older, setting);
            let errors = origins::errors(&model, values, cut, setting.horizon);
            (Score { method: *method, mase: origins::scaled(&errors, scale) }, errors)
        })
        .collect();
    let scores: Vec<Score> = judged.iter().map(|(score, _)| *score).collect();
    let (score, errors) = winner(judged, setting.horizon)?;
    let method = score.method;
    let trained = Trained {
        method,
        model: Model::fit(method, values, setting),
        setting: setting.clone(),
        baseline: scores.iter().find(|score| score.method == Method::SeasonalNaive).map(|score| score.mase),
        scores,
        bands: Bands::new(&errors, scale),
        fallback: None,
        fitted_to: values.len(),
    };
    let said = trained.model.forecast(values, setting.horizon);
    Ok(match Guard::of(values).broken(&said) {
        Some(fallback) => plain(values, setting, fallback),
        None => trained,
    })
}

/// The default first, the baseline last.
fn candidates(values: &[f64], setting: &Setting) -> Vec<Method> {
    let zeros = values.iter().filter(|value| **value == 0.0).count() as f64 / values.len() as f64;
    if setting.daily.is_some() {
        vec![Method::Daily, Method::Mean, Method::SeasonalNaive]
    } else if zeros >= INTERMITTENT {
        vec![Method::Tsb, Method::Mean, Method::SeasonalNaive]
    } else {
        vec![Method::ThetaEts, Method::Theta, Method::Ets, Method::Drift, Method::SeasonalNaive]
    }
}

type Judged = (Score, Vec<Vec<f64>>);

/// The first, unless others are better than it by the challenge; then the best of those.
fn winner(mut judged: Vec<Judged>, horizon: usize) -> Result<Judged> {
    at_least("methods", judged.len(), 1)?;
    let first = judged.remove(0);
    let better = judged.into_iter().filter(|(score, errors)| {
        let enough = score.mase < first.0.mase * (1.0 - CHALLENGE);
        enough && origins::advantage(errors, &first.1, horizon) > CHALLENGE_ERRORS
    });
    Ok(better.min_by(|one, other| one.0.mase.total_cmp(&other.0.mase)).unwrap_or(first))
}

/// The seasonal naive, or the mean of a series shorter than a season.
fn plain(values: &[f64], setting: &Setting, fallback: Fallback) -> Trained {
    let method = if values.len() >= setting.season { Method::SeasonalNaive } else { Method::Mean };
    let model = Model::fit(method, values, setting);
    let centre = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let spread = values.iter().map(|value| (value - centre).abs()).sum::<f64>() / values.len().max(1) as f64;
    let width = mase_scale(values, setting.season).unwrap_or(spread) * 1.6;
    let season = setting.season.max(1);
    // The seasonal naive is as uncertain as the seasons ahead are many.
    let half_widths = (0..setting.horizon).map(|step| width * libm::sqrt((step / season + 1) as f64)).collect();
    Trained {
        method,
        model,
        setting: setting.clone(),
        scores: Vec::new(),
        baseline: None,
        bands: Bands { half_widths },
        fallback: Some(fallback),
        fitted_to: values.len(),
    }
}

impl Trained {
    /// The values after `values`: the series that it was trained on, or the same with more at its end.
    pub fn forecast(&self, values: &[f64]) -> Result<(Vec<Predicted>, Option<Fallback>)> {
        self.setting.check(values)?;
        let guard = Guard::of(values);
        let horizon = self.setting.horizon;
        let said = self.model.forecast(values, horizon);
        let broken = guard.broken(&said);
        let said = match broken {
            Some(_) => Model::SeasonalNaive { season: self.setting.season }.forecast(values, horizon),
            None => said,
        };
        let predicted = said.iter().enumerate().map(|(step, p50)| {
            let half = self.bands.half_width(step);
            Predicted { p10: guard.hold(p50 - half), p50: *p50, p90: guard.hold(p50 + half) }
        });
        Ok((predicted.collect(), broken.or(self.fallback)))
    }
}

/// The bounds that a history gives what follows it.
struct Guard {
    low: f64,
    high: f64,
}

impl Guard {
    fn of(values: &[f64]) -> Guard {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let room = GUARD_RANGES * (high - low);
        Guard { low: low - room, high: high + room }
    }

    fn hold(&self, value: f64) -> f64 {
        value.clamp(self.low, self.high)
    }

    fn broken(&self, said: &[f64]) -> Option<Fallback> {
        if said.iter().any(|value| !value.is_finite()) {
            return Some(Fallback::NotFinite);
        }
        said.iter().any(|value| !(self.low..=self.high).contains(value)).then_some(Fallback::Explosion)
    }
}
