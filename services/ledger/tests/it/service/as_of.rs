//! Every reply to a query says which log row it includes as its last; a reply to a command does not, so that a repeat
//! is word for word the first reply.

use kernel::Clock;
use ledger_api::{
    BalanceQuery, DeclareMetadataKey, FindTransaction, NewTransaction, Operation, RollUpQuery, StatementQuery,
    TimeBasis, TransactionQuery,
};

use crate::service::harness::{Desk, create, id, path, pay, posting, scheduled};
use crate::service::way::for_each_way;

/// What each query includes now, except the metadata index.
async fn known(desk: &Desk) -> Vec<u64> {
    let (ledger, ctx) = (&desk.ledger, &desk.ctx);
    let balance = BalanceQuery { path: path("ann"), at: None, by: TimeBasis::Record };
    let statement = serde_json::from_value::<StatementQuery>(serde_json::json!({ "path": "ann" })).unwrap();
    let by_metadata = TransactionQuery { key: "order".into(), value: "7".into(), before: None, limit: None };
    vec![
        ledger.account(ctx, &path("ann")).await.unwrap().as_of_seq.unwrap(),
        ledger.accounts(ctx, Default::default()).await.unwrap().as_of_seq,
        ledger.transaction(ctx, FindTransaction::Id(id(1))).await.unwrap().as_of_seq.unwrap(),
        ledger.transactions(ctx, by_metadata).await.unwrap().as_of_seq,
        ledger.scheduled(ctx, Default::default()).await.unwrap().as_of_seq,
        ledger.balance(ctx, balance).await.unwrap().as_of_seq,
        ledger.roll_up(ctx, RollUpQuery::now(path("ann"))).await.unwrap().as_of_seq,
        ledger.trial_balance(ctx, Default::default()).await.unwrap().as_of_seq,
        ledger.statement(ctx, statement).await.unwrap().as_of_seq,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_reply_has_its_last_log_row() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        let key = DeclareMetadataKey { key: "order".to_owned() };
        desk.ledger.declare_metadata_key(&desk.ctx, key).await.unwrap();
        let order = [("order".to_owned(), "7".to_owned())].into();
        let first = NewTransaction { metadata: order, ..create(1, vec![posting("bank", "ann", 5)]) };
        let first = desk.run(Operation::Create(first)).await.unwrap();
        assert_eq!(first.as_of_seq, None);
        for _ in 0..500 {
            let found = desk.ledger.metadata_keys(&desk.ctx).await.unwrap();
            if found[0].indexed_to_seq >= 4 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(known(&desk).await, [4; 9]);
        desk.run(scheduled(pay(2, "bank", "ann", 1), desk.clock.now().plus_seconds(3_600))).await.unwrap();
        desk.run(pay(3, "bank", "bob", 1)).await.unwrap();
        assert_eq!(known(&desk).await, [6; 9], "whatever the query is about, it includes the whole log");
        desk.ledger.close().await.unwrap();
    })
    .await;
}

/// Also as JSON, where the member is absent; items of a page leave it to the page.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_equals_the_first_reply_word_for_word() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        let first = desk.run(pay(1, "bank", "ann", 5)).await.unwrap();
        desk.run(pay(2, "bank", "ann", 5)).await.unwrap();
        let again = desk.run(pay(1, "bank", "ann", 5)).await.unwrap();
        assert_eq!(again, ledger_api::Transaction { replayed: true, ..first.clone() });
        let account = desk.account("carl", ledger_api::Side::Credit, Default::default()).await.unwrap();
        for answer in [serde_json::to_value(&first).unwrap(), serde_json::to_value(&account).unwrap()] {
            assert!(answer.get("as_of_seq").is_none(), "{answer}");
        }
        assert!(desk.all_accounts().await.iter().all(|account| account.as_of_seq.is_none()));
        desk.ledger.close().await.unwrap();
    })
    .await;
}
