//! One round of a connection: accounts, balances, then windows of days, page by page.
//!
//! Entries, the day up to which the account was read, and the event are one commit per page. Windows reach back five
//! days, and what is told again is known, so a round that is killed anywhere is simply repeated. A connection is claimed
//! by one process at a time.

mod page;

use std::collections::HashSet;
use std::time::Duration;

use banking_api::{ConnectionState, Day};
use kernel::Currency;
use platform::db::DbError;
use platform::feed::NewEvent;
use serde_json::{Value, json};
use tokio::task::{JoinError, JoinSet};

use crate::bank::{Bank, Trouble};
use crate::dialect::{Dialect, LATE_DAYS, Paging, Transactions};
use crate::fields;
use crate::plaid;
use crate::service::{BankingService, broken};
use crate::store::connection::{self, Linked};

/// A claim is renewed with each page.
const CLAIM_US: i64 = 60_000_000;
const DUE_MAX: i64 = 100;
const ROUNDS_AT_ONCE: usize = 8;
const PAGES_MAX: u32 = 10_000;
const PAUSE_MAX: Duration = Duration::from_secs(3_600);
pub(crate) const DAY_US: i64 = 86_400_000_000;

/// An account as its bank tells it.
pub(crate) struct Told {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) currency: Currency,
}

impl BankingService {
    /// Runs what is due, some rounds at the same time, so that one slow bank does not hold up the others.
    pub(crate) async fn sync_due(&self) -> Result<(), DbError> {
        let now = self.inner.clock.now().micros();
        let due = connection::due(&self.inner.db.read().await?, now, DUE_MAX).await?;
        let mut rounds = JoinSet::new();
        for seq in due {
            if rounds.len() >= ROUNDS_AT_ONCE {
                ended(rounds.join_next().await)?;
            }
            let service = self.clone();
            rounds.spawn(async move { service.round(seq).await });
        }
        while !rounds.is_empty() {
            ended(rounds.join_next().await)?;
        }
        self.inner.measure_ages().await
    }

    /// One round, unless another process has it.
    pub(crate) async fn round(&self, seq: i64) -> Result<(), DbError> {
        let Some(mut linked) = self.claim_connection(seq).await? else { return Ok(()) };
        let outcome = match self.inner.dialects.get(&linked.bank) {
            Some(dialect) => self.try_round(&mut linked, dialect).await,
            None if linked.bank == plaid::BANK => self.plaid_round(&mut linked).await,
            None => Err(Trouble::KeyMissing),
        };
        self.settle(linked, outcome).await
    }

    async fn claim_connection(&self, seq: i64) -> Result<Option<Linked>, DbError> {
        let tx = self.inner.db.begin().await?;
        let Some(mut linked) = connection::of_seq(&tx, seq).await? else { return Ok(None) };
        let now = self.inner.clock.now().micros();
        let is_wanted = !matches!(linked.state, ConnectionState::Disabled | ConnectionState::ConsentNeeded);
        if !is_wanted || linked.claimed_until > now {
            return Ok(None);
        }
        if !connection::claim(&tx, seq, linked.claimed_until, now + CLAIM_US).await? {
            return Ok(None);
        }
        linked.claimed_until = now + CLAIM_US;
        tx.commit().await?;
        Ok(Some(linked))
    }

    async fn try_round(&self, linked: &mut Linked, dialect: &Dialect) -> Result<(), Trouble> {
        let of_bank = linked.clone();
        let mut bank = Bank::open(&self.inner, &of_bank, dialect)?;
        bank.sign_in().await?;
        if let Some(statement) = &dialect.statement {
            return self.statements(linked, &mut bank, statement).await;
        }
        for told in accounts(&mut bank, dialect).await? {
            let account = self.connected_account(linked, &told).await?;
            let mut seen = HashSet::new();
            if let Some(transactions) = &dialect.transactions {
                self.windows(linked, &mut bank, transactions, (&told, account), &mut seen).await?;
            }
            self.balances_told(linked, &mut bank, &told, account, &seen).await?;
        }
        Ok(())
    }

