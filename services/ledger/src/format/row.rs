//! All kinds of rows. Every change of state is one: assets, accounts and their limits, postings, and also refusals.

use ledger_api::{AccountStatus, Side};

use super::codec::{Reader, Writer};
use super::leg::{LegKind, LegRow, Sums, known_bits};
use super::schedule::{self, CancelledRow, FailedRow, ScheduledRow};
use super::{FormatError, VERSION};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Row {
    Asset(AssetRow),
    Account(AccountRow),
    Leg(Box<LegRow>),
    Refusal(RefusalRow),
    Scheduled(ScheduledRow),
    Cancelled(CancelledRow),
    Failed(FailedRow),
}

const ASSET: u8 = 1;
const ACCOUNT: u8 = 2;
const REFUSAL: u8 = 3;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AssetRow {
    pub code: String,
    pub scale: u8,
}

/// An account opened or changed, with its whole state after the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountRow {
    pub event: AccountEvent,
    pub account: u64,
    pub state: AccountState,
    pub version: u64,
    pub sums: Sums,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AccountEvent {
    Opened(Box<Opening>),
    Frozen,
    Unfrozen,
    Closed,
    LimitsSet,
    MetadataSet,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opening {
    pub path: String,
    pub currency: String,
    pub scale: u8,
    pub normal: Side,
    pub owner: Option<String>,
    pub reference: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AccountState {
    pub status: AccountStatus,
    pub floor: Option<i64>,
    pub ceiling: Option<i64>,
    /// Hash of the current metadata, and the row that set it.
    pub metadata: Option<[u8; 32]>,
    pub metadata_seq: u64,
}

/// A refused command, recorded so that its repeat is refused too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefusalRow {
    pub id: u128,
    /// Digest of the command without its metadata.
    pub command: [u8; 16],
    /// The refusal's code and details as a JSON object.
    pub refusal: String,
}

impl Row {
    pub(crate) fn leg(&self) -> Option<&LegRow> {
        match self {
            Row::Leg(leg) => Some(leg),
            _ => None,
        }
    }

    pub(crate) fn encode(&self, seq: u64) -> Vec<u8> {
        match self {
            Row::Asset(asset) => asset.encode(),
            Row::Account(account) => account.encode(),
            Row::Leg(leg) => leg.encode(seq),
            Row::Refusal(refusal) => refusal.encode(),
            Row::Scheduled(scheduled) => scheduled.encode(),
            Row::Cancelled(cancelled) => cancelled.encode(seq),
            Row::Failed(failed) => failed.encode(seq),
        }
    }

    pub(crate) fn decode(seq: u64, bytes: &[u8]) -> Result<Row, FormatError> {
        let mut input = Reader::new(bytes);
        let version = input.byte("version")?;
        if version != VERSION {
            return Err(FormatError::Version(version));
        }
        let kind = input.byte("kind")?;
        let row = match kind {
            ASSET => Row::Asset(AssetRow { code: input.text("code")?, scale: input.byte("scale")? }),
            ACCOUNT => Row::Account(AccountRow::decode(&mut input)?),
            REFUSAL => Row::Refusal(RefusalRow {
                id: u128::from_be_bytes(input.array("id")?),
                command: input.array("digest of the command")?,
                refusal: input.text("refusal")?,
            }),
            schedule::SCHEDULED => Row::Scheduled(ScheduledRow::decode(&mut input)?),
            schedule::CANCELLED => Row::Cancelled(CancelledRow::decode(&mut input, seq)?),
            schedule::FAILED => Row::Failed(FailedRow::decode(&mut input, seq)?),
            other => match LegKind::from_byte(other) {
                Some(kind) => Row::Leg(Box::new(LegRow::decode(kind, seq, &mut input)?)),
                None => return Err(FormatError::Kind(other)),
            },
        };
        input.finish()?;
        Ok(row)
    }
}

impl Row {
    /// The id that is found at this row: of the transaction or command that the row begins. A row that executes or
    /// fails a scheduled transaction has that one's id, which is found where it was scheduled.
    pub(crate) fn names_id(&self) -> Option<u128> {
        match self {
            Row::Leg(leg) => leg.head.as_ref().filter(|head| !head.carries_out()).map(|head| head.id),
            Row::Refusal(refusal) => Some(refusal.id),
            Row::Scheduled(scheduled) => Some(scheduled.id),
            Row::Cancelled(cancelled) => Some(cancelled.id),
            Row::Asset(_) | Row::Account(_) | Row::Failed(_) => None,
        }
    }
}

impl AssetRow {
    fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(16);
        out.byte(VERSION);
        out.byte(ASSET);
        out.text(&self.code);
        out.byte(self.scale);
        out.finish()
    }
}

