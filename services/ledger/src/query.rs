//! Queries to the store, each answered from one snapshot.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use kernel::Ctx;
use ledger_api::{
    Account, AccountPage, AccountPath, AccountQuery, Asset, BookName, FindTransaction, LedgerError, Metadata, Refusal,
    Transaction, TransactionId, TransactionKind, TransactionStatus,
};
use platform::db::{CommitError, DbError, Tx, Value, WriteError};
use platform::error::Failure;

use crate::command::{AccountAnswer, Reach, Recorded, RecordedLeg, Refused};
use crate::format::{HoldAfter, Row, genesis, hex, parse_hex};
use crate::schedule::{Plan, Stage};
use crate::service::{KeyedOperation, LedgerService, refused};
use crate::snapshot::Books;
use crate::state::{LogTail, Space, State};
use crate::store::{Wanted, sql};
use crate::view;
use crate::work::read_tail;

#[derive(Debug)]
pub(crate) enum QueryError {
    Refused(Refusal),
    Failed(Failure),
    Store(DbError),
    Commit(CommitError),
}

impl From<WriteError> for QueryError {
    fn from(error: WriteError) -> QueryError {
        match error {
            WriteError::Work(error) => QueryError::Store(error),
            WriteError::Commit(error) => QueryError::Commit(error),
        }
    }
}

impl From<CommitError> for QueryError {
    fn from(error: CommitError) -> QueryError {
        QueryError::Commit(error)
    }
}

impl From<DbError> for QueryError {
    fn from(error: DbError) -> QueryError {
        QueryError::Store(error)
    }
}

/// The head of a book's log in one line that anybody can keep: `florin-1:<book>:<group>:<row>:<hash>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub book: BookName,
    pub number: u64,
    pub last_seq: u64,
    pub hash: [u8; 32],
}

const HEAD_PREFIX: &str = "florin-1";

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{HEAD_PREFIX}:{}:{}:{}:{}", self.book, self.number, self.last_seq, hex(&self.hash))
    }
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{0}\" is not a head of the form {HEAD_PREFIX}:book:group:row:hash, as serve and verify print it")]
pub struct HeadError(String);

impl FromStr for Head {
    type Err = HeadError;

    fn from_str(text: &str) -> Result<Head, HeadError> {
        let parts: Vec<&str> = text.trim().split(':').collect();
        let parsed = match parts.as_slice() {
            [HEAD_PREFIX, book, number, last_seq, hash] => (|| {
                let (number, last_seq) = (number.parse().ok()?, last_seq.parse().ok()?);
                Some(Head { book: book.parse().ok()?, number, last_seq, hash: parse_hex(hash)? })
            })(),
            _ => None,
        };
        parsed.ok_or_else(|| HeadError(text.chars().take(120).collect()))
    }
}

pub(crate) async fn head(books: &Books) -> Result<Head, DbError> {
    let snapshot = books.snapshot().await?;
    let LogTail { number, last_seq, hash, .. } = read_tail(&snapshot.tx, &genesis(&books.name)).await?;
    Ok(Head { book: books.name.clone(), number, last_seq, hash })
}

pub(crate) async fn assets(books: &Books) -> Result<Vec<Asset>, DbError> {
    let snapshot = books.snapshot().await?;
    let asset = |row: &platform::db::Row| {
        let scale = u8::try_from(row.int(1)?).map_err(|_| DbError::shape("an asset with a malformed scale"))?;
        Ok(Asset { code: row.text(0)?.to_owned(), scale, replayed: false })
    };
    snapshot.tx.query(sql::ASSET_LIST, &[]).await?.iter().map(asset).collect()
}

/// A state to load into: every requested row counts as stored.
pub(crate) fn empty_state() -> State {
    State { log: LogTail { last_seq: u64::MAX - 1, ..LogTail::default() }, ..State::default() }
}

