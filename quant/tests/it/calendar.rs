use jiff::civil::{Date, date};
use proptest::prelude::*;
use quant::QuantError;
use quant::calendar::{Calendar, DayOfMonth, DayRule, Every, Holidays, Recurrence, days};

fn us() -> Calendar {
    Calendar::new(&[Holidays::UnitedStates], vec![]).unwrap()
}

fn target() -> Calendar {
    Calendar::new(&[Holidays::Target], vec![]).unwrap()
}

fn holidays(calendar: &Calendar, year: i16) -> Vec<Date> {
    days(date(year, 1, 1), date(year, 12, 31)).unwrap().into_iter().filter(|day| calendar.is_holiday(*day)).collect()
}

#[test]
fn the_federal_reserve_is_closed_on_eleven_days_of_2026() {
    let known = [(1, 1), (1, 19), (2, 16), (5, 25), (6, 19), (7, 4), (9, 7), (10, 12), (11, 11), (11, 26), (12, 25)];
    assert_eq!(holidays(&us(), 2026), known.map(|(month, day)| date(2026, month, day)));
}

#[test]
fn a_holiday_on_sunday_moves_to_monday_and_one_on_saturday_does_not() {
    assert!(us().is_holiday(date(2023, 1, 2)) && us().is_holiday(date(2021, 7, 5)));
    assert!(us().is_business_day(date(2026, 7, 3)));
}

#[test]
fn target_is_closed_on_six_days() {
    let known = [(1, 1), (4, 3), (4, 6), (5, 1), (12, 25), (12, 26)];
    assert_eq!(holidays(&target(), 2026), known.map(|(month, day)| date(2026, month, day)));
}

#[test]
fn dates_move_by_rule() {
    // Saturday 31 January 2026.
    let saturday = date(2026, 1, 31);
    for (rule, expected) in [
        (DayRule::Unadjusted, saturday),
        (DayRule::Following, date(2026, 2, 2)),
        (DayRule::ModifiedFollowing, date(2026, 1, 30)),
        (DayRule::Preceding, date(2026, 1, 30)),
    ] {
        assert_eq!(us().adjust(saturday, rule), Ok(expected), "{rule:?}");
    }
    assert_eq!(us().adjust(date(2026, 2, 1), DayRule::ModifiedPreceding), Ok(date(2026, 2, 2)));
}

#[test]
fn business_days_are_counted_over_holidays() {
    assert_eq!(target().plus_business_days(date(2026, 4, 2), 1), Ok(date(2026, 4, 7)));
    assert_eq!(target().plus_business_days(date(2026, 4, 7), -1), Ok(date(2026, 4, 2)));
    assert_eq!(us().place_in_month(date(2026, 1, 30)), Ok(Some((20, 1))));
    assert_eq!(us().place_in_month(date(2026, 1, 31)), Ok(None));
}

#[test]
fn an_age_counts_the_minutes_of_business_days() {
    let friday = date(2026, 1, 9).at(18, 0, 0, 0);
    let monday = date(2026, 1, 12).at(9, 30, 0, 0);
    assert_eq!(us().business_minutes(friday, monday), Ok(6 * 60 + 9 * 60 + 30));
    assert_eq!(us().business_minutes(monday, friday), Ok(0));
}

#[test]
fn an_extra_holiday_counts() {
    let house = Calendar::new(&[Holidays::Target], vec![date(2026, 6, 5)]).unwrap();
    assert!(!house.is_business_day(date(2026, 6, 5)));
}

fn monthly(on: DayOfMonth, rule: DayRule) -> Recurrence {
    Recurrence { start: date(2026, 1, 1), until: None, every: Every::Months { months: 1, on }, rule }
}

#[test]
fn recurring_dates_take_the_last_day_of_short_months() {
    let dates = monthly(DayOfMonth::Day(31), DayRule::Unadjusted);
    let found = dates.dates(date(2026, 1, 1), date(2026, 4, 30), &us()).unwrap();
    assert_eq!(found, [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]);
    let last = monthly(DayOfMonth::BusinessDay(-1), DayRule::Following);
    let found = last.dates(date(2026, 1, 1), date(2026, 2, 28), &us()).unwrap();
    assert_eq!(found, [date(2026, 1, 30), date(2026, 2, 27)]);
}

#[test]
fn recurring_dates_stop_at_their_end_and_begin_at_their_start() {
    let weekly = Recurrence {
        start: date(2026, 1, 5),
        until: Some(date(2026, 1, 20)),
        every: Every::Weeks(1),
        rule: DayRule::Following,
    };
    // The 19th is a holiday.
    let found = weekly.dates(date(2025, 1, 1), date(2026, 12, 31), &us()).unwrap();
    assert_eq!(found, [date(2026, 1, 5), date(2026, 1, 12), date(2026, 1, 20)]);
}

#[test]
fn recurrences_that_make_no_sense_are_refused() {
    let every = |every| Recurrence { every, ..monthly(DayOfMonth::Day(1), DayRule::Following) };
    let ask = |recurrence: Recurrence| recurrence.dates(date(2026, 1, 1), date(2026, 2, 1), &us());
    assert!(matches!(ask(every(Every::Weeks(0))), Err(QuantError::OutOfRange { field: "every", .. })));
    assert!(matches!(
        ask(monthly(DayOfMonth::Day(0), DayRule::Following)),
        Err(QuantError::OutOfRange { field: "day", .. })
    ));
    assert!(matches!(ask(monthly(DayOfMonth::Day(32), DayRule::Following)), Err(QuantError::OutOfRange { .. })));
    assert!(matches!(ask(monthly(DayOfMonth::BusinessDay(0), DayRule::Following)), Err(QuantError::OutOfRange { .. })));
    let far = every(Every::Weeks(1)).dates(date(2026, 1, 1), date(9000, 1, 1), &us());
    assert!(matches!(far, Err(QuantError::TooMany { field: "occurrences", .. })));
    assert!(matches!(days(date(1, 1, 1), date(9999, 1, 1)), Err(QuantError::TooMany { field: "days", .. })));
}

proptest! {
    #[test]
    fn adjusted_dates_are_business_days(offset in 0_i64..20_000, rule in prop::sample::select(vec![DayRule::Following, DayRule::ModifiedFollowing, DayRule::Preceding, DayRule::ModifiedPreceding])) {
        let calendar = Calendar::new(&[Holidays::UnitedStates, Holidays::Target], vec![]).unwrap();
        let day = date(2000, 1, 1).checked_add(jiff::Span::new().days(offset)).unwrap();
        let moved = calendar.adjust(day, rule).unwrap();
        prop_assert!(calendar.is_business_day(moved));
        if matches!(rule, DayRule::ModifiedFollowing | DayRule::ModifiedPreceding) {
            prop_assert_eq!(moved.month(), day.month());
        }
    }
}
