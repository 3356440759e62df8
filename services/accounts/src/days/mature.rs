//! The last phase: term deposits whose term is over begin again, or are closed and paid out. With its last step the run
//! ends.

use accounts_api::{AccountState, AccountsError, DayPhase};
use jiff::ToSpan;
use platform::db::{DbError, Tx};
use serde_json::json;

use crate::calendar;
use crate::service::Inner;
use crate::store::account::{self, AccountRow, TermRow};
use crate::store::run::{self, RunRow, Step};
use crate::terms::Catalogue;

/// Deposits of one step.
const DEPOSITS_AT_ONCE: usize = 500;

impl Inner {
    pub(super) async fn mature(&self, run: &RunRow) -> Result<(), AccountsError> {
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let some = account::maturing(&tx, run.day + 1, DEPOSITS_AT_ONCE).await?;
        let ends = some.len() < DEPOSITS_AT_ONCE;
        let steps: u64 = run.place.parse().unwrap_or(0);
        let (phase, place) = match ends {
            true => (DayPhase::Done, String::new()),
            false => (DayPhase::Mature, (steps + 1).to_string()),
        };
        let ended_at = ends.then(|| self.clock.now());
        if !run::step(&tx, run, &Step { phase, place, accounts: 0, ended_at }).await? {
            return Ok(());
        }
        let catalogue = Catalogue::load(&tx).await?;
        for row in some {
            account::change(&tx, &matured(&tx, &catalogue, row).await?).await?;
        }
        let cursor = if ends { Some(self.tell_closed(&tx, run).await?) } else { None };
        tx.commit().await?;
        cursor.iter().for_each(|cursor| self.signal.committed(*cursor));
        Ok(())
    }

    /// One event for all accounts; statements are ready with the last day of a month.
    async fn tell_closed(&self, tx: &Tx, run: &RunRow) -> Result<u64, DbError> {
        let day = calendar::of_number(run.day);
        let data = json!({ "day": day, "accounts": run.accounts });
        let cursor = self.tell(tx, "accounts.day.closed", day.to_string(), data).await?;
        if day != day.last_of_month() {
            return Ok(cursor);
        }
        let data = json!({ "from": day.first_of_month(), "to": day });
        self.tell(tx, "accounts.statement.ready", day.to_string(), data).await
    }
}

/// The deposit in its next term, or closing. One whose linked account is not active any more stays, without a term.
async fn matured(tx: &Tx, catalogue: &Catalogue, row: AccountRow) -> Result<AccountRow, DbError> {
    let months = catalogue.terms(row.product, row.version).and_then(|terms| Some(terms.deposit.as_ref()?.months));
    match (row.term, months) {
        (Some(term), Some(months)) if term.again => {
            Ok(AccountRow { term: Some(term_from(catalogue, row.product, term.matures, (months, true))), ..row })
        }
        _ => {
            let linked = row.rest_to.unwrap_or_default();
            let linked = account::of_seqs(tx, &[linked]).await?.remove(&linked);
            let is_there = linked.is_some_and(|linked| linked.state == AccountState::Active);
            match is_there {
                true => Ok(AccountRow { state: AccountState::Closing, ..row }),
                false => Ok(AccountRow { term: None, rest_to: None, ..row }),
            }
        }
    }
}

/// A term that begins on a day, with the rates of that day.
pub(crate) fn term_from(catalogue: &Catalogue, product: i64, begins: i64, (months, again): (u16, bool)) -> TermRow {
    let day = calendar::of_number(begins);
    let matures = calendar::number(day.saturating_add(i64::from(months).months()));
    TermRow { rates: catalogue.rates_no(product, day), begins, matures, again }
}
