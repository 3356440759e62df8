//! Opening and closing, cut between any two steps.

use accounts_api::*;
use jiff::civil::date;
use ledger_api::AccountStatus;
use testkit::{Stage, for_each_engine};

use crate::harness::{Desk, euro, open};

async fn two(desk: &Desk) -> (ProductId, AccountId, AccountId) {
    let (product, ann) = (desk.savings("3.65").await, desk.customer("Ann").await);
    let (one, other) = (desk.account(product, ann).await, desk.account(product, ann).await);
    desk.move_money(1, one, 100_000, &[]).await;
    (product, one, other)
}

async fn state(desk: &Desk, id: AccountId) -> AccountState {
    desk.face.account(&desk.ctx(), id).await.unwrap().state
}

/// What runs every few seconds.
async fn round(desk: &Desk) {
    let work = desk.opened.periodic.iter().find(|work| work.name == "accounts_unfinished").unwrap();
    (work.work)().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opening_that_was_cut_is_finished() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let (product, ann) = (desk.savings("3.65").await, desk.customer("Ann").await);
        for lose in [false, true] {
            if lose {
                desk.paper.lose_after(0)
            } else {
                desk.paper.fail_after(0)
            }
            let open = OpenAccount { product, holders: vec![ann], overdraft: None, term: None };
            let account = desk.face.open_account(&desk.ctx(), open).await.unwrap();
            assert_eq!(account.state, AccountState::Opening);
            round(&desk).await;
            assert_eq!(state(&desk, account.id).await, AccountState::Active);
        }
        let opened = desk.events().await.into_iter().filter(|event| event.event.kind == "accounts.account.opened");
        assert_eq!(opened.count(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closing_pays_interest_and_moves_the_rest() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let (product, one, other) = two(&desk).await;
        desk.pass_days(11);
        let close = |rest_to| CloseAccount { id: one, rest_to };
        let refused = desk.face.close_account(&desk.ctx(), close(None)).await.unwrap_err();
        assert_eq!(refused.code(), "account_not_empty");
        // Days that are over are not closed yet: it waits for them.
        let closing = desk.face.close_account(&desk.ctx(), close(Some(other))).await.unwrap();
        assert_eq!(closing.state, AccountState::Closing);
        desk.close_day(date(2026, 2, 10)).await;
        round(&desk).await;
        assert_eq!(state(&desk, one).await, AccountState::Closed);
        // 0.10 at the end of January, and ten days of 0.10001 until yesterday.
        assert_eq!(desk.paper.posted(&format!("customers:{other}")), 100_000 + 10 + 100);
        assert_eq!(desk.paper.status_of(&format!("customers:{one}")), AccountStatus::Closed);
        desk.pass_days(1);
        desk.close_day(date(2026, 2, 11)).await;
        desk.check_accrued(product, &[one, other]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closing_that_was_cut_anywhere_ends_the_same() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let (product, _, other) = two(&desk).await;
        let holder = desk.face.account(&desk.ctx(), other).await.unwrap().holders[0];
        let mut moved = 0;
        for calls in 0..10 {
            let account = desk.account(product, holder).await;
            desk.move_money(100 + calls, account, 100_000, &[]).await;
            desk.pass_days(1);
            let last = date(2026, 1, 31).saturating_add(jiff::Span::new().days(i64::from(calls)));
            desk.close_day(last).await;
            let before = desk.paper.posted(&format!("customers:{other}"));
            if calls % 2 == 0 {
                desk.paper.fail_after(calls / 2)
            } else {
                desk.paper.lose_after(calls / 2)
            }
            let close = || CloseAccount { id: account, rest_to: Some(other) };
            for _ in 0..3 {
                let _ = desk.face.close_account(&desk.ctx(), close()).await;
                round(&desk).await;
            }
            desk.paper.mend();
            assert_eq!(state(&desk, account).await, AccountState::Closed, "cut after {calls}");
            moved += 1;
            let gained = desk.paper.posted(&format!("customers:{other}")) - before;
            assert_eq!(gained, 100_010, "cut after {calls}");
            desk.verify().await;
        }
        assert_eq!(moved, 10);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rest_refused() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let (_, one, _) = two(&desk).await;
        let nobody: AccountId = "acct_01kppyzd5gfmra2qsx5rkvr8wb".parse().unwrap();
        for rest_to in [one, nobody] {
            let close = CloseAccount { id: one, rest_to: Some(rest_to) };
            let refused = desk.face.close_account(&desk.ctx(), close).await.unwrap_err();
            assert_eq!(refused.code(), "rest_refused");
        }
        assert_eq!(state(&desk, one).await, AccountState::Active);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn overdraft_too_large() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let (_, one, _) = two(&desk).await;
        let change = |minor| ChangeAccount { id: one, overdraft: euro(minor) };
        let refused = desk.face.change_account(&desk.ctx(), change(100_001)).await.unwrap_err();
        assert_eq!(refused.code(), "overdraft_too_large");
        assert_eq!(desk.face.change_account(&desk.ctx(), change(100_000)).await.unwrap().overdraft, euro(100_000));
        let below = desk.face.change_account(&desk.ctx(), change(-1)).await.unwrap_err();
        assert_eq!(below.code(), "field_invalid");
    })
    .await;
}
