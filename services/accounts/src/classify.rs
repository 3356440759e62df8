//! What a movement is: its kind, from what booked it, and its category, from the kind and the merchant's code.

use accounts_api::{Category, Kind};

use crate::books::Own;

/// The account on the other side says more than what the transaction calls itself: tax is withheld in the transaction of
/// the interest.
pub(crate) fn kind(told: Option<&str>, counterpart: &str) -> Kind {
    match Own::of(counterpart) {
        Some(Own::Accrued | Own::InterestPaid | Own::Receivable | Own::InterestEarned) => Kind::Interest,
        Some(Own::Fees) => Kind::Fee,
        Some(Own::Tax) => Kind::Tax,
        None => told.and_then(|told| told.parse().ok()).unwrap_or(Kind::Other),
    }
}

/// First and last merchant category code of ISO 18245, and what is bought there. The first range that matches counts.
const CODES: [(u16, u16, Category); 30] = [
    (3000, 3999, Category::Travel),
    (4011, 4131, Category::Transport),
    (4411, 4411, Category::Travel),
    (4511, 4582, Category::Travel),
    (4722, 4722, Category::Travel),
    (4784, 4789, Category::Transport),
    (4812, 4816, Category::Utilities),
    (4899, 4899, Category::Entertainment),
    (4900, 4900, Category::Utilities),
    (5122, 5122, Category::Health),
    (5172, 5172, Category::Fuel),
    (5411, 5499, Category::Groceries),
    (5541, 5542, Category::Fuel),
    (5552, 5552, Category::Fuel),
    (5811, 5814, Category::Restaurants),
    (5815, 5818, Category::Entertainment),
    (5912, 5912, Category::Health),
    (5960, 5960, Category::Insurance),
    (5983, 5983, Category::Fuel),
    (6010, 6011, Category::Cash),
    (6300, 6399, Category::Insurance),
    (6513, 6513, Category::Housing),
    (7011, 7033, Category::Travel),
    (7512, 7523, Category::Transport),
    (7829, 7999, Category::Entertainment),
    (8011, 8099, Category::Health),
    (8211, 8299, Category::Education),
    (8398, 8398, Category::Donations),
    (9311, 9311, Category::Taxes),
    (5000, 5999, Category::Shopping),
];

pub(crate) fn category(kind: Kind, mcc: Option<&str>, minor: i64) -> Category {
    let of_code = |code: u16| {
        let found = CODES.iter().find(|(first, last, _)| (*first..=*last).contains(&code));
        found.map(|(.., category)| *category)
    };
    let bought = mcc.and_then(|mcc| mcc.parse().ok()).and_then(of_code);
    match kind {
        Kind::Interest => Category::Interest,
        Kind::Fee => Category::Fees,
        Kind::Tax => Category::Taxes,
        Kind::Cash => Category::Cash,
        Kind::Refund => bought.unwrap_or(Category::Refunds),
        Kind::Card | Kind::DirectDebit => bought.unwrap_or(Category::Other),
        Kind::Transfer | Kind::StandingOrder if minor > 0 => Category::Income,
        Kind::Transfer | Kind::StandingOrder => Category::Transfers,
        Kind::Other => bought.unwrap_or(Category::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_account_decides_the_kind() {
        for (told, counterpart, expected) in [
            (None, "interest:accrued:prod_1", Kind::Interest),
            (Some("interest"), "tax:withheld:prod_1", Kind::Tax),
            (None, "income:fees:prod_1", Kind::Fee),
            (Some("card"), "merchants:bookshop", Kind::Card),
            (Some("standing_order"), "customers:bob", Kind::StandingOrder),
            (Some("unheard of"), "customers:bob", Kind::Other),
            (None, "customers:bob", Kind::Other),
        ] {
            assert_eq!(kind(told, counterpart), expected, "{told:?} {counterpart}");
        }
    }

    #[test]
    fn the_merchants_code_decides_the_category() {
        for (kind, mcc, minor, expected) in [
            (Kind::Card, Some("5411"), -1, Category::Groceries),
            (Kind::Card, Some("5045"), -1, Category::Shopping),
            (Kind::Card, Some("0742"), -1, Category::Other),
            (Kind::Card, None, -1, Category::Other),
            (Kind::Refund, Some("5812"), 1, Category::Restaurants),
            (Kind::Refund, None, 1, Category::Refunds),
            (Kind::Transfer, None, 1, Category::Income),
            (Kind::Transfer, None, -1, Category::Transfers),
            (Kind::Interest, None, 1, Category::Interest),
        ] {
            assert_eq!(category(kind, mcc, minor), expected, "{kind:?} {mcc:?}");
        }
    }
}
