//! `florin simulate`: simulated traffic, payments by card and banks, for trying out and testing.

mod bank;
mod bank_api;
mod card;

use std::io::{BufWriter, stdout};

use kernel::{Clock, SystemClock, Timestamp};
use risk::{Forms, Plan, generate};

use crate::cli::{Form, Simulate, SimulateTraffic};
use crate::failure::Failure;

const DAY_US: i64 = 86_400_000_000;

pub(crate) fn run(command: &Simulate) -> Result<(), Failure> {
    match command {
        Simulate::Traffic(options) => traffic(options),
        Simulate::Bank(options) => bank::run(options),
        Simulate::BankApi(options) => bank_api::run(options),
        Simulate::Card(options) => card::run(options),
    }
}

fn traffic(options: &SimulateTraffic) -> Result<(), Failure> {
    let form = match options.form {
        Form::Json => Forms::Json,
        Form::Csv => Forms::Csv,
    };
    match generate(plan(options), form, &mut BufWriter::new(stdout().lock())) {
        Ok(rows) => {
            eprintln!("{rows} rows");
            Ok(())
        }
        // The reader, such as `head`, has closed the pipe.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn plan(options: &SimulateTraffic) -> Plan {
    let today = SystemClock.now().micros().div_euclid(DAY_US) * DAY_US;
    let start = Timestamp::from_micros(today - i64::from(options.days) * DAY_US);
    Plan { days: options.days, seed: options.seed, customers: options.customers, start: options.from.unwrap_or(start) }
}
