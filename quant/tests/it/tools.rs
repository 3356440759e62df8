//! Builders that tests share.

use std::num::NonZeroUsize;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use kernel::{Currency, Money};
use quant::paths::Work;
use quant::risk::{Book, Exposure};
use quant::series::{Factor, History, Point, ReturnKind};

pub(crate) fn currency(code: &str) -> Currency {
    Currency::iso(code).unwrap()
}

pub(crate) fn usd(minor: i64) -> Money {
    Money::new(minor, currency("USD"))
}

pub(crate) fn day(number: usize) -> Date {
    date(2020, 1, 1) + i64::try_from(number).unwrap().days()
}

pub(crate) fn points(values: &[f64]) -> Vec<Point> {
    values.iter().enumerate().map(|(number, value)| Point { date: day(number), value: *value }).collect()
}

/// A history of factors given by their daily returns.
pub(crate) fn history(factors: &[(&str, &[f64])]) -> History {
    let factors: Vec<Factor> = factors
        .iter()
        .map(|(name, returns)| Factor::from_returns(name, ReturnKind::Log, points(returns)).unwrap())
        .collect();
    History::align(&factors).unwrap()
}

pub(crate) fn book(history: &History, amounts: &[(&str, i64)]) -> Book {
    let exposures: Vec<Exposure> =
        amounts.iter().map(|(factor, minor)| Exposure { factor: (*factor).to_owned(), amount: usd(*minor) }).collect();
    Book::new(currency("USD"), &exposures, history.names()).unwrap()
}

pub(crate) fn threads(count: usize) -> Work<'static> {
    Work::on(NonZeroUsize::new(count).unwrap())
}

/// Numbers that look random, the same in every run.
pub(crate) fn noise(count: usize, seed: u64) -> Vec<f64> {
    let streams = quant::random::Streams::new(seed);
    let mut stream = streams.at(quant::random::Name::new("test"), [0, 0, 0]);
    (0..count).map(|_| stream.normal()).collect()
}

pub(crate) fn close(left: f64, right: f64, tolerance: f64) {
    assert!((left - right).abs() <= tolerance, "{left} is not {right} within {tolerance}");
}
