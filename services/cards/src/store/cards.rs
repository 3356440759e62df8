//! Programmes and cards as rows.

use platform::db::{Column, DbError, Row, Tx, Value};
use vault_api::Token;

use super::{PROGRAMMES, body, json};
use crate::card::{Card, CardId};
use crate::legacy::Side;
use crate::programme::{Programme, ProgrammeId};

const PROGRAMME_PUT: &str = "
insert into programme (id, version, body)
values ($1, $2, $3)
on conflict (id) do update set version = excluded.version, body = excluded.body";

const PROGRAMME_LIST: &str = "
select body
from programme
order by id";

const CARD_ADD: &str = "
insert into card (id, token, owner, account, blocked, side, body)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (token) do nothing";

const CARD_CHANGE: &str = "
update card
set body = $2
where id = $1";

/// A change and another one of the same card take turns.
const CARD_LOCK: &str = "
update card
set id = id
where id = $1";

const CARD_FIND: &str = "
select blocked, side, body
from card
where id = $1";

const CARDS_OF_OWNER: &str = "
select blocked, side, body
from card
where owner = $1
    and id > $2
order by id
limit $3";

const CARDS_OF_ALL: &str = "
select blocked, side, body
from card
where id > $1
order by id
limit $2";

const ACCOUNT_BLOCK: &str = "
update card
set blocked = $2
where account = $1";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[
    PROGRAMME_PUT,
    PROGRAMME_LIST,
    CARD_ADD,
    CARD_CHANGE,
    CARD_LOCK,
    CARD_FIND,
    CARDS_OF_OWNER,
    CARDS_OF_ALL,
    ACCOUNT_BLOCK,
];

pub(crate) async fn put_programme(tx: &Tx, programme: &Programme) -> Result<(), DbError> {
    let (id, text) = (programme.id.to_bytes(), json(programme)?);
    let values = [Value::Bytes(&id), Value::Int(programme.version), Value::Text(&text)];
    tx.execute(PROGRAMME_PUT, &values).await.map(drop)
}

pub(crate) async fn programme_of(tx: &Tx, id: ProgrammeId) -> Result<Option<Programme>, DbError> {
    let rows = tx.select_many(&PROGRAMMES, Column::Id(&[id.to_bytes()])).await?;
    rows.first().map(|row| body(row, 2)).transpose()
}

pub(crate) async fn programme_list(tx: &Tx) -> Result<Vec<Programme>, DbError> {
    tx.query(PROGRAMME_LIST, &[]).await?.iter().map(|row| body(row, 0)).collect()
}

/// Whether its token was unused.
pub(crate) async fn add_card(tx: &Tx, card: &Card) -> Result<bool, DbError> {
    let (id, token, text) = (card.id.to_bytes(), card.token.to_bytes(), json(card)?);
    let values = [
        Value::Bytes(&id),
        Value::Bytes(&token),
        card.owner.as_deref().map_or(Value::Null, Value::Text),
        Value::Text(card.account.as_str()),
        Value::Int(card.account_blocked.into()),
        Value::Int(card.side as i64),
        Value::Text(&text),
    ];
    Ok(tx.execute(CARD_ADD, &values).await? == 1)
}

pub(crate) async fn change_card(tx: &Tx, card: &Card) -> Result<(), DbError> {
    let (id, text) = (card.id.to_bytes(), json(card)?);
    tx.execute(CARD_CHANGE, &[Value::Bytes(&id), Value::Text(&text)]).await.map(drop)
}

/// In a transaction that will change it: no other one does meanwhile.
pub(crate) async fn card_of(tx: &Tx, id: CardId, locked: bool) -> Result<Option<Card>, DbError> {
    let id = id.to_bytes();
    if locked {
        tx.execute(CARD_LOCK, &[Value::Bytes(&id)]).await?;
    }
    tx.query(CARD_FIND, &[Value::Bytes(&id)]).await?.first().map(card).transpose()
}

pub(crate) async fn card_of_token(tx: &Tx, token: Token) -> Result<Option<Card>, DbError> {
    let rows = tx.select_many(&super::CARDS_BY_TOKEN, Column::Id(&[token.to_bytes()])).await?;
    rows.first().map(|row| card_by_token(row).map(|(_, card)| card)).transpose()
}

/// Everybody's, if there is no owner.
pub(crate) async fn cards_of_owner(
    tx: &Tx,
    owner: Option<&str>,
    after: CardId,
    max: usize,
) -> Result<Vec<Card>, DbError> {
    let (after, max) = (after.to_bytes(), max as i64);
    let rows = match owner {
        Some(owner) => {
            let values = [Value::Text(owner), Value::Bytes(&after), Value::Int(max)];
            tx.query(CARDS_OF_OWNER, &values).await?
        }
        None => tx.query(CARDS_OF_ALL, &[Value::Bytes(&after), Value::Int(max)]).await?,
    };
    rows.iter().map(card).collect()
}

pub(crate) async fn block_account(tx: &Tx, account: &str, blocked: bool) -> Result<(), DbError> {
    tx.execute(ACCOUNT_BLOCK, &[Value::Text(account), Value::Int(blocked.into())]).await.map(drop)
}

pub(super) fn card(row: &Row) -> Result<Card, DbError> {
    placed(body(row, 2)?, row, 0)
}

/// From the set of rows by token.
pub(crate) fn card_by_token(row: &Row) -> Result<(Token, Card), DbError> {
    Ok((Token::from_bytes(row.array(0)?), placed(body(row, 4)?, row, 2)?))
}

/// With what is stored beside its body: two columns, from this one on.
fn placed(card: Card, row: &Row, column: usize) -> Result<Card, DbError> {
    let side = Side::from_repr(row.int(column + 1)?).ok_or_else(|| DbError::shape("a card's side"))?;
    Ok(Card { account_blocked: row.int(column)? != 0, side, ..card })
}
