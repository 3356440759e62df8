//! Tax on incomes and on what is taken out of wrappers: none, a flat rate, or bands that rise with the year's sum.

use kernel::{Currency, Money};
use serde::{Deserialize, Serialize};

use super::Wrapper;
use super::lanes::{Four, ONE, ZERO};
use crate::amount;
use crate::error::{QuantError, Result, at_least, at_most, within};

const BANDS_MAX: usize = 20;

/// A rate above a sum of income in a year, in the plan's first day's money: bands rise with prices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Band {
    pub above: Money,
    pub rate: f64,
}

/// Data, with where and when it holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BandTable {
    pub country: String,
    pub year: i16,
    pub bands: Vec<Band>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxRule {
    None,
    Flat(f64),
    /// Added to the year's taxed income.
    Bands,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawalOrder {
    /// The next one when the one before is empty.
    InTurn([Wrapper; 3]),
    /// From each in proportion to what it has.
    Proportional,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tax {
    pub income: TaxRule,
    /// On the gains within what is taken out of a taxable wrapper.
    pub taxable: TaxRule,
    /// On all that is taken out of a deferred wrapper.
    pub deferred: TaxRule,
    pub bands: Option<BandTable>,
    pub order: WithdrawalOrder,
}

impl Tax {
    pub fn none() -> Tax {
        let order = WithdrawalOrder::InTurn(Wrapper::ALL);
        Tax { income: TaxRule::None, taxable: TaxRule::None, deferred: TaxRule::None, bands: None, order }
    }

    pub(super) fn check(&self, currency: Currency) -> Result<()> {
        for rule in [self.income, self.taxable, self.deferred] {
            match rule {
                TaxRule::Flat(rate) => within("tax", rate, 0.0, 0.95).map(|_| ())?,
                TaxRule::Bands if self.bands.is_none() => {
                    return Err(QuantError::Unknown { field: "tax", name: "a table of bands".to_owned() });
                }
                TaxRule::Bands | TaxRule::None => {}
            }
        }
        if let WithdrawalOrder::InTurn(order) = &self.order
            && Wrapper::ALL.iter().any(|wrapper| !order.contains(wrapper))
        {
            return Err(QuantError::Duplicate { field: "order", name: "a wrapper".to_owned() });
        }
        let Some(table) = &self.bands else { return Ok(()) };
        at_least("bands", table.bands.len(), 1)?;
        at_most("bands", table.bands.len(), BANDS_MAX)?;
        for band in &table.bands {
            within("bands", band.rate, 0.0, 0.95)?;
            within("bands", amount::units("bands", band.above, currency)?, 0.0, f64::MAX)?;
        }
        let rises = table
            .bands
            .iter()
            .zip(table.bands.iter().skip(1))
            .all(|(one, next)| one.above.minor() < next.above.minor());
        if rises { Ok(()) } else { Err(QuantError::EndsBeforeStart { field: "bands" }) }
    }

    pub(super) fn brackets(&self) -> Brackets {
        let mut kinks: Vec<Kink> = Vec::new();
        let (mut due, mut below, mut rate) = (0.0, 0.0, 0.0);
        for band in self.bands.iter().flat_map(|table| &table.bands) {
            let above = band.above.minor() as f64;
            due += (above - below) * rate;
            let more_gross = 1.0 / (1.0 - band.rate) - 1.0 / (1.0 - rate);
            kinks.push(Kink { above, more_rate: band.rate - rate, left: above - due, more_gross });
            (below, rate) = (above, band.rate);
        }
        Brackets { kinks }
    }

    pub(super) fn rule(&self, wrapper: Wrapper) -> TaxRule {
        match wrapper {
            Wrapper::Taxable => self.taxable,
            Wrapper::Deferred => self.deferred,
            Wrapper::Free => TaxRule::None,
        }
    }
}

/// Where the tax on a sum bends: by how much its rate rises there, and by how much more has to be taken for a unit to be left.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Kink {
    above: f64,
    more_rate: f64,
    left: f64,
    more_gross: f64,
}

/// Bands in units, as sums over their kinks: without branches, since paths are everywhere.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Brackets {
    kinks: Vec<Kink>,
}

impl Brackets {
    /// The tax on a year's sum.
    #[inline(always)]
    pub(super) fn on(&self, sum: Four) -> Four {
        let mut due = ZERO;
        for kink in &self.kinks {
            due += (sum - Four::splat(kink.above)).fast_max(ZERO) * Four::splat(kink.more_rate);
        }
        due
    }

    /// The year's sum of which so much is left after tax.
    #[inline(always)]
    pub(super) fn sum_for(&self, left: Four) -> Four {
        let mut sum = left;
        for kink in &self.kinks {
            sum += (left - Four::splat(kink.left)).fast_max(ZERO) * Four::splat(kink.more_gross);
        }
        sum
    }

    /// What has to be taken out, of which `share` is taxed on top of `before`, so that `net` is left.
    pub(super) fn gross_for(&self, net: Four, share: Four, before: Four) -> Four {
        let (mut gross, mut left, mut taxed, mut rate, mut done) = (ZERO, net, before, ZERO, ZERO);
        for kink in &self.kinks {
            let above = Four::splat(kink.above);
            let ahead = taxed.simd_lt(above);
            let room = (above - taxed) / share.fast_max(Four::splat(f64::MIN_POSITIVE));
            let gives = room * (ONE - rate * share);
            done |= ahead & left.simd_le(gives);
            let crosses = ahead & !done;
            gross += room & crosses;
            left -= gives & crosses;
            taxed = crosses.select(above, taxed);
            rate += Four::splat(kink.more_rate) & !done;
        }
        gross + left / (ONE - rate * share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brackets() -> Brackets {
        let currency = Currency::iso("USD").unwrap();
        let band = |above, rate| Band { above: Money::new(above, currency), rate };
        let table = BandTable { country: "X".to_owned(), year: 2026, bands: vec![band(1_000, 0.1), band(3_000, 0.3)] };
        Tax { bands: Some(table), ..Tax::none() }.brackets()
    }

    #[test]
    fn tax_by_bands_by_hand() {
        let sums = [[0.0, 1_000.0, 2_000.0, 3_000.0], [5_000.0; 4]];
        let due = sums.map(|sums| brackets().on(Four::new(sums)).to_array());
        assert_eq!(due, [[0.0, 0.0, 100.0, 200.0], [800.0; 4]]);
    }

    #[test]
    fn the_gross_leaves_the_net() {
        let (brackets, four) = (brackets(), Four::splat);
        let near = |one: Four, other: f64| one.to_array().iter().all(|one| (one - other).abs() < 1e-6);
        for sum in [0.0, 500.0, 1_500.0, 3_000.0, 9_000.0] {
            assert!(near(brackets.sum_for(four(sum) - brackets.on(four(sum))), sum), "{sum}");
            for share in [1e-9, 0.2, 0.7, 1.0] {
                // In each lane another sum was taxed before.
                let before = Four::new([0.0, 900.0, 2_500.0, 4_000.0]);
                let gross = brackets.gross_for(four(sum), four(share), before);
                let tax = brackets.on(before + gross * four(share)) - brackets.on(before);
                assert!(near(gross - tax, sum), "{sum} {share}");
            }
        }
    }
}
