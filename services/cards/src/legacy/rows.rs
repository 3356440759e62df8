//! What the old system calls cards, whose accounts are where, and the counts of differences: every SQL text.

use kernel::Timestamp;
use ledger_api::AccountPath;
use platform::db::{DbError, Row, RowSet, Tx, Value};
use vault_api::Token;

use super::{AccountsBySide, DifferenceCount, Disagreement, Side, shadow};
use crate::card::CardId;
use crate::programme::ProgrammeId;
use crate::record::Record;
use crate::store::json;

/// Where an account is, or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::FromRepr)]
#[repr(i64)]
pub(crate) enum Stage {
    Ours = 0,
    Theirs = 1,
    /// On its way to us.
    Taking = 2,
    /// On its way back.
    Giving = 3,
    /// The old system has it; our holds are being released.
    Given = 4,
}

impl Stage {
    pub(crate) fn side(self) -> Side {
        match self {
            Stage::Ours => Side::Ours,
            Stage::Theirs => Side::Theirs,
            Stage::Taking | Stage::Giving | Stage::Given => Side::Moving,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) path: AccountPath,
    pub(crate) programme: ProgrammeId,
    pub(crate) place: i64,
    pub(crate) stage: Stage,
    /// Rises with each move: what a move books has ids that follow from it.
    pub(crate) attempt: i64,
    /// When it came to its stage.
    pub(crate) since: Timestamp,
}

/// What the old system calls a card of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CardThere {
    pub(crate) card: CardId,
    pub(crate) old_card: CardId,
    pub(crate) old_token: Token,
}

pub(crate) static DIFFERENCES: RowSet = RowSet::adding(
    "legacy_difference",
    4,
    &[("programme", "bytea"), ("field", "text"), ("theirs", "text"), ("ours", "text"), ("count", "bigint")],
);

const CARD_ADD: &str = "
insert into legacy_card (card, programme, account, old_card, old_token)
values ($1, $2, $3, $4, $5)";

const CARD_KNOWN: &str = "
select card
from legacy_card
where programme = $1
    and old_card = $2";

const CARD_FIND: &str = "
select card, old_card, old_token
from legacy_card
where card = $1";

const CARDS_OF_ACCOUNT: &str = "
select card, old_card, old_token
from legacy_card
where account = $1
order by card";

const ACCOUNT_ADD: &str = "
insert into legacy_account (account, programme, place, stage, attempt, since, copied_at, note)
values ($1, $2, $3, 1, 0, 0, 0, '')
on conflict (account) do nothing";

const ACCOUNT_FIND: &str = "
select account, programme, place, stage, attempt, since
from legacy_account
where account = $1";

/// Of two processes that move an account, one does.
const ACCOUNT_SWITCH: &str = "
update legacy_account
set stage = $4, attempt = $5, since = $6, note = $7
where account = $1
    and stage = $2
    and attempt = $3";

const CARDS_SWITCH: &str = "
update card
set side = $2
where id in (select legacy_card.card from legacy_card where legacy_card.account = $1)";

const UNFINISHED: &str = "
select count(*)
from card_authorization
where due_at is not null
    and card in (select legacy_card.card from legacy_card where legacy_card.account = $1)";

/// Those on their way first, so that few are.
const ACCOUNTS_NEXT: &str = "
select account, programme, place, stage, attempt, since
from legacy_account
where programme = $1
    and (stage > 1 or (stage = 1 and place < $2) or (stage = 0 and place >= $2))
order by stage desc, place, account
limit $3";

const ACCOUNTS_STALE: &str = "
select account, programme, place, stage, attempt, since
from legacy_account
where programme = $1
    and stage = 1
    and copied_at < $2
order by copied_at, account
limit $3";

const ACCOUNT_COPIED: &str = "
update legacy_account
set copied_at = $2
where account = $1";

const COUNTS: &str = "
select stage, count(*)
from legacy_account
where programme = $1
group by stage";

const DISAGREEMENTS: &str = "
select account, note
from legacy_account
where programme = $1
    and note <> ''
order by account
limit $2";

const DISAGREEMENTS_FORGET: &str = "
update legacy_account
set note = ''
where programme = $1
    and note <> ''";

