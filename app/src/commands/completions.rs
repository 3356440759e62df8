//! `florin completions`: a script for the shell.

use clap::CommandFactory;

use crate::cli::{Cli, Completions};
use crate::failure::Failure;

pub(crate) fn run(options: &Completions) -> Result<(), Failure> {
    clap_complete::generate(options.shell, &mut Cli::command(), "florin", &mut std::io::stdout());
    Ok(())
}
