//! The end of a day: what accrues and is posted, however often and by however many it is run.

use accounts_api::*;
use jiff::civil::date;
use kernel::Timestamp;
use testkit::{Stage, for_each_engine};

use crate::harness::{Desk, euro, open, open_on, open_with, savings};

/// Three accounts with money, in small pages.
async fn three(desk: &Desk) -> (ProductId, Vec<AccountId>) {
    let (product, ann) = (desk.savings("3.65").await, desk.customer("Ann").await);
    let mut accounts = Vec::new();
    for number in 1..=3 {
        let account = desk.account(product, ann).await;
        desk.move_money(number, account, 100_000 * i64::from(number), &[]).await;
        accounts.push(account);
    }
    (product, accounts)
}

const SMALL: &[(&str, &str)] = &[("run_page", "2")];

#[tokio::test(flavor = "multi_thread")]
async fn interest_is_posted_once_at_the_end_of_the_month() {
    for_each_engine(async |store| {
        let desk = open_with(&Stage::new(store), SMALL).await;
        let (product, accounts) = three(&desk).await;
        desk.pass_days(29);
        // From 31 January to 28 February: days that were missed follow in order.
        let run = desk.close_day(date(2026, 2, 28)).await;
        assert_eq!((run.phase, run.accounts, run.left_out.len()), (DayPhase::Done, 3, 0));
        for (account, minor) in accounts.iter().zip([100_000 + 10 + 280, 200_000 + 20 + 560, 300_000 + 30 + 840]) {
            assert_eq!(desk.paper.posted(&format!("customers:{account}")), minor);
        }
        desk.check_accrued(product, &accounts).await;
        let before = desk.paper.count();
        for _ in 0..2 {
            assert_eq!(desk.close_day(date(2026, 2, 28)).await, run);
        }
        assert_eq!(desk.paper.count(), before);
        let closed = desk.events().await.into_iter().filter(|event| event.event.kind == "accounts.day.closed").count();
        assert_eq!(closed, 29);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_do_each_step_once() {
    for_each_engine(async |store| {
        let desk = open_with(&Stage::new(store), SMALL).await;
        let (product, accounts) = three(&desk).await;
        desk.pass_days(29);
        let (contexts, day) = ([desk.ctx(), desk.ctx(), desk.ctx()], date(2026, 2, 28));
        let [one, two, three] = &contexts;
        let runs =
            tokio::join!(desk.face.close_day(one, day), desk.face.close_day(two, day), desk.face.close_day(three, day));
        drop((runs.0, runs.1, runs.2));
        desk.close_day(day).await;
        assert_eq!(desk.paper.posted(&format!("customers:{}", accounts[0])), 100_290);
        desk.check_accrued(product, &accounts).await;
    })
    .await;
}

/// The ledger fails, or its answer is lost, at every call of a run in turn.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_cut_anywhere_ends_the_same() {
    for_each_engine(async |store| {
        let desk = open_with(&Stage::new(store), SMALL).await;
        let (product, accounts) = three(&desk).await;
        for (calls, day) in (0..28).zip(1..) {
            desk.pass_days(1);
            if calls % 2 == 0 {
                desk.paper.fail_after(calls / 4)
            } else {
                desk.paper.lose_after(calls / 4)
            }
            let last = date(2026, 1, 31).saturating_add(jiff::Span::new().days(day - 1));
            for _ in 0..5 {
                if desk.face.close_day(&desk.ctx(), last).await.is_ok_and(|run| run.phase == DayPhase::Done) {
                    break;
                }
            }
            desk.paper.mend();
            desk.close_day(last).await;
            desk.check_accrued(product, &accounts).await;
            if calls % 4 == 3 {
                desk.verify().await;
            }
        }
        desk.pass_days(1);
        desk.close_day(date(2026, 2, 28)).await;
        assert_eq!(desk.paper.posted(&format!("customers:{}", accounts[0])), 100_290);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_starts_again_continues_the_run() {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        let paper = {
            let desk = open_with(&stage, SMALL).await;
            three(&desk).await;
            desk.pass_days(1);
            desk.paper.fail_after(1);
            desk.face.close_day(&desk.ctx(), date(2026, 1, 31)).await.unwrap_err();
            desk.paper.clone()
        };
        let desk = open_on(&stage, SMALL, paper).await;
        let run = desk.close_day(date(2026, 1, 31)).await;
        assert_eq!((run.phase, run.accounts, run.totals[0].paid), (DayPhase::Done, 3, euro(60)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_transaction_accrues_a_correction_today() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let (product, ann) = (desk.savings("3.65").await, desk.customer("Ann").await);
        let account = desk.account(product, ann).await;
        desk.pass_days(3);
        desk.close_day(date(2026, 2, 2)).await;
        // 1,000.00 since 1 February, told on the 3rd: two days of 0.10 each.
        let at: Timestamp = "2026-02-01T12:00:00Z".parse().unwrap();
        desk.move_late(1, account, 100_000, Some(at), &[]).await;
        desk.caught_up().await;
        desk.pass_days(1);
        desk.close_day(date(2026, 2, 3)).await;
        let query = InterestQuery { account, before: None, limit: 10 };
        let page = desk.face.interest(&desk.ctx(), query.clone()).await.unwrap();
        let days: Vec<_> =
            page.items.iter().map(|day| (day.day.day(), day.millionths, day.corrected_millionths)).collect();
        assert_eq!(days, [(3, 10_000_000, 0), (2, 0, 10_000_000), (1, 0, 10_000_000)]);
        assert_eq!(page.earned_millionths, 30_000_000);
        // The same again changes nothing.
        desk.pass_days(1);
        desk.close_day(date(2026, 2, 4)).await;
        let page = desk.face.interest(&desk.ctx(), query).await.unwrap();
        assert_eq!(page.earned_millionths, 40_000_000);
        desk.check_accrued(product, &[account]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_for_days_that_are_over_are_corrected() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let (product, ann) = (desk.savings("3.65").await, desk.customer("Ann").await);
        let account = desk.account(product, ann).await;
        desk.move_money(1, account, 100_000, &[]).await;
        desk.pass_days(4);
        desk.close_day(date(2026, 2, 3)).await;
        let tier = Tier { from: euro(0), rate: "7.3".parse().unwrap() };
        let rates = Rates { from: date(2026, 2, 2), credit: vec![tier], overdraft: None, fees: None };
        let set = |correction| SetRates { id: product, rates: rates.clone(), correction };
        let early = desk.face.set_rates(&desk.ctx(), set(false)).await.unwrap_err();
        assert_eq!(early.code(), "notice_too_short");
        desk.face.set_rates(&desk.ctx(), set(true)).await.unwrap();
        desk.pass_days(1);
        desk.close_day(date(2026, 2, 4)).await;
        // 0.10 of January was posted when its day was closed, on 4 February; from then on the balance is 1,000.10.
        let query = InterestQuery { account, before: None, limit: 10 };
        let page = desk.face.interest(&desk.ctx(), query).await.unwrap();
        assert_eq!(
            page.items.iter().map(|day| day.corrected_millionths).collect::<Vec<_>>(),
            [0, 10_000_000, 10_000_000, 0, 0]
        );
        assert_eq!(page.earned_millionths, 30_000_000 + 20_000_000 + 20_002_000);
        desk.check_accrued(product, &[account]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn overdraft_interest_is_taken_as_far_as_there_is_money() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let (product, ann) = (desk.savings("3.65").await, desk.customer("Ann").await);
        let open = OpenAccount { product, holders: vec![ann], overdraft: Some(euro(36_500)), term: None };
        let account = desk.face.open_account(&desk.ctx(), open).await.unwrap().id;
        // 365.00 below zero at 12 percent: 0.12 a day. The overdraft is used up.
        desk.move_money(1, account, -36_500, &[]).await;
        desk.pass_days(1);
        let run = desk.close_day(date(2026, 1, 31)).await;
        assert_eq!((run.totals[0].charged, run.left_out[0].reason), (euro(0), LeftOutReason::PostingRefused));
        desk.check_accrued(product, &[account]).await;
        desk.move_money(2, account, 36_505, &[]).await;
        desk.pass_days(28);
        let run = desk.close_day(date(2026, 2, 28)).await;
        assert_eq!(run.totals[0].charged, euro(12));
        desk.check_accrued(product, &[account]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tax_is_withheld_from_posted_interest() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let mut taxed = savings("3.65");
        taxed.terms.interest.as_mut().unwrap().tax = "25".parse().ok();
        let (product, ann) = (desk.product(taxed).await, desk.customer("Ann").await);
        let account = desk.account(product, ann).await;
        desk.move_money(1, account, 1_000_000, &[]).await;
        desk.pass_days(1);
        let run = desk.close_day(date(2026, 1, 31)).await;
        assert_eq!((run.totals[0].paid, run.totals[0].tax), (euro(75), euro(25)));
        assert_eq!(desk.paper.posted(&format!("customers:{account}")), 1_000_075);
        assert_eq!(desk.paper.posted(&format!("tax:withheld:{product}")), 25);
        let taxes = desk.movements(MovementQuery { kind: Some(Kind::Tax), ..MovementQuery::default() }).await;
        assert_eq!((taxes.len(), taxes[0].amount, taxes[0].category), (1, euro(-25), Category::Taxes));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_whose_interest_does_not_fit_is_left_out() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let (product, ann) = (desk.savings("1000").await, desk.customer("Ann").await);
        let (much, little) = (desk.account(product, ann).await, desk.account(product, ann).await);
        for number in 1..=400 {
            desk.move_money(number, much, 1_000_000_000_000_000, &[]).await;
        }
        desk.move_money(500, little, 36_500, &[]).await;
        desk.pass_days(1);
        let run = desk.close_day(date(2026, 1, 31)).await;
        assert_eq!(run.left_out, [LeftOut { account: much, reason: LeftOutReason::Overflow }]);
        assert_eq!((run.phase, run.totals[0].paid), (DayPhase::Done, euro(1_000)));
    })
    .await;
}
