//! An account in the ledger: facts that never change, and the head that every posting moves.

use kernel::{Currency, Money};
use ledger_api::{AccountPath, AccountStatus, Balances, Reference, Side};

use crate::chain::Roots;
use crate::format::{AccountState, LegKind, LegRow, SideAfter, Sums};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountFacts {
    pub no: u64,
    pub path: AccountPath,
    pub currency: Currency,
    pub normal: Side,
    pub owner: Option<Reference>,
    pub reference: Option<Reference>,
    pub opened_seq: u64,
    /// Record time in microseconds.
    pub opened_at: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub state: AccountState,
    pub sums: Sums,
    pub version: u64,
    pub roots: Roots,
    /// Sums over the rows whose effective time is before their record time.
    pub late: Sums,
    /// Pending postings with an amount remaining.
    pub holds: u64,
    /// The transaction that last raised the version, so that each raises it only once.
    pub raised_by: u64,
}

pub(crate) const OPEN: AccountState =
    AccountState { status: AccountStatus::Open, floor: None, ceiling: None, metadata: None, metadata_seq: 0 };

impl Head {
    pub(crate) fn new(state: AccountState) -> Head {
        let (sums, late) = (Sums::default(), Sums::default());
        Head { state, sums, version: 0, roots: Roots::default(), late, holds: 0, raised_by: 0 }
    }
}

impl Head {
    /// Applies a log row to this account, unless it is already included.
    pub(crate) fn follow(&mut self, seq: u64, row: &LegRow, side: &SideAfter) {
        if self.roots.newest() >= seq {
            return;
        }
        self.roots.append(seq);
        self.sums = side.sums;
        self.late = side.late;
        self.version = side.version;
        let remaining = row.hold.map_or(0, |hold| hold.remaining);
        match row.kind {
            LegKind::Pending => self.holds += 1,
            // A finished hold is held again.
            LegKind::Increase if remaining == row.amount => self.holds += 1,
            LegKind::Post | LegKind::Void | LegKind::Expiry if remaining == 0 => {
                self.holds = self.holds.saturating_sub(1);
            }
            LegKind::Posted | LegKind::Reversal | LegKind::Increase => {}
            LegKind::Post | LegKind::Void | LegKind::Expiry => {}
        }
    }
}

/// Four sums seen from the account's normal side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub posted: i64,
    pub pending_in: i64,
    pub pending_out: i64,
}

impl Sums {
    /// Sums are never negative, so their differences fit.
    pub(crate) fn standing(&self, normal: Side) -> Standing {
        match normal {
            Side::Debit => Standing {
                posted: self.posted_debits - self.posted_credits,
                pending_in: self.pending_debits,
                pending_out: self.pending_credits,
            },
            Side::Credit => Standing {
                posted: self.posted_credits - self.posted_debits,
                pending_in: self.pending_credits,
                pending_out: self.pending_debits,
            },
        }
    }
}

impl Standing {
    /// Compared with the floor: everything held to leave counts as gone.
    pub(crate) fn lowest(self) -> i64 {
        self.posted.saturating_sub(self.pending_out)
    }

    /// Compared with the ceiling: everything held to arrive counts as here.
    pub(crate) fn highest(self) -> i64 {
        self.posted.saturating_add(self.pending_in)
    }
}

impl AccountFacts {
    pub(crate) fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    pub(crate) fn balances(&self, sums: &Sums, floor: Option<i64>, version: u64) -> Balances {
        let standing = sums.standing(self.normal);
        Balances {
            posted: self.money(standing.posted),
            pending_in: self.money(standing.pending_in),
            pending_out: self.money(standing.pending_out),
            available: floor.map(|floor| self.money(standing.lowest().saturating_sub(floor))),
            version,
        }
    }

    pub(crate) fn balances_after(&self, side: &SideAfter) -> Balances {
        self.balances(&side.sums, side.floor, side.version)
    }
}
