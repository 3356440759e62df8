//! Every refusal of banking, by name.

use std::borrow::Cow;

use platform::error::{self, Row, row};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::limits::{FILE_BYTES_MAX, PAGE_MAX};

/// What is wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mistake {
    /// Programs act on it: `amount`, `cut`, `dtd`, `total`, `no_statement`.
    pub reason: String,
    /// From 1; 0 for the whole file.
    pub line: u64,
    /// The element, tag or record: `Stmt[1]/Ntry[3]`, `:61:`, `16`.
    #[serde(default)]
    pub element: String,
    #[serde(default)]
    pub at: String,
    /// What was expected and found.
    pub message: String,
}

impl Mistake {
    pub fn whole(reason: &str, message: impl Into<String>) -> Mistake {
        let (element, at) = (String::new(), String::new());
        Mistake { reason: reason.to_owned(), line: 0, element, at, message: message.into() }
    }
}

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
    #[error("a file has at most {max} bytes")]
    FileTooLarge { max: u64 },
    #[error("account {id} does not exist")]
    AccountUnknown { id: String },
    #[error("transaction {id} does not exist")]
    TransactionUnknown { id: String },
    #[error("import {id} does not exist")]
    ImportUnknown { id: String },
    #[error("rule {id} does not exist")]
    RuleUnknown { id: String },
    #[error("profile {name} does not exist")]
    ProfileUnknown { name: String },
    #[error("{received} of {parts} parts of the file have been received, and their content is not the one announced")]
    UploadIncomplete { received: u32, parts: u32 },
    #[error("the file is refused: {}", mistake.message)]
    FileRefused { import: String, mistake: Box<Mistake> },
    #[error("import {id} is {state}")]
    ImportState { id: String, state: String },
    #[error("transaction {id} is {status}")]
    TransactionStatus { id: String, status: String },
    #[error("transaction {into} is not one that {id} can be merged into")]
    MergeTarget { id: String, into: String },
    #[error("expected at most {max} {what}")]
    TooMany { what: String, max: usize },
    #[error("connection {id} does not exist")]
    ConnectionUnknown { id: String },
    #[error("connection {id} is disabled")]
    ConnectionDisabled { id: String },
    #[error("there is no dialect named {bank}")]
    BankUnknown { bank: String },
    #[error("a demo calls no real bank, and {bank} at this address may be one")]
    LiveBank { bank: String },
    #[error("plaid does not do this: {reason}")]
    LinkRefused { reason: String },
    #[error("the webhook is not believed: {detail}")]
    WebhookInvalid { detail: String },
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
            Refusal::FileTooLarge { .. } => row(413, "File is too large", "The file has more bytes than are accepted."),
            Refusal::AccountUnknown { .. } => row(404, "Bank account does not exist", "There is no such account, or it is not this caller's."),
            Refusal::TransactionUnknown { .. } => row(404, "Transaction does not exist", "There is no such transaction, or it is not this caller's."),
            Refusal::ImportUnknown { .. } => row(404, "Import does not exist", "There is no such import, or it is not this caller's."),
            Refusal::RuleUnknown { .. } => row(404, "Rule does not exist", "There is no such rule of this caller."),
            Refusal::ProfileUnknown { .. } => row(422, "Profile does not exist", "The import names a CSV profile that is not there."),
            Refusal::UploadIncomplete { .. } => row(409, "Upload is incomplete", "Parts of the file are missing or differ from its checksum; send it again."),
            Refusal::FileRefused { .. } => row(422, "File is refused", "The file is no statement, is damaged, or describes an account that it may not."),
            Refusal::ImportState { .. } => row(409, "Import is in another state", "Only an applied import is withdrawn, and only a withdrawn one restored."),
            Refusal::TransactionStatus { .. } => row(409, "Transaction is in another state", "Only a possible duplicate is kept or merged, and only such a decision undone."),
            Refusal::MergeTarget { .. } => row(422, "Cannot be merged", "The other transaction is of another account, amount or state, or is the same one."),
            Refusal::TooMany { .. } => row(409, "Too many", "The caller already has as many as are accepted."),
            Refusal::ConnectionUnknown { .. } => row(404, "Connection does not exist", "There is no such connection, or it is not this caller's."),
            Refusal::ConnectionDisabled { .. } => row(409, "Connection is disabled", "A disabled connection is renewed before its bank is asked."),
            Refusal::BankUnknown { .. } => row(422, "Bank is unknown", "No dialect has this name."),
            Refusal::LiveBank { .. } => row(422, "Real bank in a demo", "A demo connects only to simulated banks on this machine and to sandboxes."),
            Refusal::LinkRefused { .. } => row(422, "Plaid refuses", "Plaid does not accept the token, the client's keys are missing, or the bank is not supported."),
            Refusal::WebhookInvalid { .. } => row(403, "Webhook is not believed", "Its signature is missing, older than five minutes, of another body, or not Plaid's."),
        }
    }

    fn samples() -> Vec<Refusal> {
        let id = |kind: &str| format!("{kind}_01kppyzd5gfmra2qsx5rkvr8wb");
        let mistake = Mistake {
            reason: "amount".to_owned(),
            line: 14,
            element: ":61:".to_owned(),
            at: "amount".to_owned(),
            message: "line 14: :61:: amount: \"1.2.3\" is not an amount".to_owned(),
        };
        vec![
            Refusal::FieldInvalid { field: "category".to_owned(), detail: "expected 1 to 64 characters".to_owned() },
            Refusal::PageSize { given: 1_000, max: PAGE_MAX },
            Refusal::FileTooLarge { max: FILE_BYTES_MAX },
            Refusal::AccountUnknown { id: id("bacc") },
            Refusal::TransactionUnknown { id: id("btxn") },
            Refusal::ImportUnknown { id: id("imp") },
            Refusal::RuleUnknown { id: id("brule") },
            Refusal::ProfileUnknown { name: "my-bank".to_owned() },
            Refusal::UploadIncomplete { received: 1, parts: 2 },
            Refusal::FileRefused { import: id("imp"), mistake: Box::new(mistake) },
            Refusal::ImportState { id: id("imp"), state: "refused".to_owned() },
            Refusal::TransactionStatus { id: id("btxn"), status: "booked".to_owned() },
            Refusal::MergeTarget { id: id("btxn"), into: id("btxn") },
            Refusal::TooMany { what: "rules".to_owned(), max: 500 },
            Refusal::ConnectionUnknown { id: id("conn") },
            Refusal::ConnectionDisabled { id: id("conn") },
            Refusal::BankUnknown { bank: "my-bank".to_owned() },
            Refusal::LiveBank { bank: "chase".to_owned() },
            Refusal::LinkRefused { reason: "INVALID_PUBLIC_TOKEN".to_owned() },
            Refusal::WebhookInvalid { detail: "the signature is older than five minutes".to_owned() },
        ]
    }

    fn field(&self) -> Option<Cow<'static, str>> {
        match self {
            Refusal::FieldInvalid { field, .. } => Some(Cow::Owned(field.clone())),
            Refusal::PageSize { .. } => Some(Cow::Borrowed("limit")),
            Refusal::BankUnknown { .. } => Some(Cow::Borrowed("bank")),
            Refusal::LiveBank { .. } => Some(Cow::Borrowed("base_url")),
            Refusal::ProfileUnknown { .. } => Some(Cow::Borrowed("profile")),
            Refusal::MergeTarget { .. } => Some(Cow::Borrowed("into")),
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
