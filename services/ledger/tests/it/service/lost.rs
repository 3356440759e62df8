//! Connections that are lost at the worst moment: during a commit.

use std::sync::Arc;

use kernel::{Clock, IdMaker, Principal};
use ledger::{LedgerConfig, LedgerService};
use ledger_api::{DeclareMetadataKey, LedgerError, Side};
use platform::db::{Access, Db};
use platform::error::Failure;
use testkit::{CommitCutter, Cut, FakeClock, on_postgres};

use crate::service::harness::{Desk, ctx, may_go_negative, path, pay};
use crate::service::way::MainBook;

#[tokio::test(flavor = "multi_thread")]
async fn an_unanswered_commit_happened_once_or_is_retried() {
    on_postgres(async |store| {
        let cutter = CommitCutter::start(store.url()).await;
        let target = store.target_through(cutter.url());
        let db = Db::open(target, Access::ReadWrite, 4).await.unwrap();
        let clock = FakeClock::default();
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let ids = IdMaker::seeded(Arc::clone(&shared), 7);
        let ledger = LedgerService::start(db, LedgerConfig::default(), Arc::clone(&shared), ids).await.unwrap();
        let desk =
            Desk { ledger: MainBook::of_way(ledger, shared).await, ctx: ctx(&clock, Principal::operator()), clock };
        desk.account("bank", Side::Debit, may_go_negative()).await.unwrap();
        desk.account("ann", Side::Credit, may_go_negative()).await.unwrap();
        for (bits, cut) in
            [(1, Cut::BeforeServer), (2, Cut::BeforeClient), (3, Cut::BeforeServer), (4, Cut::BeforeClient)]
        {
            cutter.arm(cut);
            desk.run(pay(bits, "bank", "ann", 10)).await.unwrap();
            assert!(desk.run(pay(bits, "bank", "ann", 10)).await.unwrap().replayed);
        }
        assert_eq!(cutter.cuts(), 4);
        // Outside of the lane nobody checks the store again, so nothing is claimed about what happened.
        for cut in [Cut::BeforeServer, Cut::BeforeClient] {
            cutter.arm(cut);
            let key = DeclareMetadataKey { key: "order".to_owned() };
            assert_eq!(
                desk.ledger.declare_metadata_key(&desk.ctx, key).await,
                Err(LedgerError::Failed(Failure::OutcomeUnknown))
            );
        }
        assert_eq!(desk.ledger.metadata_keys(&desk.ctx).await.unwrap().len(), 1);
        let ann = desk.ledger.account(&desk.ctx, &path("ann")).await.unwrap();
        assert_eq!((ann.balances.posted.minor(), ann.balances.version), (40, 4));
        desk.ledger.close().await.unwrap();
    })
    .await;
}
