//! ZIP archives, as banks pack their statements: each file in one is read for itself, in bounded memory.

use std::io::{self, Read, Seek, SeekFrom};

use serde::Serialize;
use zip::ZipArchive;

use crate::detect::{Format, Kind};
use crate::inspect::{InspectOptions, Room, Summary, inspect, listed, refused};
use crate::limits::{ARCHIVE_DIRECTORY_MAX_BYTES, ARCHIVE_MAX_BYTES, ARCHIVE_MEMBERS_MAX, FILE_MAX_BYTES};
use crate::mistake::Problem;

/// How archives begin, with and without files.
const BEGINNINGS: [[u8; 4]; 2] = [*b"PK\x03\x04", *b"PK\x05\x06"];
/// The end of an archive holds the number of its files and the size of its directory; a comment of up to 64 KiB may follow.
const END: &[u8] = b"PK\x05\x06";
const END_BYTES: u64 = 22;
const COMMENT_MAX_BYTES: u64 = 65_535;
/// Of a file's name that a summary repeats.
const NAME_MAX_CHARS: usize = 200;

pub struct Archive<R: Read + Seek> {
    archive: ZipArchive<R>,
    /// Bytes that may still be unpacked, over all files.
    left: u64,
}

impl<R: Read + Seek> Archive<R> {
    pub fn open(mut source: R) -> Result<Archive<R>, Problem> {
        let end = End::of(&mut source).map_err(|error| Problem::Unreadable { cause: error.to_string() })?;
        end.ok_or(Problem::cut("an archive"))?.check()?;
        let archive = ZipArchive::new(source).map_err(|error| Problem::Syntax { cause: error.to_string() })?;
        if archive.len() > ARCHIVE_MEMBERS_MAX {
            return Err(Problem::TooMany { limit: ARCHIVE_MEMBERS_MAX });
        }
        Ok(Archive { archive, left: ARCHIVE_MAX_BYTES })
    }

    /// Places and names of the files; folders and what macOS adds are left out.
    pub fn files(&self) -> Vec<(usize, String)> {
        let name = |place| self.archive.name_for_index(place)?.ok().map(|name| name.into_owned());
        let names = (0..self.archive.len()).filter_map(|place| Some((place, name(place)?)));
        names.filter(|(_, name)| !name.ends_with('/') && !name.starts_with("__MACOSX/")).collect()
    }

    /// One file's bytes. Beyond what the archive may unpack to, reading fails.
    pub fn file(&mut self, place: usize) -> Result<impl Read + '_, Problem> {
        let file = self.archive.by_index(place).map_err(|error| Problem::Syntax { cause: error.to_string() })?;
        Ok(Unpacked { file, left: &mut self.left })
    }
}

struct Unpacked<'l, F> {
    file: F,
    left: &'l mut u64,
}

impl<F: Read> Read for Unpacked<'_, F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(out)?;
        *self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| io::Error::other(format!("the archive unpacks to more than {ARCHIVE_MAX_BYTES} bytes")))?;
        Ok(count)
    }
}

/// What the end of an archive says; one of the wide format says its most.
struct End {
    archive_bytes: u64,
    files: usize,
    directory_bytes: u64,
}

impl End {
    /// Nothing where the end is missing. The source stands at its beginning again.
    fn of(source: &mut (impl Read + Seek)) -> io::Result<Option<End>> {
        let archive_bytes = source.seek(SeekFrom::End(0))?;
        source.seek(SeekFrom::Start(archive_bytes.saturating_sub(END_BYTES + COMMENT_MAX_BYTES)))?;
        let mut tail = Vec::new();
        source.take(END_BYTES + COMMENT_MAX_BYTES).read_to_end(&mut tail)?;
        source.seek(SeekFrom::Start(0))?;
        let Some(end) = tail.windows(END.len()).rposition(|part| part == END) else { return Ok(None) };
        let number = |from: usize, until: usize| {
            let bytes = tail.get(end + from..end + until)?;
            Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
        };
        let both = number(10, 12).zip(number(12, 16));
        Ok(both.map(|(files, directory_bytes)| End { archive_bytes, files: files as usize, directory_bytes }))
    }

    fn check(&self) -> Result<(), Problem> {
        if self.archive_bytes > FILE_MAX_BYTES {
            return Err(Problem::FileTooLarge { limit: FILE_MAX_BYTES });
        }
        if self.files > ARCHIVE_MEMBERS_MAX {
            return Err(Problem::TooMany { limit: ARCHIVE_MEMBERS_MAX });
        }
        if self.directory_bytes > ARCHIVE_DIRECTORY_MAX_BYTES {
            return Err(Problem::TooLong { limit: ARCHIVE_DIRECTORY_MAX_BYTES as usize });
        }
        Ok(())
    }
}

/// A file of an archive and what it is.
#[derive(Debug, Clone, Serialize)]
pub struct Member {
    pub name: String,
    #[serde(flatten)]
    pub summary: Summary,
}

/// Reads a whole file of any kind, or all files of an archive, and says what it is. An archive is refused with any of its files.
pub fn inspect_file(mut source: impl Read + Seek + Send, options: &InspectOptions) -> Summary {
    let mut beginning = [0; 4];
    let whole = source.read_exact(&mut beginning).is_ok();
    if let Err(error) = source.seek(SeekFrom::Start(0)) {
        return refused((0, 0), Problem::Unreadable { cause: error.to_string() });
    }
    if !(whole && BEGINNINGS.contains(&beginning)) {
        return inspect(source, options);
    }
    let format = Some(Format { kind: Kind::Zip, version: None }.to_string());
    match members(source, options) {
        Ok(files) => {
            let bytes = files.iter().map(|file| file.summary.bytes).sum();
            let refused = files.iter().any(|file| file.summary.refused);
            Summary { format, refused, bytes, files, ..Summary::default() }
        }
        Err(problem) => Summary { format, ..refused((0, 0), problem) },
    }
}

fn members(source: impl Read + Seek + Send, options: &InspectOptions) -> Result<Vec<Member>, Problem> {
    let mut archive = Archive::open(source)?;
    let mut room = Room::default();
    let mut members = Vec::new();
    for (place, name) in archive.files() {
        let summary = listed(archive.file(place)?, options, &mut room);
        members.push(Member { name: name.chars().take(NAME_MAX_CHARS).collect(), summary });
    }
    if members.is_empty() { Err(Problem::Empty) } else { Ok(members) }
}
