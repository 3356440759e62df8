//! An authorization as it is stored, and how it is shown.

use kernel::{Currency, Money, Timestamp};
use ledger_api::{AccountPath, TransactionId};
use serde::{Deserialize, Serialize};
use vault_api::Token;

use crate::authorization::{
    Acceptor, Amounts, Authorization, AuthorizationId, Origin, Step, StepId, StepStatus, Totals,
};
use crate::card::CardId;
use crate::legacy::Theirs;
use crate::life::{Ask, Line, Planned, Status, StepKind, Sums};
use crate::programme::{Accounts, ProgrammeId};
use crate::reason::Reason;

/// One row of `card_authorization`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) id: AuthorizationId,
    /// The caller, whose own name for it `request_id` is.
    pub(crate) caller: String,
    pub(crate) request_id: String,
    pub(crate) origin: Origin,
    pub(crate) status: Status,
    pub(crate) reason: Option<Reason>,
    /// Absent for an unknown card.
    pub(crate) card: Option<Paying>,
    pub(crate) amounts: Option<Amounts>,
    /// Included in the cardholder's amount.
    pub(crate) fee: i64,
    pub(crate) sums: Sums,
    pub(crate) partial: bool,
    pub(crate) balance: Option<Money>,
    pub(crate) at: Acceptor,
    pub(crate) created_at: Timestamp,
    pub(crate) decided_at: Option<Timestamp>,
    pub(crate) expires_at: Option<Timestamp>,
    /// The step that has begun and is not finished.
    pub(crate) step: Option<Begun>,
    /// The hold may exist in the ledger although the answer was a decline: it is released.
    pub(crate) clean_up: bool,
    /// When the sweeper looks at it.
    pub(crate) due_at: Option<Timestamp>,
    /// For a payment that an old system answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) theirs: Option<Theirs>,
    /// Of its holds in the ledger, which one: it gets another one each time that it is taken over.
    #[serde(default, skip_serializing_if = "is_first")]
    pub(crate) round: u8,
}

fn is_first(round: &u8) -> bool {
    *round == 0
}

/// The card of an authorization, as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Paying {
    pub(crate) id: CardId,
    pub(crate) programme: ProgrammeId,
    pub(crate) token: Token,
    pub(crate) owner: Option<String>,
    pub(crate) account: AccountPath,
    pub(crate) currency: Currency,
    /// The day on which it counts for limits.
    pub(crate) day: i64,
    /// As they were: what is booked again has to be the same.
    pub(crate) accounts: Accounts,
    /// What the programme approves if risk is away.
    pub(crate) without_risk_up_to: i64,
}

/// A step between its two commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Begun {
    pub(crate) id: StepId,
    pub(crate) request_id: Option<String>,
    pub(crate) ask: Ask,
    pub(crate) amounts: Amounts,
    pub(crate) lines: Vec<Line>,
    /// The authorization after it.
    pub(crate) sums: Sums,
    pub(crate) status: Status,
    pub(crate) above_tolerance: bool,
    pub(crate) is_fraud: bool,
    /// The old system books it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_theirs: bool,
    /// The ledger remembers refusals by id, so that a step that is planned again needs other ids.
    pub(crate) attempt: u8,
    pub(crate) begun_at: Timestamp,
}

/// One row of `card_step`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StepRecord {
    pub(crate) authorization: AuthorizationId,
    pub(crate) step: Step,
    pub(crate) programme: ProgrammeId,
    /// The business day of the programme.
    pub(crate) day: i64,
    /// What the network is owed more, for the settlement of that day.
    pub(crate) owed: i64,
    pub(crate) is_fraud: bool,
}

impl Record {
    pub(crate) fn owner(&self) -> Option<&str> {
        self.card.as_ref().and_then(|card| card.owner.as_deref())
    }

    pub(crate) fn money(&self, minor: i64) -> Option<Money> {
        self.card.as_ref().map(|card| Money::new(minor, card.currency))
    }

    pub(crate) fn totals(&self, sums: &Sums) -> Option<Totals> {
        let Sums { authorized, held, cleared, fees, refunded, disputed, .. } = *sums;
        Some(Totals {
            authorized: self.money(authorized)?,
            held: self.money(held)?,
            cleared: self.money(cleared)?,
            fees: self.money(fees)?,
            refunded: self.money(refunded)?,
            disputed: self.money(disputed)?,
        })
    }

    /// Its hold in the ledger.
    pub(crate) fn hold(&self) -> TransactionId {
        TransactionId::from_bits(self.id.bits() ^ u128::from(self.round))
    }

    /// Six digits that the merchant quotes.
    pub(crate) fn approval_code(&self) -> Option<String> {
        self.reason.filter(|reason| reason.is_approval())?;
        let theirs = self.theirs.as_ref().and_then(|theirs| theirs.approval_code.clone());
        Some(theirs.unwrap_or_else(|| format!("{:06}", self.id.bits() % 1_000_000)))
    }

    pub(crate) fn shown(&self, replayed: bool) -> Authorization {
        Authorization {
            id: self.id,
            request_id: self.request_id.clone(),
            origin: self.origin,
            status: self.status,
            reason: self.reason,
            response_code: self.reason.map(|reason| reason.code().to_owned()),
            approval_code: self.approval_code(),
            card: self.card.as_ref().map(|card| card.id),
            amounts: self.amounts,
            totals: self.totals(&self.sums),
            balance: self.balance,
            at: self.at.clone(),
            created_at: self.created_at,
            decided_at: self.decided_at,
            expires_at: self.expires_at.filter(|_| self.status != Status::Declined),
            replayed,
        }
    }

    /// The step as it ends.
    pub(crate) fn ended(&self, begun: &Begun, reason: Reason, at: Timestamp) -> Option<Step> {
        let done = reason.is_approval();
        let status = if done { StepStatus::Done } else { StepStatus::Declined };
        Some(Step {
            id: begun.id,
            kind: begun.ask.kind,
            request_id: begun.request_id.clone(),
            status,
            reason,
            response_code: reason.code().to_owned(),
            amounts: begun.amounts,
            totals: self.totals(if done { &begun.sums } else { &self.sums })?,
            above_tolerance: begun.above_tolerance,
            at,
        })
    }
}

impl Begun {
    pub(crate) fn replanned(&mut self, planned: Planned) {
        self.lines = planned.lines;
        self.sums = planned.sums;
        self.status = planned.status;
        self.attempt = self.attempt.saturating_add(1);
    }

    pub(crate) fn kind(&self) -> StepKind {
        self.ask.kind
    }
}
