//! The property: a true history, told by random reports in any order, ends as that history.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use testkit::{Stage, TestStore};

use banking_api::Status;

use crate::harness::{Desk, Form, Line, file, open};

const OPENING: i64 = 100_000;
const WORDS: [&str; 3] = ["COFFEE HOUSE", "ACME RENT", "NORTHWIND INVOICE"];
const AMOUNTS: [i64; 3] = [-300, 450, -1_000];
const DAYS: i8 = 6;

/// Day, amount and words, by number: equal entries are likely.
type Movements = Vec<(i8, usize, usize)>;

#[derive(Debug, Clone)]
enum Report {
    /// These days in full.
    Full(Form, i8, i8),
    /// Some entries of one day, as news.
    News(i8, u8),
}

fn history() -> impl Strategy<Value = Movements> {
    prop::collection::vec((1..=DAYS, 0..AMOUNTS.len(), 0..WORDS.len()), 0..14)
}

fn reports() -> impl Strategy<Value = Vec<Report>> {
    let form = prop::sample::select(vec![Form::Camt053, Form::Mt940, Form::Ofx, Form::Camt052]);
    let full =
        (form, 1..=DAYS, 0..DAYS).prop_map(|(form, from, length)| Report::Full(form, from, (from + length).min(DAYS)));
    let news = (1..=DAYS, any::<u8>()).prop_map(|(day, which)| Report::News(day, which));
    prop::collection::vec(prop_oneof![3 => full, 1 => news], 0..7)
}

fn lines(history: &Movements, days: (i8, i8)) -> Vec<Line> {
    let within = history.iter().filter(|(day, ..)| (days.0..=days.1).contains(day));
    let mut lines: Vec<Line> = within.map(|(day, amount, words)| (*day, AMOUNTS[*amount], WORDS[*words])).collect();
    lines.sort_by_key(|(day, ..)| *day);
    lines
}

fn balance(history: &Movements, before: i8) -> i64 {
    OPENING + lines(history, (1, before - 1)).iter().map(|(_, minor, _)| minor).sum::<i64>()
}

fn told(history: &Movements, report: &Report, issue: u32) -> Vec<u8> {
    match report {
        Report::Full(form, from, to) => {
            file(*form, (*from, *to), balance(history, *from), &lines(history, (*from, *to)), issue)
        }
        Report::News(day, which) => {
            let all = lines(history, (*day, *day));
            let some: Vec<Line> = all
                .into_iter()
                .enumerate()
                .filter(|(place, _)| which >> (place % 8) & 1 == 1)
                .map(|(_, line)| line)
                .collect();
            file(Form::Camt054, (*day, *day), 0, &some, issue)
        }
    }
}

async fn ends_as_told(desk: &Desk, history: &Movements, reports: &[Report]) {
    for (issue, report) in (1..).zip(reports) {
        desk.import(told(history, report, issue)).await;
    }
    let last = desk.import(told(history, &Report::Full(Form::Camt053, 1, DAYS), 1_000)).await;
    let mut expected: BTreeMap<(String, i64), usize> = BTreeMap::new();
    for (day, minor, _) in lines(history, (1, DAYS)) {
        *expected.entry((format!("2026-01-{day:02}"), minor)).or_default() += 1;
    }
    let mut found: BTreeMap<(String, i64), usize> = BTreeMap::new();
    for (day, minor, status) in desk.amounts().await {
        assert_eq!(status, Status::Booked, "{reports:?}");
        *found.entry((day, minor)).or_default() += 1;
    }
    assert_eq!(found, expected, "{last:?}");
    assert_eq!(desk.gaps().await, []);
    // Everything again, in other bytes and backwards.
    for (issue, report) in (2_000..).zip(reports.iter().rev()) {
        let again = desk.import(told(history, report, issue)).await;
        assert_eq!((again.counts.new, again.counts.possible_duplicates), (0, 0), "{report:?}");
    }
    assert_eq!(desk.amounts().await.len(), expected.values().sum::<usize>());
}

#[test]
fn any_reports_in_any_order_end_as_the_history() {
    let config = Config {
        cases: u32::try_from(testkit::size("FLORIN_TEST_BANKING_HISTORIES", 24)).unwrap(),
        failure_persistence: None,
        ..Config::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let outcome = TestRunner::new(config).run(&(history(), reports()), |(history, reports)| {
        runtime.block_on(async {
            let store = TestStore::sqlite();
            let stage = Stage::new(&store);
            let desk = open(&stage).await;
            ends_as_told(&desk, &history, &reports).await;
        });
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
