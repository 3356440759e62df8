//! One story through every feature of the trait. Both engines must give the same replies, word by word: clock and ids
//! are the test's own, so nothing has to be normalised. Half way the service is restarted.

use std::sync::Mutex;

use ledger::LedgerConfig;
use ledger_api::{
    AccountChange, AccountQuery, DeclareAsset, FindTransaction, Limits, NewTransaction, OpenAccount, Operation,
    Posting, RollUpQuery, Share, Side, TransactionStatus, WantedStatus,
};
use testkit::{FakeClock, TestStore};

use crate::service::harness::{
    Desk, create, hold, id, increase, may_go_negative, opening, path, pay, post, posting, reverse, usd, void,
};
use crate::service::way::for_each_way;

/// Every reply of the story, in order.
type Script = Vec<String>;

fn say(script: &mut Script, answer: impl std::fmt::Debug) {
    script.push(format!("{answer:?}"));
}

async fn set_up(desk: &Desk, script: &mut Script) {
    for (name, normal, limits) in [
        ("assets:bank", Side::Debit, may_go_negative()),
        ("assets:banking", Side::Debit, may_go_negative()),
        ("users:ann", Side::Credit, Limits::default()),
        ("users:ann:save", Side::Credit, Limits { ceiling: Some(usd(500)), ..Limits::default() }),
        ("users:bob", Side::Credit, Limits { floor: Some(usd(-100)), ..Limits::default() }),
    ] {
        say(script, desk.account(name, normal, limits).await);
    }
    let full = OpenAccount {
        owner: Some("cust_1".parse().unwrap()),
        reference: Some("IBAN-1".parse().unwrap()),
        metadata: [("tier".to_owned(), "gold".to_owned())].into(),
        ..opening("users:carl", Side::Credit, Limits::default())
    };
    say(script, desk.ledger.open_account(&desk.ctx, full.clone()).await);
    say(script, desk.ledger.open_account(&desk.ctx, full).await);
    say(script, desk.ledger.declare_asset(&desk.ctx, DeclareAsset { code: "POINTS".to_owned(), scale: 0 }).await);
    say(script, desk.ledger.declare_asset(&desk.ctx, DeclareAsset { code: "POINTS".to_owned(), scale: 0 }).await);
    say(script, desk.ledger.assets(&desk.ctx).await);
}

async fn move_money(desk: &Desk, script: &mut Script) {
    let split = Posting {
        credit: None,
        split: ["33.3333", "33.3333", "33.3334"]
            .into_iter()
            .zip(["users:ann", "users:bob", "users:carl"])
            .map(|(percent, name)| Share { account: path(name), percent: percent.parse().unwrap() })
            .collect(),
        ..posting("assets:bank", "assets:bank", 1_000)
    };
    let documented = NewTransaction {
        reference: Some("INV-1".parse().unwrap()),
        metadata: [("note".to_owned(), "first".to_owned())].into(),
        ..create(10, vec![split])
    };
    say(script, desk.run(Operation::Create(documented.clone())).await);
    say(script, desk.dry(pay(11, "users:ann", "users:bob", 50)).await);
    say(script, desk.dry(pay(11, "users:ann", "users:bob", 50_000)).await);
    say(script, desk.find(11).await);
    let up_to = Posting { up_to_available: true, ..posting("users:bob", "users:carl", 5_000) };
    say(script, desk.run(Operation::Create(create(12, vec![up_to]))).await);
    say(script, desk.run(hold(13, "users:ann", "users:bob", 100)).await);
    say(script, desk.run(increase(14, 13, &[20])).await);
    say(script, desk.run(post(15, 13, &[30], false)).await);
    say(script, desk.run(void(16, 13, &[10])).await);
    say(script, desk.find(13).await);
    say(script, desk.run(post(17, 13, &[50], true)).await);
    say(script, desk.run(reverse(18, 17)).await);
    say(script, desk.find(17).await);
    say(script, desk.run(Operation::Create(documented)).await);
    let mixed = || {
        vec![
            pay(20, "users:ann", "users:bob", 1),
            pay(21, "users:ann", "users:bob", 90_000),
            hold(22, "users:ann", "users:carl", 5),
        ]
    };
    say(script, desk.batch(false, mixed()).await);
    say(script, desk.batch(false, mixed()).await);
    let together = || {
        vec![
            hold(30, "users:ann", "users:bob", 5),
            post(31, 30, &[], true),
            pay(32, "users:ann", "users:ann:save", 501),
        ]
    };
    say(script, desk.batch(true, together()).await);
    say(script, desk.batch(true, together()).await);
    say(script, desk.batch(true, vec![hold(33, "users:ann", "users:bob", 5), post(34, 33, &[], true)]).await);
    let keyed = desk.keyed("order 1".replace(' ', "-").as_str());
    say(script, desk.batch_as(&keyed, false, vec![pay(40, "users:ann", "users:bob", 2)]).await);
    say(script, desk.batch_as(&keyed, false, vec![pay(40, "users:ann", "users:bob", 2)]).await);
    say(script, desk.batch_as(&keyed, false, vec![pay(41, "users:ann", "users:bob", 2)]).await);
    say(script, desk.run_as(&keyed, pay(42, "users:ann", "users:bob", 2)).await);
}

