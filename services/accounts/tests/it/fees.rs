//! Fees: once for an occasion, in part where money is short, waived and refunded by a person.

use accounts_api::*;
use jiff::civil::date;
use testkit::{Stage, for_each_engine};

use crate::harness::{Desk, euro, open, savings};

async fn account(desk: &Desk) -> AccountId {
    let fee = |code: &str, when, waived_from| Fee { code: code.to_owned(), when, amount: euro(300), waived_from };
    let mut product = savings("0");
    let monthly = fee("account_fee", FeeWhen::Monthly, Some(euro(100_000)));
    let all = vec![monthly, fee("letter", FeeWhen::Occasion, None), fee("overdrawn", FeeWhen::OverdraftDay, None)];
    product.rates.as_mut().unwrap().fees = Some(all);
    desk.account(desk.product(product).await, desk.customer("Ann").await).await
}

async fn charges(desk: &Desk, id: AccountId) -> Vec<(String, i64, ChargeState)> {
    let list = desk.face.charges(&desk.ctx(), id).await.unwrap().items;
    list.into_iter().map(|one| (one.occasion, one.taken.minor(), one.state)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_monthly_fee_is_taken_in_parts_and_waived_by_balance() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let id = account(&desk).await;
        desk.move_money(1, id, 200, &[]).await;
        desk.pass_days(1);
        let run = desk.close_day(date(2026, 1, 31)).await;
        assert_eq!(run.totals[0].fees, euro(200));
        assert_eq!(charges(&desk, id).await, [("2026-01".to_owned(), 200, ChargeState::Open)]);
        desk.close_day(date(2026, 1, 31)).await;
        desk.move_money(2, id, 100_100, &[]).await;
        desk.pass_days(1);
        desk.close_day(date(2026, 2, 1)).await;
        assert_eq!(charges(&desk, id).await, [("2026-01".to_owned(), 300, ChargeState::Charged)]);
        assert_eq!(desk.paper.posted(&format!("customers:{id}")), 100_000);
        desk.pass_days(28);
        desk.close_day(date(2026, 2, 28)).await;
        let waived = ("2026-02".to_owned(), 0, ChargeState::Waived);
        assert_eq!(charges(&desk, id).await[0], waived);
        assert_eq!(desk.paper.posted(&format!("customers:{id}")), 100_000);
        desk.verify().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_occasion_is_charged_once_and_refunded_once() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let id = account(&desk).await;
        desk.move_money(1, id, 1_000, &[]).await;
        let charge = || ChargeFee { account: id, fee: "letter".to_owned(), occasion: "reminder".to_owned() };
        for _ in 0..2 {
            let charged = desk.face.charge_fee(&desk.ctx(), charge()).await.unwrap();
            assert_eq!((charged.taken, charged.state), (euro(300), ChargeState::Charged));
        }
        assert_eq!(desk.paper.posted(&format!("customers:{id}")), 700);
        let (fee, occasion) = ("letter".to_owned(), "reminder".to_owned());
        let change = |change| ChangeCharge { account: id, fee: fee.clone(), occasion: occasion.clone(), change };
        let refused = desk.face.change_charge(&desk.ctx(), change(ChargeChange::Waive)).await.unwrap_err();
        assert_eq!(refused.code(), "charge_state");
        for _ in 0..2 {
            let refunded = desk.face.change_charge(&desk.ctx(), change(ChargeChange::Refund)).await.unwrap();
            assert_eq!(refunded.state, ChargeState::Refunded);
            assert_eq!(refunded.changed_by.as_deref(), Some(&*desk.ctx().principal.subject));
        }
        assert_eq!(desk.paper.posted(&format!("customers:{id}")), 1_000);
        let other = ChargeFee { fee: "account_fee".to_owned(), ..charge() };
        assert_eq!(desk.face.charge_fee(&desk.ctx(), other).await.unwrap_err().code(), "fee_unknown");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fee_that_was_waived_is_not_taken_later() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let id = account(&desk).await;
        let charge = ChargeFee { account: id, fee: "letter".to_owned(), occasion: "reminder".to_owned() };
        assert_eq!(desk.face.charge_fee(&desk.ctx(), charge).await.unwrap().state, ChargeState::Open);
        let (fee, occasion, change) = ("letter".to_owned(), "reminder".to_owned(), ChargeChange::Waive);
        let waive = ChangeCharge { account: id, fee, occasion, change };
        assert_eq!(desk.face.change_charge(&desk.ctx(), waive).await.unwrap().state, ChargeState::Waived);
        desk.move_money(1, id, 200_000, &[]).await;
        desk.pass_days(1);
        desk.close_day(date(2026, 1, 31)).await;
        assert_eq!(desk.paper.posted(&format!("customers:{id}")), 200_000);
    })
    .await;
}

