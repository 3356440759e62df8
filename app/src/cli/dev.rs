//! The options of `florin dev`.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Dev {
    /// Run the edge and every service as separate processes, on PostgreSQL, and supervise them
    #[command(after_help = SPLIT_EXAMPLES)]
    Split(DevSplit),
}

#[derive(Debug, Args)]
pub(crate) struct DevSplit {
    /// Directory for secrets, logs and the data of its PostgreSQL
    #[arg(long, value_name = "PATH", default_value = "./florin-split")]
    pub(crate) dir: PathBuf,

    /// Ledger processes: one writes, the others stand by
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = RangedU64ValueParser::<usize>::new().range(1..=9))]
    pub(crate) ledgers: usize,
}

const SPLIT_EXAMPLES: &str = "\
Examples:
  florin dev split
  PORT=9000 florin dev split --ledgers 3
  DATABASE_URL=postgres://florin:secret@127.0.0.1/florin florin dev split

Starts an installed PostgreSQL, unless DATABASE_URL names a server. Callers reach the edge at
server.listen. A process that dies is restarted: try `kill -9` with a number from the table. The books stay in the
directory until it is removed.";