pub(crate) async fn account(books: &Books, path: &AccountPath) -> Result<Option<Account>, DbError> {
    let snapshot = books.snapshot().await?;
    let mut state = empty_state();
    let paths = BTreeSet::from([path.clone()]);
    let wanted = Wanted { paths: paths.clone(), openings: paths, ..Wanted::default() };
    snapshot.loader(&mut state).load(&wanted).await?;
    let account = state.account_no(path).and_then(|no| account_of(&state, no));
    Ok(account.map(|account| Account { as_of_seq: Some(snapshot.last_seq), ..account }))
}

fn account_of(state: &State, no: u64) -> Option<Account> {
    let entry = state.entry(no)?;
    let head = &entry.head;
    let metadata = metadata_of(state, head.state.metadata_seq);
    Some(view::account(AccountAnswer {
        facts: entry.facts.clone(),
        state: head.state,
        sums: head.sums,
        version: head.version,
        metadata,
        replayed: false,
    }))
}

fn metadata_of(state: &State, seq: u64) -> Metadata {
    state.group.metadata.get(&seq).map(|entry| entry.body.clone()).unwrap_or_default()
}

pub(crate) async fn accounts(books: &Books, query: &AccountQuery, limit: usize) -> Result<AccountPage, QueryError> {
    let snapshot = books.snapshot().await?;
    let mut numbers = page(&snapshot.tx, query, limit + 1).await?;
    let more = numbers.len() > limit;
    numbers.truncate(limit);
    let mut state = empty_state();
    snapshot.loader(&mut state).load_accounts(numbers.iter().copied()).await?;
    let items: Vec<Account> = numbers.into_iter().filter_map(|no| account_of(&state, no)).collect();
    let next = if more { items.last().map(|account| account.path.clone()) } else { None };
    Ok(AccountPage { items, next, as_of_seq: snapshot.last_seq })
}

pub(crate) async fn page(tx: &Tx, query: &AccountQuery, limit: usize) -> Result<Vec<u64>, QueryError> {
    let AccountQuery { prefix, owner, reference, metadata, after, .. } = query;
    let after = Value::Text(after.as_ref().map_or("", AccountPath::as_str));
    let limit = Value::Int(limit as i64);
    let below = prefix.as_ref().map(|prefix| (prefix.as_str(), format!("{prefix}:"), format!("{prefix};")));
    let rows = match (&below, owner, reference, metadata) {
        (None, None, None, None) => tx.query(sql::ACCOUNT_PAGE_ALL, &[after, limit]).await?,
        (Some((path, from, to)), None, None, None) => {
            let params = [Value::Text(path), Value::Text(from), Value::Text(to), after, limit];
            tx.query(sql::ACCOUNT_PAGE, &params).await?
        }
        (None, Some(owner), None, None) => {
            tx.query(sql::ACCOUNT_PAGE_OWNER, &[Value::Text(owner.as_str()), after, limit]).await?
        }
        (Some((path, from, to)), Some(owner), None, None) => {
            let owner = Value::Text(owner.as_str());
            let params = [owner, Value::Text(path), Value::Text(from), Value::Text(to), after, limit];
            tx.query(sql::ACCOUNT_PAGE_OWNER_PREFIX, &params).await?
        }
        (None, None, None, Some((key, value))) => {
            let params = [Value::Text(key), Value::Text(value), after, limit];
            tx.query(sql::ACCOUNT_PAGE_METADATA, &params).await?
        }
        (None, None, Some(reference), None) => {
            tx.query(sql::ACCOUNT_BY_REFERENCE, &[Value::Text(reference.as_str()), after]).await?
        }
        _ => {
            let detail = "accounts can be listed by prefix, by owner, by both, by reference or by one metadata key";
            return Err(QueryError::Refused(Refusal::QueryUnsupported { detail: detail.to_owned() }));
        }
    };
    let numbers: Result<Vec<u64>, DbError> = rows.iter().map(|row| row.int(0).map(|no| no as u64)).collect();
    Ok(numbers?)
}

