//! The binary `florin`: reads the command line, runs one command, and says in a sentence what went wrong.
//!
//! The only crate that sees every service. Start reading at [`commands::serve`], then [`services`].

mod books;
mod cli;
mod commands;
mod docs_page;
mod failure;
mod progress;
mod services;
mod stores;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::failure::Failure;

/// A transaction is many small allocations, made on one thread and freed on another, which this one is made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("florin: {failure}");
            ExitCode::from(failure.status())
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Serve(options) => commands::serve::run(cli.config.as_deref(), &options),
        Command::Config(options) => commands::config::run(cli.config.as_deref(), &options),
        Command::Bench(options) => commands::bench::run(cli.config.as_deref(), &options),
        Command::Dev(options) => commands::dev::run(cli.config.as_deref(), &options),
        Command::Openapi => commands::openapi::run(),
        Command::Verify(options) => commands::verify::run(cli.config.as_deref(), &options),
        Command::Migrate => commands::migrate::run(cli.config.as_deref()),
        Command::Backup(options) => commands::backup::run(cli.config.as_deref(), &options),
        Command::Restore(options) => commands::restore::run(cli.config.as_deref(), &options),
        Command::Export(options) => commands::export::run(cli.config.as_deref(), &options),
        Command::Import(options) => commands::import::run(cli.config.as_deref(), &options),
        Command::Completions(options) => commands::completions::run(&options),
    }
}
