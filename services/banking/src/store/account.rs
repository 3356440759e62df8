//! Bank accounts.

use banking_api::{AccountId, AccountKind, InterimReports, Source};
use kernel::{Currency, Timestamp};
use platform::db::{DbError, Row, Tx, Value};

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[
    ACCOUNT_ADD,
    ACCOUNT_LAST,
    ACCOUNT_OF_ID,
    ACCOUNT_OF_SEQ,
    ACCOUNT_OF_NUMBER,
    ACCOUNT_LIST,
    ACCOUNT_LIST_OWN,
    ACCOUNT_CHANGE,
];

const ACCOUNT_ADD: &str = "
insert into account (seq, id, number_key, subject, owner, entity, kind, currency, last_four, interim, created_at, lead_source)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

const ACCOUNT_LAST: &str = "
select cast(coalesce(max(seq), 0) as BIGINT)
from account";

const ACCOUNT_OF_ID: &str = "
select seq, id, subject, owner, entity, kind, currency, last_four, interim, created_at, lead_source
from account
where id = $1";

const ACCOUNT_OF_SEQ: &str = "
select seq, id, subject, owner, entity, kind, currency, last_four, interim, created_at, lead_source
from account
where seq = $1";

const ACCOUNT_OF_NUMBER: &str = "
select seq, id, subject, owner, entity, kind, currency, last_four, interim, created_at, lead_source
from account
where number_key = $1";

const ACCOUNT_LIST: &str = "
select seq, id, subject, owner, entity, kind, currency, last_four, interim, created_at, lead_source
from account
where seq > $1
order by seq
limit $2";

const ACCOUNT_LIST_OWN: &str = "
select seq, id, subject, owner, entity, kind, currency, last_four, interim, created_at, lead_source
from account
where owner = $3
    and seq > $1
order by seq
limit $2";

const ACCOUNT_CHANGE: &str = "
update account
set kind = $2, interim = $3, lead_source = $4
where seq = $1";

#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) seq: i64,
    pub(crate) id: AccountId,
    /// Whose key seals its texts.
    pub(crate) subject: String,
    pub(crate) owner: Option<String>,
    pub(crate) entity: Option<String>,
    pub(crate) kind: AccountKind,
    pub(crate) currency: Currency,
    pub(crate) last_four: String,
    pub(crate) interim: InterimReports,
    pub(crate) created_at: Timestamp,
    pub(crate) leading: Option<Source>,
}

fn read(row: &Row) -> Result<Account, DbError> {
    let text = |column| row.text_or_null(column).map(|text| text.map(str::to_owned));
    Ok(Account {
        seq: row.int(0)?,
        id: super::id(row, 1)?,
        subject: row.text(2)?.to_owned(),
        owner: text(3)?,
        entity: text(4)?,
        kind: super::name(row, 5)?,
        currency: super::money_currency(row, 6)?,
        last_four: row.text(7)?.to_owned(),
        interim: super::name(row, 8)?,
        created_at: Timestamp::from_micros(row.int(9)?),
        leading: row.int_or_null(10)?.and_then(|number| Source::from_repr(u8::try_from(number).ok()?)),
    })
}

pub(crate) async fn add(tx: &Tx, account: &Account, number_key: &[u8]) -> Result<(), DbError> {
    let text = |text: &'static str| Value::Text(text);
    let id = account.id.to_bytes();
    let values = [
        Value::Int(account.seq),
        Value::Bytes(&id),
        Value::Bytes(number_key),
        Value::Text(&account.subject),
        account.owner.as_deref().map_or(Value::Null, Value::Text),
        account.entity.as_deref().map_or(Value::Null, Value::Text),
        text(account.kind.into()),
        Value::Text(account.currency.code()),
        Value::Text(&account.last_four),
        text(account.interim.into()),
        Value::Int(account.created_at.micros()),
        leading(account),
    ];
    tx.execute(ACCOUNT_ADD, &values).await.map(drop)
}

fn leading(account: &Account) -> Value<'static> {
    account.leading.map_or(Value::Null, |source| Value::Int(source as i64))
}

pub(crate) async fn next(tx: &Tx) -> Result<i64, DbError> {
    let rows = tx.query(ACCOUNT_LAST, &[]).await?;
    Ok(rows.first().map_or(Ok(0), |row| row.int(0))? + 1)
}

async fn find(tx: &Tx, sql: &'static str, value: Value<'_>) -> Result<Option<Account>, DbError> {
    tx.query(sql, &[value]).await?.first().map(read).transpose()
}

pub(crate) async fn of_id(tx: &Tx, id: AccountId) -> Result<Option<Account>, DbError> {
    find(tx, ACCOUNT_OF_ID, Value::Bytes(&id.to_bytes())).await
}

pub(crate) async fn of_seq(tx: &Tx, seq: i64) -> Result<Account, DbError> {
    let found = find(tx, ACCOUNT_OF_SEQ, Value::Int(seq)).await?;
    found.ok_or_else(|| DbError::shape(format!("there is no account {seq}")))
}

pub(crate) async fn of_number(tx: &Tx, key: &[u8]) -> Result<Option<Account>, DbError> {
    find(tx, ACCOUNT_OF_NUMBER, Value::Bytes(key)).await
}

/// In the order in which they were made; `owner` narrows the list.
pub(crate) async fn list(tx: &Tx, owner: Option<&str>, after: i64, limit: usize) -> Result<Vec<Account>, DbError> {
    let limit = Value::Int(i64::try_from(limit).unwrap_or(i64::MAX));
    let rows = match owner {
        Some(owner) => tx.query(ACCOUNT_LIST_OWN, &[Value::Int(after), limit, Value::Text(owner)]).await?,
        None => tx.query(ACCOUNT_LIST, &[Value::Int(after), limit]).await?,
    };
    rows.iter().map(read).collect()
}

pub(crate) async fn change(tx: &Tx, account: &Account) -> Result<(), DbError> {
    let (kind, interim): (&str, &str) = (account.kind.into(), account.interim.into());
    let values = [Value::Int(account.seq), Value::Text(kind), Value::Text(interim), leading(account)];
    tx.execute(ACCOUNT_CHANGE, &values).await.map(drop)
}
