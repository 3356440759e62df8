//! What is kept so that nobody can read it: keys, sealed values, tokens and their digests.
//!
//! One key encryption key ([`KeyEncryptionKey`]) comes from a file or from the operator and is never stored beside the data.
//! Under it lie the data keys of each service, in the service's own store ([`KeyRing`]); with those single values are sealed,
//! bound to the row that they stand in ([`Place`]). Every step is a call into aws-lc-rs.
//!
//! Invariants: no key is ever printed; a sealed value opens in its own place only; a data key seals a bounded number of
//! values, and a crash never makes that number look smaller than it is.

mod file;
mod master;
mod places;
mod ring;
mod table;
mod token;

pub(crate) use file::{FileTrouble, read_line, read_or_make_line};
pub use master::{KeyEncryptionKey, KeyError, PurposeKey};
pub use places::Place;
pub use ring::{KeyRing, SealError};
pub use table::KEY_TABLES;
pub use token::{digest, random_token, same};
