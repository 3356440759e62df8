//! Events of accounts: what counts of each day that changed, after the change, and new balances. No name, number or
//! text is in them. Readers replace a day, they never add to it.

use std::collections::BTreeSet;

use banking_api::{Balance, Day};
use kernel::Money;
use platform::db::{DbError, Tx};
use platform::feed::NewEvent;
use serde_json::{Value, json};

use crate::store::account::Account;
use crate::store::balance::{self, Totals};

/// Days in one event.
const DAYS_MAX: usize = 500;

pub(crate) async fn changed(
    tx: &Tx,
    account: &Account,
    totals: &Totals,
    balances: &[Balance],
) -> Result<Vec<NewEvent>, DbError> {
    let days: BTreeSet<i64> = totals.days().map(|(_, day)| day).collect();
    let mut told = Vec::with_capacity(days.len());
    for day in days {
        let totals = balance::of_day(tx, account.seq, day).await?;
        let totals = totals.iter().map(|(category, count, minor)| {
            json!({ "category": category, "count": count, "amount": Money::new(*minor, account.currency) })
        });
        let totals: Vec<Value> = totals.collect();
        told.push(json!({ "day": Day::of_number(day), "totals": totals }));
    }
    if told.is_empty() && balances.is_empty() {
        return Ok(Vec::new());
    }
    let event = |days: &[Value], balances: &[Balance]| {
        let data = json!({ "currency": account.currency, "days": days, "balances": balances });
        NewEvent::new("banking.account.changed", account.id.to_string(), data)
    };
    if told.is_empty() {
        return Ok(vec![event(&[], balances)]);
    }
    let chunks = told.chunks(DAYS_MAX).enumerate();
    Ok(chunks.map(|(place, days)| event(days, if place == 0 { balances } else { &[] })).collect())
}
