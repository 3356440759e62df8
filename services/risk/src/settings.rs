//! The settings of risk: `settings.toml`, ranges, and the struct.

use platform::config::{self, Given};
use serde::Deserialize;

use crate::decide::Thresholds;
use crate::engine::EngineConfig;
use crate::features::Rates;

pub(crate) const SETTINGS: config::Settings = config::Settings {
    text: include_str!("../settings.toml"),
    ranges: &[
        ("entities_max", 1_000..=50_000_000),
        ("label_delay_days", 0..=60),
        ("queue_max", 100..=1_000_000),
        ("remembered_max", 1_000..=10_000_000),
        ("write_every_ms", 1..=1_000),
        ("review_from", 1..=1_000),
        ("decline_from", 1..=1_000),
        ("model_max_us", 100..=100_000),
        ("champion_margin", 0..=1_000),
        ("case_escalate_hours", 1..=8_760),
        ("rule_band", 2..=1_000),
    ],
    texts: &[("rates", rates)],
    together,
};

/// The section `[risk]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub entities_max: usize,
    pub label_delay_days: u32,
    pub rates: String,
    pub queue_max: usize,
    pub remembered_max: usize,
    pub write_every_ms: u64,
    pub review_from: u16,
    pub decline_from: u16,
    pub model_max_us: u64,
    pub champion_margin: u32,
    pub case_escalate_hours: u32,
    pub rule_band: u32,
    pub decision_events: bool,
}

impl Default for Settings {
    /// Those of the file.
    fn default() -> Settings {
        let table: toml::Table = SETTINGS.text.parse().unwrap_or_default();
        let section = table.get("risk").cloned().unwrap_or(toml::Value::Table(toml::Table::new()));
        section.try_into().expect("the file of settings holds every key; a test reads it")
    }
}

impl Settings {
    pub(crate) fn engine(&self) -> EngineConfig {
        EngineConfig {
            entities_max: self.entities_max,
            label_delay_days: self.label_delay_days,
            queue_max: self.queue_max,
            remembered_max: self.remembered_max,
            // Checked when the settings were read.
            rates: Rates::parse(&self.rates).unwrap_or_default(),
            thresholds: Thresholds { review_from: self.review_from, decline_from: self.decline_from },
        }
    }
}

fn rates(given: &str) -> Result<(), String> {
    Rates::parse(given).map(drop)
}

fn together(given: &Given<'_>) -> Result<(), (&'static str, String)> {
    if given.int("review_from") > given.int("decline_from") {
        return Err(("review_from", "expected a score that is not above decline_from".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use platform::config::{Config, Sources};

    use super::*;

    fn with(key: &str, value: &str) -> Result<Settings, String> {
        let variables = vec![(format!("FLORIN__RISK__{}", key.to_uppercase()), value.to_owned())];
        let sources = Sources { rooms: vec![crate::ROOM.section()], variables, ..Sources::default() };
        let config = Config::load(&sources).map_err(|error| error.to_string())?;
        config.section("risk").map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_those_of_the_file() {
        let read = with("queue_max", "50000").unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", Settings::default()));
    }

    #[test]
    fn settings_are_checked() {
        for (key, value, words) in [
            ("entities_max", "10", "expected 1000 to"),
            ("rates", "EUR=free", "expected CODE=RATE"),
            ("review_from", "900", "not above decline_from"),
        ] {
            let sentence = with(key, value).expect_err(key);
            assert!(sentence.contains(words), "{sentence}");
        }
        assert!(with("rates", "EUR=1.08,GBP=1.27").is_ok());
    }
}
