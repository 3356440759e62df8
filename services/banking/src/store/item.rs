//! Items of Plaid: sealed tokens, and cursors.

use platform::db::{DbError, Tx, Value};

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[ITEM_GET, ITEM_ADD, ITEM_CURSOR, ITEM_REMOVE];

const ITEM_GET: &str = "
select token, read_to
from plaid_item
where connection = $1";

const ITEM_ADD: &str = "
insert into plaid_item (connection, token, read_to)
values ($1, $2, '')";

const ITEM_CURSOR: &str = "
update plaid_item
set read_to = $2
where connection = $1";

const ITEM_REMOVE: &str = "
delete from plaid_item
where connection = $1";

pub(crate) struct Item {
    /// Sealed.
    pub(crate) token: Vec<u8>,
    pub(crate) cursor: String,
}

pub(crate) async fn of_connection(tx: &Tx, connection: i64) -> Result<Option<Item>, DbError> {
    let rows = tx.query(ITEM_GET, &[Value::Int(connection)]).await?;
    let item = |row: &platform::db::Row| Ok(Item { token: row.bytes(0)?.to_vec(), cursor: row.text(1)?.to_owned() });
    rows.first().map(item).transpose()
}

pub(crate) async fn add(tx: &Tx, connection: i64, token: &[u8]) -> Result<(), DbError> {
    tx.execute(ITEM_ADD, &[Value::Int(connection), Value::Bytes(token)]).await.map(drop)
}

pub(crate) async fn set_cursor(tx: &Tx, connection: i64, cursor: &str) -> Result<(), DbError> {
    tx.execute(ITEM_CURSOR, &[Value::Int(connection), Value::Text(cursor)]).await.map(drop)
}

/// Its token is no longer known here.
pub(crate) async fn remove(tx: &Tx, connection: i64) -> Result<(), DbError> {
    tx.execute(ITEM_REMOVE, &[Value::Int(connection)]).await.map(drop)
}
