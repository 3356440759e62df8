use kernel::{Id, Timestamp};
use proptest::prelude::*;

use super::*;

fn iso(code: &str) -> Currency {
    Currency::iso(code).unwrap()
}

fn terms() -> Terms {
    Terms { base: iso("USD"), hand_stale_days: 400, account_stale_days: 4, rate_stale_days: 31 }
}

fn day(number: i64) -> Day {
    Day::of_number(20_000 + number)
}

fn holding(id: u128, class: AssetClass, code: &str, values: &[(i64, i64)]) -> Holding {
    let value = |(on, minor): &(i64, i64)| DayValue {
        day: day(*on).number(),
        minor: *minor,
        told: Told::Bank,
        recorded_at: Timestamp::EPOCH,
    };
    Holding {
        id: Id::from_bits(id),
        class,
        currency: iso(code),
        closed_on: None,
        values: values.iter().map(value).collect(),
    }
}

fn rate(code: &str, on: i64, rate: &str) -> Rate {
    Rate { currency: iso(code), on: day(on), rate: rate.to_owned(), source: "ECB".to_owned() }
}

fn totals(worth: &Worth) -> Vec<(i64, bool, u32)> {
    worth.days.iter().map(|day| (day.total.minor(), day.incomplete, day.stale)).collect()
}

#[test]
fn a_value_holds_until_the_next_one() {
    let cash = holding(1, AssetClass::Cash, "USD", &[(1, 100), (3, 250)]);
    let found = worth(&[cash], vec![], &terms(), (day(0), day(4))).unwrap();
    assert_eq!(totals(&found), [(0, false, 0), (100, false, 0), (100, false, 0), (250, false, 0), (250, false, 0)]);
}

#[test]
fn debts_count_against_the_total_and_closed_assets_no_more() {
    let home = Holding { closed_on: Some(day(2)), ..holding(1, AssetClass::Property, "USD", &[(0, 1_000)]) };
    let loan = holding(2, AssetClass::Debt, "USD", &[(0, 400)]);
    let found = worth(&[home, loan], vec![], &terms(), (day(0), day(2))).unwrap();
    assert_eq!(totals(&found), [(600, false, 0), (600, false, 0), (-400, false, 0)]);
    assert_eq!(found.lines.len(), 1);
}

#[test]
fn late_missing_and_unconverted_values_are_named() {
    let late = holding(1, AssetClass::Cash, "USD", &[(0, 100)]);
    let none = holding(2, AssetClass::Stocks, "USD", &[]);
    let euro = holding(3, AssetClass::Cash, "EUR", &[(0, 1_000)]);
    let found = worth(&[late, none, euro], vec![rate("EUR", 5, "1.1")], &terms(), (day(4), day(5))).unwrap();
    assert_eq!(totals(&found), [(100, true, 0), (100 + 1_100, true, 2)]);
    let states: Vec<LineState> = found.lines.iter().map(|line| line.state).collect();
    assert_eq!(states, [LineState::Stale, LineState::Missing, LineState::Stale]);
    let before = worth(&[holding(3, AssetClass::Cash, "EUR", &[(0, 1)])], vec![], &terms(), (day(0), day(0))).unwrap();
    assert_eq!((before.lines[0].state, before.lines[0].base), (LineState::NoRate, None));
    assert_eq!(before.by_currency, [Money::new(1, iso("EUR"))]);
}

#[test]
fn a_rate_converts_half_to_even_between_scales() {
    let money = |minor, code| Money::new(minor, iso(code));
    for (amount, rate, to, expected) in [
        (money(10_000, "EUR"), "1.0834", "USD", 10_834),
        (money(5, "EUR"), "1.1", "USD", 6),
        (money(25, "EUR"), "0.1", "USD", 2),
        (money(35, "EUR"), "0.1", "USD", 4),
        (money(-25, "EUR"), "0.1", "USD", -2),
        (money(1_000, "JPY"), "0.0067", "USD", 670),
        (money(100, "USD"), "149.5", "JPY", 150),
    ] {
        let found = converted(amount, nanos(rate).unwrap(), iso(to)).unwrap();
        assert_eq!(found, money(expected, to), "{amount} at {rate}");
    }
    for bad in ["0", "-1", "1e3", "", "1.0000000001", "x"] {
        assert_eq!(nanos(bad), None, "{bad}");
    }
}

proptest! {
    /// The sum of lines in every currency, with late, missing and corrected values.
    #[test]
    fn the_total_is_the_sum_of_the_lines(
        assets in prop::collection::vec((0_usize..3, 0_usize..6, prop::collection::btree_map(0_i64..60, -10_i64.pow(12)..10_i64.pow(12), 0..8)), 0..12),
        rates in prop::collection::vec((0_usize..3, 0_i64..60, 1_u32..5_000_000), 0..12),
        to in 0_i64..60,
    ) {
        let codes = ["USD", "EUR", "JPY"];
        let classes = [AssetClass::Cash, AssetClass::Bonds, AssetClass::Stocks, AssetClass::Property, AssetClass::Other, AssetClass::Debt];
        let holdings: Vec<Holding> = assets.iter().enumerate().map(|(id, (code, class, values))| {
            let values: Vec<(i64, i64)> = values.iter().map(|(day, minor)| (*day, *minor)).collect();
            holding(id as u128, classes[*class], codes[*code], &values)
        }).collect();
        let mut sorted: Vec<Rate> = rates.iter().map(|(code, on, nanos)| rate(codes[*code], *on, &format!("0.{nanos:06}").replace("0.", "1."))).collect();
        sorted.sort_by_key(|rate| rate.on);
        let found = worth(&holdings, sorted, &terms(), (day(0), day(to))).unwrap();
        let last = found.days.last().unwrap();
        let sum: i64 = found.lines.iter().filter_map(|line| line.base).map(|base| base.minor()).sum();
        prop_assert_eq!(last.total.minor(), sum);
        prop_assert_eq!(last.incomplete, found.lines.iter().any(|line| line.base.is_none()));
        for own in &found.by_currency {
            let lines = found.lines.iter().filter_map(|line| line.amount).filter(|one| one.currency() == own.currency());
            prop_assert_eq!(own.minor(), lines.map(|one| one.minor()).sum::<i64>());
        }
    }
}
