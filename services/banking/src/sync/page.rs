//! What a round stores: accounts, pages of entries, balances, and statements that were ordered.

use std::collections::HashSet;

use banking_api::{AccountKind, Balance, Day, ImportOptions, ImportState, Source, Status};
use formats::statement::{Coverage, Effect, Entry};
use platform::db::{DbError, Tx};
use serde_json::Value;

use super::{DAY_US, Told, items, no_statement};
use crate::apply::{self, ApplyError};
use crate::bank::{Bank, Trouble};
use crate::dialect::{Dialect, LATE_DAYS, Statement};
use crate::entry::{At, coverage_number, line};
use crate::event;
use crate::fields;
use crate::knowing::{Span, Terms, is_refuted};
use crate::service::BankingService;
use crate::store::account::{self, Account};
use crate::store::balance::{self, Totals};
use crate::store::connection::{self, Linked};
use crate::store::import;
use crate::store::movement::{self, Movement, Removed};
use crate::store::statement::{self, Stated};

/// Fetches of one ordered statement.
const FETCHES_MAX: u32 = 20;
const FETCH_PAUSE: std::time::Duration = std::time::Duration::from_secs(2);

impl From<ApplyError> for Trouble {
    fn from(error: ApplyError) -> Trouble {
        match error {
            ApplyError::Store(error) => Trouble::Store(error),
            ApplyError::Lost => Trouble::Lost,
            ApplyError::Refused(mistake) => Trouble::Unreadable(mistake.reason),
        }
    }
}

impl BankingService {
    /// The account of ours, and its statement within the connection's import. Both are made when they are new.
    pub(super) async fn connected_account(&self, linked: &mut Linked, told: &Told) -> Result<i64, Trouble> {
        let tx = self.inner.db.begin().await?;
        tx.one_at_a_time().await?;
        self.renew_connection(&tx, linked).await?;
        let (kind, currency) = (AccountKind::Current, told.currency);
        let named = apply::Named { number: &told.number, last_four: None, kind, currency };
        let account = self.account_in(&tx, linked, &named).await?;
        tx.commit().await.map_err(DbError::from)?;
        Ok(account)
    }

    pub(crate) async fn account_in(&self, tx: &Tx, linked: &Linked, named: &apply::Named<'_>) -> Result<i64, Trouble> {
        let owner = apply::Owner { owner: linked.owner.as_deref(), entity: linked.entity.as_deref() };
        let account = self.account_of_number(tx, owner, named).await?;
        if statement::at(tx, linked.import, account.seq).await?.is_none() {
            let stated = api_statement(statement::next(tx).await?, linked.import, account.seq);
            statement::add(tx, &[stated]).await?;
        }
        Ok(account.seq)
    }

    /// Entries, how far the account was read, the counts and the event: one commit.
    pub(super) async fn page(
        &self,
        linked: &mut Linked,
        dialect: &Dialect,
        account: i64,
        entries: &[Entry],
        read_to: Option<i64>,
        seen: &mut HashSet<i64>,
    ) -> Result<(), Trouble> {
        let tx = self.inner.db.begin().await?;
        tx.one_at_a_time().await?;
        self.renew_connection(&tx, linked).await?;
        let (stated, account) = self.connected(&tx, linked, account).await?;
        let mut terms = self.terms_of_round(&tx, &stated, &account, dialect.stable_ids, seen).await?;
        let today = self.inner.clock.now().micros().div_euclid(DAY_US);
        let at = At { account: account.seq, day: today, effect: Effect::Tells, ids_count: dialect.stable_ids };
        let lines: Vec<_> = entries.iter().map(|entry| line(&self.inner.keys, at, entry)).collect();
        let carried = self.carry_lines(&tx, (&stated, &account), &mut terms, &lines, false).await?;
        if let Some(day) = read_to {
            connection::set_synced(&tx, linked.seq, account.seq, day).await?;
        }
        self.count_carried(&tx, linked, &carried).await?;
        let events = carried.events;
        let cursor = if events.is_empty() { None } else { Some(self.inner.outbox.add(&tx, events).await?) };
        tx.commit().await.map_err(DbError::from)?;
        cursor.into_iter().for_each(|cursor| self.inner.signal.committed(cursor));
        seen.extend(carried.told);
        Ok(())
    }

