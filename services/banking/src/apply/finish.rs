//! The end of a statement: its balances, and what it leaves untold although it would have told it.

use banking_api::{Balance, BalanceKind, Day, ImportState, Status};
use formats::statement::{self as told, Coverage, Effect, End};
use platform::db::{DbError, Tx};

use super::step::{stated, warn};
use super::{ApplyError, seen};
use crate::entry::coverage_number;
use crate::event;
use crate::knowing::is_refuted;
use crate::service::BankingService;
use crate::store::account::Account;
use crate::store::balance::{self, Totals};
use crate::store::import::{self, Stored};
use crate::store::movement::{self, Movement, Removed};
use crate::store::statement::Stated;
use crate::store::telling;

const ROWS_MAX: usize = 1_000;

impl BankingService {
    pub(super) async fn statement_end(&self, stored: &mut Stored, place: i64, end: &End) -> Result<(), ApplyError> {
        let tx = self.inner.db.begin().await?;
        tx.one_at_a_time().await?;
        self.renew(&tx, stored).await?;
        let (stated, account) = stated(&tx, stored, place).await?;
        let mut after = stored.clone();
        let mut totals = Totals::default();
        let mut new = Vec::new();
        match stated.effect {
            Effect::Test => warn(&mut after, "test_only", "a group marked as a test changes nothing".to_owned()),
            Effect::Deletes => {}
            effect => {
                for balance in end.statement.balances.iter().filter_map(|told| stated_balance(told, &stated)) {
                    if balance::add(&tx, account.seq, stated.seq, &balance).await? {
                        new.push(balance);
                    }
                }
                after.counts.removed += untold(&tx, &stated, &account).await?;
                if effect == Effect::Corrects {
                    after.counts.removed += replaced(&tx, &stated, &account, &mut totals).await?;
                }
            }
        }
        totals.store(&tx).await?;
        let events = event::changed(&tx, &account, &totals, &new).await?;
        let cursor = if events.is_empty() { None } else { Some(self.inner.outbox.add(&tx, events).await?) };
        after.done += 1;
        import::save(&tx, &self.inner.keys, ImportState::Received, &after).await?;
        tx.commit().await?;
        cursor.into_iter().for_each(|cursor| self.inner.signal.committed(cursor));
        crate::count::told(stored.format.as_deref(), &stored.counts, &after.counts);
        *stored = after;
        Ok(())
    }
}

fn stated_balance(told: &told::Balance, stated: &Stated) -> Option<Balance> {
    use told::BalanceKind as Told;
    let kind = match told.kind {
        Told::OpeningBooked => BalanceKind::OpeningBooked,
        Told::ClosingBooked => BalanceKind::ClosingBooked,
        Told::InterimBooked => BalanceKind::InterimBooked,
        Told::OpeningAvailable => BalanceKind::OpeningAvailable,
        Told::ClosingAvailable => BalanceKind::ClosingAvailable,
        Told::InterimAvailable => BalanceKind::InterimAvailable,
        Told::ForwardAvailable => BalanceKind::ForwardAvailable,
        Told::Expected => BalanceKind::Expected,
        Told::Limit => BalanceKind::Limit,
        Told::Other => return None,
    };
    let as_of = told.on.map_or(Day::of_number(stated.span.to), Day::from);
    Some(Balance { kind, as_of, at: told.at, amount: told.amount })
}

/// Pending ones that a later report of the whole day leaves out, and possible duplicates that a full one refutes.
async fn untold(tx: &Tx, stated: &Stated, account: &Account) -> Result<u64, DbError> {
    let news = coverage_number(Coverage::News);
    if stated.coverage == news {
        return Ok(0);
    }
    let mut terms = seen::terms(tx, stated, account, false).await?;
    let tells_pending = stated.coverage == coverage_number(Coverage::Interim);
    let there = seen::open(tx, account.seq).await?;
    terms.told_here = there.told_by(stated.seq);
    let days = (stated.span.from, stated.span.to);
    let mut removed = 0;
    for seen in &there.seen {
        if seen.status == Status::Pending && !tells_pending {
            continue;
        }
        let Some(movement) = there.movements.get(&seen.seq).filter(|_| is_refuted(&terms, seen, days, stated.adds_up))
        else {
            continue;
        };
        let why = if seen.status == Status::Pending { Removed::Gone } else { Removed::Refuted };
        let gone = Movement { status: Status::Removed, removed: why, ..movement.clone() };
        movement::set_state(tx, &gone).await?;
        removed += 1;
    }
    Ok(removed)
}

/// A BAI2 group that corrects replaces what this bank told of its days.
async fn replaced(tx: &Tx, stated: &Stated, account: &Account, totals: &mut Totals) -> Result<u64, DbError> {
    let (mut after, mut removed) = (0, 0);
    loop {
        let page = movement::between(tx, account.seq, (stated.span.from, stated.span.to), after).await?;
        let seqs: Vec<i64> = page.iter().map(|one| one.seq).collect();
        let told = telling::of(tx, &seqs).await?;
        let is_told = |one: &Movement| one.statement == stated.seq || told.contains(&(one.seq, stated.seq));
        let is_old = |one: &&Movement| one.status.is_counted() && one.source == stated.span.source && !is_told(one);
        for movement in page.iter().filter(is_old) {
            if movement.currency == account.currency {
                totals.remove(account.seq, movement.day, &movement.category, movement.minor)?;
            }
            let gone = Movement { status: Status::Removed, removed: Removed::ByBank, ..movement.clone() };
            movement::set_state(tx, &gone).await?;
            removed += 1;
        }
        match page.last() {
            Some(last) if page.len() == ROWS_MAX => after = last.seq,
            _ => return Ok(removed),
        }
    }
}
