//! The options of `florin bench interest` and `florin bench transactions`.

use clap::Args;
use clap::builder::RangedU64ValueParser;

use super::{Output, positive};

#[derive(Debug, Args)]
pub(crate) struct BenchInterest {
    /// Accounts, each with a balance
    #[arg(long, default_value_t = 1_000_000, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(100..=2_000_000))]
    pub(crate) accounts: usize,
    /// The end of a day on which nothing is posted
    #[arg(long, value_name = "SECONDS", value_parser = positive, help_heading = "Goals")]
    pub(crate) accrual_at_most: Option<f64>,
    /// The end of a day with a posting to each account
    #[arg(long, value_name = "SECONDS", value_parser = positive, help_heading = "Goals")]
    pub(crate) posting_at_most: Option<f64>,
    /// The process, ledger included
    #[arg(long, value_name = "MB", value_parser = positive, help_heading = "Goals")]
    pub(crate) memory_mb_at_most: Option<f64>,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct BenchTransactions {
    /// Movements in the ledger before the index begins
    #[arg(long, default_value_t = 1_000_000, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1_000..=50_000_000))]
    pub(crate) movements: usize,
    /// Accounts, in turn
    #[arg(long, default_value_t = 10_000, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000_000))]
    pub(crate) accounts: usize,
    /// Movements that the index takes per second
    #[arg(long, value_name = "RATE", value_parser = positive, help_heading = "Goals")]
    pub(crate) index_at_least: Option<f64>,
    /// A page of 50 at the 99th percentile, while the index follows
    #[arg(long, value_name = "MS", value_parser = positive, help_heading = "Goals")]
    pub(crate) page_p99_at_most: Option<f64>,
    #[command(flatten)]
    pub(crate) output: Output,
}

pub(super) const INTEREST_EXAMPLES: &str = "\
Opens accounts in the real ledger and pays into each, then closes two days: one that only accrues, and the last one of a
month, which posts interest to every account. Durable, in this process; every account must be there, or the run fails.
With storage.database_url (DATABASE_URL) the runs use new databases on that PostgreSQL server.

Examples:
  florin bench interest --accrual-at-most 30 --posting-at-most 60 --memory-mb-at-most 1536
  florin bench interest --accounts 10000 --json";

pub(super) const TRANSACTIONS_EXAMPLES: &str = "\
Fills the real ledger, lets the index of movements follow it from the beginning, and reads pages of single accounts while
more arrives. Durable, in this process.

Examples:
  florin bench transactions --index-at-least 20000 --page-p99-at-most 5
  florin bench transactions --movements 10000000 --json";
