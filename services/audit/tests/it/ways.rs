//! The same calls in process, over HTTP/2 and over a network that loses and repeats them.

use std::sync::Arc;

use audit::*;
use platform::feed::Pull;
use testkit::{Stage, on_each_way};

use crate::harness::{Desk, open};

async fn start(stage: &Stage<'_>) -> (Arc<dyn Audit>, Desk) {
    let desk = open(stage).await;
    desk.some().await;
    (desk.face.clone(), desk)
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_answer_by_each_way() {
    on_each_way(&FACE, start, async |room, desk| {
        let (ctx, local) = (room.ctx(), &desk.face);
        let query = || EntryQuery { limit: 10, ..EntryQuery::default() };
        assert_eq!(room.entries(&ctx, query()).await, local.entries(&ctx, query()).await);
        assert_eq!(room.entry(&ctx, 1).await, local.entry(&ctx, 1).await);
        let proof = ProofQuery { index: 1, size: None };
        assert_eq!(room.proof(&ctx, proof).await, local.proof(&ctx, proof).await);
        assert_eq!(room.checkpoint(&ctx, Some(3)).await, local.checkpoint(&ctx, Some(3)).await);
        let trees = ConsistencyQuery { from: 2, to: 5 };
        assert_eq!(room.consistency(&ctx, trees).await, local.consistency(&ctx, trees).await);
        let path = || "entries/000.p/6".to_owned();
        assert_eq!(room.tile(&ctx, path()).await, local.tile(&ctx, path()).await);
        assert_eq!(room.keys(&ctx).await, local.keys(&ctx).await);
        let accesses = || AccessQuery { subject: "cust_ann".to_owned(), before: None, limit: 10 };
        assert_eq!(room.accesses(&ctx, accesses()).await, local.accesses(&ctx, accesses()).await);
        let pull = || Pull { after: 2, max: 4, wait_ms: 0, consumer: None };
        assert_eq!(room.events_after(&ctx, pull()).await, local.events_after(&ctx, pull()).await);
        let log = room.log(&ctx).await.unwrap();
        assert_eq!((log.signed, log.size), (6, local.log(&ctx).await.unwrap().size));
        let unknown = Refusal::EntryUnknown { index: 99, size: log.size };
        assert_eq!(room.entry(&ctx, 99).await, Err(unknown.into()));
    })
    .await;
}
