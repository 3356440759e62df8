//! NACHA files of the American clearing house: records of 94 characters, kept letter for letter.
//!
//! Every record keeps its bytes, and fields are looked at by place, so what was read is written back as it was. Amounts
//! are in US cents.

mod build;
mod entry;
pub mod field;
mod read;
mod record;
mod sec;
mod sums;
mod write;

use jiff::civil::Date;
use kernel::{Currency, Money};
use serde::Serialize;

pub use build::{EntryDraft, reversing};
pub use entry::{Change, Entry, Original, Returned, Stage};
pub use read::AchFile;
pub use record::{Field, Record};
pub use sec::{Sec, is_credit, is_prenote};
pub use sums::AchSums;
pub use write::{AchWriter, BatchDraft, FileDraft};

use crate::date;
use crate::mistake::Problem;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AchItem {
    File(FileHeader),
    Batch(BatchHeader),
    Entry(Entry),
    EndBatch(Control),
    End(Control),
}

impl AchItem {
    /// The item's records, in order.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        let (first, more): (&Record, &[Record]) = match self {
            AchItem::File(header) => (&header.record, &[]),
            AchItem::Batch(header) => (&header.record, &[]),
            AchItem::Entry(entry) => (&entry.record, &entry.addenda),
            AchItem::EndBatch(control) | AchItem::End(control) => (&control.record, &[]),
        };
        std::iter::once(first).chain(more)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileHeader {
    pub line: u64,
    pub record: Record,
}

impl FileHeader {
    pub fn destination(&self) -> String {
        self.record.text(field::FILE_DESTINATION)
    }

    pub fn origin(&self) -> String {
        self.record.text(field::FILE_ORIGIN)
    }

    pub fn created_on(&self) -> Result<Date, Problem> {
        date::yymmdd(&self.record.text(field::FILE_DATE))
    }

    /// One of several files of a day.
    pub fn modifier(&self) -> String {
        self.record.text(field::FILE_MODIFIER)
    }

    pub fn origin_name(&self) -> String {
        self.record.text(field::FILE_ORIGIN_NAME)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BatchHeader {
    pub line: u64,
    pub sec: Sec,
    pub record: Record,
}

impl BatchHeader {
    /// 200 both, 220 credits, 225 debits, 280 automated accounting advices.
    pub fn service_class(&self) -> String {
        self.record.text(field::BATCH_CLASS)
    }

    /// Of IAT the first 16 characters say something else.
    pub fn company_name(&self) -> String {
        self.record.text(field::BATCH_COMPANY_NAME)
    }

    pub fn company_id(&self) -> String {
        self.record.text(field::BATCH_COMPANY_ID)
    }

    pub fn description(&self) -> String {
        self.record.text(field::BATCH_DESCRIPTION)
    }

    pub fn effective_on(&self) -> Result<Date, Problem> {
        date::yymmdd(&self.record.text(field::BATCH_EFFECTIVE))
    }

    /// Day of the year, set by the operator.
    pub fn settlement_day(&self) -> Option<u16> {
        self.record.text(field::BATCH_SETTLEMENT).parse().ok()
    }

    /// First eight digits of the originating bank's routing number.
    pub fn odfi(&self) -> String {
        self.record.text(field::BATCH_ODFI)
    }

    pub fn number(&self) -> Option<u64> {
        self.record.number(field::BATCH_NUMBER).ok()
    }

    pub fn is_reversal(&self) -> bool {
        self.description() == "REVERSAL"
    }
}

/// A control record, and what the entries before it make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Control {
    pub line: u64,
    pub record: Record,
    pub sums: AchSums,
}

/// Cents as money.
pub(crate) fn dollars(cents: i64) -> Option<Money> {
    Currency::iso("USD").ok().map(|currency| Money::new(cents, currency))
}