pub(crate) fn name_of(find: &FindTransaction) -> String {
    match find {
        FindTransaction::Id(id) => id.to_string(),
        FindTransaction::Reference(reference) => format!("reference {reference}"),
        FindTransaction::IdempotencyKey(key) => format!("idempotency key {}", key.as_str()),
    }
}

/// A transaction as it is now, or its command's refusal.
pub(crate) async fn transaction(
    service: &LedgerService,
    ctx: &Ctx,
    reach: &Reach,
    find: &FindTransaction,
) -> Result<Option<Result<Transaction, LedgerError>>, DbError> {
    let snapshot = service.books.snapshot().await?;
    let mut state = empty_state();
    let mut wanted = Wanted::default();
    let mut scope = None;
    match find {
        FindTransaction::Id(id) => wanted.ids.extend([id.bits()]),
        FindTransaction::Reference(reference) => wanted.transaction_references.extend([reference.to_string()]),
        FindTransaction::IdempotencyKey(key) => {
            let ctx = Ctx { idempotency_key: Some(key.clone()), ..ctx.clone() };
            scope = service.scope(&ctx, KeyedOperation::Transaction, 0, &());
            wanted.scopes.extend(scope.map(|scope| scope.key));
        }
    }
    snapshot.loader(&mut state).load(&wanted).await?;
    let first = match find {
        FindTransaction::Id(id) => state.group.known.get(&id.bits()).copied(),
        FindTransaction::Reference(reference) => {
            let by = state.group.references.get(&(Space::Transaction, reference.to_string()));
            let by = by.and_then(|by| by.parse::<TransactionId>().ok());
            by.and_then(|id| state.group.stored.keys().copied().find(|seq| head_id(&state, *seq) == Some(id.bits())))
        }
        FindTransaction::IdempotencyKey(_) => {
            scope.and_then(|scope| state.group.scopes.get(&scope.key)).map(|entry| entry.seq)
        }
    };
    if let Some(account) = first.and_then(|first| refused_account(&state, first)) {
        let wanted = Wanted { paths: BTreeSet::from([account]), ..Wanted::default() };
        snapshot.loader(&mut state).load(&wanted).await?;
    }
    // A key is the caller's own, and so is its refusal.
    let reach_of_refusals = if scope.is_some() { &Reach::All } else { reach };
    let as_of = |transaction| Transaction { as_of_seq: Some(snapshot.last_seq), ..transaction };
    Ok(first.and_then(|first| found(&state, reach, reach_of_refusals, first)).map(|found| found.map(as_of)))
}

/// Those that exist and are within reach.
pub(crate) async fn transactions_of(
    books: &Books,
    reach: &Reach,
    ids: &[TransactionId],
) -> Result<Vec<Transaction>, DbError> {
    let snapshot = books.snapshot().await?;
    let mut state = empty_state();
    let wanted = Wanted { ids: ids.iter().map(|id| id.bits()).collect(), ..Wanted::default() };
    snapshot.loader(&mut state).load(&wanted).await?;
    let as_of = |transaction| Transaction { as_of_seq: Some(snapshot.last_seq), ..transaction };
    let first = |id: &TransactionId| state.group.known.get(&id.bits()).copied();
    let firsts: BTreeSet<u64> = ids.iter().filter_map(first).collect();
    Ok(firsts.into_iter().filter_map(|first| shown(&state, reach, first)).map(as_of).collect())
}

fn refusal_at(state: &State, first: u64) -> Option<Refusal> {
    match state.row(first)? {
        Row::Refusal(row) => serde_json::from_str(&row.refusal).ok(),
        _ => None,
    }
}

fn refused_account(state: &State, first: u64) -> Option<AccountPath> {
    refusal_at(state, first)?.account().cloned()
}

fn head_id(state: &State, seq: u64) -> Option<u128> {
    state.row(seq)?.names_id()
}

