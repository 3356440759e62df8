//! Transactions by declared metadata keys: indexed after the commit, across restarts, and only for their owners.

use std::time::Duration;

use kernel::Ctx;
use ledger_api::{
    BookName, DeclareMetadataKey, LedgerError, MetadataKey, NewTransaction, OpenAccount, Operation, Refusal, Side,
    TransactionPage, TransactionQuery,
};
use platform::db::Access;
use platform::error::{Failure, Refusal as _};
use sha2::{Digest, Sha256};
use testkit::{TestStore, on_sqlite};

use crate::service::harness::{Desk, may_go_negative, opening, pay, posting, refusal};
use crate::service::transfer::hex;
use crate::service::way::for_each_way;

async fn declare(desk: &Desk, key: &str) -> Result<MetadataKey, LedgerError> {
    desk.ledger.declare_metadata_key(&desk.ctx, DeclareMetadataKey { key: key.to_owned() }).await
}

fn with(bits: u128, metadata: &[(&str, &str)]) -> Operation {
    let Operation::Create(create) = pay(bits, "bank", "ann", 1) else { unreachable!() };
    let metadata = metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Operation::Create(NewTransaction { metadata, ..create })
}

fn query(key: &str, value: &str) -> TransactionQuery {
    TransactionQuery { key: key.to_owned(), value: value.to_owned(), before: None, limit: None }
}

async fn search(desk: &Desk, ctx: &Ctx, key: &str, value: &str) -> Vec<u128> {
    bits(&desk.ledger.transactions(ctx, query(key, value)).await.unwrap())
}

fn bits(page: &TransactionPage) -> Vec<u128> {
    page.items.iter().map(|item| item.id.bits()).collect()
}