const DIFFERENCES_LIST: &str = "
select field, theirs, ours, count
from legacy_difference
where programme = $1
order by count desc, field, theirs, ours
limit $2";

/// Nothing else is on its way on the card.
const RECORD_PUT: &str = "
insert into card_authorization (id, card, due_at, body)
values ($1, $2, null, $3)
on conflict (id) do update set body = excluded.body";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[
    CARD_ADD,
    CARD_KNOWN,
    CARD_FIND,
    CARDS_OF_ACCOUNT,
    ACCOUNT_ADD,
    ACCOUNT_FIND,
    ACCOUNT_SWITCH,
    CARDS_SWITCH,
    UNFINISHED,
    ACCOUNTS_NEXT,
    ACCOUNTS_STALE,
    ACCOUNT_COPIED,
    COUNTS,
    DISAGREEMENTS,
    DISAGREEMENTS_FORGET,
    DIFFERENCES_LIST,
    RECORD_PUT,
];

pub(crate) async fn add_card(
    tx: &Tx,
    programme: ProgrammeId,
    (account, place): (&AccountPath, i64),
    there: CardThere,
) -> Result<(), DbError> {
    let (card, old_card, token) = (there.card.to_bytes(), there.old_card.to_bytes(), there.old_token.to_bytes());
    let (programme, account) = (programme.to_bytes(), Value::Text(account.as_str()));
    let values =
        [Value::Bytes(&card), Value::Bytes(&programme), account, Value::Bytes(&old_card), Value::Bytes(&token)];
    tx.execute(CARD_ADD, &values).await?;
    tx.execute(ACCOUNT_ADD, &[account, Value::Bytes(&programme), Value::Int(place)]).await.map(drop)
}

pub(crate) async fn is_known(tx: &Tx, programme: ProgrammeId, old_card: CardId) -> Result<bool, DbError> {
    let values = [Value::Bytes(&programme.to_bytes()), Value::Bytes(&old_card.to_bytes())];
    Ok(!tx.query(CARD_KNOWN, &values).await?.is_empty())
}

pub(crate) async fn card(tx: &Tx, card: CardId) -> Result<Option<CardThere>, DbError> {
    tx.query(CARD_FIND, &[Value::Bytes(&card.to_bytes())]).await?.first().map(there).transpose()
}

pub(crate) async fn cards(tx: &Tx, account: &AccountPath) -> Result<Vec<CardThere>, DbError> {
    tx.query(CARDS_OF_ACCOUNT, &[Value::Text(account.as_str())]).await?.iter().map(there).collect()
}

fn there(row: &Row) -> Result<CardThere, DbError> {
    let card = CardId::from_bytes(row.array(0)?);
    Ok(CardThere { card, old_card: CardId::from_bytes(row.array(1)?), old_token: Token::from_bytes(row.array(2)?) })
}

pub(crate) async fn account(tx: &Tx, path: &AccountPath) -> Result<Option<Account>, DbError> {
    tx.query(ACCOUNT_FIND, &[Value::Text(path.as_str())]).await?.first().map(account_of).transpose()
}

fn account_of(row: &Row) -> Result<Account, DbError> {
    let wrong = |what: &str| DbError::shape(format!("an account that moves: {what}"));
    let path = row.text(0)?.parse().map_err(|_| wrong("its path"))?;
    let programme = ProgrammeId::from_bytes(row.array(1)?);
    let stage = Stage::from_repr(row.int(3)?).ok_or_else(|| wrong("its stage"))?;
    let since = Timestamp::from_micros(row.int(5)?);
    Ok(Account { path, programme, place: row.int(2)?, stage, attempt: row.int(4)?, since })
}

/// Whether the account was where it was thought to be.
pub(crate) async fn switch(tx: &Tx, before: &Account, after: &Account, note: &str) -> Result<bool, DbError> {
    let path = Value::Text(before.path.as_str());
    let values = [
        path,
        Value::Int(before.stage as i64),
        Value::Int(before.attempt),
        Value::Int(after.stage as i64),
        Value::Int(after.attempt),
        Value::Int(after.since.micros()),
        Value::Text(note),
    ];
    if tx.execute(ACCOUNT_SWITCH, &values).await? == 0 {
        return Ok(false);
    }
    tx.execute(CARDS_SWITCH, &[path, Value::Int(after.stage.side() as i64)]).await?;
    Ok(true)
}

