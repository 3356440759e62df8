//! The command line, and the help that people read.

mod bench;
mod dev;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Command as Clap, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use ledger_api::BookName;

use crate::house::{EDGE, Rooms};

pub(crate) use bench::{
    Against, Bench, BenchHistory, BenchIdentity, BenchLedger, BenchSplit, IdentityPart, Output, Over,
};
pub(crate) use dev::{Dev, DevSplit};

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

/// The command line, with the parts of the house that there are.
pub(crate) fn command(rooms: &Rooms) -> Clap {
    let room = |room: &'static platform::room::Room| PossibleValue::new(room.name).alias(room.service).help(room.about);
    let edge = PossibleValue::new(EDGE).help("answers callers from outside");
    let parts = PossibleValuesParser::new([edge].into_iter().chain(rooms.iter().map(room)));
    let help = "Be only these parts of the house [default: all that the settings do not place elsewhere]\n\nWithout the edge a \
                process answers other processes of the house only. A part that is not in this process is called where \
                services.NAME.addresses says.";
    let named = |serve: Clap| serve.mut_arg("services", |arg| arg.value_parser(parts).long_help(help));
    Cli::command().mut_subcommand("serve", named)
}

/// What was asked for. Ends the process with the help, or with what is wrong.
pub(crate) fn parse(rooms: &Rooms, words: impl IntoIterator<Item = OsString>) -> Cli {
    let parsed = command(rooms).try_get_matches_from(words).and_then(|matches| Cli::from_arg_matches(&matches));
    parsed.unwrap_or_else(|error| error.exit())
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
    Config(Settings),
    /// Measure how fast this machine carries the real thing, beside the raw limit of its store
    #[command(subcommand)]
    Bench(Bench),
    /// Tools for one machine: the house as several processes
    #[command(subcommand)]
    Dev(Dev),
    /// Print the description of the API (OpenAPI 3.1, JSON) for programs and generators of clients
    #[command(after_help = OPENAPI_EXAMPLES)]
    Openapi,
    /// Print a script that completes commands in a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(Completions),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Be only these parts of the house [default: all that the settings do not place elsewhere]
    #[arg(value_name = "SERVICES")]
    pub(crate) services: Vec<String>,

    /// Treat every caller as one demo user, on a data directory that is marked as a demonstration
    ///
    /// A directory made with --demo is refused without it, and the other way round. SQLite only.
    #[arg(long)]
    pub(crate) demo: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Only this book [default: all books]
    #[arg(long, value_name = "NAME")]
    pub(crate) book: Option<BookName>,

    /// Prove as well that nothing was cut or rewritten since this head was printed; once for each book
    ///
    /// A head is one line, florin-1:BOOK:GROUP:ROW:HASH. `verify`, `backup` and the end of `serve` print one for each book,
    /// and /status shows them. It proves something only if it was kept where the books are not.
    #[arg(long, value_name = "HEAD")]
    pub(crate) against: Vec<String>,
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
    /// Where the lines go; an earlier export of the same book is gone on with [default: standard output]
    pub(crate) file: Option<PathBuf>,

    /// The book
    #[arg(long, value_name = "NAME", default_value_t = BookName::main())]
    pub(crate) book: BookName,

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
pub(crate) struct Settings {
    /// Print the defaults instead, each with its meaning and unit
    #[arg(long)]
    pub(crate) defaults: bool,
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
  PROMETHEUS_METRICS_PORT=9090 florin serve

Apart, each in a terminal of its own, from the same directory:
  PORT=8081 florin serve ledger
  FLORIN__SERVICES__LEDGER__MODE=remote FLORIN__SERVICES__LEDGER__ADDRESSES=127.0.0.1:7070 florin serve edge

Stopping:
  SIGTERM or Ctrl-C turns readiness off, lets running requests finish (server.drain_ms),
  empties what waits and ends with status 0.
  A second signal ends the process at once with status 130.";

const VERIFY_EXAMPLES: &str = "\
Examples:
  florin verify
  florin verify --against florin-1:main:42:1207:9f2c...
  florin verify --book acme-uk
  DATABASE_URL=postgres://florin:secret@127.0.0.1/florin florin verify

Opens the store read-only and takes no lock, so a server may go on writing.

Every book is named, with its head. A book whose store is missing, and a store that belongs to no book, are said.

Status:
  0  all clean
  1  something disagrees; the first row, group or table that does is named, and the other books are checked as well
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

All books are copied as of one instant. Writers wait for the moment in which the copy begins, then go on. The directory
gets the databases and manifest.json with the size and SHA-256 of each file and the head of each log. Keep the head that is printed
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
  florin export --book acme-uk acme-uk.jsonl
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

It goes into the book that the export is of, which is created when it is not there. Needs an empty book, or one that an
earlier import of the same file has begun: then it goes on behind that. No server may run. Every line is checked as it is read, and a damaged one is named by its number; whole groups before it are
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
  florin config --defaults > florin.toml
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
