//! Every refusal of accounts, by name.

use std::borrow::Cow;

use jiff::civil::Date;
use platform::error::{self, Row, row};
use serde::{Deserialize, Serialize};

use crate::limits::{HOLDERS_MAX, PAGE_MAX};

#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, strum::VariantNames, strum::IntoStaticStr,
)]
#[serde(tag = "code", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Refusal {
    #[error("{field}: {detail}")]
    FieldInvalid { field: String, detail: String },
    #[error("expected a page size of 1 to {max}, found {given}")]
    PageSize { given: usize, max: usize },
    #[error("expected at most {max} {what}")]
    TooMany { what: String, max: usize },
    #[error("customer {id} does not exist")]
    CustomerUnknown { id: String },
    #[error("customer {id} already exists, with other content")]
    CustomerExists { id: String },
    #[error("customer {id} is {state}")]
    CustomerState { id: String, state: String },
    #[error("customer {id} holds accounts that are not closed: {accounts}")]
    CustomerHasAccounts { id: String, accounts: usize },
    #[error("{subject} does not act for this customer")]
    UserUnknown { subject: String },
    #[error("product {id} does not exist")]
    ProductUnknown { id: String },
    #[error("product {id} is {state}")]
    ProductState { id: String, state: String },
    #[error("rates are announced before their first day: expected {earliest} or later, found {from}")]
    NoticeTooShort { from: Date, earliest: Date },
    #[error("account {id} does not exist")]
    AccountUnknown { id: String },
    #[error("account {id} is {state}")]
    AccountState { id: String, state: String },
    #[error("the product allows an overdraft of at most {largest}")]
    OverdraftTooLarge { largest: String },
    #[error("block {id} does not exist, or has ended")]
    BlockUnknown { id: String },
    #[error("account {id} is not at zero; name the account that takes the rest, or settle what is owed")]
    AccountNotEmpty { id: String },
    #[error("account {account} cannot take the rest: it is not active, or in another currency")]
    RestRefused { account: String },
    #[error("day {day} is not over; the last one that is over is {last}")]
    DayNotOver { day: Date, last: Date },
    #[error("there is no run of day {day}")]
    DayUnknown { day: Date },
    #[error("movement {id} does not exist")]
    MovementUnknown { id: String },
    #[error("there is no statement {number}, or its month is not over")]
    StatementUnknown { number: u32 },
    #[error("the account's product has no fee {fee} for an occasion")]
    FeeUnknown { fee: String },
    #[error("{fee} was not charged for {occasion}")]
    ChargeUnknown { fee: String, occasion: String },
    #[error("{fee} for {occasion} is {state}")]
    ChargeState { fee: String, occasion: String, state: String },
    #[error("the ledger does not accept the refund to account {id}: it is closed, frozen, or at its largest balance")]
    RefundRefused { id: String },
    #[error("rule {id} does not exist")]
    RuleUnknown { id: String },
}

