//! The rows of scheduled transactions: scheduled, cancelled, or refused when due. An executed one has posting rows,
//! which are in `leg`.

use super::codec::{Reader, Writer};
use super::leg::known_bits;
use super::{FormatError, VERSION};

pub(super) const SCHEDULED: u8 = 4;
pub(super) const CANCELLED: u8 = 5;
pub(super) const FAILED: u8 = 6;

/// A transaction that waits for its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScheduledRow {
    pub id: u128,
    pub due_at: i64,
    /// All accounts that it names, in the order of first mention.
    pub accounts: Vec<u64>,
    /// The operation as a JSON object, without id, reference and metadata.
    pub operation: String,
    pub reference: Option<String>,
    pub metadata: Option<[u8; 32]>,
}

/// A scheduled transaction was cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CancelledRow {
    pub id: u128,
    pub target: u128,
    /// The row that scheduled the target.
    pub scheduled: u64,
    pub reference: Option<String>,
    pub metadata: Option<[u8; 32]>,
}

/// A scheduled transaction was refused when it was due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FailedRow {
    /// The id of the scheduled transaction.
    pub id: u128,
    /// The row that scheduled it.
    pub scheduled: u64,
    /// The refusal's code and details as a JSON object.
    pub refusal: String,
}

const HAS_REFERENCE: u8 = 1;
const HAS_METADATA: u8 = 1 << 1;

impl ScheduledRow {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(96 + self.operation.len());
        out.byte(VERSION);
        out.byte(SCHEDULED);
        out.raw(&self.id.to_be_bytes());
        out.number(self.due_at.unsigned_abs());
        out.number(self.accounts.len() as u64);
        self.accounts.iter().for_each(|no| out.number(*no));
        out.text(&self.operation);
        names(&mut out, self.reference.as_deref(), self.metadata.as_ref());
        out.finish()
    }

    pub(super) fn decode(input: &mut Reader<'_>) -> Result<ScheduledRow, FormatError> {
        let id = u128::from_be_bytes(input.array("id")?);
        let due_at = input.positive("due time")?;
        let count = input.number("number of accounts")?;
        // No memory is reserved for a number that the row only claims.
        let accounts = (0..count).map(|_| input.number("account")).collect::<Result<Vec<u64>, FormatError>>()?;
        let operation = input.text("operation")?;
        let (reference, metadata) = read_names(input)?;
        Ok(ScheduledRow { id, due_at, accounts, operation, reference, metadata })
    }
}

impl CancelledRow {
    pub(super) fn encode(&self, seq: u64) -> Vec<u8> {
        let mut out = Writer::with_capacity(48);
        out.byte(VERSION);
        out.byte(CANCELLED);
        out.raw(&self.id.to_be_bytes());
        out.raw(&self.target.to_be_bytes());
        out.number(seq.saturating_sub(self.scheduled));
        names(&mut out, self.reference.as_deref(), self.metadata.as_ref());
        out.finish()
    }

    pub(super) fn decode(input: &mut Reader<'_>, seq: u64) -> Result<CancelledRow, FormatError> {
        let id = u128::from_be_bytes(input.array("id")?);
        let target = u128::from_be_bytes(input.array("target")?);
        let scheduled = earlier(input, seq)?;
        let (reference, metadata) = read_names(input)?;
        Ok(CancelledRow { id, target, scheduled, reference, metadata })
    }
}

impl FailedRow {
    pub(super) fn encode(&self, seq: u64) -> Vec<u8> {
        let mut out = Writer::with_capacity(40 + self.refusal.len());
        out.byte(VERSION);
        out.byte(FAILED);
        out.raw(&self.id.to_be_bytes());
        out.number(seq.saturating_sub(self.scheduled));
        out.text(&self.refusal);
        out.finish()
    }

    pub(super) fn decode(input: &mut Reader<'_>, seq: u64) -> Result<FailedRow, FormatError> {
        let id = u128::from_be_bytes(input.array("id")?);
        let scheduled = earlier(input, seq)?;
        Ok(FailedRow { id, scheduled, refusal: input.text("refusal")? })
    }
}

fn earlier(input: &mut Reader<'_>, seq: u64) -> Result<u64, FormatError> {
    let back = input.number("scheduled row")?;
    seq.checked_sub(back).filter(|row| *row > 0 && back > 0).ok_or(FormatError::Value("scheduled row"))
}

fn names(out: &mut Writer, reference: Option<&str>, metadata: Option<&[u8; 32]>) {
    let has = |present: bool, flag: u8| if present { flag } else { 0 };
    out.byte(has(reference.is_some(), HAS_REFERENCE) | has(metadata.is_some(), HAS_METADATA));
    if let Some(reference) = reference {
        out.text(reference);
    }
    out.raw(metadata.map_or(&[], |hash| hash.as_slice()));
}

fn read_names(input: &mut Reader<'_>) -> Result<(Option<String>, Option<[u8; 32]>), FormatError> {
    let flags = input.byte("flags")?;
    known_bits(flags, HAS_REFERENCE | HAS_METADATA, "flags")?;
    let reference = if flags & HAS_REFERENCE != 0 { Some(input.text("reference")?) } else { None };
    let metadata = if flags & HAS_METADATA != 0 { Some(input.array("metadata hash")?) } else { None };
    Ok((reference, metadata))
}
