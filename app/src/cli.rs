//! The command line, and the help that people read.

mod audit;
mod bench;
mod cards;
mod dev;
mod feed;
mod inspect;
mod jobs;
mod printed;
mod risk;
mod serve;
mod simulate;
mod stores;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Command as Clap, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use ledger_api::BookName;

use crate::house::{EDGE, Rooms};

pub(crate) use audit::{Audit, AuditCommand, AuditExport, AuditVerify};
pub(crate) use bench::{
    Against, Bench, BenchAuthorize, BenchBanking, BenchHistory, BenchIdentity, BenchInterest, BenchLedger, BenchLimits,
    BenchNotifications, BenchPayments, BenchSplit, BenchTransactions, IdentityPart, Output, Over,
};
pub(crate) use cards::{Iso8583, Keys, RotateKeys, SimulateCard, Whom};
pub(crate) use dev::{Dev, DevSplit};
pub(crate) use feed::{Feed, FeedCommand, ParkedEvent};
pub(crate) use inspect::Inspect;
pub(crate) use jobs::{Jobs, JobsCommand, RunJob};
pub(crate) use risk::{
    BenchFraud, BenchRisk, Form, Risk, RiskImport, RiskLabel, RiskList, RiskReport, RiskScore, RiskTrain,
    SimulateTraffic,
};
pub(crate) use serve::Serve;
pub(crate) use simulate::{Simulate, SimulateBank, SimulateBankApi};

use stores::Stores;

/// A double-entry ledger with identity and access control, in one binary.
///
/// By default it keeps its books in ./florin-data and listens on this machine only. Everything can be set in a file, in
/// the environment, or both; `florin config` shows the current settings.
#[derive(Debug, Parser)]
#[command(name = "florin", version, max_term_width = 110, after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// Read settings from this file instead of ./florin.toml
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The command line, with the parts that this deployment has.
pub(crate) fn command(rooms: &Rooms) -> Clap {
    let room = |room: &'static platform::room::Room| PossibleValue::new(room.name).alias(room.service).help(room.about);
    let edge = PossibleValue::new(EDGE).help("answers callers from outside");
    let parts = PossibleValuesParser::new([edge].into_iter().chain(rooms.iter().map(room)));
    let help = "Run only these parts [default: all that the settings do not place elsewhere]\n\nWithout the edge a \
                process answers only other processes of the deployment. A part that is not in this process is called where \
                services.NAME.addresses says.";
    let examples = serve::examples(rooms);
    let named =
        |serve: Clap| serve.mut_arg("services", |arg| arg.value_parser(parts).long_help(help)).after_help(examples);
    Cli::command().mut_subcommand("serve", named)
}

