//! The options of `florin bench banking`.

use clap::Args;

use super::{Output, positive};

#[derive(Debug, Args)]
pub(crate) struct BenchBanking {
    /// Transactions in the imported file
    #[arg(long, default_value_t = 1_000_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1_000..=2_000_000))]
    pub(crate) entries: u64,
    /// Transactions in the files for the readers alone
    #[arg(long, default_value_t = 200_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1_000..=400_000))]
    pub(crate) reader_entries: u64,
    /// MB per second of every reader
    #[arg(long, value_name = "RATE", value_parser = positive, help_heading = "Goals")]
    pub(crate) reader_at_least: Option<f64>,
    /// The import
    #[arg(long, value_name = "SECONDS", value_parser = positive, help_heading = "Goals")]
    pub(crate) import_at_most: Option<f64>,
    /// The same entries again, in other bytes
    #[arg(long, value_name = "SECONDS", value_parser = positive, help_heading = "Goals")]
    pub(crate) again_at_most: Option<f64>,
    /// A page of 50 at the 99th percentile
    #[arg(long, value_name = "MS", value_parser = positive, help_heading = "Goals")]
    pub(crate) page_p99_at_most: Option<f64>,
    #[command(flatten)]
    pub(crate) output: Output,
}

pub(super) const EXAMPLES: &str = "\
Reads a file of each format alone, measures the raw limit of the store with rows of the same size, then imports one file
through the room in this process, durable, and the same entries again in other bytes. Every entry must be there once, or
the run fails. With storage.database_url (DATABASE_URL) the runs use new databases on that PostgreSQL server.

Examples:
  florin bench banking --reader-at-least 60 --import-at-most 20 --again-at-most 10 --page-p99-at-most 5
  florin bench banking --entries 100000 --json

Status:
  0  measured, and every goal is reached
  1  a goal was missed, or the work was not done";
