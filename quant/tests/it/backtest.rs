use quant::QuantError;
use quant::QuantileRule;
use quant::risk::{Light, RollingMethod, TestedDay, backtest, rolling};
use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::tools::{book, close, day, history, noise, usd};

/// Days with a loss of 2.00 on those listed and nothing on the others, against a value at risk of 1.00.
fn days(count: usize, hits: &[usize]) -> Vec<TestedDay> {
    let profit = |number: usize| if hits.contains(&number) { usd(-200) } else { usd(0) };
    (0..count).map(|number| TestedDay { date: day(number), value_at_risk: usd(100), profit: profit(number) }).collect()
}

fn spread(count: usize, hits: usize) -> Vec<usize> {
    (0..hits).map(|hit| hit * count / hits.max(1)).collect()
}

/// 10 exceedances in 250 days at 99 %: LR 12.9555 by hand.
#[test]
fn kupiec_by_hand() {
    let found = backtest(&days(250, &spread(250, 10)), 0.99).unwrap();
    let likelihood = |p: f64| 240.0 * (1.0 - p).ln() + 10.0 * p.ln();
    close(found.count.ratio, 2.0 * (likelihood(0.04) - likelihood(0.01)), 1e-9);
    close(found.count.ratio, 12.9555, 1e-4);
    let exact = 1.0 - ChiSquared::new(1.0).unwrap().cdf(found.count.ratio);
    close(found.count.p_value, exact, 1e-9);
    close(found.expected, 2.5, 1e-12);
}

#[test]
fn no_and_only_exceedances_have_a_ratio_too() {
    let none = backtest(&days(250, &[]), 0.95).unwrap();
    close(none.count.ratio, -2.0 * 250.0 * 0.95_f64.ln(), 1e-9);
    let all = backtest(&days(5, &[0, 1, 2, 3, 4]), 0.95).unwrap();
    close(all.count.ratio, -2.0 * 5.0 * 0.05_f64.ln(), 1e-9);
}

/// Ten exceedances in a row of 100 days: 89 calm pairs and one end, nine that stay. The first day is one of them.
#[test]
fn christoffersen_tells_a_cluster_from_single_ones() {
    let cluster: Vec<usize> = (0..10).collect();
    let found = backtest(&days(100, &cluster), 0.95).unwrap();
    let log = |count: f64, p: f64| if count == 0.0 { 0.0 } else { count * p.ln() };
    let apart = log(1.0, 0.1) + log(9.0, 0.9);
    let together = log(90.0, 90.0 / 99.0) + log(9.0, 9.0 / 99.0);
    close(found.independence.unwrap().ratio, 2.0 * (apart - together), 1e-9);
    assert!(found.independence.unwrap().p_value < 1e-6);
    let both = found.coverage.unwrap();
    close(both.ratio, found.count.ratio + found.independence.unwrap().ratio, 1e-9);
    close(both.p_value, 1.0 - ChiSquared::new(2.0).unwrap().cdf(both.ratio), 1e-9);
    assert!(backtest(&days(100, &spread(100, 10)), 0.95).unwrap().independence.unwrap().p_value > 0.1);
}

#[test]
fn a_single_day_says_nothing_about_independence() {
    let found = backtest(&days(1, &[]), 0.95).unwrap();
    assert_eq!((found.independence, found.coverage, found.light), (None, None, None));
    assert!(matches!(backtest(&[], 0.95), Err(QuantError::TooFew { field: "days", .. })));
}

#[test]
fn the_traffic_light_changes_at_the_known_counts() {
    for (confidence, yellow, red) in [(0.95, 18, 27), (0.99, 5, 10)] {
        for (hits, light) in
            [(yellow - 1, Light::Green), (yellow, Light::Yellow), (red - 1, Light::Yellow), (red, Light::Red)]
        {
            let found = backtest(&days(250, &spread(250, hits)), confidence).unwrap();
            assert_eq!(found.light, Some(light), "{hits} at {confidence}");
            assert_eq!((found.yellow_from as usize, found.red_from as usize), (yellow, red));
        }
    }
    // Only the last 250 days count, and fewer give no light.
    let early: Vec<usize> = (0..50).collect();
    assert_eq!(backtest(&days(300, &early), 0.99).unwrap().light, Some(Light::Green));
    assert_eq!(backtest(&days(249, &early), 0.99).unwrap().light, None);
}

#[test]
fn an_exceedance_is_strictly_below() {
    let mut two = days(2, &[]);
    two[0].profit = usd(-100);
    two[1].profit = usd(-101);
    let found = backtest(&two, 0.95).unwrap();
    assert_eq!(found.exceedances.iter().map(|one| one.date).collect::<Vec<_>>(), [day(1)]);
}

/// A thousand tests of a thousand days each, on figures that are right.
#[test]
fn a_true_model_is_refused_in_one_of_twenty_tests() {
    let z = quant::normal::quantile(0.95).unwrap();
    let numbers = noise(1_000_000, 77);
    let refused = numbers.chunks(1_000).filter(|chunk| {
        let hits: Vec<usize> = (0..1_000).filter(|place| chunk[*place] < -z).collect();
        backtest(&days(1_000, &hits), 0.95).unwrap().count.p_value < 0.05
    });
    // Counts are whole, so that the chance is 5.4 % at this length.
    let refused = refused.count();
    assert!((33..=75).contains(&refused), "{refused}");
}

#[test]
fn the_figure_of_a_day_is_held_against_the_next_day() {
    let mut returns = vec![0.01; 20];
    returns.extend([-0.5, 0.01]);
    returns[3] = -0.1;
    let history = history(&[("a", &returns)]);
    let book = book(&history, &[("a", 100_000)]);
    let found = rolling(&book, &history, 20, 0.95, RollingMethod::Historical(QuantileRule::Lower)).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].date, found[0].value_at_risk, found[0].profit), (day(20), usd(10_000), usd(-50_000)));
    assert_eq!((found[1].value_at_risk, found[1].profit), (usd(50_000), usd(1_000)));
    assert!(matches!(rolling(&book, &history, 22, 0.95, RollingMethod::Normal), Err(QuantError::TooFew { .. })));
}

#[test]
fn the_moving_window_gives_what_each_window_would() {
    let returns = noise(300, 5);
    let history = history(&[("a", &returns)]);
    let book = book(&history, &[("a", 1_000_000)]);
    let rule = QuantileRule::Linear;
    let found = rolling(&book, &history, 100, 0.95, RollingMethod::Historical(rule)).unwrap();
    for (start, day) in found.iter().enumerate() {
        let exact = -rule.of(&returns[start..start + 100], 0.05).unwrap() * 1e6;
        close(day.value_at_risk.minor() as f64, exact, 0.51);
    }
    let normal = rolling(&book, &history, 100, 0.95, RollingMethod::Normal).unwrap();
    let one = quant::risk::normal(&book, &history.last(101).last(100), quant::risk::Question::one_day(0.95));
    assert!(one.is_ok() && normal.len() == 200);
}
