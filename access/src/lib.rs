//! Who is calling and what they may do, as every process of the house knows it.
//!
//! Owns the terms under which tokens are believed: signing keys, roles, policies and revocations ([`Standing`]), and what a
//! token says ([`Claims`]). Identity makes them; this crate is each process's own copy. Refuses what it cannot verify, and
//! everything when its copy is too old. Start reading at [`Standing`].

mod claims;
mod standing;

pub use claims::{Claims, TOKEN_TYPE};
pub use standing::{Hears, Policy, PublicKey, Revoked, RevokedWhat, Role, Since, Standing, Terms};
