use proptest::prelude::*;
use quant::QuantError;
use quant::cash::{
    DayCount, Member, PlanAccount, PlanLimits, PlanStatus, PoolAccount, Rule, Serves, SweepPlan, SweepProblem, explain,
    plan,
};

use super::pools::{account, member};
use super::tools::usd;

/// 3.6 % on what is there and 36 % on what is drawn: a cent a day on $100 and on $10.
fn planned(account: PoolAccount, credit_rate: f64, forecast: &[i64]) -> PlanAccount {
    let forecast = forecast.iter().map(|minor| usd(*minor)).collect();
    PlanAccount { account, credit_rate, debit_rate: 0.36, basis: DayCount::Actual360, forecast }
}

fn problem(header: PlanAccount, members: Vec<PlanAccount>) -> SweepProblem {
    let open = vec![true; header.forecast.len()];
    SweepProblem { header, members, open, fee: usd(0), minimum: usd(0), multiple: usd(1), rules: vec![] }
}

fn solve(problem: &SweepProblem) -> SweepPlan {
    plan(problem, PlanLimits::default()).unwrap()
}

fn steps(plan: &SweepPlan) -> Vec<(usize, &str, &str, i64)> {
    plan.moves.iter().map(|one| (one.day, one.from.as_str(), one.to.as_str(), one.amount.minor())).collect()
}

#[test]
fn cash_goes_where_it_earns_and_comes_back_when_it_is_needed() {
    let header = planned(account("header", 0, 0), 0.036, &[0, 0, 0]);
    let payer = planned(account("a", 1_000_000, 100_000), 0.0, &[0, 0, -500_000]);
    let found = solve(&problem(header, vec![payer]));
    assert_eq!(steps(&found), [(0, "a", "header", 900_000), (2, "header", "a", 500_000)]);
    // 90 + 90 + 40 cents.
    assert_eq!((found.earns, found.beside_nothing, found.status), (usd(220), Some(usd(220)), PlanStatus::Optimal));
    assert_eq!(found.balances[1], [usd(100_000), usd(100_000), usd(100_000)]);
}

#[test]
fn on_a_closed_day_money_has_to_be_there_before() {
    let header = planned(account("header", 1_000, 0), 0.036, &[0, 0, 0]);
    let payer = planned(account("a", 0, 0), 0.0, &[0, 0, -700]);
    let mut closed = problem(header, vec![payer]);
    closed.open = vec![true, true, false];
    assert_eq!(steps(&solve(&closed)), [(1, "header", "a", 700)]);
}

#[test]
fn a_draw_is_paid_back_as_dear_as_it_is() {
    let mut drawn = account("a", -80_000, -100_000);
    drawn.credit_limit = usd(100_000);
    let header = planned(account("header", 50_000, 0), 0.036, &[0]);
    let found = solve(&problem(header, vec![planned(drawn, 0.0, &[0])]));
    assert_eq!(steps(&found), [(0, "header", "a", 50_000)]);
    assert_eq!(found.earns, usd(-30));
}

#[test]
fn what_is_missing_is_named_with_account_and_day() {
    let header = planned(account("header", 300, 0), 0.0, &[0, 0]);
    let payer = planned(account("a", 100, 50), 0.0, &[0, -1_000]);
    let found = plan(&problem(header, vec![payer]), PlanLimits::default());
    assert_eq!(found, Err(QuantError::Infeasible { account: "a".to_owned(), day: 1, missing: 650 }));
}

#[test]
fn a_fee_is_only_paid_where_the_move_earns_it() {
    let make = |fee| {
        let header = planned(account("header", 0, 0), 0.036, &[0, 0]);
        let members = [("big", 10_000_000), ("small", 100_000)]
            .map(|(name, minor)| planned(account(name, minor, 0), 0.0, &[0, 0]));
        SweepProblem { fee: usd(fee), ..problem(header, members.to_vec()) }
    };
    // Two days earn 2,000 and 20.
    assert_eq!(steps(&solve(&make(10))).len(), 2);
    assert_eq!(steps(&solve(&make(30))), [(0, "big", "header", 10_000_000)]);
    let none = solve(&make(5_000));
    assert_eq!((steps(&none).len(), none.earns), (0, usd(0)));
}

