use quant::QuantError;
use quant::matrix::Symmetric;
use quant::paths::{PATHS_MAX, Work};
use quant::risk::{Drift, FactorModel, Figure, MonteCarlo, Question, Shocks, normal};
use quant::series::{History, ReturnKind};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use super::tools::{book, close, history, noise, threads};

const RUN: MonteCarlo = MonteCarlo { paths: 100_000, horizon_days: 1, seed: 42 };

fn two() -> History {
    let common = noise(250, 1);
    let own = noise(250, 2);
    let first: Vec<f64> = common.iter().map(|one| one * 0.01).collect();
    let second: Vec<f64> = common.iter().zip(&own).map(|(one, other)| (0.6 * one + 0.8 * other) * 0.02).collect();
    history(&[("a", &first), ("b", &second)])
}

fn model(history: &History, shocks: Shocks) -> FactorModel {
    FactorModel::new(&history.covariance().unwrap(), vec![0.0; 2], history.kinds().to_vec(), shocks).unwrap()
}

fn ask(shocks: Shocks, run: MonteCarlo, work: Work<'_>) -> Result<Figure, QuantError> {
    let history = two();
    let book = book(&history, &[("a", 10_000_000), ("b", 5_000_000)]);
    model(&history, shocks).value_at_risk(&book, history.names(), Question::one_day(0.95), &run, work)
}

#[test]
fn normal_factors_are_within_three_errors_of_the_closed_form() {
    let history = two();
    let book = book(&history, &[("a", 10_000_000), ("b", 5_000_000)]);
    for horizon_days in [1, 10] {
        let exact = normal(&book, &history, Question { horizon_days, ..Question::one_day(0.95) }).unwrap();
        let found = ask(Shocks::Normal, MonteCarlo { horizon_days, ..RUN }, Work::alone()).unwrap();
        let (error, shortfall_error) = found.standard_errors.unwrap();
        let off = |left: kernel::Money, right: kernel::Money| (left.minor() - right.minor()).abs();
        assert!(off(found.value_at_risk, exact.value_at_risk) <= 3 * error.minor(), "{found:?} {exact:?}");
        assert!(off(found.expected_shortfall, exact.expected_shortfall) <= 3 * shortfall_error.minor());
        for (simulated, exact) in found.contributions.iter().zip(&exact.contributions) {
            assert!(off(simulated.expected_shortfall, exact.expected_shortfall) <= 5 * shortfall_error.minor());
        }
    }
}