    async fn windows(
        &self,
        linked: &mut Linked,
        bank: &mut Bank<'_>,
        ask: &Transactions,
        (told, account): (&Told, i64),
        seen: &mut HashSet<i64>,
    ) -> Result<(), Trouble> {
        let today = self.inner.clock.now().micros().div_euclid(DAY_US);
        let read = connection::synced_to(&self.inner.db.read().await?, linked.seq, account).await?;
        let mut from = read.map_or(today - ask.back_days + 1, |day| (day - LATE_DAYS).max(today - ask.back_days + 1));
        while from <= today {
            let to = (from + ask.days_max - 1).min(today);
            self.window(linked, bank, ask, (told, account), (from, to), seen).await?;
            from = to + 1;
        }
        Ok(())
    }

    async fn window(
        &self,
        linked: &mut Linked,
        bank: &mut Bank<'_>,
        ask: &Transactions,
        (told, account): (&Told, i64),
        (from, to): (i64, i64),
        seen: &mut HashSet<i64>,
    ) -> Result<(), Trouble> {
        let days = [Day::of_number(from).to_string(), Day::of_number(to).to_string()];
        let mut place = match &ask.paging {
            Paging::Number { first } => Some(first.to_string()),
            _ => Some(String::new()),
        };
        // While pages are read, entries may move from one to the next: an id of the bank counts once in a window.
        let mut ids = HashSet::new();
        let id_of = |item: &Value| ask.fields.id.as_ref().and_then(|id| fields::text(item, id));
        for _ in 0..PAGES_MAX {
            let Some(current) = place else { return Ok(()) };
            let values = [
                ("account", told.id.as_str()),
                ("from", days[0].as_str()),
                ("to", days[1].as_str()),
                ("page", current.as_str()),
                ("cursor", current.as_str()),
            ];
            let answer = match &ask.paging {
                Paging::Link { .. } if !current.is_empty() => bank.follow(&current).await?,
                _ => bank.ask(&ask.ask, &values).await?,
            };
            let items = items(&answer, &ask.items)?;
            place = next(&ask.paging, &answer, &current, items.is_empty());
            let fresh = items.iter().filter(|item| id_of(item).is_none_or(|id| ids.insert(id)));
            let entries = fresh.map(|item| fields::entry(item, &ask.fields, told.currency));
            let entries = entries.collect::<Result<Vec<_>, _>>().map_err(Trouble::Unreadable)?;
            let read_to = place.is_none().then_some(to);
            self.page(linked, bank.dialect, account, &entries, read_to, seen).await?;
        }
        Err(Trouble::Unreadable(format!("more than {PAGES_MAX} pages")))
    }

    /// Stores how a round ended, and tells a change once.
    async fn settle(&self, mut linked: Linked, outcome: Result<(), Trouble>) -> Result<(), DbError> {
        let now = self.inner.clock.now();
        let before = linked.state;
        let label = outcome.as_ref().err().map_or("ok", Trouble::reason);
        let bank = linked.bank.clone();
        metrics::counter!("bank_sync_total", "bank" => bank, "outcome" => label).increment(1);
        let frequency = Duration::from_secs(self.inner.settings.sync_seconds);
        let pause = match &outcome {
            Ok(()) => {
                (linked.state, linked.reason, linked.failures) = (ConnectionState::Active, None, 0);
                linked.synced_at = Some(now);
                frequency
            }
            Err(Trouble::Lost) => return Ok(()),
            Err(trouble) => {
                tracing::warn!(connection = %linked.id, reason = trouble.reason(), "a round failed");
                linked.failures += 1;
                linked.reason = Some(trouble.reason().to_owned());
                let consent = matches!(trouble, Trouble::Consent | Trouble::KeyMissing);
                linked.state = if consent { ConnectionState::ConsentNeeded } else { ConnectionState::Failing };
                pause_after(trouble, linked.failures)
            }
        };
        linked.due_at = now.plus_micros(i64::try_from(pause.as_micros()).unwrap_or(i64::MAX)).micros();
        if linked.state != before {
            linked.since = now;
        }
        let tx = self.inner.db.begin().await?;
        if !connection::claim(&tx, linked.seq, linked.claimed_until, 0).await? {
            return Ok(());
        }
        connection::save(&tx, &linked).await?;
        let cursor = match told(before, &linked) {
            Some(event) => Some(self.inner.outbox.add(&tx, vec![event]).await?),
            None => None,
        };
        tx.commit().await?;
        cursor.into_iter().for_each(|cursor| self.inner.signal.committed(cursor));
        Ok(())
    }

