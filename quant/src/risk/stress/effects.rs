//! The shocks of a scenario put together, and a balance's days under them.

use super::{Account, BankChoice, CustomerChoice, Scenario, Shock, Situation};
use crate::amount;
use crate::error::{QuantError, Result, within};

const DAYS_OF_INTEREST: f64 = 360.0;

pub(super) struct Effects {
    pub(super) factors: Vec<(String, f64)>,
    basis_points: f64,
    /// For each account: the share that is left, the factor of its worth, and the days without payments.
    kept: Vec<f64>,
    worth: Vec<f64>,
    frozen: Vec<usize>,
    late: usize,
    gone: Vec<String>,
    run_off: f64,
}

impl Effects {
    pub(super) fn none(situation: &Situation) -> Effects {
        let accounts = situation.accounts.len();
        Effects {
            factors: Vec::new(),
            basis_points: 0.0,
            kept: vec![1.0; accounts],
            worth: vec![1.0; accounts],
            frozen: vec![0; accounts],
            late: 0,
            gone: Vec::new(),
            run_off: 0.0,
        }
    }

    pub(super) fn of(situation: &Situation, scenario: &Scenario) -> Result<Effects> {
        let mut effects = Effects::none(situation);
        for shock in &scenario.shocks {
            effects.add(situation, shock)?;
        }
        Ok(effects)
    }

    fn add(&mut self, situation: &Situation, shock: &Shock) -> Result<()> {
        match shock {
            Shock::Factor { name, by } => self.factors.push((name.clone(), within("by", *by, -100.0, 100.0)?)),
            Shock::RateUp { basis_points } => self.basis_points += within("basis_points", *basis_points, -5e3, 5e3)?,
            Shock::Currency { code, by } => {
                let factor = 1.0 + within("by", *by, -1.0, 10.0)?;
                self.each(&mut |effects| &mut effects.worth, factor, situation, |one| {
                    one.balance.currency().code() == code
                });
            }
            Shock::ReportingCurrency { by } => {
                let factor = 1.0 / (1.0 + within("by", *by, -0.99, 10.0)?);
                let reporting = situation.reporting;
                self.each(&mut |effects| &mut effects.worth, factor, situation, |one| {
                    one.balance.currency() != reporting
                });
            }
            Shock::BankFails { bank, recovered } => {
                let (bank, share) = (bank_of(situation, bank)?, within("recovered", *recovered, 0.0, 1.0)?);
                self.each(&mut |effects| &mut effects.kept, share, situation, |one| {
                    one.bank == bank && one.balance.minor() > 0
                });
            }
            Shock::BankFrozen { bank, days } => {
                let bank = bank_of(situation, bank)?;
                self.freeze(situation, *days, |one| one.bank == bank);
            }
            Shock::AccountFrozen { account, days } => self.freeze(situation, *days, |one| one.name == *account),
            Shock::ReceiptsLate { days } => self.late += days,
            Shock::CustomerGone { customer } => self.gone.extend(customer_of(situation, customer)?),
            Shock::RunOff { share_a_day } => self.run_off = within("share_a_day", *share_a_day, 0.0, 1.0)?,
        }
        Ok(())
    }

    fn each(
        &mut self,
        list: &mut dyn FnMut(&mut Effects) -> &mut Vec<f64>,
        factor: f64,
        situation: &Situation,
        concerns: impl Fn(&Account) -> bool,
    ) {
        let values = list(self).iter_mut().zip(&situation.accounts);
        values.filter(|(_, account)| concerns(account)).for_each(|(value, _)| *value *= factor);
    }

    fn freeze(&mut self, situation: &Situation, days: usize, concerns: impl Fn(&Account) -> bool) {
        let values = self.frozen.iter_mut().zip(&situation.accounts);
        values.filter(|(_, account)| concerns(account)).for_each(|(value, _)| *value = days.max(*value));
    }

    pub(super) fn kept(&self, place: usize) -> f64 {
        self.kept.get(place).copied().unwrap_or(1.0)
    }

