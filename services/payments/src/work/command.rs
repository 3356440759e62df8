//! Commands of the lane, which decides and stores everything about payments, and its replies.

use jiff::civil::Date;
use kernel::{Money, Timestamp};
use ledger_api::{AccountPath, Reference};

use crate::books::Booked;
use crate::face::{PayeeId, PaymentId, Refusal, StandingId, Verdict};
use crate::record::Record;

#[derive(Debug)]
pub(crate) enum Command {
    Begin(Box<Intent>),
    /// What the ledger said for good.
    Conclude {
        id: PaymentId,
        booked: Booked,
    },
    Decide(Box<Decision>),
    Cancel {
        id: PaymentId,
        named: Option<Named>,
        by: String,
        reason: Option<String>,
    },
    /// The time has come at which payments looks at it by itself.
    Due {
        id: PaymentId,
        /// When the sweeper looks at it again.
        due_at: Timestamp,
    },
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
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> No {
        No::Refused(refusal)
    }
}

pub(crate) type Reply = Result<Outcome, No>;
