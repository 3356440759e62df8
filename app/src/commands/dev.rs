//! `florin dev`: for people who work on or with Florin on one machine.

mod house;
mod look;
mod postgres;
mod process;
mod split;
mod table;

use std::path::Path;

use crate::cli::Dev;
use crate::failure::Failure;

pub(crate) fn run(config: Option<&Path>, options: &Dev) -> Result<(), Failure> {
    match options {
        Dev::Split(split) => split::run(config, split),
    }
}
