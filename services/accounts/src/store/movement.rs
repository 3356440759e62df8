//! The index of movements. A movement's id is its key: month, account and log row.

use accounts_api::{AccountId, Category, Kind, MovementId, MovementStatus};
use kernel::Id;
use ledger_api::TransactionId;
use platform::db::{Column, DbError, Row, RowSet, Tx, Value};

use super::limit;

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[
    MOVEMENT_OF,
    MOVEMENTS_OF_ACCOUNT,
    MOVEMENTS_OF_ALL,
    MOVEMENTS_OF_MONTH,
    MOVEMENTS_OPEN,
    MOVEMENT_HELD,
    MOVEMENT_CATEGORY,
    MOVEMENTS_CLEAR,
    CURSOR,
    CURSOR_CLEAR,
];

#[cfg(test)]
pub(crate) const SETS: &[&RowSet] = &[&MOVEMENT_ADD];

static MOVEMENT_ADD: RowSet = RowSet::new(
    "movement",
    &[
        ("month", "bigint"),
        ("account", "bigint"),
        ("seq", "bigint"),
        ("at", "bigint"),
        ("effective_at", "bigint"),
        ("minor", "bigint"),
        ("kind", "smallint"),
        ("category", "smallint"),
        ("chosen", "smallint"),
        ("status", "smallint"),
        ("txn", "bytea"),
        ("counterpart", "text"),
        ("source", "text"),
        ("mcc", "text"),
        ("sealed", "bytea"),
    ],
);

macro_rules! movements {
    ($rest:literal) => {
        concat!(
            "
select month, account, seq, at, effective_at, minor, kind, category, chosen, status, txn, counterpart, source, mcc, sealed
from movement
",
            $rest
        )
    };
}

const MOVEMENT_OF: &str = movements!(
    "where month = $1
    and account = $2
    and seq = $3"
);

const MOVEMENTS_OF_ACCOUNT: &str = movements!(
    "where month = $1
    and account = $2
    and seq < $3
order by seq desc
limit $4"
);

const MOVEMENTS_OF_ALL: &str = movements!(
    "where seq < $1
order by seq desc
limit $2"
);

/// What moved in a month, the oldest first.
const MOVEMENTS_OF_MONTH: &str = movements!(
    "where month = $1
    and account = $2
    and seq > $3
    and status = 1
order by seq
limit $4"
);

const MOVEMENTS_OPEN: &str = movements!(
    "where txn = $1
    and status = 0"
);

/// What remains of a hold.
const MOVEMENT_HELD: &str = "
update movement
set minor = $4, status = $5
where month = $1
    and account = $2
    and seq = $3";

const MOVEMENT_CATEGORY: &str = "
update movement
set category = $4, chosen = 1
where month = $1
    and account = $2
    and seq = $3";

const MOVEMENTS_CLEAR: &str = "
delete from movement
where seq in (
    select seq
    from movement
    order by seq
    limit $1
)";

const CURSOR: &str = "
select seq
from feed_cursor
where feed = $1";

const CURSOR_CLEAR: &str = "
delete from feed_cursor
where feed = $1";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) month: i64,
    pub(crate) account: i64,
    pub(crate) seq: i64,
}

impl Key {
    pub(crate) fn id(self) -> MovementId {
        let part = |value: i64, bits: u32| u128::from(value.unsigned_abs()) & ((1 << bits) - 1);
        Id::from_bits((part(self.month, 16) << 112) | (part(self.account, 48) << 64) | part(self.seq, 63))
    }

