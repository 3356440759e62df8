//! The secret by which the processes of a deployment authenticate each other.
//!
//! It is in a file that others cannot read. The first process that needs it creates it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use kernel::Secret;

use crate::crypto::{FileTrouble, KeyEncryptionKey, random_token, read_line, read_or_make_line, same};

/// Shorter ones could be guessed.
const LETTERS_MIN: usize = 32;
const LETTERS_MAX: usize = 512;
const RANDOM_BYTES: usize = 32;

#[derive(Clone)]
pub struct Credential(Secret);

#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    #[error("the secret {path} cannot be read or created (rpc.secret_file): {cause}")]
    File { path: PathBuf, cause: io::Error },
    #[error(
        "the secret {path} can be read by everybody on this machine; chmod 600 it, or set defaultMode: 0400 on the volume"
    )]
    Open { path: PathBuf },
    #[error(
        "the secret {path} must be {LETTERS_MIN} to {LETTERS_MAX} letters, digits, dashes and underscores on one line"
    )]
    Malformed { path: PathBuf },
}

impl Credential {
    /// Reads the secret from its file.
    pub fn read(path: &Path) -> Result<Credential, CredentialError> {
        let line = read_line(path, LETTERS_MAX).map_err(|trouble| CredentialError::of(path, trouble))?;
        Credential::parse(line).ok_or_else(|| CredentialError::Malformed { path: path.to_owned() })
    }

    /// Reads the secret, or creates a random one if there is no file. Two processes that start together get the same
    /// one.
    pub fn read_or_make(path: &Path) -> Result<Credential, CredentialError> {
        let (line, _) = read_or_make_line(path, LETTERS_MAX, &Credential::random().0)
            .map_err(|trouble| CredentialError::of(path, trouble))?;
        Credential::parse(line).ok_or_else(|| CredentialError::Malformed { path: path.to_owned() })
    }

    /// A random one.
    pub fn random() -> Credential {
        Credential(random_token(RANDOM_BYTES))
    }

    /// A secret for one purpose, which every process with this credential derives alike.
    pub fn derived(&self, purpose: &str) -> Secret {
        let key = KeyEncryptionKey::from_secret(&self.0).expect("a credential is long enough for a key");
        let mac = key.purpose("clients of rooms").mac(purpose.as_bytes());
        Secret::new(mac.iter().fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}")))
    }

    fn parse(line: Secret) -> Option<Credential> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let text = line.expose();
        let shaped = (LETTERS_MIN..=LETTERS_MAX).contains(&text.len()) && text.bytes().all(known);
        shaped.then_some(Credential(line))
    }

    /// As the header `Authorization` carries it.
    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.0.expose())
    }

    /// In constant time.
    pub(super) fn is(&self, authorization: &[u8]) -> bool {
        same(authorization, self.bearer().as_bytes())
    }
}

impl CredentialError {
    fn of(path: &Path, trouble: FileTrouble) -> CredentialError {
        let path = path.to_owned();
        match trouble {
            FileTrouble::Io(cause) => CredentialError::File { path, cause },
            FileTrouble::Open => CredentialError::Open { path },
            FileTrouble::Malformed => CredentialError::Malformed { path },
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(***)")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_first_process_creates_the_secret_and_others_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys").join("rpc");
        let made: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| Credential::read_or_make(&path).unwrap().0.expose().to_owned()))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(made.iter().all(|one| *one == made[0]), "{made:?}");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(dir.path().join("keys")).unwrap().count(), 1, "something was left behind");
        assert_eq!(Credential::read(&path).unwrap().0.expose(), made[0]);
        assert!(!format!("{:?}", Credential::read(&path)).contains(&made[0]));
    }

    #[test]
    fn a_readable_short_or_missing_secret_is_refused() {
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
