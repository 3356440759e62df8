//! Accounts move and move back, with balance and holds; one side owns a card at any instant.

use std::sync::atomic::Ordering;

use cards::{AccountsBySide, Cards, LegacyMode, Reason, Status, StepKind};
use futures_util::future::join_all;
use ledger_api::{NewTransaction, Operation, Posting, Submit, WantedStatus};
use testkit::{FakeClock, for_each_engine};

use super::{OldSystem, Ours};
use crate::cards::stage::{VISA, ask, usd};

const OURS: AccountsBySide = AccountsBySide { ours: 1, theirs: 0, moving: 0 };
const THEIRS: AccountsBySide = AccountsBySide { ours: 0, theirs: 1, moving: 0 };

#[tokio::test(flavor = "multi_thread")]
async fn an_account_moves_with_balance_and_holds_and_back() {
    for_each_engine(async |store| {
        let old = OldSystem::start(FakeClock::default()).await;
        let ours = Ours::open(store, &old).await;
        ours.set(LegacyMode::Pass).await;
        ours.import(&old).await;
        // One that came through us, and one from before.
        let passed = ours.pay("passed", "10.00").await;
        old.till.pay("before", "5.00").await;
        let payments = old.payments();

        ours.settled(LegacyMode::Own).await;
        assert_eq!(ours.report().await.accounts, OURS, "{:?}", ours.report().await.disagreements);
        assert_eq!(ours.till.balances("customers:ann").await, (Some(8_500), 1_500, 10_000));
        let paid = ours.pay("ours", "20.00").await;
        assert_eq!((paid.status, ours.till.held().await), (Status::Approved, 3_500));
        let cleared = ours.till.step(&passed, StepKind::Clearing, Some("10.00")).await;
        assert_eq!(
            (cleared.authorization.status, cleared.authorization.approval_code),
            (Status::Cleared, passed.approval_code.clone())
        );
        assert_eq!(ours.till.balances("customers:ann").await, (Some(6_500), 2_500, 9_000));
        assert_eq!((old.payments(), old.till.held().await), (payments, 1_500), "the old system was asked");

        ours.settled(LegacyMode::Pass).await;
        assert_eq!(ours.report().await.accounts, THEIRS, "{:?}", ours.report().await.disagreements);
        assert_eq!(old.till.balances("customers:ann").await, (Some(6_500), 2_500, 9_000));
        assert_eq!(ours.till.held().await, 0);
        ours.till.step(&paid, StepKind::Reversal, None).await;
        assert_eq!((old.till.held().await, ours.pay("back", "1.00").await.status), (500, Status::Approved));

        ours.settled(LegacyMode::Own).await;
        assert_eq!(ours.till.balances("customers:ann").await, (Some(8_400), 600, 9_000));
        ours.settled(LegacyMode::Retired).await;
        assert_eq!(ours.pay("last", "1.00").await.status, Status::Approved);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_stays_while_the_two_sides_disagree() {
    for_each_engine(async |store| {
        let old = OldSystem::start(FakeClock::default()).await;
        let ours = Ours::open(store, &old).await;
        ours.set(LegacyMode::Pass).await;
        ours.import(&old).await;
        ours.pay("passed", "10.00").await;
        // Held by another service, which the old system does not know of.
        let posting = Posting {
            debit: Some("customers:ann".parse().unwrap()),
            credit: Some("equity".parse().unwrap()),
            amount: kernel::Money::new(700, usd()),
            up_to_available: false,
            split: Vec::new(),
            override_limit: None,
            book: None,
        };
        let create =
            NewTransaction { status: WantedStatus::Pending, postings: vec![posting], ..NewTransaction::default() };
        let submit = Submit { operation: Operation::Create(create), dry_run: false };
        ours.till.ledger.submit(&ours.till.keyed("other"), submit).await.unwrap();

        ours.settled(LegacyMode::Own).await;
        let report = ours.report().await;
        assert_eq!(report.accounts, THEIRS);
        let found: Vec<&str> = report.disagreements.iter().map(|one| one.detail.as_str()).collect();
        assert_eq!(found, ["available: theirs 90.00 USD, ours 83.00 USD"]);
        // What had been copied is undone, and the old system answers as before.
        assert_eq!(ours.till.held().await, 700);
        assert_eq!((ours.pay("still", "1.00").await.status, old.till.held().await), (Status::Approved, 1_100));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_card_is_answered_by_both_sides_while_it_moves() {
    for_each_engine(async |store| {
        let old = OldSystem::start(FakeClock::default()).await;
        let ours = Ours::open(store, &old).await;
        ours.set(LegacyMode::Pass).await;
        ours.import(&old).await;
        let mut approved = 0;
        for (round, mode) in [LegacyMode::Own, LegacyMode::Pass, LegacyMode::Own].into_iter().enumerate() {
            let request = |place: usize| ask(&format!("r{round}-{place}"), VISA, "1.00");
            let ctx = ours.till.ctx();
            let pay = async |place: usize| ours.till.cards.authorize(&ctx, request(place)).await;
            // The clock moves on for the sweeper, so some of them are too late.
            let _ = tokio::join!(join_all((0..8).map(pay)), ours.settled(mode));
            for _ in 0..24 {
                ours.sweep_later().await;
            }
            for place in 0..8 {
                let answer = ours.till.cards.authorize(&ours.till.ctx(), request(place)).await.unwrap();
                approved += i64::from(answer.status == Status::Approved);
            }
            let (here, there) = (ours.till.held().await, old.till.held().await);
            let owner = if mode == LegacyMode::Own { here } else { there };
            let report = ours.report().await;
            assert_eq!(owner, approved * 100, "{mode:?}: {here} here, {there} there, {report:?}");
        }
        assert_eq!(ours.report().await.accounts, OURS);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_thaws_if_something_of_it_does_not_end() {
    for_each_engine(async |store| {
        let old = OldSystem::start(FakeClock::default()).await;
        let ours = Ours::open(store, &old).await;
        ours.set(LegacyMode::Pass).await;
        ours.import(&old).await;
        old.trouble.loses.store(1, Ordering::SeqCst);
        ours.pay("lost", "10.00").await;
        // What became of it cannot be looked up for a while.
        old.trouble.silent.store(true, Ordering::SeqCst);
        ours.set(LegacyMode::Own).await;
        ours.sweep_later().await;
        assert_eq!(ours.report().await.accounts.moving, 1);
        assert_eq!(ours.pay("frozen", "1.00").await.reason, Some(Reason::CardMoving));
        ours.till.clock.advance_millis(300_000);
        ours.sweep_later().await;
        let report = ours.report().await;
        assert_eq!((report.accounts, report.disagreements.len()), (THEIRS, 1));
        old.trouble.silent.store(false, Ordering::SeqCst);
        ours.till.clock.advance_millis(60_000);
        ours.sweep_later().await;
        ours.settled(LegacyMode::Own).await;
        assert_eq!(ours.report().await.accounts, OURS);
    })
    .await;
}
