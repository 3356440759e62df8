//! The options of `florin bench notifications`.

use clap::Args;

use super::{Output, positive};

#[derive(Debug, Args)]
pub(crate) struct BenchNotifications {
    /// Messages that are accepted and mailed
    #[arg(long, default_value_t = 20_000, value_name = "N", value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub(crate) messages: u32,
    /// Concurrent callers
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_024))]
    pub(crate) in_flight: u32,
    /// Optional messages that wait while codes are sent
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) waiting: u32,
    /// Accepted messages per second
    #[arg(long, value_name = "RATE", value_parser = positive, help_heading = "Goals")]
    pub(crate) accepted_at_least: Option<f64>,
    /// Mails per second to the local sink
    #[arg(long, value_name = "RATE", value_parser = positive, help_heading = "Goals")]
    pub(crate) mails_at_least: Option<f64>,
    /// Rendered messages per second on one core
    #[arg(long, value_name = "RATE", value_parser = positive, help_heading = "Goals")]
    pub(crate) rendered_at_least: Option<f64>,
    /// A code at the sink while others wait, at the 99th percentile
    #[arg(long, value_name = "MS", value_parser = positive, help_heading = "Goals")]
    pub(crate) code_p99_at_most: Option<f64>,
    #[command(flatten)]
    pub(crate) output: Output,
}

pub(super) const EXAMPLES: &str = "\
Renders messages, accepts them in this process, durable, and mails them to a sink on this machine, next to the same mails given
to the same sink without us. Then codes are sent while optional messages wait. Every mail must arrive once, or the run
fails. With storage.database_url (DATABASE_URL) the runs use new databases on that PostgreSQL server.

Examples:
  florin bench notifications --accepted-at-least 2000 --mails-at-least 500 --rendered-at-least 20000 --code-p99-at-most 250
  florin bench notifications --messages 1000 --waiting 1000 --json

Status:
  0  measured, and every goal is reached
  1  a goal was missed, or the work was not done";
