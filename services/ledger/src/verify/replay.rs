//! Rows one after the other, over accounts and holds as they are after each.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use ledger_api::{Refusal, Side};

use super::behind::{Behind, Standing};
use super::disagreement::{Checked, Place};
use super::leg::Transaction;
use super::lookups::Lookups;
use super::pending::Pending;
use super::schedule::Waiting;
use crate::format::{AccountState, AssetRow, RefusalRow, Row, Sums};

#[derive(Debug, Default)]
pub(super) struct Replay {
    /// The account with number 1 comes first.
    pub(super) accounts: Vec<Account>,
    /// Scale and row by code.
    pub(super) assets: BTreeMap<String, (u8, u64)>,
    /// Pending transactions with something remaining.
    pub(super) pending: HashMap<u128, Pending>,
    /// Waiting scheduled transactions.
    pub(super) waiting: Waiting,
    /// The transaction whose rows are being read.
    pub(super) open: Option<Transaction>,
    pub(super) counts: Counts,
    pub(super) behind: Behind,
}

/// How many rows the tables must have.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) ids: u64,
    pub(super) ids_in_order: u64,
    pub(super) refusals: u64,
    pub(super) overrides: u64,
    pub(super) transaction_references: u64,
    pub(super) account_references: u64,
    pub(super) holds: u64,
    pub(super) scheduled: u64,
    pub(super) reversals: u64,
    pub(super) metadata: u64,
    pub(super) metadata_erased: u64,
}

#[derive(Debug)]
pub(super) struct Account {
    pub(super) path: Arc<str>,
    pub(super) currency: String,
    pub(super) scale: u8,
    pub(super) normal: Side,
    pub(super) owner: Option<Arc<str>>,
    pub(super) opened_at: i64,
    pub(super) state: AccountState,
    pub(super) sums: Sums,
    /// The part of them that takes effect before it was recorded, and how many rows that was.
    pub(super) late: Sums,
    pub(super) late_rows: u64,
    pub(super) version: u64,
    /// The first row of the transaction that last raised the version.
    pub(super) raised_by: u64,
    pub(super) holds: u64,
    /// Complete trees of the account's list of rows, newest last: a row, and k for 2^k - 1 rows that end in it.
    pub(super) trees: Vec<(u64, u8)>,
}

impl Account {
    pub(super) fn standing(&self) -> Standing {
        let Account { sums, late, version, holds, .. } = *self;
        Standing { sums, late, version, holds, trees: self.trees.clone() }
    }
}

impl Replay {
    pub(super) fn row(&mut self, lookups: &mut Lookups, seq: u64, at: i64, body: &[u8]) -> Checked {
        let place = Place::Row(seq);
        let row = match Row::decode(seq, body) {
            Ok(row) => row,
            Err(error) => return place.wrong("encoding", "a row", error),
        };
        if row.encode(seq) != body {
            return place.wrong("encoding", "the canonical encoding of a row", "a different one");
        }
        lookups.count_row();
        match row {
            Row::Leg(leg) => self.leg(lookups, seq, at, &leg),
            other => {
                self.transaction_is_whole(&place)?;
                match other {
                    Row::Account(row) => self.account_row(lookups, seq, at, row),
                    Row::Asset(row) => self.asset(seq, row),
                    Row::Refusal(row) => self.refusal(lookups, seq, at, &row),
                    Row::Scheduled(row) => self.scheduled_row(lookups, seq, at, row),
                    Row::Cancelled(row) => self.cancelled_row(lookups, seq, at, &row),
                    Row::Failed(row) => self.failed_row(lookups, seq, at, &row),
                    Row::Leg(_) => Ok(()),
                }
            }
        }
    }

    /// A transaction never extends beyond its group.
    pub(super) fn group_ends(&mut self, lookups: &mut Lookups, last_seq: u64) -> Checked {
        lookups.scattered.group_ends();
        self.transaction_is_whole(&Place::Row(last_seq))
    }

    pub(super) fn transaction_is_whole(&self, place: &Place) -> Checked {
        match &self.open {
            None => Ok(()),
            Some(open) => {
                let expected = format!("{} of the transaction that begins in row {}", open.head.legs, open.first);
                place.wrong("postings", expected, open.legs.len())
            }
        }
    }

    pub(super) fn account(&mut self, place: &Place, no: u64) -> Checked<&mut Account> {
        let known = self.accounts.len();
        let found = usize::try_from(no).ok().and_then(|no| no.checked_sub(1));
        match found.and_then(|index| self.accounts.get_mut(index)) {
            Some(account) => Ok(account),
            None => place.wrong("account", format!("one of the {known} that are open"), no),
        }
    }

    fn asset(&mut self, seq: u64, row: AssetRow) -> Checked {
        let place = Place::Row(seq);
        if self.assets.contains_key(&row.code) {
            return place.wrong("asset", "one that is not declared yet", row.code);
        }
        match kernel::Currency::with_scale(&row.code, row.scale) {
            Ok(currency) if !currency.is_iso() => {}
            _ => return place.wrong("asset", "a valid code and scale", &row.code),
        }
        self.assets.insert(row.code, (row.scale, seq));
        Ok(())
    }

    /// A refusal changes no account and no hold; only its id remains.
    fn refusal(&mut self, lookups: &mut Lookups, seq: u64, at: i64, row: &RefusalRow) -> Checked {
        let refusal: Option<Refusal> = serde_json::from_str(&row.refusal).ok();
        if !refusal.is_some_and(|refusal| refusal.is_remembered()) {
            return Place::Row(seq).wrong("refusal", "a remembered one", &row.refusal);
        }
        self.counts.refusals += 1;
        lookups.id(&mut self.counts, seq, at, row.id);
        Ok(())
    }
}
