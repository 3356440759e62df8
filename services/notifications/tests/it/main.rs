//! Notifications through its face: messages, people, triggers and deliveries, on both engines and by each way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod deliveries;
mod erased;
mod harness;
mod messages;
mod people;
mod receiver;
mod sink;
mod storms;
mod story;
mod triggers;
mod ways;
mod webhooks;
