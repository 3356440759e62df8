//! Bounds: how many of each an owner can have.

use kernel::Money;
use payments::{
    AddPayee, AddStanding, Arrangements, BusinessDays, Missed, Policies, PolicyTerms, ProposePolicy, Rhythm, limits,
};
use testkit::on_sqlite;

use super::desk::{Desk, code, side, usd};

#[tokio::test(flavor = "multi_thread")]
async fn payees_and_orders_have_a_limit() {
    on_sqlite(async |store| {
        let desk = Desk::open(store).await;
        let payee = || AddPayee { name: "Bob".to_owned(), path: "customers:bob".parse().unwrap() };
        for _ in 0..limits::PAYEES_MAX {
            desk.payments.add_payee(&desk.ctx(), payee()).await.unwrap();
        }
        assert_eq!(code(desk.payments.add_payee(&desk.ctx(), payee()).await), "too_many");
        let standing = || AddStanding {
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
        for _ in 0..limits::STANDING_MAX {
            desk.payments.add_standing(&desk.ctx(), standing()).await.unwrap();
        }
        assert_eq!(code(desk.payments.add_standing(&desk.ctx(), standing()).await), "too_many");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_have_a_limit() {
    on_sqlite(async |store| {
        let desk = Desk::open(store).await;
        let terms = || PolicyTerms {
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
        let propose = || ProposePolicy::New(Box::new(terms()));
        for _ in 0..limits::POLICIES_MAX {
            desk.payments.propose_policy(&desk.ctx(), propose()).await.unwrap();
        }
        assert_eq!(code(desk.payments.propose_policy(&desk.ctx(), propose()).await), "too_many");
    })
    .await;
}
