//! Payments out of the house: the rail, who is paid there, files to the bank, and its answers.

use jiff::civil::Date;
use kernel::{Id, IdKind, Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RailFileTag {}

impl IdKind for RailFileTag {
    const PREFIX: &'static str = "pfile";
}

pub type RailFileId = Id<RailFileTag>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RailAnswerTag {}

impl IdKind for RailAnswerTag {
    const PREFIX: &'static str = "pans";
}

pub type RailAnswerId = Id<RailAnswerTag>;

/// How a payment reaches its payee.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Rail {
    /// From one account of the ledger to another.
    #[default]
    Internal,
    /// SEPA credit transfers, by files to a bank.
    Sepa,
}

impl Rail {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Who is paid outside of the house.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Creditor {
    #[schema(example = "Bob Miller")]
    pub name: String,
    #[schema(example = "DE89370400440532013000")]
    pub iban: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "COBADEFFXXX")]
    pub bic: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RailFileState {
    /// Its payments are being booked out; it has no content yet.
    Making,
    /// It can be sent to the bank. Its content never changes.
    Ready,
}

/// A file of payments to a bank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RailFile {
    #[schema(value_type = String)]
    pub id: RailFileId,
    pub rail: Rail,
    pub state: RailFileState,
    /// Payments in it, once it is ready.
    pub count: u64,
    /// What they add up to, once it is ready.
    pub sum: Money,
    /// The day on which the bank is asked to carry it out.
    #[schema(value_type = String, format = Date)]
    pub execute_on: Date,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_at: Option<Timestamp>,
}

/// The newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RailFileList {
    pub items: Vec<RailFile>,
}

/// The content of a file that is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RailFileContent {
    #[schema(value_type = String)]
    pub id: RailFileId,
    /// A name for the file.
    #[schema(example = "01kppyzd5gfmra2qsx5rkvr8wb.pain001.xml")]
    pub name: String,
    /// pain.001.001.09 as text.
    pub content: String,
}

/// An answer of the bank: pain.002, camt.052, camt.053 or camt.054.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TakeAnswer {
    pub content: String,
}

/// What became of an answer's lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AnswerReport {
    #[schema(value_type = String)]
    pub id: RailAnswerId,
    /// What the file is.
    #[schema(example = "pain.002")]
    pub kind: String,
    /// The bank's id of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    pub lines: u64,
    /// Payments that the bank accepted; they stay `submitted`.
    pub accepted: u64,
    pub settled: u64,
    pub rejected: u64,
    pub returned: u64,
    /// Lines that said what was known.
    pub repeated: u64,
    /// Lines that changed nothing, because no payment agrees with them.
    pub unmatched: u64,
    /// The first 100 of them.
    pub first_unmatched: Vec<Unmatched>,
    /// The same file was taken before; this is its report.
    pub replayed: bool,
}

/// A line of an answer that no payment agrees with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unmatched {
    /// In the file, from 1.
    pub line: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Negative for money that left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// `not_ours`, `payment_unknown`, `amount_differs`, or `contradicts` what became of the payment before.
    #[schema(example = "amount_differs")]
    pub reason: String,
}
