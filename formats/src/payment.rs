//! The common model of payment files: pain.001, pain.008, pacs.003, pacs.008, pacs.009 and CSV, in one form.
//!
//! A file is a stream of [`PaymentItem`]s. In pain each line belongs to the batch before it, which names the file's own
//! side; in pacs a line names both sides and there are no batches.

mod control;
mod side;
mod stream;

use jiff::civil::Date;
use kernel::{Currency, Money, Timestamp};
use serde::Serialize;

pub use control::{ControlSum, Tally};
pub use side::{Address, Side};
pub use stream::{PaymentOptions, Payments};
pub(crate) use stream::{PaymentPiece, PaymentSource};

use crate::detect::Kind;
use crate::json;

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentItem {
    File(Box<FileHead>),
    Batch(Box<Batch>),
    Line(Box<Line>),
    /// What the batch's lines make.
    EndBatch(Tally),
    /// What all lines make.
    End(Tally),
}

/// Which way money is asked to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The file's own side pays.
    Transfer,
    /// The file's own side collects.
    Collection,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileHead {
    pub kind: Kind,
    pub version: Option<String>,
    pub id: Option<String>,
    #[serde(serialize_with = "json::day")]
    pub created_on: Option<Date>,
    pub created_at: Option<Timestamp>,
    pub count: Option<u64>,
    pub control_sum: Option<ControlSum>,
    pub initiator: Side,
    /// Between banks.
    pub settlement: Settlement,
    /// head.001 beside the message, where it has one.
    pub header: Option<BusinessHeader>,
}

impl FileHead {
    pub fn new(kind: Kind) -> FileHead {
        FileHead {
            kind,
            version: None,
            id: None,
            created_on: None,
            created_at: None,
            count: None,
            control_sum: None,
            initiator: Side::default(),
            settlement: Settlement::default(),
            header: None,
        }
    }

    pub fn direction(&self) -> Direction {
        match self.kind {
            Kind::Pain008 | Kind::Pacs003 => Direction::Collection,
            _ => Direction::Transfer,
        }
    }
}

/// The business application header, head.001: who sends what to whom. Wires demand it.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct BusinessHeader {
    /// BIC, or number in a clearing system.
    pub from: Option<String>,
    pub to: Option<String>,
    pub id: Option<String>,
    /// The message's number: `pacs.008.001.08`. A writer puts its own.
    pub definition: Option<String>,
    /// The scheme's name for the use of the message.
    pub service: Option<String>,
    pub created_at: Option<Timestamp>,
}

/// How banks settle a message among themselves.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Settlement {
    /// `CLRG`, `INDA`, `INGA`, `COVE`.
    pub method: Option<String>,
    pub clearing_system: Option<String>,
    #[serde(serialize_with = "json::day")]
    pub on: Option<Date>,
    pub instructing: Option<String>,
    pub instructed: Option<String>,
}

/// `PmtInf`: lines that share their own side and their day.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub struct Batch {
    pub line: u64,
    pub id: Option<String>,
    /// `TRF`, `TRA`, `CHK`, `DD`.
    pub method: Option<String>,
    /// One booking for all lines, where it is asked for.
    pub as_one: Option<bool>,
    pub count: Option<u64>,
    pub control_sum: Option<ControlSum>,
    pub kind: PaymentKind,
    #[serde(serialize_with = "json::day")]
    pub execute_on: Option<Date>,
    pub execute_at: Option<Timestamp>,
    /// The payer of transfers, the collector of collections.
    pub own: Side,
    pub charge_bearer: Option<String>,
    pub creditor_id: Option<String>,
}

/// Scheme words: which service, which instrument, which place in a sequence of collections.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct PaymentKind {
    pub priority: Option<String>,
    /// `SEPA`, `URGP`.
    pub service: Option<String>,
    /// `CORE`, `B2B`, `INST`.
    pub instrument: Option<String>,
    /// `FRST`, `RCUR`, `OOFF`, `FNAL`.
    pub sequence: Option<String>,
    pub category: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    pub line: u64,
    /// From 1, over the whole file.
    pub number: u64,
    pub instruction: Option<String>,
    pub end_to_end: Option<String>,
    pub transaction: Option<String>,
    pub uetr: Option<String>,
    pub clearing: Option<String>,
    pub kind: PaymentKind,
    pub amount: Money,
    /// The amount is the equivalent of so much in this currency.
    pub equivalent_in: Option<Currency>,
    /// What the customer ordered, where banks settle another amount.
    pub instructed: Option<Money>,
    #[serde(serialize_with = "json::day")]
    pub settle_on: Option<Date>,
    #[serde(serialize_with = "json::day")]
    pub collect_on: Option<Date>,
    pub charge_bearer: Option<String>,
    /// Of a batch's own side, only what the line says for itself.
    pub debtor: Side,
    pub creditor: Side,
    pub purpose: Option<String>,
    pub text: Vec<String>,
    /// A creditor reference of ISO 11649 or another structured one.
    pub structured: Option<String>,
    pub mandate: Option<Mandate>,
    pub creditor_id: Option<String>,
}

impl Line {
    pub fn new(amount: Money) -> Line {
        Line {
            line: 0,
            number: 0,
            instruction: None,
            end_to_end: None,
            transaction: None,
            uetr: None,
            clearing: None,
            kind: PaymentKind::default(),
            amount,
            equivalent_in: None,
            instructed: None,
            settle_on: None,
            collect_on: None,
            charge_bearer: None,
            debtor: Side::default(),
            creditor: Side::default(),
            purpose: None,
            text: Vec::new(),
            structured: None,
            mandate: None,
            creditor_id: None,
        }
    }
}

/// What a debtor signed, and what has changed since.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Mandate {
    pub id: Option<String>,
    #[serde(serialize_with = "json::day")]
    pub signed_on: Option<Date>,
    pub amendment: Option<Amendment>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Amendment {
    pub original_mandate: Option<String>,
    pub original_creditor_id: Option<String>,
    pub original_creditor_name: Option<String>,
    /// An IBAN, or `SMNDA` for another account or bank.
    pub original_account: Option<String>,
    pub original_agent: Option<String>,
}