#[test]
fn moves_are_multiples_and_not_below_the_minimum() {
    let header = planned(account("header", 10_000, 2_000), 0.036, &[0, 0]);
    let needs = planned(account("a", 0, 0), 0.0, &[-150, -20]);
    let gives = planned(account("b", 7_777, 0), 0.0, &[0, 0]);
    let found = solve(&SweepProblem { minimum: usd(500), multiple: usd(100), ..problem(header, vec![needs, gives]) });
    assert!(found.moves.iter().all(|one| one.amount.minor() % 100 == 0 && one.amount.minor() >= 500), "{found:?}");
    assert!(found.balances[1].iter().all(|balance| balance.minor() >= 0));
}

#[test]
fn a_plan_is_held_against_the_rules() {
    let header = planned(account("header", 0, 0), 0.036, &[0, 0]);
    let members =
        vec![planned(account("a", 100_000, 0), 0.0, &[0, 0]), planned(account("b", 50_000, 0), 0.036, &[0, 0])];
    let rules: Vec<Member> = vec![member("a", 0, Rule::Target(usd(40_000))), member("b", 0, Rule::Zero)];
    let found = solve(&SweepProblem { rules, ..problem(header, members) });
    // The rules leave $400 where it earns nothing.
    assert_eq!((found.beside_nothing, found.beside_rules), (Some(usd(20)), Some(usd(8))));
}

/// The rules would move $2.50 where only whole hundreds can be moved.
#[test]
fn rules_with_other_sizes_are_no_plan() {
    let header = planned(account("header", 0, 0), 0.036, &[0]);
    let members = vec![planned(account("a", 250, 0), 0.0, &[0])];
    let rules = vec![member("a", 0, Rule::Zero)];
    let found = solve(&SweepProblem { rules, multiple: usd(10_000), ..problem(header, members) });
    assert_eq!((found.moves.len(), found.beside_rules), (0, None));
}

#[test]
fn a_move_says_what_it_serves() {
    let header = planned(account("header", 1_000_000, 0), 0.036, &[0, 0]);
    let needs = planned(account("a", 0, 0), 0.0, &[0, -300]);
    let idle = planned(account("b", 400_000, 0), 0.0, &[0, 0]);
    let problem = problem(header, vec![needs, idle]);
    let found = solve(&problem);
    let serve = |name: &str| {
        let one = found.moves.iter().find(|one| one.from == name || one.to == name).unwrap();
        explain(&problem, one, PlanLimits::default()).unwrap()
    };
    // Without today's move, tomorrow's earns all but a day.
    assert_eq!(serve("b"), Serves::Earnings(usd(40)));
    let mut closed = problem.clone();
    closed.open = vec![false, true];
    let planned = solve(&closed);
    let one = planned.moves.iter().find(|one| one.to == "a").unwrap();
    let lacks = Serves::Floor { account: "a".to_owned(), day: 1, missing: usd(300) };
    assert_eq!(explain(&closed, one, PlanLimits::default()), Ok(lacks));
}

#[test]
fn problems_that_make_no_sense_are_refused() {
    let base = || problem(planned(account("header", 0, 0), 0.0, &[0]), vec![planned(account("a", 0, 0), 0.0, &[0])]);
    let refuse = |change: &dyn Fn(&mut SweepProblem)| {
        let mut problem = base();
        change(&mut problem);
        plan(&problem, PlanLimits::default()).unwrap_err()
    };
    assert_eq!(refuse(&|one| one.members.clear()), QuantError::PoolOfOne);
    assert!(matches!(refuse(&|one| one.open.clear()), QuantError::TooFew { field: "days", .. }));
    assert!(matches!(refuse(&|one| one.members[0].forecast.clear()), QuantError::Length { field: "forecast", .. }));
    assert!(matches!(
        refuse(&|one| one.header.credit_rate = f64::NAN),
        QuantError::OutOfRange { field: "credit_rate", .. }
    ));
    assert!(matches!(refuse(&|one| one.header.credit_rate = 0.9), QuantError::OutOfRange { field: "debit_rate", .. }));
    assert!(matches!(refuse(&|one| one.multiple = usd(0)), QuantError::NotPositive { field: "multiple", .. }));
    assert!(matches!(refuse(&|one| one.members[0].account.floor = usd(-9)), QuantError::FloorBelowLimit { .. }));
    let many = |one: &mut SweepProblem| one.open = vec![true; 2_501];
    assert!(matches!(refuse(&many), QuantError::TooMany { field: "accounts times days", .. }));
}

