//! Exponential smoothing in its state space form: error, trend and season, each additive or otherwise, the form chosen by
//! the corrected information criterion of Akaike.

mod fit;

use serde::{Deserialize, Serialize};

use super::seasonality::Seasonality;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    None,
    Additive,
    Damped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Season {
    None,
    Additive,
    Multiplicative,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EtsForm {
    /// Errors in proportion to the value instead of in its unit.
    pub multiplicative_error: bool,
    pub trend: Trend,
    pub season: Season,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ets {
    pub form: EtsForm,
    pub alpha: f64,
    pub beta: f64,
    pub gamma: f64,
    pub phi: f64,
    /// The state before the first value.
    pub level: f64,
    pub slope: f64,
    pub seasonals: Vec<f64>,
    /// Taken out before and put back after, where the season is too long to be smoothed.
    pub adjustment: Option<Seasonality>,
}

#[derive(Debug, Clone)]
struct State {
    level: f64,
    slope: f64,
    /// A ring: the index of the next value stands at `next`.
    seasonals: Vec<f64>,
    next: usize,
}

impl Ets {
    fn neutral(&self) -> f64 {
        f64::from(u8::from(self.form.season == Season::Multiplicative))
    }

    /// Runs through the values, telling `each` what came and what was expected.
    fn run(&self, values: &[f64], mut each: impl FnMut(f64, f64)) -> State {
        let mut state = State { level: self.level, slope: self.slope, seasonals: self.seasonals.clone(), next: 0 };
        let (neutral, has_trend) = (self.neutral(), self.form.trend != Trend::None);
        let beta = if self.alpha > 0.0 { self.beta / self.alpha } else { 0.0 };
        for value in values {
            let carried = if has_trend { self.phi * state.slope } else { 0.0 };
            let base = state.level + carried;
            let index = state.seasonals.get(state.next).copied().unwrap_or(neutral);
            let (expected, adjusted, fresh) = match self.form.season {
                Season::None => (base, *value, neutral),
                Season::Additive => (base + index, value - index, value - base),
                Season::Multiplicative => (base * index, value / index, value / base),
            };
            each(*value, expected);
            let level = base + self.alpha * (adjusted - base);
            if has_trend {
                state.slope = carried + beta * (level - state.level - carried);
            }
            state.level = level;
            if let Some(seasonal) = state.seasonals.get_mut(state.next) {
                *seasonal += self.gamma * (fresh - index);
                state.next += 1;
                if state.next == state.seasonals.len() {
                    state.next = 0;
                }
            }
        }
        state
    }

    pub(super) fn forecast(&self, values: &[f64], horizon: usize) -> Vec<f64> {
        let adjusted = self.adjustment.as_ref().map_or_else(|| values.to_vec(), |one| one.without(values));
        let state = self.run(&adjusted, |_, _| ());
        let (mut carried, mut power) = (0.0, 1.0);
        let ring = state.seasonals.iter().cycle().skip(state.next);
        let mut indices = ring.copied().chain(std::iter::repeat(self.neutral()));
        let mut plain = Vec::with_capacity(horizon);
        for _ in 0..horizon {
            power *= self.phi;
            carried += if self.form.trend == Trend::None { 0.0 } else { power };
            let base = state.level + carried * state.slope;
            let index = indices.next().unwrap_or(self.neutral());
            plain.push(match self.form.season {
                Season::None => base,
                Season::Additive => base + index,
                Season::Multiplicative => base * index,
            });
        }
        match &self.adjustment {
            Some(adjustment) => adjustment.with(plain, values.len()),
            None => plain,
        }
    }
}
