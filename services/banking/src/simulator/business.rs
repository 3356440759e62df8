//! The business of the simulated accounts: rent, salaries, customers, cards whose payments are announced a day before
//! with a smaller amount, equal payments on one day, entries that a bank tells two days late, and corrections: by the
//! bank's own id where it keeps its ids, else as a return and a new entry on the next day.
//!
//! Everything is a pure function of the seed, the account and the day.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use banking_api::Day;
use kernel::Clock;

pub(super) const DAY_US: i64 = 86_400_000_000;
/// 2024-12-01: the opening balances.
pub(super) const FIRST_DAY: i64 = 20_058;
/// Thirteen months, which the banks still tell.
const TOLD_DAYS: i64 = 396;
/// A late entry is told so many days after its own day, and a corrected one has its right amount from then on.
const LATE_DAYS: i64 = 2;

#[derive(Debug)]
pub(super) struct Account {
    pub(super) bank: &'static str,
    pub(super) number: &'static str,
    pub(super) currency: &'static str,
    opening: i64,
}

const fn account(bank: &'static str, number: &'static str, currency: &'static str, opening: i64) -> Account {
    Account { bank, number, currency, opening }
}

static ACCOUNTS: [Account; 12] = [
    account("chase", "70011001", "USD", 25_000_000),
    account("chase", "70011002", "USD", 4_000_000),
    account("chase", "70011003", "EUR", 9_000_000),
    account("wells_fargo", "61022001", "USD", 12_000_000),
    account("wells_fargo", "61022002", "USD", 700_000),
    account("bank_of_america", "33033001", "USD", 18_000_000),
    account("bank_of_america", "33033002", "GBP", 5_500_000),
    account("citi", "94044001", "USD", 30_000_000),
    account("citi", "94044002", "JPY", 80_000_000),
    account("citi", "94044003", "EUR", 2_000_000),
    account("plaid", "pl-a5501", "USD", 640_000),
    account("plaid", "pl-b5502", "USD", 9_100_000),
];

impl Account {
    /// The bank keeps the ids of its entries, so that it can correct one under its id.
    fn keeps_ids(&self) -> bool {
        matches!(self.bank, "wells_fargo" | "plaid")
    }
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) day: i64,
    pub(super) minor: i64,
    /// BAI2's type.
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) text: String,
    pub(super) reference: String,
    /// The day from which the bank tells it.
    told_from: i64,
    /// The amount that was announced on the day before.
    announced: Option<i64>,
    /// A wrong amount that the bank tells first.
    wrong: Option<i64>,
}

impl Entry {
    pub(super) fn is_announced(&self) -> bool {
        self.announced.is_some()
    }
}

pub(super) struct Business {
    seed: u64,
    clock: Arc<dyn Clock>,
    /// Balances at the end of days that are settled.
    balances: Mutex<HashMap<(&'static str, i64), i64>>,
}

impl Business {
    pub(super) fn new(seed: u64, clock: Arc<dyn Clock>) -> Business {
        Business { seed, clock, balances: Mutex::default() }
    }

    /// The first day that the banks still tell.
    pub(super) fn first_day(&self) -> i64 {
        (self.today() - TOLD_DAYS + 1).max(FIRST_DAY)
    }

    pub(super) fn today(&self) -> i64 {
        self.clock.now().micros().div_euclid(DAY_US)
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = &'static Account> {
        ACCOUNTS.iter()
    }

    pub(super) fn of_bank(&self, bank: &str) -> Vec<&'static Account> {
        ACCOUNTS.iter().filter(|account| account.bank == bank).collect()
    }

