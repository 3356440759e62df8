//! Both engines accept every statement of export and import.

use std::sync::Arc;

use kernel::{Ctx, Deadline, IdMaker, Principal};
use ledger_api::{Batch, Ledger, TransactionId};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use testkit::{FakeClock, TestStore, for_each_engine};

use super::{ExportOptions, export, import, sql};
use crate::{LedgerConfig, LedgerService};

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_can_be_prepared() {
    for_each_engine(async |store| {
        let db = store.open().await;
        db.migrate(crate::store::sql::MIGRATIONS).await.unwrap();
        let tx = db.read().await.unwrap();
        for statement in sql::STATEMENTS {
            tx.prepare(statement).await.unwrap();
        }
        for set in sql::ROW_SETS {
            tx.prepare_set(set).await.unwrap();
        }
    })
    .await;
}

/// Runs of ids end with groups; in an import many of them end within one commit.
#[tokio::test(flavor = "multi_thread")]
async fn imported_unordered_ids_get_the_same_places() {
    for_each_engine(async |source| {
        let clock = Arc::new(FakeClock::default());
        let ids = IdMaker::new(clock.clone());
        let db = source.open().await;
        let service = LedgerService::start(db.clone(), LedgerConfig::default(), clock.clone(), ids).await.unwrap();
        let ctx = Ctx {
            principal: Principal::operator(),
            deadline: Deadline::after_millis(&*clock, 100_000_000),
            request_id: "req_1".into(),
            idempotency_key: None,
        };
        for path in ["a", "b"] {
            let limits = json!({"may_go_negative": true});
            let open = json!({"path": path, "currency": "USD", "normal": "debit", "limits": limits});
            service.open_account(&ctx, serde_json::from_value(open).unwrap()).await.unwrap();
        }
        let mut random = StdRng::seed_from_u64(5);
        for batch in 0..60 {
            let line = |random: &mut StdRng| {
                let id = TransactionId::from_bits(random.random()).to_string();
                let posting = json!({"debit": "a", "credit": "b", "amount": {"amount": "1.00", "currency": "USD"}});
                json!({"create": {"id": id, "postings": [posting]}})
            };
            let lines: Vec<_> = (0..1 + batch % 9).map(|_| line(&mut random)).collect();
            let lines = serde_json::from_value(json!(lines)).unwrap();
            service.submit_batch(&ctx, Batch { atomic: false, dry_run: false, lines }).await.unwrap();
        }
        service.close().await.unwrap();
        let mut lines = Vec::new();
        export(&db, &ledger_api::BookName::main(), &mut lines, ExportOptions::default(), |_| ()).await.unwrap();
        let target = TestStore::sqlite();
        let copy = target.open().await;
        import(&copy, &ledger_api::BookName::main(), lines.as_slice(), |_| ()).await.unwrap();
        for (sql, least) in [
            ("select * from transaction_id order by id", 0),
            ("select * from id_open order by id", 1),
            ("select * from id_run order by run", 5),
            ("select * from id_page order by place", 5),
        ] {
            let found = db.read().await.unwrap().query(sql, &[]).await.unwrap();
            assert!(found.len() >= least, "{sql}: {}", found.len());
            assert_eq!(found, copy.read().await.unwrap().query(sql, &[]).await.unwrap(), "{sql}");
        }
        crate::verify(&copy, &ledger_api::BookName::main(), None, |_| ()).await.unwrap();
        target.remove().await;
    })
    .await;
}
