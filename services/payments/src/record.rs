//! A payment as it is stored, and how it is shown.

use jiff::civil::Date;
use kernel::{Money, Timestamp};
use ledger_api::{AccountPath, Reference, TransactionId};
use serde::{Deserialize, Serialize};

use crate::face::{Approval, ApproverLimit, PayeeId, Payment, PaymentId, PaymentState, Rail, StandingId};
use crate::rail::OverRail;

/// One row of `payment`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) id: PaymentId,
    pub(crate) state: PaymentState,
    pub(crate) reason: Option<String>,
    pub(crate) from: AccountPath,
    /// The paying account's owner.
    pub(crate) owner: Option<String>,
    pub(crate) to: AccountPath,
    pub(crate) payee: Option<PayeeId>,
    pub(crate) amount: Money,
    /// What is taken beside the amount, and the account that gets it.
    pub(crate) fee: Option<(Money, AccountPath)>,
    pub(crate) text: Option<String>,
    pub(crate) reference: Option<Reference>,
    pub(crate) on: Option<Date>,
    /// The beginning of that day.
    pub(crate) starts_at: Option<Timestamp>,
    pub(crate) standing: Option<StandingId>,
    /// Of a payment out of the house.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rail: Option<OverRail>,
    pub(crate) approvals_needed: u8,
    pub(crate) approvals: Vec<Approval>,
    pub(crate) approver_limits: Vec<ApproverLimit>,
    pub(crate) made_by: String,
    pub(crate) created_at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
    /// Approvals have to come before.
    pub(crate) expires_at: Option<Timestamp>,
    /// The day for which it counts.
    pub(crate) day: i64,
    pub(crate) use_key: [u8; 16],
    /// Steps so far.
    pub(crate) steps: i64,
    /// When payments looks at it by itself.
    pub(crate) due_at: Option<Timestamp>,
}

impl Record {
    /// Its transaction has the same bits.
    pub(crate) fn transaction(&self) -> TransactionId {
        TransactionId::from_bits(self.id.bits())
    }

    /// The payer's account is debited, or was.
    fn is_booked(&self) -> bool {
        matches!(self.state, PaymentState::Settled | PaymentState::Submitted | PaymentState::Returned)
    }

    /// What debits the payer: over a rail that is not the hold, but its posting.
    pub(crate) fn booking(&self) -> TransactionId {
        self.rail.as_ref().map_or_else(|| self.transaction(), |over| over.ids.leave)
    }

    pub(crate) fn shown(&self, replayed: bool) -> Payment {
        Payment {
            id: self.id,
            state: self.state,
            reason: self.reason.clone(),
            rail: self.rail.as_ref().map_or(Rail::Internal, |over| over.rail),
            creditor: self.rail.as_ref().map(|over| over.creditor.clone()),
            file: self.rail.as_ref().and_then(|over| over.file),
            returned: self.rail.as_ref().and_then(|over| over.returned),
            from: self.from.clone(),
            to: self.to.clone(),
            payee: self.payee,
            amount: self.amount,
            fee: self.fee.as_ref().map(|(amount, _)| *amount),
            text: self.text.clone(),
            reference: self.reference.clone(),
            on: self.on,
            standing_order: self.standing,
            approvals_needed: self.approvals_needed,
            approvals: self.approvals.clone(),
            transaction: self.is_booked().then(|| self.booking()),
            made_by: self.made_by.clone(),
            created_at: self.created_at,
            ended_at: self.ended_at,
            expires_at: self.expires_at.filter(|_| self.state == PaymentState::AwaitingApproval),
            replayed,
            dry_run: false,
        }
    }
}
