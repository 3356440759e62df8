//! Helpers for tests: temporary stores on both engines, a clock under the test's control, and faults on demand.
//!
//! Contains no test of the product, and is only ever a dev-dependency (`cargo xtask tidy` checks it). Invariants: every
//! process started here is stopped by its own id; every file is in a temporary directory; everything listens on
//! 127.0.0.1 only. Start reading at [`for_each_engine`], then [`Server`].
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod alone;
mod bank;
#[cfg(feature = "browser")]
mod chrome;
mod client;
mod clock;
mod commit_cutter;
mod disk_fault;
mod engines;
mod fault_proxy;
mod flaky;
mod odd_server;
mod ports;
mod redis_server;
mod server;
mod size;
mod stage;
mod store;
#[cfg(feature = "story")]
mod story;
mod through;
mod way;

pub use alone::{alone, run_alone};
pub use bank::BANK;
#[cfg(feature = "browser")]
pub use chrome::Chrome;
pub use client::{Answer, Client, Lost};
pub use clock::FakeClock;
pub use commit_cutter::{CommitCutter, Cut};
pub use disk_fault::{DiskFault, DiskFaultKind};
pub use engines::{for_each_engine, on_postgres, on_sqlite};
pub use fault_proxy::{Direction, Fault, FaultProxy, Spell, Toxic, ToxicKind, Weather};
pub use flaky::{AsSaid, Flaky, InProcess, Trouble};
pub use odd_server::OddServer;
pub use ports::free_port;
pub use redis_server::RedisServer;
pub use server::{CLIENT, Say, Server, ServerBuilder, master};
pub use size::size;
pub use stage::Stage;
pub use store::TestStore;
#[cfg(feature = "story")]
pub use story::{Ask, Reply, Story, Telling, Text};
pub use way::{Reached, Way, for_each_way, on_each_way};
