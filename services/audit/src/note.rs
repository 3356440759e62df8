//! Checkpoints as signed notes: three lines of text, an empty line, and a line for each signature (C2SP signed-note and
//! tlog-checkpoint). Pure.
//!
//! A signature of an unknown key is ignored, so that keys can be replaced; a wrong one of a known key refuses the note.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::tree::{Hash, SIZE_MAX, sha256};

/// The number of Ed25519 in key ids and keys.
const ED25519_KIND: u8 = 1;
const KEY_BYTES: usize = 32;
/// No note of ours is longer, and a foreign one is not read further.
const NOTE_BYTES_MAX: usize = 64 << 10;

/// A head of the log: its name, the number of its entries, and the root of their tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    pub origin: String,
    pub size: u64,
    pub root: Hash,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("not a checkpoint: {0}")]
    Malformed(&'static str),
    #[error("not a key of the form NAME+HEXID+BASE64: {0}")]
    Key(&'static str),
    #[error("none of the given keys has signed it as {name}")]
    Unsigned { name: String },
    #[error("the signature of {name} does not fit the checkpoint")]
    WrongSignature { name: String },
}

impl Checkpoint {
    /// What is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// The signed note.
    pub fn signed(&self, keys: &[SigningKey]) -> String {
        let text = self.text();
        let lines: String = keys.iter().map(|key| key.line(&text)).collect();
        format!("{text}\n{lines}")
    }

    /// A note that at least one of these keys has signed.
    ///
    /// # Errors
    /// It is not a checkpoint, none of the keys has signed it, or a signature of one of them is wrong.
    pub fn opened(note: &str, keys: &[VerifyingKey]) -> Result<Checkpoint, NoteError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(NoteError::Malformed("it is too long"));
        }
        let (text, signatures) = note.split_once("\n\n").ok_or(NoteError::Malformed("no empty line"))?;
        let text = format!("{text}\n");
        let checkpoint = Checkpoint::read(&text)?;
        // A key signs for the log of its own name.
        let keys: Vec<&VerifyingKey> = keys.iter().filter(|key| key.name == checkpoint.origin).collect();
        let mut signed = false;
        for line in signatures.lines() {
            let (name, id, signature) = signature(line).ok_or(NoteError::Malformed("a signature line"))?;
            let Some(key) = keys.iter().find(|key| key.name == name && key.id() == id) else { continue };
            if !key.has_signed(&text, &signature) {
                return Err(NoteError::WrongSignature { name: name.to_owned() });
            }
            signed = true;
        }
        if signed { Ok(checkpoint) } else { Err(NoteError::Unsigned { name: checkpoint.origin }) }
    }

    fn read(text: &str) -> Result<Checkpoint, NoteError> {
        let mut lines = text.lines();
        let mut line = |what| lines.next().ok_or(NoteError::Malformed(what));
        let (origin, size, root) = (line("no name")?, line("no size")?, line("no root")?);
        let number: u64 = size.parse().map_err(|_| NoteError::Malformed("the size is not a number"))?;
        if number.to_string() != size || number > SIZE_MAX {
            return Err(NoteError::Malformed("the size is not a number of entries"));
        }
        let root = STANDARD.decode(root).ok().and_then(|bytes| bytes.try_into().ok());
        let root = root.ok_or(NoteError::Malformed("the root is not 32 bytes in base64"))?;
        Ok(Checkpoint { origin: origin.to_owned(), size: number, root })
    }
}

/// Name, key id and signature of a line.
fn signature(line: &str) -> Option<(&str, [u8; 4], Vec<u8>)> {
    let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let bytes = STANDARD.decode(encoded).ok()?;
    let (id, signature) = bytes.split_first_chunk::<4>()?;
    Some((name, *id, signature.to_vec()))
}

/// Whether a log can have this name: it stands in notes and keys.
pub(crate) fn is_name(name: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_graphic() && letter != '+';
    (1..=100).contains(&name.len()) && name.chars().all(fits)
}

/// A key that notes are checked by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    pub name: String,
    public: [u8; KEY_BYTES],
}

impl VerifyingKey {
    pub fn new(name: &str, public: [u8; KEY_BYTES]) -> VerifyingKey {
        VerifyingKey { name: name.to_owned(), public }
    }

    pub(crate) fn public(&self) -> [u8; KEY_BYTES] {
        self.public
    }

    /// The first four bytes of a digest of the name and the key.
    pub fn id(&self) -> [u8; 4] {
        let bytes = [self.name.as_bytes(), b"\n", &[ED25519_KIND], &self.public].concat();
        let [a, b, c, d, ..] = sha256(&bytes);
        [a, b, c, d]
    }

    /// As people keep it: the name, the id in hexadecimal and the key.
    pub fn text(&self) -> String {
        let id: String = self.id().iter().map(|byte| format!("{byte:02x}")).collect();
        let key = [&[ED25519_KIND][..], &self.public].concat();
        format!("{}+{id}+{}", self.name, STANDARD.encode(key))
    }

    /// # Errors
    /// A sentence about a text that is not a key.
    pub fn read(text: &str) -> Result<VerifyingKey, NoteError> {
        // A key in base64 may have a plus sign.
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key("expected three parts"));
        };
        let bytes = STANDARD.decode(key).map_err(|_| NoteError::Key("the last part is not base64"))?;
        let public = match bytes.split_first() {
            Some((&ED25519_KIND, public)) => public.try_into().map_err(|_| NoteError::Key("expected 32 bytes"))?,
            _ => return Err(NoteError::Key("not a key of Ed25519")),
        };
        let read = VerifyingKey::new(name, public);
        if !is_name(name) || read.text() != format!("{name}+{id}+{key}") {
            return Err(NoteError::Key("the id does not belong to the name and the key"));
        }
        Ok(read)
    }

    fn has_signed(&self, text: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public).verify(text.as_bytes(), signature).is_ok()
    }
}

/// A key that signs for a log.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    pub(crate) verifying: VerifyingKey,
}

impl SigningKey {
    /// Nothing if the seed is not one.
    pub(crate) fn of(name: &str, seed: &[u8]) -> Option<SigningKey> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public = pair.public_key().as_ref().try_into().ok()?;
        Some(SigningKey { pair, verifying: VerifyingKey::new(name, public) })
    }

    /// Ed25519 is deterministic: the same text has the same signature.
    fn line(&self, text: &str) -> String {
        let signature = self.pair.sign(text.as_bytes());
        let bytes = [&self.verifying.id()[..], signature.as_ref()].concat();
        format!("\u{2014} {} {}\n", self.verifying.name, STANDARD.encode(bytes))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.verifying.name)
    }
}

#[cfg(test)]
mod tests;
