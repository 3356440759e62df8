//! `florin verify`: reads the whole log, works everything out again and names the first thing that disagrees.

use std::path::Path;

use ledger::{Head, Report};

use crate::cli::Verify;
use crate::commands::load_config;
use crate::failure::Failure;
use crate::stores::{self, COULD_NOT_RUN};

pub(crate) fn run(file: Option<&Path>, options: &Verify) -> Result<(), Failure> {
    let (target, against) = prepare(file, options).map_err(|failure| failure.with_status(COULD_NOT_RUN))?;
    let runtime = stores::runtime().map_err(|error| Failure::from(error).with_status(COULD_NOT_RUN))?;
    let report = runtime.block_on(stores::verify(target, against))?;
    show(&report, options.against.is_some());
    Ok(())
}

fn prepare(file: Option<&Path>, options: &Verify) -> Result<(platform::db::Target, Option<Head>), Failure> {
    let config = load_config(file)?;
    let against = options.against.as_deref().map(str::parse).transpose()?;
    Ok((stores::ledger(&config)?, against))
}

fn show(report: &Report, compared: bool) {
    println!("ledger: clean");
    let lines = [
        ("rows", report.rows),
        ("groups", report.groups),
        ("accounts", report.accounts),
        ("transactions", report.transactions),
        ("refusals", report.refusals),
        ("open holds", report.open_holds),
        ("scheduled", report.scheduled),
        ("overrides of a floor", report.overrides),
        ("metadata erased", report.metadata_erased),
    ];
    for (name, count) in lines {
        println!("  {name:<20} {count}");
    }
    if compared {
        println!("  nothing was cut or rewritten since the given head");
    }
    println!("  {:<20} {}", "head", report.head);
}
