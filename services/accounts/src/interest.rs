//! Interest: exact, in millionths of the smallest unit, rounded where money moves.
//!
//! The amount of a day is balance × rate × weight. It is computed in 128 bits as one fraction and rounded once, half to
//! even, to a millionth. What moves is rounded half to even to the smallest unit; the rest is carried.

use accounts_api::{DayCount, Posting, Rate, Rates, Tier, TierMode};
use jiff::civil::Date;

/// Millionths in the smallest unit.
pub(crate) const MICROS: i64 = 1_000_000;

/// The share of a year that one night is: `nights / year`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weight {
    pub(crate) nights: i64,
    pub(crate) year: i64,
}

/// Of the night after `day`.
pub(crate) fn weight(count: DayCount, day: Date) -> Weight {
    let one = |year| Weight { nights: 1, year };
    match count {
        DayCount::Act365F => one(365),
        DayCount::Act360 => one(360),
        DayCount::ActAct => one(if day.in_leap_year() { 366 } else { 365 }),
        DayCount::ThirtyE360 => {
            let next = day.tomorrow().unwrap_or(day);
            Weight { nights: of_thirty(next) - of_thirty(day), year: 360 }
        }
    }
}

/// Days since year 0 if each month had 30.
fn of_thirty(day: Date) -> i64 {
    i64::from(day.year()) * 360 + i64::from(day.month()) * 30 + i64::from(day.day().min(30))
}

/// Interest of one day in millionths; below zero the customer owes it. `None` if it does not fit.
pub(crate) fn daily(balance: i64, rates: &Rates, tiers: TierMode, weight: Weight) -> Option<i64> {
    let sum = match (balance, tiers) {
        (..=0, _) => i128::from(balance) * i128::from(rates.overdraft.unwrap_or_default().parts()),
        (_, TierMode::Whole) => i128::from(balance) * i128::from(reached(balance, &rates.credit).parts()),
        (_, TierMode::Slice) => sliced(balance, &rates.credit),
    };
    let over = i128::from(Rate::ONE / MICROS) * i128::from(weight.year);
    i64::try_from(half_even(sum * i128::from(weight.nights), over)).ok()
}

fn reached(balance: i64, tiers: &[Tier]) -> Rate {
    tiers.iter().rfind(|tier| tier.from.minor() <= balance).map_or(Rate::default(), |tier| tier.rate)
}

fn sliced(balance: i64, tiers: &[Tier]) -> i128 {
    let ends = tiers.iter().skip(1).map(|tier| tier.from.minor()).chain([i64::MAX]);
    let part = |(tier, end): (&Tier, i64)| {
        let part = (balance.min(end) - tier.from.minor()).max(0);
        i128::from(part) * i128::from(tier.rate.parts())
    };
    tiers.iter().zip(ends).map(part).sum()
}

/// Rounds a fraction half to even; `over` is above zero.
pub(crate) fn half_even(sum: i128, over: i128) -> i128 {
    let (whole, rest) = (sum.div_euclid(over), sum.rem_euclid(over));
    match (rest * 2).cmp(&over) {
        std::cmp::Ordering::Less => whole,
        std::cmp::Ordering::Greater => whole + 1,
        std::cmp::Ordering::Equal => whole + whole.rem_euclid(2),
    }
}

/// Millionths in whole smallest units.
pub(crate) fn rounded(micros: i64) -> i64 {
    // A millionth of 64 bits fits into 64 bits.
    half_even(i128::from(micros), i128::from(MICROS)) as i64
}

/// A share of an amount; `None` if it does not fit.
pub(crate) fn share(minor: i64, millionths: u64) -> Option<i64> {
    i64::try_from(half_even(i128::from(minor) * i128::from(millionths), 1_000_000)).ok()
}

/// Whether interest is posted at the end of this day.
pub(crate) fn is_due(posting: Posting, day: Date) -> bool {
    let month_ends = day.tomorrow().map_or(true, |next| next.month() != day.month());
    match posting {
        Posting::Daily => true,
        Posting::Monthly => month_ends,
        Posting::Quarterly => month_ends && day.month() % 3 == 0,
        Posting::Yearly => month_ends && day.month() == 12,
        // Not by the calendar: each deposit has a day of its own.
        Posting::AtMaturity => false,
    }
}

/// What an account has accrued and not posted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Accrued {
    /// For the customer.
    pub(crate) earned: i64,
    /// By the customer.
    pub(crate) owed: i64,
}

impl Accrued {
    /// After a day's interest changed from `before` to `after`; a new day's interest was zero before.
    pub(crate) fn changed(self, before: i64, after: i64) -> Option<Accrued> {
        let earned = after.max(0).checked_sub(before.max(0))?;
        let owed = before.min(0).checked_sub(after.min(0))?;
        Some(Accrued { earned: self.earned.checked_add(earned)?, owed: self.owed.checked_add(owed)? })
    }

    pub(crate) fn plus(self, other: Accrued) -> Option<Accrued> {
        let (earned, owed) = (self.earned.checked_add(other.earned)?, self.owed.checked_add(other.owed)?);
        Some(Accrued { earned, owed })
    }

    pub(crate) fn minus(self, other: Accrued) -> Option<Accrued> {
        let (earned, owed) = (self.earned.checked_sub(other.earned)?, self.owed.checked_sub(other.owed)?);
        Some(Accrued { earned, owed })
    }
}

#[cfg(test)]
mod tests;