/// Whether something of the account's cards is on its way.
pub(crate) async fn is_unfinished(tx: &Tx, account: &AccountPath) -> Result<bool, DbError> {
    let rows = tx.query(UNFINISHED, &[Value::Text(account.as_str())]).await?;
    Ok(rows.first().map_or(Ok(0), |row| row.int(0))? > 0)
}

pub(crate) async fn next(tx: &Tx, programme: ProgrammeId, places: u32, max: i64) -> Result<Vec<Account>, DbError> {
    let values = [Value::Bytes(&programme.to_bytes()), Value::Int(places.into()), Value::Int(max)];
    tx.query(ACCOUNTS_NEXT, &values).await?.iter().map(account_of).collect()
}

/// Accounts of theirs whose balance was not copied since.
pub(crate) async fn stale(
    tx: &Tx,
    programme: ProgrammeId,
    since: Timestamp,
    max: i64,
) -> Result<Vec<Account>, DbError> {
    let values = [Value::Bytes(&programme.to_bytes()), Value::Int(since.micros()), Value::Int(max)];
    tx.query(ACCOUNTS_STALE, &values).await?.iter().map(account_of).collect()
}

pub(crate) async fn copied(tx: &Tx, account: &AccountPath, at: Timestamp) -> Result<(), DbError> {
    tx.execute(ACCOUNT_COPIED, &[Value::Text(account.as_str()), Value::Int(at.micros())]).await.map(drop)
}

pub(crate) async fn counts(tx: &Tx, programme: ProgrammeId) -> Result<AccountsBySide, DbError> {
    let mut counts = AccountsBySide::default();
    for row in tx.query(COUNTS, &[Value::Bytes(&programme.to_bytes())]).await? {
        let count = row.int(1)?.unsigned_abs();
        match Stage::from_repr(row.int(0)?).map(Stage::side) {
            Some(Side::Ours) => counts.ours += count,
            Some(Side::Theirs) => counts.theirs += count,
            Some(Side::Moving) | None => counts.moving += count,
        }
    }
    Ok(counts)
}

pub(crate) async fn disagreements(tx: &Tx, programme: ProgrammeId, max: i64) -> Result<Vec<Disagreement>, DbError> {
    let rows = tx.query(DISAGREEMENTS, &[Value::Bytes(&programme.to_bytes()), Value::Int(max)]).await?;
    let one = |row: &Row| {
        let account = row.text(0)?.parse().map_err(|_| DbError::shape("an account's path"))?;
        Ok(Disagreement { account, detail: row.text(1)?.to_owned() })
    };
    rows.iter().map(one).collect()
}

pub(crate) async fn forget_disagreements(tx: &Tx, programme: ProgrammeId) -> Result<(), DbError> {
    tx.execute(DISAGREEMENTS_FORGET, &[Value::Bytes(&programme.to_bytes())]).await.map(drop)
}

/// Decisions that were compared, and how they differed.
pub(crate) async fn differences(
    tx: &Tx,
    programme: ProgrammeId,
    max: i64,
) -> Result<(u64, Vec<DifferenceCount>), DbError> {
    let (mut compared, mut all) = (0, Vec::new());
    for row in tx.query(DIFFERENCES_LIST, &[Value::Bytes(&programme.to_bytes()), Value::Int(max)]).await? {
        let (field, count) = (row.text(0)?, row.int(3)?.unsigned_abs());
        let (theirs, ours) = (row.text(1)?.to_owned(), row.text(2)?.to_owned());
        match field {
            shadow::COMPARED => compared = count,
            _ => all.push(DifferenceCount { field: field.to_owned(), theirs, ours, count }),
        }
    }
    Ok((compared, all))
}

pub(crate) async fn put_record(tx: &Tx, record: &Record) -> Result<(), DbError> {
    let Some(card) = &record.card else { return Ok(()) };
    let (id, card, body) = (record.id.to_bytes(), card.id.to_bytes(), json(record)?);
    tx.execute(RECORD_PUT, &[Value::Bytes(&id), Value::Bytes(&card), Value::Text(&body)]).await.map(drop)
}
