//! Options of `florin simulate`.

use std::net::SocketAddr;

use banking::simulator::Fault;
use clap::{Args, Subcommand};

use super::cards::{CARD_EXAMPLES, SimulateCard, Whom};
use super::risk::{SimulateTraffic, TRAFFIC_EXAMPLES};

#[derive(Debug, Subcommand)]
pub(crate) enum Simulate {
    /// Write card traffic with fraud of six kinds, labelled days later, in the format of `florin risk import`
    #[command(after_help = TRAFFIC_EXAMPLES)]
    Traffic(SimulateTraffic),
    /// Send what a merchant or a card network would send to a running florin
    #[command(after_help = CARD_EXAMPLES)]
    Card(SimulateCard),
    /// Answer the files of payments of a running florin, as the bank at the other end of SEPA
    #[command(after_help = BANK_EXAMPLES)]
    Bank(SimulateBank),
    /// Answer as four banks and Plaid with business of their own, and tell the truth to compare with
    #[command(after_help = BANK_API_EXAMPLES)]
    BankApi(SimulateBankApi),
}

#[derive(Debug, Args)]
pub(crate) struct SimulateBank {
    #[command(flatten)]
    pub(crate) whom: Whom,
    /// The same seed treats the same payments the same
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) seed: u64,
    /// Of a hundred payments, so many are rejected
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) rejects: u8,
    /// Of a hundred payments that are not rejected, so many come back
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) returns: u8,
    /// What the bank keeps of each return, in cents
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..=1_000))]
    pub(crate) charge: i64,
    /// Send every answer twice, and returns before the bookings that they return
    #[arg(long)]
    pub(crate) unruly: bool,
    /// Make a file of what waits first
    #[arg(long)]
    pub(crate) make: bool,
}

const BANK_EXAMPLES: &str = "\
Examples:
  florin simulate bank --make
  florin simulate bank --make --rejects 30 --returns 30 --unruly

It reads the files of /v1/payments/bank-files and sends its answers to /v1/payments/bank-answers: a status
report, what it carries out, and what comes back. A file that it has answered before is answered the
same again, which changes nothing.";

#[derive(Debug, Args)]
pub(crate) struct SimulateBankApi {
    /// Where the banks answer
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    pub(crate) listen: SocketAddr,
    /// The same seed has the same business
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) seed: u64,
    /// Days of business that pass in one day, from now on
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) speed: u32,
    /// About one answer in ten has one of these: rate_limit, error, hang, half, consent, page, ids, day
    #[arg(long, value_name = "FAULT", value_delimiter = ',')]
    pub(crate) faults: Vec<Fault>,
}

const BANK_API_EXAMPLES: &str = "\
Examples:
  florin simulate bank-api --faults rate_limit,half,hang
  curl http://127.0.0.1:8090/truth | jq '.[] | {bank, number, entries: (.entries | length)}'
  curl 'http://127.0.0.1:8090/files/70011001/2026-11-01/2026-11-30?format=mt940'
  curl http://127.0.0.1:8090/faults -H 'content-type: application/json' -d '{\"kind\":\"error\",\"count\":3}'

The banks answer below /chase, /wells-fargo, /bank-of-america, /citi and /plaid, to any key. Any
other seed is another world; nothing is stored.";
