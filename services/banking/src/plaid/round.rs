//! One round of a Plaid item: everything since its cursor, in one commit.
//!
//! When transactions change while they are read page by page, the round begins again from the same cursor. A killed
//! round has stored nothing, and is repeated.

use std::collections::{BTreeMap, HashSet};

use banking_api::{Day, Holding};
use formats::statement::{Effect, Entry};
use kernel::Secret;
use platform::db::{DbError, Tx};
use platform::feed::NewEvent;
use serde_json::{Value, json};

use super::read::{self, Account, text};
use super::{Plaid, PlaidTrouble};
use crate::apply::Named;
use crate::bank::Trouble;
use crate::entry::{At, line};
use crate::event;
use crate::service::{BankingService, Inner};
use crate::store::balance::{self, Totals};
use crate::store::connection::{self, Linked};
use crate::store::item;
use crate::sync::DAY_US;

const COUNT: usize = 500;
/// Pages of one round.
const PAGES_MAX: u32 = 2_000;
/// Times that a round begins again.
const RESTARTS_MAX: u32 = 5;
/// Entries that are compared at once.
const ENTRIES_AT_ONCE: usize = 2_000;

/// What changed since the cursor, by Plaid's account.
#[derive(Default)]
struct Changes {
    told: BTreeMap<String, Vec<Value>>,
    removed: BTreeMap<String, Vec<String>>,
    cursor: String,
}

/// What a round stores.
struct Found {
    accounts: Vec<Account>,
    changes: Changes,
    holdings: Vec<(String, Holding)>,
}

impl BankingService {
    pub(crate) async fn plaid_round(&self, linked: &mut Linked) -> Result<(), Trouble> {
        let plaid = Plaid::open(&self.inner, Some(linked.seq), &linked.base_url)?;
        let (token, cursor) = self.inner.item(linked).await?;
        let found = found(&plaid, &token, &cursor, self.today()).await?;
        self.store_round(linked, found).await
    }

    /// Of our clock: Plaid's balances are of now.
    fn today(&self) -> Day {
        Day::of_number(self.inner.clock.now().micros().div_euclid(DAY_US))
    }

    async fn store_round(&self, linked: &mut Linked, found: Found) -> Result<(), Trouble> {
        let tx = self.inner.db.begin().await?;
        tx.one_at_a_time().await?;
        self.renew_connection(&tx, linked).await?;
        let mut events = Vec::new();
        for told in &found.accounts {
            events.extend(self.store_account(&tx, linked, told, &found).await?);
        }
        item::set_cursor(&tx, linked.seq, &found.changes.cursor).await?;
        let cursor = if events.is_empty() { None } else { Some(self.inner.outbox.add(&tx, events).await?) };
        tx.commit().await.map_err(DbError::from)?;
        cursor.into_iter().for_each(|cursor| self.inner.signal.committed(cursor));
        Ok(())
    }

    async fn store_account(
        &self,
        tx: &Tx,
        linked: &Linked,
        told: &Account,
        found: &Found,
    ) -> Result<Vec<NewEvent>, Trouble> {
        let number = format!("plaid{}", told.lasting);
        let named =
            Named { number: &number, last_four: Some(&told.last_four), kind: told.kind, currency: told.currency };
        let account = self.account_in(tx, linked, &named).await?;
        let items = found.changes.told.get(&told.id).map(Vec::as_slice).unwrap_or_default();
        let entries = items.iter().map(|item| read::entry(item, told.currency)).collect::<Result<Vec<_>, _>>()?;
        let mut events = self.carry_changes(tx, linked, account, &entries).await?;
        // After what was added: a pending transaction that is booked is removed under its old id.
        let removed = found.changes.removed.get(&told.id).cloned().unwrap_or_default();
        let removed: Vec<Entry> = removed.into_iter().map(|id| read::removed(id, told.currency)).collect();
        events.extend(self.carry_changes(tx, linked, account, &removed).await?);
        let (stated, account) = self.connected(tx, linked, account).await?;
        let mut new = Vec::new();
        for balance in &told.balances {
            if balance::add(tx, account.seq, stated.seq, balance).await? {
                new.push(balance.clone());
            }
        }
        for (_, holding) in found.holdings.iter().filter(|(id, _)| *id == told.id) {
            balance::put_holding(tx, account.seq, holding).await?;
        }
        events.extend(event::changed(tx, &account, &Totals::default(), &new).await?);
        connection::set_synced(tx, linked.seq, account.seq, self.today().number()).await?;
        Ok(events)
    }

