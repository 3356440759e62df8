//! ZIP archives, as banks pack their statements: each file in one is read for itself, in bounded memory.

use std::io::{self, Read, Seek, SeekFrom};

use zip::ZipArchive;

use crate::inspect::{InspectOptions, Summary, inspect};
use crate::limits::{ARCHIVE_MAX_BYTES, ARCHIVE_MEMBERS_MAX};
use crate::mistake::Problem;

/// The end of an archive holds the number of its files; a comment of up to 64 KiB may follow.
const END: &[u8] = b"PK\x05\x06";
const END_BYTES: u64 = 22;
const COMMENT_MAX_BYTES: u64 = 65_535;

pub struct Archive<R: Read + Seek> {
    archive: ZipArchive<R>,
    /// Bytes that may still be unpacked, over all files.
    left: u64,
}

impl<R: Read + Seek> Archive<R> {
    pub fn open(mut source: R) -> Result<Archive<R>, Problem> {
        let unreadable = |error: io::Error| Problem::Unreadable { cause: error.to_string() };
        let count = stated_count(&mut source).map_err(unreadable)?.ok_or(Problem::cut("an archive"))?;
        if count > ARCHIVE_MEMBERS_MAX {
            return Err(Problem::TooMany { limit: ARCHIVE_MEMBERS_MAX });
        }
        let archive = ZipArchive::new(source).map_err(|error| Problem::Syntax { cause: error.to_string() })?;
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

/// What the end of the archive says; an archive of the wide format says its most. The source stands at its beginning again.
fn stated_count(source: &mut (impl Read + Seek)) -> io::Result<Option<usize>> {
    let length = source.seek(SeekFrom::End(0))?;
    let from = length.saturating_sub(END_BYTES + COMMENT_MAX_BYTES);
    source.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    source.take(END_BYTES + COMMENT_MAX_BYTES).read_to_end(&mut tail)?;
    source.seek(SeekFrom::Start(0))?;
    let end = tail.windows(END.len()).rposition(|part| part == END);
    let count = end.and_then(|end| tail.get(end + 10..end + 12));
    Ok(count.map(|bytes| bytes.iter().rev().fold(0, |count, byte| count << 8 | usize::from(*byte))))
}

/// Every file of an archive with its name and what it is.
pub fn inspect_archive(
    source: impl Read + Seek + Send,
    options: &InspectOptions,
) -> Result<Vec<(String, Summary)>, Problem> {
    let mut archive = Archive::open(source)?;
    let mut seen = Vec::new();
    for (place, name) in archive.files() {
        seen.push((name, inspect(archive.file(place)?, options)));
    }
    Ok(seen)
}