impl error::Refusal for Refusal {
    fn code(&self) -> &'static str {
        self.into()
    }

    #[rustfmt::skip]
    fn row(&self) -> Row {
        match self {
            Refusal::FieldInvalid { .. } => row(400, "A field is malformed", "A field of the request is malformed."),
            Refusal::PageSize { .. } => row(400, "Page size is out of range", "The page is too large, or empty."),
            Refusal::TooMany { .. } => row(409, "Too many", "There are already as many as are accepted."),
            Refusal::CustomerUnknown { .. } => row(404, "Customer does not exist", "There is no such customer, or it is not this caller's."),
            Refusal::CustomerExists { .. } => row(409, "Customer already exists", "The id is taken by a customer with other content."),
            Refusal::CustomerState { .. } => row(409, "Customer is in another state", "The customer's state does not allow this."),
            Refusal::CustomerHasAccounts { .. } => row(409, "Customer holds accounts", "A customer is closed or erased once all accounts are closed."),
            Refusal::UserUnknown { .. } => row(404, "User does not exist", "The subject does not act for the customer."),
            Refusal::ProductUnknown { .. } => row(404, "Product does not exist", "There is no such product."),
            Refusal::ProductState { .. } => row(409, "Product is in another state", "Accounts are opened under active products only."),
            Refusal::NoticeTooShort { .. } => row(422, "Notice is too short", "Rates are announced as many days ahead as the product says."),
            Refusal::AccountUnknown { .. } => row(404, "Account does not exist", "There is no such account, or it is not this caller's."),
            Refusal::AccountState { .. } => row(409, "Account is in another state", "The account's state does not allow this."),
            Refusal::OverdraftTooLarge { .. } => row(422, "Overdraft is too large", "The product allows none, or a smaller one."),
            Refusal::BlockUnknown { .. } => row(404, "Block does not exist", "The account has no such block, or it has ended."),
            Refusal::AccountNotEmpty { .. } => row(409, "Account is not empty", "An account is closed at zero, or with an account that takes the rest."),
            Refusal::RestRefused { .. } => row(422, "Rest cannot be moved there", "The account is not active, the same one, or in another currency."),
            Refusal::DayNotOver { .. } => row(422, "Day is not over", "Only days that are over are closed."),
            Refusal::DayUnknown { .. } => row(404, "Day has no run", "The run of this day has not begun."),
            Refusal::MovementUnknown { .. } => row(404, "Movement does not exist", "There is no such movement, or it is not this caller's."),
            Refusal::StatementUnknown { .. } => row(404, "Statement does not exist", "The number is not that of a month of the account that is over."),
            Refusal::FeeUnknown { .. } => row(404, "Fee does not exist", "The product has no such fee that is charged for an occasion."),
            Refusal::ChargeUnknown { .. } => row(404, "Charge does not exist", "The fee was not charged for this occasion."),
            Refusal::ChargeState { .. } => row(409, "Charge is in another state", "Only what is open is waived, and only what was taken is refunded."),
            Refusal::RefundRefused { .. } => row(422, "Refund is not accepted", "The account is closed, frozen, or at its largest balance."),
            Refusal::RuleUnknown { .. } => row(404, "Rule does not exist", "The customer has no such rule."),
        }
    }

    fn samples() -> Vec<Refusal> {
        let id = |kind: &str| format!("{kind}_01kppyzd5gfmra2qsx5rkvr8wb");
        let (from, earliest) = (Date::constant(2027, 1, 1), Date::constant(2027, 2, 1));
        vec![
            Refusal::FieldInvalid { field: "name".to_owned(), detail: "expected 1 to 140 characters".to_owned() },
            Refusal::PageSize { given: 1_000, max: PAGE_MAX },
            Refusal::TooMany { what: "holders".to_owned(), max: HOLDERS_MAX },
            Refusal::CustomerUnknown { id: id("cust") },
            Refusal::CustomerExists { id: id("cust") },
            Refusal::CustomerState { id: id("cust"), state: "closed".to_owned() },
            Refusal::CustomerHasAccounts { id: id("cust"), accounts: 1 },
            Refusal::UserUnknown { subject: id("usr") },
            Refusal::ProductUnknown { id: id("prod") },
            Refusal::ProductState { id: id("prod"), state: "draft".to_owned() },
            Refusal::NoticeTooShort { from, earliest },
            Refusal::AccountUnknown { id: id("acct") },
            Refusal::AccountState { id: id("acct"), state: "closed".to_owned() },
            Refusal::OverdraftTooLarge { largest: "500.00 EUR".to_owned() },
            Refusal::BlockUnknown { id: id("block") },
            Refusal::AccountNotEmpty { id: id("acct") },
            Refusal::RestRefused { account: id("acct") },
            Refusal::DayNotOver { day: earliest, last: from },
            Refusal::DayUnknown { day: from },
            Refusal::MovementUnknown { id: id("mov") },
            Refusal::StatementUnknown { number: 3 },
            Refusal::FeeUnknown { fee: "letter".to_owned() },
            Refusal::ChargeUnknown { fee: "letter".to_owned(), occasion: "2027-01".to_owned() },
            Refusal::ChargeState {
                fee: "letter".to_owned(),
                occasion: "2027-01".to_owned(),
                state: "charged".to_owned(),
            },
            Refusal::RefundRefused { id: id("acct") },
            Refusal::RuleUnknown { id: id("rule") },
        ]
    }

    fn field(&self) -> Option<Cow<'static, str>> {
        match self {
            Refusal::FieldInvalid { field, .. } => Some(Cow::Owned(field.clone())),
            Refusal::PageSize { .. } => Some(Cow::Borrowed("limit")),
            Refusal::NoticeTooShort { .. } => Some(Cow::Borrowed("rates.from")),
            Refusal::OverdraftTooLarge { .. } => Some(Cow::Borrowed("overdraft")),
            Refusal::RestRefused { .. } => Some(Cow::Borrowed("rest_to")),
            _ => None,
        }
    }
}

impl Refusal {
    pub fn field_invalid(field: &str, detail: impl Into<String>) -> Refusal {
        Refusal::FieldInvalid { field: field.to_owned(), detail: detail.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_follow_the_rules() {
        assert_eq!(error::check::<Refusal>(), Ok(()));
    }
}
