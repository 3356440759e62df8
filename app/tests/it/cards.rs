//! Cards with a real vault and a real ledger: a test of a service sees no other service, so these are here.

mod apart;
mod authorize;
mod files;
pub(crate) mod gate;
mod hidden;
mod kills;
mod leaving;
mod life;
mod many;
mod named;
mod network;
mod scored;
mod stage;
mod story;
