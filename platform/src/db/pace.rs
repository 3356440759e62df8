//! How long a store takes, where a simulation decides it. Without one nothing waits here.
//!
//! A store on a file answers while it is asked, so that nothing could happen between two statements of a simulated process,
//! nor between a commit and its answer. With a pace, everything can.

use std::fmt::Debug;

use async_trait::async_trait;

#[async_trait]
pub trait Pace: Send + Sync + Debug {
    /// Before each statement and each commit, and behind each commit.
    async fn pause(&self);
}
