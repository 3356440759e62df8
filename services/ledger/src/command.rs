//! Commands to the lane and its replies: the callers' commands, with everything random or secret already computed, so
//! that deciding needs nothing from outside.

use std::sync::Arc;

use ledger_api::{ChangeAccount, DeclareAsset, Metadata, OpenAccount, Operation, Refusal};

use crate::account::AccountFacts;
use crate::format::{AccountRow, AccountState, LegRow};
use crate::schedule::Plan;
use crate::state::State;

#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub reach: Reach,
    pub body: Body,
}

#[derive(Debug, Clone)]
pub(crate) enum Body {
    Lines(Lines),
    Open(OpenAccount, Tag),
    Change(ChangeAccount, Tag),
    Declare(DeclareAsset, Tag),
}

#[derive(Debug, Clone)]
pub(crate) struct Lines {
    pub atomic: bool,
    pub dry_run: bool,
    pub lines: Vec<Line>,
}

#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub tag: Tag,
    pub operation: Operation,
}

/// How a repeated command is recognised.
#[derive(Debug, Clone)]
pub(crate) struct Tag {
    /// The caller's id, or a generated one.
    pub id: u128,
    pub scope: Option<Scope>,
    /// For the hash of the metadata.
    pub salt: [u8; 16],
}

/// An idempotency key with the principal and the operation it belongs to, and the command, both as keyed digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scope {
    pub key: [u8; 16],
    pub command: [u8; 16],
}

/// The owner whose accounts the caller may use; other accounts do not exist for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    All,
    Owner(Arc<str>),
}

impl Reach {
    pub(crate) fn covers(&self, facts: &AccountFacts) -> bool {
        match self {
            Reach::All => true,
            Reach::Owner(subject) => facts.owner.as_ref().is_some_and(|owner| owner.as_str() == &**subject),
        }
    }

    /// Whether both accounts of every posting are the caller's to use; also false if no transaction begins.
    pub(crate) fn covers_transaction(&self, state: &State, first: u64) -> bool {
        let accounts = state.accounts_of(first);
        !accounts.is_empty() && accounts.iter().all(|no| state.facts(*no).is_some_and(|facts| self.covers(&facts)))
    }

    /// Whether a remembered refusal reveals nothing about accounts that do not exist for the caller. `target` begins
    /// the transaction that the refused command was about.
    pub(crate) fn covers_refusal(&self, state: &State, refusal: &Refusal, target: Option<u64>) -> bool {
        if *self == Reach::All || refusal.tells_nothing() {
            return true;
        }
        let own = |path| state.account_no(path).and_then(|no| state.facts(no)).is_some_and(|facts| self.covers(&facts));
        refusal.account().map_or(target.is_some(), own)
            && target.is_none_or(|first| self.covers_transaction(state, first))
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Lines(Vec<Outcome<Recorded>>),
    Account(Outcome<AccountAnswer>),
    Asset(Outcome<AssetAnswer>),
}

pub(crate) type Outcome<T> = Result<T, Refused>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub refusal: Refusal,
    pub replayed: bool,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Refused {
        Refused { refusal, replayed: false }
    }
}

/// A transaction's rows with the accounts they name, from which the caller builds a reply.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    /// Record time in microseconds.
    pub at: i64,
    pub legs: Vec<RecordedLeg>,
    /// Instead of rows that move money.
    pub plan: Option<Plan>,
    pub metadata: Metadata,
    pub replayed: bool,
    pub dry_run: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct RecordedLeg {
    pub row: LegRow,
    pub debit: Arc<AccountFacts>,
    pub credit: Arc<AccountFacts>,
}

#[derive(Debug, Clone)]
pub(crate) struct AccountAnswer {
    pub facts: Arc<AccountFacts>,
    pub state: AccountState,
    pub sums: crate::format::Sums,
    pub version: u64,
    pub metadata: Metadata,
    pub replayed: bool,
}

impl AccountAnswer {
    pub(crate) fn of_row(facts: Arc<AccountFacts>, row: &AccountRow, metadata: Metadata) -> AccountAnswer {
        AccountAnswer { facts, state: row.state, sums: row.sums, version: row.version, metadata, replayed: true }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AssetAnswer {
    pub code: String,
    pub scale: u8,
    pub replayed: bool,
}
