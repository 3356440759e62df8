//! Positions as they are asked for: now, or as of an instant.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use kernel::{Ctx, Currency, MoneyError, Timestamp};
use platform::db::Tx;

use crate::count;
use crate::face::*;
use crate::position::{self, Held, Terms};
use crate::service::Inner;
use crate::store::{ACCOUNTS, ENTITIES, POOLS, cash, flow};

/// Everything that positions are made of.
pub(crate) struct Book {
    pub(crate) accounts: Vec<Account>,
    calendars: BTreeMap<String, HolidayCalendar>,
    pools: Vec<Pool>,
    balances: BTreeMap<String, Vec<cash::Balance>>,
    today: BTreeMap<String, i64>,
}

impl Book {
    pub(crate) fn held<'a>(&'a self, account: &'a Account) -> Held<'a> {
        let is_in = |pool: &&Pool| {
            pool.terms.header == account.id || pool.terms.members.iter().any(|member| member.account == account.id)
        };
        Held {
            account,
            calendar: self.calendar(&account.entity),
            pools: self.pools.iter().filter(is_in).map(|pool| pool.name.as_str()).collect(),
            balances: self.balances.get(&account.source.key()).cloned().unwrap_or_default(),
            is_current: matches!(account.source, Source::Ledger(_)),
            today: self.today.get(&account.id.to_string()).copied().unwrap_or(0),
        }
    }

    pub(crate) fn calendar(&self, entity: &str) -> HolidayCalendar {
        self.calendars.get(entity).copied().unwrap_or_default()
    }

    pub(crate) fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }
}

impl Inner {
    pub(crate) async fn positions(&self, ctx: &Ctx, query: PositionQuery) -> Result<Positions, TreasuryError> {
        self.may(ctx, "positions", "read")?;
        let tx = self.db.read().await?;
        let reporting = query.currency.unwrap_or(self.reporting);
        let (positions, _) = self.positions_in(&tx, &query, reporting).await?;
        Ok(positions)
    }

    /// With the rates that were used.
    pub(crate) async fn positions_in(
        &self,
        tx: &Tx,
        query: &PositionQuery,
        reporting: Currency,
    ) -> Result<(Positions, BTreeMap<String, Rate>), TreasuryError> {
        let now = self.now();
        let at = query.at.unwrap_or(now).min(now);
        let known_at = if query.by == KnownBy::Record { at } else { now };
        let book = match query.at {
            None => self.book(tx).await?,
            Some(_) => self.book_at(tx, self.date_of(at), known_at).await?,
        };
        let currencies: BTreeSet<String> =
            book.accounts.iter().map(|account| account.currency.code().to_owned()).collect();
        let currencies: Vec<Currency> = currencies.iter().filter_map(|code| Currency::iso(code).ok()).collect();
        let rates = self.rates_into(tx, currencies, reporting, (self.date_of(at), known_at)).await?;
        let held: Vec<Held<'_>> = book.accounts.iter().map(|account| book.held(account)).collect();
        let terms = Terms {
            group: &query.group,
            now: self.local(at),
            stale_hours: self.settings.stale_hours,
            reporting,
            rates: &rates,
        };
        let (lines, total) = position::positions(&held, &terms).map_err(too_large)?;
        Ok((Positions { at, by: query.by, lines, total }, rates))
    }

    /// For the metric.
    pub(crate) async fn count_stale(&self) -> Result<(), TreasuryError> {
        let tx = self.db.read().await?;
        let query = PositionQuery { group: vec![GroupBy::Account], ..PositionQuery::default() };
        let (positions, _) = self.positions_in(&tx, &query, self.reporting).await?;
        count::stale_accounts(positions.lines.iter().filter(|line| line.stale).count());
        Ok(())
    }

    /// As it is now.
    pub(crate) async fn book(&self, tx: &Tx) -> Result<Book, TreasuryError> {
        let balances = cash::heads(tx).await?;
        let today = flow::open_by_account(tx, self.today()).await?;
        self.book_with(tx, balances, today).await
    }

    /// What was expected then is no longer known: flows of the past have come, or were dropped.
    async fn book_at(&self, tx: &Tx, day: Date, known_at: Timestamp) -> Result<Book, TreasuryError> {
        let mut book = self.book_with(tx, BTreeMap::new(), BTreeMap::new()).await?;
        for account in &book.accounts {
            let source = account.source.key();
            let balances = cash::balances_at(tx, &source, day, known_at).await?;
            book.balances.insert(source, balances);
        }
        Ok(book)
    }

    async fn book_with(
        &self,
        tx: &Tx,
        balances: BTreeMap<String, Vec<cash::Balance>>,
        today: BTreeMap<String, i64>,
    ) -> Result<Book, TreasuryError> {
        let entities: Vec<Entity> = ENTITIES.all(tx).await?;
        let calendars = entities.into_iter().map(|entity| (entity.name, entity.calendar)).collect();
        Ok(Book { accounts: ACCOUNTS.all(tx).await?, calendars, pools: POOLS.all(tx).await?, balances, today })
    }
}

/// Sums that do not fit into 64 bits.
pub(crate) fn too_large(error: MoneyError) -> TreasuryError {
    Refusal::field_invalid("amount", error.to_string()).into()
}
