//! The settings of treasury: `settings.toml`, its bounds, and the struct that it is read into.

use jiff::tz::TimeZone;
use kernel::Currency;
use platform::config;
use platform::jobs::Schedule;
use serde::Deserialize;

pub(crate) const SETTINGS: config::Settings = config::Settings {
    text: include_str!("../settings.toml"),
    ranges: &[("stale_hours", 1..=720), ("training_batch", 1..=5_000), ("monte_carlo_paths", 1_000..=1_000_000)],
    texts: &[
        ("reporting_currency", |code| Currency::iso(code).map(drop).map_err(|error| error.to_string())),
        ("zone", |zone| match TimeZone::get(zone) {
            Ok(_) => Ok(()),
            Err(_) => Err("is not the name of a time zone such as Europe/Berlin".to_owned()),
        }),
        ("training_schedule", |text| {
            Schedule::parse(&format!("{text} UTC")).map(drop).map_err(|error| error.to_string())
        }),
        ("var_confidence", |text| match confidence(text) {
            Some(_) => Ok(()),
            None => Err("expected a number above 0.5 and below 1, such as 0.95".to_owned()),
        }),
    ],
    together: |_| Ok(()),
};

fn confidence(text: &str) -> Option<f64> {
    let read: f64 = text.trim().parse().ok()?;
    (quant::risk::CONFIDENCE_MIN..=quant::risk::CONFIDENCE_MAX).contains(&read).then_some(read)
}

/// The section `[treasury]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub reporting_currency: String,
    pub zone: String,
    pub stale_hours: i64,
    pub training_schedule: String,
    pub training_batch: usize,
    pub var_confidence: String,
    pub monte_carlo_paths: usize,
}

impl Settings {
    /// Checked when the settings were read.
    pub(crate) fn confidence(&self) -> f64 {
        confidence(&self.var_confidence).unwrap_or(0.95)
    }
}
