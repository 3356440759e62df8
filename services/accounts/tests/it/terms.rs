//! Term deposits: a rate that stays, nothing leaves before maturity, and what happens then.

use accounts_api::*;
use jiff::civil::date;
use testkit::{Stage, for_each_engine};

use crate::harness::{Desk, euro, open, savings};

struct Deposit {
    product: ProductId,
    account: AccountId,
    linked: AccountId,
}

/// 1,000.00 for a month at 3.65 percent, from 31 January to 28 February.
async fn deposit(desk: &Desk, at_maturity: AtMaturity) -> Deposit {
    let mut term = savings("3.65");
    term.kind = ProductKind::Term;
    term.terms.overdraft = None;
    term.terms.deposit = Some(accounts_api::Deposit { months: 1, early_rate: "0.365".parse().unwrap() });
    term.terms.interest.as_mut().unwrap().posting = Posting::AtMaturity;
    let (product, ann) = (desk.product(term).await, desk.customer("Ann").await);
    let linked = desk.account(desk.savings("0").await, ann).await;
    let term = Some(OpenTerm { at_maturity, linked });
    let open = OpenAccount { product, holders: vec![ann], overdraft: None, term };
    let account = desk.face.open_account(&desk.ctx(), open).await.unwrap().id;
    desk.move_money(1, account, 100_000, &[]).await;
    Deposit { product, account, linked }
}

/// From 10 February on.
async fn raise_rates(desk: &Desk, product: ProductId) {
    let tier = Tier { from: euro(0), rate: "7.3".parse().unwrap() };
    let rates = Rates { from: date(2026, 2, 10), credit: vec![tier], overdraft: None, fees: None };
    desk.face.set_rates(&desk.ctx(), SetRates { id: product, rates, correction: false }).await.unwrap();
}

async fn round(desk: &Desk) {
    let work = desk.opened.periodic.iter().find(|work| work.name == "accounts_unfinished").unwrap();
    (work.work)().await.unwrap();
}

async fn is_blocked(desk: &Desk, account: AccountId) -> bool {
    desk.face.facts(&desk.ctx(), FindAccount::Id(account)).await.unwrap().debit_blocked
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_keeps_its_rate_and_is_paid_out() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let Deposit { product, account, linked } = deposit(&desk, AtMaturity::PayOut).await;
        raise_rates(&desk, product).await;
        desk.pass_days(27);
        desk.close_day(date(2026, 2, 26)).await;
        assert!(is_blocked(&desk, account).await);
        assert_eq!(desk.paper.posted(&format!("customers:{account}")), 100_000);
        desk.pass_days(1);
        desk.close_day(date(2026, 2, 27)).await;
        assert_eq!(desk.paper.posted(&format!("customers:{account}")), 100_280);
        round(&desk).await;
        assert_eq!(desk.face.account(&desk.ctx(), account).await.unwrap().state, AccountState::Closed);
        assert_eq!(desk.paper.posted(&format!("customers:{linked}")), 100_280);
        desk.verify().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_that_rolls_over_gets_the_rates_of_that_day() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let Deposit { product, account, .. } = deposit(&desk, AtMaturity::RollOver).await;
        raise_rates(&desk, product).await;
        // Interest of the first term is there on the first day of the second.
        for (days, last) in [(28, date(2026, 2, 27)), (1, date(2026, 2, 28))] {
            desk.pass_days(days);
            desk.close_day(last).await;
        }
        let term = desk.face.account(&desk.ctx(), account).await.unwrap().term.unwrap();
        assert_eq!((term.begins, term.matures), (date(2026, 2, 28), date(2026, 3, 28)));
        assert!(is_blocked(&desk, account).await);
        let query = InterestQuery { account, before: None, limit: 2 };
        let days = desk.face.interest(&desk.ctx(), query).await.unwrap().items;
        assert_eq!(days.iter().map(|day| day.millionths).collect::<Vec<_>>(), [20_056_000, 10_000_000]);
        desk.verify().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_that_ends_early_earns_the_lower_rate() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let Deposit { account, linked, .. } = deposit(&desk, AtMaturity::RollOver).await;
        desk.pass_days(10);
        desk.close_day(date(2026, 2, 9)).await;
        let close = CloseAccount { id: account, rest_to: None };
        let closed = desk.face.close_account(&desk.ctx(), close).await.unwrap();
        assert_eq!(closed.state, AccountState::Closed);
        assert_eq!(desk.paper.posted(&format!("customers:{linked}")), 100_010);
        desk.verify().await;
        desk.pass_days(1);
        desk.close_day(date(2026, 2, 10)).await;
        desk.verify().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_whose_linked_account_is_closed_stays() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let Deposit { account, linked, .. } = deposit(&desk, AtMaturity::PayOut).await;
        let close = CloseAccount { id: linked, rest_to: None };
        assert_eq!(desk.face.close_account(&desk.ctx(), close).await.unwrap().state, AccountState::Closed);
        desk.pass_days(28);
        desk.close_day(date(2026, 2, 27)).await;
        let shown = desk.face.account(&desk.ctx(), account).await.unwrap();
        assert_eq!((shown.state, shown.term), (AccountState::Active, None));
        assert!(!is_blocked(&desk, account).await);
        desk.verify().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_of_deposits_and_of_others_are_not_mixed() {
    testkit::on_sqlite(async |store| {
        let desk = open(&Stage::new(store)).await;
        let mut term = savings("1");
        term.kind = ProductKind::Term;
        assert_eq!(desk.face.create_product(&desk.ctx(), term.clone()).await.unwrap_err().code(), "field_invalid");
        let Deposit { product, linked, .. } = deposit(&desk, AtMaturity::PayOut).await;
        let other = desk.savings("1").await;
        let holder = desk.face.account(&desk.ctx(), linked).await.unwrap().holders[0];
        let term = Some(OpenTerm { at_maturity: AtMaturity::PayOut, linked });
        for (product, term) in [(product, None), (other, term)] {
            let open = OpenAccount { product, holders: vec![holder], overdraft: None, term };
            assert_eq!(desk.face.open_account(&desk.ctx(), open).await.unwrap_err().code(), "field_invalid");
        }
    })
    .await;
}
