//! The life of an authorization after its decision, and what each step books. Pure: the table of `docs/cards.md` as code.
//!
//! Invariants, in smallest units of the card's currency, whatever the order of steps and however often one arrives:
//! the holder's account has lost `cleared - refunded - disputed - won`; the network is owed `cleared - fees - refunded -
//! won`; fees have earned `fees`; `disputed` is lent to holders; and the hold in the ledger is `held`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Refusal;

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::FromRepr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[repr(i64)]
pub enum Status {
    /// Not decided yet.
    Pending = 0,
    Approved = 1,
    Declined = 2,
    PartlyCleared = 3,
    Cleared = 4,
    /// Taken back before anything was cleared.
    Reversed = 5,
    /// Not cleared in time.
    Expired = 6,
}

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum StepKind {
    /// More is held.
    Increment,
    /// A stand-in has approved; we record it.
    Advice,
    /// The network has paid the merchant; the holder pays.
    Clearing,
    /// What is held is released, wholly or partly.
    Reversal,
    /// The ledger released the hold by itself.
    Expiry,
    Refund,
    RefundReversal,
    /// The holder gets a provisional credit.
    Dispute,
    DisputeWon,
    DisputeLost,
}

impl Status {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl StepKind {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The money of one authorization.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sums {
    /// In all, increments included.
    pub(crate) authorized: i64,
    /// Still held in the ledger.
    pub(crate) held: i64,
    /// Booked from the holder, fees included.
    pub(crate) cleared: i64,
    pub(crate) fees: i64,
    pub(crate) refunded: i64,
    /// Lent to the holder while disputes are open.
    pub(crate) disputed: i64,
    pub(crate) won: i64,
}

impl Sums {
    /// What the holder has paid and did not get back.
    fn paid(&self) -> i64 {
        self.cleared - self.refunded - self.disputed - self.won
    }
}

/// One step as it is asked for. Amounts are in the card's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ask {
    pub(crate) kind: StepKind,
    /// All that there is, where it is left out.
    pub(crate) amount: Option<i64>,
    /// Included in the amount.
    pub(crate) fee: i64,
    /// Nothing more will be cleared.
    pub(crate) is_final: bool,
}

/// One operation on the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    /// A hold that may take the holder below the floor.
    Hold {
        amount: i64,
    },
    Increase {
        amount: i64,
    },
    Post {
        amount: i64,
        is_final: bool,
    },
    Void {
        amount: i64,
    },
    /// From the debited account to the credited one; floors do not stop it.
    Move {
        from: Place,
        to: Place,
        amount: i64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    Holder,
    Settlement,
    Fees,
    Disputes,
    Bank,
}

/// What a step books, and the authorization after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) lines: Vec<Line>,
    pub(crate) sums: Sums,
    pub(crate) status: Status,
}

/// Decides a step; a refusal leaves everything as it was.
pub(crate) fn plan(status: Status, sums: Sums, ask: Ask) -> Result<Planned, Refusal> {
    if matches!(status, Status::Pending | Status::Declined) {
        return Err(Refusal::AuthorizationState { status, step: ask.kind });
    }
    match ask.kind {
        StepKind::Increment => increment(status, sums, ask),
        StepKind::Advice => advice(sums, ask),
        StepKind::Clearing => clearing(sums, ask),
        StepKind::Reversal => reversal(status, sums, ask),
        StepKind::Expiry => Ok(expiry(status, sums)),
        StepKind::Refund => refund(status, sums, ask),
        StepKind::RefundReversal => refund_reversal(status, sums, ask),
        StepKind::Dispute => dispute(status, sums, ask),
        StepKind::DisputeWon => dispute_ended(status, sums, ask, Place::Settlement),
        StepKind::DisputeLost => dispute_ended(status, sums, ask, Place::Holder),
    }
}

fn increment(status: Status, sums: Sums, ask: Ask) -> Result<Planned, Refusal> {
    let amount = ask.amount.unwrap_or(0);
    if !matches!(status, Status::Approved | Status::PartlyCleared) || sums.held == 0 || amount <= 0 {
        return Err(Refusal::AuthorizationState { status, step: ask.kind });
    }
    let sums = Sums { authorized: sums.authorized + amount, held: sums.held + amount, ..sums };
    Ok(Planned { lines: vec![Line::Increase { amount }], sums, status })
}

/// Never refused: the stand-in has answered the merchant.
fn advice(sums: Sums, ask: Ask) -> Result<Planned, Refusal> {
    let amount = ask.amount.unwrap_or(0);
    let sums = Sums { authorized: sums.authorized + amount, held: sums.held + amount, ..sums };
    Ok(Planned { lines: vec![Line::Hold { amount }], sums, status: Status::Approved })
}

