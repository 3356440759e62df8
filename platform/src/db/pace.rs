//! Artificial delays of a store, for simulations. Without a pace nothing waits here.
//!
//! A store on a file answers synchronously, so nothing could happen between two statements of a simulated process, nor
//! between a commit and its reply. With a pace, everything can.

use std::fmt::Debug;

use async_trait::async_trait;

#[async_trait]
pub trait Pace: Send + Sync + Debug {
    /// Called before each statement and each commit, and after each commit.
    async fn pause(&self);
}
