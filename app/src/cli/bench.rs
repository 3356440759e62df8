//! The options of `florin bench`: one mode per subject, and the goals.

mod accounts;
mod authorize;
mod banking;
mod limits;
mod notifications;
mod payments;
mod values;

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Subcommand, ValueEnum};

use super::risk::{BenchFraud, BenchRisk};

pub(crate) use accounts::{BenchInterest, BenchTransactions};
pub(crate) use authorize::BenchAuthorize;
pub(crate) use banking::BenchBanking;
pub(crate) use limits::BenchLimits;
pub(crate) use notifications::BenchNotifications;
pub(crate) use payments::BenchPayments;
pub(crate) use values::{Against, Over};

use values::positive;

#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Transfers between accounts, durable, checked afterwards
    #[command(after_help = LEDGER_EXAMPLES)]
    Ledger(BenchLedger),
    /// The cost of a ledger in another process against one in the same process, alternating under the same load
    #[command(after_help = SPLIT_EXAMPLES)]
    Split(BenchSplit),
    /// Past balances and statement pages of one long account, while others write
    #[command(after_help = HISTORY_EXAMPLES)]
    History(BenchHistory),
    /// Tokens for programs, logins of users, token checks, and a login storm during transfers
    #[command(after_help = IDENTITY_EXAMPLES)]
    Identity(BenchIdentity),
    /// Decisions, rules, features, models, imports and backtests, in this process and in another
    Risk(BenchRisk),
    /// Model quality on simulated traffic, beside rules and regression
    Fraud(BenchFraud),
    /// Readers of statement files, and an import of a million transactions, twice
    #[command(after_help = banking::EXAMPLES)]
    Banking(BenchBanking),
    /// Payments by card over HTTP, durable, checked against the ledger
    #[command(after_help = authorize::EXAMPLES)]
    Authorize(BenchAuthorize),
    /// Payments between accounts over HTTP, durable, checked against the ledger
    #[command(after_help = payments::EXAMPLES)]
    Payments(BenchPayments),
    /// The end of a day: interest of a million accounts, accrued and posted
    #[command(after_help = accounts::INTEREST_EXAMPLES)]
    Interest(BenchInterest),
    /// The index of movements: how fast it follows the ledger, and pages meanwhile
    #[command(after_help = accounts::TRANSACTIONS_EXAMPLES)]
    Transactions(BenchTransactions),
    /// What rate limits cost, in pairs with a server that has none
    #[command(after_help = limits::EXAMPLES)]
    Limits(BenchLimits),
    /// Messages rendered, accepted and mailed to a sink, and codes while others wait
    #[command(after_help = notifications::EXAMPLES)]
    Notifications(BenchNotifications),
}

#[derive(Debug, Args)]
pub(crate) struct BenchLedger {
    /// Call the ledger in this process, or over HTTP in a separate process
    #[arg(long, value_enum, default_value = "process")]
    pub(crate) over: Over,
    /// Concurrent requests; several numbers mean several runs [default: 1,16,64,256,1024; only 1024 with --against or
    /// --steady]
    #[arg(long, value_delimiter = ',', value_name = "N,N,...", value_parser = RangedU64ValueParser::<usize>::new().range(1..=100_000))]
    pub(crate) in_flight: Vec<usize>,
    /// Transfers per request
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    pub(crate) batch: usize,
    /// Accounts to transfer between
    #[arg(long, default_value_t = 10_000, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(2..=1_000_000))]
    pub(crate) accounts: usize,
    /// Pay every transfer into the same account
    #[arg(long)]
    pub(crate) hot: bool,
    /// Random ids instead of time-ordered ones
    #[arg(long)]
    pub(crate) random_ids: bool,
    /// Transfers already in the store before the measurement
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=100_000_000))]
    pub(crate) stored: u64,
    /// Alternate with another load or store and print the ratio: empty, ordered, uniform or accounts=N
    ///
    /// empty: the same on a store without --stored transfers, new for each pair. ordered: the same with time-ordered
    /// ids, in a store filled with such. uniform: the same without --hot. accounts=N: the same between N accounts.
    /// Unless the other store has to be empty, both are created once and grow with each pair.
    #[arg(long, value_name = "WHAT")]
    pub(crate) against: Option<Against>,
    /// Pairs of runs, in alternating order
    #[arg(long, default_value_t = 1, value_name = "N", requires = "against", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) pairs: u32,
    /// Length of the measured part of each run
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) seconds: u64,
    #[arg(long, default_value_t = 2, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=600))]
    pub(crate) warm_up_seconds: u64,
    /// Length of the run that measures the raw limit; none with --against
    #[arg(long, default_value_t = 3, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) raw_seconds: u64,
    #[command(flatten)]
    pub(crate) goals: LedgerGoals,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Goals; if one is missed, the command exits with status 1 after printing its figures.
