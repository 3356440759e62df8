//! The secret by which the processes of a deployment authenticate each other.
//!
//! It is in a file that others cannot read. The first process that needs it creates it. The file may have several lines:
//! the first one is sent and all are accepted, so that it can be changed while the processes run.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use http::HeaderValue;
use kernel::Secret;

use crate::crypto::{FileTrouble, KeyEncryptionKey, random_token, read_line, read_or_make_line, same};

/// Shorter ones could be guessed.
const LETTERS_MIN: usize = 32;
const LETTERS_MAX: usize = 512;
const RANDOM_BYTES: usize = 32;
/// The old one, the new one, and one to spare.
const LINES_MAX: usize = 3;
const FILE_LETTERS_MAX: usize = LINES_MAX * (LETTERS_MAX + 1);
/// How often the file is checked.
const LOOKED_EVERY: Duration = Duration::from_secs(3);

#[derive(Clone)]
pub struct Credential(Arc<RwLock<Lines>>);

struct Lines {
    /// Sent; also what the secrets of rooms' own clients are derived from.
    first: Secret,
    /// As the header `Authorization` carries it.
    bearer: HeaderValue,
    /// As the others send them.
    accepted: Vec<Secret>,
}

#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    #[error("the secret {path} cannot be read or created (rpc.secret_file): {cause}")]
    File { path: PathBuf, cause: io::Error },
    #[error(
        "the secret {path} can be read by everybody on this machine; chmod 600 it, or set defaultMode: 0400 on the volume"
    )]
    Open { path: PathBuf },
    #[error(
        "the secret {path} must be {LETTERS_MIN} to {LETTERS_MAX} letters, digits, dashes and underscores on one line; with \
         {LINES_MAX} lines at most the first is sent and all are accepted"
    )]
    Malformed { path: PathBuf },
}

impl Credential {
    /// Reads the secret from its file.
    pub fn read(path: &Path) -> Result<Credential, CredentialError> {
        Ok(Credential(Arc::new(RwLock::new(read(path)?))))
    }

    /// Reads the secret, or creates a random one if there is no file. Two processes that start together get the same
    /// one.
    pub fn read_or_make(path: &Path) -> Result<Credential, CredentialError> {
        let (text, _) = read_or_make_line(path, FILE_LETTERS_MAX, &random_token(RANDOM_BYTES))
            .map_err(|trouble| CredentialError::of(path, trouble))?;
        Ok(Credential(Arc::new(RwLock::new(Lines::parse(path, &text)?))))
    }

    /// A random one.
    pub fn random() -> Credential {
        let lines = Lines::of(vec![random_token(RANDOM_BYTES)]);
        Credential(Arc::new(RwLock::new(lines.expect("a random token has the form of a secret"))))
    }

