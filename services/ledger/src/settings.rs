//! The ledger's settings: `settings.toml`, its bounds, and the struct that it is read into.

use platform::config;
use platform::crypto::Erasures;
use platform::lease::Standing;
use serde::Deserialize;

use crate::LedgerConfig;

pub(crate) const SETTINGS: config::Settings = config::Settings {
    text: include_str!("../settings.toml"),
    ranges: &[
        ("batch_max", 1..=10_000),
        ("queue_max", 1..=1_000_000),
        ("clock_behind_max_ms", 0..=3_600_000),
        ("rollup_accounts_max", 1..=1_000_000),
        ("accounts_cached_max", 1_000..=100_000_000),
        ("write_behind_accounts", 0..=100_000_000),
        ("idempotency_days", 1..=3_650),
    ],
    texts: &[],
    together: |given| {
        if given.int("queue_max") < given.int("batch_max") {
            return Err(("queue_max", "is smaller than ledger.batch_max, so a commit could never be full".to_owned()));
        }
        Ok(())
    },
};

/// The section `[ledger]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub batch_max: usize,
    pub queue_max: usize,
    pub clock_behind_max_ms: u64,
    pub rollup_accounts_max: usize,
    pub accounts_cached_max: usize,
    pub write_behind_accounts: usize,
    pub idempotency_days: u32,
}

impl Settings {
    pub fn config(&self, standing: Standing, erasures: Erasures) -> LedgerConfig {
        LedgerConfig {
            batch_max: self.batch_max,
            queue_max: self.queue_max,
            clock_behind_max_ms: self.clock_behind_max_ms,
            rollup_accounts_max: self.rollup_accounts_max,
            accounts_cached_max: self.accounts_cached_max,
            write_behind_accounts: self.write_behind_accounts,
            idempotency_days: i64::from(self.idempotency_days),
            standing,
            erasures: Some(erasures),
            ..LedgerConfig::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use platform::config::{Config, Sources};

    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<Config, String> {
        let variable = |(name, value): &(&str, &str)| (format!("FLORIN__LEDGER__{name}"), (*value).to_owned());
        let variables = variables.iter().map(variable).collect();
        let sources = Sources { rooms: vec![crate::ROOM.section()], variables, ..Sources::default() };
        Config::load(&sources).map_err(|error| error.to_string())
    }

    #[test]
    fn the_default_settings_match_the_struct() {
        let read = config(&[])
            .unwrap()
            .section::<Settings>("ledger")
            .unwrap()
            .config(Standing::alone(), Erasures::at(Path::new("erasures")));
        let LedgerConfig { batch_max, queue_max, clock_behind_max_ms, rollup_accounts_max, .. } =
            LedgerConfig::default();
        assert_eq!((read.batch_max, read.queue_max), (batch_max, queue_max));
        assert_eq!((read.clock_behind_max_ms, read.rollup_accounts_max), (clock_behind_max_ms, rollup_accounts_max));
        let LedgerConfig { accounts_cached_max, write_behind_accounts, idempotency_days, .. } = LedgerConfig::default();
        assert_eq!(read.accounts_cached_max, accounts_cached_max);
        assert_eq!((read.write_behind_accounts, read.idempotency_days), (write_behind_accounts, idempotency_days));
    }

    #[test]
    fn a_queue_must_hold_at_least_one_commit() {
        let refused = config(&[("QUEUE_MAX", "10")]).unwrap_err();
        assert!(refused.contains("ledger.queue_max") && refused.contains("smaller than ledger.batch_max"), "{refused}");
    }
}