    pub(super) fn of_number(&self, number: &str) -> Option<&'static Account> {
        ACCOUNTS.iter().find(|account| account.number == number)
    }

    /// Booked entries of these days, as the bank tells them by now.
    pub(super) fn booked(&self, account: &Account, from: i64, to: i64) -> Vec<Entry> {
        self.booked_by(account, (from, to), self.today())
    }

    /// The same, as the bank told them on another day.
    pub(super) fn booked_by(&self, account: &Account, (from, to): (i64, i64), today: i64) -> Vec<Entry> {
        let days = from.max(FIRST_DAY)..=to.min(today);
        days.flat_map(|day| self.told_on(account, day, today)).collect()
    }

    /// Announced by now, and booked tomorrow.
    pub(super) fn pending(&self, account: &Account) -> Vec<Entry> {
        self.pending_on(account, self.today())
    }

    pub(super) fn pending_on(&self, account: &Account, today: i64) -> Vec<Entry> {
        let tomorrow = self.of_day(account, today + 1).into_iter().filter(|_| today >= FIRST_DAY);
        tomorrow.filter_map(|entry| entry.announced.map(|minor| Entry { minor, ..entry })).collect()
    }

    /// At the end of a day, of what the bank tells by now.
    pub(super) fn balance(&self, account: &'static Account, day: i64) -> i64 {
        let settled = self.today() - LATE_DAYS;
        let mut balances = self.balances.lock().unwrap_or_else(PoisonError::into_inner);
        let start = (FIRST_DAY..=day.min(settled)).rev().find(|day| balances.contains_key(&(account.number, *day)));
        let known = start.and_then(|day| balances.get(&(account.number, day)).copied());
        let mut balance = known.unwrap_or(account.opening);
        for day in start.map_or(FIRST_DAY, |day| day + 1)..=day.min(self.today()) {
            balance += self.told_on(account, day, self.today()).iter().map(|entry| entry.minor).sum::<i64>();
            if day <= settled {
                balances.insert((account.number, day), balance);
            }
        }
        balance
    }

    fn told_on(&self, account: &Account, day: i64, today: i64) -> Vec<Entry> {
        let told = self.of_day(account, day).into_iter().filter(|entry| entry.told_from <= today);
        let amount = |entry: &Entry| entry.wrong.filter(|_| today < day + LATE_DAYS).unwrap_or(entry.minor);
        told.map(|entry| Entry { minor: amount(&entry), ..entry }).collect()
    }

    /// Its own entries, and what corrects those of the day before.
    fn of_day(&self, account: &Account, day: i64) -> Vec<Entry> {
        let mut entries = self.own_of_day(account, day);
        if account.keeps_ids() {
            return entries;
        }
        for entry in &mut entries {
            if let Some(wrong) = entry.wrong.take() {
                entry.minor = wrong;
            }
        }
        let before = self.own_of_day(account, day - 1).into_iter().filter(|entry| entry.wrong.is_some());
        for wrong in before {
            let told = |suffix: &str, code, minor, text: String| Entry {
                id: format!("{}{suffix}", wrong.id),
                reference: format!("{}{suffix}", wrong.reference),
                told_from: day,
                announced: None,
                wrong: None,
                day,
                code,
                minor,
                text,
                ..wrong.clone()
            };
            let returned = wrong.wrong.map_or(0, |minor| -minor);
            let code = if returned > 0 { "252" } else { "552" };
            entries.push(told("R", code, returned, format!("RETURN OF {}", wrong.text)));
            entries.push(told("C", wrong.code, wrong.minor, format!("{} CORRECTED", wrong.text)));
        }
        entries
    }

    fn own_of_day(&self, account: &Account, day: i64) -> Vec<Entry> {
        let date = Day::of_number(day).date();
        let mut entries = Vec::new();
        let mut add = |minor: i64, code, name, text: String| {
            let place = entries.len() as u64;
            let is = |salt: u64, one_in: u64| self.dice(account, day, salt + place).is_multiple_of(one_in);
            let is_card = code == "408";
            entries.push(Entry {
                id: format!("{}-{day}-{place}", account.number),
                day,
                minor,
                code,
                name,
                text,
                reference: format!("E{}{day}{place}", account.number),
                told_from: if is(900, 23) { day + LATE_DAYS } else { day },
                announced: is_card.then_some(minor - minor / 7),
                wrong: (!is_card && minor.abs() > 500 && is(700, 29)).then_some(minor + 1_000 * minor.signum()),
            });
        };
        match date.day() {
            2 => add(-180_000, "475", "Harbour Estates", format!("RENT {}", date.month())),
            25 => add(-2_400_000, "469", "Payroll", format!("SALARIES {}", date.month())),
            28 => add(-1_250, "698", "", "ACCOUNT FEE".to_owned()),
            _ => {}
        }
        for place in 0..self.dice(account, day, 1) % 4 {
            let dice = self.dice(account, day, 10 + place);
            let amount = (dice % 900_000).cast_signed() + 1_000;
            match dice >> 60 {
                0..=5 => add(amount, "165", "Northwind Traders", format!("INVOICE {}", dice % 10_000)),
                6..=10 => add(-amount / 3, "455", "City Power", format!("BILL {}", dice % 10_000)),
                _ => add(-amount / 90, "408", "Coffee House", format!("CARD COFFEE HOUSE {}", dice % 7)),
            }
        }
        // Two real payments that nothing but their ids tells apart.
        if self.dice(account, day, 2).is_multiple_of(9) {
            add(-500, "455", "Parking", "PARKING".to_owned());
            add(-500, "455", "Parking", "PARKING".to_owned());
        }
        entries
    }

    fn dice(&self, account: &Account, day: i64, salt: u64) -> u64 {
        let number = account.number.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let mut dice = self.seed ^ number.rotate_left(17) ^ day.unsigned_abs().rotate_left(40) ^ salt.rotate_left(5);
        for _ in 0..2 {
            dice = dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
            dice = (dice ^ (dice >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            dice = (dice ^ (dice >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            dice ^= dice >> 31;
        }
        dice
    }
}

pub(super) fn day(number: i64) -> String {
    Day::of_number(number).to_string()
}

pub(super) fn number(text: &str) -> Option<i64> {
    text.get(..10)?.parse().ok().map(Day::number)
}

/// A decimal with the currency's digits.
pub(super) fn amount(account: &Account, minor: i64) -> String {
    kernel::Currency::iso(account.currency)
        .map(|currency| kernel::Money::new(minor, currency).amount())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use testkit::FakeClock;

    use super::*;

    #[test]
    fn two_runs_of_a_seed_tell_the_same() {
        let told = |seed| {
            let business = Business::new(seed, Arc::new(FakeClock::default()));
            let today = business.today();
            let all = business.accounts().map(|account| business.balance(account, today));
            all.collect::<Vec<_>>()
        };
        assert_eq!(told(7), told(7));
        assert_ne!(told(7), told(8));
    }

    #[test]
    fn a_balance_is_the_opening_and_all_entries_told_by_now() {
        let clock = FakeClock::default();
        let business = Business::new(7, Arc::new(clock.clone()));
        for account in business.accounts() {
            for _ in 0..5 {
                clock.advance_millis(86_400_000);
                let today = business.today();
                let sum: i64 = business.booked(account, FIRST_DAY, today).iter().map(|entry| entry.minor).sum();
                assert_eq!(business.balance(account, today), account.opening + sum);
            }
        }
    }
}
