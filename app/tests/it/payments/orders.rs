//! Payments: made once, refused by name, dated, dry.

use kernel::Money;
use payments::{AddPayee, Arrangements, CancelPayment, CreatePayment, NameCheck, Orders, PaymentState, Side};
use testkit::for_each_engine;

use super::desk::{Desk, code, order, side, usd};

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_booked_once_whatever_is_repeated() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let first = desk.pay("rent-1", 2_500).await;
        assert_eq!((first.state, first.replayed), (PaymentState::Settled, false));
        let second = desk.pay("rent-1", 2_500).await;
        assert_eq!((second.id, second.state, second.replayed), (first.id, PaymentState::Settled, true));
        assert_eq!((desk.balance("customers:ann").await, desk.balance("customers:bob").await), (7_500, 12_500));
        let other = desk.payments.create(&desk.keyed("rent-1"), order(2_501)).await;
        assert_eq!(code(other), "idempotency_key_taken");
        let found = desk.payments.payment(&desk.ctx(), first.id).await.unwrap();
        let states: Vec<PaymentState> = found.history.iter().map(|step| step.state).collect();
        assert_eq!(states, [PaymentState::Processing, PaymentState::Settled]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_equal_requests_make_one_payment() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let all = futures_util::future::join_all((0..64).map(|_| desk.pay("rent-1", 100))).await;
        assert!(all.iter().all(|one| one.id == all[0].id));
        assert_eq!(all.iter().filter(|one| !one.replayed).count(), 1);
        assert_eq!(desk.balance("customers:bob").await, 10_100);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_the_ledger_is_a_rejected_payment() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let refused = desk.pay("too-much", 10_001).await;
        assert_eq!((refused.state, refused.reason.as_deref()), (PaymentState::Rejected, Some("insufficient_funds")));
        // A delayed duplicate does not succeed later.
        desk.pay_in("customers:ann", 1_000).await;
        assert_eq!(desk.pay("too-much", 10_001).await.state, PaymentState::Rejected);
        assert_eq!(desk.balance("customers:ann").await, 11_000);
        assert_eq!(code(desk.payments.create(&desk.ctx(), order(1)).await), "idempotency_missing");
        let nobody = CreatePayment { to: side("customers:nobody"), ..order(1) };
        let nobody = desk.payments.create(&desk.keyed("nobody"), nobody).await.unwrap();
        assert_eq!((nobody.state, nobody.reason.as_deref()), (PaymentState::Rejected, Some("account_unknown")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_would_happen_and_writes_nothing() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let dry = |minor| CreatePayment { dry_run: true, ..order(minor) };
        let good = desk.payments.create(&desk.keyed("dry"), dry(100)).await.unwrap();
        assert_eq!((good.state, good.dry_run), (PaymentState::Settled, true));
        let bad = desk.payments.create(&desk.ctx(), dry(10_001)).await.unwrap();
        assert_eq!((bad.state, bad.reason.as_deref()), (PaymentState::Rejected, Some("insufficient_funds")));
        assert_eq!(desk.balance("customers:ann").await, 10_000);
        assert_eq!(code(desk.payments.payment(&desk.ctx(), good.id).await), "payment_unknown");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dated_payment_waits_for_its_day_or_is_cancelled() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let tomorrow = jiff::Timestamp::from_microsecond(kernel::Clock::now(&desk.clock).micros()).unwrap();
        let tomorrow = tomorrow.to_zoned(jiff::tz::TimeZone::UTC).date().tomorrow().unwrap();
        let dated = CreatePayment { on: Some(tomorrow), ..order(100) };
        let one = desk.payments.create(&desk.keyed("a"), dated.clone()).await.unwrap();
        let other = desk.payments.create(&desk.keyed("b"), dated).await.unwrap();
        assert_eq!((one.state, other.state), (PaymentState::Scheduled, PaymentState::Scheduled));
        let cancel = CancelPayment { payment: other.id, reason: None };
        let cancelled = desk.payments.cancel(&desk.keyed("c"), cancel.clone()).await.unwrap();
        assert_eq!(cancelled.state, PaymentState::Cancelled);
        assert!(desk.payments.cancel(&desk.keyed("c"), cancel.clone()).await.unwrap().replayed);
        assert_eq!(code(desk.payments.cancel(&desk.ctx(), cancel).await), "payment_state");
        desk.payments.sweep().await.unwrap();
        assert_eq!(desk.balance("customers:bob").await, 10_000);
        desk.clock.advance_millis(86_400_000);
        desk.payments.sweep().await.unwrap();
        assert_eq!(desk.balance("customers:bob").await, 10_100);
        assert_eq!(desk.payments.payment(&desk.ctx(), one.id).await.unwrap().payment.state, PaymentState::Settled);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_pay_from_their_own_accounts_only() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let (ann, bob) = (desk.customer("cust_ann"), desk.customer("cust_bob"));
        let paid = desk.payments.create(&ann, order(100)).await.unwrap();
        assert_eq!(paid.state, PaymentState::Settled);
        assert_eq!(code(desk.payments.create(&bob, order(100)).await), "account_unknown");
        assert_eq!(code(desk.payments.payment(&bob, paid.id).await), "payment_unknown");
        let query = payments::PaymentQuery { from: None, state: None, before: None, limit: 10 };
        assert_eq!(desk.payments.payments(&ann, query.clone()).await.unwrap().items.len(), 1);
        assert_eq!(desk.payments.payments(&bob, query).await.unwrap().items, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_payee_gets_little_for_a_day() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        desk.pay_in("customers:ann", 1_000_000).await;
        let add = |name: &str| AddPayee { name: name.to_owned(), path: "customers:bob".parse().unwrap() };
        let bob = desk.payments.add_payee(&desk.keyed("p"), add("Bob")).await.unwrap();
        assert_eq!(bob.name_check, NameCheck::Match);
        assert_eq!(desk.payments.add_payee(&desk.keyed("p"), add("Bob")).await.unwrap(), bob);
        let other = desk.payments.add_payee(&desk.ctx(), add("Robert")).await.unwrap();
        assert_eq!(other.name_check, NameCheck::NoMatch);
        let to = |minor| CreatePayment { to: Side { payee: Some(bob.id), ..Side::default() }, ..order(minor) };
        let large = desk.payments.create(&desk.keyed("large"), to(100_001)).await.unwrap();
        assert_eq!(large.reason.as_deref(), Some("new_payee_limit"));
        let small = desk.payments.create(&desk.keyed("small"), to(100_000)).await.unwrap();
        assert_eq!((small.state, small.payee), (PaymentState::Settled, Some(bob.id)));
        desk.clock.advance_millis(86_400_000);
        let later = desk.payments.create(&desk.keyed("later"), to(100_001)).await.unwrap();
        assert_eq!(later.state, PaymentState::Settled);
        desk.payments.remove_payee(&desk.ctx(), bob.id).await.unwrap();
        assert_eq!(code(desk.payments.create(&desk.keyed("gone"), to(1)).await), "payee_unknown");
        assert_eq!(code(desk.payments.remove_payee(&desk.ctx(), bob.id).await), "payee_unknown");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_go_back_to_the_first_payment() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        for number in 0..5 {
            desk.pay(&format!("p{number}"), 100).await;
        }
        let mut query = payments::PaymentQuery {
            from: Some("customers:ann".parse().unwrap()),
            state: None,
            before: None,
            limit: 2,
        };
        let mut seen = Vec::new();
        loop {
            let page = desk.payments.payments(&desk.ctx(), query.clone()).await.unwrap();
            seen.extend(page.items.iter().map(|one| one.id));
            let Some(next) = page.next else { break };
            query.before = Some(next);
        }
        assert_eq!(seen.len(), 5);
        assert!(seen.is_sorted_by(|one, other| one > other));
        query = payments::PaymentQuery { limit: 501, ..query };
        assert_eq!(code(desk.payments.payments(&desk.ctx(), query).await), "page_size");
        assert_eq!(Money::new(9_500, usd()).minor(), desk.balance("customers:ann").await);
    })
    .await;
}
