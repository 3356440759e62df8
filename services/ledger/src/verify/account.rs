//! Account rows: one opening, and changes that follow from the account's state.

use ledger_api::{AccountPath, AccountStatus, Side};

use super::disagreement::{Checked, Place};
use super::lookups::Lookups;
use super::replay::{Account, Replay};
use crate::format::{AccountEvent, AccountRow, AccountState, Opening, Sums};

impl Replay {
    pub(super) fn account_row(&mut self, lookups: &mut Lookups, seq: u64, at: i64, row: AccountRow) -> Checked {
        let place = Place::Row(seq);
        check_limits(&place, &row.state)?;
        let metadata_set = row.state.metadata.filter(|_| row.state.metadata_seq == seq);
        if let AccountEvent::Opened(opening) = &row.event {
            self.opened(&place, at, &row, opening)?;
            self.counts.account_references += u64::from(opening.reference.is_some());
            lookups.opening(seq, at, row.account, opening.as_ref().clone());
        } else {
            let account = self.account(&place, row.account)?;
            changed(&place, seq, account, &row)?;
            account.state = row.state;
            self.behind.written(row.account);
        }
        if let Some(hash) = metadata_set {
            lookups.metadata(seq, hash);
        }
        Ok(())
    }

    fn opened(&mut self, place: &Place, at: i64, row: &AccountRow, opening: &Opening) -> Checked {
        let Place::Row(seq) = place else { return Ok(()) };
        place.same("account", self.accounts.len() as u64 + 1, row.account)?;
        if opening.path.parse::<AccountPath>().is_err() {
            return place.wrong("path", "a path", &opening.path);
        }
        self.check_currency(place, opening)?;
        place.same("status", AccountStatus::Open, row.state.status)?;
        place.same("version", 0, row.version)?;
        place.same("sums", Sums::default(), row.sums)?;
        let metadata_seq = if row.state.metadata.is_some() { *seq } else { 0 };
        place.same("row of the metadata", metadata_seq, row.state.metadata_seq)?;
        self.accounts.push(Account {
            path: opening.path.as_str().into(),
            currency: opening.currency.clone(),
            scale: opening.scale,
            normal: opening.normal,
            owner: opening.owner.as_deref().map(Into::into),
            opened_at: at,
            state: row.state,
            sums: Sums::default(),
            late: Sums::default(),
            late_rows: 0,
            version: 0,
            raised_by: 0,
            holds: 0,
            trees: Vec::new(),
        });
        Ok(())
    }

    fn check_currency(&self, place: &Place, opening: &Opening) -> Checked {
        let (code, scale) = (&opening.currency, opening.scale);
        let given = format!("{code} with {scale} digits");
        match kernel::Currency::with_scale(code, scale) {
            Err(error) => place.wrong("currency", "a currency", error),
            Ok(currency) if currency.is_iso() => Ok(()),
            Ok(_) if self.assets.get(code).is_some_and(|(declared, _)| *declared == scale) => Ok(()),
            Ok(_) => place.wrong("currency", "an ISO 4217 currency or an asset declared before", given),
        }
    }
}

fn check_limits(place: &Place, state: &AccountState) -> Checked {
    match (state.floor, state.ceiling) {
        (Some(floor), Some(ceiling)) if floor > ceiling => {
            place.wrong("floor", format!("at most the ceiling of {ceiling}"), floor)
        }
        _ => Ok(()),
    }
}

/// Balances stay, and only what the event is about changes in the state.
fn changed(place: &Place, seq: u64, account: &Account, row: &AccountRow) -> Checked {
    let (before, after) = (account.state, row.state);
    place.same("version", account.version, row.version)?;
    place.same("sums", account.sums, row.sums)?;
    let closed = before.status == AccountStatus::Closed && row.event != AccountEvent::Closed;
    if closed {
        return place.wrong(
            format!("change of account {}", account.path),
            "none, because it is closed",
            event(&row.event),
        );
    }
    let expected = match row.event {
        AccountEvent::Opened(_) => before,
        AccountEvent::Frozen => AccountState { status: AccountStatus::Frozen, ..before },
        AccountEvent::Unfrozen => AccountState { status: AccountStatus::Open, ..before },
        AccountEvent::Closed => AccountState { status: AccountStatus::Closed, ..before },
        AccountEvent::LimitsSet => AccountState { floor: after.floor, ceiling: after.ceiling, ..before },
        AccountEvent::MetadataSet => {
            let metadata_seq = if after.metadata.is_some() { seq } else { 0 };
            AccountState { metadata: after.metadata, metadata_seq, ..before }
        }
    };
    place.same("state of the account", expected, after)?;
    match row.event {
        AccountEvent::Closed => check_closable(place, account),
        _ => Ok(()),
    }
}

fn check_closable(place: &Place, account: &Account) -> Checked {
    let what = |what: &str| format!("{what} of account {}, which is closed here", account.path);
    place.same(&what("holds"), 0, account.holds)?;
    place.same(&what("posted balance"), 0, account.posted())
}

fn event(event: &AccountEvent) -> &'static str {
    match event {
        AccountEvent::Opened(_) => "opened",
        AccountEvent::Frozen => "frozen",
        AccountEvent::Unfrozen => "unfrozen",
        AccountEvent::Closed => "closed",
        AccountEvent::LimitsSet => "limits set",
        AccountEvent::MetadataSet => "metadata set",
    }
}

impl Account {
    /// The posted balance on the account's normal side.
    fn posted(&self) -> i128 {
        let net = i128::from(self.sums.posted_debits) - i128::from(self.sums.posted_credits);
        if self.normal == Side::Debit { net } else { -net }
    }

    /// Compared with the floor: holds that will leave count as gone.
    pub(super) fn lowest(&self) -> i128 {
        let leaving = if self.normal == Side::Debit { self.sums.pending_credits } else { self.sums.pending_debits };
        self.posted() - i128::from(leaving)
    }

    /// Compared with the ceiling: holds that will arrive count as here.
    pub(super) fn highest(&self) -> i128 {
        let arriving = if self.normal == Side::Debit { self.sums.pending_debits } else { self.sums.pending_credits };
        self.posted() + i128::from(arriving)
    }

    /// Adds a row to the account's list; returns the pointers that the row must have.
    pub(super) fn append(&mut self, seq: u64) -> (u64, u64) {
        let newest = |trees: &[(u64, u8)]| trees.last().map_or(0, |(row, _)| *row);
        let prev = newest(&self.trees);
        match self.trees.as_slice() {
            [rest @ .., (_, left), (_, right)] if left == right => {
                let (jump, merged) = (newest(rest), right + 1);
                self.trees.truncate(self.trees.len() - 2);
                self.trees.push((seq, merged));
                (prev, jump)
            }
            _ => {
                self.trees.push((seq, 1));
                (prev, prev)
            }
        }
    }
}
