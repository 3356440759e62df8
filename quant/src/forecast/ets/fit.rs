//! Parameters by maximum likelihood, and the choice among forms.

use super::super::seasonality::Seasonality;
use super::super::simplex::{Axis, minimise};
use super::{Ets, EtsForm, Season, Trend};

/// A longer season is taken out beforehand: it would have more states than most series have values for.
const SMOOTHED_SEASON_MAX: usize = 24;
const SMALL: f64 = 1e-4;
const LARGE: f64 = 1.0 - 1e-4;
const PHI: (f64, f64) = (0.8, 0.98);
/// Values that tell the first level and slope.
const START_VALUES: usize = 10;

impl Ets {
    pub(in super::super) fn fit(values: &[f64], season: usize) -> Ets {
        let long = season > SMOOTHED_SEASON_MAX;
        let adjustment = if long { Seasonality::detect(values, season) } else { None };
        let adjusted = adjustment.as_ref().map_or_else(|| values.to_vec(), |one| one.without(values));
        let season = if long { 1 } else { season };
        let fitted =
            forms(&adjusted, season).into_iter().filter_map(|form| Fit::new(form, &adjusted, season)?.search());
        let best = fitted.min_by(|one, other| one.0.total_cmp(&other.0));
        let ets = best.map_or_else(|| Ets::flat(&adjusted), |(_, ets)| ets);
        Ets { adjustment, ..ets }
    }

    /// What is left when nothing can be estimated: the last value.
    fn flat(values: &[f64]) -> Ets {
        let form = EtsForm { multiplicative_error: false, trend: Trend::None, season: Season::None };
        let level = values.first().copied().unwrap_or(0.0);
        Ets {
            form,
            alpha: LARGE,
            beta: 0.0,
            gamma: 0.0,
            phi: 1.0,
            level,
            slope: 0.0,
            seasonals: vec![],
            adjustment: None,
        }
    }
}

/// Multiplicative parts need values above zero; an additive error with a multiplicative season is not stable.
fn forms(values: &[f64], season: usize) -> Vec<EtsForm> {
    let positive = values.iter().all(|value| *value > 0.0);
    let seasonal = season > 1 && values.len() >= 2 * season;
    let mut forms = Vec::new();
    for multiplicative_error in [false, true] {
        for trend in [Trend::None, Trend::Additive, Trend::Damped] {
            for season in [Season::None, Season::Additive, Season::Multiplicative] {
                let possible = (positive || !multiplicative_error)
                    && (seasonal || season == Season::None)
                    && (multiplicative_error || season != Season::Multiplicative);
                if possible {
                    forms.push(EtsForm { multiplicative_error, trend, season });
                }
            }
        }
    }
    forms
}

/// A form with where its search begins.
struct Fit<'a> {
    start: Ets,
    values: &'a [f64],
    spread: f64,
}

