//! Cards with a real vault and a real ledger: a test of a service sees no other service, so these are here.

mod authorize;
mod hidden;
mod kills;
mod life;
mod many;
mod named;
mod stage;
mod story;
