//! A room that holds personal data, as everybody sees it who has to answer for that data: what there is about a person,
//! corrections, erasure with a preview, and how old the data is.
//!
//! A holder erases by destroying the subject's key ([`crate::crypto::SubjectKeys`]) where its columns are sealed, and by
//! rewriting rows where they are not; what it must keep by law it keeps, and says so. Erasures are applied again after a
//! restore ([`reapply`]), so erasing twice must be the same as once. Who asks for an erasure adds it to the list first
//! ([`crate::crypto::Erasures`]); a holder that destroys keys does so by [`crate::crypto::SubjectKeys::destroy`].

use async_trait::async_trait;
use kernel::{Ctx, Timestamp};
use serde::{Deserialize, Serialize};

use crate::crypto::Erasure;
use crate::error::Failure;

/// Items in one page of what is collected.
pub const COLLECTED_MAX: usize = 500;

#[async_trait]
pub trait Holder: Send + Sync {
    /// The room's name.
    fn name(&self) -> &'static str;

    /// What this room holds about a person, page by page: `after` is the last item of the page before.
    async fn collect(&self, ctx: &Ctx, subject: &str, after: Option<String>) -> Result<Collected, Failure>;

    /// Corrects one item; false if it holds no such item.
    async fn rectify(&self, ctx: &Ctx, subject: &str, correction: Correction) -> Result<bool, Failure>;

    /// Erases what may be erased, or only says what it would erase.
    async fn erase(&self, ctx: &Ctx, subject: &str, how: Erase) -> Result<Erased, Failure>;

    /// The oldest data of each type, for rules about retention.
    async fn ages(&self, ctx: &Ctx) -> Result<Vec<Age>, Failure>;

    /// Applies erasures again that its store may have forgotten, oldest first; returns how many items that erased. A holder
    /// that can find out which ones it has forgotten applies only these.
    async fn reapply(&self, ctx: &Ctx, erasures: &[Erasure]) -> Result<u64, Failure> {
        let mut again = 0;
        for erasure in erasures {
            let outcome = self.erase(ctx, &erasure.subject, Erase::ForGood).await?;
            again += outcome.erased.iter().map(|counted| counted.items).sum::<u64>();
        }
        Ok(again)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Erase {
    Preview,
    ForGood,
}

/// A page of personal data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Collected {
    /// At most [`COLLECTED_MAX`].
    pub items: Vec<Item>,
    /// The last item, if there may be more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Names it for a correction, and orders the pages.
    pub id: String,
    /// Such as `metadata` or `address`.
    pub data_type: String,
    pub value: serde_json::Value,
    pub since: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    pub id: String,
    pub value: serde_json::Value,
}

/// What was erased, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// Items by type.
    pub erased: Vec<Counted>,
    /// Items that stay, by type, each with its reason.
    pub kept: Vec<Kept>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    pub data_type: String,
    pub items: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub data_type: String,
    pub items: u64,
    /// Such as "bookkeeping: ten years".
    pub because: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Age {
    pub data_type: String,
    pub oldest: Timestamp,
}

/// Applies all erasures to a holder again, before anything is served: its store may have been restored.
///
/// # Errors
/// The first that fails; the start fails with it.
pub async fn reapply(holder: &dyn Holder, ctx: &Ctx, erasures: &[Erasure]) -> Result<u64, Failure> {
    let again = if erasures.is_empty() { 0 } else { holder.reapply(ctx, erasures).await? };
    if again > 0 {
        tracing::warn!(
            room = holder.name(),
            items = again,
            "erasures were applied again: the store is older than they are"
        );
    }
    Ok(again)
}
