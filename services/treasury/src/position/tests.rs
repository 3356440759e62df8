use jiff::civil::date;
use kernel::Timestamp;
use proptest::prelude::*;

use super::*;

fn currency(code: &str) -> Currency {
    Currency::iso(code).unwrap()
}

fn account(number: u128, entity: &str, code: &str) -> Account {
    let terms = AccountTerms {
        name: "Operating".to_owned(),
        bank: Some("chase".to_owned()),
        floor: None,
        credit_limit: None,
        credit_rate: None,
        debit_rate: None,
        basis: DayBasis::default(),
    };
    Account {
        id: AccountId::from_bits(number),
        entity: entity.to_owned(),
        source: Source::Bank(format!("bacc_{number}")),
        currency: currency(code),
        normal: None,
        terms,
        created_at: Timestamp::EPOCH,
    }
}

fn held<'a>(account: &'a Account, minor: i64, day: Date) -> Held<'a> {
    let balance = |kind, minor| Balance { kind, day, known_at: Timestamp::EPOCH, minor };
    let balances = vec![balance(Kind::Booked, minor), balance(Kind::Available, minor - 5)];
    Held { account, calendar: HolidayCalendar::Weekdays, pools: Vec::new(), balances, is_current: false, today: 7 }
}

fn terms<'a>(group: &'a [GroupBy], now: DateTime, rates: &'a BTreeMap<String, Rate>) -> Terms<'a> {
    Terms { group, now, stale_hours: 26, reporting: currency("USD"), rates }
}

#[test]
fn balances_of_different_types_are_never_mixed() {
    let one = account(1, "acme-us", "USD");
    let friday = date(2026, 1, 30);
    let rates = BTreeMap::new();
    let (lines, total) =
        positions(&[held(&one, 100, friday)], &terms(&[], date(2026, 2, 2).at(9, 0, 0, 0), &rates)).unwrap();
    let minor = |figure: &Option<Figure>| figure.as_ref().unwrap().amount.minor();
    assert_eq!((minor(&lines[0].booked), minor(&lines[0].available), minor(&lines[0].projected)), (100, 95, 107));
    assert_eq!((total.booked.minor(), total.available.minor(), total.projected.minor()), (100, 95, 107));
    assert!(!total.incomplete && !lines[0].stale, "{lines:?}");
}

#[test]
fn a_balance_is_stale_by_business_hours() {
    let one = account(1, "acme-us", "USD");
    let rates = BTreeMap::new();
    // Friday's closing: Monday is its first business day.
    for (now, stale, hours) in [
        (date(2026, 2, 2).at(23, 0, 0, 0), false, 23),
        (date(2026, 2, 3).at(2, 59, 0, 0), false, 26),
        (date(2026, 2, 3).at(3, 0, 0, 0), true, 27),
    ] {
        let (lines, _) = positions(&[held(&one, 100, date(2026, 1, 30))], &terms(&[], now, &rates)).unwrap();
        assert_eq!((lines[0].stale, lines[0].booked.as_ref().unwrap().age_hours), (stale, hours), "{now}");
    }
}

#[test]
fn without_a_rate_the_line_and_the_total_say_so() {
    let (one, other) = (account(1, "acme-us", "USD"), account(2, "acme-eu", "EUR"));
    let day = date(2026, 1, 30);
    let all = [held(&one, 100, day), held(&other, 1_000, day)];
    let now = date(2026, 1, 31).at(9, 0, 0, 0);
    let (lines, total) = positions(&all, &terms(&[GroupBy::Entity], now, &BTreeMap::new())).unwrap();
    assert!(lines[0].no_rate && lines[0].reporting.is_none(), "{lines:?}");
    assert_eq!(total.booked.minor(), 100);
    assert_eq!((total.incomplete, total.lacks), (true, vec!["no rate from EUR to USD".to_owned()]));
    let rate = Rate {
        base: currency("EUR"),
        quote: currency("USD"),
        on: day,
        rate: "1.1".to_owned(),
        source: "ECB".to_owned(),
    };
    let rates = BTreeMap::from([("EUR".to_owned(), rate)]);
    let (lines, total) = positions(&all, &terms(&[GroupBy::Entity], now, &rates)).unwrap();
    assert_eq!((total.booked.minor(), total.incomplete), (1_200, false));
    assert_eq!(lines[0].reporting.as_ref().unwrap().rate_source, "ECB");
}

#[test]
fn an_account_without_a_balance_is_in_no_sum() {
    let (one, other) = (account(1, "a", "USD"), account(2, "a", "USD"));
    let nothing = Held { balances: Vec::new(), ..held(&other, 0, date(2026, 1, 30)) };
    let rates = BTreeMap::new();
    let terms = terms(&[], date(2026, 1, 31).at(9, 0, 0, 0), &rates);
    let (lines, total) = positions(&[held(&one, 100, date(2026, 1, 30)), nothing], &terms).unwrap();
    assert_eq!((lines[0].accounts, lines[0].unknown, total.booked.minor()), (2, 1, 100));
    assert_eq!(total.lacks, ["1 accounts in USD without a balance"]);
}

#[test]
fn an_account_in_two_pools_counts_once() {
    let one = account(1, "a", "USD");
    let both = Held { pools: vec!["north", "south"], ..held(&one, 100, date(2026, 1, 30)) };
    let rates = BTreeMap::new();
    let terms = terms(&[GroupBy::Pool], date(2026, 1, 31).at(9, 0, 0, 0), &rates);
    let (lines, total) = positions(&[both], &terms).unwrap();
    assert_eq!((lines.len(), total.booked.minor()), (2, 100));
}

proptest! {
    #[test]
    fn the_total_is_the_sum_of_the_lines(amounts in prop::collection::vec((-1_000_000_i64..1_000_000, 0_usize..3, 0_usize..3), 0..40)) {
        let (codes, entities) = (["USD", "EUR", "GBP"], ["a", "b", "c"]);
        let rate = |code: &str, rate: &str| Rate {
            base: currency(code),
            quote: currency("USD"),
            on: date(2026, 1, 30),
            rate: rate.to_owned(),
            source: "ECB".to_owned(),
        };
        let rates = BTreeMap::from([("EUR".to_owned(), rate("EUR", "1.0834")), ("GBP".to_owned(), rate("GBP", "1.25"))]);
        let accounts: Vec<(Account, i64)> = amounts
            .iter()
            .zip(1_u128..)
            .map(|((minor, code, entity), number)| (account(number, entities[*entity], codes[*code]), *minor))
            .collect();
        let all: Vec<Held<'_>> = accounts.iter().map(|(one, minor)| held(one, *minor, date(2026, 1, 30))).collect();
        let group = [GroupBy::Entity, GroupBy::Bank];
        let (lines, total) = positions(&all, &terms(&group, date(2026, 1, 31).at(9, 0, 0, 0), &rates)).unwrap();
        let own = |line: &PositionLine| line.reporting.as_ref().map_or_else(
            || line.booked.as_ref().map_or(0, |figure| figure.amount.minor()),
            |converted| converted.booked.map_or(0, |money| money.minor()),
        );
        prop_assert_eq!(lines.iter().map(own).sum::<i64>(), total.booked.minor());
        prop_assert_eq!(lines.iter().map(|line| line.accounts).sum::<usize>(), all.len());
    }
}
