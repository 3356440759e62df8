//! Identity: who people and programs are, how they prove it, and what they may do.
//!
//! Owns people, factors, sessions, clients, consents, tokens' families, signing keys, roles, policies and revocations, in
//! rows only, so that several processes may share a store. Refuses to tell a stranger whether an account exists.
//! Invariants: a fact and its event are one transaction; what makes a token untrue is committed before it is answered, and
//! in this process holds from the next request on; no secret is stored that can be found out from the store alone.
//! Start reading at [`IdentityService`], then `login`, then `tokens`.

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
