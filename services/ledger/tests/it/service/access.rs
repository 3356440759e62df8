//! Callers who can only reach their own accounts.

use std::sync::Arc;

use kernel::{Ctx, Principal, SystemClock};
use ledger_api::{
    AccountQuery, BalanceQuery, Book, Books, FindTransaction, LedgerError, Limits, OpenAccount, Override, Posting,
    Refusal, RemoteBooks, RollUpQuery, SERVICE, Side, StatementQuery, TimeBasis, TrialBalanceQuery,
};
use platform::error::{Failure, Refusal as _};
use platform::rpc::{Caller, Methods, RpcClient, Served, TransportError, Trust};
use testkit::{FakeClock, InProcess};

use crate::service::harness::{
    Desk, create, ctx, may_go_negative, opening, path, pay, post, posting, refusal, reverse,
};
use crate::service::way::for_each_way;

const OWN: &[&str] = &["accounts:*:own", "transactions:*:own"];

async fn desk(store: &testkit::TestStore) -> Desk {
    let desk = Desk::with_people(store).await;
    for (name, subject, limits) in [
        ("a:main", "cust_a", may_go_negative()),
        ("a:save", "cust_a", Limits::default()),
        ("b:main", "cust_b", may_go_negative()),
    ] {
        let owner = Some(subject.parse().unwrap());
        let opening = OpenAccount { owner, ..opening(name, Side::Credit, limits) };
        desk.ledger.open_account(&desk.ctx, opening).await.unwrap();
    }
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn other_owners_accounts_and_transactions_do_not_exist() {
    for_each_way(async |store| {
        let desk = desk(store).await;
        let ann = desk.caller("cust_a", OWN);
        desk.run(pay(1, "bank", "b:main", 100)).await.unwrap();
        desk.run(pay(2, "ann", "bob", 100)).await.unwrap_err();
        for name in ["b:main", "nobody2"] {
            let found = desk.ledger.account(&ann, &path(name)).await;
            assert_eq!(refusal(found), Refusal::NotFound { what: "account".to_owned(), name: name.to_owned() });
            let attempt = desk.run_as(&ann, pay(10 + name.len() as u128, "a:main", name, 1)).await;
            assert_eq!(refusal(attempt), Refusal::AccountUnknown { account: path(name) });
        }
        for bits in [1, 2, 3] {
            let found = desk.ledger.transaction(&ann, FindTransaction::Id(crate::service::harness::id(bits))).await;
            assert_eq!(refusal(found).code(), "not_found");
        }
        assert_eq!(refusal(desk.run_as(&ann, reverse(31, 1)).await).code(), "transaction_unknown");
        assert_eq!(refusal(desk.run_as(&ann, post(32, 1, &[], true)).await).code(), "pending_unknown");
        let done = desk.run_as(&ann, pay(33, "a:main", "a:save", 5)).await.unwrap();
        assert_eq!(desk.ledger.transaction(&ann, FindTransaction::Id(done.id)).await.unwrap().id, done.id);
        let owner = Some("cust_b".parse().unwrap());
        let page = desk.ledger.accounts(&ann, AccountQuery { owner, ..Default::default() }).await.unwrap();
        let paths: Vec<&str> = page.items.iter().map(|account| account.path.as_str()).collect();
        assert_eq!(paths, ["a:main", "a:save"]);
        desk.ledger.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_permission_nothing_is_allowed() {
    for_each_way(async |store| {
        let desk = desk(store).await;
        let nobody = desk.caller("cust_x", &[]);
        assert_eq!(
            desk.run_as(&nobody, pay(1, "bank", "ann", 1)).await.unwrap_err(),
            LedgerError::Failed(Failure::Forbidden)
        );
        assert_eq!(
            desk.ledger.account(&nobody, &path("ann")).await.unwrap_err(),
            LedgerError::Failed(Failure::Forbidden)
        );
        assert_eq!(desk.ledger.assets(&nobody).await.unwrap_err(), LedgerError::Failed(Failure::Forbidden));
        let ann = desk.caller("cust_a", OWN);
        assert_eq!(
            desk.ledger.roll_up(&ann, RollUpQuery::now(path("a"))).await.unwrap_err(),
            LedgerError::Failed(Failure::Forbidden)
        );
        let whole = ann_trial(&desk, &ann).await;
        assert_eq!(whole.unwrap_err(), LedgerError::Failed(Failure::Forbidden));
        // Going below a floor needs its own permission.
        let teller = desk.caller("teller", &["transactions:*:all"]);
        let forced = Posting { override_limit: Some(Override::Floor), ..posting("ann", "bob", 5) };
        let forced = || ledger_api::Operation::Create(create(2, vec![forced.clone()]));
        assert_eq!(desk.run_as(&teller, forced()).await.unwrap_err(), LedgerError::Failed(Failure::Forbidden));
        assert!(desk.run(forced()).await.unwrap().postings[0].overrides_floor);
        let codes: Vec<&str> = desk
            .batch_as(&teller, false, vec![forced()])
            .await
            .into_iter()
            .map(|line| line.unwrap_err().code())
            .collect();
        assert_eq!(codes, ["forbidden"]);
        desk.ledger.close().await.unwrap();
    })
    .await;
}

async fn ann_trial(desk: &Desk, ann: &kernel::Ctx) -> Result<ledger_api::TrialBalance, LedgerError> {
    desk.ledger.trial_balance(ann, TrialBalanceQuery::default()).await
}

/// The counterpart's path is part of one's own movement; the account itself stays out of reach.
#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_other_owners_accounts_does_not_exist() {
    for_each_way(async |store| {
        let desk = desk(store).await;
        let ann = desk.caller("cust_a", OWN);
        desk.run(pay(1, "bank", "a:main", 100)).await.unwrap();
        let balance = |name: &str| BalanceQuery { path: path(name), at: None, by: TimeBasis::Event };
        let statement =
            |name: &str| -> StatementQuery { serde_json::from_value(serde_json::json!({ "path": name })).unwrap() };
        for name in ["b:main", "bank", "nobody2"] {
            let unknown = Refusal::NotFound { what: "account".to_owned(), name: name.to_owned() };
            assert_eq!(refusal(desk.ledger.balance(&ann, balance(name)).await), unknown);
            assert_eq!(refusal(desk.ledger.statement(&ann, statement(name)).await), unknown);
        }
        assert_eq!(desk.ledger.balance(&ann, balance("a:main")).await.unwrap().posted.minor(), 100);
        let own = desk.ledger.statement(&ann, statement("a:main")).await.unwrap();
        assert_eq!((own.movements.len(), own.movements[0].counterpart.as_str()), (1, "bank"));
        let nobody = desk.caller("cust_x", &[]);
        assert_eq!(
            desk.ledger.balance(&nobody, balance("a:main")).await.unwrap_err(),
            LedgerError::Failed(Failure::Forbidden)
        );
        assert_eq!(
            desk.ledger.statement(&nobody, statement("a:main")).await.unwrap_err(),
            LedgerError::Failed(Failure::Forbidden)
        );
        desk.ledger.close().await.unwrap();
    })
    .await;
}

/// A process whose copy of identity's data is too old.
struct Behind;

impl Trust for Behind {
    fn principal(&self, _: Caller, _: &str) -> Result<Principal, TransportError> {
        Err(TransportError::Stale("identity was not heard for too long".to_owned()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_ledger_reports_that_it_cannot_check_a_token() {
    let methods =
        Methods::new(SERVICE).on("books", |_: Ctx, (): ()| async { Ok::<Vec<Book>, LedgerError>(Vec::new()) });
    let served = Served::new([methods], Arc::new(Behind), Arc::new(SystemClock)).unwrap();
    let books = RemoteBooks::new(RpcClient::new(SERVICE, Arc::new(InProcess(served)), Arc::new(SystemClock)));
    let answer = books.books(&ctx(&FakeClock::default(), Principal::operator())).await;
    assert_eq!(answer, Err(LedgerError::Failed(Failure::AccessStale)));
    assert_eq!(
        (LedgerError::Failed(Failure::AccessStale).code(), LedgerError::Failed(Failure::AccessStale).status()),
        ("access_stale", 503)
    );
}