fn found(
    state: &State,
    reach: &Reach,
    reach_of_refusals: &Reach,
    first: u64,
) -> Option<Result<Transaction, LedgerError>> {
    match state.row(first)? {
        Row::Refusal(_) => {
            let refusal = refusal_at(state, first)?;
            let shown = reach_of_refusals.covers_refusal(state, &refusal, None);
            shown.then(|| Err(refused(Refused { refusal, replayed: true })))
        }
        _ => shown(state, reach, first).map(Ok),
    }
}

/// A transaction as it is now, unless it is out of reach.
pub(crate) fn shown(state: &State, reach: &Reach, first: u64) -> Option<Transaction> {
    match state.row(first)? {
        Row::Leg(_) => current(state, reach, first),
        Row::Scheduled(_) => planned(state, reach, first),
        Row::Cancelled(row) => {
            let plan = Plan::Cancellation(row.clone());
            reach.covers_transaction(state, first).then(|| view::transaction(of_plan(state, first, plan)))
        }
        Row::Account(_) | Row::Asset(_) | Row::Refusal(_) | Row::Failed(_) => None,
    }
}

/// A scheduled transaction as it is now: what it became once it was executed.
fn planned(state: &State, reach: &Reach, first: u64) -> Option<Transaction> {
    let scheduled = state.group.scheduled.get(&first)?;
    if scheduled.stage == Stage::CarriedOut {
        let carried_out = current(state, reach, scheduled.outcome)?;
        return Some(Transaction { metadata: metadata_of(state, first), ..carried_out });
    }
    let refusal = match state.row(scheduled.outcome) {
        Some(Row::Failed(failed)) => Some(failed.refusal.clone()),
        _ => None,
    };
    let Row::Scheduled(row) = state.row(first)? else { return None };
    let plan = Plan::Scheduled { row: row.clone(), stage: scheduled.stage, refusal };
    reach.covers_transaction(state, first).then(|| view::transaction(of_plan(state, first, plan)))
}

pub(crate) fn of_plan(state: &State, first: u64, plan: Plan) -> Recorded {
    let (at, metadata) = (state.row_at(first, 0), metadata_of(state, first));
    Recorded { at, legs: Vec::new(), plan: Some(plan), metadata, replayed: false, dry_run: false }
}

fn current(state: &State, reach: &Reach, first: u64) -> Option<Transaction> {
    let leg = |row: &&crate::format::LegRow| {
        let (debit, credit) = (state.facts(row.debit)?, state.facts(row.credit)?);
        Some(RecordedLeg { row: (*row).clone(), debit, credit })
    };
    let legs: Vec<RecordedLeg> = state.legs(first).iter().filter_map(leg).collect();
    if !reach.covers_transaction(state, first) {
        return None;
    }
    let (at, metadata) = (state.row_at(first, 0), metadata_of(state, first));
    let holds: Vec<_> = (first..).take(legs.len()).map(|seq| state.group.holds.get(&seq).copied()).collect();
    let facts: Vec<_> = legs.iter().map(|leg| leg.debit.clone()).collect();
    let mut transaction =
        view::transaction(Recorded { at, legs, plan: None, metadata, replayed: false, dry_run: false });
    transaction.reversed_by = state.group.reversed.get(&first).map(|by| TransactionId::from_bits(*by));
    if transaction.kind == TransactionKind::Pending {
        let holds: Vec<_> = holds.into_iter().flatten().collect();
        transaction.status = match () {
            () if holds.iter().any(|hold| hold.remaining > 0) => TransactionStatus::Pending,
            () if holds.iter().any(|hold| hold.posted > 0) => TransactionStatus::Posted,
            () if holds.iter().any(|hold| hold.expired) => TransactionStatus::Expired,
            () => TransactionStatus::Voided,
        };
        for ((posting, hold), facts) in transaction.postings.iter_mut().zip(&holds).zip(&facts) {
            let hold = HoldAfter { seq: 0, posted: hold.posted, released: hold.released, remaining: hold.remaining };
            posting.hold = Some(view::hold_state(facts, hold));
        }
    }
    Some(transaction)
}
