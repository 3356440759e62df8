//! The vault: the only service that stores card numbers.
//!
//! Contains card numbers, sealed under its own data keys and found by a keyed digest, and the tokens that stand for them
//! everywhere else. Contains no cards, no accounts and no holders: those are in other services, which have tokens. It
//! calls no other service.
//!
//! Invariants: a card number is stored sealed or not at all; a verification code is computed and compared, and never
//! stored; a number that is only looked for is not stored; each access to a number in clear is an event in the
//! transaction that allows it; the store alone neither opens a number nor tells whether it holds one.
//!
//! Start reading at `service`, then `fingerprints` and `rotation`.

mod change;
mod cvv;
mod fingerprints;
mod http;
mod keep;
mod room;
mod rotation;
mod service;
mod settings;
mod store;

pub use crate::http::routes;
pub use room::{ROOM, mount, open};
pub use service::{VaultKeys, VaultService};
pub use settings::Settings;
