//! Second factors: an app ([`totp`]), backup codes, and codes that are sent. Each code is good once.
//!
//! Invariant: what is compared is stored as a digest under a key, what has to be read again is sealed.

mod backup;
mod totp;

pub(crate) use totp::{TotpSecret, seal_error};

#[cfg(test)]
pub(crate) const SQL: &[&[&str]] = &[backup::SQL, totp::SQL];
