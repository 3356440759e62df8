//! The options of `florin bench payments`.

use clap::Args;
use clap::builder::RangedU64ValueParser;

use super::{Output, positive};

#[derive(Debug, Args)]
pub(crate) struct BenchPayments {
    /// Concurrent requests, each on a connection of its own; several numbers mean several runs
    #[arg(long, value_delimiter = ',', value_name = "N,N,...", default_values_t = [64, 256], value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    pub(crate) in_flight: Vec<usize>,
    /// Accounts that pay each other
    #[arg(long, default_value_t = 2_000, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(2..=1_000_000))]
    pub(crate) accounts: usize,
    /// Length of the measured part of each run
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) seconds: u64,
    #[arg(long, default_value_t = 2, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=600))]
    pub(crate) warm_up_seconds: u64,
    /// Settled payments per second, in every run
    #[arg(long, value_name = "RATE", value_parser = positive, help_heading = "Goals")]
    pub(crate) at_least: Option<f64>,
    /// The 99th percentile of a payment, in every run
    #[arg(long, value_name = "MS", value_parser = positive, help_heading = "Goals")]
    pub(crate) p99_at_most: Option<f64>,
    #[command(flatten)]
    pub(crate) output: Output,
}

pub(super) const EXAMPLES: &str = "\
Starts `florin serve` as a separate process on a free port of this machine, with its own store, and makes payments over HTTP
with a token, each under its own idempotency key. Every payment must be settled, and what was paid must be in the ledger to
the smallest unit, or the run fails. Beside each run: transfers of the ledger alone under the same load. With
storage.database_url (DATABASE_URL) the runs use new databases on that PostgreSQL server.

Examples:
  florin bench payments
  florin bench payments --in-flight 64,256 --at-least 3000 --p99-at-most 150

Status:
  0  measured, and every goal is reached
  1  a goal was missed, or the work was not done";