async fn look_up(desk: &Desk, script: &mut Script) {
    for find in [
        FindTransaction::Id(id(10)),
        FindTransaction::Id(id(21)),
        FindTransaction::Id(id(999)),
        FindTransaction::Reference("INV-1".parse().unwrap()),
        FindTransaction::Reference("INV-2".parse().unwrap()),
        FindTransaction::IdempotencyKey("order-1".parse().unwrap()),
        FindTransaction::IdempotencyKey("order-2".parse().unwrap()),
    ] {
        say(script, desk.ledger.transaction(&desk.ctx, find).await);
    }
    let ask = |query: AccountQuery| async { desk.ledger.accounts(&desk.ctx, query).await };
    let prefix = |text: &str| AccountQuery { prefix: Some(path(text)), ..AccountQuery::default() };
    say(script, ask(prefix("assets:bank")).await);
    say(script, ask(prefix("users:ann")).await);
    let owner = || Some("cust_1".parse().unwrap());
    say(script, ask(AccountQuery { owner: owner(), ..AccountQuery::default() }).await);
    say(script, ask(AccountQuery { owner: owner(), ..prefix("users:ann") }).await);
    say(script, ask(AccountQuery { reference: Some("IBAN-1".parse().unwrap()), ..AccountQuery::default() }).await);
    let gold = Some(("tier".to_owned(), "gold".to_owned()));
    say(script, ask(AccountQuery { metadata: gold.clone(), ..AccountQuery::default() }).await);
    say(script, ask(AccountQuery { metadata: gold, owner: owner(), ..AccountQuery::default() }).await);
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = ask(AccountQuery { after, limit: Some(2), ..AccountQuery::default() }).await.unwrap();
        seen.extend(page.items.into_iter().map(|account| account.path));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 6, "{seen:?}");
    assert!(seen.is_sorted());
    for prefix in ["users", "assets:bank", "users:ann", "nobody"] {
        say(script, desk.ledger.roll_up(&desk.ctx, RollUpQuery::now(path(prefix))).await);
    }
}

async fn change(desk: &Desk, script: &mut Script) {
    let metadata = |value: &str| AccountChange::SetMetadata([("tier".to_owned(), value.to_owned())].into());
    for (name, wanted) in [
        ("users:carl", metadata("silver")),
        ("users:carl", AccountChange::Freeze),
        ("users:carl", AccountChange::SetLimits(Limits { ceiling: Some(usd(5)), ..Limits::default() })),
        ("assets:banking", AccountChange::Close),
        ("assets:banking", AccountChange::Freeze),
        ("users:bob", AccountChange::Close),
    ] {
        say(script, desk.change(name, wanted).await);
    }
    say(script, desk.run(pay(50, "users:carl", "users:bob", 1)).await);
    say(script, desk.run(pay(51, "assets:bank", "assets:banking", 1)).await);
    say(script, desk.run(void(52, 22, &[])).await);
    say(script, desk.change("users:carl", AccountChange::Unfreeze).await);
    say(script, desk.run(pay(53, "users:carl", "users:bob", 1)).await);
    say(script, desk.run(pay(50, "users:carl", "users:bob", 1)).await);
    for value in ["gold", "silver"] {
        let metadata = Some(("tier".to_owned(), value.to_owned()));
        say(script, desk.ledger.accounts(&desk.ctx, AccountQuery { metadata, ..AccountQuery::default() }).await);
    }
}

