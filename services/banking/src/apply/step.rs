//! One step: some entries of a statement, in one transaction.

use banking_api::{Day, Holding, ImportState, Warning, limits};
use formats::statement::{self as told, Effect, Entry};
use platform::db::{DbError, Tx};
use platform::feed::NewEvent;

use super::carry::{Carrying, Outcome};
use super::{ApplyError, seen};
use crate::category::Rules;
use crate::entry::{At, Line, ids_count, line};
use crate::event;
use crate::knowing::{Terms, recognise};
use crate::service::{BankingService, broken};
use crate::store::account::{self, Account};
use crate::store::import::{self, Stored};
use crate::store::statement::{self, Stated};
use crate::store::{arrangement, balance, movement};

/// What some entries did: to be counted, told and remembered.
pub(crate) struct Carried {
    pub(crate) outcome: Outcome,
    pub(crate) events: Vec<NewEvent>,
    /// Movements that they told.
    pub(crate) told: Vec<i64>,
}

impl BankingService {
    pub(super) async fn entries(&self, stored: &mut Stored, place: i64, all: &[Entry]) -> Result<(), ApplyError> {
        let tx = self.inner.db.begin().await?;
        tx.one_at_a_time().await?;
        self.renew(&tx, stored).await?;
        let (stated, account) = stated(&tx, stored, place).await?;
        let mut after = stored.clone();
        let mut cursor = None;
        if stated.effect != Effect::Test {
            let lines = self.lines(stored, &stated, &account, all);
            cursor = self.recognised(&tx, &mut after, (&stated, &account), &lines).await?;
        }
        after.done += 1;
        import::save(&tx, &self.inner.keys, ImportState::Received, &after).await?;
        tx.commit().await?;
        cursor.into_iter().for_each(|cursor| self.inner.signal.committed(cursor));
        crate::count::told(stored.format.as_deref(), &stored.counts, &after.counts);
        *stored = after;
        Ok(())
    }

    fn lines(&self, stored: &Stored, stated: &Stated, account: &Account, all: &[Entry]) -> Vec<Line> {
        let ids_count = ids_count(stated.span.source, stored.options.stable_ids);
        let at = At { account: account.seq, day: stated.span.to, effect: stated.effect, ids_count };
        all.iter().map(|entry| line(&self.inner.keys, at, entry)).collect()
    }

    async fn recognised(
        &self,
        tx: &Tx,
        stored: &mut Stored,
        (stated, account): (&Stated, &Account),
        lines: &[Line],
    ) -> Result<Option<u64>, ApplyError> {
        let stable_ids = stored.options.stable_ids;
        let mut terms = seen::terms(tx, stated, account, stable_ids).await?;
        let Carried { outcome, events, .. } = self.carry_lines(tx, (stated, account), &mut terms, lines, true).await?;
        outcome.count(&mut stored.counts);
        if outcome.left() > 0 {
            let message =
                format!("{} entries are booked by another source, or delete what is not there", outcome.left());
            warn(stored, "not_applied", message);
        }
        Ok(if events.is_empty() { None } else { Some(self.inner.outbox.add(tx, events).await?) })
    }

    /// Decides and writes; the caller commits.
    pub(crate) async fn carry_lines(
        &self,
        tx: &Tx,
        (stated, account): (&Stated, &Account),
        terms: &mut Terms,
        lines: &[Line],
        is_file: bool,
    ) -> Result<Carried, ApplyError> {
        let sealer = self.inner.keys.find(tx, &account.subject).await.map_err(DbError::from)?;
        let sealer = sealer.ok_or_else(|| broken("the key of an account's owner was erased"))?;
        let there = seen::there(tx, account, lines, terms, Some(&sealer)).await?;
        let tellers = there.told_by(stated.seq);
        // A statement of a file is told once: its own rows show where a killed import was.
        if is_file {
            terms.told_here.clone_from(&tellers);
        }
        let terms = &*terms;
        let told: Vec<_> = lines.iter().map(|line| line.told.clone()).collect();
        let verdicts = recognise(terms, &told, &there.seen, &there.former);
        let rules = arrangement::rules(tx, &rules_subject(account)).await?;
        let first = movement::next(tx).await?;
        let mut carrying = Carrying {
            account,
            terms,
            sealer: &sealer,
            rules: Rules::new(rules.into_iter().map(|rule| rule.terms)),
            ids: &self.inner.ids,
            now: self.inner.clock.now().micros(),
            next: first,
            tellers,
            there,
            outcome: Default::default(),
        };
        for (line, verdict) in lines.iter().zip(verdicts) {
            carrying.carry(line, verdict)?;
        }
        let (next, outcome) = (carrying.next, carrying.outcome);
        outcome.store(tx, stated, account).await?;
        if next > first {
            let start = if stated.rows.1 == 0 { first - 1 } else { stated.rows.0 };
            statement::set_rows(tx, stated.seq, (start, next - 1)).await?;
        }
        let events = event::changed(tx, account, &outcome.totals, &[]).await?;
        let told = outcome.told().chain(first..next).collect();
        Ok(Carried { outcome, events, told })
    }

    pub(super) async fn holdings_of(
        &self,
        stored: &mut Stored,
        place: i64,
        all: &[told::Holding],
    ) -> Result<(), ApplyError> {
        let tx = self.inner.db.begin().await?;
        self.renew(&tx, stored).await?;
        let (stated, account) = stated(&tx, stored, place).await?;
        for holding in all {
            let as_of = holding.on.map_or(Day::of_number(stated.span.to), Day::from);
            let told::Holding { security, scheme, quantity, price, value, .. } = holding.clone();
            let holding = Holding { security, scheme, quantity, price, value, as_of };
            balance::put_holding(&tx, account.seq, &holding).await?;
        }
        let mut after = stored.clone();
        after.done += 1;
        import::save(&tx, &self.inner.keys, ImportState::Received, &after).await?;
        tx.commit().await?;
        *stored = after;
        Ok(())
    }
}

/// The statement at a place of the file, and its account.
pub(super) async fn stated(tx: &Tx, stored: &Stored, place: i64) -> Result<(Stated, Account), DbError> {
    let stated = statement::at(tx, stored.seq, place).await?;
    let stated = stated.ok_or_else(|| broken("a file has another statement than at its first reading"))?;
    let account = account::of_seq(tx, stated.account).await?;
    Ok((stated, account))
}

/// Customers have their own rules, companies those of the house.
pub(crate) fn rules_subject(account: &Account) -> String {
    crate::service::subject_of(account.owner.as_deref(), None)
}

/// Adds a warning of ours.
pub(super) fn warn(stored: &mut Stored, code: &str, message: String) {
    stored.counts.warnings += 1;
    if stored.warnings.len() < limits::WARNINGS_MAX {
        stored.warnings.push(Warning { code: code.to_owned(), line: 0, message });
    }
}
