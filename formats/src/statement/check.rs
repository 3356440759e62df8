//! Whether a statement's entries make its closing balance, and the totals that its bank states.

use kernel::{Currency, Money};
use serde::Serialize;

use super::{Balance, BalanceKind, Entry, EntryStatus, Statement};
use crate::mistake::{Mistake, Problem, Report};

/// What a statement's entries make, in the statement's currency.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Sums {
    pub credits: Tally,
    pub debits: Tally,
    /// Pending, future and informational entries.
    pub not_booked: Tally,
    pub other_currency: u64,
    /// Nothing where an opening or closing balance is missing.
    pub difference: Option<Difference>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Tally {
    pub count: u64,
    /// In smallest units.
    pub minor: i128,
}

impl Tally {
    pub(crate) fn add(&mut self, minor: i64) {
        self.count += 1;
        self.minor += i128::from(minor);
    }
}

/// The closing balance less opening and entries, in smallest units; zero where the statement adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub minor: i128,
}

impl Sums {
    /// Counts an entry in. The first entry's currency is the statement's where nothing else told it.
    pub(crate) fn add(&mut self, statement: &mut Statement, entry: &Entry, report: &mut Report) {
        let currency = *statement.currency.get_or_insert(entry.amount.currency());
        if entry.amount.currency() != currency {
            self.other_currency += 1;
            let (expected, found) = (currency.to_string(), entry.amount.currency().to_string());
            report.warn(Mistake::new(entry.line, "entry", "currency", Problem::OtherCurrency { expected, found }));
            return;
        }
        let minor = entry.amount.minor();
        match entry.status {
            EntryStatus::Booked if minor >= 0 => self.credits.add(minor),
            EntryStatus::Booked => self.debits.add(minor),
            _ => self.not_booked.add(minor),
        }
    }

    /// Compares opening and entries with the closing balance, and the bank's own totals with the entries.
    pub(crate) fn close(&mut self, statement: &Statement, line: u64, report: &mut Report) {
        let Some(currency) = statement.currency else { return };
        self.compare_totals(statement, currency, line, report);
        let opening = find(&statement.balances, BalanceKind::OpeningBooked, currency, false);
        let closing = find(&statement.balances, BalanceKind::ClosingBooked, currency, true);
        let (Some(opening), Some(closing)) = (opening, closing) else { return };
        let made = i128::from(opening.minor()) + self.credits.minor + self.debits.minor;
        let minor = i128::from(closing.minor()) - made;
        self.difference = Some(Difference { minor });
        if minor != 0 {
            let problem = Problem::DoesNotAddUp {
                expected: shown(made, currency),
                found: shown(i128::from(closing.minor()), currency),
                difference: shown(minor, currency),
            };
            report.warn(Mistake::new(line, "statement", "closing_booked", problem));
        }
    }
}

impl Sums {
    /// What the bank says its entries make: 90C and 90D, or camt's summary. With entries that are not booked or in another
    /// currency banks count differently, so nothing is said then.
    fn compare_totals(&self, statement: &Statement, currency: Currency, line: u64, report: &mut Report) {
        if self.not_booked.count + self.other_currency > 0 {
            return;
        }
        for total in &statement.totals {
            let (field, found) = match total.code.as_str() {
                "90C" | "TtlCdtNtries" => ("total of credits", self.credits),
                "90D" | "TtlDbtNtries" => ("total of debits", self.debits),
                _ => continue,
            };
            if let Some(stated) = total.count.filter(|stated| *stated != found.count) {
                let problem = Problem::Count { expected: stated.to_string(), found: found.count };
                report.warn(Mistake::new(line, "statement", field, problem));
            }
            let stated = total.amount.filter(|amount| amount.currency() == currency);
            if let Some(stated) =
                stated.map(|amount| i128::from(amount.minor())).filter(|stated| *stated != found.minor)
            {
                let (expected, found) = (shown(stated, currency), shown(found.minor, currency));
                report.warn(Mistake::new(line, "statement", field, Problem::Total { expected, found }));
            }
        }
    }
}

/// The first or last balance of a kind; of several openings the one that was not carried over from a day before.
fn find(balances: &[Balance], kind: BalanceKind, currency: Currency, last: bool) -> Option<Money> {
    let mut of_kind = balances.iter().filter(|balance| balance.kind == kind && balance.amount.currency() == currency);
    let found = if last { of_kind.next_back() } else { of_kind.min_by_key(|balance| balance.code == "PRCD") };
    found.map(|balance| balance.amount)
}

/// An amount beyond 64 bits is shown in smallest units.
pub(crate) fn shown(minor: i128, currency: Currency) -> String {
    match i64::try_from(minor) {
        Ok(minor) => Money::new(minor, currency).to_string(),
        Err(_) => format!("{minor} smallest units of {currency}"),
    }
}
