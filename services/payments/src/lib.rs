//! Payments: orders from one account to another, what they need before they are carried out, and what became of them.
//!
//! Owns payment orders with every step they took, payees, standing orders, and policies (approvals, limits, fees). Owns
//! no balances: those are the ledger's, which payments calls as itself, under its own permissions.
//!
//! A payment is first a row, with the payer's limits reserved and the id of its transaction in it, then a transaction in
//! the ledger under that id, then a row that says what came of it. Killed between any two of these, nothing is lost and
//! nothing happens twice: the same command continues, or the sweeper does.
//!
//! Invariants: a payment has at most one transaction, whatever is repeated; nobody approves what they made; limits are
//! reserved before the ledger is asked, so that no number of parallel payments overruns them, and are given back by
//! every end but `settled`; a standing order makes one payment per day on which it is due; a policy applies once another
//! person has confirmed it; what has left over a rail is booked out of the payer's account, and what the bank says of it
//! is booked once.
//!
//! Start reading at `create` (the story), then `state` (what follows what) and `work` (what is committed together).

mod books;
mod checks;
mod count;
mod create;
mod face;
mod http;
mod look;
mod payees;
mod policies;
mod rail;
mod record;
mod room;
mod rules;
mod service;
mod settings;
pub mod simulator;
mod standing;
mod state;
mod store;
mod sweep;
mod upload;
mod work;

pub use face::*;
pub use room::{ROOM, mount, open};
pub use service::{Given, PaymentsService};
pub use settings::Settings;
