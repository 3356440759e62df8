//! `florin restore`: creates a data directory from a backup, checked before and after.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;

use platform::data_dir::STAMP_FILE;
use platform::db::share_of_cache;

use crate::cli::Restore;
use crate::commands::Start;
use crate::commands::backup::empty_dir;
use crate::commands::copied::{self, Found};
use crate::commands::manifest::Manifest;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::stores::DISAGREES;

pub(crate) fn run(start: Start<'_>, options: &Restore) -> Result<(), Failure> {
    let config = start.config()?;
    let to = match (&options.data_dir, config.storage.is_shared()) {
        (Some(data_dir), _) => data_dir,
        (None, false) => &config.storage.data_dir,
        (None, true) => {
            return Err(Failure::new(
                "storage.database_url is set, but a backup holds embedded databases; set --data-dir",
            ));
        }
    };
    let manifest = Manifest::read(&options.from)?;
    manifest.check(&options.from)?;
    empty_dir(to)?;
    // `serve` refuses a directory without its stamp, which is written last.
    let (stamp, files): (Vec<&str>, Vec<&str>) =
        manifest.files.iter().map(|entry| entry.name.as_str()).partition(|name| *name == STAMP_FILE);
    copy(&options.from, to, &files)?;
    let found = copied::check(start.rooms, to, share_of_cache(config.storage.sqlite_cache_mb))?;
    check_heads(&manifest, &found)?;
    copy(&options.from, to, &stamp)?;
    println!("restored to {}, as of {}, {}, verified", to.display(), manifest.made_at, found.summary());
    found.print_heads();
    Ok(())
}

/// Each log ends where the backup says, and none is missing.
fn check_heads(manifest: &Manifest, found: &Found) -> Result<(), Failure> {
    let names: BTreeSet<&String> = found.heads.keys().chain(manifest.heads.keys()).collect();
    for name in names {
        let (head, expected) = (found.heads.get(name), manifest.heads.get(name));
        if head != expected {
            let [head, expected] = [head, expected].map(|head| head.map_or("none", String::as_str));
            let sentence =
                format!("the backup says that the head of {name} is {expected}, but the restored one is {head}");
            return Err(Failure::new(sentence).with_status(DISAGREES));
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path, names: &[&str]) -> Result<(), Failure> {
    let mut progress = Progress::new("copying", "files");
    for (done, name) in names.iter().enumerate() {
        progress.at(done as u64, names.len() as u64);
        let there = to.join(name);
        fs::copy(from.join(name), &there)
            .and_then(|_| File::open(&there)?.sync_all())
            .map_err(|error| Failure::new(format!("{} cannot be written: {error}", there.display())))?;
    }
    progress.finish();
    File::open(to)?.sync_all()?;
    Ok(())
}
