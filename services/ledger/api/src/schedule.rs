//! Scheduled transactions.

use async_trait::async_trait;
use kernel::{Ctx, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{LedgerError, Transaction};

#[async_trait]
pub trait Schedule: Send + Sync {
    /// Waiting scheduled transactions, in the order in which they will be executed.
    async fn scheduled(&self, ctx: &Ctx, query: ScheduledQuery) -> Result<ScheduledPage, LedgerError>;
}

/// A position in the order of waiting transactions: by due time, then by when it was scheduled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduledAt {
    pub due_at: Timestamp,
    pub row: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduledQuery {
    /// The position after which the page starts.
    pub after: Option<ScheduledAt>,
    pub limit: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledPage {
    pub items: Vec<Transaction>,
    /// The last position of this page, if there are more.
    pub next: Option<ScheduledAt>,
    /// The last log row included in the page.
    pub as_of_seq: u64,
}
