//! Audit in another process: the same trait over [`platform::rpc`], and the method table that answers it there.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::Ctx;
use platform::feed::{Event, Pull};
use platform::room::Face;
use platform::rpc::{Methods, MethodsOf, Repeat, RpcClient};

use crate::face::*;

/// How audit is called.
pub static FACE: Face<dyn Audit> = Face { name: SERVICE, serve, remote: |rpc| Arc::new(RemoteAudit { rpc }) };

/// The methods of the frame are named after events too.
const FEED: &str = "log_after";

fn serve(audit: Arc<dyn Audit>) -> Methods {
    MethodsOf::new(SERVICE, audit)
        .on("entries", |at, ctx, it| async move { at.entries(&ctx, it).await })
        .on("entry", |at, ctx, it| async move { at.entry(&ctx, it).await })
        .on("proof", |at, ctx, it| async move { at.proof(&ctx, it).await })
        .on("checkpoint", |at, ctx, it| async move { at.checkpoint(&ctx, it).await })
        .on("consistency", |at, ctx, it| async move { at.consistency(&ctx, it).await })
        .on("tile", |at, ctx, it| async move { at.tile(&ctx, it).await })
        .on("keys", |at, ctx, ()| async move { at.keys(&ctx).await })
        .on("accesses", |at, ctx, it| async move { at.accesses(&ctx, it).await })
        .on("log", |at, ctx, ()| async move { at.log(&ctx).await })
        .on(FEED, |at, ctx, it| async move { at.events_after(&ctx, it).await })
        .into()
}

/// Audit in another process. Each call is a question.
#[derive(Debug, Clone)]
pub struct RemoteAudit {
    rpc: RpcClient,
}

#[async_trait]
impl Audit for RemoteAudit {
    async fn entries(&self, ctx: &Ctx, query: EntryQuery) -> Result<EntryPage, AuditError> {
        self.rpc.call(ctx, "entries", &query, Repeat::Question).await
    }

    async fn entry(&self, ctx: &Ctx, index: u64) -> Result<Entry, AuditError> {
        self.rpc.call(ctx, "entry", &index, Repeat::Question).await
    }

    async fn proof(&self, ctx: &Ctx, query: ProofQuery) -> Result<Proof, AuditError> {
        self.rpc.call(ctx, "proof", &query, Repeat::Question).await
    }

    async fn checkpoint(&self, ctx: &Ctx, size: Option<u64>) -> Result<SignedHead, AuditError> {
        self.rpc.call(ctx, "checkpoint", &size, Repeat::Question).await
    }

    async fn consistency(&self, ctx: &Ctx, query: ConsistencyQuery) -> Result<Consistency, AuditError> {
        self.rpc.call(ctx, "consistency", &query, Repeat::Question).await
    }

    async fn tile(&self, ctx: &Ctx, path: String) -> Result<TileBytes, AuditError> {
        self.rpc.call(ctx, "tile", &path, Repeat::Question).await
    }

    async fn keys(&self, ctx: &Ctx) -> Result<KeyList, AuditError> {
        self.rpc.call(ctx, "keys", &(), Repeat::Question).await
    }

    async fn accesses(&self, ctx: &Ctx, query: AccessQuery) -> Result<EntryPage, AuditError> {
        self.rpc.call(ctx, "accesses", &query, Repeat::Question).await
    }

    async fn log(&self, ctx: &Ctx) -> Result<LogStatus, AuditError> {
        self.rpc.call(ctx, "log", &(), Repeat::Question).await
    }

    async fn events_after(&self, ctx: &Ctx, pull: Pull) -> Result<Vec<Event>, AuditError> {
        self.rpc.call(ctx, FEED, &pull, Repeat::Question).await
    }
}