    /// What a smallest unit of the account is worth in smallest units of the reporting currency.
    pub(super) fn rate(&self, situation: &Situation, place: usize, account: &Account) -> f64 {
        let moved = self.worth.get(place).copied().unwrap_or(1.0);
        account.rate * moved * scale_between(situation, account)
    }

    /// The balance that can be paid from at the end of each day.
    pub(super) fn path(&self, situation: &Situation, place: usize, account: &Account) -> Result<Vec<f64>> {
        let currency = account.balance.currency();
        let mut balance = amount::units("balance", account.balance, currency)? * self.kept(place);
        let mut arrives = vec![0.0; situation.days];
        let mut leaves = vec![0.0; situation.days];
        for flow in
            situation.flows.iter().filter(|flow| flow.account == place && !self.is_gone(flow.customer.as_deref()))
        {
            let units = amount::units("flows", flow.amount, currency)?;
            let (list, day) = if units > 0.0 { (&mut arrives, flow.day + self.late) } else { (&mut leaves, flow.day) };
            if let Some(total) = list.get_mut(day) {
                *total += units;
            }
        }
        let frozen = self.frozen.get(place).copied().unwrap_or(0);
        let interest = if account.floating { self.basis_points / 1e4 / DAYS_OF_INTEREST } else { 0.0 };
        let mut owed = 0.0;
        let mut path = Vec::with_capacity(situation.days);
        for (day, (arrives, leaves)) in arrives.iter().zip(&leaves).enumerate() {
            balance += interest * balance - self.run_off * balance.max(0.0) + arrives;
            if day < frozen {
                owed += leaves;
                path.push(owed);
            } else {
                balance += leaves + owed;
                owed = 0.0;
                path.push(balance);
            }
        }
        Ok(path)
    }

    fn is_gone(&self, customer: Option<&str>) -> bool {
        customer.is_some_and(|customer| self.gone.iter().any(|gone| gone == customer))
    }
}

/// From smallest units of the account's currency to those of the reporting currency, at a rate of one.
fn scale_between(situation: &Situation, account: &Account) -> f64 {
    let digits = i32::from(situation.reporting.scale()) - i32::from(account.balance.currency().scale());
    libm::pow(10.0, f64::from(digits))
}

fn bank_of(situation: &Situation, choice: &BankChoice) -> Result<String> {
    match choice {
        BankChoice::Named(name) => {
            let known = situation.accounts.iter().any(|account| account.bank == *name);
            if known { Ok(name.clone()) } else { Err(QuantError::Unknown { field: "bank", name: name.clone() }) }
        }
        BankChoice::Largest => {
            let worth =
                |account: &Account| account.balance.minor() as f64 * account.rate * scale_between(situation, account);
            let sums = situation.accounts.iter().map(|account| (account.bank.clone(), worth(account)));
            Ok(largest(sums).unwrap_or_default())
        }
    }
}

fn customer_of(situation: &Situation, choice: &CustomerChoice) -> Result<Option<String>> {
    let receipts = situation.flows.iter().filter(|flow| flow.amount.minor() > 0);
    let named = receipts.filter_map(|flow| Some((flow.customer.clone()?, flow)));
    match choice {
        CustomerChoice::Named(name) => Ok(Some(name.clone())),
        CustomerChoice::Largest => {
            let worth = |account: usize, minor: i64| {
                situation
                    .accounts
                    .get(account)
                    .map_or(0.0, |one| minor as f64 * one.rate * scale_between(situation, one))
            };
            Ok(largest(named.map(|(name, flow)| (name, worth(flow.account, flow.amount.minor())))))
        }
    }
}

/// The name with the largest sum, the first in the alphabet where they are equal.
fn largest(values: impl Iterator<Item = (String, f64)>) -> Option<String> {
    let mut sums = std::collections::BTreeMap::<String, f64>::new();
    values.for_each(|(name, value)| *sums.entry(name).or_default() += value);
    let best = sums.into_iter().reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map(|(name, _)| name)
}