#[test]
fn contributions_add_up_to_the_unit() {
    for shocks in [Shocks::Normal, Shocks::StudentT(4.0)] {
        let found = ask(shocks, RUN, Work::alone()).unwrap();
        assert_eq!(
            found.contributions.iter().map(|one| one.value_at_risk.minor()).sum::<i64>(),
            found.value_at_risk.minor()
        );
        let shortfalls = found.contributions.iter().map(|one| one.expected_shortfall.minor());
        assert_eq!(shortfalls.sum::<i64>(), found.expected_shortfall.minor());
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for shocks in [Shocks::Normal, Shocks::StudentT(3.0)] {
        let run = MonteCarlo { paths: 12_345, horizon_days: 5, seed: 9 };
        let alone = ask(shocks, run, Work::alone()).unwrap();
        for count in [2, 7] {
            assert_eq!(ask(shocks, run, threads(count)).unwrap(), alone);
        }
    }
}

#[test]
fn fat_tails_have_the_same_variance_and_a_larger_shortfall() {
    let history = two();
    let model = model(&history, Shocks::StudentT(4.5));
    let squares =
        model.simulate(&RUN, Work::alone(), |returns| returns[0].iter().map(|one| one * one).sum::<f64>()).unwrap();
    let variance = squares.iter().sum::<f64>() / 100_000.0;
    close(variance / history.covariance().unwrap().at(0, 0), 1.0, 0.06);
    let question = Question::one_day(0.99);
    let book = book(&history, &[("a", 10_000_000)]);
    let shortfall = |shocks| {
        let model =
            FactorModel::new(&history.covariance().unwrap(), vec![0.0; 2], history.kinds().to_vec(), shocks).unwrap();
        model.value_at_risk(&book, history.names(), question, &RUN, Work::alone()).unwrap().expected_shortfall.minor()
    };
    assert!(shortfall(Shocks::StudentT(4.5)) > shortfall(Shocks::Normal) * 11 / 10);
}

/// A year of daily steps, volatility 20 %, rate 3 %, struck at the money: 9.4134 by Black and Scholes.
#[test]
fn a_call_is_within_three_errors_of_black_and_scholes() {
    let (volatility, rate, days) = (0.2_f64, 0.03_f64, 252);
    let variance = Symmetric::diagonal(&[volatility * volatility / f64::from(days)]).unwrap();
    let drift = (rate - volatility * volatility / 2.0) / f64::from(days);
    let model = FactorModel::new(&variance, vec![drift], vec![ReturnKind::Log], Shocks::Normal).unwrap();
    let run = MonteCarlo { paths: 100_000, horizon_days: 252, seed: 1 };
    let sums = model.simulate(&run, Work::alone(), |returns| {
        let payoffs = returns[0].iter().map(|one| (100.0 * one.exp() - 100.0).max(0.0) * (-rate).exp());
        payoffs.fold((0.0, 0.0), |(sum, squares), payoff| (sum + payoff, squares + payoff * payoff))
    });
    let (sum, squares) = sums.unwrap().into_iter().fold((0.0, 0.0), |all, one| (all.0 + one.0, all.1 + one.1));
    let price = sum / 100_000.0;
    let error = ((squares / 100_000.0 - price * price) / 100_000.0).sqrt();
    let cumulative = quant::normal::cumulative;
    let first = (rate + volatility * volatility / 2.0) / volatility;
    let exact = 100.0 * cumulative(first) - 100.0 * (-rate).exp() * cumulative(first - volatility);
    close(exact, 9.4134, 1e-4);
    close(price, exact, 3.0 * error);
}

#[test]
fn simple_returns_compound_over_days() {
    let variance = Symmetric::diagonal(&[0.0]).unwrap();
    let model = FactorModel::new(&variance, vec![0.01], vec![ReturnKind::Simple], Shocks::Normal).unwrap();
    let run = MonteCarlo { paths: 1, horizon_days: 3, seed: 1 };
    let returns = model.simulate(&run, Work::alone(), |returns| returns[0][0]).unwrap();
    close(returns[0], 1.01_f64.powi(3) - 1.0, 1e-12);
}

#[test]
fn a_covariance_that_cannot_be_is_repaired_and_said() {
    let values = vec![1.0, -0.9, -0.9, -0.9, 1.0, -0.9, -0.9, -0.9, 1.0];
    let matrix = Symmetric::correlation(3, values).unwrap();
    let model = FactorModel::new(&matrix, vec![0.0; 3], vec![ReturnKind::Log; 3], Shocks::Normal).unwrap();
    close(model.repaired.unwrap(), -0.8, 1e-9);
}

#[test]
fn ten_million_paths_are_refused() {
    let found = ask(Shocks::Normal, MonteCarlo { paths: 10_000_000, ..RUN }, Work::alone());
    assert_eq!(
        found.unwrap_err(),
        QuantError::TooMany { field: "paths times factors", max: 8_000_000, found: 20_000_000 }
    );
    let single =
        model(&two(), Shocks::Normal).simulate(&MonteCarlo { paths: 10_000_000, ..RUN }, Work::alone(), |_| ());
    assert_eq!(single.unwrap_err(), QuantError::TooMany { field: "paths", max: PATHS_MAX, found: 10_000_000 });
    assert!(matches!(
        ask(Shocks::Normal, MonteCarlo { paths: 0, ..RUN }, Work::alone()),
        Err(QuantError::TooFew { .. })
    ));
}

#[test]
fn horizons_and_degrees_of_freedom_have_bounds() {
    for horizon_days in [0, 253] {
        let found = ask(Shocks::Normal, MonteCarlo { horizon_days, ..RUN }, Work::alone());
        assert!(matches!(found, Err(QuantError::OutOfRange { field: "horizon_days", .. })));
    }
    let history = two();
    for degrees in [2.0, 0.0, f64::NAN, 1e9] {
        let drift = Drift::Zero;
        assert_eq!(drift, Drift::default());
        let found = FactorModel::new(
            &history.covariance().unwrap(),
            vec![0.0; 2],
            history.kinds().to_vec(),
            Shocks::StudentT(degrees),
        );
        assert!(matches!(found, Err(QuantError::OutOfRange { field: "degrees_of_freedom", .. })), "{degrees}");
    }
}

/// A run that is stopped has done its first chunks, whatever the threads.
#[test]
fn a_stopped_run_equals_one_that_asked_for_as_much() {
    let model = model(&two(), Shocks::Normal);
    let watch = |progress: quant::paths::Progress| {
        if progress.done >= 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let sum = |returns: &[Vec<f64>]| returns[0].iter().sum::<f64>().to_bits();
    for count in [1, 2] {
        let work = Work { threads: NonZeroUsize::new(count).unwrap(), watch: &watch };
        let stopped = model.simulate(&MonteCarlo { paths: 50_000, ..RUN }, work, sum).unwrap();
        assert!((3..6).contains(&stopped.len()), "{}", stopped.len());
        let asked = model.simulate(&MonteCarlo { paths: stopped.len() * 1_000, ..RUN }, Work::alone(), sum).unwrap();
        assert_eq!(stopped, asked);
    }
}
