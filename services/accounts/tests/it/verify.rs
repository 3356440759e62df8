//! What must always hold is seen when it does not.

use accounts_api::Verify;
use jiff::civil::date;
use platform::db::Value;
use testkit::{Stage, for_each_engine};

use crate::harness::{Desk, open};

async fn findings(desk: &Desk) -> Vec<String> {
    desk.caught_up().await;
    desk.face.verify(&desk.ctx(), Verify {}).await.unwrap().findings
}

async fn change(desk: &Desk, sql: &'static str) {
    let tx = desk.db.begin().await.unwrap();
    assert_eq!(tx.execute(sql, &[Value::Int(1)]).await.unwrap(), 1, "{sql}");
    tx.commit().await.unwrap();
}

/// Each is done and undone.
const BREAKS: [(&str, &str, &str); 3] = [
    (
        "update accrued set earned = earned + 1 where account = $1",
        "update accrued set earned = earned - 1 where account = $1",
        "interest of an account",
    ),
    (
        "update product_total set earned_booked = earned_booked + 1 where product = $1",
        "update product_total set earned_booked = earned_booked - 1 where product = $1",
        "interest:accrued:",
    ),
    (
        "update movement set minor = minor + 1 where account = $1 and kind = 8",
        "update movement set minor = minor - 1 where account = $1 and kind = 8",
        "month from 2026-01-01",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_disagrees_is_named() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        let account = desk.account(desk.savings("3.65").await, desk.customer("Ann").await).await;
        desk.move_money(1, account, 100_000, &[("kind", "cash")]).await;
        desk.pass_days(2);
        desk.close_day(date(2026, 2, 1)).await;
        assert_eq!(findings(&desk).await, [""; 0]);
        for (wrong, right, expected) in BREAKS {
            change(&desk, wrong).await;
            let found = findings(&desk).await;
            let is_named = found.iter().any(|finding| finding.contains(expected));
            assert!(is_named, "{wrong}: {found:?}");
            change(&desk, right).await;
        }
        assert_eq!(findings(&desk).await, [""; 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_verified_while_a_day_is_being_closed() {
    for_each_engine(async |store| {
        let desk = open(&Stage::new(store)).await;
        desk.account(desk.savings("3.65").await, desk.customer("Ann").await).await;
        desk.pass_days(1);
        desk.paper.fail_after(0);
        desk.face.close_day(&desk.ctx(), date(2026, 1, 31)).await.unwrap_err();
        desk.caught_up().await;
        assert_eq!(desk.face.verify(&desk.ctx(), Verify {}).await.unwrap_err().code(), "unavailable");
        desk.close_day(date(2026, 1, 31)).await;
        assert_eq!(findings(&desk).await, [""; 0]);
    })
    .await;
}
