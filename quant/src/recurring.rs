//! Payments that come again and again, found among booked ones of the same payee: at least three, at intervals within 15 %
//! of their middle, of amounts within 20 %.

use jiff::civil::Date;
use kernel::Money;
use serde::{Deserialize, Serialize};

use crate::amount;
use crate::calendar::{days_between, plus_days};
use crate::error::{Result, at_most};

pub const PAYMENTS_MAX: usize = 50_000;
const COUNT_MIN: usize = 3;
const INTERVAL_TOLERANCE: f64 = 0.15;
const AMOUNT_TOLERANCE: f64 = 0.2;

/// One booked payment or receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    pub payee: String,
    pub date: Date,
    pub amount: Money,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recurring {
    pub payee: String,
    pub count: usize,
    /// The middle one of its days and of its amounts.
    pub interval_days: f64,
    pub amount: Money,
    pub last: Date,
    pub next: Date,
    /// The last amount over the first, less one: a subscription that rose.
    pub change: f64,
}

/// By payee and currency, in the order of their names. Receipts and payments of one payee are apart.
pub fn recurring(payments: &[Payment]) -> Result<Vec<Recurring>> {
    at_most("payments", payments.len(), PAYMENTS_MAX)?;
    let mut groups = std::collections::BTreeMap::<(&str, String, bool), Vec<&Payment>>::new();
    for payment in payments {
        amount::units("payments", payment.amount, payment.amount.currency())?;
        let key = (payment.payee.as_str(), payment.amount.currency().code().to_owned(), payment.amount.minor() > 0);
        groups.entry(key).or_default().push(payment);
    }
    let mut found = Vec::new();
    for ((payee, _, _), mut group) in groups {
        group.sort_by_key(|payment| payment.date);
        found.extend(of_payee(payee, &group)?);
    }
    Ok(found)
}

fn of_payee(payee: &str, group: &[&Payment]) -> Result<Option<Recurring>> {
    let days: Vec<f64> =
        group.iter().zip(group.iter().skip(1)).map(|(one, next)| days_between(one.date, next.date) as f64).collect();
    let amounts: Vec<f64> = group.iter().map(|payment| payment.amount.minor() as f64).collect();
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return Ok(None) };
    let (interval, typical) = (middle(&days), middle(&amounts));
    let regular = interval >= 1.0 && days.iter().all(|one| (one - interval).abs() <= INTERVAL_TOLERANCE * interval);
    let alike = amounts.iter().all(|one| (one - typical).abs() <= AMOUNT_TOLERANCE * typical.abs());
    if group.len() < COUNT_MIN || !regular || !alike {
        return Ok(None);
    }
    Ok(Some(Recurring {
        payee: payee.to_owned(),
        count: group.len(),
        interval_days: interval,
        amount: amount::money("amount", typical, last.amount.currency())?,
        last: last.date,
        next: plus_days(last.date, interval.round() as i64)?,
        change: last.amount.minor() as f64 / first.amount.minor() as f64 - 1.0,
    }))
}

fn middle(values: &[f64]) -> f64 {
    crate::QuantileRule::Linear.of(values, 0.5).unwrap_or(0.0)
}
