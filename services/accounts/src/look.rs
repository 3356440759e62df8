//! Searching movements: the newest first, within a bound of rows that one request looks at.

mod shown;

use accounts_api::*;
use kernel::{Ctx, Timestamp};
use platform::db::{Db, DbError, Tx};

use crate::calendar::Calendar;
use crate::profile::words;
use crate::service::{Inner, page};
use crate::store::account;
use crate::store::movement::{self, Key, MovementRow};
pub(crate) use shown::Context;

const READ: (&str, &str) = ("transactions", "read");
/// Accounts of one caller that are searched together.
const ACCOUNTS_MAX: usize = 1_000;
/// Rows read at once.
const CHUNK: usize = 1_000;

/// The accounts that a search is about: some, with the first month of any of them, or all of the house.
pub(crate) enum Of {
    These(Vec<i64>, i64),
    All,
}

impl Inner {
    pub(crate) async fn movements(&self, ctx: &Ctx, query: MovementQuery) -> Result<MovementPage, AccountsError> {
        page(query.limit)?;
        let tx = self.db.read().await?;
        let of = match query.account {
            Some(id) => {
                let (row, _) = self.reached_account(&tx, ctx, READ, id).await?;
                Of::These(vec![row.seq], self.calendar.month_of(row.opened_at))
            }
            None => self.reached_all(&tx, ctx).await?,
        };
        let indexed_to_seq = movement::indexed_to(&tx).await?;
        let (items, next) = self.searched(&tx, of, &query).await?;
        Ok(MovementPage { items, next: next.map(i64::unsigned_abs), indexed_to_seq })
    }

    /// Movements, and where the next page begins.
    pub(crate) async fn searched(
        &self,
        tx: &Tx,
        of: Of,
        query: &MovementQuery,
    ) -> Result<(Vec<Movement>, Option<i64>), AccountsError> {
        let (limit, wanted) = (query.limit, Wanted::of(query)?);
        let before = query.before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
        let mut found = Vec::new();
        let mut search = Search { of, before, month: self.last_month(query), looked: 0 };
        while let Some(rows) = search.next(tx, &self.calendar, &wanted).await? {
            let shown = self.matching(tx, rows, &wanted).await?;
            found.extend(shown);
            if found.len() > limit || search.looked >= limits::ROWS_LOOKED_MAX {
                break;
            }
        }
        let next = cut(&mut found, limit).or_else(|| (!search.is_over()).then_some(search.before));
        Ok((found.into_iter().map(|(_, movement)| movement).collect(), next))
    }

    fn last_month(&self, query: &MovementQuery) -> i64 {
        let now = self.clock.now();
        // A clock of another machine may be ahead.
        self.calendar.month_of(query.to.map_or(now, |to| to.min(now))) + i64::from(query.to.is_none())
    }

    pub(crate) async fn reached_all(&self, tx: &Tx, ctx: &Ctx) -> Result<Of, AccountsError> {
        match self.own_customers(tx, ctx, READ).await? {
            Some(customers) => self.held_by(tx, &customers).await,
            None => Ok(Of::All),
        }
    }

    pub(crate) async fn held_by(&self, tx: &Tx, customers: &[i64]) -> Result<Of, AccountsError> {
        let (mut accounts, mut first) = (Vec::new(), i64::MAX);
        for customer in customers {
            for row in account::page_of(tx, *customer, 0, ACCOUNTS_MAX).await? {
                accounts.push(row.seq);
                first = first.min(self.calendar.month_of(row.opened_at));
            }
        }
        accounts.sort_unstable();
        accounts.dedup();
        accounts.truncate(ACCOUNTS_MAX);
        Ok(Of::These(accounts, first))
    }

    async fn matching(
        &self,
        tx: &Tx,
        rows: Vec<MovementRow>,
        wanted: &Wanted,
    ) -> Result<Vec<(Key, Movement)>, AccountsError> {
        let rows: Vec<MovementRow> = rows.into_iter().filter(|row| wanted.has(row)).collect();
        let context = Context::load(self, tx, &rows).await?;
        let mut shown = Vec::with_capacity(rows.len());
        for row in rows {
            let key = row.key;
            let movement = context.shown(row)?;
            if wanted.has_words(&movement) && wanted.fits(&movement) {
                shown.push((key, movement));
            }
        }
        Ok(shown)
    }

    pub(crate) async fn movement(&self, ctx: &Ctx, id: MovementId) -> Result<Movement, AccountsError> {
        let tx = self.db.read().await?;
        self.one(&tx, ctx, "read", id).await
    }

    async fn one(&self, tx: &Tx, ctx: &Ctx, action: &str, id: MovementId) -> Result<Movement, AccountsError> {
        let unknown = || Refusal::MovementUnknown { id: id.to_string() };
        let key = Key::of(id);
        let row = account::of_seqs(tx, &[key.account]).await?.remove(&key.account);
        // An account that does not exist is refused like one that is out of reach.
        let account = row.map_or(kernel::Id::from_bits(0), |row| row.id);
        match self.reached_account(tx, ctx, (READ.0, action), account).await {
            Err(AccountsError::Refused { .. }) => return Err(unknown().into()),
            other => drop(other?),
        }
        let found = movement::of_key(tx, key).await?.ok_or_else(unknown)?;
        Ok(Context::load(self, tx, std::slice::from_ref(&found)).await?.shown(found)?)
    }

    pub(crate) async fn set_category(&self, ctx: &Ctx, command: SetCategory) -> Result<Movement, AccountsError> {
        let SetCategory { id, category, for_counterparty } = command;
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let shown = self.one(&tx, ctx, "categorise", id).await?;
        movement::set_category(&tx, Key::of(id), category).await?;
        if for_counterparty {
            let said = shown.number.as_ref().or(shown.name.as_ref());
            let words = words(said.map_or("", String::as_str)).into_iter().collect();
            self.put_rule_of(&tx, Key::of(id).account, (category, words)).await?;
        }
        tx.commit().await?;
        Ok(Movement { category, ..shown })
    }
}

