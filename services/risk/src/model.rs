//! Models of fraud: how they are trained, judged, kept and run.
//!
//! A model is a set of boosted trees over features of the catalogue. The `forust-ml` crate grows them ([`grow`]); they are kept in a form of
//! our own ([`file`]), checked when they are loaded, and run by code of our own ([`forest`]), which says with each score what moved it.
//!
//! Invariants: nothing learns from a label that was not known when training ended, or from a test row; time splits rows, never
//! chance; the same rows, parameters and seed make the same bytes.
//!
//! Start reading at [`train::train`].

pub(crate) mod curve;
pub(crate) mod dataset;
pub(crate) mod drift;
pub(crate) mod file;
pub(crate) mod forest;
mod grow;
mod judge;
mod logistic;
mod single;
pub(crate) mod threshold;
pub(crate) mod train;

#[cfg(test)]
mod tests;

pub(crate) use grow::grow;
pub(crate) use judge::{Judged, judge};

use crate::features::Row;

/// Gives a probability of fraud, and says what moved it. Trees do; another kind of model could.
pub(crate) trait Scorer: std::fmt::Debug + Send + Sync {
    fn score(&self, row: &Row) -> Scored;
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scored {
    pub(crate) probability: f64,
    /// Place of a feature and its part in the log odds, the weightiest first.
    pub(crate) contributions: Vec<(usize, f64)>,
}

impl Scored {
    /// From 0 to 1000.
    pub(crate) fn points(probability: f64) -> u16 {
        (probability.clamp(0.0, 1.0) * 1_000.0).round() as u16
    }
}

/// The features that models learn from, unless one says otherwise.
pub(crate) const LEARNED: [&str; 67] = [
    "amount",
    "hour",
    "weekday",
    "night",
    "weekend",
    "first_merchant",
    "first_category",
    "first_country",
    "card_count_10m",
    "card_count_1h",
    "card_count_1d",
    "card_count_7d",
    "card_count_30d",
    "card_sum_1h",
    "card_sum_1d",
    "card_sum_7d",
    "card_mean_7d",
    "card_mean_30d",
    "card_max_1d",
    "card_max_30d",
    "card_declines_1d",
    "card_merchants_1h",
    "card_merchants_1d",
    "card_merchants_7d",
    "card_countries_1d",
    "card_countries_7d",
    "card_amount_z_1d",
    "card_amount_z_7d",
    "card_amount_z_30d",
    "card_since_last_s",
    "card_since_other_country_s",
    "card_speed_kmh",
    "account_count_1d",
    "account_cards_7d",
    "merchant_count_10m",
    "merchant_count_1h",
    "merchant_count_1d",
    "merchant_mean_1h",
    "merchant_mean_7d",
    "merchant_cards_10m",
    "merchant_cards_1h",
    "merchant_amount_z_1d",
    "merchant_amount_z_30d",
    "merchant_declines_1h",
    "merchant_fraud_share_1d",
    "merchant_fraud_share_7d",
    "merchant_fraud_share_30d",
    "merchant_fraud_known_7d",
    "terminal_count_1h",
    "terminal_count_1d",
    "terminal_count_7d",
    "terminal_cards_1d",
    "terminal_amount_z_30d",
    "terminal_fraud_share_1d",
    "terminal_fraud_share_7d",
    "terminal_fraud_share_30d",
    "terminal_fraud_known_7d",
    "terminal_fraud_known_30d",
    "device_count_1d",
    "device_count_30d",
    "device_cards_1d",
    "device_cards_30d",
    "device_merchants_7d",
    "device_since_last_s",
    "address_cards_1d",
    "address_count_1h",
    "email_cards_30d",
];