/// The ledger fails, or its answer is lost, and then a person waives or the day ends.
#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_was_cut_takes_a_fee_once() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let id = account(&desk).await;
        desk.move_money(1, id, 200_000, &[]).await;
        let mut left = 200_000;
        for (number, lose, waive) in [(1, false, false), (2, true, false), (3, false, true), (4, true, true)] {
            let (fee, occasion) = ("letter".to_owned(), format!("reminder {number}"));
            let charge = ChargeFee { account: id, fee: fee.clone(), occasion: occasion.clone() };
            if lose {
                desk.paper.lose_after(0)
            } else {
                desk.paper.fail_after(0)
            }
            desk.face.charge_fee(&desk.ctx(), charge.clone()).await.unwrap_err();
            desk.paper.mend();
            left -= 300;
            if waive {
                let change = ChangeCharge { account: id, fee, occasion, change: ChargeChange::Waive };
                assert_eq!(desk.face.change_charge(&desk.ctx(), change).await.unwrap_err().code(), "charge_state");
            } else {
                desk.pass_days(1);
                desk.close_day(date(2026, 1, 30).saturating_add(jiff::Span::new().days(number))).await;
            }
            assert_eq!(desk.face.charge_fee(&desk.ctx(), charge).await.unwrap().state, ChargeState::Charged);
            assert_eq!(desk.paper.posted(&format!("customers:{id}")), left);
            desk.verify().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_overdrawn_day_is_charged_once() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let id = account(&desk).await;
        let change = ChangeAccount { id, overdraft: euro(10_000) };
        desk.face.change_account(&desk.ctx(), change).await.unwrap();
        desk.move_money(1, id, -1_000, &[]).await;
        desk.pass_days(2);
        for _ in 0..2 {
            desk.close_day(date(2026, 2, 1)).await;
        }
        let days: Vec<String> = charges(&desk, id).await.into_iter().map(|(occasion, ..)| occasion).collect();
        assert_eq!(days, ["2026-02-01", "2026-01", "2026-01-31"]);
        assert_eq!(desk.paper.posted(&format!("customers:{id}")), -1_900);
        desk.verify().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fees_change_by_date() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let id = account(&desk).await;
        let fee = |when| Fee { code: "letter".to_owned(), when, amount: euro(500), waived_from: None };
        let product = desk.face.account(&desk.ctx(), id).await.unwrap().product;
        let rates = |when| {
            let fees = Some(vec![fee(when)]);
            Rates { from: date(2026, 2, 1), credit: Vec::new(), overdraft: None, fees }
        };
        let set = |when| SetRates { id: product, rates: rates(when), correction: false };
        let other = desk.face.set_rates(&desk.ctx(), set(FeeWhen::Monthly)).await.unwrap_err();
        assert_eq!(other.code(), "field_invalid");
        desk.face.set_rates(&desk.ctx(), set(FeeWhen::Occasion)).await.unwrap();
        let quoted = async || desk.face.facts(&desk.ctx(), FindAccount::Id(id)).await.unwrap().fees[0].amount;
        assert_eq!(quoted().await, euro(300));
        desk.pass_days(1);
        assert_eq!(quoted().await, euro(500));
    })
    .await;
}
