//! One file per command.

mod ask;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod bench;
pub(crate) mod catalogue;
pub(crate) mod completions;
pub(crate) mod config;
mod copied;
pub(crate) mod dev;
pub(crate) mod export;
pub(crate) mod feed;
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod iso8583;
pub(crate) mod jobs;
pub(crate) mod keys;
mod manifest;
pub(crate) mod migrate;
pub(crate) mod openapi;
pub(crate) mod restore;
pub(crate) mod risk;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod verify;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use platform::config::{CommandLine, Config, ConfigError, Sources};
use serde::Serialize;

use crate::failure::Failure;
use crate::house::Rooms;

/// What every command starts with.
#[derive(Clone, Copy)]
pub(crate) struct Start<'a> {
    pub(crate) rooms: &'a Rooms,
    /// The settings file given on the command line.
    pub(crate) file: Option<&'a Path>,
    /// How this program, started again, gets its command line.
    pub(crate) say: Say,
}

pub(crate) type Say = fn(&mut Command, &[OsString]);

impl Start<'_> {
    /// The configuration of this process. Names and values that are not text cannot be ours.
    pub(crate) fn config(self) -> Result<Config, ConfigError> {
        self.config_with(Vec::new())
    }

    /// The same, with options of the command line that are settings.
    pub(crate) fn config_with(self, options: Vec<CommandLine>) -> Result<Config, ConfigError> {
        let text = |(name, value): (OsString, OsString)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        };
        Config::load(&Sources {
            rooms: self.rooms.sections(),
            file: self.file.map(Path::to_owned),
            file_if_there: Some(PathBuf::from("florin.toml")),
            variables: std::env::vars_os().filter_map(text).collect(),
            options,
        })
    }
}

/// What a command prints for other programs.
fn print_json(told: &impl Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_vec_pretty(told)?;
    text.push(b'\n');
    match io::stdout().lock().write_all(&text) {
        // The reader may have seen enough, like `head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
