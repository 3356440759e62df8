//! The service: what all its parts share, and the trait, one line a method.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Clock, Ctx};
use platform::access;
use platform::db::Db;
use platform::deadline::in_time;
use platform::error::Failure;
use platform::feed::{Event, Pull};

use crate::face::*;
use crate::heads::Heads;
use crate::reads::Reads;
use crate::seal::Seals;
use crate::sources::Sources;

#[derive(Clone)]
pub(crate) struct AuditService {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) heads: Heads,
    pub(crate) seals: Seals,
    pub(crate) sources: Arc<Sources>,
    pub(crate) reads: Reads,
}

/// All of the log, or nothing: an entry has no owner.
pub(crate) fn may_read(ctx: &Ctx) -> Result<(), AuditError> {
    match access::owner_term(ctx, "audit", "read")? {
        None => Ok(()),
        Some(_) => Err(Failure::Forbidden.into()),
    }
}

impl AuditService {
    /// For operations that show entries: that is an entry itself.
    pub(crate) async fn reads(&self, ctx: &Ctx, operation: &'static str) -> Result<(), AuditError> {
        may_read(ctx)?;
        Ok(self.reads.note(ctx, operation).await?)
    }
}

macro_rules! in_time {
    ($self:ident, $ctx:ident, $work:expr) => {
        in_time($ctx, &$self.clock, $work).await
    };
}

#[async_trait]
impl Audit for AuditService {
    async fn entries(&self, ctx: &Ctx, query: EntryQuery) -> Result<EntryPage, AuditError> {
        in_time!(self, ctx, self.list(ctx, query))
    }

    async fn entry(&self, ctx: &Ctx, index: u64) -> Result<Entry, AuditError> {
        in_time!(self, ctx, self.one(ctx, index))
    }

    async fn proof(&self, ctx: &Ctx, query: ProofQuery) -> Result<Proof, AuditError> {
        in_time!(self, ctx, self.prove(ctx, query))
    }

    async fn checkpoint(&self, ctx: &Ctx, size: Option<u64>) -> Result<SignedHead, AuditError> {
        in_time!(self, ctx, self.signed_head(ctx, size))
    }

    async fn consistency(&self, ctx: &Ctx, query: ConsistencyQuery) -> Result<Consistency, AuditError> {
        in_time!(self, ctx, self.compare(ctx, query))
    }

    async fn tile(&self, ctx: &Ctx, path: String) -> Result<TileBytes, AuditError> {
        in_time!(self, ctx, self.tile_bytes(ctx, path))
    }

    async fn keys(&self, ctx: &Ctx) -> Result<KeyList, AuditError> {
        in_time!(self, ctx, self.log_keys(ctx))
    }

    async fn accesses(&self, ctx: &Ctx, query: AccessQuery) -> Result<EntryPage, AuditError> {
        in_time!(self, ctx, self.accesses_of(ctx, query))
    }

    async fn log(&self, ctx: &Ctx) -> Result<LogStatus, AuditError> {
        in_time!(self, ctx, self.status(ctx))
    }

    async fn events_after(&self, ctx: &Ctx, pull: Pull) -> Result<Vec<Event>, AuditError> {
        in_time!(self, ctx, self.told_after(ctx, pull))
    }
}
