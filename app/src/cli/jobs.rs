//! The options of `florin jobs`.

use clap::{Args, Subcommand};

use super::Stores;

#[derive(Debug, Args)]
pub(crate) struct Jobs {
    #[command(flatten)]
    pub(crate) stores: Stores,

    #[command(subcommand)]
    pub(crate) command: JobsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// Show every job: its schedule, when it is due, and how the last run ended
    #[command(after_help = LIST_EXAMPLES)]
    List,
    /// Have the running server execute a job now, and wait for its end
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunJob),
}

#[derive(Debug, Args)]
pub(crate) struct RunJob {
    /// A name that `florin jobs list` shows, such as identity.once
    pub(crate) name: String,
}

const LIST_EXAMPLES: &str = "\
Examples:
  florin jobs list
  florin jobs list --data-dir ./books
  DATABASE_URL=postgres://florin:secret@127.0.0.1/florin florin jobs list

Reads the stores, so a server can be running or stopped. Times are UTC.";

const RUN_EXAMPLES: &str = "\
Examples:
  florin jobs run identity.once

A server of the same stores has to be running; it begins the job within a second. The schedule stays as it is.

Status:
  0  it was done
  1  it failed; the last line says why
  2  there is no such job, or no server took it within 30 seconds; it is then done at the server's next start";
