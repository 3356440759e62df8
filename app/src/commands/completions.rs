//! `florin completions`: a completion script for a shell.

use crate::cli::{self, Completions};
use crate::failure::Failure;
use crate::house::Rooms;

pub(crate) fn run(rooms: &Rooms, options: &Completions) -> Result<(), Failure> {
    clap_complete::generate(options.shell, &mut cli::command(rooms), "florin", &mut std::io::stdout());
    Ok(())
}
