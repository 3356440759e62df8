//! Deferred account rows: past the store's mark, a row may show its account as it was before any of the later log rows.
//! A start recomputes the rest from the log, so such a row is as good as a new one.

use std::collections::HashMap;

use platform::db::Tx;

use super::disagreement::{Place, VerifyError};
use super::replay::Account;
use crate::behind::read_mark;
use crate::format::Sums;

/// The accounts before the rows past the mark.
#[derive(Debug, Default)]
pub(super) struct Behind {
    mark: Option<u64>,
    states: HashMap<u64, Vec<Standing>>,
}

/// The parts of an account's row that postings change.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub(super) sums: Sums,
    pub(super) late: Sums,
    pub(super) version: u64,
    pub(super) holds: u64,
    pub(super) trees: Vec<(u64, u8)>,
}

impl Behind {
    pub(super) async fn read(tx: &Tx, last_seq: u64) -> Result<Behind, VerifyError> {
        let mark = read_mark(tx).await?;
        match mark.filter(|mark| *mark > last_seq) {
            Some(mark) => Ok(Place::Table("account_head_mark").wrong("row", format!("at most {last_seq}"), mark)?),
            None => Ok(Behind { mark, states: HashMap::new() }),
        }
    }

    /// Records an account as it is before row `seq`.
    pub(super) fn keep(&mut self, seq: u64, no: u64, account: &Account) {
        if self.mark.is_some_and(|mark| seq > mark) {
            self.states.entry(no).or_default().push(account.standing());
        }
    }

    /// The account's row was written completely.
    pub(super) fn written(&mut self, no: u64) {
        self.states.remove(&no);
    }

    /// What the row of an account must show whose newest log row is `newest`.
    pub(super) fn expected(&self, no: u64, account: &Account, newest: u64) -> Standing {
        let earlier = self.states.get(&no).and_then(|states| states.iter().find(|state| state.newest() == newest));
        earlier.cloned().unwrap_or_else(|| account.standing())
    }
}

impl Standing {
    fn newest(&self) -> u64 {
        self.trees.last().map_or(0, |(row, _)| *row)
    }
}
