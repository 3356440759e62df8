//! Accounts through its face: customers, products, accounts, days and movements, on both engines and by each way.
#![recursion_limit = "256"]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod bad_input;
mod closing;
mod customers;
mod days;
mod fees;
mod harness;
mod movements;
mod paper;
mod statements;
mod story;
mod terms;
mod verify;
mod ways;