    pub(crate) async fn count_carried(
        &self,
        tx: &Tx,
        linked: &Linked,
        carried: &apply::Carried,
    ) -> Result<(), Trouble> {
        let stored = import::of_seq(tx, &self.inner.keys, linked.import).await?;
        let mut stored = stored.ok_or_else(no_statement)?;
        let before = stored.counts;
        carried.outcome.count(&mut stored.counts);
        if stored.counts.new != before.new || stored.counts.changed != before.changed {
            let state = stored.state;
            import::save(tx, &self.inner.keys, state, &stored).await?;
        }
        Ok(())
    }

    pub(crate) async fn connected(&self, tx: &Tx, linked: &Linked, account: i64) -> Result<(Stated, Account), DbError> {
        let stated = statement::at(tx, linked.import, account).await?.ok_or_else(no_statement)?;
        Ok((stated, account::of_seq(tx, account).await?))
    }

    pub(crate) async fn terms_of_round(
        &self,
        tx: &Tx,
        stated: &Stated,
        account: &Account,
        stable_ids: bool,
        seen: &HashSet<i64>,
    ) -> Result<Terms, DbError> {
        let now = self.inner.clock.now().micros();
        let today = now.div_euclid(DAY_US);
        let near = statement::near(tx, account.seq, today - LATE_DAYS, today + LATE_DAYS).await?;
        let closed = near.iter().filter(|other| other.adds_up).map(|other| (other.span.from, other.span.to));
        Ok(Terms {
            statement: stated.seq,
            source: Source::Api as i64,
            stable_ids,
            leading: account.leading.is_none_or(|leading| leading == Source::Api),
            told_at: now,
            told_here: seen.clone(),
            closed: closed.collect(),
            ..Terms::default()
        })
    }

    /// Balances, and pending entries that the whole round has not told.
    pub(super) async fn balances_told(
        &self,
        linked: &mut Linked,
        bank: &mut Bank<'_>,
        told: &Told,
        account: i64,
        seen: &HashSet<i64>,
    ) -> Result<(), Trouble> {
        let found = match &bank.dialect.balances {
            Some(of) => {
                let answer = bank.ask(&of.ask, &[("account", &told.id)]).await?;
                let mut found = Vec::new();
                for item in items(&answer, &of.items)? {
                    found.extend(balances(item, of, told)?);
                }
                found
            }
            None => Vec::new(),
        };
        let tx = self.inner.db.begin().await?;
        tx.one_at_a_time().await?;
        self.renew_connection(&tx, linked).await?;
        let (stated, account) = self.connected(&tx, linked, account).await?;
        let mut new = Vec::new();
        for balance in found {
            if balance::add(&tx, account.seq, stated.seq, &balance).await? {
                new.push(balance);
            }
        }
        if bank.dialect.transactions.as_ref().is_some_and(|of| of.fields.status.is_some()) {
            let terms = self.terms_of_round(&tx, &stated, &account, bank.dialect.stable_ids, seen).await?;
            gone(&tx, &account, &terms).await?;
        }
        let events = event::changed(&tx, &account, &Totals::default(), &new).await?;
        let cursor = if events.is_empty() { None } else { Some(self.inner.outbox.add(&tx, events).await?) };
        tx.commit().await.map_err(DbError::from)?;
        cursor.into_iter().for_each(|cursor| self.inner.signal.committed(cursor));
        Ok(())
    }

