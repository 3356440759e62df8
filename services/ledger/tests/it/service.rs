//! The ledger behind its trait, on both engines.

mod access;
mod as_of;
mod bank;
mod behind;
mod books;
mod busy;
mod erasure;
mod features;
mod feed;
mod harness;
mod history;
mod lost;
mod model;
mod refusals;
mod scattered;
mod schedule;
mod schedule_list;
mod schedule_refused;
mod search;
mod silence;
mod spoiled;
mod time;
mod transfer;
mod way;
