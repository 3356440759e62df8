//! A logistic regression on what people accepted and dismissed, small enough to be shown: its weights, and what each feature
//! adds to an answer.

use serde::{Deserialize, Serialize};

use crate::error::{Result, at_least, at_most, finite, same_length, within};

/// Answers below which nothing is learnt.
pub const ANSWERS_MIN: usize = 200;
pub const ANSWERS_MAX: usize = 100_000;
pub const FEATURES_MAX: usize = 32;
const ROUNDS_MAX: usize = 500;
/// Pulls weights towards zero, as so many answers would.
const PENALTY: f64 = 1.0;
const TOLERANCE: f64 = 1e-9;

/// The features of something that was proposed, and whether it was accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    pub features: Vec<f64>,
    pub accepted: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    pub names: Vec<String>,
    /// Per deviation of its feature, which makes them comparable.
    pub weights: Vec<f64>,
    pub intercept: f64,
    means: Vec<f64>,
    deviations: Vec<f64>,
    pub answers: usize,
}

/// A score, and what each feature added to its logarithm of odds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    pub chance: f64,
    pub parts: Vec<f64>,
}

/// The order where nothing was learnt yet: the measured effect times how easy it is, from 0 to 1.
pub fn by_effect(effect: f64, ease: f64) -> Result<f64> {
    finite("effect", &[effect])?;
    within("ease", ease, 0.0, 1.0).map(|ease| effect * ease)
}

impl Ranking {
    /// Nothing below 200 answers, or where all are the same.
    pub fn fit(names: &[String], answers: &[Answered]) -> Result<Option<Ranking>> {
        at_least("features", names.len(), 1)?;
        at_most("features", names.len(), FEATURES_MAX)?;
        at_most("answers", answers.len(), ANSWERS_MAX)?;
        for answer in answers {
            same_length("features", names.len(), answer.features.len())?;
            finite("features", &answer.features)?;
        }
        let accepted = answers.iter().filter(|answer| answer.accepted).count();
        if answers.len() < ANSWERS_MIN || accepted == 0 || accepted == answers.len() {
            return Ok(None);
        }
        let (means, deviations) = spread(names.len(), answers);
        let mut ranking = Ranking {
            names: names.to_vec(),
            weights: vec![0.0; names.len()],
            intercept: 0.0,
            means,
            deviations,
            answers: answers.len(),
        };
        let rows: Vec<(Vec<f64>, f64)> = answers
            .iter()
            .map(|answer| (ranking.standard(&answer.features), f64::from(u8::from(answer.accepted))))
            .collect();
        for _ in 0..ROUNDS_MAX {
            if ranking.improve(&rows) < TOLERANCE {
                break;
            }
        }
        Ok(Some(ranking))
    }

    /// One pass of Newton's method, a weight at a time; answers the largest change.
    fn improve(&mut self, rows: &[(Vec<f64>, f64)]) -> f64 {
        let mut largest = 0.0_f64;
        for place in 0..=self.weights.len() {
            let (mut slope, mut curve) = (0.0, 1e-12);
            for (features, accepted) in rows {
                // The intercept counts as a feature that is always one.
                let feature = features.get(place).copied().unwrap_or(1.0);
                let chance = chance(self.log_odds(features));
                slope += (accepted - chance) * feature;
                curve += chance * (1.0 - chance) * feature * feature;
            }
            let step = match self.weights.get_mut(place) {
                Some(weight) => {
                    let step = (slope - PENALTY * *weight) / (curve + PENALTY);
                    *weight += step;
                    step
                }
                None => {
                    self.intercept += slope / curve;
                    slope / curve
                }
            };
            largest = largest.max(step.abs());
        }
        largest
    }

    fn standard(&self, features: &[f64]) -> Vec<f64> {
        let all = features.iter().zip(self.means.iter().zip(&self.deviations));
        all.map(|(value, (mean, deviation))| if *deviation > 0.0 { (value - mean) / deviation } else { 0.0 }).collect()
    }

    fn log_odds(&self, standard: &[f64]) -> f64 {
        self.intercept + crate::matrix::dot(standard, &self.weights)
    }

    pub fn rank(&self, features: &[f64]) -> Result<Ranked> {
        same_length("features", self.names.len(), features.len())?;
        finite("features", features)?;
        let standard = self.standard(features);
        let parts: Vec<f64> = standard.iter().zip(&self.weights).map(|(value, weight)| value * weight).collect();
        let chance = within("chance", chance(self.log_odds(&standard)), 0.0, 1.0)?;
        Ok(Ranked { chance, parts })
    }
}

fn chance(log_odds: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-log_odds.clamp(-500.0, 500.0)))
}

fn spread(features: usize, answers: &[Answered]) -> (Vec<f64>, Vec<f64>) {
    let count = answers.len() as f64;
    let column = |place: usize| answers.iter().filter_map(move |answer| answer.features.get(place).copied());
    let means: Vec<f64> = (0..features).map(|place| column(place).sum::<f64>() / count).collect();
    let deviation = |(place, mean): (usize, &f64)| {
        libm::sqrt(column(place).map(|value| (value - mean) * (value - mean)).sum::<f64>() / count)
    };
    let deviations = means.iter().enumerate().map(deviation).collect();
    (means, deviations)
}
