use jiff::civil::date;
use proptest::prelude::*;
use quant::forecast::train;

use super::*;

fn usd() -> Currency {
    Currency::iso("USD").unwrap()
}

fn question(step: Step) -> Question {
    Question { step, calendar: Calendar::default(), currency: usd() }
}

fn fit(_: &str, values: &[f64], setting: &Setting) -> Result<Trained, QuantError> {
    train(values, setting, None)
}

/// Every day the same in each category, from a day on.
fn history(first: Date, last: Date, categories: &[(&str, i64)]) -> History {
    let days = |minor: i64| (number_of(first)..=number_of(last)).map(|day| (day, minor)).collect();
    History {
        days: categories.iter().map(|(name, minor)| ((*name).to_owned(), days(*minor))).collect(),
        last: number_of(last),
        opening: Some(1_000),
    }
}

fn known(category: &str, day: Date, minor: i64) -> Known {
    Known { category: category.to_owned(), day: number_of(day), minor }
}

fn p50(found: &Found) -> Vec<i64> {
    found.points.iter().map(|point| point.net.p50.minor()).collect()
}

#[test]
fn a_category_is_forecast_after_its_known_flows() {
    let last = date(2026, 1, 31);
    let past = history(date(2025, 10, 1), last, &[("payroll", -10), ("sales", 3)]);
    let found = outlook(&past, &[known("payroll", date(2026, 2, 3), -50)], &question(Step::Day), &fit).unwrap();
    // Sales go on each day; payroll is the known one on the third day, and forecast from the fourth on.
    assert_eq!(p50(&found)[..5], [3, 3, -47, -7, -7]);
    assert_eq!(found.points[2].known.minor(), -50);
    let balances: Vec<i64> = found.points.iter().map(|point| point.balance.unwrap().minor()).collect();
    assert_eq!(balances[..5], [1_003, 1_006, 959, 952, 945]);
    assert_eq!(found.components[1].known_to, Some(date(2026, 2, 3)));
}

#[test]
fn an_overdue_flow_is_expected_on_the_next_day() {
    let last = date(2026, 1, 31);
    let past = history(date(2025, 10, 1), last, &[("sales", 3)]);
    let found = outlook(&past, &[known("sales", date(2026, 1, 25), 40)], &question(Step::Day), &fit).unwrap();
    assert_eq!(p50(&found)[..3], [43, 3, 3]);
}

#[test]
fn the_rest_of_a_month_is_what_has_not_come() {
    // 31 days of January at 3 a day, and ten days of February.
    let past = history(date(2025, 10, 1), date(2026, 2, 10), &[("sales", 3)]);
    let found = outlook(&past, &[], &question(Step::Month), &fit).unwrap();
    assert_eq!((found.points[0].from, found.points[0].to), (date(2026, 2, 11), date(2026, 2, 28)));
    assert_eq!(found.points[1].from, date(2026, 3, 1));
    // The mean of four whole months (92 + 31 days) is 92.25; 30 of it came.
    assert_eq!(p50(&found)[0], 62);
    assert_eq!(found.components[0].fallback.as_deref(), Some("too_short"));
}

#[test]
fn weeks_end_with_the_history() {
    let past = history(date(2026, 1, 1), date(2026, 1, 31), &[("sales", 2)]);
    let found = outlook(&past, &[], &question(Step::Week), &fit).unwrap();
    assert_eq!((found.points[0].from, found.points[0].to), (date(2026, 2, 1), date(2026, 2, 7)));
    assert_eq!((found.points.len(), p50(&found)[0]), (13, 14));
}

#[test]
fn an_empty_book_is_forecast_by_what_is_known() {
    let empty = History { days: BTreeMap::new(), last: number_of(date(2026, 1, 31)), opening: None };
    for step in [Step::Day, Step::Week, Step::Month] {
        let found = outlook(&empty, &[known("rent", date(2026, 2, 2), -7)], &question(step), &fit).unwrap();
        assert_eq!(p50(&found).iter().sum::<i64>(), -7, "{step:?}");
        assert!(found.points.iter().all(|point| point.balance.is_none()) && found.models.is_empty());
    }
}

proptest! {
    /// Whatever was known and forecast: the balance is carried on, and the middle lies within the band.
    #[test]
    fn balances_are_carried_on(days in prop::collection::vec(-1_000_i64..1_000, 30..120), flows in prop::collection::vec((0_i64..40, -500_i64..500), 0..6)) {
        let last = number_of(date(2026, 1, 31));
        let sales = (last - days.len() as i64 + 1..=last).zip(days).collect();
        let past = History { days: BTreeMap::from([("sales".to_owned(), sales)]), last, opening: Some(77) };
        let flows: Vec<Known> = flows.iter().map(|(ahead, minor)| Known { category: "sales".to_owned(), day: last + ahead, minor: *minor }).collect();
        for step in [Step::Day, Step::Week, Step::Month] {
            let found = outlook(&past, &flows, &question(step), &fit).unwrap();
            let mut balance = 77;
            for point in &found.points {
                balance += point.net.p50.minor();
                prop_assert_eq!(point.balance.unwrap().minor(), balance);
                prop_assert!(point.net.p10.minor() <= point.net.p50.minor() && point.net.p50.minor() <= point.net.p90.minor());
            }
        }
    }
}