    /// Uses what the file says from now on, for as long as anybody has the credential. A file that is missing or malformed
    /// changes nothing.
    pub fn follow(&self, path: PathBuf) {
        let lines = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            let mut complaint = None;
            loop {
                tokio::time::sleep(LOOKED_EVERY).await;
                let path = path.clone();
                // Files may be on a filesystem that hangs.
                let Ok(found) = tokio::task::spawn_blocking(move || read(&path)).await else { continue };
                let Some(lines) = Weak::upgrade(&lines) else { return };
                let said = take_up(&lines, found).map_err(|error| error.to_string()).err();
                if said.is_some() && said != complaint {
                    tracing::error!(error = said, "the changed secret is not used; the previous one stays");
                }
                complaint = said;
            }
        });
    }

    /// A secret for one purpose, which every process with this credential derives alike.
    pub fn derived(&self, purpose: &str) -> Secret {
        let key = KeyEncryptionKey::from_secret(&self.lines().first).expect("a credential is long enough for a key");
        let mac = key.purpose("clients of rooms").mac(purpose.as_bytes());
        Secret::new(mac.iter().fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}")))
    }

    pub(super) fn bearer(&self) -> HeaderValue {
        self.lines().bearer.clone()
    }

    /// In constant time for each.
    pub(super) fn is(&self, authorization: &[u8]) -> bool {
        let lines = self.lines();
        lines.accepted.iter().fold(false, |known, one| same(authorization, one.expose().as_bytes()) | known)
    }

    fn lines(&self) -> std::sync::RwLockReadGuard<'_, Lines> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn parse(path: &Path, text: &Secret) -> Result<Lines, CredentialError> {
        let lines = text.expose().lines().map(str::trim_end).filter(|line| !line.is_empty());
        let lines: Vec<Secret> = lines.map(Secret::new).collect();
        Lines::of(lines).ok_or_else(|| CredentialError::Malformed { path: path.to_owned() })
    }

    fn of(lines: Vec<Secret>) -> Option<Lines> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let shaped = |text: &str| (LETTERS_MIN..=LETTERS_MAX).contains(&text.len()) && text.bytes().all(known);
        if lines.len() > LINES_MAX || !lines.iter().all(|line| shaped(line.expose())) {
            return None;
        }
        let sent = |line: &Secret| Secret::new(format!("Bearer {}", line.expose()));
        let (first, accepted) = (lines.first()?.clone(), lines.iter().map(sent).collect::<Vec<_>>());
        let mut bearer = HeaderValue::from_str(accepted.first()?.expose()).ok()?;
        bearer.set_sensitive(true);
        Some(Lines { first, bearer, accepted })
    }

    fn is_as(&self, other: &Lines) -> bool {
        let texts = |lines: &Lines| lines.accepted.iter().map(|line| line.expose().to_owned()).collect::<Vec<_>>();
        texts(self) == texts(other)
    }
}

fn read(path: &Path) -> Result<Lines, CredentialError> {
    let text = read_line(path, FILE_LETTERS_MAX).map_err(|trouble| CredentialError::of(path, trouble))?;
    Lines::parse(path, &text)
}

fn take_up(lines: &RwLock<Lines>, found: Result<Lines, CredentialError>) -> Result<(), CredentialError> {
    let found = found?;
    if !lines.read().unwrap_or_else(PoisonError::into_inner).is_as(&found) {
        *lines.write().unwrap_or_else(PoisonError::into_inner) = found;
        tracing::info!("the secret between processes has changed and is in use");
    }
    Ok(())
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

    fn sent(credential: &Credential) -> String {
        credential.bearer().to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned()
    }

    #[test]
    fn the_first_line_is_sent_and_all_are_accepted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rpc");
        let [old, new, other] = ["o", "n", "x"].map(|letter| letter.repeat(32));
        let put = |text: &str| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        };
        put(&format!("{old}\n{new}\n"));
        let credential = Credential::read(&path).unwrap();
        let knows = |secret: &str| credential.is(format!("Bearer {secret}").as_bytes());
        assert_eq!(sent(&credential), old);
        assert!(knows(&old) && knows(&new) && !knows(&other));
        put(&format!("{new}\n\n{old}\n"));
        take_up(&credential.0, read(&path)).unwrap();
        assert_eq!(sent(&credential), new);
        assert!(knows(&old) && knows(&new));
        put(&format!("{new}\nshort\n"));
        assert!(take_up(&credential.0, read(&path)).is_err());
        put(&vec![new.clone(); 4].join("\n"));
        assert!(take_up(&credential.0, read(&path)).is_err());
        put(&format!("{new}\n"));
        take_up(&credential.0, read(&path)).unwrap();
        assert!(knows(&new) && !knows(&old));
    }

    #[test]
    fn the_first_process_creates_the_secret_and_others_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys").join("rpc");
        let made: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| sent(&Credential::read_or_make(&path).unwrap()))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(made.iter().all(|one| *one == made[0]), "{made:?}");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(dir.path().join("keys")).unwrap().count(), 1, "something was left behind");
        assert_eq!(sent(&Credential::read(&path).unwrap()), made[0]);
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
