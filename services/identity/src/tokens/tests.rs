//! Each refusal of the standards by name, and the few ways to a token, on both engines.

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
