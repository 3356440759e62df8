//! The life after the decision, on real books.

use cards::{About, Acceptor, Cards, Controls, CurrencyRate, Reason, Status, StepKind, TakeStep, Tolerance};
use kernel::{Currency, Money};
use testkit::for_each_engine;

use crate::cards::stage::{Till, VISA, ask, usd};

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_cleared_refunded_and_disputed() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        till.card(VISA).await;
        let paid = till.pay("a", "40.00").await;
        let more = till.step(&paid, StepKind::Increment, Some("10.00")).await;
        assert_eq!(more.authorization.totals.unwrap().held, Money::new(5_000, usd()));
        let part = till.step(&paid, StepKind::Clearing, Some("20.00")).await;
        assert_eq!(part.authorization.status, Status::PartlyCleared);
        let less = till.step(&paid, StepKind::Reversal, Some("5.00")).await;
        assert_eq!(less.authorization.totals.unwrap().held, Money::new(2_500, usd()));
        let last = till.step(&paid, StepKind::Clearing, None).await;
        assert_eq!((last.authorization.status, last.step.amounts.cardholder.minor()), (Status::Cleared, 2_500));
        assert_eq!(till.balances("customers:ann").await, (Some(5_500), 0, 5_500));
        assert_eq!(till.balances("cards:settlement").await.2, 4_500);

        till.step(&paid, StepKind::Refund, Some("15.00")).await;
        till.step(&paid, StepKind::RefundReversal, Some("5.00")).await;
        till.step(&paid, StepKind::Dispute, Some("20.00")).await;
        assert_eq!(till.balances("customers:ann").await.2, 8_500);
        assert_eq!(till.balances("cards:disputes").await.2, -2_000);
        till.step(&paid, StepKind::DisputeWon, Some("12.00")).await;
        till.step(&paid, StepKind::DisputeLost, None).await;
        assert_eq!(till.balances("customers:ann").await.2, 7_700);
        assert_eq!(till.balances("cards:disputes").await.2, 0);
        assert_eq!(till.balances("cards:settlement").await.2, 2_300);
        let found = till.cards.authorization(&till.ctx(), cards::FindAuthorization::Id(paid.id)).await.unwrap();
        assert_eq!(found.steps.len(), 9);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clearing_above_the_hold_is_booked_below_the_floor() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        let tolerance = Tolerance { category: "5812".to_owned(), percent: "20".parse().unwrap() };
        till.card_with(VISA, |terms| terms.tolerances.push(tolerance), Controls::default()).await;
        let mut dinner = ask("dinner", VISA, "100.00");
        dinner.at.category = Some("5812".to_owned());
        let paid = till.cards.authorize(&till.ctx(), dinner).await.unwrap();
        let tip = till.step(&paid, StepKind::Clearing, Some("115.00")).await;
        assert!(!tip.step.above_tolerance);
        assert_eq!(till.balances("customers:ann").await.2, -1_500);
        let again = till.step(&paid, StepKind::Clearing, Some("10.00")).await;
        assert!(again.step.above_tolerance);
        assert_eq!(till.balances("cards:settlement").await.2, 12_500);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_markup_is_earned_when_it_is_cleared() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        let rate = CurrencyRate { currency: Currency::iso("EUR").unwrap(), rate: "1.10".parse().unwrap() };
        let terms = |terms: &mut cards::Terms| {
            (terms.rates, terms.markup) = (vec![rate], Some("2".parse().unwrap()));
        };
        till.card_with(VISA, terms, Controls::default()).await;
        let euro = Some(Currency::iso("EUR").unwrap());
        let paid = cards::Authorize { currency: euro, ..ask("euro", VISA, "10.00") };
        let paid = till.cards.authorize(&till.ctx(), paid).await.unwrap();
        assert_eq!(till.held().await, 1_122);
        let clear = crate::cards::stage::take("clear", &paid, StepKind::Clearing, Some("10.00"));
        till.cards.take_step(&till.ctx(), TakeStep { currency: euro, ..clear }).await.unwrap();
        assert_eq!(till.balances("customers:ann").await.2, 8_878);
        assert_eq!(till.balances("cards:settlement").await.2, 1_100);
        assert_eq!(till.balances("income:card-fees").await.2, 22);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_authorization_becomes_one() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        let card = till.card(VISA).await;
        let without = |request: &str, kind, amount: &str| TakeStep {
            request_id: request.parse().unwrap(),
            kind,
            about: About::Card(card.token),
            amount: Some(amount.to_owned()),
            currency: None,
            is_final: true,
            is_fraud: false,
            at: Acceptor::default(),
        };
        let advised = till.cards.take_step(&till.ctx(), without("a", StepKind::Advice, "150.00")).await.unwrap();
        assert_eq!((advised.step.reason, advised.authorization.status), (Reason::Advised, Status::Approved));
        assert_eq!(till.balances("customers:ann").await, (Some(-5_000), 15_000, 10_000));
        till.step(&advised.authorization, StepKind::Reversal, None).await;
        let forced = till.cards.take_step(&till.ctx(), without("b", StepKind::Clearing, "30.00")).await.unwrap();
        assert_eq!(forced.authorization.status, Status::Cleared);
        let back = till.cards.take_step(&till.ctx(), without("c", StepKind::Refund, "5.00")).await.unwrap();
        assert_eq!(back.authorization.totals.unwrap().refunded, Money::new(500, usd()));
        assert_eq!(till.balances("customers:ann").await, (Some(7_500), 0, 7_500));
        let same = till.cards.take_step(&till.ctx(), without("c", StepKind::Refund, "5.00")).await.unwrap();
        assert!(same.replayed && same.authorization.id == back.authorization.id);
        assert_eq!(till.balances("customers:ann").await.2, 7_500);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_expired_is_cleared_late() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        till.card(VISA).await;
        let (heard, silent) = (till.pay("heard", "10.00").await, till.pay("silent", "20.00").await);
        // At the instant of the expiry it is too late for the hold.
        till.clock.set(silent.expires_at.unwrap());
        let late = till.step(&silent, StepKind::Clearing, Some("20.00")).await;
        assert_eq!(late.authorization.status, Status::Cleared);
        let consumer = till.cards.hears().await.unwrap();
        let running = tokio::spawn(async move { consumer.run().await });
        let find = async || till.cards.authorization(&till.ctx(), cards::FindAuthorization::Id(heard.id)).await;
        for _ in 0..500 {
            till.cards.sweep().await.unwrap();
            if find().await.unwrap().authorization.status == Status::Expired {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        running.abort();
        let expired = find().await.unwrap();
        assert_eq!((expired.authorization.status, expired.steps.len()), (Status::Expired, 1));
        assert_eq!(till.balances("customers:ann").await, (Some(8_000), 0, 8_000));
        till.step(&heard, StepKind::Clearing, Some("10.00")).await;
        assert_eq!(till.balances("customers:ann").await, (Some(7_000), 0, 7_000));
        let refused = till.try_step(&heard, StepKind::Reversal, None).await.unwrap_err();
        assert_eq!(refused.code(), "nothing_held");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reversal_gives_back_the_limit() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        let limit = cards::Limit { per: cards::Per::Day, amount: Some(Money::new(1_000, usd())), count: None };
        till.card_with(VISA, |_| {}, Controls { limits: vec![limit], ..Controls::default() }).await;
        let paid = till.pay("a", "10.00").await;
        let declined = till.step(&paid, StepKind::Increment, Some("0.01")).await;
        assert_eq!(declined.step.reason, Reason::AmountOverDayLimit);
        assert_eq!(till.pay("b", "0.01").await.reason, Some(Reason::AmountOverDayLimit));
        let back = till.step(&paid, StepKind::Reversal, None).await;
        assert_eq!(back.authorization.status, Status::Reversed);
        assert_eq!(till.pay("c", "10.00").await.status, Status::Approved);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_netted_once_to_the_sum_of_its_lines() {
    for_each_engine(async |store| {
        let till = Till::open(store).await;
        let card = till.card(VISA).await;
        let (one, other) = (till.pay("one", "30.00").await, till.pay("other", "20.00").await);
        till.step(&one, StepKind::Clearing, None).await;
        till.step(&other, StepKind::Clearing, None).await;
        till.step(&one, StepKind::Refund, Some("5.00")).await;
        let settle = |day: &str| cards::Settle { programme: card.programme, day: day.to_owned() };
        let early = till.cards.settle(&till.ctx(), settle("2026-01-31")).await.unwrap_err();
        assert_eq!(early.code(), "day_not_over");
        // Noon in Berlin is before the cut-off, the evening after it.
        till.clock.advance_millis(8 * 3_600_000);
        till.step(&other, StepKind::Refund, Some("1.00")).await;
        let settled = till.cards.settle(&till.ctx(), settle("2026-01-31")).await.unwrap();
        assert_eq!((settled.lines, settled.net, settled.replayed), (3, Money::new(4_500, usd()), false));
        assert!(till.cards.settle(&till.ctx(), settle("2026-01-31")).await.unwrap().replayed);
        assert_eq!(till.balances("cards:settlement").await.2, -100);
        assert_eq!(till.balances("assets:bank").await.2, 4_500);
        let change = async |change| {
            let command = ledger_api::ChangeAccount { path: "assets:bank".parse().unwrap(), change };
            till.ledger.change_account(&till.ctx(), command).await.unwrap();
        };
        till.clock.advance_millis(24 * 3_600_000);
        change(ledger_api::AccountChange::Freeze).await;
        let refused = till.cards.settle(&till.ctx(), settle("2026-02-01")).await.unwrap_err();
        assert_eq!(refused.code(), "settlement_refused");
        change(ledger_api::AccountChange::Unfreeze).await;
        let settled = till.cards.settle(&till.ctx(), settle("2026-02-01")).await.unwrap();
        assert_eq!(settled.net, Money::new(-100, usd()));
        assert_eq!(till.balances("cards:settlement").await.2, 0);
        assert_eq!(till.cards.settle(&till.ctx(), settle("soon")).await.unwrap_err().code(), "terms_invalid");
    })
    .await;
}