/// Parses the arguments. Ends the process after the help or an error.
pub(crate) fn parse(rooms: &Rooms, words: impl IntoIterator<Item = OsString>) -> Cli {
    let parsed = command(rooms).try_get_matches_from(words).and_then(|matches| Cli::from_arg_matches(&matches));
    parsed.unwrap_or_else(|error| error.exit())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the services and answer requests until stopped
    Serve(Serve),
    /// Check every row, balance, hold and hash of the books, while running or stopped
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(Verify),
    /// Migrate the stores to this version's schema, while no server runs
    #[command(after_help = MIGRATE_EXAMPLES)]
    Migrate,
    /// Copy all embedded databases as of one instant, while running or stopped, and verify the copy
    #[command(after_help = BACKUP_EXAMPLES)]
    Backup(Backup),
    /// Create a data directory from a backup, and verify it
    #[command(after_help = RESTORE_EXAMPLES)]
    Restore(Restore),
    /// Write the whole log as JSON lines, for another machine or engine, or to read it yourself
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(Export),
    /// Rebuild books from an export, identical to the original, and verify them
    #[command(after_help = IMPORT_EXAMPLES)]
    Import(Import),
    /// Say what a bank's file is, its accounts, sums and mistakes, as JSON
    #[command(after_help = inspect::EXAMPLES)]
    Inspect(Inspect),
    /// Show every setting, its value and where it came from; secrets are hidden
    #[command(after_help = CONFIG_EXAMPLES)]
    Config(Settings),
    /// Show who reads the services' events, and decide about events that could not be applied
    Feed(Feed),
    /// Measure the real services on this machine, next to the raw limit of its store
    #[command(subcommand)]
    Bench(Bench),
    /// Rotate the keys of card numbers
    #[command(subcommand)]
    Keys(Keys),
    /// List the jobs, when they are due and how they ended, or run one now
    Jobs(Jobs),
    /// Write the audit log into a folder of evidence, or check one
    Audit(Audit),
    /// Import history, train and evaluate models, fill lists
    #[command(subcommand)]
    Risk(Risk),
    /// Simulate card traffic, payments by card or banks, for trying out and testing
    #[command(subcommand)]
    Simulate(Simulate),
    /// Tools for messages of card networks
    #[command(subcommand)]
    Iso8583(Iso8583),
    /// Development tools: several processes on one machine
    #[command(subcommand)]
    Dev(Dev),
    /// Print what a deployment has to know, as JSON: parts, who calls and reads whom, schemas, routes, settings, metrics
    #[command(after_help = printed::CATALOGUE_EXAMPLES)]
    Catalogue,
    /// Print the API description (OpenAPI 3.1, JSON) for programs and client generators
    #[command(after_help = printed::OPENAPI_EXAMPLES)]
    Openapi,
    /// Print a completion script for a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(Completions),
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// A room that compares itself with the ledger, by the running server; without it the books themselves are verified
    #[arg(value_enum, value_name = "ROOM", conflicts_with_all = ["book", "against"])]
    pub(crate) room: Option<VerifyRoom>,

    #[command(flatten)]
    pub(crate) whom: Whom,

    /// Only this book [default: all books]
    #[arg(long, value_name = "NAME")]
    pub(crate) book: Option<BookName>,

    /// Also prove that nothing was cut or rewritten since this head was printed; can be given once per book
    ///
    /// A head is one line, florin-1:BOOK:GROUP:ROW:HASH. `verify`, `backup` and a stopping `serve` print one for each
    /// book, and /status shows them. It proves something only if you kept it somewhere other than the books.
    #[arg(long, value_name = "HEAD")]
    pub(crate) against: Vec<String>,
}

/// What is verified besides the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum VerifyRoom {
    /// By its job accounts.verify, in this machine's settings
    Accounts,
    /// Over HTTP, by the server that is named
    Payments,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// A new or an empty directory
    pub(crate) to: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// A directory that `florin backup` created
    pub(crate) from: PathBuf,

    /// A new or an empty directory for the data [default: storage.data_dir]
    #[arg(long, value_name = "PATH")]
    pub(crate) data_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The output file; an earlier export of the same book is continued [default: standard output]
    pub(crate) file: Option<PathBuf>,

    /// The book
    #[arg(long, value_name = "NAME", default_value_t = BookName::main())]
    pub(crate) book: BookName,

    /// Also export what is not in the log: the digests of idempotency keys, and their secret
    ///
    /// For moving to another machine: the new books then recognise requests that were sent to the old ones with an
    /// idempotency key. Without it they recognise repeats only by transaction id. Anybody with the secret can check
    /// whether a guessed key and request were used, so keep such a file as safe as the books.
    #[arg(long)]
    pub(crate) with_idempotency_keys: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// A file that `florin export` wrote; - for standard input
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// Print the defaults instead, each with its meaning and unit
    #[arg(long)]
    pub(crate) defaults: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  florin serve --demo              try it out; stop it with Ctrl-C
  florin serve                     real books in ./florin-data
  PORT=9000 florin serve           the same on another port
  florin config                    show the settings and their origins";

