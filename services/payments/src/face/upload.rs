//! Files of payments that callers send.

use kernel::{Id, IdKind, Money, Timestamp};
use ledger_api::AccountPath;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::face::{PaymentId, PaymentState};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadTag {}

impl IdKind for UploadTag {
    const PREFIX: &'static str = "pup";
}

pub type UploadId = Id<UploadTag>;

/// A file of payments: pain.001, or CSV with the columns `amount`, `currency`, `counterparty`, `counterparty_account`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadFile {
    /// The account that pays every line.
    pub from: AccountPath,
    /// Lines that are refused are left out, instead of refusing the file.
    pub partial: bool,
    pub content: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UploadState {
    /// Its payments are being made.
    Working,
    /// Each of its lines has its payment, or is refused.
    Done,
    /// Nothing of it was carried out, for the reasons in `mistakes`.
    Refused,
}

/// A file of payments, and what was wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Upload {
    #[schema(value_type = String)]
    pub id: UploadId,
    pub state: UploadState,
    /// What the file is.
    #[schema(example = "pain.001")]
    pub kind: String,
    /// The file's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[schema(value_type = String, example = "customers:ann")]
    pub from: AccountPath,
    /// Lines, refused ones included.
    pub lines: u64,
    /// Lines that have a payment, whatever became of it.
    pub made: u64,
    /// Lines and other things that are wrong.
    pub wrong: u64,
    /// The first 100 of them.
    pub mistakes: Vec<LineMistake>,
    pub made_by: String,
    pub created_at: Timestamp,
    /// The same file was sent before.
    pub replayed: bool,
}

/// What is wrong with a line or with the file as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LineMistake {
    /// In the file, from 1; 0 for the file as a whole.
    pub line: u64,
    pub element: String,
    pub field: String,
    #[schema(example = "check_digit")]
    pub code: String,
    pub message: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadLinesQuery {
    pub upload: UploadId,
    /// The number after which the page starts.
    pub after: u64,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadLines {
    pub items: Vec<UploadLine>,
    pub next: Option<u64>,
}

/// A line, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UploadLine {
    /// From 1, over the lines of the file.
    pub number: u64,
    /// The file's own reference of the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_to_end: Option<String>,
    pub amount: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub payment: Option<PaymentId>,
    /// As it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<PaymentState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "insufficient_funds")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportForm {
    /// pain.002.001.10
    Pain002,
    Csv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadReportQuery {
    pub upload: UploadId,
    pub form: ReportForm,
}

/// What became of a file's lines, as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UploadReport {
    #[schema(example = "01kppyzd5gfmra2qsx5rkvr8wb.pain002.xml")]
    pub name: String,
    pub content: String,
}