    async fn carry_changes(
        &self,
        tx: &Tx,
        linked: &Linked,
        account: i64,
        entries: &[Entry],
    ) -> Result<Vec<NewEvent>, Trouble> {
        let mut events = Vec::new();
        for some in entries.chunks(ENTRIES_AT_ONCE) {
            let (stated, account) = self.connected(tx, linked, account).await?;
            let mut terms = self.terms_of_round(tx, &stated, &account, true, &HashSet::new()).await?;
            let at = At { account: account.seq, day: self.today().number(), effect: Effect::Tells, ids_count: true };
            let lines: Vec<_> = some.iter().map(|entry| line(&self.inner.keys, at, entry)).collect();
            let carried = self.carry_lines(tx, (&stated, &account), &mut terms, &lines, false).await?;
            self.count_carried(tx, linked, &carried).await?;
            events.extend(carried.events);
        }
        Ok(events)
    }
}

impl Inner {
    /// The token of a connection, and how far it was read.
    async fn item(&self, linked: &Linked) -> Result<(Secret, String), Trouble> {
        let tx = self.db.read().await?;
        let item = item::of_connection(&tx, linked.seq).await?.ok_or(Trouble::Consent)?;
        let token = self.keys.unseal_item(&linked.id.to_string(), &item.token).await.map_err(DbError::from)?;
        Ok((Secret::new(String::from_utf8_lossy(&token).into_owned()), item.cursor))
    }

    /// The number of accounts that Plaid tells now.
    pub(crate) async fn plaid_test(&self, linked: &Linked) -> Result<usize, Trouble> {
        let plaid = Plaid::open(self, Some(linked.seq), &linked.base_url)?;
        let (token, _) = self.item(linked).await?;
        let body = json!({ "access_token": token.expose() });
        let answer = plaid.ask("/accounts/get", &body).await.map_err(Trouble::from)?;
        Ok(crate::sync::items(&answer, "/accounts")?.len())
    }
}

async fn found(plaid: &Plaid<'_>, token: &Secret, cursor: &str, today: Day) -> Result<Found, Trouble> {
    let body = json!({ "access_token": token.expose() });
    let accounts = read::accounts(&plaid.ask("/accounts/get", &body).await.map_err(Trouble::from)?, today)?;
    let changes = changes(plaid, token, cursor).await?;
    let has_securities = accounts.iter().any(|account| account.kind == banking_api::AccountKind::Brokerage);
    let holdings = match has_securities {
        true => read::holdings(&plaid.ask("/investments/holdings/get", &body).await.map_err(Trouble::from)?, today)?,
        false => Vec::new(),
    };
    Ok(Found { accounts, changes, holdings })
}

async fn changes(plaid: &Plaid<'_>, token: &Secret, cursor: &str) -> Result<Changes, Trouble> {
    for _ in 0..RESTARTS_MAX {
        match pages(plaid, token, cursor).await {
            Err(PlaidTrouble::Mutated) => {}
            other => return Ok(other?),
        }
    }
    Err(PlaidTrouble::Mutated.into())
}

async fn pages(plaid: &Plaid<'_>, token: &Secret, cursor: &str) -> Result<Changes, PlaidTrouble> {
    let mut all = Changes { cursor: cursor.to_owned(), ..Changes::default() };
    for _ in 0..PAGES_MAX {
        let body = json!({ "access_token": token.expose(), "cursor": all.cursor, "count": COUNT });
        let page = plaid.ask("/transactions/sync", &body).await?;
        for list in ["/added", "/modified"] {
            for item in crate::sync::items(&page, list)? {
                all.told.entry(text(item, "/account_id")?).or_default().push(item.clone());
            }
        }
        for item in crate::sync::items(&page, "/removed")? {
            let account = text(item, "/account_id")?;
            all.removed.entry(account).or_default().push(text(item, "/transaction_id")?);
        }
        all.cursor = text(&page, "/next_cursor").unwrap_or(all.cursor);
        if page.pointer("/has_more").and_then(Value::as_bool) != Some(true) {
            return Ok(all);
        }
    }
    Err(Trouble::Unreadable(format!("more than {PAGES_MAX} pages")).into())
}
