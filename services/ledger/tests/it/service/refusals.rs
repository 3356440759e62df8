//! One test for each refusal of the ledger: its code, its status, and that it changed nothing. Each test has the name of
//! its refusal: `every_refusal_has_a_test` looks for it, and `refused` compares it with the refusal that it gets.

mod accounts;
mod form;
mod later;
mod pending;

use std::future::ready;

use ledger_api::{NewTransaction, Operation, Refusal};
use platform::error::{Failure, Refusal as _};

use crate::service::harness::{Desk, create, posting};
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
        include_str!("refusals/accounts.rs"),
        include_str!("refusals/form.rs"),
        include_str!("refusals/later.rs"),
        include_str!("refusals/pending.rs"),
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
