//! Identity: users and clients, how they authenticate, and what they may do.
//!
//! Owns users, factors, sessions, clients, consents, token families, signing keys, roles, policies and revocations, in
//! rows only, so that several processes can share a store. Does not reveal to strangers whether an account exists.
//! Invariants: a fact and its event are one transaction; whatever ends a token is committed before the reply, and takes
//! effect on the next request in this process; no stored secret can be recovered from the store alone. Start reading at
//! [`IdentityService`], then `login`, then `tokens`.

mod change;
mod channels;
mod clients;
mod codes;
mod config;
mod count;
mod devices;
mod face;
mod factors;
mod http;
mod keys;
mod login;
mod passwords;
mod people;
mod permit;
mod rights;
mod room;
mod security;
mod service;
mod sessions;
mod settings;
mod standing;
mod store;
mod tend;
mod tokens;

pub use channels::{Channel, ChannelError, Channels, FileChannel, LogChannel, Message};
pub use config::IdentityConfig;
pub use http::{Door, HttpConfig, PageRoute, Routes, api, routes};
pub use passwords::{BreachedError, PasswordsError, RawChecks, raw_password_checks};
pub use room::{ROOM, mount, open};
pub use service::{IdentityService, StartError, migrate};
pub use settings::Settings;
