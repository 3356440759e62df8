//! Audit: who did what, as a log to which entries are only added, and that proves itself without this program's help.
//!
//! It reads the events of all rooms and keeps each as an entry ([`catalogue`] says what it is evidence of); no interface
//! writes, changes or removes one, and no request of another room waits for it. Entries are the leaves of a Merkle tree
//! ([`tree`]), whose head is signed once a second ([`heads`]); a folder of tiles ([`offline`]) can be checked by anybody who
//! has the key. What is personal about an entry is sealed under its subject's key ([`seal`]).
//!
//! | table | a row is |
//! |---|---|
//! | `log` | the log: its name, its size and its root |
//! | `entry` | an entry: the bytes that are hashed, and what it is found by |
//! | `tile` | up to 256 hashes of one level of the tree |
//! | `head` | a signed head |
//! | `signing_key` | a key of the log, sealed |
//!
//! Invariants: each event of a source has one entry, in the order of the source: entry, tree and cursor are one
//! transaction; indices have no gap; a signed head is never contradicted; destroying a key makes what was sealed
//! unreadable everywhere and changes no proof. Start reading at `append`, then `heads` and `offline`.

mod append;
mod bundle;
mod catalogue;
mod config;
mod count;
mod entry;
mod face;
mod formats;
mod heads;
mod holder;
mod http;
mod keys;
mod look;
mod note;
mod offline;
mod page;
mod prove;
mod reads;
mod retention;
mod room;
mod seal;
mod service;
mod sources;
mod store;
mod tree;

pub use config::Settings;
pub use face::*;
pub use formats::sox;
pub use note::{Checkpoint, NoteError, VerifyingKey};
pub use offline::{Evidence, ExportError, Exported, Finding, Verified, export, verify};
pub use room::{Events, ROOM, mount, open};
pub use tree::Hash;
