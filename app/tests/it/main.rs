//! The real binary: start and end, commands, API end to end, benchmarks, and survival of faults.
// The futures of a whole card payment are deep.
#![recursion_limit = "256"]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod bank;
mod bench;
mod books;
mod browser;
mod cards;
mod certificates;
mod commands;
mod common;
mod end_to_end;
mod failover;
mod feed;
mod inspect;
mod moving;
mod payments;
mod risk;
mod roles;
mod rooms;
mod serve;
mod several_books;
mod split;
mod survival;
