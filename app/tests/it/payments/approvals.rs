//! Policies: approvals by others, limits that no number of parallel payments overruns, fees.

use kernel::Money;
use payments::{
    ApproverLimit, ConfirmPolicy, DecidePayment, Fee, Orders, Payment, PaymentState, Policies, Policy, PolicyState,
    PolicyTerms, ProposePolicy, Verdict,
};
use testkit::{FakeClock, for_each_engine};

use super::desk::{Desk, code, order, usd};

fn terms(from: i64) -> PolicyTerms {
    PolicyTerms {
        name: "A policy".to_owned(),
        from_amount: Money::new(from, usd()),
        account: None,
        approvals: 0,
        approver_limits: Vec::new(),
        payment_max: None,
        day_max: None,
        day_count_max: None,
        month_max: None,
        fee: None,
    }
}

async fn in_force(desk: &Desk, terms: PolicyTerms) -> Policy {
    let proposed = desk.payments.propose_policy(&desk.clerk("maria"), ProposePolicy::New(Box::new(terms))).await;
    let confirm = ConfirmPolicy { policy: proposed.unwrap().id, confirm: true };
    desk.payments.confirm_policy(&desk.clerk("peter"), confirm).await.unwrap()
}

fn approve(payment: &Payment) -> DecidePayment {
    DecidePayment { payment: payment.id, verdict: Verdict::Approve, reason: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_needs_the_approval_of_others() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let limit = ApproverLimit { subject: "junior".to_owned(), max: Money::new(1_500, usd()) };
        in_force(&desk, PolicyTerms { approvals: 2, approver_limits: vec![limit], ..terms(1_000) }).await;
        assert_eq!(desk.pay("small", 999).await.state, PaymentState::Settled);
        let maker = kernel::Ctx { idempotency_key: desk.keyed("maker").idempotency_key, ..desk.clerk("maria") };
        let waits = desk.payments.create(&maker, order(2_000)).await.unwrap();
        assert_eq!((waits.state, waits.approvals_needed), (PaymentState::AwaitingApproval, 2));
        assert_eq!(code(desk.payments.decide(&maker, approve(&waits)).await), "own_work");
        assert_eq!(code(desk.payments.decide(&desk.clerk("junior"), approve(&waits)).await), "above_own_limit");
        let one = desk.payments.decide(&desk.clerk("peter"), approve(&waits)).await.unwrap();
        assert_eq!((one.state, one.approvals.len()), (PaymentState::AwaitingApproval, 1));
        assert_eq!(code(desk.payments.decide(&desk.clerk("peter"), approve(&waits)).await), "already_approved");
        assert_eq!(desk.balance("customers:bob").await, 10_999);
        let both = desk.payments.decide(&desk.clerk("olga"), approve(&waits)).await.unwrap();
        assert_eq!((both.state, both.approvals.len()), (PaymentState::Settled, 2));
        assert_eq!(desk.balance("customers:bob").await, 12_999);
        assert_eq!(code(desk.payments.decide(&desk.clerk("hugo"), approve(&waits)).await), "payment_state");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_needs_a_recent_authentication() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        in_force(&desk, PolicyTerms { approvals: 1, ..terms(0) }).await;
        let waits = desk.pay("a", 100).await;
        let old = desk.clerk("peter");
        desk.clock.advance_millis(301_000);
        let old = kernel::Ctx { deadline: desk.ctx().deadline, ..old };
        assert_eq!(code(desk.payments.decide(&old, approve(&waits)).await), "step_up_required");
        let reject =
            DecidePayment { verdict: Verdict::Reject, reason: Some("who is Bob".to_owned()), ..approve(&waits) };
        let rejected = desk.payments.decide(&desk.clerk("peter"), reject).await.unwrap();
        assert_eq!((rejected.state, rejected.reason.as_deref()), (PaymentState::Rejected, Some("who is Bob")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn approvals_that_do_not_come_cancel_the_payment() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        in_force(&desk, PolicyTerms { approvals: 1, day_count_max: Some(1), ..terms(0) }).await;
        let waits = desk.pay("a", 100).await;
        let over = desk.pay("b", 100).await;
        assert_eq!(over.reason.as_deref(), Some("over_day_count"), "a waiting payment counts");
        desk.clock.advance_millis(72 * 3_600_000 + 1);
        assert_eq!(code(desk.payments.decide(&desk.clerk("peter"), approve(&waits)).await), "payment_state");
        desk.payments.sweep().await.unwrap();
        let ended = desk.payments.payment(&desk.ctx(), waits.id).await.unwrap().payment;
        assert_eq!((ended.state, ended.reason.as_deref()), (PaymentState::Cancelled, Some("approval_expired")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_payments_do_not_overrun_a_limit() {
    for_each_engine(async |store| {
        let clock = FakeClock::at("2026-01-15T12:00:00Z".parse().unwrap());
        let desk = Desk::open_with(store, clock, 7).await;
        let (day_max, month_max) = (Some(Money::new(1_000, usd())), Some(Money::new(1_500, usd())));
        in_force(&desk, PolicyTerms { day_max, month_max, ..terms(0) }).await;
        let keys: Vec<String> = (0..40).map(|number| format!("p{number}")).collect();
        let all = futures_util::future::join_all(keys.iter().map(|key| desk.pay(key, 100))).await;
        let settled = all.iter().filter(|one| one.state == PaymentState::Settled).count();
        assert_eq!(settled, 10);
        assert!(all.iter().all(|one| one.reason.as_deref().is_none_or(|reason| reason == "over_day_limit")));
        assert_eq!(desk.balance("customers:bob").await, 11_000);
        desk.clock.advance_millis(86_400_000);
        assert_eq!(desk.pay("next-day", 501).await.reason.as_deref(), Some("over_month_limit"));
        assert_eq!(desk.pay("next-day-2", 500).await.state, PaymentState::Settled);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_ledger_refuses_gives_its_reservation_back() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        in_force(&desk, PolicyTerms { day_max: Some(Money::new(20_000, usd())), ..terms(0) }).await;
        assert_eq!(desk.pay("a", 15_000).await.reason.as_deref(), Some("insufficient_funds"));
        assert_eq!(desk.pay("b", 10_000).await.state, PaymentState::Settled);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fee_is_booked_with_the_payment_or_not_at_all() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let fee = Some(Fee { amount: Money::new(50, usd()), to: "income:fees".parse().unwrap() });
        in_force(&desk, PolicyTerms { fee, ..terms(1_000) }).await;
        let paid = desk.pay("a", 1_000).await;
        assert_eq!(paid.fee, Some(Money::new(50, usd())));
        assert_eq!((desk.balance("customers:ann").await, desk.balance("income:fees").await), (8_950, 50));
        assert_eq!(desk.pay("b", 8_950).await.reason.as_deref(), Some("insufficient_funds"));
        assert_eq!((desk.balance("customers:ann").await, desk.balance("income:fees").await), (8_950, 50));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_needs_a_second_person_to_begin_and_to_end() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let (maria, peter) = (desk.clerk("maria"), desk.clerk("peter"));
        let new = ProposePolicy::New(Box::new(PolicyTerms { approvals: 1, ..terms(0) }));
        let policy = desk.payments.propose_policy(&maria, new).await.unwrap();
        let confirm = |confirm| ConfirmPolicy { policy: policy.id, confirm };
        assert_eq!(code(desk.payments.confirm_policy(&maria, confirm(true)).await), "own_work");
        assert_eq!(desk.pay("a", 100).await.state, PaymentState::Settled, "it is not in force");
        desk.payments.confirm_policy(&peter, confirm(true)).await.unwrap();
        assert_eq!(desk.pay("b", 100).await.state, PaymentState::AwaitingApproval);
        assert_eq!(code(desk.payments.confirm_policy(&peter, confirm(true)).await), "policy_state");
        let ending = desk.payments.propose_policy(&peter, ProposePolicy::End(policy.id)).await.unwrap();
        assert_eq!(ending.state, PolicyState::Ending);
        assert_eq!(desk.pay("c", 100).await.state, PaymentState::AwaitingApproval, "it still applies");
        assert_eq!(code(desk.payments.confirm_policy(&peter, confirm(true)).await), "own_work");
        let ended = desk.payments.confirm_policy(&maria, confirm(true)).await.unwrap();
        assert_eq!(ended.state, PolicyState::Ended);
        assert_eq!(desk.pay("d", 100).await.state, PaymentState::Settled);
    })
    .await;
}
