//! Blocks of accounts.

use accounts_api::{Block, BlockId};
use kernel::Timestamp;
use platform::db::{DbError, Row, Tx, Value};

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[BLOCK_ADD, BLOCK_END, BLOCKS_OF];

const BLOCK_ADD: &str = "
insert into account_block (account, id, kind, reason, author, since, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)";

const BLOCK_END: &str = "
delete from account_block
where account = $1
    and id = $2
    and (expires_at is null or expires_at > $3)";

const BLOCKS_OF: &str = "
select id, kind, reason, author, since, expires_at
from account_block
where account = $1
    and (expires_at is null or expires_at > $2)
order by id
limit 100";

pub(crate) async fn add(tx: &Tx, account: i64, block: &Block) -> Result<(), DbError> {
    let kind: &str = block.kind.into();
    let values = [
        Value::Int(account),
        Value::Bytes(&block.id.to_bytes()),
        Value::Text(kind),
        Value::Text(&block.reason),
        Value::Text(&block.author),
        Value::Int(block.since.micros()),
        block.expires_at.map_or(Value::Null, |at| Value::Int(at.micros())),
    ];
    tx.execute(BLOCK_ADD, &values).await.map(drop)
}

pub(crate) async fn end(tx: &Tx, account: i64, block: BlockId, now: Timestamp) -> Result<bool, DbError> {
    let values = [Value::Int(account), Value::Bytes(&block.to_bytes()), Value::Int(now.micros())];
    Ok(tx.execute(BLOCK_END, &values).await? == 1)
}

pub(crate) async fn in_force(tx: &Tx, account: i64, now: Timestamp) -> Result<Vec<Block>, DbError> {
    let block = |row: &Row| {
        Ok(Block {
            id: super::id(row, 0)?,
            kind: super::name(row, 1)?,
            reason: row.text(2)?.to_owned(),
            author: row.text(3)?.to_owned(),
            since: Timestamp::from_micros(row.int(4)?),
            expires_at: row.int_or_null(5)?.map(Timestamp::from_micros),
        })
    };
    let values = [Value::Int(account), Value::Int(now.micros())];
    tx.query(BLOCKS_OF, &values).await?.iter().map(block).collect()
}