#[derive(Debug, Args)]
#[command(next_help_heading = "Goals")]
pub(crate) struct LedgerGoals {
    /// Transfers per second, in every run, or in every run of the first side of pairs
    #[arg(long, value_name = "RATE", value_parser = positive)]
    pub(crate) at_least: Option<f64>,
    /// The median ratio of the pairs, in percent of the other side
    #[arg(long, value_name = "PERCENT", requires = "against", value_parser = positive)]
    pub(crate) ratio_at_least: Option<f64>,
    /// Transfers in the last third of the measured time, in percent of those in the first third
    #[arg(long, value_name = "PERCENT", conflicts_with = "against", value_parser = positive)]
    pub(crate) steady: Option<f64>,
    /// The longest commit, from reading its commands to their replies; in process only
    #[arg(long, value_name = "MS", value_parser = positive)]
    pub(crate) commit_at_most: Option<f64>,
    /// Size of the store's files divided by its transfers; SQLite only
    #[arg(long, value_name = "BYTES", value_parser = positive)]
    pub(crate) bytes_at_most: Option<f64>,
}

#[derive(Debug, Args)]
pub(crate) struct BenchSplit {
    /// Concurrent calls; several numbers are measured one after another
    #[arg(long, value_delimiter = ',', value_name = "N,N,...", default_value = "1,64,256", value_parser = RangedU64ValueParser::<usize>::new().range(1..=100_000))]
    pub(crate) in_flight: Vec<usize>,
    /// Transfers per call
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    pub(crate) batch: usize,
    /// Accounts to transfer between
    #[arg(long, default_value_t = 10_000, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(2..=1_000_000))]
    pub(crate) accounts: usize,
    /// Connections between the two processes [default: rpc.connections]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=64))]
    pub(crate) connections: Option<usize>,
    /// Pairs of runs for each number of calls, in alternating order
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) pairs: u32,
    /// Length of each measured part
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) seconds: u64,
    #[arg(long, default_value_t = 2, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=600))]
    pub(crate) warm_up_seconds: u64,
    /// Exit with status 1 if the remote ledger's throughput is less than this share of the local one's, in the median
    /// of the pairs, for any number of calls
    #[arg(long, value_name = "PERCENT", value_parser = positive, help_heading = "Goals")]
    pub(crate) ratio_at_least: Option<f64>,
    /// Exit with status 1 if a remote call takes longer than this at the 99th percentile, in any run
    #[arg(long, value_name = "MS", value_parser = positive, help_heading = "Goals")]
    pub(crate) p99_at_most: Option<f64>,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct BenchHistory {
    /// Rows of the measured account
    #[arg(long, default_value_t = 1_000_000, value_name = "N", value_parser = clap::value_parser!(u64).range(200..=100_000_000))]
    pub(crate) entries: u64,
    /// Share of its rows whose effective time is before their record time
    #[arg(long, default_value_t = 5, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(0..=100))]
    pub(crate) late_percent: u32,
    /// Accounts on the other side of its rows
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(2..=1_000_000))]
    pub(crate) accounts: usize,
    /// Transfers per second written meanwhile, half of them to the measured account; 0 writes none
    #[arg(long, default_value_t = 2_000, value_name = "RATE", value_parser = clap::value_parser!(u64).range(0..=100_000))]
    pub(crate) writes_per_second: u64,
    /// Concurrent queries
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=256))]
    pub(crate) readers: usize,
    /// Length of the measured part for each of the four queries
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) seconds: u64,
    /// Warm-up time of each query
    #[arg(long, default_value_t = 2, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=600))]
    pub(crate) warm_up_seconds: u64,
    /// Exit with status 1 if a balance or page by record time takes longer than this at the 99th percentile
    #[arg(long, value_name = "MS", value_parser = positive, help_heading = "Goals")]
    pub(crate) p99_at_most: Option<f64>,
    /// The same by event time
    #[arg(long, value_name = "MS", value_parser = positive, help_heading = "Goals")]
    pub(crate) event_p99_at_most: Option<f64>,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct BenchIdentity {
    /// Parts to measure [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PART,PART,...")]
    pub(crate) only: Vec<IdentityPart>,
    /// Programs that request tokens, and callers that send transfers, at the same time
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000))]
    pub(crate) in_flight: usize,
    /// Users who log in at the same time
    #[arg(long, default_value_t = 32, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=200))]
    pub(crate) logins_in_flight: usize,
    /// Transfers per second with and without the storm
    #[arg(long, default_value_t = 2_000, value_name = "RATE", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) transfers_per_second: u64,
    /// Accounts to transfer between
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(2..=100_000))]
    pub(crate) accounts: usize,
    /// Pairs of runs, alone and in the storm, in alternating order
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) pairs: u32,
    /// Length of each measured part
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) seconds: u64,
    #[arg(long, default_value_t = 2, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=600))]
    pub(crate) warm_up_seconds: u64,
    /// Length of the run that measures how many passwords an otherwise idle core can check
    #[arg(long, default_value_t = 3, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) raw_seconds: u64,
    /// Exit with status 1 if the server issues fewer tokens for programs per second of core time
    #[arg(long, value_name = "RATE", value_parser = positive, help_heading = "Goals")]
    pub(crate) grants_at_least: Option<f64>,
    /// The same for logins of users
    #[arg(long, value_name = "RATE", value_parser = positive, help_heading = "Goals")]
    pub(crate) logins_at_least: Option<f64>,
    /// Exit with status 1 if checking a cached token takes longer on average
    #[arg(long, value_name = "US", value_parser = positive, help_heading = "Goals")]
    pub(crate) check_at_most: Option<f64>,
    /// The same for a policy decision
    #[arg(long, value_name = "US", value_parser = positive, help_heading = "Goals")]
    pub(crate) decision_at_most: Option<f64>,
    /// Exit with status 1 if the 99th percentile of a transfer in the storm is higher than this, in percent of the one
    /// without, in the median of the pairs
    #[arg(long, value_name = "PERCENT", value_parser = positive, help_heading = "Goals")]
    pub(crate) storm_at_most: Option<f64>,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// What `florin bench identity` can measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum IdentityPart {
    Checks,
    Grants,
    Logins,
    Storm,
}

