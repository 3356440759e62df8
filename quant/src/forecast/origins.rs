//! Rolling origins: what a model would have said at each point of the newer part of a series, and how far it was off.

use serde::Serialize;

use super::{Model, Setting};
use crate::error::{QuantError, Result};

/// Values that a fit needs beside two seasons.
const FIT_MIN: usize = 8;
/// Horizons of newer values that are enough.
const HORIZONS_MAX: usize = 2;

/// Where the older part ends that models are fitted to; nothing when too little would be left to judge them by.
pub(super) fn cut(values: usize, setting: &Setting) -> Option<usize> {
    let enough = (HORIZONS_MAX * setting.horizon).max(setting.season).max(12);
    let newer = values.checked_sub(2 * setting.season + FIT_MIN)?.min(enough).min(values * 2 / 5);
    (newer >= 4).then(|| values - newer)
}

/// Errors (what came less what was said) by lead, over all origins from the cut on.
pub(super) fn errors(model: &Model, values: &[f64], cut: usize, horizon: usize) -> Vec<Vec<f64>> {
    let mut errors = vec![Vec::new(); horizon];
    for origin in cut..values.len() {
        let (known, coming) = values.split_at(origin);
        let said = model.forecast(known, horizon.min(coming.len()));
        for ((lead, said), came) in errors.iter_mut().zip(said).zip(coming) {
            lead.push(came - said);
        }
    }
    errors
}

/// The mean over leads of the mean absolute error, in units of the scale.
pub(super) fn scaled(errors: &[Vec<f64>], scale: f64) -> f64 {
    let leads = errors.iter().filter(|lead| !lead.is_empty());
    let means = leads.map(|lead| lead.iter().map(|error| error.abs()).sum::<f64>() / lead.len() as f64);
    let (sum, count) = means.fold((0.0, 0.0), |(sum, count), one| (sum + one, count + 1.0));
    if count > 0.0 { sum / count / scale } else { f64::INFINITY }
}

/// By how many standard errors a method's errors are smaller than another's, origin by origin. Origins within a third of a
/// horizon of each other count as one.
pub(super) fn advantage(errors: &[Vec<f64>], others: &[Vec<f64>], horizon: usize) -> f64 {
    let (errors, others) = (by_origin(errors), by_origin(others));
    let gains: Vec<f64> = others.iter().zip(&errors).map(|(other, one)| other - one).collect();
    let count = gains.len().max(1) as f64;
    let mean = gains.iter().sum::<f64>() / count;
    let variance = gains.iter().map(|gain| (gain - mean) * (gain - mean)).sum::<f64>() / count;
    let independent = (count * 3.0 / horizon.max(3) as f64).max(1.0);
    let error = libm::sqrt(variance / independent);
    if error > 0.0 { mean / error } else { mean.signum() * f64::INFINITY }
}

/// The mean absolute error of each origin, over its leads.
fn by_origin(errors: &[Vec<f64>]) -> Vec<f64> {
    let origins = errors.first().map_or(0, Vec::len);
    let mean = |origin: usize| {
        let sizes = errors.iter().filter_map(|lead| lead.get(origin)).map(|error| error.abs());
        let (sum, count) = sizes.fold((0.0, 0.0), |(sum, count), one| (sum + one, count + 1.0));
        sum / f64::max(count, 1.0)
    };
    (0..origins).map(mean).collect()
}

/// A stored forecast's value beside what came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accounted {
    /// Steps from the forecast to the value, 1 for the next.
    pub lead: usize,
    pub p10: f64,
    pub p50: f64,
    pub p90: f64,
    pub actual: f64,
}

/// How forecasts of one lead did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LeadRecord {
    pub lead: usize,
    pub count: usize,
    /// What came less what was said, on average.
    pub bias: f64,
    pub mean_absolute_error: f64,
    /// The share of what came that lay within P10 to P90.
    pub coverage: f64,
}

/// Forecast against actual, lead by lead.
pub fn by_lead(pairs: &[Accounted]) -> Result<Vec<LeadRecord>> {
    let mut records: Vec<LeadRecord> = Vec::new();
    for (at, pair) in pairs.iter().enumerate() {
        if ![pair.p10, pair.p50, pair.p90, pair.actual].iter().all(|value| value.is_finite()) {
            return Err(QuantError::NotFinite { field: "forecasts", at });
        }
        let place = records.partition_point(|record| record.lead < pair.lead);
        if records.get(place).is_none_or(|record| record.lead != pair.lead) {
            let empty = LeadRecord { lead: pair.lead, count: 0, bias: 0.0, mean_absolute_error: 0.0, coverage: 0.0 };
            records.insert(place, empty);
        }
        if let Some(record) = records.get_mut(place) {
            record.count += 1;
            record.bias += pair.actual - pair.p50;
            record.mean_absolute_error += (pair.actual - pair.p50).abs();
            record.coverage += f64::from(u8::from((pair.p10..=pair.p90).contains(&pair.actual)));
        }
    }
    for record in &mut records {
        let count = record.count as f64;
        record.bias /= count;
        record.mean_absolute_error /= count;
        record.coverage /= count;
    }
    Ok(records)
}