const VERIFY_EXAMPLES: &str = "\
Examples:
  florin verify
  florin verify --against florin-1:main:42:1207:9f2c...
  florin verify --book acme-uk
  florin verify accounts
  florin verify payments --server 127.0.0.1:8080
  DATABASE_URL=postgres://florin:secret@127.0.0.1/florin florin verify

Opens the store read-only and takes no lock, so a server can continue to write. With a room, the running server does
the work, as with `florin jobs run accounts.verify`.

Prints every book with its head. Reports books without a store, and stores without a book.

Status:
  0  all clean
  1  something disagrees; names the first row, group or table that does, and also checks the other books
  2  could not run: no such store, another version's store, a head that is none";

const MIGRATE_EXAMPLES: &str = "\
Examples:
  florin migrate
  DATABASE_URL=postgres://florin:secret@127.0.0.1/florin florin migrate

`florin serve` does the same at its start. A store that a newer florin has written is refused.";

const BACKUP_EXAMPLES: &str = "\
Examples:
  florin backup /backups/2026-01-31
  FLORIN__STORAGE__DATA_DIR=/var/lib/florin florin backup /backups/today

All books are copied as of one instant. Writers wait only while the copy begins. The directory gets
the databases and manifest.json with the size and SHA-256 of each file and the head of each log.
Keep the printed head elsewhere: `florin verify --against HEAD` proves with it that nothing was
changed. The copy holds everything in the books, so keep it as safe.";

const RESTORE_EXAMPLES: &str = "\
Examples:
  florin restore /backups/2026-01-31
  florin restore /backups/2026-01-31 --data-dir /var/lib/florin-again

Sizes and hashes are checked before the first byte is written. A directory with anything in it is refused.";

const EXPORT_EXAMPLES: &str = "\
Examples:
  florin export /backups/ledger.jsonl
  florin export /backups/ledger.jsonl        again: adds newer groups, or continues where it was interrupted
  florin export | zstd > ledger.jsonl.zst
  florin export --book acme-uk acme-uk.jsonl
  florin export --with-idempotency-keys moving.jsonl

Opens the store read-only and takes no lock, so a server can continue to write; the export ends with
the log as it was at the start. The file is on disk when the command ends. A file that was started
before metadata was erased still has the text: export it again.

Status:
  0  the whole log was written
  1  the log is damaged, or the file is from another log or was modified
  2  could not run: no such store, no such directory, no space";

const IMPORT_EXAMPLES: &str = "\
Examples:
  florin import ledger.jsonl
  zstd -dc ledger.jsonl.zst | florin import -
  DATABASE_URL=postgres://florin:secret@127.0.0.1/florin florin import ledger.jsonl

Imports into the book named in the export, creating it if necessary. Needs an empty book, or one
that an earlier import of the same file has started, which is then continued. No server may run.
Every line is checked as it is read, and a damaged one is reported by its number; whole groups
before it are kept. At the end the books are verified and compared with the head of the export.

Status:
  0  imported and verified
  1  the export is damaged, truncated or from other books, or the books do not verify afterwards
  2  could not run: no such file, the data directory is in use, no space";

const CONFIG_EXAMPLES: &str = "\
Precedence, lowest first:
  1. built-in defaults
  2. --config PATH, or ./florin.toml if it exists
  3. DATABASE_URL, PORT, LOG_LEVEL, DATABASE_POOL_SIZE, JWT_SECRET, RATE_LIMIT_ENABLED, REDIS_URL, PROMETHEUS_METRICS_PORT
  4. FLORIN__SECTION__KEY
  5. --listen and --data-dir of serve, --data-dir of jobs and feed

Examples:
  florin config
  florin config --defaults > florin.toml
  FLORIN__SERVER__DEADLINE_MS=2000 florin config | grep deadline";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  florin completions bash > /etc/bash_completion.d/florin
  florin completions zsh > ~/.zfunc/_florin
  florin completions fish > ~/.config/fish/completions/florin.fish";