/// Forgets all movements and reads the ledger from its beginning; categories that people chose are lost.
///
/// # Errors
/// The store's.
pub async fn rebuild(db: &Db) -> Result<(), DbError> {
    loop {
        let tx = db.begin().await?;
        tx.one_at_a_time().await?;
        movement::begin_again(&tx).await?;
        let more = movement::clear(&tx, limits::ROWS_LOOKED_MAX).await?;
        tx.commit().await.map_err(DbError::from)?;
        if !more {
            return Ok(());
        }
    }
}

/// Ends a page before the first movement that does not fit; returns where the next one begins. The two movements of one
/// log row are never separated.
fn cut(found: &mut Vec<(Key, Movement)>, limit: usize) -> Option<i64> {
    let seq = found.get(limit).map(|(key, _)| key.seq)?;
    let whole = found.iter().take_while(|(key, _)| key.seq > seq).count();
    let (whole, next) = if whole == 0 { (limit + 1, seq) } else { (whole, seq + 1) };
    found.truncate(whole);
    Some(next)
}

/// Where a search is.
struct Search {
    of: Of,
    before: i64,
    month: i64,
    looked: usize,
}

impl Search {
    /// The next rows, the newest first; `None` if there are no more.
    async fn next(
        &mut self,
        tx: &Tx,
        calendar: &Calendar,
        wanted: &Wanted,
    ) -> Result<Option<Vec<MovementRow>>, DbError> {
        let opened = if let Of::These(_, first) = &self.of { *first } else { 0 };
        let first_month = wanted.from.map_or(0, |from| calendar.month_of(from)).max(opened);
        loop {
            if self.is_over() || self.month < first_month {
                self.month = -1;
                return Ok(None);
            }
            let rows = match &self.of {
                Of::All => whole(movement::of_all(tx, self.before, CHUNK).await?),
                Of::These(accounts, _) => of_accounts(tx, accounts, (self.month, self.before)).await?,
            };
            self.looked += rows.len();
            match (rows.last(), &self.of) {
                (Some(last), _) => {
                    self.before = last.key.seq;
                    let too_old = wanted.from.is_some_and(|from| last.at < from.micros());
                    if too_old {
                        self.month = -1;
                    }
                    return Ok(Some(rows));
                }
                (None, Of::All) => self.month = -1,
                (None, Of::These(..)) => self.month -= 1,
            }
        }
    }

    fn is_over(&self) -> bool {
        self.month < 0
    }
}

/// The newest rows of several accounts in a month, merged; at most as many as are read of one.
async fn of_accounts(tx: &Tx, accounts: &[i64], (month, seq): (i64, i64)) -> Result<Vec<MovementRow>, DbError> {
    let mut all = Vec::new();
    for account in accounts {
        all.extend(movement::of_account(tx, Key { month, account: *account, seq }, CHUNK).await?);
    }
    all.sort_by_key(|row: &MovementRow| std::cmp::Reverse((row.key.seq, row.key.account)));
    Ok(whole(all))
}

/// Of more rows than are read at once the first ones. A transfer between two accounts has one log row and two
/// movements: both are there, or none.
fn whole(mut all: Vec<MovementRow>) -> Vec<MovementRow> {
    if let Some(cut) = all.get(CHUNK - 1).map(|row| row.key.seq) {
        all.retain(|row| row.key.seq > cut);
    }
    all
}

/// What a search looks for.
struct Wanted {
    from: Option<Timestamp>,
    query: MovementQuery,
    words: Vec<String>,
}

impl Wanted {
    fn of(query: &MovementQuery) -> Result<Wanted, Refusal> {
        for (field, amount) in [("min", query.min), ("max", query.max)] {
            if amount.is_some_and(|amount| amount.minor() < 0) {
                return Err(Refusal::field_invalid(field, "expected an amount of zero or more"));
            }
        }
        let words: Vec<String> = query.text.iter().flat_map(|text| words(text)).collect();
        if words.len() > limits::WORDS_MAX {
            return Err(Refusal::TooMany { what: "words".to_owned(), max: limits::WORDS_MAX });
        }
        Ok(Wanted { from: query.from, query: query.clone(), words })
    }

    fn has(&self, row: &MovementRow) -> bool {
        let MovementQuery { from, to, direction, kind, category, .. } = &self.query;
        row.status != MovementStatus::Released
            && from.is_none_or(|from| row.at >= from.micros())
            && to.is_none_or(|to| row.at < to.micros())
            && direction.is_none_or(|direction| (direction == Direction::In) == (row.minor > 0))
            && kind.is_none_or(|kind| row.kind == kind)
            && category.is_none_or(|category| row.category == category)
    }

    fn fits(&self, movement: &Movement) -> bool {
        let MovementQuery { min, max, .. } = &self.query;
        let (size, currency) = (movement.amount.minor().unsigned_abs(), movement.amount.currency());
        let of = |bound: &kernel::Money| (bound.currency() == currency).then(|| bound.minor().unsigned_abs());
        min.as_ref().is_none_or(|min| of(min).is_some_and(|min| size >= min))
            && max.as_ref().is_none_or(|max| of(max).is_some_and(|max| size <= max))
    }

    fn has_words(&self, movement: &Movement) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let texts = [&movement.name, &movement.text, &movement.number];
        let said: String = texts.into_iter().flatten().map(|text| format!("{} ", text.to_lowercase())).collect();
        self.words.iter().all(|word| said.contains(word.as_str()))
    }
}
