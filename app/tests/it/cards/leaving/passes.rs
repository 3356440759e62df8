//! The old system answers, well or badly.

use std::sync::atomic::Ordering;

use cards::{Cards, Leaving, Legacy, LegacyMode, Reason, SetLegacy, Status, StepKind};
use testkit::{FakeClock, for_each_engine};

use super::{OldSystem, Ours};
use crate::cards::stage::{Till, VISA, ask, take};

#[tokio::test(flavor = "multi_thread")]
async fn what_the_old_system_answers_is_recorded() {
    for_each_engine(async |store| {
        let old = OldSystem::start(FakeClock::default()).await;
        let ours = Ours::open(store, &old).await;
        ours.set(LegacyMode::Pass).await;
        // A number that we do not know yet.
        let early = ours.pay("early", "1.00").await;
        assert_eq!((early.status, early.card), (Status::Approved, None));
        ours.import(&old).await;
        let paid = ours.pay("test123", "10.00").await;
        assert_eq!((paid.status, paid.response_code.as_deref()), (Status::Approved, Some("00")));
        assert_eq!(paid.balance.unwrap().amount(), "89.00");
        assert_eq!((old.till.held().await, ours.till.held().await), (1_100, 0));
        let again = ours.pay("test123", "10.00").await;
        assert!(again.replayed && again.approval_code == paid.approval_code && again.approval_code.is_some());
        assert_eq!(old.payments(), 2);
        let broke = ours.pay("broke", "100.00").await;
        assert_eq!((broke.status, broke.reason), (Status::Declined, Some(Reason::InsufficientFunds)));
        let inquiry = cards::AskBalance { pan: Some(VISA.parse().unwrap()), token: None, expiry: None, cvv: None };
        let told = ours.till.cards.balance(&ours.till.ctx(), inquiry).await.unwrap();
        assert_eq!(told.balance.unwrap().amount(), "89.00");

        let cleared = ours.till.step(&paid, StepKind::Clearing, Some("10.00")).await;
        assert_eq!((cleared.authorization.status, old.till.held().await), (Status::Cleared, 100));
        assert_eq!(old.till.balances("customers:ann").await.2, 9_000);
        let refunded = ours.till.step(&paid, StepKind::Refund, Some("4.00")).await;
        assert!(refunded.step.reason.is_approval());
        assert_eq!(old.till.balances("customers:ann").await.2, 9_400);
        assert_eq!(ours.till.balances("customers:ann").await, (Some(10_000), 0, 10_000));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_a_decline_and_its_hold_is_released() {
    for_each_engine(async |store| {
        let old = OldSystem::start(FakeClock::default()).await;
        let ours = Ours::open(store, &old).await;
        ours.set(LegacyMode::Pass).await;
        ours.import(&old).await;
        old.trouble.loses.store(1, Ordering::SeqCst);
        let lost = ours.pay("lost", "10.00").await;
        assert_eq!((lost.reason, lost.response_code.as_deref()), (Some(Reason::LegacyAway), Some("91")));
        assert_eq!(old.till.held().await, 1_000);
        ours.sweep_later().await;
        assert_eq!(old.till.held().await, 0);
        old.trouble.slow.store(true, Ordering::SeqCst);
        assert_eq!(ours.pay("slow", "10.00").await.reason, Some(Reason::LegacyAway));
        ours.sweep_later().await;
        assert_eq!(old.till.held().await, 0);
        let again = ours.pay("slow", "10.00").await;
        assert!(again.replayed && again.status == Status::Declined);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_payment_is_not_held_twice_by_a_forgetful_system() {
    for_each_engine(async |store| {
        let old = OldSystem::start(FakeClock::default()).await;
        let ours = Ours::open(store, &old).await;
        ours.set(LegacyMode::Pass).await;
        ours.import(&old).await;
        old.trouble.hangs.store(true, Ordering::SeqCst);
        let (cards, ctx) = (ours.till.cards.clone(), ours.till.ctx());
        let running = tokio::spawn(async move { cards.authorize(&ctx, ask("test123", VISA, "10.00")).await });
        old.trouble.hanging.notified().await;
        running.abort();
        let _ = running.await;
        old.trouble.forgets.store(true, Ordering::SeqCst);
        let cards = ours.till.again().await;
        let paid = cards.authorize(&ours.till.ctx(), ask("test123", VISA, "10.00")).await.unwrap();
        assert_eq!((paid.status, old.till.held().await, old.payments()), (Status::Approved, 1_000, 1));
        let cleared = cards.take_step(&ours.till.ctx(), take("clear", &paid, StepKind::Clearing, None)).await.unwrap();
        assert_eq!((cleared.authorization.status, old.till.held().await), (Status::Cleared, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_shadow_differences_are_counted() {
    for_each_engine(async |store| {
        let old = OldSystem::start(FakeClock::default()).await;
        let ours = Ours::open(store, &old).await;
        ours.set(LegacyMode::Shadow).await;
        ours.import(&old).await;
        ours.sweep_later().await;
        assert_eq!(ours.pay("same", "10.00").await.status, Status::Approved);
        assert_eq!((ours.report().await.compared, ours.report().await.differences.len()), (1, 0));
        // Ours does not know of the hold yet, so it would approve.
        assert_eq!(ours.pay("much", "95.00").await.status, Status::Declined);
        let report = ours.report().await;
        let fields: Vec<(&str, &str, &str)> =
            report.differences.iter().map(|one| (&*one.field, &*one.theirs, &*one.ours)).collect();
        let all = [
            ("reason", "insufficient_funds", "approved"),
            ("response_code", "51", "00"),
            ("status", "declined", "approved"),
        ];
        assert_eq!((report.compared, fields), (2, all.to_vec()));
        assert_eq!(ours.till.held().await, 0);
        // The balance is copied again after an hour.
        ours.till.clock.advance_millis(3_600_000);
        ours.sweep_later().await;
        assert_eq!(ours.till.balances("customers:ann").await, (Some(9_000), 0, 9_000));
        ours.pay("again", "95.00").await;
        let report = ours.report().await;
        assert_eq!((report.compared, report.differences.len()), (3, 3));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_old_system_there_is_nothing_to_leave() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        let card = till.card(VISA).await;
        let legacy = Legacy { mode: LegacyMode::Pass, share: 0, takeover: "equity".parse().unwrap() };
        let command = SetLegacy { programme: card.programme, legacy };
        let refused = till.cards.set_legacy(&till.ctx(), command).await.unwrap_err();
        assert_eq!(refused.code(), "legacy_absent");
    })
    .await;
}