    pub(crate) fn of(id: MovementId) -> Key {
        let part = |shift: u32, bits: u32| i64::try_from((id.bits() >> shift) & ((1 << bits) - 1)).unwrap_or_default();
        Key { month: part(112, 16), account: part(64, 48), seq: part(0, 63) }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct MovementRow {
    pub(crate) key: Key,
    pub(crate) at: i64,
    pub(crate) effective_at: i64,
    pub(crate) minor: i64,
    pub(crate) kind: Kind,
    pub(crate) category: Category,
    pub(crate) chosen: bool,
    pub(crate) status: MovementStatus,
    pub(crate) txn: TransactionId,
    pub(crate) counterpart: String,
    pub(crate) source: Option<String>,
    pub(crate) mcc: Option<String>,
    /// Empty if there is no text.
    pub(crate) sealed: Vec<u8>,
}

fn read(row: &Row) -> Result<MovementRow, DbError> {
    let repr = |column: usize| row.int(column).map(|value| u8::try_from(value).unwrap_or(u8::MAX));
    let unknown = || DbError::shape("a movement with a number that is not known");
    let text = |column| row.text_or_null(column).map(|text| text.map(str::to_owned));
    Ok(MovementRow {
        key: Key { month: row.int(0)?, account: row.int(1)?, seq: row.int(2)? },
        at: row.int(3)?,
        effective_at: row.int(4)?,
        minor: row.int(5)?,
        kind: Kind::from_repr(repr(6)?).ok_or_else(unknown)?,
        category: Category::from_repr(repr(7)?).ok_or_else(unknown)?,
        chosen: row.int(8)? == 1,
        status: MovementStatus::from_repr(repr(9)?).ok_or_else(unknown)?,
        txn: super::id(row, 10)?,
        counterpart: row.text(11)?.to_owned(),
        source: text(12)?,
        mcc: text(13)?,
        sealed: row.bytes(14)?.to_vec(),
    })
}

pub(crate) async fn add(tx: &Tx, all: &[MovementRow]) -> Result<(), DbError> {
    let column = |of: fn(&MovementRow) -> i64| all.iter().map(of).collect::<Vec<i64>>();
    let (months, accounts, seqs) = (column(|m| m.key.month), column(|m| m.key.account), column(|m| m.key.seq));
    let (times, effective, minors) = (column(|m| m.at), column(|m| m.effective_at), column(|m| m.minor));
    let (kinds, categories) = (column(|m| m.kind as i64), column(|m| m.category as i64));
    let (chosen, statuses) = (column(|m| i64::from(m.chosen)), column(|m| m.status as i64));
    let ids: Vec<[u8; 16]> = all.iter().map(|one| one.txn.to_bytes()).collect();
    let counterparts: Vec<String> = all.iter().map(|one| one.counterpart.clone()).collect();
    let sources: Vec<Option<String>> = all.iter().map(|one| one.source.clone()).collect();
    let mccs: Vec<Option<String>> = all.iter().map(|one| one.mcc.clone()).collect();
    let sealed: Vec<Vec<u8>> = all.iter().map(|one| one.sealed.clone()).collect();
    let columns = [
        Column::Int(&months),
        Column::Int(&accounts),
        Column::Int(&seqs),
        Column::Int(&times),
        Column::Int(&effective),
        Column::Int(&minors),
        Column::Int(&kinds),
        Column::Int(&categories),
        Column::Int(&chosen),
        Column::Int(&statuses),
        Column::Id(&ids),
        Column::Text(&counterparts),
        Column::TextOrNull(&sources),
        Column::TextOrNull(&mccs),
        Column::Bytes(&sealed),
    ];
    tx.insert_many(&MOVEMENT_ADD, &columns).await
}

pub(crate) async fn of_key(tx: &Tx, key: Key) -> Result<Option<MovementRow>, DbError> {
    tx.query(MOVEMENT_OF, &[key.month, key.account, key.seq].map(Value::Int)).await?.first().map(read).transpose()
}

/// Of one account in one month, the newest first.
pub(crate) async fn of_account(tx: &Tx, before: Key, count: usize) -> Result<Vec<MovementRow>, DbError> {
    let values = [before.month, before.account, before.seq, limit(count)].map(Value::Int);
    tx.query(MOVEMENTS_OF_ACCOUNT, &values).await?.iter().map(read).collect()
}

/// Of all accounts, the newest first.
pub(crate) async fn of_all(tx: &Tx, before: i64, count: usize) -> Result<Vec<MovementRow>, DbError> {
    tx.query(MOVEMENTS_OF_ALL, &[before, limit(count)].map(Value::Int)).await?.iter().map(read).collect()
}

/// Month, account, and the log row after which it begins; the oldest first.
pub(crate) async fn of_month(
    tx: &Tx,
    (month, account, after): (i64, i64, i64),
    count: usize,
) -> Result<Vec<MovementRow>, DbError> {
    let values = [month, account, after, limit(count)].map(Value::Int);
    tx.query(MOVEMENTS_OF_MONTH, &values).await?.iter().map(read).collect()
}

/// Those that a hold still shows.
pub(crate) async fn held(tx: &Tx, hold: TransactionId) -> Result<Vec<MovementRow>, DbError> {
    tx.query(MOVEMENTS_OPEN, &[Value::Bytes(&hold.to_bytes())]).await?.iter().map(read).collect()
}

pub(crate) async fn set_held(tx: &Tx, key: Key, minor: i64, status: MovementStatus) -> Result<(), DbError> {
    let values = [key.month, key.account, key.seq, minor, status as i64].map(Value::Int);
    tx.execute(MOVEMENT_HELD, &values).await.map(drop)
}

pub(crate) async fn set_category(tx: &Tx, key: Key, category: Category) -> Result<bool, DbError> {
    let values = [key.month, key.account, key.seq, category as i64].map(Value::Int);
    Ok(tx.execute(MOVEMENT_CATEGORY, &values).await? == 1)
}

/// The last log row of the ledger that is in the index.
pub(crate) async fn indexed_to(tx: &Tx) -> Result<u64, DbError> {
    let found = tx.query(CURSOR, &[Value::Text(crate::follow::FEED)]).await?;
    found.first().map_or(Ok(0), |row| row.int(0)).map(i64::unsigned_abs)
}

/// Removes some of the oldest; false if none is left.
pub(crate) async fn clear(tx: &Tx, count: usize) -> Result<bool, DbError> {
    Ok(tx.execute(MOVEMENTS_CLEAR, &[Value::Int(limit(count))]).await? > 0)
}

/// From the beginning of the ledger's log.
pub(crate) async fn begin_again(tx: &Tx) -> Result<(), DbError> {
    tx.execute(CURSOR_CLEAR, &[Value::Text(crate::follow::FEED)]).await.map(drop)
}

/// For the account of a path.
pub(crate) fn account_of(path: &str) -> Option<AccountId> {
    path.strip_prefix(crate::books::PREFIX)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_movements_id_is_its_key() {
        let key = Key { month: 683, account: 1_000_000, seq: 98_765_432_101 };
        assert_eq!(Key::of(key.id()), key);
    }
}
