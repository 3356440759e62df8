//! A finished posting may be held again while another posting of its transaction is open. That is another hold of both
//! accounts, so that neither can be closed.

use std::sync::Arc;

use kernel::{Ctx, Deadline, IdMaker, Principal, SystemClock};
use ledger::{LedgerConfig, LedgerService};
use ledger_api::{Ledger, LedgerError, Refusal, Submit};
use serde_json::{Value, json};
use testkit::for_each_engine;

fn ctx(key: &str) -> Ctx {
    Ctx {
        principal: Principal::operator(),
        deadline: Deadline::after_millis(&SystemClock, 10_000),
        request_id: "req_1".into(),
        idempotency_key: Some(key.parse().unwrap()),
    }
}

async fn submit(books: &LedgerService, key: &str, operation: Value) -> String {
    let operation = serde_json::from_value(operation).unwrap();
    books.submit(&ctx(key), Submit { operation, dry_run: false }).await.unwrap().id.to_string()
}

async fn close(books: &LedgerService, key: &str) -> Result<ledger_api::Account, LedgerError> {
    let close = json!({"path": "fees", "change": "close"});
    books.change_account(&ctx(key), serde_json::from_value(close).unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_a_re_increased_hold_cannot_be_closed() {
    for_each_engine(async |store| {
        let clock = Arc::new(SystemClock);
        let ids = IdMaker::new(clock.clone());
        let books = LedgerService::start(store.open().await, LedgerConfig::default(), clock, ids).await.unwrap();
        for path in ["cash", "ann", "fees"] {
            let open = json!({"path": path, "currency": "USD", "normal": "debit", "limits": {"may_go_negative": true}});
            books.open_account(&ctx(path), serde_json::from_value(open).unwrap()).await.unwrap();
        }
        let usd = |amount: &str| json!({"amount": amount, "currency": "USD"});
        let posting = |credit: &str| json!({"debit": "cash", "credit": credit, "amount": usd("1.00")});
        let pending = json!({"create": {"status": "pending", "postings": [posting("ann"), posting("fees")]}});
        let hold = submit(&books, "hold", pending).await;
        let amounts = |fees: &str| json!([usd("0.00"), usd(fees)]);
        submit(&books, "void", json!({"void": {"transaction": hold, "amounts": amounts("1.00")}})).await;
        submit(&books, "more", json!({"increase": {"transaction": hold, "amounts": amounts("0.25")}})).await;
        let refused = close(&books, "close-1").await.unwrap_err();
        assert!(
            matches!(refused, LedgerError::Refused { refusal: Refusal::AccountHasHolds { .. }, .. }),
            "{refused:?}"
        );
        submit(&books, "rest", json!({"void": {"transaction": hold}})).await;
        close(&books, "close-2").await.unwrap();
        ledger::verify(&store.open().await, &ledger_api::BookName::main(), None, |_| ()).await.unwrap();
    })
    .await;
}
