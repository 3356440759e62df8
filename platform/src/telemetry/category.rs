//! Amounts as labels: rules of operators tell large payments from small ones, and an amount itself is no label.

use kernel::Money;

/// From this many whole units of the currency on.
const HIGH_FROM: i64 = 10_000;
const MEDIUM_FROM: i64 = 1_000;

/// `high_value`, `medium_value` or `low_value`.
pub fn amount_category(amount: Money) -> &'static str {
    match amount.minor() / 10_i64.pow(u32::from(amount.currency().scale())) {
        HIGH_FROM.. => "high_value",
        MEDIUM_FROM.. => "medium_value",
        _ => "low_value",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_categories_by_whole_units() {
        let of = |amount, currency| amount_category(Money::parse(amount, currency).unwrap());
        assert_eq!([of("999.99", "USD"), of("1000.00", "USD")], ["low_value", "medium_value"]);
        assert_eq!([of("9999.99", "USD"), of("10000.00", "USD")], ["medium_value", "high_value"]);
        assert_eq!([of("9999", "JPY"), of("10000", "JPY")], ["medium_value", "high_value"]);
    }
}
