//! The secret that processes of one house know one another by, until certificates do that.
//!
//! It lies in a file that others cannot read. The first process that needs it makes it.

use std::fmt;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngExt;
use sha2::{Digest, Sha256};

/// Shorter ones can be guessed.
const LETTERS_MIN: usize = 32;
const LETTERS_MAX: usize = 512;
const RANDOM_BYTES: usize = 32;
/// Bits of the file's mode that let everybody in.
const EVERYBODY: u32 = 0o007;

#[derive(Clone)]
pub struct Credential(String);

#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    #[error("the secret {path} cannot be read or made (rpc.secret_file): {cause}")]
    File { path: PathBuf, cause: io::Error },
    #[error(
        "the secret {path} can be read by everybody on this machine; chmod 600 it, or set defaultMode: 0400 on the volume"
    )]
    Open { path: PathBuf },
    #[error(
        "the secret {path} has to be {LETTERS_MIN} to {LETTERS_MAX} letters, digits, dashes and underscores on one line"
    )]
    Malformed { path: PathBuf },
}

impl Credential {
    /// Reads the secret from its file.
    pub fn read(path: &Path) -> Result<Credential, CredentialError> {
        let failed = |cause| CredentialError::File { path: path.to_owned(), cause };
        let mut file = std::fs::File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.permissions().mode() & EVERYBODY != 0 {
            return Err(CredentialError::Open { path: path.to_owned() });
        }
        let mut text = String::new();
        let malformed = |_| CredentialError::Malformed { path: path.to_owned() };
        (&mut file).take(LETTERS_MAX as u64 + 2).read_to_string(&mut text).map_err(malformed)?;
        Credential::parse(text.trim_end()).ok_or_else(|| CredentialError::Malformed { path: path.to_owned() })
    }

    /// Reads the secret, or makes one that nobody knows when there is no file. Two processes that start together get the same.
    pub fn read_or_make(path: &Path) -> Result<Credential, CredentialError> {
        let failed = |cause| CredentialError::File { path: path.to_owned(), cause };
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(failed)?;
        }
        if path.exists() {
            return Credential::read(path);
        }
        // Whole before it has its name; whoever is second takes the first one's.
        let making = path.with_extension(format!("{:016x}.new", rand::rng().random::<u64>()));
        let written = write(&making, &Credential::random());
        let linked = written.and_then(|()| std::fs::hard_link(&making, path));
        // What is left of it when this fails is a secret that nobody uses.
        let _ = std::fs::remove_file(&making);
        match linked {
            Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => Err(failed(cause)),
            _ => Credential::read(path),
        }
    }

    /// One that nobody knows.
    pub fn random() -> Credential {
        let bytes: [u8; RANDOM_BYTES] = rand::rng().random();
        Credential(URL_SAFE_NO_PAD.encode(bytes))
    }

    fn parse(text: &str) -> Option<Credential> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let shaped = (LETTERS_MIN..=LETTERS_MAX).contains(&text.len()) && text.bytes().all(known);
        shaped.then(|| Credential(text.to_owned()))
    }

    /// As the header `Authorization` carries it.
    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// Digests are compared, so that the time it takes tells nothing of the secret.
    pub(super) fn is(&self, authorization: &[u8]) -> bool {
        Sha256::digest(authorization) == Sha256::digest(self.bearer())
    }
}

fn write(path: &Path, credential: &Credential) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(credential.0.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_makes_it_and_the_others_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys").join("rpc");
        let made: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| Credential::read_or_make(&path).unwrap().0)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(made.iter().all(|one| *one == made[0]), "{made:?}");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(dir.path().join("keys")).unwrap().count(), 1, "something was left behind");
        assert_eq!(Credential::read(&path).unwrap().0, made[0]);
        assert!(!format!("{:?}", Credential::read(&path)).contains(&made[0]));
    }

    #[test]
    fn a_secret_that_is_open_short_or_absent_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rpc");
        assert!(matches!(Credential::read(&path), Err(CredentialError::File { .. })));
        for bad in ["", "short", &"x".repeat(513), &format!("{} {}", "x".repeat(32), "y")] {
            std::fs::write(&path, bad).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            assert!(matches!(Credential::read(&path), Err(CredentialError::Malformed { .. })), "{bad}");
        }
        std::fs::write(&path, "x".repeat(32)).unwrap();
        assert!(Credential::read(&path).unwrap().is(format!("Bearer {}", "x".repeat(32)).as_bytes()));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o604)).unwrap();
        assert!(matches!(Credential::read(&path), Err(CredentialError::Open { .. })));
    }
}