    pub(crate) async fn renew_connection(&self, tx: &platform::db::Tx, linked: &mut Linked) -> Result<(), Trouble> {
        let until = self.inner.clock.now().micros() + CLAIM_US;
        if !connection::claim(tx, linked.seq, linked.claimed_until, until).await? {
            return Err(Trouble::Lost);
        }
        linked.claimed_until = until;
        Ok(())
    }
}

fn ended(round: Option<Result<Result<(), DbError>, JoinError>>) -> Result<(), DbError> {
    round.map_or(Ok(()), |round| round.map_err(|_| broken("a round of a connection panicked"))?)
}

/// Told once, and once when it is over.
fn told(before: ConnectionState, linked: &Linked) -> Option<NewEvent> {
    use ConnectionState::{Active, ConsentNeeded, Failing};
    let kind = match (before, linked.state) {
        (before, now) if before == now => return None,
        (_, Failing) => "banking.connection.failing",
        (_, ConsentNeeded) => "banking.connection.consent_needed",
        (Failing | ConsentNeeded, Active) => "banking.connection.recovered",
        _ => return None,
    };
    let data = json!({ "bank": linked.bank, "reason": linked.reason });
    Some(NewEvent::new(kind, linked.id.to_string(), data))
}

/// Pauses double from a minute to an hour; a bank that says when is believed.
fn pause_after(trouble: &Trouble, failures: i64) -> Duration {
    let asked = match trouble {
        Trouble::RateLimited { retry_after } => *retry_after,
        _ => None,
    };
    let doubled = Duration::from_secs(60 << failures.clamp(1, 7).saturating_sub(1).unsigned_abs());
    asked.unwrap_or(doubled).min(PAUSE_MAX)
}

pub(crate) async fn accounts(bank: &mut Bank<'_>, dialect: &Dialect) -> Result<Vec<Told>, Trouble> {
    let Some(of) = &dialect.accounts else { return Ok(Vec::new()) };
    let answer = bank.ask(&of.ask, &[]).await?;
    let told = |item: &Value| {
        let text = |pointer: &str| {
            fields::text(item, pointer).ok_or_else(|| Trouble::Unreadable(format!("{pointer} is missing")))
        };
        let currency = Currency::iso(&text(&of.currency)?);
        let currency = currency.map_err(|_| Trouble::Unreadable(format!("{}: expected a currency", of.currency)))?;
        Ok(Told { id: text(&of.id)?, number: text(&of.number)?, currency })
    };
    items(&answer, &of.items)?.iter().map(told).collect()
}

pub(crate) fn items<'a>(answer: &'a Value, pointer: &str) -> Result<&'a [Value], Trouble> {
    match answer.pointer(pointer) {
        Some(Value::Array(items)) => Ok(items),
        Some(Value::Null) | None => Err(Trouble::Unreadable(format!("{pointer}: expected a list, found nothing"))),
        Some(_) => Err(Trouble::Unreadable(format!("{pointer}: expected a list"))),
    }
}

fn next(paging: &Paging, answer: &Value, current: &str, is_empty: bool) -> Option<String> {
    match paging {
        Paging::None => None,
        Paging::Number { .. } if is_empty => None,
        Paging::Number { .. } => Some((current.parse::<u32>().ok()? + 1).to_string()),
        Paging::Cursor { next } | Paging::Link { next } => fields::text(answer, next).filter(|next| next != current),
    }
}

/// A statement of a connection has a place for each account.
pub(crate) fn no_statement() -> DbError {
    broken("a connection's account has no statement")
}
