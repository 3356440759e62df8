//! `florin backup`: copies all rooms' files as of one instant, while running or stopped; then reads every copy back.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use kernel::{Clock, SystemClock};
use platform::config::Config;
use platform::data_dir::STAMP_FILE;
use platform::db::{Copied, backup_listed, share_of_cache};

use crate::cli::Backup;
use crate::commands::manifest::Manifest;
use crate::commands::{Start, copied};
use crate::failure::Failure;
use crate::house::Rooms;
use crate::progress::Progress;
use crate::stores;

pub(crate) fn run(start: Start<'_>, options: &Backup) -> Result<(), Failure> {
    let (config, rooms) = (start.config()?, start.rooms);
    if config.storage.is_shared() {
        return Err(Failure::new(on_postgres(rooms)));
    }
    let data_dir = &config.storage.data_dir;
    stores::stamp(data_dir)?;
    empty_dir(&options.to)?;
    let mut names = copy(rooms, data_dir, &options.to)?;
    fs::copy(data_dir.join(STAMP_FILE), options.to.join(STAMP_FILE))?;
    File::open(options.to.join(STAMP_FILE))?.sync_all()?;
    names.push(STAMP_FILE.to_owned());
    finish(rooms, &config, &options.to, &names)
}

fn on_postgres(rooms: &Rooms) -> String {
    let schema = |room: &platform::room::Room| match room.further {
        Some(_) => format!("--schema='{}*'", room.name),
        None => format!("--schema={}", room.name),
    };
    let schemas: Vec<String> = rooms.iter().map(schema).collect();
    format!(
        "the books are in PostgreSQL, whose own tools back them up: run pg_dump {}, restore it elsewhere and run \
         `florin verify --against HEAD` there",
        schemas.join(" ")
    )
}

/// Copies the files of all rooms that have one; returns their names.
fn copy(rooms: &Rooms, from: &Path, to: &Path) -> Result<Vec<String>, Failure> {
    let there = |file: PathBuf| {
        let name = file.file_name().unwrap_or_default();
        (file.clone(), to.join(name))
    };
    let list = || Ok(copied::files(rooms, from)?.into_iter().map(there).collect());
    if copied::files(rooms, from)?.is_empty() {
        return Err(Failure::new(format!("there is nothing to back up in {}", from.display())));
    }
    let mut progress: BTreeMap<usize, Progress> = BTreeMap::new();
    let copied = backup_listed(list, |place, done, all| {
        let what = || Progress::new(format!("copying {}", place + 1), "pages");
        progress.entry(place).or_insert_with(what).at(done, all);
    })?;
    progress.into_values().for_each(Progress::finish);
    let name = |(from, _): &Copied| from.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(copied.iter().filter_map(name).collect())
}

fn finish(rooms: &Rooms, config: &Config, to: &Path, names: &[String]) -> Result<(), Failure> {
    let found = copied::check(rooms, to, share_of_cache(config.storage.sqlite_cache_mb))?;
    Manifest::of(to, names, found.heads.clone(), SystemClock.now().to_string())?.write(to)?;
    println!("backed up to {}, {}, verified", to.display(), found.summary());
    found.print_heads();
    Ok(())
}

/// Creates the directory, or uses an empty one.
pub(crate) fn empty_dir(path: &Path) -> Result<(), Failure> {
    let fail = |error: std::io::Error| Failure::new(format!("{} cannot be written: {error}", path.display()));
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(fail)?;
    match fs::read_dir(path).map_err(fail)?.next() {
        None => Ok(()),
        Some(_) => Err(Failure::new(format!("{} is not empty; choose a new or empty directory", path.display()))),
    }
}
