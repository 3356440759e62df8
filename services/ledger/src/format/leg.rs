//! The row of one posting: both sides, the state of both accounts after it, and the pointers of each account's history.

use super::codec::{Reader, Writer};
use super::{FormatError, VERSION};

/// What a row does to its two accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum LegKind {
    /// Moves money.
    Posted,
    /// Holds money.
    Pending,
    /// Moves held money, and may release the rest.
    Post,
    /// Releases held money.
    Void,
    /// Holds more.
    Increase,
    /// Moves an earlier row's money back.
    Reversal,
    /// Releases an expired hold.
    Expiry,
}

const KINDS: [LegKind; 7] = [
    LegKind::Posted,
    LegKind::Pending,
    LegKind::Post,
    LegKind::Void,
    LegKind::Increase,
    LegKind::Reversal,
    LegKind::Expiry,
];

impl LegKind {
    /// Row kinds 16 to 22.
    pub(crate) fn byte(self) -> u8 {
        16 + KINDS.iter().position(|kind| *kind == self).unwrap_or_default() as u8
    }

    pub(crate) fn from_byte(byte: u8) -> Option<LegKind> {
        KINDS.get(usize::from(byte.checked_sub(16)?)).copied()
    }

    pub(crate) fn concerns_hold(self) -> bool {
        matches!(self, LegKind::Post | LegKind::Void | LegKind::Increase | LegKind::Expiry)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LegRow {
    pub kind: LegKind,
    /// Counts the rows of one transaction from 0; only row 0 has the head.
    pub index: u8,
    pub head: Option<TransactionHead>,
    pub debit: u64,
    pub credit: u64,
    /// In smallest units, above zero; zero only if a posting takes nothing of a hold and releases the rest.
    pub amount: i64,
    pub overrides_floor: bool,
    /// For rows that concern a hold.
    pub hold: Option<HoldAfter>,
    pub debit_side: SideAfter,
    pub credit_side: SideAfter,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TransactionHead {
    pub id: u128,
    pub legs: u8,
    /// The pending or the reversed transaction; its own id, if it was scheduled before.
    pub target: Option<u128>,
    pub effective_at: Option<i64>,
    pub expires_at: Option<i64>,
    pub reference: Option<String>,
    pub metadata: Option<[u8; 32]>,
    /// Digest of the requested postings, if they differ from the rows: splits and "up to available".
    pub asked: Option<[u8; 16]>,
}

/// The hold after a row, identified by the sequence number of the row that created it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HoldAfter {
    pub seq: u64,
    pub posted: i64,
    pub released: i64,
    pub remaining: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub posted_debits: i64,
    pub posted_credits: i64,
    pub pending_debits: i64,
    pub pending_credits: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SideAfter {
    pub sums: Sums,
    pub floor: Option<i64>,
    pub version: u64,
    /// The account's previous row and a jump further back; 0 for none.
    pub prev: u64,
    pub jump: u64,
    /// Sums of the account's late rows so far, including this one; not written if there are none.
    pub late: Sums,
}

const HAS_HEAD: u8 = 1;
const OVERRIDES_FLOOR: u8 = 1 << 1;
const DEBIT_FLOOR: u8 = 2;
const CREDIT_FLOOR: u8 = 4;
const DEBIT_LATE: u8 = 1 << 6;
const CREDIT_LATE: u8 = 1 << 7;

const HAS_TARGET: u8 = 1;
const HAS_EFFECTIVE: u8 = 1 << 1;
const HAS_EXPIRY: u8 = 1 << 2;
const HAS_REFERENCE: u8 = 1 << 3;
const HAS_METADATA: u8 = 1 << 4;
const HAS_ASKED: u8 = 1 << 5;

impl LegRow {
    /// What the row says about one of its two accounts.
    pub(crate) fn side_of(&self, account: u64) -> Option<&SideAfter> {
        match account {
            no if no == self.debit => Some(&self.debit_side),
            no if no == self.credit => Some(&self.credit_side),
            _ => None,
        }
    }

    /// The state of one of its two accounts after the row.
    pub(crate) fn side(&self, account: u64) -> &SideAfter {
        if self.debit == account { &self.debit_side } else { &self.credit_side }
    }

    pub(crate) fn encode(&self, seq: u64) -> Vec<u8> {
        let mut out = Writer::with_capacity(112);
        out.byte(VERSION);
        out.byte(self.kind.byte());
        let mut flags = floor_bits(self.debit_side.floor) << DEBIT_FLOOR;
        flags |= floor_bits(self.credit_side.floor) << CREDIT_FLOOR;
        flags |= if self.head.is_some() { HAS_HEAD } else { 0 };
        flags |= if self.overrides_floor { OVERRIDES_FLOOR } else { 0 };
        flags |= if self.debit_side.late.is_zero() { 0 } else { DEBIT_LATE };
        flags |= if self.credit_side.late.is_zero() { 0 } else { CREDIT_LATE };
        out.byte(flags);
        match &self.head {
            Some(head) => head.encode(&mut out),
            None => out.byte(self.index),
        }
        out.number(self.debit);
        out.number(self.credit);
        out.number(self.amount.unsigned_abs());
        if let Some(hold) = &self.hold {
            out.number(seq.saturating_sub(hold.seq));
            out.number(hold.posted.unsigned_abs());
            out.number(hold.released.unsigned_abs());
            out.number(hold.remaining.unsigned_abs());
        }
        self.debit_side.encode(&mut out, seq);
        self.credit_side.encode(&mut out, seq);
        out.finish()
    }

    pub(crate) fn decode(kind: LegKind, seq: u64, input: &mut Reader<'_>) -> Result<LegRow, FormatError> {
        let flags = input.byte("flags")?;
        let head = if flags & HAS_HEAD == 0 { None } else { Some(TransactionHead::decode(input)?) };
        let index = if head.is_some() { 0 } else { input.byte("index")? };
        let (debit, credit) = (input.number("debit account")?, input.number("credit account")?);
        let amount = input.positive("amount")?;
        let hold = if kind.concerns_hold() { Some(HoldAfter::decode(input, seq)?) } else { None };
        let debit_side = SideAfter::decode(input, seq, (flags >> DEBIT_FLOOR) & 3, flags & DEBIT_LATE != 0)?;
        let credit_side = SideAfter::decode(input, seq, (flags >> CREDIT_FLOOR) & 3, flags & CREDIT_LATE != 0)?;
        let overrides_floor = flags & OVERRIDES_FLOOR != 0;
        Ok(LegRow { kind, index, head, debit, credit, amount, overrides_floor, hold, debit_side, credit_side })
    }
}

impl TransactionHead {
    /// Whether the rows execute a transaction scheduled under this id: then they name themselves as their target.
    pub(crate) fn carries_out(&self) -> bool {
        self.target == Some(self.id)
    }

    fn encode(&self, out: &mut Writer) {
        out.raw(&self.id.to_be_bytes());
        out.byte(self.legs);
        let has = |present: bool, flag: u8| if present { flag } else { 0 };
        out.byte(
            has(self.target.is_some(), HAS_TARGET)
                | has(self.effective_at.is_some(), HAS_EFFECTIVE)
                | has(self.expires_at.is_some(), HAS_EXPIRY)
                | has(self.reference.is_some(), HAS_REFERENCE)
                | has(self.metadata.is_some(), HAS_METADATA)
                | has(self.asked.is_some(), HAS_ASKED),
        );
        if let Some(target) = self.target {
            out.raw(&target.to_be_bytes());
        }
        for time in [self.effective_at, self.expires_at].into_iter().flatten() {
            out.number(time.unsigned_abs());
        }
        if let Some(reference) = &self.reference {
            out.text(reference);
        }
        out.raw(self.metadata.as_ref().map_or(&[], |hash| hash.as_slice()));
        out.raw(self.asked.as_ref().map_or(&[], |digest| digest.as_slice()));
    }

    fn decode(input: &mut Reader<'_>) -> Result<TransactionHead, FormatError> {
        let id = u128::from_be_bytes(input.array("id")?);
        let legs = input.byte("number of postings")?;
        let flags = input.byte("head flags")?;
        known_bits(flags, 0x3f, "head flags")?;
        let has = |flag: u8| flags & flag != 0;
        let target = if has(HAS_TARGET) { Some(u128::from_be_bytes(input.array("target")?)) } else { None };
        Ok(TransactionHead {
            id,
            legs,
            target,
            effective_at: if has(HAS_EFFECTIVE) { Some(input.positive("effective time")?) } else { None },
            expires_at: if has(HAS_EXPIRY) { Some(input.positive("expiry")?) } else { None },
            reference: if has(HAS_REFERENCE) { Some(input.text("reference")?) } else { None },
            metadata: if has(HAS_METADATA) { Some(input.array("metadata hash")?) } else { None },
            asked: if has(HAS_ASKED) { Some(input.array("digest of the postings")?) } else { None },
        })
    }
}

impl HoldAfter {
    fn decode(input: &mut Reader<'_>, seq: u64) -> Result<HoldAfter, FormatError> {
        Ok(HoldAfter {
            seq: seq.checked_sub(input.number("hold")?).ok_or(FormatError::Value("hold"))?,
            posted: input.positive("posted part")?,
            released: input.positive("released part")?,
            remaining: input.positive("remaining part")?,
        })
    }
}

impl SideAfter {
    fn encode(&self, out: &mut Writer, seq: u64) {
        self.sums.encode(out);
        if let Some(floor) = self.floor.filter(|floor| *floor != 0) {
            out.signed(floor);
        }
        out.number(self.version);
        out.number(distance(seq, self.prev));
        out.number(distance(seq, self.jump));
        if !self.late.is_zero() {
            self.late.encode(out);
        }
    }

    fn decode(input: &mut Reader<'_>, seq: u64, floor: u8, late: bool) -> Result<SideAfter, FormatError> {
        let sums = Sums::decode(input)?;
        let floor = match floor {
            0 => None,
            1 => Some(0),
            2 => match input.signed("floor")? {
                0 => return Err(FormatError::Value("floor")),
                floor => Some(floor),
            },
            _ => return Err(FormatError::Value("floor")),
        };
        let version = input.number("version")?;
        let prev = origin(seq, input.number("previous row")?)?;
        let jump = origin(seq, input.number("jump row")?)?;
        let late = if late { Sums::decode(input).and_then(some_late)? } else { Sums::default() };
        Ok(SideAfter { sums, floor, version, prev, jump, late })
    }
}

impl Sums {
    pub(crate) fn is_zero(&self) -> bool {
        *self == Sums::default()
    }

    pub(crate) fn each(&self) -> [i64; 4] {
        [self.posted_debits, self.posted_credits, self.pending_debits, self.pending_credits]
    }

    pub(crate) fn of(each: [i64; 4]) -> Sums {
        let [posted_debits, posted_credits, pending_debits, pending_credits] = each;
        Sums { posted_debits, posted_credits, pending_debits, pending_credits }
    }

    fn encode(&self, out: &mut Writer) {
        self.each().into_iter().for_each(|sum| out.number(sum.unsigned_abs()));
    }

    fn decode(input: &mut Reader<'_>) -> Result<Sums, FormatError> {
        Ok(Sums {
            posted_debits: input.positive("posted debits")?,
            posted_credits: input.positive("posted credits")?,
            pending_debits: input.positive("pending debits")?,
            pending_credits: input.positive("pending credits")?,
        })
    }
}

/// A late row adds to a sum, so late sums of zero would be a second encoding of "none".
fn some_late(late: Sums) -> Result<Sums, FormatError> {
    if late.is_zero() { Err(FormatError::Value("late sums")) } else { Ok(late) }
}

/// A bit without a meaning may get one in a newer version, so it is not ignored.
pub(super) fn known_bits(flags: u8, known: u8, what: &'static str) -> Result<(), FormatError> {
    if flags & !known == 0 { Ok(()) } else { Err(FormatError::Value(what)) }
}

fn floor_bits(floor: Option<i64>) -> u8 {
    match floor {
        None => 0,
        Some(0) => 1,
        Some(_) => 2,
    }
}

/// Pointers are distances back; 0 means none.
fn distance(seq: u64, to: u64) -> u64 {
    if to == 0 { 0 } else { seq.saturating_sub(to) }
}

fn origin(seq: u64, distance: u64) -> Result<u64, FormatError> {
    match distance {
        0 => Ok(0),
        _ => seq.checked_sub(distance).filter(|row| *row > 0).ok_or(FormatError::Value("pointer")),
    }
}
