use quant::QuantError;
use quant::paths::Work;
use quant::risk::{AtRisk, LiquidityAccount, LiquidityQuestion, liquidity_at_risk};

use super::tools::{close, currency, noise, threads, usd};

fn question(paths: usize) -> LiquidityQuestion {
    LiquidityQuestion { currency: currency("USD"), paths, block_days: 1, seed: 3 }
}

/// $1,000 above its floor, with daily errors of about $500.
fn account(name: &str, entity: &str, seed: u64) -> LiquidityAccount {
    LiquidityAccount {
        name: name.to_owned(),
        entity: entity.to_owned(),
        floor: usd(20_000),
        expected: vec![usd(120_000); 4],
        moves: vec![],
        errors: standard(2_000, seed).iter().map(|one| one * 50_000.0).collect(),
    }
}

/// Noise with a mean of zero and a deviation of one.
fn standard(count: usize, seed: u64) -> Vec<f64> {
    let numbers = noise(count, seed);
    let mean = numbers.iter().sum::<f64>() / count as f64;
    let variance = numbers.iter().map(|one| (one - mean) * (one - mean)).sum::<f64>() / count as f64;
    numbers.iter().map(|one| (one - mean) / variance.sqrt()).collect()
}

fn run(accounts: &[LiquidityAccount], question: &LiquidityQuestion, work: Work<'_>) -> Vec<AtRisk> {
    liquidity_at_risk(accounts, question, work).unwrap()
}

/// Errors add up day by day: their deviation is 500 times the root of the days.
#[test]
fn the_chance_follows_the_sum_of_errors() {
    let found = run(&[account("a", "x", 1)], &question(100_000), Work::alone());
    for (day, dated) in found[0].without_sweep.iter().enumerate() {
        let exact = quant::normal::cumulative(-2.0 / ((day + 1) as f64).sqrt());
        close(dated.chance, exact, 0.012);
    }
    // Beyond z = 2 a normal number lies 0.373 further on average.
    close(found[0].without_sweep[0].depth.minor() as f64, 0.373 * 50_000.0, 2_500.0);
    assert_eq!(found[0].without_sweep, found[0].with_sweep);
}

#[test]
fn a_move_counts_from_its_day_on() {
    let mut one = account("a", "x", 1);
    one.moves = vec![usd(0), usd(1_000_000), usd(0), usd(-1_000_000)];
    let found = run(&[one], &question(10_000), Work::alone());
    let chances = |dated: &[quant::risk::Dated]| dated.iter().map(|one| one.chance).collect::<Vec<_>>();
    let (without, with) = (chances(&found[0].without_sweep), chances(&found[0].with_sweep));
    assert_eq!((with[1], with[2]), (0.0, 0.0));
    assert_eq!((with[0], with[3]), (without[0], without[3]));
}

#[test]
fn accounts_of_an_entity_stand_for_each_other() {
    let accounts = [account("a", "x", 1), account("b", "x", 2), account("c", "y", 3)];
    let found = run(&accounts, &question(20_000), Work::alone());
    let names: Vec<(&str, bool)> = found.iter().map(|one| (one.name.as_str(), one.is_entity)).collect();
    assert_eq!(names, [("a", false), ("b", false), ("c", false), ("x", true), ("y", true)]);
    assert!(found[3].without_sweep[3].chance < found[0].without_sweep[3].chance);
    assert_eq!(found[4].without_sweep, found[2].without_sweep);
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let accounts = [account("a", "x", 1), account("b", "x", 2)];
    assert_eq!(run(&accounts, &question(5_500), Work::alone()), run(&accounts, &question(5_500), threads(3)));
}

#[test]
fn no_accounts_are_an_answer_and_bad_input_is_refused() {
    assert_eq!(run(&[], &question(10), Work::alone()), []);
    let ask = |change: &dyn Fn(&mut LiquidityAccount), question: LiquidityQuestion| {
        let mut one = account("a", "x", 1);
        change(&mut one);
        liquidity_at_risk(&[one], &question, Work::alone()).unwrap_err()
    };
    assert!(matches!(ask(&|one| one.errors.truncate(3), question(10)), QuantError::TooFew { field: "errors", .. }));
    assert!(matches!(
        ask(&|one| one.errors[7] = f64::NAN, question(10)),
        QuantError::NotFinite { field: "errors", at: 7 }
    ));
    assert!(matches!(ask(&|one| one.expected.clear(), question(10)), QuantError::TooFew { field: "expected", .. }));
    assert!(matches!(ask(&|one| one.moves.push(usd(1)), question(10)), QuantError::Length { field: "moves", .. }));
    assert!(matches!(ask(&|_| (), question(10_000_000)), QuantError::TooMany { field: "paths", .. }));
    let block = LiquidityQuestion { block_days: 0, ..question(10) };
    assert!(matches!(ask(&|_| (), block), QuantError::TooFew { field: "block_days", .. }));
}
