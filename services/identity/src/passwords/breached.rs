//! Stolen passwords: a sorted file of SHA-1 sums, as haveibeenpwned.com publishes it, about forty gigabytes. It is
//! searched in place.
//!
//! A line is forty hexadecimal digits, then a colon and a count, which is ignored. Both kinds of line ending are
//! accepted.

use std::cmp::Ordering;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use identity_api::{IdentityError, Refusal};
use platform::error::Failure;

const DIGITS: usize = 40;
/// A line is shorter than half of this.
const WINDOW: usize = 256;

#[derive(Debug)]
pub(super) struct Breached {
    file: File,
    length: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum BreachedError {
    #[error("the file of stolen passwords {path} cannot be read (identity.breached_passwords_file): {cause}")]
    File { path: PathBuf, cause: io::Error },
    #[error(
        "the file of stolen passwords {path} has to hold SHA-1 sums in hexadecimal, in order, one to a line \
         (identity.breached_passwords_file)"
    )]
    Malformed { path: PathBuf },
}

impl Breached {
    pub(super) fn open(path: &Path) -> Result<Breached, BreachedError> {
        let failed = |cause| BreachedError::File { path: path.to_owned(), cause };
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let breached = Breached { file, length };
        breached.has(&[b'0'; DIGITS]).map_err(|cause| match cause.kind() {
            io::ErrorKind::InvalidData => BreachedError::Malformed { path: path.to_owned() },
            _ => BreachedError::File { path: path.to_owned(), cause },
        })?;
        Ok(breached)
    }

    /// If the file cannot be read, no password can be accepted.
    pub(super) fn refuse(&self, password: &str) -> Result<(), IdentityError> {
        match self.has(&sum(password)) {
            Ok(false) => Ok(()),
            Ok(true) => Err(Refusal::PasswordBreached.into()),
            Err(error) => {
                tracing::error!(%error, "the file of stolen passwords cannot be read");
                Err(IdentityError::Failed(Failure::Unavailable))
            }
        }
    }

    /// Lines that begin before `low` are smaller, and those that begin at or after `high` are greater.
    fn has(&self, wanted: &[u8; DIGITS]) -> io::Result<bool> {
        let (mut low, mut high) = (0, self.length);
        while low < high {
            let middle = low + (high - low) / 2;
            let line = self.line_at_or_before(middle, low)?;
            match line.digits.cmp(wanted) {
                Ordering::Equal => return Ok(true),
                Ordering::Less => low = line.next,
                Ordering::Greater => high = line.start,
            }
        }
        Ok(false)
    }

    /// The line that contains the byte at `place`. A line is known to begin at `low`.
    fn line_at_or_before(&self, place: u64, low: u64) -> io::Result<Line> {
        let from = place.saturating_sub(WINDOW as u64 / 2).max(low);
        let mut window = [0; WINDOW];
        let read = read_at(&self.file, &mut window, from)?;
        let window = window.get(..read).unwrap_or_default();
        let before = usize::try_from(place - from).unwrap_or(WINDOW);
        let head = window.get(..before).unwrap_or_default();
        let start = match head.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => end + 1,
            None if from == low => 0,
            None => return Err(malformed()),
        };
        let rest = window.get(start..).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
        Ok(Line { digits: digits(rest)?, start: from + start as u64, next: from + (start + length) as u64 })
    }
}

struct Line {
    digits: [u8; DIGITS],
    start: u64,
    next: u64,
}

fn digits(line: &[u8]) -> io::Result<[u8; DIGITS]> {
    let mut digits: [u8; DIGITS] = *line.first_chunk().ok_or_else(malformed)?;
    let ends = matches!(line.get(DIGITS), None | Some(b':' | b'\r' | b'\n'));
    if !ends || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(malformed());
    }
    digits.make_ascii_uppercase();
    Ok(digits)
}

fn sum(password: &str) -> [u8; DIGITS] {
    let sum = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    let mut digits = [b'0'; DIGITS];
    let shown = sum.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]);
    for (digit, nibble) in digits.iter_mut().zip(shown) {
        *digit = b"0123456789ABCDEF".get(usize::from(nibble)).copied().unwrap_or(b'0');
    }
    digits
}

fn read_at(file: &File, window: &mut [u8], from: u64) -> io::Result<usize> {
    let mut read = 0;
    while let Some(rest) = window.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, from + read as u64) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a line is not a SHA-1 sum in hexadecimal")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_of(passwords: &[&str], line: impl Fn(&str, usize) -> String) -> (tempfile::TempDir, PathBuf) {
        let mut sums: Vec<String> =
            passwords.iter().map(|password| String::from_utf8(sum(password).to_vec()).unwrap()).collect();
        sums.sort();
        let text: String = sums.iter().enumerate().map(|(place, sum)| line(sum, place)).collect();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("breached.txt");
        std::fs::write(&path, text).unwrap();
        (dir, path)
    }

    #[test]
    fn sums_match_the_standards_vector() {
        assert_eq!(&sum("abc"), b"A9993E364706816ABA3E25717850C26C9CD0D89D");
    }

    #[test]
    fn every_line_and_nothing_else_is_found() {
        let stolen: Vec<String> = (0..500).map(|number| format!("stolen {number}")).collect();
        let stolen: Vec<&str> = stolen.iter().map(String::as_str).collect();
        for number in [1, 2, 3, 500] {
            let stolen = &stolen[..number];
            let shapes: [fn(&str, usize) -> String; 4] = [
                |sum, place| format!("{sum}:{}\r\n", place * place * 7),
                |sum, _| format!("{sum}\n"),
                |sum, place| format!("{}:{place}\n", sum.to_lowercase()),
                |sum, place| if place == 0 { sum.to_owned() } else { format!("\n{sum}") },
            ];
            for shape in shapes {
                let (_dir, path) = file_of(stolen, shape);
                let breached = Breached::open(&path).unwrap();
                assert!(stolen.iter().all(|password| breached.refuse(password).is_err()), "{number}");
                let fresh = |number: &usize| breached.refuse(&format!("fresh {number}")) == Ok(());
                assert!((0..200).collect::<Vec<_>>().iter().all(fresh));
                assert_eq!(breached.refuse(stolen[0]), Err(Refusal::PasswordBreached.into()));
            }
        }
    }

    #[test]
    fn a_file_of_another_kind_is_refused_at_the_start() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("other.txt");
        assert!(matches!(Breached::open(&path), Err(BreachedError::File { .. })));
        for other in ["password\n123456\n".to_owned(), "x".repeat(4_096), format!("{}\n", "a".repeat(64))] {
            std::fs::write(&path, other).unwrap();
            assert!(matches!(Breached::open(&path), Err(BreachedError::Malformed { .. })));
        }
        std::fs::write(&path, "").unwrap();
        assert_eq!(Breached::open(&path).unwrap().refuse("anything"), Ok(()));
    }
}
