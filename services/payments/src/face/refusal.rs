//! Every refusal of payments, by name. What the ledger or a policy refuses is not among them: that is a payment with
//! the state `rejected`.

use std::borrow::Cow;

use platform::error::{self, Row, row};
use serde::{Deserialize, Serialize};

use crate::face::limits::PAGE_MAX;

#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, strum::VariantNames, strum::IntoStaticStr,
)]
#[serde(tag = "code", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Refusal {
    #[error("{field}: expected {expected}")]
    FieldInvalid { field: String, expected: String },
    #[error("expected an amount above zero, found {found}")]
    AmountInvalid { found: String },
    #[error("{account} would pay itself")]
    SameAccount { account: String },
    #[error("expected a day from today to ten years from now, found {found}")]
    DayOutOfRange { found: String },
    #[error("expected a page size of 1 to {max}, found {given}")]
    PageSize { given: usize, max: usize },
    #[error("account {account} does not exist")]
    AccountUnknown { account: String },
    #[error("payee {payee} does not exist")]
    PayeeUnknown { payee: String },
    #[error("payment {payment} does not exist")]
    PaymentUnknown { payment: String },
    #[error("standing order {standing} does not exist")]
    StandingUnknown { standing: String },
    #[error("policy {policy} does not exist")]
    PolicyUnknown { policy: String },
    #[error("no bank is configured for payments to an IBAN")]
    RailOff,
    #[error("file {file} does not exist")]
    RailFileUnknown { file: String },
    #[error("the file has no content yet")]
    RailFileNotReady,
    #[error("the file is refused: {detail}")]
    UploadRefused { detail: String },
    #[error("file {upload} does not exist")]
    UploadUnknown { upload: String },
    #[error("the answer is refused: {detail}")]
    AnswerRefused { detail: String },
    #[error("the account is in {account}, the payment in {payment}")]
    CurrencyMismatch { account: String, payment: String },
    #[error("the payment is {state}")]
    PaymentState { state: String },
    #[error("the policy is {state}")]
    PolicyState { state: String },
    #[error("the person who made it cannot approve it")]
    OwnWork,
    #[error("this person has approved it already")]
    AlreadyApproved,
    #[error("this person can approve at most {max}")]
    AboveOwnLimit { max: String },
    #[error("expected at most {max} {what}")]
    TooMany { what: String, max: usize },
}

impl error::Refusal for Refusal {
    fn code(&self) -> &'static str {
        self.into()
    }

    #[rustfmt::skip]
    fn row(&self) -> Row {
        use Refusal::*;
        match self {
            FieldInvalid { .. } => row(400, "A field is malformed", "A field of the request does not have its form."),
            AmountInvalid { .. } => row(400, "Amount is invalid", "The amount is not above zero."),
            SameAccount { .. } => row(400, "Payer is the payee", "Both sides are the same account."),
            DayOutOfRange { .. } => row(400, "Day is out of range", "The day is in the past, or more than ten years ahead."),
            PageSize { .. } => row(400, "Page size is out of range", "`limit` is not between 1 and 500."),
            AccountUnknown { .. } => row(404, "Account does not exist", "There is no such account, or it is not this caller's."),
            PayeeUnknown { .. } => row(404, "Payee does not exist", "There is no such payee, or it is not this caller's."),
            PaymentUnknown { .. } => row(404, "Payment does not exist", "There is no such payment, or it is not this caller's."),
            StandingUnknown { .. } => row(404, "Standing order does not exist", "There is no such standing order, or it is not this caller's."),
            PolicyUnknown { .. } => row(404, "Policy does not exist", "There is no such policy."),
            RailOff => row(422, "Rail is off", "The settings name no bank account for payments out of the house."),
            RailFileUnknown { .. } => row(404, "File does not exist", "There is no such file."),
            RailFileNotReady => row(409, "File is not ready", "Its payments are still being booked out."),
            UploadRefused { .. } => row(422, "File is refused", "It is no file of payments, or it has too many lines."),
            UploadUnknown { .. } => row(404, "File does not exist", "There is no such file of payments, or it is not this caller's."),
            AnswerRefused { .. } => row(422, "Answer is refused", "It is none of the messages that banks answer with, or something in it cannot be read."),
            CurrencyMismatch { .. } => row(422, "Currency is not the account's", "The amount is in another currency than the paying account."),
            PaymentState { .. } => row(409, "Payment is in another state", "The step does not follow from the payment's state."),
            PolicyState { .. } => row(409, "Policy is in another state", "The step does not follow from the policy's state."),
            OwnWork => row(403, "Own work", "Nobody approves or confirms what they made themselves."),
            AlreadyApproved => row(409, "Already approved", "The same person approved it before; another one has to."),
            AboveOwnLimit { .. } => row(403, "Above the own limit", "The payment is larger than what this person can approve."),
            TooMany { .. } => row(422, "Too many", "The most that one owner can have are there already."),
        }
    }

    fn samples() -> Vec<Refusal> {
        use Refusal::*;
        let id = |prefix: &str| format!("{prefix}_01kppyzd5gfmra2qsx5rkvr8wb");
        let account = || "customers:ann".to_owned();
        vec![
            FieldInvalid { field: "text".to_owned(), expected: "at most 140 characters".to_owned() },
            AmountInvalid { found: "0.00".to_owned() },
            SameAccount { account: account() },
            DayOutOfRange { found: "1970-01-01".to_owned() },
            PageSize { given: 501, max: PAGE_MAX },
            AccountUnknown { account: account() },
            PayeeUnknown { payee: id("payee") },
            PaymentUnknown { payment: id("pay") },
            StandingUnknown { standing: id("sto") },
            PolicyUnknown { policy: id("ppol") },
            RailOff,
            RailFileUnknown { file: id("pfile") },
            RailFileNotReady,
            UploadRefused { detail: "the file is empty".to_owned() },
            UploadUnknown { upload: id("pup") },
            AnswerRefused { detail: "document type declarations are refused".to_owned() },
            CurrencyMismatch { account: "USD".to_owned(), payment: "EUR".to_owned() },
            PaymentState { state: "settled".to_owned() },
            PolicyState { state: "ended".to_owned() },
            OwnWork,
            AlreadyApproved,
            AboveOwnLimit { max: "1000.00 USD".to_owned() },
            TooMany { what: "payees".to_owned(), max: 500 },
        ]
    }

    fn field(&self) -> Option<Cow<'static, str>> {
        use Refusal::*;
        match self {
            FieldInvalid { field, .. } => Some(field.clone().into()),
            AmountInvalid { .. } | CurrencyMismatch { .. } => Some("amount".into()),
            SameAccount { .. } => Some("to".into()),
            DayOutOfRange { .. } => Some("on".into()),
            PageSize { .. } => Some("limit".into()),
            AccountUnknown { .. } => Some("from.path".into()),
            PayeeUnknown { .. } => Some("to.payee".into()),
            RailOff => Some("to.iban".into()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_refusal_has_one_code_row_and_sample() {
        assert_eq!(platform::error::check::<super::Refusal>(), Ok(()));
    }
}
