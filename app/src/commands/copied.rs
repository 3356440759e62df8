//! Reads back copies of the rooms' stores: an unread backup proves nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use platform::db::{DbError, Target, check_file, files_beside};
use platform::room::{CheckError, Room, check_copy};

use crate::failure::Failure;
use crate::house::Rooms;
use crate::progress::Progress;
use crate::stores::{self, COULD_NOT_RUN, DISAGREES};

/// What was found in intact copies.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// For people.
    pub(crate) summaries: Vec<String>,
    /// The head of each log, by the name of its file without extension.
    pub(crate) heads: BTreeMap<String, String>,
}

impl Found {
    pub(crate) fn summary(&self) -> String {
        self.summaries.join(", ")
    }

    pub(crate) fn print_heads(&self) {
        self.heads.values().for_each(|head| println!("head  {head}"));
    }
}

/// The files of all rooms that have one in the directory, each with its further ones.
pub(crate) fn files(rooms: &Rooms, dir: &Path) -> Result<Vec<PathBuf>, DbError> {
    let mut files = Vec::new();
    for room in rooms.iter() {
        files.extend(files_of(room, dir)?);
    }
    Ok(files)
}

fn files_of(room: &Room, dir: &Path) -> Result<Vec<PathBuf>, DbError> {
    let own = stores::file(dir, room.name);
    if !own.is_file() {
        return Ok(Vec::new());
    }
    let beside = files_beside(&own)?.into_iter().map(|name| dir.join(format!("{}-{name}.db", room.name)));
    Ok([own.clone()].into_iter().chain(beside).collect())
}

/// Reads all stores of a directory that nobody writes; an error at the first damaged one.
pub(crate) fn check(rooms: &Rooms, dir: &Path, cache_mb: u32) -> Result<Found, Failure> {
    let runtime = stores::runtime()?;
    let mut found = Found::default();
    for room in rooms.iter() {
        let files = files_of(room, dir)?;
        let Some((own, beside)) = files.split_first() else { continue };
        damaged(check_copy(room, own))?;
        // Which of these are the room's is for the room to say.
        beside.iter().try_for_each(|file| damaged(check_file(file)))?;
        let Some(further) = room.further else { continue };
        let mut progress = Shown::default();
        let told = Box::new(move |what: &str, done: u64, all: u64| progress.at(what, done, all));
        let own = Target::Sqlite { file: own.clone(), cache_mb };
        let checked = runtime.block_on((further.check)(own, told)).map_err(refused)?;
        checked.strange.iter().for_each(|sentence| eprintln!("florin: {sentence}; it was copied unchanged"));
        found.summaries.push(checked.summary);
        found.heads.extend(checked.heads);
    }
    Ok(found)
}

fn damaged(checked: Result<(), String>) -> Result<(), Failure> {
    checked.map_err(|sentence| Failure::new(sentence).with_status(DISAGREES))
}

fn refused(error: CheckError) -> Failure {
    let status = match &error {
        CheckError::Disagrees(_) => DISAGREES,
        CheckError::CouldNotRun(_) => COULD_NOT_RUN,
    };
    Failure::from(error).with_status(status)
}

/// One bar after another.
#[derive(Default)]
struct Shown {
    now: Option<(String, Progress)>,
}

impl Shown {
    fn at(&mut self, what: &str, done: u64, all: u64) {
        match &mut self.now {
            Some((known, progress)) if known == what => progress.at(done, all),
            _ => {
                self.finish();
                let mut progress = Progress::new(what, "rows");
                progress.at(done, all);
                self.now = Some((what.to_owned(), progress));
            }
        }
    }

    fn finish(&mut self) {
        if let Some((_, progress)) = self.now.take() {
            progress.finish();
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.finish();
    }
}