    /// Statements are ordered for a window, fetched when they are ready, and imported like files.
    pub(super) async fn statements(
        &self,
        linked: &mut Linked,
        bank: &mut Bank<'_>,
        of: &Statement,
    ) -> Result<(), Trouble> {
        let today = self.inner.clock.now().micros().div_euclid(DAY_US);
        let read = connection::synced_to(&self.inner.db.read().await?, linked.seq, 0).await?;
        // Today is not over: its statement comes tomorrow.
        let mut from = read.map_or(today - of.back_days + 1, |day| day - LATE_DAYS + 1).max(today - of.back_days + 1);
        while from < today {
            let to = (from + of.days_max - 1).min(today - 1);
            let days = [Day::of_number(from).to_string(), Day::of_number(to).to_string()];
            let ordered = bank.ask(&of.order, &[("from", &days[0]), ("to", &days[1])]).await?;
            let id = fields::text(&ordered, &of.id);
            let id = id.ok_or_else(|| Trouble::Unreadable(format!("{} is missing", of.id)))?;
            let file = fetched(bank, of, &id).await?;
            let import = self.statement_file(linked, &file).await?;
            let tx = self.inner.db.begin().await?;
            self.renew_connection(&tx, linked).await?;
            connection::set_synced(&tx, linked.seq, 0, to).await?;
            if let Some(import) = import {
                connection::adopt(&tx, linked.seq, import, to).await?;
            }
            tx.commit().await.map_err(DbError::from)?;
            from = to + 1;
        }
        Ok(())
    }

    /// The number of the import; none of an empty file.
    async fn statement_file(&self, linked: &Linked, file: &[u8]) -> Result<Option<i64>, Trouble> {
        if file.is_empty() {
            return Ok(None);
        }
        let (owner, entity) = (linked.owner.clone(), linked.entity.clone());
        let options = ImportOptions { owner, entity, ..ImportOptions::default() };
        let stored = self.import_bytes(&linked.subject, file, options).await?;
        match (stored.state, stored.mistake) {
            (ImportState::Applied | ImportState::Withdrawn, _) => Ok(Some(stored.seq)),
            (ImportState::Refused, mistake) => {
                Err(Trouble::Unreadable(mistake.map(|mistake| mistake.reason).unwrap_or_default()))
            }
            (ImportState::Received, _) => Err(Trouble::Unfinished),
        }
    }
}

async fn fetched(bank: &mut Bank<'_>, of: &Statement, id: &str) -> Result<Vec<u8>, Trouble> {
    for _ in 0..FETCHES_MAX {
        let answer = bank.fetch(&of.fetch, &[("id", id)]).await?;
        if answer.status.as_u16() != 202 {
            return Ok(answer.body.to_vec());
        }
        tokio::time::sleep(FETCH_PAUSE).await;
    }
    Err(Trouble::Unreadable("an ordered statement was not ready in time".to_owned()))
}

fn balances(item: &Value, of: &crate::dialect::Balances, told: &Told) -> Result<Vec<Balance>, Trouble> {
    let as_of = Day::from(fields::date(item, &of.on).map_err(Trouble::Unreadable)?);
    let there = of.amounts.iter().filter(|(_, pointer)| item.pointer(pointer).is_some());
    let balance = |(kind, pointer): (&crate::dialect::BalanceType, &String)| {
        let amount = fields::money(item, pointer, told.currency).map_err(Trouble::Unreadable)?;
        Ok(Balance { kind: kind.kind(), as_of, at: None, amount })
    };
    there.map(balance).collect()
}

async fn gone(tx: &Tx, account: &Account, terms: &Terms) -> Result<(), DbError> {
    let there = apply::open(tx, account.seq).await?;
    for seen in there.seen.iter().filter(|seen| seen.status == Status::Pending) {
        if let Some(movement) = there.movements.get(&seen.seq).filter(|_| is_refuted(terms, seen, (0, 0), false)) {
            let gone = Movement { status: Status::Removed, removed: Removed::Gone, ..movement.clone() };
            movement::set_state(tx, &gone).await?;
        }
    }
    Ok(())
}

/// It has no days and no balances of its own: nothing is decided by them.
fn api_statement(seq: i64, import: i64, account: i64) -> Stated {
    let span = Span {
        statement: seq,
        source: Source::Api as i64,
        identity: None,
        from: 0,
        to: 0,
        opening: None,
        closing: None,
        last_sum: None,
    };
    Stated {
        seq,
        import,
        place: account,
        account,
        coverage: coverage_number(Coverage::Full),
        span,
        adds_up: false,
        told_at: 0,
        rows: (0, 0),
        withdrawn: false,
        effect: Effect::Tells,
    }
}
