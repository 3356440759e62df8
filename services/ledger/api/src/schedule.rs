//! Transactions that wait for their time.

use async_trait::async_trait;
use kernel::{Ctx, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{LedgerError, Transaction};

#[async_trait]
pub trait Schedule: Send + Sync {
    /// Scheduled transactions that wait, in the order in which they will be carried out.
    async fn scheduled(&self, ctx: &Ctx, query: ScheduledQuery) -> Result<ScheduledPage, LedgerError>;
}

/// A place in the order of what waits: by the time at which it is due, and by when it was scheduled among equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledAt {
    pub due_at: Timestamp,
    pub row: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduledQuery {
    /// The place behind which the page starts.
    pub after: Option<ScheduledAt>,
    pub limit: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledPage {
    pub items: Vec<Transaction>,
    /// The last place of this page when there are more.
    pub next: Option<ScheduledAt>,
    /// The last row of the log that was known to the page.
    pub as_of_seq: u64,
}