impl RefusalRow {
    fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(40 + self.refusal.len());
        out.byte(VERSION);
        out.byte(REFUSAL);
        out.raw(&self.id.to_be_bytes());
        out.raw(&self.command);
        out.text(&self.refusal);
        out.finish()
    }
}

impl AccountRow {
    fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(96);
        out.byte(VERSION);
        out.byte(ACCOUNT);
        out.byte(self.event.byte());
        out.number(self.account);
        if let AccountEvent::Opened(opening) = &self.event {
            opening.encode(&mut out);
        }
        self.state.encode(&mut out);
        out.number(self.version);
        let Sums { posted_debits, posted_credits, pending_debits, pending_credits } = self.sums;
        for sum in [posted_debits, posted_credits, pending_debits, pending_credits] {
            out.number(sum.unsigned_abs());
        }
        out.finish()
    }

    fn decode(input: &mut Reader<'_>) -> Result<AccountRow, FormatError> {
        let event = input.byte("account event")?;
        let account = input.number("account")?;
        let event = match event {
            0 => AccountEvent::Opened(Box::new(Opening::decode(input)?)),
            1 => AccountEvent::Frozen,
            2 => AccountEvent::Unfrozen,
            3 => AccountEvent::Closed,
            4 => AccountEvent::LimitsSet,
            5 => AccountEvent::MetadataSet,
            _ => return Err(FormatError::Value("account event")),
        };
        let state = AccountState::decode(input)?;
        let version = input.number("version")?;
        let sums = Sums {
            posted_debits: input.positive("posted debits")?,
            posted_credits: input.positive("posted credits")?,
            pending_debits: input.positive("pending debits")?,
            pending_credits: input.positive("pending credits")?,
        };
        Ok(AccountRow { event, account, state, version, sums })
    }
}

impl AccountEvent {
    fn byte(&self) -> u8 {
        match self {
            AccountEvent::Opened(_) => 0,
            AccountEvent::Frozen => 1,
            AccountEvent::Unfrozen => 2,
            AccountEvent::Closed => 3,
            AccountEvent::LimitsSet => 4,
            AccountEvent::MetadataSet => 5,
        }
    }
}

impl Opening {
    fn encode(&self, out: &mut Writer) {
        out.text(&self.path);
        out.text(&self.currency);
        out.byte(self.scale);
        out.byte(if self.normal == Side::Debit { 0 } else { 1 });
        // An absent text is empty; neither an owner nor a reference can be.
        out.text(self.owner.as_deref().unwrap_or_default());
        out.text(self.reference.as_deref().unwrap_or_default());
    }

    fn decode(input: &mut Reader<'_>) -> Result<Opening, FormatError> {
        let path = input.text("path")?;
        let currency = input.text("currency")?;
        let scale = input.byte("scale")?;
        let normal = match input.byte("normal side")? {
            0 => Side::Debit,
            1 => Side::Credit,
            _ => return Err(FormatError::Value("normal side")),
        };
        let owner = Some(input.text("owner")?).filter(|text| !text.is_empty());
        let reference = Some(input.text("reference")?).filter(|text| !text.is_empty());
        Ok(Opening { path, currency, scale, normal, owner, reference })
    }
}

const HAS_FLOOR: u8 = 1 << 2;
const HAS_CEILING: u8 = 1 << 3;
const HAS_METADATA: u8 = 1 << 4;

impl AccountState {
    fn encode(&self, out: &mut Writer) {
        let mut flags = match self.status {
            AccountStatus::Open => 0,
            AccountStatus::Frozen => 1,
            AccountStatus::Closed => 2,
        };
        flags |= if self.floor.is_some() { HAS_FLOOR } else { 0 };
        flags |= if self.ceiling.is_some() { HAS_CEILING } else { 0 };
        flags |= if self.metadata.is_some() { HAS_METADATA } else { 0 };
        out.byte(flags);
        for limit in [self.floor, self.ceiling].into_iter().flatten() {
            out.signed(limit);
        }
        if let Some(hash) = &self.metadata {
            out.raw(hash);
            out.number(self.metadata_seq);
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<AccountState, FormatError> {
        let flags = input.byte("account flags")?;
        known_bits(flags, 0x1f, "account flags")?;
        let status = match flags & 3 {
            0 => AccountStatus::Open,
            1 => AccountStatus::Frozen,
            2 => AccountStatus::Closed,
            _ => return Err(FormatError::Value("status")),
        };
        let floor = if flags & HAS_FLOOR != 0 { Some(input.signed("floor")?) } else { None };
        let ceiling = if flags & HAS_CEILING != 0 { Some(input.signed("ceiling")?) } else { None };
        let (metadata, metadata_seq) = if flags & HAS_METADATA != 0 {
            (Some(input.array("metadata hash")?), input.number("metadata row")?)
        } else {
            (None, 0)
        };
        Ok(AccountState { status, floor, ceiling, metadata, metadata_seq })
    }
}
