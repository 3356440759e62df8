//! Notifications through its face: messages, people, triggers and deliveries, on both engines and by each way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod deliveries;
mod devices;
mod erased;
mod foreign;
mod harness;
mod kills;
mod messages;
mod people;
mod providers;
mod receiver;
mod returns;
mod sink;
mod sms;
mod storms;
mod story;
mod triggers;
mod ways;
mod webhooks;
