//! Money into and out of the wrappers of a path, with the tax that taking it out costs.

use super::Wrapper;
use super::script::{Script, StepScript};
use super::step::{Figures, Path};
use super::tax::{TaxRule, WithdrawalOrder};

impl<const CLASSES: usize> Path<CLASSES> {
    /// Takes a sum out of the wrappers with the tax that it costs; answers what could not be had.
    #[inline(always)]
    pub(super) fn withdraw(&mut self, script: &Script, prices: f64, needed: f64, figures: &mut Figures) -> f64 {
        match &script.order {
            WithdrawalOrder::InTurn(order) => {
                order.iter().fold(needed, |left, wrapper| left - self.take(script, *wrapper, prices, left, figures))
            }
            WithdrawalOrder::Proportional => {
                let all = self.wealth();
                let mut left = needed;
                for wrapper in Wrapper::ALL {
                    let part = if all > 0.0 { needed * self.in_wrapper(wrapper) / all } else { 0.0 };
                    left -= self.take(script, wrapper, prices, part, figures);
                }
                // Tax may have emptied one of them before its part was there.
                let rest = |left: f64, wrapper: &Wrapper| left - self.take(script, *wrapper, prices, left, figures);
                Wrapper::ALL.iter().fold(left, rest)
            }
        }
    }

    #[inline(always)]
    fn in_wrapper(&self, wrapper: Wrapper) -> f64 {
        self.holdings.get(wrapper.place()).map_or(0.0, |own| own.iter().sum())
    }

    /// Takes up to `net` after tax out of one wrapper; answers what it gave.
    #[inline(always)]
    fn take(&mut self, script: &Script, wrapper: Wrapper, prices: f64, net: f64, figures: &mut Figures) -> f64 {
        let there = self.in_wrapper(wrapper);
        if net <= 0.0 || there <= 0.0 {
            return 0.0;
        }
        // What of it is taxed when all is taken.
        let taxed = match wrapper {
            Wrapper::Taxable => (there - self.cost).max(0.0),
            Wrapper::Deferred => there,
            Wrapper::Free => 0.0,
        };
        let rule = script.wrapper_tax.get(wrapper.place()).copied().unwrap_or(TaxRule::None);
        let (gross, tax) = match rule {
            TaxRule::None => (net, 0.0),
            TaxRule::Flat(rate) => {
                let part = net / (there - rate * taxed);
                (part * there, part * taxed * rate)
            }
            TaxRule::Bands if wrapper == Wrapper::Taxable => {
                let gross = script.brackets.gross_for(net / prices, taxed / there, self.taxed) * prices;
                (gross, gross - net)
            }
            TaxRule::Bands => {
                let left = self.taxed - self.due + net / prices;
                let gross = (script.brackets.sum_for(left) - self.taxed) * prices;
                (gross, gross - net)
            }
        };
        let all = gross >= there;
        let gross = if all { there } else { gross };
        let tax = match rule {
            TaxRule::Bands => self.tax_more(script, taxed / there * gross / prices) * prices,
            TaxRule::Flat(rate) if all => taxed * rate,
            TaxRule::Flat(_) | TaxRule::None => tax,
        };
        self.remove(wrapper, gross, there);
        figures.withdrawn += gross;
        figures.tax += tax;
        gross - tax
    }

    #[inline(always)]
    fn remove(&mut self, wrapper: Wrapper, gross: f64, there: f64) {
        if let Some(own) = self.holdings.get_mut(wrapper.place()) {
            match own.as_mut_slice() {
                [all] => *all = there - gross,
                classes => {
                    let keeps = 1.0 - gross / there;
                    classes.iter_mut().for_each(|value| *value *= keeps);
                }
            }
        }
        if wrapper == Wrapper::Taxable {
            self.cost -= self.cost * (gross / there);
        }
    }

    /// Adds to the year's taxed income; answers the tax on what was added. All in today's money.
    #[inline(always)]
    pub(super) fn tax_more(&mut self, script: &Script, more: f64) -> f64 {
        let before = self.due;
        self.taxed += more;
        self.due = script.brackets.on(self.taxed);
        self.due - before
    }

    #[inline(always)]
    pub(super) fn put(&mut self, now: &StepScript, wrapper: Wrapper, units: f64, figures: &mut Figures) {
        if units <= 0.0 {
            return;
        }
        if let Some(own) = self.holdings.get_mut(wrapper.place()) {
            match own.as_mut_slice() {
                [all] => *all += units,
                classes => classes.iter_mut().zip(&now.weights).for_each(|(value, weight)| *value += units * weight),
            }
        }
        if wrapper == Wrapper::Taxable {
            self.cost += units;
        }
        figures.saved += units;
    }
}
