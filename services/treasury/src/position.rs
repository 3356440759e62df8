//! Positions: balances of accounts, summed by what they have in common. Pure.
//!
//! Types of balances are never mixed. Lines are of one currency each; the total is in the reporting currency. What has no balance
//! or no rate is in no sum, and the line and the total say so. Invariant: a total is the sum of its lines.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, DateTime};
use kernel::{Currency, Money, MoneyError};
use quant::calendar::{Calendar, Holidays};

use crate::convert::converted;
use crate::face::*;
use crate::store::cash::{Balance, Kind};

/// An account with what is known of it.
pub(crate) struct Held<'a> {
    pub(crate) account: &'a Account,
    pub(crate) calendar: HolidayCalendar,
    pub(crate) pools: Vec<&'a str>,
    pub(crate) balances: Vec<Balance>,
    /// The ledger tells at once: its balances do not age.
    pub(crate) is_current: bool,
    /// Flows that are expected today, in smallest units.
    pub(crate) today: i64,
}

pub(crate) struct Terms<'a> {
    pub(crate) group: &'a [GroupBy],
    pub(crate) now: DateTime,
    pub(crate) stale_hours: i64,
    pub(crate) reporting: Currency,
    /// By currency, into the reporting one.
    pub(crate) rates: &'a BTreeMap<String, Rate>,
}

pub(crate) fn calendar(of: HolidayCalendar) -> Calendar {
    let holidays: &[Holidays] = match of {
        HolidayCalendar::Weekdays => &[],
        HolidayCalendar::UnitedStates => &[Holidays::UnitedStates],
        HolidayCalendar::Target => &[Holidays::Target],
    };
    // Without further holidays there is nothing to refuse.
    Calendar::new(holidays, Vec::new()).unwrap_or_default()
}

impl Held<'_> {
    pub(crate) fn balance(&self, kind: Kind) -> Option<&Balance> {
        self.balances.iter().find(|one| one.kind == kind)
    }

    /// What can be used: as the bank or the ledger says, else what is booked.
    pub(crate) fn usable(&self) -> Option<i64> {
        self.balance(Kind::Available).or(self.balance(Kind::Booked)).map(|one| one.minor)
    }

    fn projected(&self) -> Option<i64> {
        let pending = self.balance(Kind::Pending).map_or(0, |one| one.minor);
        let booked = self.balance(Kind::Booked)?.minor;
        booked.checked_add(pending)?.checked_add(self.today)
    }

    /// Hours of business days since the end of the balance's day.
    fn age_hours(&self, as_of: Date, now: DateTime) -> i64 {
        let end = as_of.saturating_add(jiff::Span::new().days(1)).at(0, 0, 0, 0);
        calendar(self.calendar).business_minutes(end, now).unwrap_or(0) / 60
    }

    fn is_stale(&self, terms: &Terms<'_>) -> bool {
        let booked = self.balance(Kind::Booked);
        !self.is_current && booked.is_some_and(|one| self.age_hours(one.day, terms.now) > terms.stale_hours)
    }

    /// One group, or one for each pool.
    fn groups(&self, terms: &Terms<'_>) -> Vec<BTreeMap<String, String>> {
        let mut common = BTreeMap::from([("currency".to_owned(), self.account.currency.code().to_owned())]);
        let mut by_pool = false;
        for by in terms.group {
            let value = match by {
                GroupBy::Account => self.account.id.to_string(),
                GroupBy::Bank => self.account.bank().to_owned(),
                GroupBy::Entity => self.account.entity.clone(),
                GroupBy::Currency => continue,
                GroupBy::Pool => {
                    by_pool = true;
                    continue;
                }
            };
            common.insert(<&str>::from(*by).to_owned(), value);
        }
        if !by_pool {
            return vec![common];
        }
        let in_pool = |pool: &str| {
            let mut group = common.clone();
            group.insert("pool".to_owned(), pool.to_owned());
            group
        };
        if self.pools.is_empty() {
            vec![in_pool("none")]
        } else {
            self.pools.iter().map(|pool| in_pool(pool)).collect()
        }
    }
}

/// A sum on its way.
#[derive(Default)]
struct Sum {
    minor: Option<i64>,
    as_of: Option<Date>,
    age_hours: i64,
    sources: BTreeSet<&'static str>,
}

impl Sum {
    fn add(&mut self, minor: Option<i64>, held: &Held<'_>, kind: Kind, now: DateTime) -> Result<(), MoneyError> {
        let (Some(minor), Some(told)) = (minor, held.balance(kind)) else { return Ok(()) };
        let sum = self.minor.unwrap_or(0).checked_add(minor).ok_or(MoneyError::Overflow)?;
        self.minor = Some(sum);
        self.as_of = Some(self.as_of.map_or(told.day, |day| day.min(told.day)));
        let age = if held.is_current { 0 } else { held.age_hours(told.day, now) };
        self.age_hours = self.age_hours.max(age);
        self.sources.insert(if matches!(held.account.source, Source::Bank(_)) { "bank" } else { "ledger" });
        Ok(())
    }