/// All moves of up to a few units for one member over two days.
fn brute_force(problem: &SweepProblem) -> Option<f64> {
    let mut best: Option<f64> = None;
    for first in -12_i64..=12 {
        for second in -12_i64..=12 {
            let mut earns = 0.0;
            let mut kept = true;
            for (account, sign) in [(&problem.header, -1), (&problem.members[0], 1)] {
                let mut balance = account.account.balance.minor();
                for (flow, step) in account.forecast.iter().zip([first, second]) {
                    balance += flow.minor() + sign * step;
                    kept &= balance >= account.account.floor.minor();
                    let rate = if balance < 0 { account.debit_rate } else { account.credit_rate };
                    earns += balance as f64 * rate / 360.0;
                }
            }
            if kept && best.is_none_or(|best| earns > best) {
                best = Some(earns);
            }
        }
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn tiny_plans_equal_brute_force(
        balances in (0_i64..6, -2_i64..6), flows in prop::collection::vec(-3_i64..4, 4), floors in (-2_i64..3, -2_i64..3), high in 0.0_f64..0.3,
    ) {
        let header = planned(account("header", balances.0, floors.0), high, &flows[..2]);
        let member = planned(account("a", balances.1, floors.1), 0.1, &flows[2..]);
        let problem = problem(header, vec![member]);
        match (plan(&problem, PlanLimits::default()), brute_force(&problem)) {
            (Ok(found), Some(best)) => {
                // What it says it earns is rounded; its balances are not.
                let accounts = [&problem.header, &problem.members[0]];
                let earns: f64 = found.balances.iter().zip(accounts).flat_map(|(days, account)| days.iter().map(|balance| {
                    let rate = if balance.minor() < 0 { account.debit_rate } else { account.credit_rate };
                    balance.minor() as f64 * rate / 360.0
                })).sum();
                prop_assert!((earns - best).abs() < 1e-7, "{earns} {best}");
            }
            (Err(QuantError::Infeasible { .. }), None) => {}
            (found, best) => prop_assert!(false, "{found:?} {best:?}"),
        }
    }

    #[test]
    fn plans_keep_floors_sum_to_zero_and_beat_nothing_and_rules(
        header in 0_i64..1_000_000, balances in prop::collection::vec(0_i64..1_000_000, 2..5), flows in prop::collection::vec(-100_000_i64..120_000, 30),
        rates in prop::collection::vec(0.0_f64..0.1, 6), multiple in prop::sample::select(vec![1_i64, 1_000]), fee in prop::sample::select(vec![0_i64, 50]),
    ) {
        let days = 5;
        let forecast = |place: usize| &flows[place * days..(place + 1) * days];
        let members: Vec<PlanAccount> = balances.iter().enumerate()
            .map(|(place, balance)| planned(account(&place.to_string(), *balance, 0), rates[place], forecast(place + 1))).collect();
        let rules = balances.iter().enumerate().map(|(place, _)| member(&place.to_string(), 0, Rule::Target(usd(10_000)))).collect();
        let header = planned(account("header", header, 0), rates[5], forecast(0));
        let problem = SweepProblem { multiple: usd(multiple), fee: usd(fee), rules, ..problem(header, members) };
        let Ok(found) = plan(&problem, PlanLimits::default()) else { return Ok(()) };
        for (day, _) in problem.open.iter().enumerate() {
            let planned: i64 = found.balances.iter().map(|days| days[day].minor()).sum();
            let before = problem.header.account.balance.minor() + balances.iter().sum::<i64>();
            let flowed: i64 = (0..=balances.len()).map(|place| forecast(place)[..=day].iter().sum::<i64>()).sum();
            prop_assert_eq!(planned, before + flowed);
            prop_assert!(found.balances.iter().all(|days| days[day].minor() >= 0));
        }
        prop_assert!(found.beside_nothing.is_none_or(|gain| gain.minor() >= 0));
        prop_assert!(found.beside_rules.is_none_or(|gain| gain.minor() >= 0));
        prop_assert!(found.moves.iter().all(|one| one.amount.minor() % multiple == 0));
    }
}
