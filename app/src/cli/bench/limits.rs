//! The options of `florin bench limits`.

use clap::Args;
use clap::builder::RangedU64ValueParser;

use super::{Output, positive};

#[derive(Debug, Args)]
pub(crate) struct BenchLimits {
    /// Concurrent requests
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    pub(crate) in_flight: usize,
    /// Accounts to transfer between
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(2..=1_000_000))]
    pub(crate) accounts: usize,
    /// Pairs of runs, in alternating order
    #[arg(long, default_value_t = 6, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) pairs: u32,
    /// Length of the measured part of each run
    #[arg(long, default_value_t = 5, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) seconds: u64,
    /// The median ratio with limits, in percent of the server without them
    #[arg(long, value_name = "PERCENT", value_parser = positive, help_heading = "Goals")]
    pub(crate) ratio_at_least: Option<f64>,
    #[command(flatten)]
    pub(crate) output: Output,
}

pub(super) const EXAMPLES: &str = "\
Starts two servers as separate processes, each with its own store, one of them with rate limits, and measures transfers
over HTTP to both alternately. With limits.redis_url (REDIS_URL) the second one shares its counts there. What was
acknowledged must be in the books, or the run fails.

Examples:
  florin bench limits --ratio-at-least 97
  REDIS_URL=redis://127.0.0.1:6379 florin bench limits --ratio-at-least 90

Status:
  0  measured, and every goal is reached
  1  a goal was missed, or the work was not done";
