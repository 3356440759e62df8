//! Net worth: what each asset was worth on each day, in its own currency and in the household's. Pure.
//!
//! An asset has a line from its first value until it is closed; between values the last one holds. Without any value its line
//! is `missing`. A value in another currency is converted at the last rate of that day or before; without one the line says so
//! and the total lacks it: never 1, never silence. Invariant: the total of a day is the sum of its lines.

use std::collections::BTreeMap;

use kernel::{Currency, Money, MoneyError};
use planning_api::{AssetClass, AssetId, Day, Line, LineState, Rate, WorthDay};

use crate::store::value::{DayValue, Told};

/// Rates are whole numbers of billionths.
const NANO: i128 = 1_000_000_000;
const NANO_PLACES: u32 = 9;

pub(crate) struct Holding {
    pub(crate) id: AssetId,
    pub(crate) class: AssetClass,
    pub(crate) currency: Currency,
    pub(crate) closed_on: Option<Day>,
    /// The oldest first.
    pub(crate) values: Vec<DayValue>,
}

pub(crate) struct Terms {
    pub(crate) base: Currency,
    pub(crate) hand_stale_days: i64,
    pub(crate) account_stale_days: i64,
    pub(crate) rate_stale_days: i64,
}

pub(crate) struct Worth {
    pub(crate) days: Vec<WorthDay>,
    /// Of the last day.
    pub(crate) lines: Vec<Line>,
    pub(crate) by_currency: Vec<Money>,
}

/// A rate as a whole number, above zero.
pub(crate) fn nanos(text: &str) -> Option<i128> {
    let parsed = Money::parse(text, "RATE").ok().filter(|rate| rate.minor() > 0)?;
    let factor = 10_i128.pow(NANO_PLACES.checked_sub(u32::from(parsed.currency().scale()))?);
    Some(i128::from(parsed.minor()) * factor)
}

/// Half to even, in the smallest unit of the other currency.
pub(crate) fn converted(amount: Money, nanos: i128, to: Currency) -> Result<Money, MoneyError> {
    let power = |places: u8| 10_i128.pow(u32::from(places));
    let over = i128::from(amount.minor()).checked_mul(nanos).and_then(|product| product.checked_mul(power(to.scale())));
    let over = over.ok_or(MoneyError::Overflow)?;
    let under = NANO * power(amount.currency().scale());
    let (whole, rest) = (over.div_euclid(under), over.rem_euclid(under) * 2);
    let up = rest > under || (rest == under && whole % 2 != 0);
    let minor = i64::try_from(whole + i128::from(up)).map_err(|_| MoneyError::Overflow)?;
    Ok(Money::new(minor, to))
}

/// Rates of one currency with what they are as numbers, the oldest first.
type Rates = BTreeMap<String, Vec<(i128, Rate)>>;

pub(crate) fn worth(
    holdings: &[Holding],
    rates: Vec<Rate>,
    terms: &Terms,
    (from, to): (Day, Day),
) -> Result<Worth, MoneyError> {
    let mut by_currency: Rates = BTreeMap::new();
    for rate in rates {
        if let Some(nanos) = nanos(&rate.rate) {
            by_currency.entry(rate.currency.to_string()).or_default().push((nanos, rate));
        }
    }
    let mut days = Vec::new();
    let mut lines = Vec::new();
    for number in from.number()..=to.number() {
        let day = Day::of_number(number);
        lines.clear();
        let mut told = WorthDay { day, total: Money::new(0, terms.base), incomplete: false, stale: 0 };
        for holding in holdings {
            let Some(line) = line(holding, &by_currency, terms, number)? else { continue };
            match line.base {
                Some(base) => told.total = told.total.plus(base)?,
                None => told.incomplete = true,
            }
            told.stale += u32::from(line.state == LineState::Stale);
            lines.push(line);
        }
        days.push(told);
    }
    let by_currency = sums(&lines)?;
    Ok(Worth { days, lines, by_currency })
}

/// The last one of a sorted list that is not after a day.
fn last_of<T>(sorted: &[T], day: i64, of: impl Fn(&T) -> i64) -> Option<&T> {
    sorted.partition_point(|one| of(one) <= day).checked_sub(1).and_then(|place| sorted.get(place))
}

fn line(holding: &Holding, rates: &Rates, terms: &Terms, day: i64) -> Result<Option<Line>, MoneyError> {
    if holding.closed_on.is_some_and(|closed| closed.number() <= day) {
        return Ok(None);
    }
    let Some(value) = last_of(&holding.values, day, |value| value.day) else {
        return Ok(holding.values.is_empty().then(|| missing(holding)));
    };
    let sign = if holding.class == AssetClass::Debt { -1 } else { 1 };
    let minor = value.minor.checked_mul(sign).ok_or(MoneyError::Overflow)?;
    let amount = Money::new(minor, holding.currency);
    let stale_days = if value.told == Told::Hand { terms.hand_stale_days } else { terms.account_stale_days };
    let mut line = Line {
        state: if day - value.day > stale_days { LineState::Stale } else { LineState::Current },
        amount: Some(amount),
        as_of: Some(Day::of_number(value.day)),
        source: Some(value.told.name().to_owned()),
        ..missing(holding)
    };
    if holding.currency == terms.base {
        line.base = Some(amount);
        return Ok(Some(line));
    }
    let known = rates.get(&holding.currency.to_string()).map_or(&[][..], Vec::as_slice);
    match last_of(known, day, |(_, rate)| rate.on.number()) {
        Some((nanos, rate)) => {
            line.base = Some(converted(amount, *nanos, terms.base)?);
            if day - rate.on.number() > terms.rate_stale_days {
                line.state = LineState::Stale;
            }
            line.rate = Some(rate.clone());
        }
        None => line.state = LineState::NoRate,
    }
    Ok(Some(line))
}

fn missing(holding: &Holding) -> Line {
    Line {
        asset: holding.id,
        class: holding.class,
        state: LineState::Missing,
        amount: None,
        as_of: None,
        source: None,
        base: None,
        rate: None,
    }
}

fn sums(lines: &[Line]) -> Result<Vec<Money>, MoneyError> {
    let mut sums: BTreeMap<String, Money> = BTreeMap::new();
    for amount in lines.iter().filter_map(|line| line.amount) {
        let sum = sums.entry(amount.currency().to_string()).or_insert(Money::new(0, amount.currency()));
        *sum = sum.plus(amount)?;
    }
    Ok(sums.into_values().collect())
}

#[cfg(test)]
mod tests;
