//! The options of `florin bench authorize`.

use clap::Args;
use clap::builder::RangedU64ValueParser;

use super::{Output, positive};

#[derive(Debug, Args)]
pub(crate) struct BenchAuthorize {
    /// Concurrent requests, each on a connection of its own; several numbers mean several runs
    #[arg(long, value_delimiter = ',', value_name = "N,N,...", default_values_t = [1, 64, 256], value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    pub(crate) in_flight: Vec<usize>,
    /// Over ISO 8583 instead of HTTP: what is in flight is spread over 16 connections
    #[arg(long)]
    pub(crate) iso8583: bool,
    /// Cards, each with an account of its own
    #[arg(long, default_value_t = 2_000, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(2..=1_000_000))]
    pub(crate) cards: usize,
    /// Length of the measured part of each run
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) seconds: u64,
    #[arg(long, default_value_t = 2, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=600))]
    pub(crate) warm_up_seconds: u64,
    /// Approved payments per second, in every run
    #[arg(long, value_name = "RATE", value_parser = positive, help_heading = "Goals")]
    pub(crate) at_least: Option<f64>,
    /// The 99th percentile of a payment, in every run
    #[arg(long, value_name = "MS", value_parser = positive, help_heading = "Goals")]
    pub(crate) p99_at_most: Option<f64>,
    /// The median of a payment, in every run
    #[arg(long, value_name = "MS", value_parser = positive, help_heading = "Goals")]
    pub(crate) p50_at_most: Option<f64>,
    #[command(flatten)]
    pub(crate) output: Output,
}

pub(super) const EXAMPLES: &str = "\
Starts `florin serve` as a separate process on a free port of this machine, with its own store, and pays with its cards over
HTTP: token, access, vault, limits, risk, hold and event are all there. What was approved must be held in the ledger, to
the smallest unit, or the run fails. Prints the processor time of each payment by thread, how long its stages take, the commits
of each lane and calls to each service with their sizes, and beside them transfers of the ledger alone under the same load. With
storage.database_url (DATABASE_URL) the runs use new databases on that PostgreSQL server.

Examples:
  florin bench authorize
  florin bench authorize --in-flight 256 --at-least 10000 --p99-at-most 100
  florin bench authorize --in-flight 1 --p50-at-most 2
  florin bench authorize --iso8583 --in-flight 4096 --at-least 12000
  florin bench authorize --cards 1000000 --in-flight 256 --json

Status:
  0  measured, and every goal is reached
  1  a goal was missed, or the work was not done";
