//! Secrets in single-line files. The first process that needs one creates it, if it may.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use kernel::Secret;

use super::random_token;

/// Mode bits that let other users read or write the file.
const EVERYBODY: u32 = 0o007;

#[derive(Debug)]
pub(crate) enum FileTrouble {
    Io(io::Error),
    /// Every user on the machine can read or write it.
    Open,
    /// Not text, or longer than any secret.
    Malformed,
}

impl From<io::Error> for FileTrouble {
    fn from(error: io::Error) -> FileTrouble {
        FileTrouble::Io(error)
    }
}

/// The line without its ending; the caller checks its form.
pub(crate) fn read_line(path: &Path, letters_max: usize) -> Result<Secret, FileTrouble> {
    let file = File::open(path)?;
    if file.metadata()?.permissions().mode() & EVERYBODY != 0 {
        return Err(FileTrouble::Open);
    }
    let mut text = Vec::new();
    file.take(letters_max as u64 + 2).read_to_end(&mut text)?;
    let text = Secret::new(String::from_utf8(text).map_err(|_| FileTrouble::Malformed)?);
    let line = text.expose().trim_end();
    if line.len() > letters_max { Err(FileTrouble::Malformed) } else { Ok(Secret::new(line)) }
}

/// Reads the line, or creates the file with `line` if there is none. Two processes that start together get the same
/// one. Also returns whether this process created it.
pub(crate) fn read_or_make_line(path: &Path, letters_max: usize, line: &Secret) -> Result<(Secret, bool), FileTrouble> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    if path.exists() {
        return Ok((read_line(path, letters_max)?, false));
    }
    // Complete before it gets its name; the second process takes the first one's.
    let making = path.with_extension(format!("{}.new", random_token(8).expose()));
    let linked = write(&making, line).and_then(|()| std::fs::hard_link(&making, path));
    // If this fails, what is left is a secret that nobody uses.
    let _ = std::fs::remove_file(&making);
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(FileTrouble::Io(error)),
        linked => Ok((read_line(path, letters_max)?, linked.is_ok())),
    }
}

fn write(path: &Path, line: &Secret) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(line.expose().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}