impl Fit<'_> {
    fn new(form: EtsForm, values: &[f64], season: usize) -> Option<Fit<'_>> {
        let seasonality = match form.season {
            Season::None => None,
            Season::Additive => Some(Seasonality::of(values, season, false)?),
            Season::Multiplicative => Some(Seasonality::of(values, season, true)?),
        };
        let adjusted = seasonality.as_ref().map_or_else(|| values.to_vec(), |one| one.without(values));
        let first: Vec<f64> = adjusted.iter().copied().take(START_VALUES.max(season)).collect();
        let (level, slope) = line(&first);
        let (level, slope) = if form.trend == Trend::None { (mean(&first), 0.0) } else { (level, slope) };
        let spread = values.iter().fold(0.0_f64, |most, value| most.max((value - level).abs()));
        let damped = form.trend == Trend::Damped;
        let start = Ets {
            form,
            alpha: if season > 1 { 0.2 } else { 0.4 },
            beta: if form.trend == Trend::None { 0.0 } else { 0.1 },
            gamma: if seasonality.is_some() { 0.1 } else { 0.0 },
            phi: if damped { 0.95 } else { 1.0 },
            level,
            slope,
            seasonals: seasonality.map_or_else(Vec::new, |one| one.indices),
            adjustment: None,
        };
        let fit = Fit { start, values, spread };
        (values.len() > fit.parameters() + 2).then_some(fit)
    }

    /// Smoothing parameters, states and the variance, as the criterion counts them.
    fn parameters(&self) -> usize {
        let trend = match self.start.form.trend {
            Trend::None => 0,
            Trend::Additive => 2,
            Trend::Damped => 3,
        };
        let season = if self.start.seasonals.is_empty() { 0 } else { self.start.seasonals.len() };
        3 + trend + season
    }

    /// The criterion's value and the model, unless no parameters make sense.
    fn search(&self) -> Option<(f64, Ets)> {
        let best = self.at(&minimise(&self.axes(), &|point| likelihood(&self.at(point), self.values)));
        let likelihood = likelihood(&best, self.values);
        let (count, parameters) = (self.values.len() as f64, self.parameters() as f64);
        let correction = 2.0 * parameters * (parameters + 1.0) / (count - parameters - 1.0);
        likelihood.is_finite().then_some((likelihood + 2.0 * parameters + correction, best))
    }

    /// Shares of their bounds, so that beta stays below alpha and gamma below 1 - alpha.
    fn axes(&self) -> Vec<Axis> {
        let start = &self.start;
        let share = |start: f64| Axis { start, step: 0.1, min: SMALL, max: LARGE };
        let (low, high) = (start.level - 2.0 * self.spread, start.level + 2.0 * self.spread);
        let mut axes =
            vec![share(start.alpha), Axis { start: start.level, step: self.spread / 5.0, min: low, max: high }];
        if start.form.trend != Trend::None {
            let most = self.spread.max(start.slope.abs());
            axes.push(share(0.1));
            axes.push(Axis { start: start.slope, step: most / 20.0, min: -most, max: most });
        }
        if start.form.trend == Trend::Damped {
            axes.push(Axis { start: start.phi, step: 0.05, min: PHI.0, max: PHI.1 });
        }
        if !start.seasonals.is_empty() {
            axes.push(share(0.1));
        }
        axes
    }

    fn at(&self, point: &[f64]) -> Ets {
        let mut point = point.iter().copied();
        let mut next = || point.next().unwrap_or(f64::NAN);
        let mut ets = self.start.clone();
        ets.alpha = next();
        ets.level = next();
        if ets.form.trend != Trend::None {
            ets.beta = ets.alpha * next();
            ets.slope = next();
        }
        if ets.form.trend == Trend::Damped {
            ets.phi = next();
        }
        if !ets.seasonals.is_empty() {
            ets.gamma = (1.0 - ets.alpha) * next();
        }
        ets
    }
}

/// Minus twice the log likelihood, without its constant.
fn likelihood(ets: &Ets, values: &[f64]) -> f64 {
    let (mut squares, mut sizes) = (0.0, 0.0);
    let relative = ets.form.multiplicative_error;
    let mut product = 1.0_f64;
    ets.run(values, |value, expected| {
        let error = if relative { (value - expected) / expected } else { value - expected };
        squares += if relative && expected <= 0.0 { f64::INFINITY } else { error * error };
        if relative {
            // A logarithm of a product costs less than many logarithms.
            product *= expected.abs();
            if !(1e-200..1e200).contains(&product) {
                sizes += libm::log(product);
                product = 1.0;
            }
        }
    });
    let count = values.len() as f64;
    // A perfect fit would be infinitely likely.
    let least = values.iter().map(|value| value * value).sum::<f64>() * 1e-20 + f64::MIN_POSITIVE;
    let floor = if relative { 1e-20 } else { least };
    count * libm::log(squares.max(floor)) + 2.0 * (sizes + libm::log(product))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The line through values, as what it is before the first of them, and its slope.
fn line(values: &[f64]) -> (f64, f64) {
    let middle = (values.len() as f64 + 1.0) / 2.0;
    let centre = mean(values);
    let (mut over, mut under) = (0.0, 0.0);
    for (place, value) in values.iter().enumerate() {
        let moved = place as f64 + 1.0 - middle;
        over += moved * (value - centre);
        under += moved * moved;
    }
    let slope = if under > 0.0 { over / under } else { 0.0 };
    (centre - slope * middle, slope)
}
