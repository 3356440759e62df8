//! Commands of the lane, which decides and stores everything about authorizations, and its replies.

use kernel::{Currency, Money, Timestamp};
use vault_api::Token;

use crate::Refusal;
use crate::authorization::{Acceptor, Amounts, AuthorizationId, StepId};
use crate::legacy::{Difference, Theirs};
use crate::life::StepKind;
use crate::present::Presented;
use crate::reason::Reason;
use crate::record::{Record, StepRecord};

#[derive(Debug)]
pub(crate) enum Command {
    Intend(Box<Intent>),
    Conclude(Conclusion),
    Begin(Box<Beginning>),
    Finish(Finishing),
    /// The ledger released the hold by itself.
    Expired {
        authorization: AuthorizationId,
        step: StepId,
    },
    /// The hold of a declined authorization is certainly gone.
    CleanedUp {
        authorization: AuthorizationId,
    },
}

/// A caller's request, by digests: whose and which it is, and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) key: [u8; 16],
    pub(crate) command: [u8; 32],
}

/// Is the same as any other command under its key.
pub(crate) const ANY_COMMAND: [u8; 32] = [0; 32];

/// An authorization to begin.
#[derive(Debug)]
pub(crate) struct Intent {
    pub(crate) id: AuthorizationId,
    pub(crate) named: Named,
    pub(crate) caller: String,
    pub(crate) request_id: String,
    /// Nothing for a number that is not one of ours.
    pub(crate) token: Option<Token>,
    pub(crate) amount: String,
    pub(crate) currency: Option<Currency>,
    /// Of such a number, its first digits, if an old system may know it.
    pub(crate) bin: Option<String>,
    pub(crate) presented: Presented,
    pub(crate) at: Acceptor,
    pub(crate) partial: bool,
    /// A reason to decline that is known before.
    pub(crate) declines: Option<Reason>,
    /// From then on the sweeper finishes it.
    pub(crate) due_at: Timestamp,
}

/// The end of an authorization's decision. The first one counts.
#[derive(Debug)]
pub(crate) struct Conclusion {
    pub(crate) id: AuthorizationId,
    pub(crate) reason: Reason,
    /// What is held, if it is not all that was asked for.
    pub(crate) held: Option<i64>,
    pub(crate) balance: Option<Money>,
    /// The hold may exist although this declines.
    pub(crate) clean_up: bool,
    /// Of an old system, whose decision it is.
    pub(crate) answered: Option<Box<Answered>>,
}

/// What an old system answered.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) theirs: Theirs,
    pub(crate) amounts: Option<Amounts>,
    /// From what ours would have decided.
    pub(crate) differences: Vec<Difference>,
}

/// A step to begin.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub(crate) id: StepId,
    pub(crate) named: Named,
    pub(crate) caller: String,
    pub(crate) request_id: String,
    pub(crate) kind: StepKind,
    pub(crate) target: Target,
    pub(crate) amount: Option<String>,
    pub(crate) currency: Option<Currency>,
    pub(crate) is_final: bool,
    pub(crate) is_fraud: bool,
    pub(crate) at: Acceptor,
    pub(crate) due_at: Timestamp,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    Authorization(AuthorizationId),
    /// A card, and the id of the authorization to make for it.
    Card(Token, AuthorizationId),
}

/// How the ledger answered a step.
#[derive(Debug)]
pub(crate) struct Finishing {
    pub(crate) authorization: AuthorizationId,
    pub(crate) step: StepId,
    pub(crate) booked: Booked,
    pub(crate) balance: Option<Money>,
    /// What an old system calls the authorization.
    pub(crate) theirs: Option<AuthorizationId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Booked {
    Done,
    /// The ledger refused it, and will always do so.
    Refused(Reason),
    /// The hold had ended before: the step is planned again without it.
    HoldGone,
}

/// What became of a command.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) record: Record,
    /// For a step that has ended.
    pub(crate) step: Option<StepRecord>,
    /// It was done before, by the same request.
    pub(crate) replayed: bool,
}

pub(crate) type Reply = Result<Outcome, Refusal>;
