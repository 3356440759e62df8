use kernel::Money;
use proptest::prelude::*;
use quant::QuantError;
use quant::cash::{
    DayCount, Direction, Member, Pool, PoolAccount, Proposal, Rule, SkippedBecause, check_headers, miller_orr,
    notional_interest, propose,
};

use super::tools::{close, currency, usd};

pub(crate) fn account(name: &str, balance: i64, floor: i64) -> PoolAccount {
    PoolAccount { name: name.to_owned(), balance: usd(balance), floor: usd(floor), credit_limit: usd((-floor).max(0)) }
}

pub(crate) fn member(name: &str, balance: i64, rule: Rule) -> Member {
    Member {
        account: account(name, balance, 0),
        rule,
        direction: Direction::Both,
        minimum: usd(0),
        multiple: usd(1),
        priority: 1,
    }
}

fn pool(header: i64, members: Vec<Member>) -> Pool {
    Pool { header: account("header", header, 0), members }
}

fn ask(header: i64, members: Vec<Member>) -> Proposal {
    propose(&pool(header, members)).unwrap()
}

/// Moves into the header are positive.
fn moves(proposal: &Proposal) -> Vec<(String, i64)> {
    let signed = |one: &quant::cash::Move| {
        if one.to == "header" { (one.from.clone(), one.amount.minor()) } else { (one.to.clone(), -one.amount.minor()) }
    };
    proposal.moves.iter().map(signed).collect()
}

#[test]
fn five_rules_by_hand() {
    let threshold = Rule::Threshold { above: usd(500), down_to: usd(200) };
    let range = Rule::Range { low: usd(100), high: usd(300) };
    for (rule, balance, expected) in [
        (Rule::Zero, 700, 700),
        (Rule::Zero, -50, -50),
        (Rule::Target(usd(250)), 700, 450),
        (Rule::Target(usd(250)), 100, -150),
        (threshold, 500, 0),
        (threshold, 501, 301),
        (threshold, 0, 0),
        (range, 301, 1),
        (range, 200, 0),
        (range, 40, -60),
        (Rule::Percent("12.5".parse().unwrap()), 801, 100),
    ] {
        let mut one = member("a", balance, rule);
        one.account = account("a", balance, -100);
        if matches!(rule, Rule::Percent(_)) {
            one.account = account("a", balance, 0);
        }
        let found = ask(10_000, vec![one]);
        assert_eq!(moves(&found).iter().map(|(_, amount)| amount).sum::<i64>(), expected, "{rule:?} {balance}");
    }
}

#[test]
fn directions_are_kept() {
    for (direction, expected) in [(Direction::Concentrate, vec![("rich", 100)]), (Direction::Fund, vec![("poor", -20)])]
    {
        let change = |name: &str, balance| Member { direction, ..member(name, balance, Rule::Target(usd(50))) };
        let found = moves(&ask(1_000, vec![change("rich", 150), change("poor", 30)]));
        assert_eq!(found, expected.into_iter().map(|(name, amount)| (name.to_owned(), amount)).collect::<Vec<_>>());
    }
}

#[test]
fn small_moves_are_skipped_and_multiples_kept() {
    let small = Member { minimum: usd(1_000), ..member("a", 999, Rule::Zero) };
    let found = ask(0, vec![small]);
    assert_eq!((found.moves.len(), found.skipped[0].because), (0, SkippedBecause::BelowMinimum));
    let given = Member { multiple: usd(100), ..member("a", 1_050, Rule::Zero) };
    let funded = Member { multiple: usd(100), ..member("b", -110, Rule::Zero) };
    let funded = Member { account: account("b", -110, -500), ..funded };
    assert_eq!(moves(&ask(0, vec![given, funded])), [("a".to_owned(), 1_000), ("b".to_owned(), -200)]);
}

#[test]
fn who_comes_first_is_funded_first_and_the_rest_is_said() {
    let want = |name: &str, priority| Member { priority, ..member(name, 0, Rule::Target(usd(60))) };
    let found = ask(100, vec![want("later", 2), want("first", 1)]);
    assert_eq!(moves(&found), [("first".to_owned(), -60), ("later".to_owned(), -40)]);
    assert_eq!((found.skipped[0].amount, found.skipped[0].because), (usd(20), SkippedBecause::HeaderShort));
}

