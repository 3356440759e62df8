//! Cryptography: keys, sealed values, random tokens and their digests.
//!
//! One key encryption key ([`KeyEncryptionKey`]) comes from a file or from the operator and is never stored with the
//! data. It wraps the data keys of each service, which are in the service's own store ([`KeyRing`]); these seal single
//! values, bound to their row ([`Place`]). Every primitive is a call into aws-lc-rs.
//!
//! Invariants: no key is ever printed; a sealed value opens only in its own place; a data key seals a bounded number of
//! values, and a crash never makes that number look smaller than it is.

mod erasures;
mod file;
mod master;
mod places;
mod ring;
mod subjects;
mod table;
mod token;

pub use erasures::{Erasure, ErasureError, Erasures};
pub(crate) use file::{FileTrouble, read_line, read_or_make_line};
pub use master::{KeyEncryptionKey, KeyError, PurposeKey};
pub use places::Place;
pub use ring::{KeyRing, SealError};
pub use subjects::{REMEMBERED_MS, SUBJECT_KEY_MIGRATIONS, SubjectError, SubjectKeys};
pub use table::KEY_TABLES;
pub use token::{digest, random_token, same};
