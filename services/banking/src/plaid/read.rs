//! Plaid's JSON as our entries, balances and holdings. Plaid counts money out as positive.

use banking_api::{AccountKind, Balance, BalanceKind, Day, Holding};
use formats::statement::{Code, Correction, Entry, EntryStatus, Scheme};
use kernel::{Currency, Money};
use serde_json::Value;

use crate::bank::Trouble;
use crate::fields;

/// One account of an item.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) id: String,
    /// The same after the bank is linked again, where Plaid tells it.
    pub(super) lasting: String,
    pub(super) last_four: String,
    pub(super) kind: AccountKind,
    pub(super) currency: Currency,
    pub(super) balances: Vec<Balance>,
}

pub(super) fn text(item: &Value, pointer: &str) -> Result<String, Trouble> {
    fields::text(item, pointer).ok_or_else(|| Trouble::Unreadable(format!("{pointer} is missing")))
}

/// The currency of an item; unofficial ones (points, some coins) are none.
fn currency(item: &Value, at: &str) -> Option<Currency> {
    Currency::iso(&fields::text(item, &format!("{at}/iso_currency_code"))?).ok()
}

/// Accounts in unofficial currencies are left out.
pub(super) fn accounts(answer: &Value, today: Day) -> Result<Vec<Account>, Trouble> {
    let items = crate::sync::items(answer, "/accounts")?;
    items.iter().filter_map(|item| Some((item, currency(item, "/balances")?))).map(|one| account(one, today)).collect()
}

fn account((item, currency): (&Value, Currency), as_of: Day) -> Result<Account, Trouble> {
    let kind = match (fields::text(item, "/type").as_deref(), fields::text(item, "/subtype").as_deref()) {
        (Some("credit"), _) => AccountKind::Card,
        (Some("loan"), _) => AccountKind::Loan,
        (Some("investment" | "brokerage"), _) => AccountKind::Brokerage,
        (_, Some("savings" | "money market" | "cd")) => AccountKind::Savings,
        _ => AccountKind::Current,
    };
    // What is owed on a card or a loan is positive at Plaid.
    let owed = matches!(kind, AccountKind::Card | AccountKind::Loan);
    let mut balances = Vec::new();
    for (pointer, of, is_debt) in [
        ("/balances/current", BalanceKind::InterimBooked, owed),
        ("/balances/available", BalanceKind::InterimAvailable, false),
        ("/balances/limit", BalanceKind::Limit, false),
    ] {
        if fields::text(item, pointer).is_some() {
            let amount = fields::money(item, pointer, currency).map_err(Trouble::Unreadable)?;
            let amount = if is_debt { Money::new(-amount.minor(), currency) } else { amount };
            balances.push(Balance { kind: of, as_of, at: None, amount });
        }
    }
    let id = text(item, "/account_id")?;
    Ok(Account {
        lasting: fields::text(item, "/persistent_account_id").unwrap_or_else(|| id.clone()),
        last_four: fields::text(item, "/mask").unwrap_or_default().chars().take(4).collect(),
        id,
        kind,
        currency,
        balances,
    })
}

/// An added or modified transaction.
pub(super) fn entry(item: &Value, currency: Currency) -> Result<Entry, Trouble> {
    let amount = fields::money(item, "/amount", currency).map_err(Trouble::Unreadable)?;
    let mut entry = Entry::new(Money::new(-amount.minor(), currency));
    entry.booked_on = Some(fields::date(item, "/date").map_err(Trouble::Unreadable)?);
    if fields::text(item, "/authorized_date").is_some() {
        entry.valued_on = Some(fields::date(item, "/authorized_date").map_err(Trouble::Unreadable)?);
    }
    if item.pointer("/pending").and_then(Value::as_bool) == Some(true) {
        entry.status = EntryStatus::Pending;
    }
    entry.correction = fields::text(item, "/pending_transaction_id").map(|bank| Correction::Replaces { bank });
    let category = fields::text(item, "/personal_finance_category/detailed");
    entry.told.codes = category.map(|word| Code::new(Scheme::Bank, format!("PLAID-{word}"))).into_iter().collect();
    entry.told.references.bank = Some(text(item, "/transaction_id")?);
    entry.told.references.cheque = fields::text(item, "/check_number");
    entry.told.references.end_to_end = fields::text(item, "/payment_meta/reference_number");
    entry.told.counterparty.name = fields::text(item, "/merchant_name");
    entry.told.text = fields::text(item, "/name").into_iter().collect();
    Ok(entry)
}