#[test]
fn pools_that_make_no_sense_are_refused() {
    let refuse = |pool: Pool| propose(&pool).unwrap_err();
    assert_eq!(refuse(pool(1, vec![])), QuantError::PoolOfOne);
    let mut euros = member("a", 1, Rule::Zero);
    euros.account.balance = Money::new(1, currency("EUR"));
    assert!(matches!(refuse(pool(1, vec![euros])), QuantError::Currency { .. }));
    let mut deep = member("a", 1, Rule::Zero);
    deep.account.floor = usd(-100);
    assert!(matches!(refuse(pool(1, vec![deep])), QuantError::FloorBelowLimit { floor: -100, limit: 0, .. }));
    let twice = vec![member("a", 1, Rule::Zero), member("a", 2, Rule::Zero)];
    assert!(matches!(refuse(pool(1, twice)), QuantError::Duplicate { .. }));
    let range = member("a", 1, Rule::Range { low: usd(2), high: usd(1) });
    assert!(matches!(refuse(pool(1, vec![range])), QuantError::EndsBeforeStart { field: "rule" }));
    let none = Member { multiple: usd(0), ..member("a", 1, Rule::Zero) };
    assert!(matches!(refuse(pool(1, vec![none])), QuantError::NotPositive { .. }));
    let huge = member("a", 10_i64.pow(18), Rule::Zero);
    assert!(matches!(refuse(pool(1, vec![huge])), QuantError::AmountTooLarge { .. }));
}

#[test]
fn a_cycle_of_headers_is_refused() {
    assert_eq!(check_headers(&[("a", &["b", "c"]), ("b", &["d"])]), Ok(()));
    let cycle = check_headers(&[("a", &["b"]), ("b", &["c"]), ("c", &["a"])]);
    assert_eq!(cycle, Err(QuantError::HeaderCycle { account: "a".to_owned() }));
    assert!(check_headers(&[("a", &["a"])]).is_err());
}

/// 3.6 % on $2,000.00 is 20.00 cents a day: shares of 3, -1 and 0 halves.
#[test]
fn notional_interest_is_split_by_contribution() {
    let balances = [("a".to_owned(), usd(300_000)), ("b".to_owned(), usd(-100_000)), ("c".to_owned(), usd(0))];
    let (total, shares) = notional_interest(&balances, 0.036, 0.1, DayCount::Actual360).unwrap();
    assert_eq!(total, usd(20));
    assert_eq!(shares.iter().map(|one| one.interest.minor()).collect::<Vec<_>>(), [30, -10, 0]);
    let short = [("a".to_owned(), usd(-360_000)), ("b".to_owned(), usd(0))];
    assert_eq!(notional_interest(&short, 0.036, 0.1, DayCount::Actual360).unwrap().0, usd(-100));
    let even = [("a".to_owned(), usd(5)), ("b".to_owned(), usd(-5))];
    assert_eq!(notional_interest(&even, 0.03, 0.1, DayCount::Actual365).unwrap().0, usd(0));
    assert_eq!(notional_interest(&even[..1], 0.03, 0.1, DayCount::Actual365), Err(QuantError::PoolOfOne));
}

/// Floor $10,000, cost $50, deviation $1,000 a day, 0.025 % a day.
#[test]
fn miller_and_orrs_target_by_hand() {
    let found = miller_orr(usd(1_000_000), usd(5_000), 100_000.0, 0.000_25).unwrap();
    // 3 (3 * 50 * 1,000^2 / (4 * 0.00025))^(1/3) = 3 * 5,313.29
    close(found.spread.minor() as f64, 1_593_988.0, 1.0);
    close(found.target.minor() as f64, 1_000_000.0 + 531_329.0, 1.0);
    assert!(matches!(miller_orr(usd(0), usd(1), 1.0, 0.0), Err(QuantError::NotPositive { field: "daily_rate", .. })));
    assert!(matches!(miller_orr(usd(0), usd(1), f64::NAN, 0.1), Err(QuantError::OutOfRange { .. })));
}

proptest! {
    #[test]
    fn moves_keep_floors_multiples_and_the_sum(
        header in 0_i64..100_000, balances in prop::collection::vec(-5_000_i64..50_000, 1..12),
        target in 0_i64..20_000, multiple in 1_i64..500, minimum in 0_i64..2_000,
    ) {
        let members: Vec<Member> = balances.iter().enumerate().map(|(place, balance)| Member {
            account: account(&place.to_string(), *balance, -5_000),
            multiple: usd(multiple), minimum: usd(minimum), priority: place as u16,
            ..member("x", 0, Rule::Target(usd(target)))
        }).collect();
        let found = ask(header, members);
        let mut left = header;
        for (name, amount) in moves(&found) {
            prop_assert!(amount.abs() % multiple == 0 && amount.abs() >= minimum);
            let before = balances[name.parse::<usize>().unwrap()];
            prop_assert!(before - amount >= -5_000);
            left += amount;
        }
        prop_assert!(left >= 0, "{left}");
    }
}
