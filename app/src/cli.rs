//! The command line, and the help that people read.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};
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
    /// Show every setting, its value and where the value came from; secrets are hidden
    #[command(after_help = CONFIG_EXAMPLES)]
    Config,
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

const CONFIG_EXAMPLES: &str = "\
Order, the last one winning:
  1. built-in defaults
  2. --config PATH, or ./florin.toml when there is one
  3. DATABASE_URL, PORT, LOG_LEVEL, DATABASE_POOL_SIZE, PROMETHEUS_METRICS_PORT
  4. FLORIN__SECTION__KEY

Examples:
  florin config
  FLORIN__SERVER__DEADLINE_MS=2000 florin config | grep deadline";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  florin completions bash > /etc/bash_completion.d/florin
  florin completions zsh > ~/.zfunc/_florin
  florin completions fish > ~/.config/fish/completions/florin.fish";
