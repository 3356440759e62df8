//! Money into and out of the wrappers of four paths, with the tax that taking it out costs.

use super::Wrapper;
use super::lanes::{Four, ONE, ZERO};
use super::script::{Script, StepScript};
use super::step::{Figures, Paths};
use super::tax::{TaxRule, WithdrawalOrder};

impl<const CLASSES: usize> Paths<CLASSES> {
    /// Takes a sum out of the wrappers with the tax that it costs; answers what could not be had.
    #[inline(always)]
    pub(super) fn withdraw(&mut self, script: &Script, prices: Four, needed: Four, figures: &mut Figures) -> Four {
        match &script.order {
            WithdrawalOrder::InTurn(order) => self.in_turn(script, prices, order, needed, figures),
            WithdrawalOrder::Proportional => {
                let per_unit = needed / self.wealth();
                let mut left = needed;
                for wrapper in Wrapper::ALL {
                    let part = per_unit * self.in_wrapper(wrapper);
                    left -= self.take(script, wrapper, prices, part, figures);
                }
                // Tax may have emptied one of them before its part was there.
                self.in_turn(script, prices, &Wrapper::ALL, left, figures)
            }
        }
    }

    #[inline(always)]
    fn in_turn(
        &mut self,
        script: &Script,
        prices: Four,
        order: &[Wrapper; 3],
        needed: Four,
        figures: &mut Figures,
    ) -> Four {
        let mut left = needed;
        for wrapper in order {
            left -= self.take(script, *wrapper, prices, left, figures);
        }
        left
    }

    #[inline(always)]
    fn in_wrapper(&self, wrapper: Wrapper) -> Four {
        let Some(own) = self.holdings.get(wrapper.place()) else { return ZERO };
        let mut sum = own.first().copied().unwrap_or(ZERO);
        for value in own.iter().skip(1) {
            sum += *value;
        }
        sum
    }

    /// Takes up to `net` after tax out of one wrapper; answers what it gave.
    #[inline(always)]
    fn take(&mut self, script: &Script, wrapper: Wrapper, prices: Four, net: Four, figures: &mut Figures) -> Four {
        let there = self.in_wrapper(wrapper);
        let takes = net.simd_gt(ZERO) & there.simd_gt(ZERO);
        if takes.none() {
            return ZERO;
        }
        // What of it is taxed when all is taken.
        let taxed = match wrapper {
            Wrapper::Taxable => (there - self.cost).fast_max(ZERO),
            Wrapper::Deferred => there,
            Wrapper::Free => ZERO,
        };
        let rule = script.wrapper_tax.get(wrapper.place()).copied().unwrap_or(TaxRule::None);
        let gross = match rule {
            TaxRule::None => net,
            TaxRule::Flat(rate) => net / (there - Four::splat(rate) * taxed) * there,
            TaxRule::Bands if wrapper == Wrapper::Taxable => {
                script.brackets.gross_for(net / prices, taxed / there, self.taxed) * prices
            }
            TaxRule::Bands => {
                let left = self.taxed - self.due + net / prices;
                (script.brackets.sum_for(left) - self.taxed) * prices
            }
        };
        let all = gross.simd_ge(there);
        let gross = all.select(there, gross) & takes;
        let share = if CLASSES > 1 || wrapper == Wrapper::Taxable { (gross / there) & takes } else { ONE };
        let more = if wrapper == Wrapper::Deferred { gross } else { taxed * share };
        let tax = match rule {
            TaxRule::None => ZERO,
            TaxRule::Flat(rate) => more * Four::splat(rate),
            TaxRule::Bands => self.tax_more(script, more / prices) * prices,
        };
        self.remove(wrapper, gross, share);
        figures.withdrawn += gross;
        figures.tax += tax;
        // Where not all was taken it is what was asked for, to the last bit.
        all.select(gross - tax, net) & takes
    }

    /// `share` is what the sum is of all that is there.
    #[inline(always)]
    fn remove(&mut self, wrapper: Wrapper, gross: Four, share: Four) {
        if let Some(own) = self.holdings.get_mut(wrapper.place()) {
            match own.as_mut_slice() {
                [all] => *all -= gross,
                classes => classes.iter_mut().for_each(|value| *value *= ONE - share),
            }
        }
        if wrapper == Wrapper::Taxable {
            self.cost -= self.cost * share;
        }
    }

    /// Adds to the year's taxed income; answers the tax on what was added. All in today's money.
    #[inline(always)]
    pub(super) fn tax_more(&mut self, script: &Script, more: Four) -> Four {
        let before = self.due;
        self.taxed += more;
        self.due = script.brackets.on(self.taxed);
        self.due - before
    }

    #[inline(always)]
    pub(super) fn put(&mut self, now: &StepScript, wrapper: Wrapper, units: Four, figures: &mut Figures) {
        let units = units.fast_max(ZERO) & self.going;
        if let Some(own) = self.holdings.get_mut(wrapper.place()) {
            match own.as_mut_slice() {
                [all] => *all += units,
                classes => {
                    let pairs = classes.iter_mut().zip(&now.weights);
                    pairs.for_each(|(value, weight)| *value += units * Four::splat(*weight));
                }
            }
        }
        if wrapper == Wrapper::Taxable {
            self.cost += units;
        }
        figures.saved += units;
    }
}
