//! Audit through its face: entries, proofs, evidence and what is sealed, on both engines and by each way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod evidence;
mod harness;
mod log;
mod personal;
mod story;
mod ways;
