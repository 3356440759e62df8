//! Refusals of history queries, one test each.

use kernel::Timestamp;
use ledger_api::{Limits, Refusal, RollUpQuery, Side, StatementCursor, StatementQuery, TrialBalanceQuery};
use platform::error::Failure;
use platform::feed::Pull;

use crate::service::harness::{Desk, path, refusal};
use crate::service::refusals::{nothing, refused};
use crate::service::way::for_each_way_on_sqlite;

async fn many(desk: &Desk) {
    for number in 0..4 {
        desk.account(&format!("many:{number}"), Side::Debit, Limits::default()).await.unwrap();
    }
}

fn statement(change: impl FnOnce(&mut StatementQuery)) -> StatementQuery {
    let query = serde_json::json!({ "path": "ann" });
    let mut query = serde_json::from_value(query).unwrap();
    change(&mut query);
    query
}

async fn statement_refused(desk: &Desk, change: impl FnOnce(&mut StatementQuery)) -> Refusal {
    refusal(desk.ledger.statement(&desk.ctx, statement(change)).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn range_empty() {
    let at = Timestamp::from_micros(5);
    refused(400, nothing, async |desk: &Desk| {
        statement_refused(desk, |query| (query.from, query.to) = (Some(at), Some(at))).await
    })
    .await;
}

/// Of a statement and of the feed.
#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_a_longer_log_is_refused_with_the_end_of_this_one() {
    for_each_way_on_sqlite(async |store| {
        let desk = Desk::with_people(store).await;
        let end = desk.ledger.status(&desk.ctx).await.unwrap().rows;
        let ahead = |end| Some(Failure::CursorAhead { end });
        let after = StatementCursor { as_of_seq: 9_999, time: 0, seq: 1, backward: false };
        let statement = desk.ledger.statement(&desk.ctx, statement(|query| query.after = Some(after))).await;
        assert_eq!(statement.unwrap_err().failure(), ahead(end));
        for after in [end + 1, u64::MAX / 2, u64::MAX] {
            let pull = Pull { after, max: 10, wait_ms: 0, consumer: None };
            assert_eq!(desk.ledger.events_after(&desk.ctx, pull).await.unwrap_err().failure(), ahead(end), "{after}");
        }
        let pull = Pull { after: end, max: 10, wait_ms: 0, consumer: None };
        assert_eq!(desk.ledger.events_after(&desk.ctx, pull).await, Ok(Vec::new()));
        desk.ledger.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn depth_out_of_range() {
    refused(400, nothing, async |desk: &Desk| {
        let query = TrialBalanceQuery { depth: Some(0), ..TrialBalanceQuery::default() };
        refusal(desk.ledger.trial_balance(&desk.ctx, query).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roll_up_too_large() {
    refused(422, many, async |desk: &Desk| {
        refusal(desk.ledger.roll_up(&desk.ctx, RollUpQuery::now(path("many"))).await)
    })
    .await;
}
