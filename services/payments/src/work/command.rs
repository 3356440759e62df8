//! Commands of the lane, which decides and stores everything about payments, and its replies.

use jiff::civil::Date;
use kernel::{Money, Timestamp};
use ledger_api::{AccountPath, Reference, TransactionId};
use platform::error::Failure;

use crate::books::Booked;
use crate::face::{PayeeId, PaymentId, PaymentsError, RailFile, Refusal, StandingId, Verdict};
use crate::rail::{OverRail, Step};
use crate::record::Record;

#[derive(Debug)]
pub(crate) enum Command {
    Begin(Box<Intent>),
    /// What the ledger said for good.
    Conclude {
        id: PaymentId,
        step: Step,
        booked: Booked,
        /// For a step that has to be tried again under another id.
        spare: TransactionId,
        due_at: Timestamp,
    },
    /// Puts everything that waits for a file into this one.
    Cut {
        file: RailFile,
        due_at: Timestamp,
    },
    /// What a bank says of a payment.
    Said {
        id: PaymentId,
        said: Said,
        due_at: Timestamp,
    },
    Decide(Box<Decision>),
    Cancel {
        id: PaymentId,
        named: Option<Named>,
        by: String,
        reason: Option<String>,
        due_at: Timestamp,
    },
    /// The time has come at which payments looks at it by itself.
    Due {
        id: PaymentId,
        /// When the sweeper looks at it again.
        due_at: Timestamp,
    },
}

/// What a bank says of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    Accepted { code: String },
    Rejected { reason: String },
    Debited,
    Returned { reason: String, amount: Money },
}

/// A caller's command, by digests: whose and which it is, and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) key: [u8; 16],
    pub(crate) command: [u8; 32],
}

/// A payment to begin.
#[derive(Debug)]
pub(crate) struct Intent {
    pub(crate) id: PaymentId,
    /// Nothing for a caller without an idempotency key.
    pub(crate) named: Option<Named>,
    pub(crate) made_by: String,
    pub(crate) from: AccountPath,
    /// Under which the account's use is counted.
    pub(crate) use_key: [u8; 16],
    pub(crate) owner: Option<String>,
    pub(crate) to: AccountPath,
    pub(crate) payee: Option<PayeeId>,
    /// The most that a new payee gets, in smallest units.
    pub(crate) payee_max: Option<i64>,
    pub(crate) amount: Money,
    pub(crate) text: Option<String>,
    pub(crate) reference: Option<Reference>,
    pub(crate) on: Option<Date>,
    /// The beginning of that day.
    pub(crate) starts_at: Option<Timestamp>,
    /// For which it counts.
    pub(crate) day: i64,
    /// The first day of that month.
    pub(crate) month: i64,
    pub(crate) standing: Option<StandingId>,
    pub(crate) rail: Option<OverRail>,
    pub(crate) dry_run: bool,
    /// From then on the sweeper continues it.
    pub(crate) due_at: Timestamp,
}

/// A person's approval, or refusal to approve.
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) id: PaymentId,
    pub(crate) named: Option<Named>,
    pub(crate) by: String,
    pub(crate) verdict: Verdict,
    pub(crate) reason: Option<String>,
    pub(crate) due_at: Timestamp,
}

/// What became of a command.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) record: Record,
    /// It was done before, by the same command.
    pub(crate) replayed: bool,
}

/// Why nothing became of it.
#[derive(Debug, Clone)]
pub(crate) enum No {
    Refused(Refusal),
    /// The key was used with a different command.
    KeyTaken,
    /// No payment waits for a file.
    NothingWaits,
    /// Another booking of the payment is under way.
    Busy,
}

impl From<No> for PaymentsError {
    fn from(no: No) -> PaymentsError {
        match no {
            No::Refused(refusal) => refusal.into(),
            No::KeyTaken => Failure::IdempotencyKeyTaken.into(),
            No::NothingWaits | No::Busy => Failure::Unavailable.into(),
        }
    }
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> No {
        No::Refused(refusal)
    }
}

pub(crate) type Reply = Result<Outcome, No>;