/// Waits until all keys are indexed to the end of the log.
async fn caught_up(desk: &Desk) {
    for _ in 0..800 {
        let (rows, keys) = (desk.rows().await, desk.ledger.metadata_keys(&desk.ctx).await.unwrap());
        if keys.iter().all(|key| key.indexed_to_seq == rows) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the index does not reach the end");
}

async fn clean(store: &TestStore) {
    let db = store.open_with(Access::ReadOnly).await;
    ledger::verify(&db, &BookName::main(), None, |_| ()).await.unwrap();
}

async fn entries(store: &TestStore) -> i64 {
    let db = store.open().await;
    let count = "select count(*) from transaction_metadata";
    db.read().await.unwrap().query(count, &[]).await.unwrap()[0].int(0).unwrap()
}

async fn change(store: &TestStore, sql: &str) {
    let db = store.open().await;
    let tx = db.begin().await.unwrap();
    tx.batch(sql).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_key_finds_older_and_newer_transactions() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        for number in 1..=40 {
            let order = format!("{}", number % 4);
            desk.run(with(number, &[("order", &order), ("shop", "Bern")])).await.unwrap();
        }
        let declared = declare(&desk, "order").await.unwrap();
        assert!(!declared.replayed && declared.indexed_to_seq == 0);
        assert!(declare(&desk, "order").await.unwrap().replayed);
        caught_up(&desk).await;
        assert_eq!(search(&desk, &desk.ctx, "order", "1").await, [37, 33, 29, 25, 21, 17, 13, 9, 5, 1]);
        desk.run(with(41, &[("order", "1")])).await.unwrap();
        desk.run(with(42, &[("shop", "Basel")])).await.unwrap();
        declare(&desk, "shop").await.unwrap();
        caught_up(&desk).await;
        assert_eq!(search(&desk, &desk.ctx, "order", "1").await[..2], [41, 37]);
        assert_eq!(search(&desk, &desk.ctx, "shop", "Basel").await, [42]);
        assert_eq!(search(&desk, &desk.ctx, "shop", "bern").await, []);
        clean(store).await;
        // Written by one process, indexed by the next.
        let desk = desk.reopen(store).await;
        desk.run(with(43, &[("order", "1"), ("shop", "Basel")])).await.unwrap();
        caught_up(&desk).await;
        assert_eq!(search(&desk, &desk.ctx, "shop", "Basel").await, [43, 42]);
        let page = desk.ledger.transactions(&desk.ctx, query("order", "1")).await.unwrap();
        assert_eq!(page.indexed_to_seq, desk.rows().await);
        assert_eq!(page.items[0].metadata["shop"], "Basel");
        desk.ledger.close().await.unwrap();
        clean(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn search_pages_have_no_gaps_or_repeats() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        declare(&desk, "order").await.unwrap();
        let lines = (1..=23).map(|number| with(number, &[("order", "x")])).collect();
        desk.batch(false, lines).await;
        caught_up(&desk).await;
        let (mut found, mut before, mut pages) = (Vec::new(), None, 0);
        loop {
            let query = TransactionQuery { before, limit: Some(5), ..query("order", "x") };
            let page = desk.ledger.transactions(&desk.ctx, query).await.unwrap();
            found.extend(bits(&page));
            pages += 1;
            // What is written meanwhile does not shift the pages.
            desk.run(with(100 + pages, &[("order", "x")])).await.unwrap();
            let Some(next) = page.next else { break };
            before = Some(next);
        }
        assert_eq!((found, pages), ((1..=23).rev().collect(), 5));
        for limit in [0, 501] {
            let query = TransactionQuery { limit: Some(limit), ..query("order", "x") };
            assert_eq!(refusal(desk.ledger.transactions(&desk.ctx, query).await).code(), "page_size");
        }
        desk.ledger.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_history_is_indexed_in_steps_while_the_ledger_writes() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        for batch in 0..6_u128 {
            let lines = (1..=700)
                .map(|number| with(batch * 1_000 + number, &[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]))
                .collect();
            desk.batch(false, lines).await;
        }
        for key in ["a", "b", "c", "d"] {
            declare(&desk, key).await.unwrap();
        }
        for number in 0..40_u128 {
            desk.run(with(50_000 + number, &[("a", "1")])).await.unwrap();
        }
        caught_up(&desk).await;
        assert_eq!(entries(store).await, 6 * 700 * 4 + 40);
        desk.ledger.close().await.unwrap();
        clean(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_declared_again_is_indexed_from_the_start() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        declare(&desk, "order").await.unwrap();
        let lines = (1..=1_500).map(|number| with(number, &[("order", "x")])).collect();
        desk.batch(false, lines).await;
        caught_up(&desk).await;
        let removed = desk.ledger.remove_metadata_key(&desk.ctx, "order").await.unwrap();
        assert_eq!(removed.indexed_to_seq, desk.rows().await);
        assert_eq!(refusal(desk.ledger.remove_metadata_key(&desk.ctx, "order").await).code(), "not_found");
        let undeclared = refusal(desk.ledger.transactions(&desk.ctx, query("order", "x")).await);
        assert_eq!(undeclared, Refusal::MetadataKeyUndeclared { key: "order".to_owned(), declared: Vec::new() });
        declare(&desk, "order").await.unwrap();
        caught_up(&desk).await;
        assert_eq!(search(&desk, &desk.ctx, "order", "x").await.len(), 50);
        // What was left of the first declaration is removed as well.
        for _ in 0..800 {
            if entries(store).await == 1_500 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        desk.ledger.close().await.unwrap();
        assert_eq!(entries(store).await, 1_500);
        clean(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn erased_metadata_is_not_found() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        declare(&desk, "order").await.unwrap();
        for number in 1..=3 {
            desk.run(with(number, &[("order", "x")])).await.unwrap();
        }
        caught_up(&desk).await;
        change(store, "delete from metadata where seq = (select seq from metadata order by seq limit 1 offset 1)")
            .await;
        assert_eq!(search(&desk, &desk.ctx, "order", "x").await, [3, 1]);
        let db = store.open_with(Access::ReadOnly).await;
        ledger::verify(&db, &BookName::main(), None, |_| ()).await.expect_err("the index still has the text");
        change(store, "delete from transaction_metadata where seq not in (select seq from metadata)").await;
        clean(store).await;
        desk.ledger.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_any_length_are_distinguished() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        declare(&desk, "n").await.unwrap();
        let long: String =
            (0..4_000_u32).map(|place| char::from(b'a' + (place * 7 % 23 + place / 31 % 3) as u8)).collect();
        let longer = format!("{long}x");
        let digest = format!("sha256:{}", hex(&Sha256::digest(long.as_bytes())));
        for (number, value) in (1..).zip([long.as_str(), &longer, &digest, "", "'; drop table log; --"]) {
            desk.run(with(number, &[("n", value)])).await.unwrap();
        }
        caught_up(&desk).await;
        for (number, value) in (1..).zip([long.as_str(), &longer, &digest, "", "'; drop table log; --"]) {
            assert_eq!(search(&desk, &desk.ctx, "n", value).await, [number]);
        }
        desk.ledger.close().await.unwrap();
        clean(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn search_shows_only_own_transactions_and_keys_need_permission() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        for (name, subject) in [("a:main", "cust_a"), ("a:save", "cust_a"), ("b:main", "cust_b"), ("b:save", "cust_b")]
        {
            let owner = Some(subject.parse().unwrap());
            let opening = OpenAccount { owner, ..opening(name, Side::Credit, may_go_negative()) };
            desk.ledger.open_account(&desk.ctx, opening).await.unwrap();
        }
        declare(&desk, "order").await.unwrap();
        let metadata: ledger_api::Metadata = [("order".to_owned(), "x".to_owned())].into();
        // One in fifty is hers.
        let own = |number: u128| if number.is_multiple_of(50) { "a" } else { "b" };
        let line = |number: u128| {
            let postings = vec![posting(&format!("{}:main", own(number)), &format!("{}:save", own(number)), 1)];
            let id = Some(crate::service::harness::id(number));
            Operation::Create(NewTransaction { id, postings, metadata: metadata.clone(), ..Default::default() })
        };
        desk.batch(false, (1..=200).map(line).collect()).await;
        caught_up(&desk).await;
        let ann = desk.caller("cust_a", &["transactions:read:own"]);
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let query = TransactionQuery { before, limit: Some(3), ..query("order", "x") };
            let page = desk.ledger.transactions(&ann, query).await.unwrap();
            found.extend(bits(&page));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(found, [200, 150, 100, 50]);
        for caller in [&ann, &desk.caller("clerk", &["transactions:*:all"])] {
            let command = DeclareMetadataKey { key: "shop".to_owned() };
            let declared = desk.ledger.declare_metadata_key(caller, command).await;
            assert_eq!(declared.unwrap_err(), LedgerError::Failed(Failure::Forbidden));
            let removed = desk.ledger.remove_metadata_key(caller, "order").await;
            assert_eq!(removed.unwrap_err(), LedgerError::Failed(Failure::Forbidden));
            assert_eq!(desk.ledger.metadata_keys(caller).await.unwrap().len(), 1);
        }
        let nobody = desk.caller("x", &["accounts:*:all"]);
        assert_eq!(desk.ledger.metadata_keys(&nobody).await.unwrap_err(), LedgerError::Failed(Failure::Forbidden));
        let asked = desk.ledger.transactions(&nobody, query("order", "x")).await;
        assert_eq!(asked.unwrap_err(), LedgerError::Failed(Failure::Forbidden));
        let keeper = desk.caller("keeper", &["metadata-keys:*:all"]);
        desk.ledger.remove_metadata_key(&keeper, "order").await.unwrap();
        desk.ledger.close().await.unwrap();
    })
    .await;
}

/// Two processes on one store index at the same time; nothing is indexed twice, which the engine would refuse, and
/// nothing is left out.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_do_not_index_twice() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        let other = Desk::open_at(store, desk.clock.clone(), Default::default()).await;
        let lines = (1..=3_000).map(|number| with(number, &[("order", "x"), ("shop", "y")])).collect();
        desk.batch(false, lines).await;
        let (one, two) = tokio::join!(declare(&desk, "order"), declare(&other, "shop"));
        assert!(!one.unwrap().replayed && !two.unwrap().replayed);
        caught_up(&desk).await;
        assert_eq!(entries(store).await, 6_000);
        other.ledger.close().await.unwrap();
        desk.ledger.close().await.unwrap();
        clean(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_key_invalid() {
    on_sqlite(async |store| {
        let desk = Desk::with_people(store).await;
        for key in ["", "a\0b", &"k".repeat(65)] {
            assert_eq!(refusal(declare(&desk, key).await).code(), "metadata_key_invalid");
        }
        declare(&desk, &"k".repeat(64)).await.unwrap();
        desk.ledger.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_key_undeclared() {
    on_sqlite(async |store| {
        let desk = Desk::with_people(store).await;
        declare(&desk, "shop").await.unwrap();
        declare(&desk, "order").await.unwrap();
        let refusal = refusal(desk.ledger.transactions(&desk.ctx, query("color", "red")).await);
        let declared = vec!["order".to_owned(), "shop".to_owned()];
        assert_eq!(refusal, Refusal::MetadataKeyUndeclared { key: "color".to_owned(), declared });
        assert!(refusal.to_string().contains("declared keys: order, shop"), "{refusal}");
        desk.ledger.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_metadata_keys() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        let keys = ["a", "b", "c", "d", "e", "f"];
        let all = futures_util::future::join_all(keys.map(|key| declare(&desk, key))).await;
        assert_eq!(all.iter().filter(|declared| declared.is_ok()).count(), 4);
        for refused in all.into_iter().filter(Result::is_err) {
            assert!(
                matches!(refusal(refused), Refusal::TooManyMetadataKeys { max: 4, declared } if declared.len() == 4)
            );
        }
        let known = desk.ledger.metadata_keys(&desk.ctx).await.unwrap().remove(0).key;
        desk.ledger.remove_metadata_key(&desk.ctx, &known).await.unwrap();
        declare(&desk, "g").await.unwrap();
        desk.ledger.close().await.unwrap();
    })
    .await;
}
