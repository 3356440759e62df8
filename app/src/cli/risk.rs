//! Options of `florin risk` and of simulated traffic.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Subcommand, ValueEnum};
use kernel::Timestamp;

#[derive(Debug, Subcommand)]
pub(crate) enum Risk {
    /// Import labelled history from a file in order of time, with the features of that time
    #[command(after_help = IMPORT_EXAMPLES)]
    Import(RiskImport),
    /// Train a model on the history; it becomes a candidate in the registry
    Train(RiskTrain),
    /// Show the quality of a model, beside flagging nothing, the best single rule and logistic regression
    Report(RiskReport),
    /// Write id, score and every feature of each row of a file as CSV
    Score(RiskScore),
    /// Put the entities of a file on a list
    #[command(after_help = LIST_EXAMPLES)]
    List(RiskList),
    /// Label the subjects of a file as fraud or genuine
    #[command(after_help = LABEL_EXAMPLES)]
    Label(RiskLabel),
}

#[derive(Debug, Args)]
pub(crate) struct RiskImport {
    /// A CSV file with a header, or one JSON object a line; - for standard input
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct RiskTrain {
    /// Start of the range [default: the first row]
    #[arg(long, value_name = "INSTANT")]
    pub(crate) from: Option<Timestamp>,
    /// End of the range, exclusive [default: after the last row]
    #[arg(long, value_name = "INSTANT")]
    pub(crate) to: Option<Timestamp>,
    /// Days left out between training and test, as long as labels take
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u32).range(0..=365))]
    pub(crate) delay_days: u32,
    /// The last days, used to evaluate the model and never to train it
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=365))]
    pub(crate) test_days: u32,
    /// The same seed and rows give the same model
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct RiskReport {
    /// The model's id [default: the newest]
    #[arg(long, value_name = "ID")]
    pub(crate) model: Option<risk_api::ModelId>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RiskScore {
    /// Rows in the format of `florin risk import`; - for standard input
    pub(crate) file: PathBuf,
    /// The model's id [default: the newest; features alone where there is none]
    #[arg(long, value_name = "ID")]
    pub(crate) model: Option<risk_api::ModelId>,
}

#[derive(Debug, Args)]
pub(crate) struct RiskList {
    /// deny, allow or watch
    pub(crate) list: risk_api::ListName,
    /// A CSV file with the columns kind and id; - for standard input
    pub(crate) file: PathBuf,
    /// Shown with each decision that meets an entity of the list
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// [default: never]
    #[arg(long, value_name = "INSTANT")]
    pub(crate) expires_at: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct RiskLabel {
    /// A CSV file with the columns id, verdict (fraud or genuine) and known_at; - for standard input
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateTraffic {
    /// Days of traffic
    #[arg(long, value_name = "DAYS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub(crate) days: u32,
    /// The same seed and days give the same rows
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) seed: u64,
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub(crate) customers: u32,
    /// Midnight of the first day [default: so that the last day was yesterday]
    #[arg(long, value_name = "INSTANT")]
    pub(crate) from: Option<Timestamp>,
    #[arg(long, value_enum, default_value = "json")]
    pub(crate) form: Form,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Form {
    /// One object a line
    Json,
    Csv,
}

#[derive(Debug, Args)]
pub(crate) struct BenchRisk {
    /// Customers of the month of traffic
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = RangedU64ValueParser::<u32>::new().range(100..=100_000))]
    pub(crate) customers: u32,
    /// Seconds of calls to another process
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) seconds: u64,
    /// New cards before that process is restarted
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    pub(crate) cards: u64,
    /// Where the store is created and removed; the figures depend on this disk
    #[arg(long, default_value = ".", value_name = "PATH")]
    pub(crate) dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct BenchFraud {
    /// Seeds of the traffic; these are never used to tune anything
    #[arg(long, value_delimiter = ',', value_name = "N,N,...", default_values_t = [101, 102, 103, 104, 105])]
    pub(crate) seeds: Vec<u64>,
    #[arg(long, value_name = "N", default_value_t = 8_000, value_parser = RangedU64ValueParser::<u32>::new().range(500..=100_000))]
    pub(crate) customers: u32,
}

const IMPORT_EXAMPLES: &str = "\
Examples:
  florin simulate traffic --days 60 --seed 7 | florin risk import -
  florin risk import 2026-01.csv

Columns: id, at, card, merchant, terminal, amount, currency, label (fraud, genuine or nothing), known_at; and kind, account, device,
address, email, category, country, channel, entry_mode, latitude, longitude, zone, declined, which are optional.
No server may run on the data directory meanwhile. A malformed row is reported with its line; the rows before it stay.";

const LIST_EXAMPLES: &str = "\
Example:
  florin risk list deny stolen.csv --reason \"reported stolen\" --expires-at 2027-01-01T00:00:00Z

No server may run on the data directory meanwhile; POST /v1/risk/lists/{list} takes 10,000 entities while one runs.";

const LABEL_EXAMPLES: &str = "\
Example:
  florin risk label disputes-2026-01.csv

The label of a subject that became known last is in force; the others are kept as history.";

pub(super) const TRAFFIC_EXAMPLES: &str = "\
Examples:
  florin simulate traffic --days 60 --seed 7 | florin risk import - && florin risk train --test-days 7 && florin risk report
  florin simulate traffic --days 7 --form csv > week.csv";