    fn figure(&self, currency: Currency) -> Option<Figure> {
        let source = if self.sources.len() > 1 { "both" } else { self.sources.first().copied()? };
        Some(Figure {
            amount: Money::new(self.minor?, currency),
            as_of: self.as_of?,
            source: source.to_owned(),
            age_hours: self.age_hours,
        })
    }
}

#[derive(Default)]
struct Line {
    currency: Option<Currency>,
    accounts: usize,
    booked: Sum,
    available: Sum,
    projected: Sum,
    stale: bool,
    unknown: usize,
}

impl Line {
    fn add(&mut self, held: &Held<'_>, terms: &Terms<'_>) -> Result<(), MoneyError> {
        let minor = |kind| held.balance(kind).map(|one| one.minor);
        self.currency = Some(held.account.currency);
        self.accounts += 1;
        self.stale |= held.is_stale(terms);
        self.unknown += usize::from(minor(Kind::Booked).is_none());
        self.booked.add(minor(Kind::Booked), held, Kind::Booked, terms.now)?;
        self.available.add(minor(Kind::Available), held, Kind::Available, terms.now)?;
        self.projected.add(held.projected(), held, Kind::Booked, terms.now)
    }

    fn shown(&self, group: BTreeMap<String, String>, terms: &Terms<'_>) -> Result<PositionLine, MoneyError> {
        let currency = self.currency.unwrap_or(terms.reporting);
        let (booked, available) = (self.booked.figure(currency), self.available.figure(currency));
        let projected = self.projected.figure(currency);
        let rate = terms.rates.get(currency.code());
        let is_foreign = currency != terms.reporting;
        let reporting = match rate.filter(|_| is_foreign) {
            Some(rate) => {
                let into =
                    |figure: &Option<Figure>| figure.as_ref().map(|figure| converted(figure.amount, rate)).transpose();
                Some(Converted {
                    booked: into(&booked)?,
                    available: into(&available)?,
                    projected: into(&projected)?,
                    rate: rate.rate.clone(),
                    inverse: rate.base == terms.reporting,
                    rate_on: rate.on,
                    rate_source: rate.source.clone(),
                })
            }
            None => None,
        };
        Ok(PositionLine {
            group,
            accounts: self.accounts,
            booked,
            available,
            projected,
            stale: self.stale,
            unknown: self.unknown,
            no_rate: is_foreign && reporting.is_none(),
            reporting,
        })
    }
}

/// Lines by group, and their total. With pools as groups an account can be in several lines, so that the total is made of lines
/// by currency.
pub(crate) fn positions(
    held: &[Held<'_>],
    terms: &Terms<'_>,
) -> Result<(Vec<PositionLine>, PositionTotal), MoneyError> {
    let lines = lines(held, terms)?;
    let total = if terms.group.contains(&GroupBy::Pool) {
        total(&self::lines(held, &Terms { group: &[], ..*terms })?, terms.reporting)?
    } else {
        total(&lines, terms.reporting)?
    };
    Ok((lines, total))
}

fn lines(held: &[Held<'_>], terms: &Terms<'_>) -> Result<Vec<PositionLine>, MoneyError> {
    let mut lines: BTreeMap<BTreeMap<String, String>, Line> = BTreeMap::new();
    for one in held {
        for group in one.groups(terms) {
            lines.entry(group).or_default().add(one, terms)?;
        }
    }
    lines.into_iter().map(|(group, line)| line.shown(group, terms)).collect()
}

fn total(lines: &[PositionLine], reporting: Currency) -> Result<PositionTotal, MoneyError> {
    let zero = Money::new(0, reporting);
    let mut total =
        PositionTotal { booked: zero, available: zero, projected: zero, incomplete: false, lacks: Vec::new() };
    let mut lacks = BTreeSet::new();
    for line in lines {
        let code = line.group.get("currency").cloned().unwrap_or_default();
        if line.unknown > 0 {
            lacks.insert(format!("{} accounts in {code} without a balance", line.unknown));
        }
        if line.no_rate {
            lacks.insert(format!("no rate from {code} to {}", reporting.code()));
            continue;
        }
        let own = |figure: &Option<Figure>| figure.as_ref().map(|figure| figure.amount);
        let (booked, available, projected) = match &line.reporting {
            Some(converted) => (converted.booked, converted.available, converted.projected),
            None => (own(&line.booked), own(&line.available), own(&line.projected)),
        };
        if booked.is_some() && available.is_none() {
            lacks.insert(format!("what is available of accounts in {code}"));
        }
        total.booked = total.booked.plus(booked.unwrap_or(zero))?;
        total.available = total.available.plus(available.unwrap_or(zero))?;
        total.projected = total.projected.plus(projected.unwrap_or(zero))?;
    }
    total.incomplete = !lacks.is_empty();
    total.lacks = lacks.into_iter().collect();
    Ok(total)
}

#[cfg(test)]
mod tests;
