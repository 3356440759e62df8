//! Payments in ISO 20022: orders (pain.001, pain.008, pacs.003, pacs.008, pacs.009) and what follows up on them.

mod line;
mod orders;
mod part;
mod write;

pub(crate) use line::mandate;
pub(crate) use orders::Orders;
pub(crate) use part::{agent_of, header, maximum, side};
pub(crate) use write::part as out;
pub use write::{Letters, OrderWriter};
