//! `florin dev`: tools for developers on one machine.

mod house;
mod look;
mod postgres;
mod process;
mod split;
mod table;

use crate::cli::Dev;
use crate::commands::Start;
use crate::failure::Failure;

pub(crate) fn run(start: Start<'_>, options: &Dev) -> Result<(), Failure> {
    match options {
        Dev::Split(split) => split::run(start, split),
    }
}