async fn story(store: &TestStore, config: LedgerConfig) -> Script {
    let mut script = Vec::new();
    let desk = Desk::open_at(store, FakeClock::default(), config).await;
    set_up(&desk, &mut script).await;
    move_money(&desk, &mut script).await;
    look_up(&desk, &mut script).await;
    let desk = desk.reopen(store).await;
    look_up(&desk, &mut script).await;
    change(&desk, &mut script).await;
    say(&mut script, desk.all_accounts().await);
    desk.clock.advance_millis(8 * 86_400_000);
    say(&mut script, desk.run(pay(60, "assets:bank", "users:ann", 1)).await);
    assert_eq!(desk.find(13).await.unwrap().status, TransactionStatus::Posted);
    assert_eq!(desk.find(22).await.unwrap().status, TransactionStatus::Voided);
    desk.ledger.close().await.unwrap();
    script
}

/// Every story gives the same replies, whatever the engine and the cache size.
#[tokio::test(flavor = "multi_thread")]
async fn every_feature_replies_the_same_on_any_engine_and_cache() {
    let told: Mutex<Option<Script>> = Mutex::new(None);
    for (accounts_cached_max, write_behind_accounts) in [(200_000, 1_000), (1, 1_000), (0, 0), (200_000, 0)] {
        for_each_way(async |store| {
            let script =
                story(store, LedgerConfig { accounts_cached_max, write_behind_accounts, ..LedgerConfig::default() })
                    .await;
            let mut told = told.lock().unwrap();
            let before = told.get_or_insert_with(|| script.clone());
            assert_eq!(before.len(), script.len());
            for (place, (before, now)) in before.iter().zip(&script).enumerate() {
                assert_eq!(before, now, "answer {place} on {:?} with {accounts_cached_max} accounts", store.engine());
            }
        })
        .await;
    }
}

/// A repeat gets its first reply, field by field, from the group, from the store, and after a restart.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_gets_the_first_answer() {
    for_each_way(async |store| {
        let mut desk = Desk::with_people(store).await;
        let rich = NewTransaction {
            reference: Some("INV-7".parse().unwrap()),
            metadata: [("a".to_owned(), "b".to_owned())].into(),
            status: WantedStatus::Pending,
            ..create(2, vec![posting("bank", "ann", 70), posting("bank", "bob", 5)])
        };
        let operations = || {
            vec![
                pay(1, "bank", "ann", 50),
                Operation::Create(rich.clone()),
                increase(3, 2, &[1, 0]),
                post(4, 2, &[0, 5], false),
                void(5, 2, &[1, 0]),
                post(6, 2, &[], true),
                reverse(7, 6),
                pay(8, "ann", "bob", 9_999),
                reverse(9, 7),
            ]
        };
        let mut first = Vec::new();
        for operation in operations() {
            first.push(desk.run(operation).await);
            desk.clock.advance_millis(5);
        }
        assert_eq!(first.iter().filter(|answer| answer.is_ok()).count(), 7, "{first:?}");
        for round in 0..2 {
            for (operation, first) in operations().into_iter().zip(&first) {
                match (first, desk.run(operation).await) {
                    (Ok(first), Ok(again)) => {
                        assert!(again.replayed);
                        assert_eq!(*first, ledger_api::Transaction { replayed: false, ..again });
                    }
                    (Err(first), Err(again)) => {
                        assert_eq!((first.code(), first.to_string()), (again.code(), again.to_string()))
                    }
                    (first, again) => panic!("{first:?} and then {again:?}"),
                }
            }
            if round == 0 {
                desk = desk.reopen(store).await;
            }
        }
        desk.ledger.close().await.unwrap();
    })
    .await;
}
