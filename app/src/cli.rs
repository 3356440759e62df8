//! The command line, and the help that people read.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::services;

/// A double-entry ledger that needs nothing but this binary.
///
/// On its own it keeps its books in ./florin-data and listens on this machine only. Everything can be set in a file, in
/// the environment, or both; `florin config` shows what applies.
#[derive(Debug, Parser)]
#[command(name = "florin", version, max_term_width = 110, after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// Read settings from this file instead of ./florin.toml
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the services and answer requests until told to stop
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(Serve),
    /// Check every row, balance, hold and hash of the books, running or stopped
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(Verify),
    /// Bring the stores to this version's schema, while no server runs
    #[command(after_help = MIGRATE_EXAMPLES)]
    Migrate,
    /// Copy all embedded databases as of one instant, running or stopped, and verify the copy
    #[command(after_help = BACKUP_EXAMPLES)]
    Backup(Backup),
    /// Make a data directory from a backup, and verify it
    #[command(after_help = RESTORE_EXAMPLES)]
    Restore(Restore),
    /// Write the whole log as lines of JSON, for another machine, another engine or a reader of one's own
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(Export),
    /// Make books from an export, identical to those that it was made of, and verify them
    #[command(after_help = IMPORT_EXAMPLES)]
    Import(Import),
    /// Show every setting, its value and where the value came from; secrets are hidden
    #[command(after_help = CONFIG_EXAMPLES)]
    Config,
    /// Measure how fast this machine carries the real thing, beside the raw limit of its store
    #[command(subcommand)]
    Bench(Bench),
    /// Print the description of the API (OpenAPI 3.1, JSON) for programs and generators of clients
    #[command(after_help = OPENAPI_EXAMPLES)]
    Openapi,
    /// Print a script that completes commands in a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(Completions),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Run only these services [default: all of them]
    #[arg(value_name = "SERVICES", value_parser = PossibleValuesParser::new(services::KNOWN))]
    pub(crate) services: Vec<String>,

    /// Treat every caller as one demo user, on a data directory that is marked as a demonstration
    ///
    /// A directory made with --demo is refused without it, and the other way round. SQLite only.
    #[arg(long)]
    pub(crate) demo: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Transfers between accounts, durable, checked afterwards
    #[command(after_help = BENCH_LEDGER_EXAMPLES)]
    Ledger(BenchLedger),
}

#[derive(Debug, Args)]
pub(crate) struct BenchLedger {
    /// Call the ledger in this process, or over HTTP in a process of its own
    #[arg(long, value_enum, default_value = "process")]
    pub(crate) over: Over,
    /// Requests under way at the same time; several numbers, several runs
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64, 256, 1_024], value_name = "N,N,...")]
    pub(crate) in_flight: Vec<usize>,
    /// Transfers in one request
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=10_000))]
    pub(crate) batch: usize,
    /// Accounts that the transfers go between
    #[arg(long, default_value_t = 10_000, value_name = "N", value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(2..=1_000_000))]
    pub(crate) accounts: usize,
    /// Pay every transfer into the same account
    #[arg(long)]
    pub(crate) hot: bool,
    /// Ids in no order at all, instead of ids in the order of time
    #[arg(long)]
    pub(crate) random_ids: bool,
    /// Length of the measured part of each run
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) seconds: u64,
    #[arg(long, default_value_t = 2, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=600))]
    pub(crate) warm_up_seconds: u64,
    /// Length of the run that measures the raw limit
    #[arg(long, default_value_t = 3, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) raw_seconds: u64,
    /// Where the stores of the runs are made and removed; the figures are those of the disk below it
    #[arg(long, default_value = ".", value_name = "PATH")]
    pub(crate) dir: PathBuf,
    /// Print one JSON document instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Over {
    Process,
    Http,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Prove as well that nothing was cut or rewritten since this head was printed
    ///
    /// A head is one line, florin-1:main:GROUP:ROW:HASH. `verify`, `backup` and the end of `serve` print it, and /status
    /// shows it. It proves something only if it was kept where the books are not.
    #[arg(long, value_name = "HEAD")]
    pub(crate) against: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// A new or an empty directory
    pub(crate) to: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// A directory that `florin backup` made
    pub(crate) from: PathBuf,

    /// A new or an empty directory for the data [default: storage.data_dir]
    #[arg(long, value_name = "PATH")]
    pub(crate) data_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Where the lines go; an earlier export of the same books is gone on with [default: standard output]
    pub(crate) file: Option<PathBuf>,

    /// Take along what is not in the log: the digests of idempotency keys, and the secret that they were made under
    ///
    /// For moving house: the new books then recognise requests that were sent to the old ones with an idempotency key.
    /// Without it they recognise repeats by the ids of transactions only. Whoever has the secret can find out whether a
    /// guessed key and request were used, so such a file is to be kept as safe as the books.
    #[arg(long)]
    pub(crate) with_idempotency_keys: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// A file that `florin export` made; - for standard input
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell to complete for
    pub(crate) shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  florin serve --demo              try it out; stop it with Ctrl-C
  florin serve                     keep real books in ./florin-data
  PORT=9000 florin serve           listen on 127.0.0.1:9000
  florin config                    what is set, and by whom";

