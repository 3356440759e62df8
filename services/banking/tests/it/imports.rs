//! One import after another: what is new, known, missing and taken back.

use banking_api::*;
use formats::statement::EntryStatus;
use testkit::{Stage, for_each_engine};

use crate::harness::{Desk, Form, Line, entry, file, file_of, import, open};

const JANUARY: [Line; 3] = [(5, 25_000, "INVOICE 1"), (5, -300, "COFFEE"), (7, -4_000, "RENT")];

async fn on_a_desk(body: impl AsyncFn(&Desk)) {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        body(&open(&stage).await).await;
    })
    .await;
}

fn booked(day: &str, minor: i64) -> (String, i64, Status) {
    (format!("2026-01-{day}"), minor, Status::Booked)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_imported_once_in_any_bytes_and_format() {
    on_a_desk(async |desk| {
        let first = desk.import(file(Form::Camt053, (1, 9), 100_000, &JANUARY, 1)).await;
        assert_eq!((first.state, first.counts.new, first.counts.statements), (ImportState::Applied, 3, 1));
        let expected = [booked("05", -300), booked("05", 25_000), booked("07", -4_000)];
        assert_eq!(desk.amounts().await, expected);
        assert_eq!(desk.import(file(Form::Camt053, (1, 9), 100_000, &JANUARY, 1)).await.id, first.id);
        for (issue, form) in [(2, Form::Camt053), (3, Form::Mt940), (4, Form::Ofx), (5, Form::Mt940)] {
            let again = desk.import(file(form, (1, 9), 100_000, &JANUARY, issue)).await;
            assert_eq!((again.counts.new, again.counts.known), (0, 3), "{form:?} {:?}", desk.amounts().await);
        }
        assert_eq!(desk.amounts().await, expected);
        assert_eq!(desk.gaps().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn overlapping_statements_in_any_order_leave_each_entry_once() {
    on_a_desk(async |desk| {
        let late: Vec<Line> = JANUARY[1..].to_vec();
        let second = desk.import(file(Form::Mt940, (5, 9), 125_000, &late, 1)).await;
        assert_eq!(second.counts.new, 2);
        let first = desk.import(file(Form::Camt053, (1, 9), 100_000, &JANUARY, 2)).await;
        assert_eq!((first.counts.new, first.counts.known), (1, 2));
        assert_eq!(desk.amounts().await.len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_statement_is_a_gap_that_closes_by_itself() {
    on_a_desk(async |desk| {
        desk.import(file(Form::Camt053, (1, 2), 1_000, &[(2, 500, "A")], 1)).await;
        desk.import(file(Form::Camt053, (8, 9), 1_800, &[(8, 100, "C")], 2)).await;
        let gaps = desk.gaps().await;
        assert_eq!(gaps.len(), 1, "{gaps:?}");
        assert_eq!((gaps[0].missing.minor(), gaps[0].from.to_string().as_str()), (300, "2026-01-03"));
        desk.import(file(Form::Mt940, (5, 5), 1_500, &[(5, 300, "B")], 3)).await;
        assert_eq!(desk.gaps().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_does_not_add_up_is_applied_and_says_so() {
    on_a_desk(async |desk| {
        let text = String::from_utf8(file(Form::Mt940, (1, 9), 100_000, &JANUARY, 1)).unwrap();
        assert!(text.contains("1207,00"), "{text}");
        let import = desk.import(text.replace("1207,00", "1208,00")).await;
        assert_eq!(import.state, ImportState::Applied);
        assert_eq!(import.warnings[0].code, "does_not_add_up");
        assert_eq!(desk.gaps().await[0].missing.minor(), 100);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_of_one_day_that_continue_each_other_keep_equal_payments() {
    on_a_desk(async |desk| {
        let coffee: [Line; 1] = [(5, -300, "COFFEE")];
        desk.import(file(Form::Mt940, (5, 5), 1_000, &coffee, 1)).await;
        let second = desk.import(file(Form::Mt940, (5, 5), 700, &coffee, 2)).await;
        assert_eq!(second.counts.new, 1);
        let whole = desk.import(file(Form::Camt053, (5, 5), 1_000, &[coffee[0], coffee[0]], 3)).await;
        assert_eq!((whole.counts.new, whole.counts.known), (0, 2));
        assert_eq!((desk.amounts().await.len(), desk.gaps().await), (2, vec![]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_news_are_possible_duplicates_until_a_full_report_decides() {
    on_a_desk(async |desk| {
        let coffee: [Line; 1] = [(5, -300, "COFFEE")];
        desk.import(file(Form::Camt054, (5, 5), 0, &coffee, 1)).await;
        let again = desk.import(file(Form::Camt054, (5, 5), 0, &coffee, 2)).await;
        assert_eq!((again.counts.new, again.counts.possible_duplicates), (0, 1));
        let open = (booked("05", -300).0, -300, Status::PossibleDuplicate);
        assert_eq!(desk.amounts().await, [open, booked("05", -300)]);
        let full = desk.import(file(Form::Camt053, (5, 5), 1_000, &coffee, 3)).await;
        assert_eq!((full.counts.known, full.counts.removed), (1, 1));
        assert_eq!(desk.amounts().await, [booked("05", -300)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_entry_is_announced_changed_booked_or_gone() {
    on_a_desk(async |desk| {
        let announced = |lines: &[Line], issue, day| {
            let mut entries: Vec<_> = lines.iter().map(entry).collect();
            entries.iter_mut().for_each(|entry| entry.status = EntryStatus::Pending);
            file_of(Form::Camt052, (day, day), 0, &entries, issue)
        };
        desk.import(announced(&[(5, -1_000, "FUEL STATION"), (5, -700, "HOTEL BAR")], 1, 5)).await;
        assert!(desk.amounts().await.iter().all(|(_, _, status)| *status == Status::Pending));
        let id = desk.transactions().await.iter().find(|one| one.amount.minor() == -1_000).unwrap().id;
        let next = desk.import(announced(&[(6, -1_100, "FUEL STATION 17")], 2, 6)).await;
        assert_eq!((next.counts.changed, next.counts.removed), (1, 1));
        let full = desk.import(file(Form::Camt053, (7, 7), 5_000, &[(7, -1_150, "FUEL STATION 17 BERLIN")], 3)).await;
        assert_eq!((full.counts.new, full.counts.changed), (0, 1));
        assert_eq!(desk.amounts().await, [booked("07", -1_150)]);
        assert_eq!(desk.transactions().await[0].id, id);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawing_takes_back_what_only_that_import_brought() {
    on_a_desk(async |desk| {
        let first = desk.import(file(Form::Camt053, (1, 5), 100_000, &JANUARY[..2], 1)).await;
        let second = desk.import(file(Form::Camt053, (1, 9), 100_000, &JANUARY, 2)).await;
        let change =
            async |id, change| desk.face.change_import(&desk.ctx(), ChangeImport { id, change }).await.unwrap().state;
        let whole = desk.amounts().await;
        assert_eq!(change(second.id, ImportChange::Withdraw).await, ImportState::Withdrawn);
        assert_eq!(desk.amounts().await, whole[..2]);
        assert_eq!(change(second.id, ImportChange::Restore).await, ImportState::Applied);
        assert_eq!(desk.amounts().await, whole);
        change(first.id, ImportChange::Withdraw).await;
        assert_eq!(desk.amounts().await, whole);
        change(second.id, ImportChange::Withdraw).await;
        assert_eq!((desk.amounts().await, desk.account().await.balances), (vec![], vec![]));
        // Another file brings it back, and the withdrawn ones add nothing.
        desk.import(file(Form::Mt940, (1, 9), 100_000, &JANUARY, 3)).await;
        change(first.id, ImportChange::Restore).await;
        change(second.id, ImportChange::Restore).await;
        assert_eq!(desk.amounts().await, whole);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_read_from_the_beginning_give_the_totals() {
    on_a_desk(async |desk| {
        desk.import(file(Form::Camt053, (1, 5), 100_000, &JANUARY[..2], 1)).await;
        let second = desk.import(file(Form::Camt053, (1, 9), 100_000, &JANUARY, 2)).await;
        let change = ChangeImport { id: second.id, change: ImportChange::Withdraw };
        desk.face.change_import(&desk.ctx(), change).await.unwrap();
        desk.face
            .change_import(&desk.ctx(), ChangeImport { id: second.id, change: ImportChange::Restore })
            .await
            .unwrap();
        let mut days = std::collections::BTreeMap::new();
        for event in desk.events().await {
            assert!(!event.event.data.to_string().contains("INVOICE"));
            for day in event.event.data["days"].as_array().into_iter().flatten() {
                days.insert(day["day"].as_str().unwrap().to_owned(), day["totals"].clone());
            }
        }
        let sums: Vec<String> = days.values().map(|totals| totals.to_string()).collect();
        assert_eq!(days.keys().collect::<Vec<_>>(), ["2026-01-05", "2026-01-07"]);
        assert!(sums[0].contains(r#""count":1,"amount":{"amount":"250.00","currency":"EUR"}"#), "{sums:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_uploads_at_once_end_the_same() {
    on_a_desk(async |desk| {
        let (camt, mt) =
            (file(Form::Camt053, (1, 9), 100_000, &JANUARY, 1), file(Form::Mt940, (1, 9), 100_000, &JANUARY, 2));
        let ctx = desk.ctx();
        let one = import(&*desk.face, &ctx, &camt, ImportOptions::default());
        let other = import(&*desk.face, &ctx, &mt, ImportOptions::default());
        let same = import(&*desk.face, &ctx, &camt, ImportOptions::default());
        let (one, other, same) = tokio::join!(one, other, same);
        assert_eq!(one.unwrap().id, same.unwrap().id);
        other.unwrap();
        assert_eq!(desk.amounts().await.len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_import_is_continued_and_nothing_is_there_twice() {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        let lines: Vec<Line> =
            (0..9_000).map(|number| (1 + (number / 1_000) as i8, -(number % 700 + 1), "MANY")).collect();
        let bytes = file(Form::Mt940, (1, 9), 0, &lines, 1);
        let desk = open(&stage).await;
        // A process that ends while it imports: its tasks stop at whatever they wait for.
        let (face, ctx) = (desk.face.clone(), desk.ctx());
        let dying = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.spawn(async move { import(&*face, &ctx, bytes, ImportOptions::default()).await });
            std::thread::sleep(std::time::Duration::from_millis(400));
            runtime.shutdown_background();
        });
        dying.join().unwrap();
        let again = open(&stage).await;
        stage.time.advance_millis(120_000);
        for _ in 0..50 {
            (again.opened.periodic[0].work)().await.unwrap();
        }
        let imports = again.face.imports(&again.ctx(), ImportQuery { before: None, limit: 10 }).await.unwrap().items;
        // Killed before the import was a row, there is nothing to continue.
        if let [only] = imports.as_slice() {
            assert_eq!((only.state, only.counts.new, only.counts.known), (ImportState::Applied, 9_000, 0));
            assert_eq!(again.transactions().await.len(), 9_000);
        }
    })
    .await;
}
