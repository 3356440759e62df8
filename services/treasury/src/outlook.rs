//! What comes next on some accounts of one currency. Pure.
//!
//! Every category with known flows is a series of its own, and all others are one. What is known counts; a category is forecast
//! for the periods after the last of its known flows, so that nothing counts twice. The middle carries the balance on; bands of
//! several series are added like independent errors.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use kernel::{Currency, Money};
use quant::QuantError;
use quant::calendar::Calendar;
use quant::forecast::{Fallback, Method, Predicted, Setting, Trained};

use crate::convert::{date_of, number_of};
use crate::face::{Component, ForecastPoint, Quantiles, Step};

/// Days of history that are looked at: ten years.
const HISTORY_DAYS_MAX: i64 = 3_653;
/// Categories with known flows that are series of their own; those of further ones are known only.
const CATEGORIES_MAX: usize = 50;
/// All categories without known flows.
pub(crate) const OTHER: &str = "other";

/// What counted on days, by category, and what is there.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    pub(crate) days: BTreeMap<String, BTreeMap<i64, i64>>,
    /// The last day of it.
    pub(crate) last: i64,
    pub(crate) opening: Option<i64>,
}

/// A flow that is expected, by what has not come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) category: String,
    pub(crate) day: i64,
    pub(crate) minor: i64,
}

pub(crate) struct Question {
    pub(crate) step: Step,
    pub(crate) calendar: Calendar,
    pub(crate) currency: Currency,
}

/// What was found, with the models that were used, by component.
pub(crate) struct Found {
    pub(crate) points: Vec<ForecastPoint>,
    pub(crate) components: Vec<Component>,
    pub(crate) models: Vec<(String, Trained)>,
}

/// A series to be forecast.
struct Part {
    /// Its category, and what it is called among the models: a rest is another one without other categories.
    category: String,
    key: String,
    values: Vec<f64>,
    /// What came of the current month so far.
    partial: f64,
    known_to: Option<i64>,
    first: i64,
}

/// Fits the series of this name, or returns what was fitted to it before.
pub(crate) type Fit<'a> = dyn Fn(&str, &[f64], &Setting) -> Result<Trained, QuantError> + 'a;

pub(crate) fn outlook(
    history: &History,
    known: &[Known],
    question: &Question,
    model: &Fit<'_>,
) -> Result<Found, QuantError> {
    let periods = periods(question.step, history.last);
    let mut sums = vec![Sum::default(); periods.len()];
    for (sum, (from, to)) in sums.iter_mut().zip(&periods) {
        let within = |one: &&Known| (*from..=*to).contains(&one.day.max(history.last + 1));
        sum.known = known.iter().filter(within).map(|one| i128::from(one.minor)).sum::<i128>();
    }
    let (mut components, mut models) = (Vec::new(), Vec::new());
    for part in parts(history, known, question.step) {
        if part.values.len() < values_min(question.step) {
            components.push(part.unforecast());
            continue;
        }
        let setting = setting(question, part.first);
        let trained = model(&part.key, &part.values, &setting)?;
        let (predicted, fallback) = trained.forecast(&part.values)?;
        for (place, ((sum, (from, _)), one)) in sums.iter_mut().zip(&periods).zip(&predicted).enumerate() {
            if part.known_to.is_none_or(|known_to| *from > known_to) {
                sum.add(one, if place == 0 { part.partial } else { 0.0 });
            }
        }
        components.push(part.component(&trained, fallback));
        models.push((part.key, trained));
    }
    let mut balance = history.opening.map(i128::from);
    let points = periods.iter().zip(&sums).map(|(period, sum)| {
        balance = balance.map(|before| before + sum.known + i128::from(whole(sum.p50)));
        sum.point(*period, balance, question.currency)
    });
    Ok(Found { points: points.collect(), components, models })
}

fn setting(question: &Question, first: i64) -> Setting {
    let horizon = horizon(question.step);
    match question.step {
        Step::Day => Setting::daily(date_of(first), question.calendar.clone(), horizon),
        Step::Week => Setting::weekly(horizon),
        Step::Month => Setting::monthly(horizon),
    }
}

fn horizon(step: Step) -> usize {
    match step {
        Step::Day => 14,
        Step::Week => 13,
        Step::Month => 12,
    }
}

/// A single payment is no reason to expect it every day.
fn values_min(step: Step) -> usize {
    match step {
        Step::Day => 7,
        Step::Week => 4,
        Step::Month => 3,
    }
}

/// First and last day of each.
fn periods(step: Step, last: i64) -> Vec<(i64, i64)> {
    let mut periods = Vec::new();
    let mut from = last + 1;
    for _ in 0..horizon(step) {
        let to = match step {
            Step::Day => from,
            Step::Week => from + 6,
            Step::Month => number_of(date_of(from).last_of_month()),
        };
        periods.push((from, to));
        from = to + 1;
    }
    periods
}

