//! A payment over a rail: what is booked for it, step by step, and under which ids.
//!
//! Invariants: what has left is booked; each booking has an id of its own that was made with the order, so that it can
//! be sent again; at most one booking is under way, and it is written down before the ledger is asked.

pub(crate) mod answer;
pub(crate) mod apply;
pub(crate) mod file;
pub(crate) mod pain;
pub(crate) mod read;

use jiff::civil::Date;
use kernel::{IdMaker, Money};
use ledger_api::TransactionId;
use quant::calendar::{Calendar, DayRule, Holidays};
use serde::{Deserialize, Serialize};

use crate::face::{Creditor, PaymentId, PaymentState, Rail, RailFileId};
use crate::record::Record;

/// What a payment over a rail has beside others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OverRail {
    pub(crate) rail: Rail,
    pub(crate) creditor: Creditor,
    /// The file in which it leaves.
    pub(crate) file: Option<RailFileId>,
    /// What is booked next.
    pub(crate) next: Option<Next>,
    /// The bank's word that it will carry it out.
    pub(crate) accepted: Option<String>,
    /// What came back.
    pub(crate) returned: Option<Money>,
    pub(crate) ids: StepIds,
}

/// The ids of the transactions after the hold, which has the payment's own bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StepIds {
    pub(crate) leave: TransactionId,
    pub(crate) release: TransactionId,
    pub(crate) settle: TransactionId,
    pub(crate) give_back: TransactionId,
    pub(crate) suspend: TransactionId,
}

impl OverRail {
    pub(crate) fn new(rail: Rail, creditor: Creditor, ids: &IdMaker) -> OverRail {
        let ids = StepIds {
            leave: ids.make(),
            release: ids.make(),
            settle: ids.make(),
            give_back: ids.make(),
            suspend: ids.make(),
        };
        OverRail { rail, creditor, file: None, next: None, accepted: None, returned: None, ids }
    }
}

/// A booking that was decided, and what it ends in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Next {
    /// The hold is released: it does not leave.
    Release { end: PaymentState, reason: String },
    /// The bank has carried it out.
    Settle,
    /// The bank has not: the payer gets everything back.
    GiveBack { reason: String },
    /// It was carried out, and has come back.
    Return { reason: String, amount: Money },
    /// The payer's account cannot take back what is theirs.
    Suspend { end: PaymentState, reason: String, amount: Money },
}

/// A call to the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// From account to account.
    Pay,
    Hold,
    /// Posts the hold, before the file leaves.
    Leave,
    Release,
    Settle,
    GiveBack,
    Return,
    Suspend,
}

impl Step {
    /// It has to succeed some time: a refusal means that the books are not as they should be, and it is tried again.
    pub(crate) fn must_succeed(self) -> bool {
        matches!(self, Step::Settle | Step::Suspend)
    }
}

/// What the ledger is to be asked next.
pub(crate) fn step_of(record: &Record) -> Option<Step> {
    let Some(over) = &record.rail else {
        return (record.state == PaymentState::Processing).then_some(Step::Pay);
    };
    match (&over.next, record.state) {
        (Some(Next::Release { .. }), _) => Some(Step::Release),
        (Some(Next::Settle), _) => Some(Step::Settle),
        (Some(Next::GiveBack { .. }), _) => Some(Step::GiveBack),
        (Some(Next::Return { .. }), _) => Some(Step::Return),
        (Some(Next::Suspend { .. }), _) => Some(Step::Suspend),
        (None, PaymentState::Processing) => Some(Step::Hold),
        (None, PaymentState::Held) if over.file.is_some() => Some(Step::Leave),
        (None, _) => None,
    }
}

/// An id as banks take it: without its prefix, because SEPA has no underscore.
pub(crate) fn plain(id: &impl ToString) -> String {
    let text = id.to_string();
    text.split_once('_').map_or_else(String::new, |(_, digits)| digits.to_owned())
}

/// The payment that a bank's reference names. Banks may write it in capitals.
pub(crate) fn payment_of(reference: &str) -> Option<PaymentId> {
    format!("pay_{}", reference.trim().to_ascii_lowercase()).parse().ok()
}

pub(crate) fn file_of(reference: &str) -> Option<RailFileId> {
    format!("pfile_{}", reference.trim().to_ascii_lowercase()).parse().ok()
}

/// The first day on which TARGET is open.
pub(crate) fn target_day(from: Date) -> Date {
    let calendar = Calendar::new(&[Holidays::Target], Vec::new()).ok();
    calendar.and_then(|calendar| calendar.adjust(from, DayRule::Following).ok()).unwrap_or(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_travel_without_their_prefix() {
        let id = PaymentId::from_bits(0x0197_0000_0000_7000_8000_0000_0000_0001);
        let text = plain(&id);
        assert_eq!((text.len(), payment_of(&text), payment_of(&text.to_uppercase())), (26, Some(id), Some(id)));
        assert_eq!((payment_of("NOTPROVIDED"), payment_of(""), file_of("x")), (None, None, None));
    }

    #[test]
    fn files_are_carried_out_when_target_is_open() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        for (from, expected) in [
            ("2026-04-02", "2026-04-02"),
            ("2026-04-03", "2026-04-07"),
            ("2026-05-01", "2026-05-04"),
            ("2026-12-25", "2026-12-28"),
        ] {
            assert_eq!(target_day(day(from)), day(expected), "{from}");
        }
    }
}
