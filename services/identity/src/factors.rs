//! Second factors: an app ([`totp`]), backup codes, and sent codes. Each code works once.
//!
//! Invariant: what is only compared is stored as a keyed digest, what has to be read again is sealed.

mod backup;
mod totp;

pub(crate) use totp::{TotpSecret, seal_error};

#[cfg(test)]
pub(crate) const SQL: &[&[&str]] = &[backup::SQL, totp::SQL];