/// Never refused: the network has paid the merchant. What the hold does not cover is a booking of its own, in the same
/// atomic batch.
fn clearing(sums: Sums, ask: Ask) -> Result<Planned, Refusal> {
    let amount = ask.amount.unwrap_or(sums.held);
    if amount <= 0 {
        return Err(Refusal::NothingHeld { held: sums.held, asked: amount });
    }
    let from_hold = amount.min(sums.held);
    let rest = amount - from_hold;
    // A hold that is used up has ended, and so has one that was exceeded.
    let ends = ask.is_final || rest > 0 || from_hold == sums.held;
    let mut lines = Vec::with_capacity(3);
    if from_hold > 0 {
        lines.push(Line::Post { amount: from_hold, is_final: ends });
    }
    if rest > 0 {
        lines.push(Line::Move { from: Place::Holder, to: Place::Settlement, amount: rest });
    }
    if ask.fee > 0 {
        lines.push(Line::Move { from: Place::Settlement, to: Place::Fees, amount: ask.fee });
    }
    let held = if ends { 0 } else { sums.held - from_hold };
    let status = if held > 0 { Status::PartlyCleared } else { Status::Cleared };
    let sums = Sums { held, cleared: sums.cleared + amount, fees: sums.fees + ask.fee, ..sums };
    Ok(Planned { lines, sums, status })
}

fn reversal(status: Status, sums: Sums, ask: Ask) -> Result<Planned, Refusal> {
    let amount = ask.amount.unwrap_or(sums.held);
    if sums.held == 0 || amount <= 0 || amount > sums.held {
        return Err(Refusal::NothingHeld { held: sums.held, asked: amount });
    }
    let held = sums.held - amount;
    let sums = Sums { held, authorized: sums.authorized - amount, ..sums };
    let status = match (held, sums.cleared) {
        (0, 0) => Status::Reversed,
        (0, _) => Status::Cleared,
        _ => status,
    };
    Ok(Planned { lines: vec![Line::Void { amount }], sums, status })
}

fn expiry(status: Status, sums: Sums) -> Planned {
    let status = match (sums.held, sums.cleared) {
        (0, _) => status,
        (_, 0) => Status::Expired,
        _ => Status::Cleared,
    };
    Planned { lines: Vec::new(), sums: Sums { held: 0, ..sums }, status }
}

fn refund(status: Status, sums: Sums, ask: Ask) -> Result<Planned, Refusal> {
    let amount = ask.amount.unwrap_or(sums.paid());
    if amount <= 0 || amount > sums.paid() {
        return Err(Refusal::AboveCleared { left: sums.paid(), asked: amount });
    }
    let lines = vec![Line::Move { from: Place::Settlement, to: Place::Holder, amount }];
    Ok(Planned { lines, sums: Sums { refunded: sums.refunded + amount, ..sums }, status })
}

/// A refund without a payment: it becomes an authorization of its own.
pub(crate) fn unlinked_refund(amount: i64) -> Planned {
    let lines = vec![Line::Move { from: Place::Settlement, to: Place::Holder, amount }];
    Planned { lines, sums: Sums { refunded: amount, ..Sums::default() }, status: Status::Cleared }
}

fn refund_reversal(status: Status, sums: Sums, ask: Ask) -> Result<Planned, Refusal> {
    let amount = ask.amount.unwrap_or(sums.refunded);
    if amount <= 0 || amount > sums.refunded {
        return Err(Refusal::AboveRefunded { left: sums.refunded, asked: amount });
    }
    let lines = vec![Line::Move { from: Place::Holder, to: Place::Settlement, amount }];
    Ok(Planned { lines, sums: Sums { refunded: sums.refunded - amount, ..sums }, status })
}

fn dispute(status: Status, sums: Sums, ask: Ask) -> Result<Planned, Refusal> {
    let amount = ask.amount.unwrap_or(sums.paid());
    if amount <= 0 || amount > sums.paid() {
        return Err(Refusal::AboveCleared { left: sums.paid(), asked: amount });
    }
    let lines = vec![Line::Move { from: Place::Disputes, to: Place::Holder, amount }];
    Ok(Planned { lines, sums: Sums { disputed: sums.disputed + amount, ..sums }, status })
}

/// The credit is paid back by the network, or by the holder.
fn dispute_ended(status: Status, sums: Sums, ask: Ask, pays: Place) -> Result<Planned, Refusal> {
    let amount = ask.amount.unwrap_or(sums.disputed);
    if amount <= 0 || amount > sums.disputed {
        return Err(Refusal::AboveDisputed { left: sums.disputed, asked: amount });
    }
    let won = if pays == Place::Settlement { amount } else { 0 };
    let lines = vec![Line::Move { from: pays, to: Place::Disputes, amount }];
    Ok(Planned { lines, sums: Sums { disputed: sums.disputed - amount, won: sums.won + won, ..sums }, status })
}

/// What the network is owed more after these lines.
pub(crate) fn owed_more(lines: &[Line]) -> i64 {
    let one = |line: &Line| match line {
        Line::Post { amount, .. } => *amount,
        Line::Move { to: Place::Settlement, amount, .. } => *amount,
        Line::Move { from: Place::Settlement, amount, .. } => -*amount,
        Line::Hold { .. } | Line::Increase { .. } | Line::Void { .. } | Line::Move { .. } => 0,
    };
    lines.iter().map(one).sum()
}

#[cfg(test)]
mod tests;
