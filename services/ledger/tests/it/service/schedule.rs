//! Scheduled transactions, executed by the ledger's own timer.

use std::time::Duration;

use kernel::{Clock, Timestamp};
use ledger::{LedgerConfig, LedgerService, verify};
use ledger_api::{
    FindTransaction, Ledger, Limits, NewTransaction, Operation, ScheduledQuery, Side, Submit, Transaction,
    TransactionKind, TransactionStatus,
};
use platform::db::Access;
use platform::error::Refusal as _;
use platform::feed::Pull;
use testkit::{FakeClock, TestStore};

use crate::service::harness::{
    Desk, cancel, hold, id, increase, may_go_negative, opening, path, pay, post, refusal, reverse, scheduled, void,
};
use crate::service::way::for_each_way;

pub(crate) fn later(desk: &Desk, seconds: i64) -> Timestamp {
    desk.clock.now().plus_seconds(seconds)
}

async fn waiting(desk: &Desk) -> Vec<Transaction> {
    desk.ledger.scheduled(&desk.ctx, ScheduledQuery::default()).await.unwrap().items
}

/// Waits until it is no longer waiting.
pub(crate) async fn ended(desk: &Desk, bits: u128) -> Transaction {
    for _ in 0..700 {
        let found = desk.find(bits).await.unwrap();
        if found.status != TransactionStatus::Scheduled {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    panic!("{bits} still waits");
}

pub(crate) async fn clean(desk: Desk, store: &TestStore) {
    desk.ledger.close().await.unwrap();
    let db = store.open_with(Access::ReadOnly).await;
    verify(&db, &ledger_api::BookName::main(), None, |_| ()).await.unwrap();
}

async fn kinds_of_events(desk: &Desk) -> Vec<(String, serde_json::Value)> {
    let pull = Pull { after: 0, max: 100, wait_ms: 0, consumer: None };
    let events = desk.ledger.events_after(&desk.ctx, pull).await.unwrap();
    let parts = events.into_iter().map(|event| serde_json::to_value(event.event).unwrap());
    let transactions = parts.filter(|event| event["type"].as_str().unwrap().starts_with("ledger.transaction"));
    transactions.map(|event| (event["type"].as_str().unwrap().to_owned(), event["data"].clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_ledger_executes_due_transactions_and_publishes_events() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        let at = later(&desk, 3_600);
        let note = |operation: Operation| match operation {
            Operation::Create(create) => Operation::Create(NewTransaction {
                metadata: [("why".to_owned(), "rent".to_owned())].into(),
                reference: Some("rent-2".parse().unwrap()),
                ..create
            }),
            other => other,
        };
        let answer = desk.run(note(scheduled(pay(1, "bank", "ann", 100), at))).await.unwrap();
        assert_eq!((answer.kind, answer.status), (TransactionKind::Scheduled, TransactionStatus::Scheduled));
        assert_eq!((answer.effective_at, answer.postings.len(), answer.balances.len()), (at, 1, 0));
        desk.run(scheduled(hold(2, "ann", "bob", 60), at)).await.unwrap();
        desk.run(scheduled(pay(3, "ann", "bob", 41), at)).await.unwrap();
        desk.run(scheduled(pay(4, "bank", "bob", 7), at)).await.unwrap();
        assert_eq!(desk.run(cancel(5, 4)).await.unwrap().status, TransactionStatus::Cancelled);
        assert_eq!(waiting(&desk).await.iter().map(|one| one.id).collect::<Vec<_>>(), [id(1), id(2), id(3)]);
        assert_eq!(waiting(&desk).await[0], desk.find_item(1).await);
        desk.clock.advance_millis(3_599_900);
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!((waiting(&desk).await.len(), desk.posted("ann").await), (3, 0));
        // Record time runs a few microseconds ahead of a stopped clock.
        let started = kernel::SystemClock.monotonic();
        desk.clock.set(at.plus_micros(500));
        let rent = ended(&desk, 1).await;
        let micros = kernel::SystemClock.monotonic().micros_since(started);
        assert!(micros < 1_500_000, "{micros}");
        assert_eq!(
            (rent.kind, rent.status, rent.effective_at),
            (TransactionKind::Posted, TransactionStatus::Posted, at)
        );
        assert_eq!((rent.target, rent.metadata.get("why").map(String::as_str)), (None, Some("rent")));
        assert!(rent.recorded_at >= at && rent.balances.iter().any(|after| after.account == path("ann")));
        let by_reference = FindTransaction::Reference("rent-2".parse().unwrap());
        assert_eq!(desk.ledger.transaction(&desk.ctx, by_reference).await.unwrap(), rent);
        assert_eq!(ended(&desk, 2).await.status, TransactionStatus::Pending);
        let failed = ended(&desk, 3).await;
        assert_eq!(
            (failed.status, failed.failure.unwrap().code),
            (TransactionStatus::Failed, "insufficient_funds".into())
        );
        assert_eq!(desk.find(4).await.unwrap().status, TransactionStatus::Cancelled);
        assert_eq!(desk.find(5).await.unwrap().target, Some(id(4)));
        assert!(waiting(&desk).await.is_empty());
        let events = kinds_of_events(&desk).await;
        let kinds: Vec<&str> =
            events.iter().map(|(kind, _)| kind.strip_prefix("ledger.transaction.").unwrap()).collect();
        let planned = ["scheduled", "scheduled", "scheduled", "scheduled", "cancelled"];
        assert_eq!(kinds, [planned.as_slice(), &["posted", "held", "failed"]].concat());
        assert!(events.iter().all(|(_, data)| data.get("metadata").is_none()));
        assert_eq!(events[7].1["failure"]["code"], "insufficient_funds");
        clean(desk, store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_executed_scheduled_transaction_is_like_any_other() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        desk.run(pay(1, "bank", "ann", 100)).await.unwrap();
        let at = later(&desk, 10);
        desk.run(scheduled(hold(2, "ann", "bob", 60), at)).await.unwrap();
        let planned = desk.run(scheduled(pay(3, "bank", "bob", 5), at)).await.unwrap();
        desk.clock.advance_millis(11_000);
        ended(&desk, 3).await;
        desk.run(post(4, 2, &[50], true)).await.unwrap();
        desk.run(reverse(5, 4)).await.unwrap();
        desk.run(reverse(6, 3)).await.unwrap();
        assert_eq!(desk.find(3).await.unwrap().reversed_by, Some(id(6)));
        assert_eq!((desk.posted("ann").await, desk.posted("bob").await), (100, 0));
        let again = desk.run(scheduled(pay(3, "bank", "bob", 5), at)).await.unwrap();
        assert_eq!(again, Transaction { replayed: true, ..planned });
        clean(desk, store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_due_while_stopped_are_executed_in_order_at_the_start() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        let at = |desk: &Desk, seconds| later(desk, seconds);
        // The money arrives between the two; a hold expires at the same moment.
        desk.run(scheduled(pay(1, "ann", "bob", 10), at(&desk, 60))).await.unwrap();
        desk.run(scheduled(pay(2, "bank", "ann", 10), at(&desk, 120))).await.unwrap();
        desk.run(scheduled(pay(3, "ann", "bob", 10), at(&desk, 180))).await.unwrap();
        desk.run(pay(4, "bank", "bob", 30)).await.unwrap();
        desk.run(scheduled(pay(5, "bob", "bank", 30), at(&desk, 90))).await.unwrap();
        let Operation::Create(mut held) = hold(6, "bob", "ann", 30) else { unreachable!() };
        held.expires_at = Some(at(&desk, 90));
        desk.run(Operation::Create(held)).await.unwrap();
        let due = at(&desk, 180);
        desk.clock.advance_millis(86_400_000);
        let desk = desk.reopen(store).await;
        let last = ended(&desk, 3).await;
        assert_eq!((last.status, last.effective_at), (TransactionStatus::Posted, due));
        assert!(last.recorded_at > due.plus_seconds(80_000));
        assert_eq!(ended(&desk, 1).await.failure.unwrap().code, "insufficient_funds");
        assert_eq!(ended(&desk, 5).await.status, TransactionStatus::Posted);
        assert_eq!((desk.posted("ann").await, desk.posted("bob").await), (0, 10));
        clean(desk, store).await;
    })
    .await;
}

/// More than fit into one group, some of them holds; all are executed, in order, and commands are answered meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_due_at_once_are_executed_in_groups() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        let (at, days) = (later(&desk, 60), later(&desk, 86_400));
        let lines = (1..=1_100).map(|bits| {
            let line = if bits % 100 == 0 { hold(bits, "bank", "bob", 1) } else { pay(bits, "bank", "ann", 1) };
            scheduled(line, if bits % 2 == 0 { at } else { at.plus_micros(1) })
        });
        assert!(desk.batch(false, lines.collect()).await.iter().all(Result::is_ok));
        desk.run(scheduled(pay(2_000, "bank", "ann", 1), days)).await.unwrap();
        desk.clock.set(at.plus_seconds(1));
        desk.run(pay(3_000, "bank", "bob", 1)).await.unwrap();
        ended(&desk, 1_100).await;
        ended(&desk, 1_099).await;
        assert_eq!((desk.posted("ann").await, waiting(&desk).await.len()), (1_089, 1));
        clean(desk, store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scheduling_supports_repeats_dry_runs_keys_and_batches() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        let at = later(&desk, 60);
        let rows = desk.rows().await;
        let dry = desk.dry(scheduled(pay(1, "bank", "ann", 5), at)).await.unwrap();
        assert!(dry.dry_run && dry.status == TransactionStatus::Scheduled && desk.rows().await == rows);
        let keyed = desk.keyed("rent");
        let first = desk.run_as(&keyed, scheduled(pay(1, "bank", "ann", 5), at)).await.unwrap();
        let desk = desk.reopen(store).await;
        desk.clock.set(at.plus_seconds(1));
        assert_eq!(ended(&desk, 1).await.status, TransactionStatus::Posted);
        // The first reply, although its state has changed by now.
        for ctx in [&desk.ctx, &keyed] {
            let again = desk.run_as(ctx, scheduled(pay(1, "bank", "ann", 5), at)).await.unwrap();
            assert_eq!(again, Transaction { replayed: true, ..first.clone() });
        }
        let by_key = FindTransaction::IdempotencyKey("rent".parse().unwrap());
        assert_eq!(desk.ledger.transaction(&desk.ctx, by_key).await.unwrap().status, TransactionStatus::Posted);
        let taken = refusal(desk.run(scheduled(pay(1, "bank", "ann", 6), at)).await);
        assert_eq!(taken.to_string(), format!("transaction {} already exists and differs in postings", id(1)));
        assert_eq!(desk.posted("ann").await, 5);
        let soon = later(&desk, 60);
        let failed = desk.batch(true, vec![scheduled(pay(2, "bank", "ann", 1), soon), pay(3, "bob", "ann", 1)]).await;
        assert!(failed.iter().all(Result::is_err) && waiting(&desk).await.is_empty());
        let done = desk
            .batch(true, vec![scheduled(pay(4, "bank", "ann", 1), soon), cancel(5, 4), pay(6, "bank", "ann", 1)])
            .await;
        assert!(done.iter().all(Result::is_ok), "{done:?}");
        let cancelled = desk.run(cancel(5, 4)).await.unwrap();
        assert!(cancelled.replayed && cancelled.target == Some(id(4)));
        clean(desk, store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_transaction_can_only_be_cancelled() {
    for_each_way(async |store| {
        let desk = Desk::with_people(store).await;
        desk.run(scheduled(hold(1, "bank", "ann", 5), later(&desk, 60))).await.unwrap();
        for (operation, code) in [
            (post(2, 1, &[], true), "not_pending"),
            (void(3, 1, &[]), "not_pending"),
            (increase(4, 1, &[1]), "not_pending"),
            (reverse(5, 1), "not_reversible"),
        ] {
            assert_eq!(refusal(desk.run(operation).await).code(), code);
        }
        // Nor does it keep an account open: it fails then.
        desk.change("ann", ledger_api::AccountChange::Close).await.unwrap();
        desk.clock.advance_millis(61_000);
        assert_eq!(ended(&desk, 1).await.failure.unwrap().code, "account_closed");
        clean(desk, store).await;
    })
    .await;
}

/// Killed in the middle: only the store is left to continue from.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_ledger_forgets_no_scheduled_transaction() {
    for_each_way(async |store| {
        let clock = FakeClock::default();
        let desk = Desk::open_at(store, clock.clone(), LedgerConfig::default()).await;
        desk.account("bank", Side::Debit, may_go_negative()).await.unwrap();
        desk.account("ann", Side::Credit, Limits::default()).await.unwrap();
        let at = later(&desk, 60);
        for bits in 1..=3 {
            desk.run(scheduled(pay(bits, "bank", "ann", 1), at.plus_seconds(bits as i64 * 60))).await.unwrap();
        }
        clock.set(at.plus_seconds(61));
        ended(&desk, 1).await;
        // Neither closed nor dropped, and its clock is stopped: it does nothing more.
        let killed = desk;
        let clock = FakeClock::default();
        clock.set(at.plus_seconds(600));
        let desk = Desk::open_at(store, clock, LedgerConfig::default()).await;
        for bits in 1..=3 {
            assert_eq!(ended(&desk, bits).await.status, TransactionStatus::Posted);
        }
        assert_eq!(desk.posted("ann").await, 3);
        desk.ledger.close().await.unwrap();
        drop(killed);
    })
    .await;
}

/// Not by the fake clock: a second of real time.
#[tokio::test(flavor = "multi_thread")]
async fn a_due_transaction_is_executed_within_a_second() {
    for_each_way(async |store| {
        let clock = std::sync::Arc::new(kernel::SystemClock);
        let ids = kernel::IdMaker::new(clock.clone());
        let ledger =
            LedgerService::start(store.open().await, LedgerConfig::default(), clock.clone(), ids).await.unwrap();
        let ctx = kernel::Ctx {
            principal: kernel::Principal::operator(),
            deadline: kernel::Deadline::after_millis(&*clock, 20_000),
            request_id: "req-1".into(),
            idempotency_key: None,
        };
        for name in ["bank", "ann"] {
            ledger.open_account(&ctx, opening(name, Side::Debit, may_go_negative())).await.unwrap();
        }
        // Due one after the other, 200 ms apart.
        let start = clock.now();
        let due = |bits: u128| start.plus_micros(300_000 + 200_000 * bits as i64);
        for bits in 1..=5 {
            let operation = scheduled(pay(bits, "bank", "ann", 1), due(bits));
            ledger.submit(&ctx, Submit { operation, dry_run: false }).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(2_300)).await;
        for bits in 1..=5 {
            let done = ledger.transaction(&ctx, FindTransaction::Id(id(bits))).await.unwrap();
            let late = done.recorded_at.micros_since(due(bits));
            assert!(done.status == TransactionStatus::Posted && (0..1_000_000).contains(&late), "{late} {done:?}");
        }
        ledger.close().await.unwrap();
    })
    .await;
}