const SERVE_EXAMPLES: &str = "\
Examples:
  florin serve --demo
  FLORIN__STORAGE__DATA_DIR=/var/lib/florin florin serve
  DATABASE_URL=postgres://florin:secret@127.0.0.1/florin florin serve
  PROMETHEUS_METRICS_PORT=9090 florin serve ledger

Stopping:
  SIGTERM or Ctrl-C turns readiness off, lets running requests finish (server.drain_ms),
  empties what waits and ends with status 0.
  A second signal ends the process at once with status 130.";

const VERIFY_EXAMPLES: &str = "\
Examples:
  florin verify
  florin verify --against florin-1:main:42:1207:9f2c...
  DATABASE_URL=postgres://florin:secret@127.0.0.1/florin florin verify

Opens the store read-only and takes no lock, so a server may go on writing.

Status:
  0  clean
  1  something disagrees; the first row, group or table that does is named
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

Writers wait for the moment in which the copy begins, then go on. The directory gets the databases and
manifest.json with the size and SHA-256 of each file and the head of each log. Keep the head that is printed
elsewhere: `florin verify --against HEAD` proves with it that nothing was changed. The copy holds everything that the
books hold, and is to be kept as safe.";

const RESTORE_EXAMPLES: &str = "\
Examples:
  florin restore /backups/2026-01-31
  florin restore /backups/2026-01-31 --data-dir /var/lib/florin-again

Sizes and hashes are checked before the first byte is written. A directory with anything in it is refused.";

const EXPORT_EXAMPLES: &str = "\
Examples:
  florin export /backups/ledger.jsonl
  florin export /backups/ledger.jsonl        again: adds what the log has got since, or goes on where it was interrupted
  florin export | zstd > ledger.jsonl.zst
  florin export --with-idempotency-keys moving.jsonl

Opens the store read-only and takes no lock, so a server may go on writing; the export ends with the log as it was at
the start. The file is on the disk when the command ends. A file that was begun before metadata was erased still has
the text: make it anew.

Status:
  0  the whole log was written
  1  the log is damaged, or the file is of another log or was changed
  2  could not run: no such store, no such directory, no space";

const IMPORT_EXAMPLES: &str = "\
Examples:
  florin import ledger.jsonl
  zstd -dc ledger.jsonl.zst | florin import -
  DATABASE_URL=postgres://florin:secret@127.0.0.1/florin florin import ledger.jsonl

Needs empty books, or books that an earlier import of the same file has begun: then it goes on behind them. No server
may run. Every line is checked as it is read, and a damaged one is named by its number; whole groups before it are
kept. At the end the books are verified, and have the head of those that were exported.

Status:
  0  imported and verified
  1  the export is damaged, cut or of other books, or the books are not clean afterwards
  2  could not run: no such file, the data directory is in use, no space";

const CONFIG_EXAMPLES: &str = "\
Order, the last one winning:
  1. built-in defaults
  2. --config PATH, or ./florin.toml when there is one
  3. DATABASE_URL, PORT, LOG_LEVEL, DATABASE_POOL_SIZE, PROMETHEUS_METRICS_PORT
  4. FLORIN__SECTION__KEY

Examples:
  florin config
  FLORIN__SERVER__DEADLINE_MS=2000 florin config | grep deadline";

const OPENAPI_EXAMPLES: &str = "\
Examples:
  florin openapi > openapi.json
  florin openapi | jq '.paths | keys'

A running server shows the same at /openapi.json, and for people at /docs.";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  florin completions bash > /etc/bash_completion.d/florin
  florin completions zsh > ~/.zfunc/_florin
  florin completions fish > ~/.config/fish/completions/florin.fish";

const BENCH_LEDGER_EXAMPLES: &str = "\
Every run has a store of its own, removed afterwards; the configured books are not touched. With storage.database_url
(DATABASE_URL) the runs use new databases on that PostgreSQL server.

Examples:
  florin bench ledger                                     1 to 1,024 in flight, in process
  florin bench ledger --over http --in-flight 256         one transfer a request over 256 connections
  florin bench ledger --batch 1000 --in-flight 4          a thousand transfers a request
  florin bench ledger --hot --in-flight 1024              every transfer into one account
  florin bench ledger --json > figures.json";
