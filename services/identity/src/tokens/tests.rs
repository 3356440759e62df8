//! Each refusal of the standards' lists by name, and the few ways that lead to a token, on both engines.

mod authorize;
mod bench;
mod code;
mod consent;
mod credentials;
mod hint;
mod introspect;
mod logout;
mod race;
mod refresh;
mod revoke;
mod withdrawn;
pub(crate) mod world;
