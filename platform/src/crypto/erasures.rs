//! The list of erasures: a file outside of the stores and of their backups, to which each erasure is added before it is
//! carried out.
//!
//! A restored store knows nothing of erasures since its backup; they are applied to it again before anything is served.
//! A line is an instant and an opaque id. Lines are only added.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use kernel::Timestamp;

/// Ends a line that was not completed, and therefore never acknowledged.
const TORN: &str = " torn\n";
/// Of an opaque id.
const SUBJECT_LETTERS_MAX: usize = 128;

#[derive(Debug, Clone)]
pub struct Erasures {
    path: PathBuf,
}

/// One erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    pub at: Timestamp,
    pub subject: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ErasureError {
    #[error("the list of erasures {path} cannot be read or written: {cause}")]
    File { path: PathBuf, cause: io::Error },
    #[error(
        "line {line} of the list of erasures {path} is malformed; restore the file, or erasures would be forgotten"
    )]
    Malformed { path: PathBuf, line: usize },
    #[error("\"{0}\" is not the id of a data subject: expected 1 to {SUBJECT_LETTERS_MAX} visible ASCII characters")]
    SubjectInvalid(String),
}

impl Erasures {
    /// The file is created by the first erasure.
    pub fn at(path: &Path) -> Erasures {
        Erasures { path: path.to_owned() }
    }

    /// Adds an erasure; it is on disk when this returns.
    ///
    /// # Errors
    /// The file's, or an id that cannot be on a line.
    pub fn add(&self, erasure: &Erasure) -> Result<(), ErasureError> {
        if !is_subject(&erasure.subject) {
            return Err(ErasureError::SubjectInvalid(erasure.subject.clone()));
        }
        // One write, so that lines of several processes do not mix.
        let line = format!("{} {}\n", erasure.at, erasure.subject);
        self.append(line.as_bytes()).map_err(|cause| self.failed(cause))
    }

    /// All of them, oldest first.
    ///
    /// # Errors
    /// The file's. A last line without its end was never acknowledged, and is left out.
    pub fn all(&self) -> Result<Vec<Erasure>, ErasureError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => return Err(self.failed(cause)),
        };
        let (mut reader, mut found, mut line, mut lines) = (BufReader::new(file), Vec::new(), String::new(), 0);
        loop {
            line.clear();
            let read = reader.read_line(&mut line).map_err(|cause| self.failed(cause))?;
            if read == 0 || !line.ends_with('\n') {
                return Ok(found);
            }
            lines += 1;
            if line.ends_with(TORN) {
                continue;
            }
            let malformed = || ErasureError::Malformed { path: self.path.clone(), line: lines };
            found.push(parsed(line.trim_end()).ok_or_else(malformed)?);
        }
    }

    fn append(&self, line: &[u8]) -> io::Result<()> {
        if let Some(parent) = self.path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        }
        let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&self.path)?;
        if is_torn(&mut file)? {
            file.write_all(TORN.as_bytes())?;
        }
        file.write_all(line)?;
        file.sync_all()
    }

    fn failed(&self, cause: io::Error) -> ErasureError {
        ErasureError::File { path: self.path.clone(), cause }
    }
}

/// The machine lost power in the middle of a line.
fn is_torn(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

fn parsed(line: &str) -> Option<Erasure> {
    let (at, subject) = line.split_once(' ')?;
    is_subject(subject).then_some(())?;
    Some(Erasure { at: at.parse().ok()?, subject: subject.to_owned() })
}

pub(super) fn is_subject(subject: &str) -> bool {
    (1..=SUBJECT_LETTERS_MAX).contains(&subject.len()) && subject.bytes().all(|byte| byte.is_ascii_graphic())
}
