//! The binary `florin`: parses the command line, runs one command, and explains errors in a sentence.
//!
//! The only crate that sees every room. Start reading at [`rooms`], then [`commands::serve`].

mod cli;
mod commands;
mod docs_page;
mod failure;
mod house;
mod progress;
mod rooms;
mod stores;

use std::ffi::OsString;
use std::process::{Command as Process, ExitCode};

use crate::cli::{Cli, Command};
use crate::commands::{Say, Start};
use crate::failure::Failure;
use crate::house::Rooms;

/// A transaction is many small allocations, made on one thread and freed on another, which this allocator is made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match rooms::all().and_then(|rooms| run(&rooms, &cli::parse(&rooms, std::env::args_os()), as_arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("florin: {failure}");
            ExitCode::from(failure.status())
        }
    }
}

fn as_arguments(again: &mut Process, words: &[OsString]) {
    again.args(words);
}

fn run(rooms: &Rooms, cli: &Cli, say: Say) -> Result<(), Failure> {
    let start = Start { rooms, file: cli.config.as_deref(), say };
    match &cli.command {
        Command::Serve(options) => commands::serve::run(start, options),
        Command::Config(options) => commands::config::run(start, options),
        Command::Bench(options) => commands::bench::run(start, options),
        Command::Risk(options) => commands::risk::run(start, options),
        Command::Simulate(options) => commands::simulate::run(options),
        Command::Dev(options) => commands::dev::run(start, options),
        Command::Catalogue => commands::catalogue::run(rooms),
        Command::Openapi => commands::openapi::run(rooms),
        Command::Verify(options) => commands::verify::run(start, options),
        Command::Migrate => commands::migrate::run(start),
        Command::Backup(options) => commands::backup::run(start, options),
        Command::Restore(options) => commands::restore::run(start, options),
        Command::Export(options) => commands::export::run(start, options),
        Command::Feed(command) => commands::feed::run(start, command),
        Command::Import(options) => commands::import::run(start, options),
        Command::Inspect(options) => commands::inspect::run(options),
        Command::Keys(options) => commands::keys::run(options),
        Command::Iso8583(options) => commands::iso8583::run(options),
        Command::Audit(options) => commands::audit::run(start, options),
        Command::Jobs(options) => commands::jobs::run(start, options),
        Command::Completions(options) => commands::completions::run(rooms, options),
    }
}
