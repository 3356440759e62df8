//! One test for each refusal of the ledger: its code, its status, and that it changed nothing. Each test has the name of
//! its refusal: `every_refusal_has_a_test` looks for it, and `refused` compares it with the refusal that it gets.

use std::future::ready;

use kernel::{Money, Timestamp};
use ledger_api::{
    AccountChange, AccountQuery, Batch, DeclareAsset, Limits, NewTransaction, Operation, Refusal, Side,
    VersionCondition, WantedStatus, limits,
};
use platform::error::{Failure, Refusal as _};

use crate::service::harness::{
    Desk, create, hold, increase, path, pay, post, posting, reference, referenced, refusal, reverse, usd, void,
};
use crate::service::way::for_each_way_on_sqlite;

/// The tests of the ledger's failures, in this folder and, for the last two, in `platform::error`.
fn test_of_failure(failure: Failure) -> Option<&'static str> {
    match failure {
        Failure::Forbidden => Some("without_a_permission_nothing_is_allowed"),
        Failure::Overloaded => Some("a_full_queue_refuses_callers_and_loses_nothing"),
        Failure::AccessStale => Some("a_remote_ledger_reports_that_it_cannot_check_a_token"),
        Failure::DeadlineExceeded | Failure::Unavailable => Some("a_command_past_its_deadline_does_nothing"),
        Failure::OutcomeUnknown => Some("a_caller_that_gives_up_can_look_up_the_outcome"),
        Failure::ClockBehind => Some("record_time_never_goes_back_and_a_late_clock_stops_writing"),
        Failure::CursorAhead { .. } => Some("a_cursor_of_a_longer_log_is_refused_with_the_end_of_this_one"),
        Failure::StorageFull | Failure::Internal => Some("failures_are_told_apart_by_what_the_caller_can_do"),
        Failure::NotFound
        | Failure::StepUpRequired { .. }
        | Failure::IdempotencyMissing
        | Failure::IdempotencyKeyTaken
        | Failure::IdempotencyKeyBusy
        | Failure::EventsGone { .. } => None,
    }
}

/// A refusal's test has its name.
#[test]
fn every_refusal_has_a_test() {
    let texts = [
        include_str!("refusals.rs"),
        include_str!("access.rs"),
        include_str!("books/refusals.rs"),
        include_str!("busy.rs"),
        include_str!("schedule_refused.rs"),
        include_str!("history/refusals.rs"),
        include_str!("time.rs"),
        include_str!("search.rs"),
        include_str!("../../../../../platform/src/error/tests.rs"),
    ];
    let of_failures = Failure::all().iter().filter_map(|failure| test_of_failure(*failure));
    let refusals = Refusal::samples();
    for name in refusals.iter().map(Refusal::code).chain(of_failures) {
        let expected = format!("fn {name}()");
        assert!(texts.iter().any(|text| text.contains(&expected)), "no test is named {name}");
    }
}

pub(crate) async fn refused(status: u16, set_up: impl AsyncFn(&Desk), attempt: impl AsyncFn(&Desk) -> Refusal) {
    for_each_way_on_sqlite(async |store| {
        let desk = Desk::with_people(store).await;
        set_up(&desk).await;
        let before = (desk.all_accounts().await, desk.rows().await);
        let refusal = attempt(&desk).await;
        let test = std::thread::current().name().unwrap().rsplit("::").next().unwrap().to_owned();
        assert_eq!((refusal.code(), refusal.status()), (test.as_str(), status));
        assert!(!refusal.to_string().is_empty() && !refusal.title().is_empty());
        assert_eq!(desk.all_accounts().await, before.0, "a refusal moved an account");
        let rows = desk.rows().await - before.1;
        // A refusal that depends on the books is remembered: one row for the command, and for each of its siblings.
        assert_eq!(rows > 0, refusal.is_remembered() && is_of_a_command(&refusal), "{rows} rows");
        desk.ledger.close().await.unwrap();
    })
    .await;
}

/// A query leaves nothing, whatever its answer; describing an account with other content does not create one.
fn is_of_a_command(refusal: &Refusal) -> bool {
    !matches!(refusal, Refusal::RollUpTooLarge { .. } | Refusal::AccountExists { .. })
}

pub(crate) fn nothing(_: &Desk) -> std::future::Ready<()> {
    ready(())
}

fn created(change: impl FnOnce(&mut NewTransaction)) -> Operation {
    let mut create = create(1, vec![posting("bank", "ann", 1)]);
    change(&mut create);
    Operation::Create(create)
}

fn expiring(expires_at: Timestamp) -> Operation {
    created(|create| (create.status, create.expires_at) = (WantedStatus::Pending, Some(expires_at)))
}

fn points(minor: i64, scale: u8) -> Money {
    Money::new(minor, kernel::Currency::with_scale("POINTS", scale).unwrap())
}

async fn declare(desk: &Desk) {
    desk.ledger.declare_asset(&desk.ctx, DeclareAsset { code: "POINTS".to_owned(), scale: 0 }).await.unwrap();
}