/// A transaction that is no more, as an entry that deletes it.
pub(super) fn removed(id: String, currency: Currency) -> Entry {
    let mut entry = Entry::new(Money::new(0, currency));
    entry.correction = Some(Correction::Deletes { bank: id });
    entry
}

/// Holdings by account; the security's name is of the same answer.
pub(super) fn holdings(answer: &Value, today: Day) -> Result<Vec<(String, Holding)>, Trouble> {
    let securities = crate::sync::items(answer, "/securities")?;
    let holding = |item: &Value| {
        let id = text(item, "/security_id")?;
        let security = securities.iter().find(|one| fields::text(one, "/security_id").as_deref() == Some(&id));
        let named = |pointer: &str| security.and_then(|one| fields::text(one, pointer));
        let (scheme, name) = match (named("/isin"), named("/cusip"), named("/ticker_symbol")) {
            (Some(isin), _, _) => (Some("ISIN"), isin),
            (_, Some(cusip), _) => (Some("CUSIP"), cusip),
            (_, _, Some(ticker)) => (Some("TICKER"), ticker),
            _ => (None, named("/name").unwrap_or(id)),
        };
        let value = currency(item, "").map(|currency| fields::rounded(item, "/institution_value", currency));
        let as_of = fields::date(item, "/institution_price_as_of").map_or(today, Day::from);
        let (quantity, price) = (text(item, "/quantity")?, fields::text(item, "/institution_price"));
        let scheme = scheme.map(str::to_owned);
        let value = value.flatten();
        Ok((text(item, "/account_id")?, Holding { security: name, scheme, quantity, price, value, as_of }))
    };
    crate::sync::items(answer, "/holdings")?.iter().map(holding).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn money_out_is_positive_at_plaid_and_negative_here() {
        let item = json!({
            "transaction_id": "t1", "amount": 12.5, "date": "2026-01-05", "authorized_date": "2026-01-04",
            "pending": false, "pending_transaction_id": "p1", "name": "COFFEE HOUSE 7", "merchant_name": "Coffee House",
            "personal_finance_category": { "detailed": "FOOD_AND_DRINK_COFFEE" }
        });
        let entry = entry(&item, Currency::iso("USD").unwrap()).unwrap();
        assert_eq!((entry.amount.minor(), entry.status), (-1_250, EntryStatus::Booked));
        assert_eq!(entry.correction, Some(Correction::Replaces { bank: "p1".to_owned() }));
        assert_eq!(entry.told.codes[0].code, "PLAID-FOOD_AND_DRINK_COFFEE");
    }

    #[test]
    fn a_cards_debt_is_a_negative_balance() {
        let answer = json!({ "accounts": [
            { "account_id": "a", "mask": "1234", "type": "credit",
              "balances": { "current": 410.5, "available": null, "limit": 2000, "iso_currency_code": "USD" } },
            { "account_id": "points", "type": "other", "balances": { "current": 5, "iso_currency_code": null } }
        ] });
        let found = accounts(&answer, Day::of_number(20_000)).unwrap();
        assert_eq!((found.len(), found[0].kind), (1, AccountKind::Card));
        let balances: Vec<_> = found[0].balances.iter().map(|one| (one.kind, one.amount.minor())).collect();
        assert_eq!(balances, [(BalanceKind::InterimBooked, -41_050), (BalanceKind::Limit, 200_000)]);
    }

    #[test]
    fn holdings_are_named_by_isin_cusip_or_ticker() {
        let answer = json!({
            "securities": [{ "security_id": "s", "cusip": "037833100", "ticker_symbol": "AAPL" }],
            "holdings": [{ "account_id": "a", "security_id": "s", "quantity": 2.5, "institution_price": 200.01,
                           "institution_value": 500.025, "iso_currency_code": "USD" }]
        });
        let (account, found) = holdings(&answer, Day::of_number(20_000)).unwrap().remove(0);
        assert_eq!((account.as_str(), found.security.as_str()), ("a", "037833100"));
        assert_eq!((found.quantity.as_str(), found.value.map(|value| value.minor())), ("2.5", Some(50_002)));
    }
}
