//! What terms, rates and fees of a product may say.

use accounts_api::*;
use kernel::{Currency, Money};

fn amount(field: &str, amount: Option<Money>, currency: Currency) -> Result<(), Refusal> {
    match amount {
        Some(amount) if amount.currency() != currency || amount.minor() < 0 => {
            Err(Refusal::field_invalid(field, format!("expected an amount of zero or more in {currency}")))
        }
        _ => Ok(()),
    }
}

pub(crate) fn check_terms(terms: &Terms, kind: ProductKind, currency: Currency) -> Result<(), Refusal> {
    check_deposit(terms, kind)?;
    let Limits { per_transfer, per_day, per_month, .. } = terms.limits;
    amount("terms.limits.per_transfer", per_transfer, currency)?;
    amount("terms.limits.per_day", per_day, currency)?;
    amount("terms.limits.per_month", per_month, currency)?;
    amount("terms.largest_balance", terms.largest_balance, currency)?;
    amount("terms.overdraft.largest", terms.overdraft.as_ref().map(|overdraft| overdraft.largest), currency)
}

fn check_deposit(terms: &Terms, kind: ProductKind) -> Result<(), Refusal> {
    let (is_term, deposit) = (kind == ProductKind::Term, terms.deposit.as_ref());
    if is_term != deposit.is_some() || deposit.is_some_and(|deposit| !(1..=120).contains(&deposit.months)) {
        let expected = "expected 1 to 120 months for a product of the kind term, and for no other";
        return Err(Refusal::field_invalid("terms.deposit", expected));
    }
    let at_maturity = terms.interest.as_ref().map(|interest| interest.posting == Posting::AtMaturity);
    if (at_maturity == Some(true)) != is_term {
        let expected = "expected at_maturity for a product of the kind term, and for no other";
        return Err(Refusal::field_invalid("terms.interest.posting", expected));
    }
    if is_term && terms.overdraft.is_some() {
        return Err(Refusal::field_invalid("terms.overdraft", "a term deposit has none"));
    }
    Ok(())
}

fn check_fees(fees: &[Fee], kind: ProductKind, currency: Currency) -> Result<(), Refusal> {
    if fees.len() > limits::FEES_MAX {
        return Err(Refusal::TooMany { what: "fees".to_owned(), max: limits::FEES_MAX });
    }
    if kind == ProductKind::Term && !fees.is_empty() {
        return Err(Refusal::field_invalid("rates.fees", "a term deposit has none"));
    }
    for (place, fee) in fees.iter().enumerate() {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let again = fees.iter().take(place).any(|known| known.code == fee.code);
        if again || !(1..=40).contains(&fee.code.len()) || !fee.code.bytes().all(plain) {
            let expected = "expected 1 to 40 small letters, digits and underscores, each code once";
            return Err(Refusal::field_invalid("rates.fees.code", expected));
        }
        amount("rates.fees.waived_from", fee.waived_from, currency)?;
        amount("rates.fees.amount", Some(fee.amount), currency)?;
        if fee.amount.minor() == 0 {
            return Err(Refusal::field_invalid("rates.fees.amount", "expected an amount above zero"));
        }
    }
    Ok(())
}

pub(crate) fn check_rates(rates: &Rates, kind: ProductKind, currency: Currency) -> Result<(), Refusal> {
    check_fees(rates.fees.as_deref().unwrap_or_default(), kind, currency)?;
    if rates.credit.len() > limits::TIERS_MAX {
        return Err(Refusal::TooMany { what: "tiers".to_owned(), max: limits::TIERS_MAX });
    }
    let expected =
        || Refusal::field_invalid("rates.credit", format!("expected tiers in {currency}, from zero upwards"));
    let mut last = None;
    for tier in &rates.credit {
        let starts_right = match last {
            None => tier.from.minor() == 0,
            Some(last) => tier.from.minor() > last,
        };
        if !starts_right || tier.from.currency() != currency {
            return Err(expected());
        }
        last = Some(tier.from.minor());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_terms_are_positive_and_in_the_products_currency() {
        let (euro, dollar) = (Currency::iso("EUR").unwrap(), Currency::iso("USD").unwrap());
        let with = |amount| Terms { overdraft: Some(Overdraft { largest: amount }), ..Terms::default() };
        assert!(check_terms(&with(Money::new(1, euro)), ProductKind::Current, euro).is_ok());
        assert!(check_terms(&with(Money::new(-1, euro)), ProductKind::Current, euro).is_err());
        assert!(check_terms(&with(Money::new(1, dollar)), ProductKind::Current, euro).is_err());
    }

    #[test]
    fn tiers_begin_at_zero_and_rise() {
        let euro = Currency::iso("EUR").unwrap();
        let tiers = |froms: &[i64]| {
            let tier = |from: &i64| Tier { from: Money::new(*from, euro), rate: Rate::default() };
            let from = jiff::civil::date(2027, 1, 1);
            let rates = Rates { from, credit: froms.iter().map(tier).collect(), overdraft: None, fees: None };
            check_rates(&rates, ProductKind::Savings, euro).is_ok()
        };
        assert!(tiers(&[]) && tiers(&[0]) && tiers(&[0, 5, 9]));
        assert!(!tiers(&[1]) && !tiers(&[0, 5, 5]) && !tiers(&[0, 9, 5]) && !tiers(&(0..21).collect::<Vec<_>>()));
    }
}