/// Takes the sums of two accounts as high as possible.
async fn fill(desk: &Desk) {
    let full = i64::MAX / limits::AMOUNT_MAX;
    let lines = (0..full / 64).map(|number| filling(number as u128 + 10, 64)).collect();
    assert!(desk.batch(false, lines).await.iter().all(Result::is_ok));
    desk.run(filling(5, full % 64)).await.unwrap();
}

fn filling(bits: u128, count: i64) -> Operation {
    Operation::Create(create(bits, vec![posting("bank", "bob", limits::AMOUNT_MAX); count as usize]))
}

#[tokio::test(flavor = "multi_thread")]
async fn idempotency_missing() {
    refused(400, nothing, async |desk: &Desk| refusal(desk.run(created(|create| create.id = None)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_postings() {
    refused(400, nothing, async |desk: &Desk| refusal(desk.run(created(|create| create.postings.clear())).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_postings() {
    refused(400, nothing, async |desk: &Desk| {
        refusal(desk.run(created(|create| create.postings = vec![posting("bank", "ann", 1); 65])).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amount_zero() {
    refused(400, nothing, async |desk: &Desk| refusal(desk.run(pay(1, "bank", "ann", 0)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amount_negative() {
    refused(400, nothing, async |desk: &Desk| refusal(desk.run(pay(1, "bank", "ann", -1)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amount_too_large() {
    refused(400, nothing, async |desk: &Desk| refusal(desk.run(pay(1, "bank", "ann", limits::AMOUNT_MAX + 1)).await))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn same_account() {
    refused(400, nothing, async |desk: &Desk| refusal(desk.run(pay(1, "ann", "ann", 1)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn posting_malformed() {
    refused(400, nothing, async |desk: &Desk| {
        refusal(desk.run(created(|create| create.postings[0].credit = None)).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_too_large() {
    refused(400, nothing, async |desk: &Desk| {
        refusal(desk.run(created(|create| create.metadata = [("note".to_owned(), "x".repeat(5_000))].into())).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batch_empty() {
    refused(400, nothing, async |desk: &Desk| {
        refusal(desk.ledger.submit_batch(&desk.ctx, Batch { atomic: true, dry_run: false, lines: vec![] }).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batch_too_large() {
    refused(400, nothing, async |desk: &Desk| {
        refusal(
            desk.ledger
                .submit_batch(
                    &desk.ctx,
                    Batch { atomic: true, dry_run: false, lines: vec![pay(1, "bank", "ann", 1); 1_001] },
                )
                .await,
        )
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_invalid() {
    refused(400, nothing, async |desk: &Desk| {
        refusal(
            desk.account(
                "new",
                Side::Debit,
                Limits { floor: Some(usd(5)), ceiling: Some(usd(4)), may_go_negative: false },
            )
            .await,
        )
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asset_invalid() {
    refused(400, nothing, async |desk: &Desk| {
        refusal(desk.ledger.declare_asset(&desk.ctx, DeclareAsset { code: "USD".to_owned(), scale: 2 }).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expiry_invalid() {
    refused(400, nothing, async |desk: &Desk| {
        refusal(desk.run(created(|create| create.expires_at = Some(Timestamp::from_micros(i64::MAX)))).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn query_unsupported() {
    refused(400, nothing, async |desk: &Desk| {
        refusal(
            desk.ledger
                .accounts(
                    &desk.ctx,
                    AccountQuery { prefix: Some(path("ann")), reference: Some(reference("R")), ..Default::default() },
                )
                .await,
        )
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn page_size() {
    refused(400, nothing, async |desk: &Desk| {
        refusal(desk.ledger.accounts(&desk.ctx, AccountQuery { limit: Some(501), ..Default::default() }).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn not_found() {
    refused(404, nothing, async |desk: &Desk| refusal(desk.find(999).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn account_unknown() {
    refused(422, nothing, async |desk: &Desk| refusal(desk.run(pay(1, "bank", "nobody", 1)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn account_exists() {
    refused(422, nothing, async |desk: &Desk| refusal(desk.account("ann", Side::Debit, Limits::default()).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn currency_unknown() {
    refused(422, nothing, async |desk: &Desk| {
        refusal(desk.run(created(|create| create.postings[0].amount = points(1, 0))).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn currency_scale() {
    refused(422, declare, async |desk: &Desk| {
        refusal(desk.run(created(|create| create.postings[0].amount = points(1, 3))).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asset_exists() {
    refused(422, declare, async |desk: &Desk| refusal(desk.declare_once("POINTS", 2).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn id_taken() {
    refused(
        422,
        async |desk: &Desk| {
            desk.run(pay(1, "bank", "ann", 1)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(pay(1, "bank", "ann", 2)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idempotency_key_taken() {
    refused(
        422,
        async |desk: &Desk| {
            desk.run_as(&desk.keyed("K"), pay(1, "bank", "ann", 1)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run_as(&desk.keyed("K"), pay(2, "bank", "ann", 2)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reference_taken() {
    refused(
        422,
        async |desk: &Desk| {
            desk.run(referenced(1)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(referenced(2)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn account_frozen() {
    refused(
        422,
        async |desk: &Desk| {
            desk.change("ann", AccountChange::Freeze).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(pay(1, "bank", "ann", 1)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn account_closed() {
    refused(
        422,
        async |desk: &Desk| {
            desk.change("ann", AccountChange::Close).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(pay(1, "bank", "ann", 1)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn account_not_zero() {
    refused(
        422,
        async |desk: &Desk| {
            desk.run(pay(1, "bank", "ann", 1)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.change_once("ann", AccountChange::Close).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn account_has_holds() {
    refused(
        422,
        async |desk: &Desk| {
            desk.run(hold(1, "bank", "ann", 1)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.change_once("ann", AccountChange::Close).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn currency_mismatch() {
    refused(422, nothing, async |desk: &Desk| {
        refusal(desk.run(created(|create| create.postings[0].amount = Money::new(1, "EUR".parse().unwrap()))).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sum_overflow() {
    refused(422, fill, async |desk: &Desk| refusal(desk.run(filling(6, 1)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn insufficient_funds() {
    refused(422, nothing, async |desk: &Desk| refusal(desk.run(pay(1, "ann", "bob", 1)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn above_ceiling() {
    refused(
        422,
        async |desk: &Desk| {
            desk.account("full", Side::Credit, Limits { ceiling: Some(usd(5)), ..Limits::default() }).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(pay(1, "bank", "full", 6)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn version_mismatch() {
    refused(409, nothing, async |desk: &Desk| {
        refusal(
            desk.run(created(|create| create.if_version = vec![VersionCondition { account: path("ann"), version: 7 }]))
                .await,
        )
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_unknown() {
    refused(404, nothing, async |desk: &Desk| refusal(desk.run(post(2, 1, &[], true)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn not_pending() {
    refused(
        409,
        async |desk: &Desk| {
            desk.run(pay(1, "bank", "ann", 1)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(void(2, 1, &[])).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn already_posted() {
    refused(
        409,
        async |desk: &Desk| {
            desk.run(hold(1, "bank", "ann", 5)).await.unwrap();
            desk.run(post(2, 1, &[], true)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(void(3, 1, &[])).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn already_voided() {
    refused(
        409,
        async |desk: &Desk| {
            desk.run(hold(1, "bank", "ann", 5)).await.unwrap();
            desk.run(void(2, 1, &[])).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(post(3, 1, &[], true)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expired() {
    refused(
        409,
        async |desk: &Desk| {
            desk.run(hold(1, "bank", "ann", 5)).await.unwrap();
            desk.clock.advance_millis(8 * 86_400_000);
            desk.run(pay(2, "bank", "ann", 1)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(post(3, 1, &[], true)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amount_above_remaining() {
    refused(
        422,
        async |desk: &Desk| {
            desk.run(hold(1, "bank", "ann", 5)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(post(2, 1, &[6], true)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_mismatch() {
    refused(
        422,
        async |desk: &Desk| {
            desk.run(hold(1, "bank", "ann", 5)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(post(2, 1, &[1, 1], true)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn increase_refused() {
    refused(
        422,
        async |desk: &Desk| {
            desk.run(pay(1, "bank", "ann", 5)).await.unwrap();
            desk.run(hold(2, "ann", "bob", 5)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(increase(3, 2, &[1])).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transaction_unknown() {
    refused(404, nothing, async |desk: &Desk| refusal(desk.run(reverse(2, 1)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn not_reversible() {
    refused(
        422,
        async |desk: &Desk| {
            desk.run(hold(1, "bank", "ann", 5)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(reverse(2, 1)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reversal_of_reversal() {
    refused(
        422,
        async |desk: &Desk| {
            desk.run(pay(1, "bank", "ann", 5)).await.unwrap();
            desk.run(reverse(2, 1)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(reverse(3, 2)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn already_reversed() {
    refused(
        409,
        async |desk: &Desk| {
            desk.run(pay(1, "bank", "ann", 5)).await.unwrap();
            desk.run(reverse(2, 1)).await.unwrap();
        },
        async |desk: &Desk| refusal(desk.run(reverse(3, 1)).await),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn effective_in_future() {
    refused(422, nothing, async |desk: &Desk| {
        refusal(desk.run(created(|create| create.effective_at = Some(Timestamp::from_micros(i64::MAX)))).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn effective_before_opening() {
    refused(422, nothing, async |desk: &Desk| {
        refusal(desk.run(created(|create| create.effective_at = Some(Timestamp::EPOCH))).await)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expiry_too_far() {
    refused(422, nothing, async |desk: &Desk| refusal(desk.run(expiring(Timestamp::from_micros(i64::MAX))).await))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expires_in_past() {
    refused(422, nothing, async |desk: &Desk| refusal(desk.run(expiring(Timestamp::EPOCH)).await)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sibling_failed() {
    refused(422, nothing, async |desk: &Desk| {
        refusal(desk.batch(true, vec![pay(1, "bank", "ann", 1), pay(2, "bob", "ann", 1)]).await.swap_remove(0))
    })
    .await;
}
