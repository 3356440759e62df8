//! `florin restore`: a data directory from a backup, checked before and after.

use std::fs::{self, File};
use std::path::Path;

use platform::data_dir::STAMP_FILE;

use crate::cli::Restore;
use crate::commands::backup::empty_dir;
use crate::commands::load_config;
use crate::commands::manifest::Manifest;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::stores::{self, DISAGREES, LEDGER};

pub(crate) fn run(file: Option<&Path>, options: &Restore) -> Result<(), Failure> {
    let config = load_config(file)?;
    let to = match (&options.data_dir, &config.storage.database_url) {
        (Some(data_dir), _) => data_dir,
        (None, None) => &config.storage.data_dir,
        (None, Some(_)) => {
            return Err(Failure::new(
                "storage.database_url is set, and a backup holds embedded databases; say where they go with --data-dir",
            ));
        }
    };
    let manifest = Manifest::read(&options.from)?;
    manifest.check(&options.from)?;
    empty_dir(to)?;
    // Without its stamp a directory is refused by `serve`: it gets it when everything else is right.
    let (stamp, files): (Vec<&str>, Vec<&str>) =
        manifest.files.iter().map(|entry| entry.name.as_str()).partition(|name| *name == STAMP_FILE);
    copy(&options.from, to, &files)?;
    let target = stores::ledger_file(to, config.storage.sqlite_cache_mb)?;
    let report = stores::runtime()?.block_on(stores::verify(target, None))?;
    let (head, expected) = (report.head.to_string(), manifest.heads.get(LEDGER));
    if expected != Some(&head) {
        let expected = expected.map_or("none", String::as_str);
        let sentence = format!("the backup says that its head is {expected}, and what was restored has {head}");
        return Err(Failure::new(sentence).with_status(DISAGREES));
    }
    copy(&options.from, to, &stamp)?;
    println!("restored to {}, as of {}, {} rows, verified", to.display(), manifest.made_at, report.rows);
    println!("head  {head}");
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