fn parts(history: &History, known: &[Known], step: Step) -> Vec<Part> {
    let mut known_to = BTreeMap::<&str, i64>::new();
    for one in known.iter().filter(|one| one.day > history.last) {
        let day = known_to.entry(&one.category).or_insert(one.day);
        *day = one.day.max(*day);
    }
    let own: BTreeSet<&str> = known_to.keys().copied().take(CATEGORIES_MAX).collect();
    let first = history.days.values().filter_map(|days| days.keys().next().copied()).min();
    let first = first.unwrap_or(history.last + 1).max(history.last - HISTORY_DAYS_MAX);
    let part = |category: &str, key: String, is_in: &dyn Fn(&str) -> bool, known_to: Option<i64>| {
        let mut days = BTreeMap::<i64, i128>::new();
        for (_, of_category) in history.days.iter().filter(|(name, _)| is_in(name)) {
            for (day, minor) in of_category.range(first..=history.last) {
                *days.entry(*day).or_default() += i128::from(*minor);
            }
        }
        let (values, partial) = values(step, &days, (first, history.last));
        Part { category: category.to_owned(), key, values, partial, known_to, first }
    };
    let without: Vec<&str> = own.iter().copied().collect();
    let key = if without.is_empty() { OTHER.to_owned() } else { format!("{OTHER} without {}", without.join(", ")) };
    let rest = part(OTHER, key, &|name| !own.contains(name), None);
    let owns =
        own.iter().map(|name| part(name, (*name).to_owned(), &|other| other == *name, known_to.get(*name).copied()));
    std::iter::once(rest).chain(owns).collect()
}

/// The values of whole periods, the oldest first, and what came of the current month.
fn values(step: Step, days: &BTreeMap<i64, i128>, (first, last): (i64, i64)) -> (Vec<f64>, f64) {
    let sum =
        |from: i64, to: i64| if from > to { 0.0 } else { days.range(from..=to).map(|(_, minor)| *minor as f64).sum() };
    match step {
        Step::Day => ((first..=last).map(|day| sum(day, day)).collect(), 0.0),
        Step::Week => {
            let weeks = (last - first + 1).div_euclid(7).max(0);
            let week = |back: i64| sum(last - 7 * back + 1, last - 7 * back + 7);
            ((1..=weeks).rev().map(week).collect(), 0.0)
        }
        Step::Month => {
            let mut values = Vec::new();
            let start = date_of(first);
            let mut month = if start.day() == 1 { start } else { next_month(start) };
            while number_of(month.last_of_month()) <= last {
                values.push(sum(number_of(month), number_of(month.last_of_month())));
                month = next_month(month);
            }
            (values, sum(number_of(month).max(first), last))
        }
    }
}

fn next_month(date: Date) -> Date {
    date_of(number_of(date.last_of_month()) + 1)
}

impl Part {
    fn unforecast(&self) -> Component {
        Component {
            category: self.category.clone(),
            method: "none".to_owned(),
            fallback: Some("too_short".to_owned()),
            known_to: self.known_to.map(date_of),
            mase: None,
            baseline_mase: None,
        }
    }

    fn component(&self, trained: &Trained, fallback: Option<Fallback>) -> Component {
        let mase = trained.scores.iter().find(|score| score.method == trained.method).map(|score| score.mase);
        Component {
            category: self.category.clone(),
            method: method_name(trained.method).to_owned(),
            fallback: fallback.map(|why| fallback_name(why).to_owned()),
            known_to: self.known_to.map(date_of),
            mase: mase.filter(|error| error.is_finite()),
            baseline_mase: trained.baseline.filter(|error| error.is_finite()),
        }
    }
}

fn method_name(method: Method) -> &'static str {
    match method {
        Method::SeasonalNaive => "seasonal_naive",
        Method::Mean => "mean",
        Method::Drift => "drift",
        Method::Theta => "theta",
        Method::Ets => "ets",
        Method::ThetaEts => "theta_ets",
        Method::Tsb => "tsb",
        Method::Daily => "daily",
    }
}

fn fallback_name(why: Fallback) -> &'static str {
    match why {
        Fallback::TooShort => "too_short",
        Fallback::Constant => "constant",
        Fallback::NotFinite => "not_finite",
        Fallback::Explosion => "explosion",
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    known: i128,
    p50: f64,
    /// Squares of the distances to the bands.
    below: f64,
    above: f64,
}

impl Sum {
    /// Less what came of the period already.
    fn add(&mut self, one: &Predicted, partial: f64) {
        self.p50 += one.p50 - partial;
        self.below += (one.p50 - one.p10).powi(2);
        self.above += (one.p90 - one.p50).powi(2);
    }

    fn point(&self, (from, to): (i64, i64), balance: Option<i128>, currency: Currency) -> ForecastPoint {
        let money = |minor: i128| Money::new(i64::try_from(minor).unwrap_or(i64::MAX), currency);
        let net = |units: f64| money(self.known + i128::from(whole(units)));
        ForecastPoint {
            from: date_of(from),
            to: date_of(to),
            known: money(self.known),
            net: Quantiles {
                p10: net(self.p50 - self.below.sqrt()),
                p50: net(self.p50),
                p90: net(self.p50 + self.above.sqrt()),
            },
            balance: balance.map(money),
        }
    }
}

/// Half to even; what a guard let through fits.
fn whole(units: f64) -> i64 {
    units.round_ties_even() as i64
}

#[cfg(test)]
mod tests;
