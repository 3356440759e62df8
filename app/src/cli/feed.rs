//! The options of `florin feed`.

use clap::{Args, Subcommand};

use super::Stores;

#[derive(Debug, Args)]
pub(crate) struct Feed {
    #[command(flatten)]
    pub(crate) stores: Stores,

    #[command(subcommand)]
    pub(crate) command: FeedCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FeedCommand {
    /// Show who reads each service's events, and the events that wait for a decision
    #[command(after_help = LIST_EXAMPLES)]
    List(FeedList),
    /// Have a parked event tried again
    #[command(after_help = CHANGE_EXAMPLES)]
    Retry(ParkedEvent),
    /// Give a parked event up: its effect never happens
    #[command(after_help = CHANGE_EXAMPLES)]
    GiveUp(ParkedEvent),
    /// Keep no more events for a reader that will not come back
    #[command(after_help = CHANGE_EXAMPLES)]
    Deregister(Reader),
}

#[derive(Debug, Args)]
pub(crate) struct FeedList {
    /// Only this service [default: all that have events]
    pub(crate) service: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ParkedEvent {
    /// The service that parked the event
    pub(crate) service: String,
    /// The service that told it
    pub(crate) feed: String,
    /// Its cursor there
    pub(crate) cursor: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Reader {
    /// The service whose events it reads
    pub(crate) service: String,
    /// The reader's name, as `florin feed list` shows it
    pub(crate) reader: String,
}

const LIST_EXAMPLES: &str = "\
Examples:
  florin feed list
  florin feed list identity --data-dir ./books
  DATABASE_URL=postgres://florin:secret@127.0.0.1/florin florin feed list

Opens the stores read-only and takes no lock, so a server may be running.";

const CHANGE_EXAMPLES: &str = "\
Examples:
  florin feed retry risk cards 4711
  florin feed give-up risk cards 4711
  florin feed deregister identity risk

On the embedded databases no server may be running: it does the same over the API, at /v1/SERVICE/parked and
/v1/SERVICE/events/consumers. On PostgreSQL servers may be running. An event is tried again by the service that parked it: within
seconds if it is running, else when it is started; `florin feed list` shows whether it is still parked.";
