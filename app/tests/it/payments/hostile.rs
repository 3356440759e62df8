//! Bad input: each a named refusal, and nothing of it happens.

use kernel::{Currency, Money};
use payments::{
    AddPayee, AddStanding, Arrangements, BusinessDays, CreatePayment, Fee, Missed, Orders, Policies, PolicyTerms,
    ProposePolicy, Rhythm, Side,
};
use testkit::for_each_engine;

use super::desk::{Desk, code, order, side, usd};

#[tokio::test(flavor = "multi_thread")]
async fn malformed_payments_are_refused_by_name() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let euro = Money::new(1, Currency::iso("EUR").unwrap());
        let day = |text: &str| Some(text.parse().unwrap());
        let text = |text: &str| Some(text.to_owned());
        let payee = Side { payee: Some("payee_01kppyzd5gfmra2qsx5rkvr8wb".parse().unwrap()), ..Side::default() };
        let cases: [(CreatePayment, &str); 13] = [
            (order(0), "amount_invalid"),
            (order(-1), "amount_invalid"),
            (CreatePayment { to: side("customers:ann"), ..order(1) }, "same_account"),
            (CreatePayment { from: side("customers:nobody"), ..order(1) }, "account_unknown"),
            (CreatePayment { from: Side::default(), ..order(1) }, "field_invalid"),
            (CreatePayment { to: Side::default(), ..order(1) }, "field_invalid"),
            (CreatePayment { to: payee, ..order(1) }, "payee_unknown"),
            (CreatePayment { amount: euro, ..order(1) }, "currency_mismatch"),
            (CreatePayment { on: day("1970-01-01"), ..order(1) }, "day_out_of_range"),
            (CreatePayment { on: day("2100-01-01"), ..order(1) }, "day_out_of_range"),
            (CreatePayment { text: text(""), ..order(1) }, "field_invalid"),
            (CreatePayment { text: text(&"x".repeat(141)), ..order(1) }, "field_invalid"),
            (CreatePayment { text: text("a\u{0}b"), ..order(1) }, "field_invalid"),
        ];
        for (command, expected) in cases {
            assert_eq!(code(desk.payments.create(&desk.ctx(), command.clone()).await), expected, "{command:?}");
        }
        let query = payments::PaymentQuery { from: None, state: None, before: None, limit: 10 };
        assert_eq!(desk.payments.payments(&desk.ctx(), query).await.unwrap().items, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_arrangements_are_refused_by_name() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let add = |name: &str, path: &str| AddPayee { name: name.to_owned(), path: path.parse().unwrap() };
        for (payee, expected) in [
            (add(" ", "customers:bob"), "field_invalid"),
            (add(&"x".repeat(71), "customers:bob"), "field_invalid"),
            (add("B\u{7}ob", "customers:bob"), "field_invalid"),
            (add("Bob", "customers:nobody"), "account_unknown"),
        ] {
            assert_eq!(code(desk.payments.add_payee(&desk.ctx(), payee).await), expected);
        }
        let base = AddStanding {
            from: side("customers:ann"),
            to: side("customers:bob"),
            amount: Money::new(1, usd()),
            text: None,
            every: Rhythm::Monthly,
            first: "2027-01-31".parse().unwrap(),
            last: None,
            count: None,
            business_days: BusinessDays::Any,
            missed: Missed::CatchUp,
            retries: 0,
        };
        let past = "2020-01-01".parse().unwrap();
        for (standing, expected) in [
            (AddStanding { first: past, ..base.clone() }, "day_out_of_range"),
            (AddStanding { last: Some(past), ..base.clone() }, "field_invalid"),
            (AddStanding { count: Some(0), ..base.clone() }, "field_invalid"),
            (AddStanding { retries: 6, ..base.clone() }, "field_invalid"),
            (AddStanding { amount: Money::new(0, usd()), ..base.clone() }, "amount_invalid"),
            (AddStanding { to: side("customers:ann"), ..base }, "same_account"),
        ] {
            assert_eq!(code(desk.payments.add_standing(&desk.ctx(), standing).await), expected);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_policies_are_refused_by_name() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let euro = Money::new(1, Currency::iso("EUR").unwrap());
        let base = PolicyTerms {
            name: "A policy".to_owned(),
            from_amount: Money::new(0, usd()),
            account: None,
            approvals: 0,
            approver_limits: Vec::new(),
            payment_max: None,
            day_max: None,
            day_count_max: None,
            month_max: None,
            fee: None,
        };
        let fee = Some(Fee { amount: euro, to: "income:fees".parse().unwrap() });
        for terms in [
            PolicyTerms { name: String::new(), ..base.clone() },
            PolicyTerms { from_amount: Money::new(-1, usd()), ..base.clone() },
            PolicyTerms { approvals: 4, ..base.clone() },
            PolicyTerms { day_max: Some(euro), ..base.clone() },
            PolicyTerms { payment_max: Some(Money::new(0, usd())), ..base.clone() },
            PolicyTerms { fee, ..base },
        ] {
            let answer = desk.payments.propose_policy(&desk.ctx(), ProposePolicy::New(Box::new(terms))).await;
            assert_eq!(code(answer), "field_invalid");
        }
    })
    .await;
}