#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Where the runs' stores are created and removed; the figures depend on this disk
    #[arg(long, default_value = ".", value_name = "PATH")]
    pub(crate) dir: PathBuf,
    /// Print one JSON document instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// Draw the measurements
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) plot: Option<PathBuf>,
}

const LEDGER_EXAMPLES: &str = "\
Every run has its own store, removed afterwards; the configured books are not touched. With storage.database_url
(DATABASE_URL) the runs use new databases on that PostgreSQL server. What was acknowledged must be in the books, row
by row and in the sums, or the run fails.

Examples:
  florin bench ledger                                     1 to 1,024 in flight, in process
  florin bench ledger --in-flight 1024 --at-least 80000
  florin bench ledger --batch 1000 --in-flight 4 --at-least 120000
  florin bench ledger --over http --in-flight 256 --at-least 15000
  florin bench ledger --over http --in-flight 4 --batch 1000 --at-least 60000
  florin bench ledger --over http --in-flight 16 --at-least 5000
  florin bench ledger --hot --against uniform --pairs 6 --ratio-at-least 90
  florin bench ledger --stored 10000000 --against empty --pairs 6 --ratio-at-least 70
  florin bench ledger --stored 10000000 --random-ids --against ordered --pairs 6 --ratio-at-least 50
  florin bench ledger --accounts 1000000 --against accounts=10000 --pairs 6 --ratio-at-least 50
  florin bench ledger --seconds 600 --steady 90 --commit-at-most 100 --bytes-at-most 300 --plot run.svg
  florin bench ledger --json > figures.json

Status:
  0  measured, and every goal is reached
  1  a goal was missed, or the work was not done";

const SPLIT_EXAMPLES: &str = "\
Starts `florin serve ledger` as a separate process on free ports of this machine, with its own store and a secret
made for it, and calls it as the edge does; also a ledger in this process, on a store of the same kind. Both are
measured alternately, with the same load, durable. What was acknowledged must be in the books, row by row and in the sums,
or the run fails. With storage.database_url (DATABASE_URL) both use new databases on that PostgreSQL server.

Examples:
  florin bench split                                      at 1, 64 and 256 calls in flight
  florin bench split --in-flight 256 --pairs 6 --ratio-at-least 50
  florin bench split --batch 100 --in-flight 16 --connections 8
  florin bench split --json --plot split.svg > split.json

Status:
  0  measured, and every goal is reached
  1  a goal was missed, or the work was not done";

const HISTORY_EXAMPLES: &str = "\
Fills a separate store with one long account, then queries its balance as of random instants and pages of 50 rows
at random places, by record time and by event time, while transfers are written at a fixed rate. Every reply is checked
against the generated data; a wrong one fails the run.

Examples:
  florin bench history --p99-at-most 5 --event-p99-at-most 20
  DATABASE_URL=postgres://… florin bench history --p99-at-most 10 --event-p99-at-most 40
  florin bench history --entries 100000 --readers 4 --plot history.svg

Status:
  0  measured, and every goal is reached
  1  a goal was missed, or an answer was wrong";

const IDENTITY_EXAMPLES: &str = "\
Starts `florin serve` as a separate process on a free port of this machine, with its own store, and calls it over
HTTP. Grants are those of programs with a secret. A login includes the page, name and password, the code, and the
application's tokens; the password costs what identity.argon2_memory_kib and identity.argon2_passes say, on as many
threads as identity.password_threads says. \"Of a core\" is what the server's process used of the processor, on
PostgreSQL without what the database used. Each acknowledged grant and login must be in identity's
events, every token must be unique, a wrong password must be refused, and transfers must be in the books, or the run
fails. With storage.database_url (DATABASE_URL) the runs use new databases on that PostgreSQL server.

Examples:
  florin bench identity --grants-at-least 500 --logins-at-least 25 --check-at-most 5 --storm-at-most 200
  florin bench identity --only storm --pairs 6 --transfers-per-second 5000 --plot storm.svg
  florin bench identity --only logins --logins-in-flight 100 --json

Status:
  0  measured, and every goal is reached
  1  a goal was missed, or the work was not done";
