//! The key encryption key: 32 bytes from a file, or derived from a secret that the operator supplies.
//!
//! It is never used directly: HKDF-SHA256 derives a key per purpose, with a label.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::{hkdf, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::Secret;
use zeroize::Zeroizing;

use super::file::{FileTrouble, read_line, read_or_make_line};
use super::token;
use crate::config::{Crypto, SECRET_BYTES_MIN};
use crate::db::Engine;

const BYTES: usize = 32;
/// The longest spelling, plus room to detect one that is too long.
const LETTERS_MAX: usize = 128;

const SALT: &[u8] = b"florin key encryption key";
const SALT_OF_SECRETS: &[u8] = b"florin operator's secret";

pub struct KeyEncryptionKey(Zeroizing<[u8; BYTES]>);

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the key {path} cannot be read or created (crypto.key_file): {cause}")]
    File { path: PathBuf, cause: io::Error },
    #[error(
        "the key {path} can be read by everybody on this machine; chmod 600 it, or set defaultMode: 0400 on the volume"
    )]
    Open { path: PathBuf },
    #[error("the key {path} must be 32 bytes on one line, as 64 hexadecimal digits or 43 characters of base64url")]
    Malformed { path: PathBuf },
    #[error(
        "there is no key at {path} (crypto.key_file), and processes that share a PostgreSQL need one and the same: make it \
         once, `openssl rand -hex 32`, and mount it with each of them, or set JWT_SECRET"
    )]
    NotGiven { path: PathBuf },
    #[error("a secret to derive the key from needs at least {SECRET_BYTES_MIN} bytes (crypto.secret)")]
    Short,
}

impl KeyEncryptionKey {
    /// The operator's secret, or else the key in the file. With embedded databases the file is created; processes that
    /// share a PostgreSQL must be given the same one, because each would create its own.
    pub fn find(config: &Crypto, engine: Engine) -> Result<KeyEncryptionKey, KeyError> {
        let path = &config.key_file;
        match (&config.secret, engine) {
            (Some(secret), _) => KeyEncryptionKey::from_secret(secret),
            (None, Engine::Sqlite) => KeyEncryptionKey::read_or_make(path),
            (None, Engine::Postgres) if !path.exists() => Err(KeyError::NotGiven { path: path.clone() }),
            (None, Engine::Postgres) => KeyEncryptionKey::read(path),
        }
    }

    pub fn read(path: &Path) -> Result<KeyEncryptionKey, KeyError> {
        let line = read_line(path, LETTERS_MAX).map_err(|trouble| KeyError::of(path, trouble))?;
        KeyEncryptionKey::parse(line.expose()).ok_or_else(|| KeyError::Malformed { path: path.to_owned() })
    }

    fn read_or_make(path: &Path) -> Result<KeyEncryptionKey, KeyError> {
        let (line, made) = read_or_make_line(path, LETTERS_MAX, &token::random_token(BYTES))
            .map_err(|trouble| KeyError::of(path, trouble))?;
        if made {
            tracing::warn!(
                key_file = %path.display(),
                "made the key that sealed values are kept under: without it they are lost for good; keep a copy of it, apart \
                 from the backups of the data"
            );
        }
        KeyEncryptionKey::parse(line.expose()).ok_or_else(|| KeyError::Malformed { path: path.to_owned() })
    }

    /// From a text of at least 32 bytes. The text itself is never used as a key.
    pub fn from_secret(secret: &Secret) -> Result<KeyEncryptionKey, KeyError> {
        let bytes = secret.expose().as_bytes();
        if bytes.len() < SECRET_BYTES_MIN {
            return Err(KeyError::Short);
        }
        Ok(KeyEncryptionKey(derive(SALT_OF_SECRETS, bytes, "key encryption key")))
    }

    /// A random key that nobody knows and that is not stored.
    pub fn random() -> KeyEncryptionKey {
        let mut bytes = Zeroizing::new([0; BYTES]);
        token::fill(&mut *bytes);
        KeyEncryptionKey(bytes)
    }

    /// A derived key for one purpose, to pass to a library. The same label gives the same key.
    pub fn derive(&self, label: &'static str) -> Zeroizing<[u8; BYTES]> {
        derive(SALT, &*self.0, label)
    }

    /// A derived key for one purpose, for keyed digests.
    pub fn purpose(&self, label: &'static str) -> PurposeKey {
        PurposeKey(hmac::Key::new(hmac::HMAC_SHA256, &*self.derive(label)))
    }

    fn parse(line: &str) -> Option<KeyEncryptionKey> {
        let mut key = Zeroizing::new([0; BYTES]);
        if line.len() == 2 * BYTES {
            let (pairs, _) = line.as_bytes().as_chunks::<2>();
            for (byte, pair) in key.iter_mut().zip(pairs) {
                *byte = hex(pair)?;
            }
            return Some(KeyEncryptionKey(key));
        }
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(line.trim_end_matches('=')).ok()?);
        key.copy_from_slice(<&[u8; BYTES]>::try_from(bytes.as_slice()).ok()?);
        Some(KeyEncryptionKey(key))
    }
}

impl KeyError {
    fn of(path: &Path, trouble: FileTrouble) -> KeyError {
        let path = path.to_owned();
        match trouble {
            FileTrouble::Io(cause) => KeyError::File { path, cause },
            FileTrouble::Open => KeyError::Open { path },
            FileTrouble::Malformed => KeyError::Malformed { path },
        }
    }
}

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyEncryptionKey(***)")
    }
}

/// A key for one purpose. Its digests cannot be computed without it, so guessable values such as codes and addresses
/// can be looked up by digest but not found by trying.
#[derive(Clone)]
pub struct PurposeKey(hmac::Key);

impl PurposeKey {
    /// From key material that has no other use.
    pub fn of(material: &[u8]) -> PurposeKey {
        PurposeKey(hmac::Key::new(hmac::HMAC_SHA256, material))
    }

    /// HMAC-SHA256.
    pub fn mac(&self, value: &[u8]) -> [u8; 32] {
        hmac::sign(&self.0, value).as_ref().try_into().expect("HMAC-SHA256 has 32 bytes")
    }

    /// Whether `mac` belongs to `value`, in constant time.
    pub fn is(&self, value: &[u8], mac: &[u8]) -> bool {
        hmac::verify(&self.0, value, mac).is_ok()
    }
}

impl fmt::Debug for PurposeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PurposeKey(***)")
    }
}

struct Length;

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        BYTES
    }
}

fn derive(salt: &[u8], material: &[u8], label: &str) -> Zeroizing<[u8; BYTES]> {
    let mut key = Zeroizing::new([0; BYTES]);
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(material);
    let filled = extracted.expand(&[label.as_bytes()], Length).and_then(|expanded| expanded.fill(&mut *key));
    filled.expect("HKDF gives up to 255 digests");
    key
}

fn hex(pair: &[u8; 2]) -> Option<u8> {
    let digit = |letter: u8| char::from(letter).to_digit(16);
    let [high, low] = *pair;
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests;
