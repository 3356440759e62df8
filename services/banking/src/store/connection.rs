//! Connections, and how far their accounts have been read.

use banking_api::{AccountId, ConnectionId, ConnectionState};
use kernel::Timestamp;
use platform::db::{DbError, Row, Tx, Value};

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[
    CONNECTION_ADD,
    CONNECTION_LAST,
    CONNECTION_OF_ID,
    CONNECTION_OF_SEQ,
    CONNECTION_LIST,
    CONNECTION_LIST_OWN,
    CONNECTION_DUE,
    CONNECTION_CLAIM,
    CONNECTION_SAVE,
    CONNECTION_CALLS,
    CONNECTION_ACCOUNTS,
    SYNCED_GET,
    SYNCED_PUT,
    SYNCED_ADOPT,
    CONNECTION_DUE_AT,
    CLAIMS_END,
    CONNECTION_AGES,
];

macro_rules! connections {
    ($rest:literal) => {
        concat!(
            "
select seq, id, bank, base_url, subject, owner, entity, import, state, reason, since, synced_at, due_at,
    claimed_until, failures, window_at, calls, created_at
from connection
",
            $rest
        )
    };
}

const CONNECTION_ADD: &str = "
insert into connection (seq, id, bank, base_url, subject, owner, entity, import, state, since, due_at, claimed_until,
    failures, window_at, calls, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, 0, 0, $10)";

const CONNECTION_LAST: &str = "
select cast(coalesce(max(seq), 0) as BIGINT)
from connection";

const CONNECTION_OF_ID: &str = connections!("where id = $1");
const CONNECTION_OF_SEQ: &str = connections!("where seq = $1");
const CONNECTION_LIST: &str = connections!("order by seq\nlimit 1000");
const CONNECTION_LIST_OWN: &str = connections!("where owner = $1\norder by seq\nlimit 1000");

const CONNECTION_DUE: &str = "
select seq
from connection
where due_at <= $1
    and claimed_until < $1
    and state in ('new', 'active', 'failing')
order by due_at
limit $2";

const CONNECTION_CLAIM: &str = "
update connection
set claimed_until = $3
where seq = $1
    and claimed_until = $2";

const CONNECTION_SAVE: &str = "
update connection
set state = $2, reason = $3, since = $4, synced_at = $5, due_at = $6, failures = $7
where seq = $1";

/// Calls in the current window of the rate limit; a new window begins at `$3`.
const CONNECTION_CALLS: &str = "
update connection
set calls = case when window_at = $3 then calls + 1 else 1 end, window_at = $3
where seq = $1
    and (window_at <> $3 or calls < $2)";

const CONNECTION_ACCOUNTS: &str = "
select account.id
from connection_account
join account on account.seq = connection_account.account
where connection_account.connection = $1
order by account.seq
limit 500";

const SYNCED_GET: &str = "
select synced_to
from connection_account
where connection = $1
    and account = $2";

const SYNCED_PUT: &str = "
insert into connection_account (connection, account, synced_to)
values ($1, $2, $3)
on conflict (connection, account) do update set synced_to = excluded.synced_to";

/// The accounts of an import are the connection's.
const SYNCED_ADOPT: &str = "
insert into connection_account (connection, account, synced_to)
select cast($1 as BIGINT), account, cast($3 as BIGINT)
from statement
where import = $2
group by account
on conflict (connection, account) do update set synced_to = excluded.synced_to";

const CONNECTION_DUE_AT: &str = "
update connection
set due_at = $2
where seq = $1
    and due_at > $2";

const CONNECTION_AGES: &str = "
select bank, min(coalesce(synced_at, created_at))
from connection
where state <> 'disabled'
group by bank";

const CLAIMS_END: &str = "
update connection
set claimed_until = 0
where claimed_until > 0";

#[derive(Debug, Clone)]
pub(crate) struct Linked {
    pub(crate) seq: i64,
    pub(crate) id: ConnectionId,
    pub(crate) bank: String,
    pub(crate) base_url: String,
    pub(crate) subject: String,
    pub(crate) owner: Option<String>,
    pub(crate) entity: Option<String>,
    /// Everything that it tells.
    pub(crate) import: i64,
    pub(crate) state: ConnectionState,
    pub(crate) reason: Option<String>,
    pub(crate) since: Timestamp,
    pub(crate) synced_at: Option<Timestamp>,
    pub(crate) due_at: i64,
    pub(crate) claimed_until: i64,
    pub(crate) failures: i64,
    pub(crate) created_at: Timestamp,
}

fn read(row: &Row) -> Result<Linked, DbError> {
    let text = |column| row.text_or_null(column).map(|text| text.map(str::to_owned));
    Ok(Linked {
        seq: row.int(0)?,
        id: super::id(row, 1)?,
        bank: row.text(2)?.to_owned(),
        base_url: row.text(3)?.to_owned(),
        subject: row.text(4)?.to_owned(),
        owner: text(5)?,
        entity: text(6)?,
        import: row.int(7)?,
        state: super::name(row, 8)?,
        reason: text(9)?,
        since: Timestamp::from_micros(row.int(10)?),
        synced_at: row.int_or_null(11)?.map(Timestamp::from_micros),
        due_at: row.int(12)?,
        claimed_until: row.int(13)?,
        failures: row.int(14)?,
        created_at: Timestamp::from_micros(row.int(17)?),
    })
}

pub(crate) async fn add(tx: &Tx, linked: &Linked) -> Result<(), DbError> {
    let (id, state): (_, &str) = (linked.id.to_bytes(), linked.state.into());
    let values = [
        Value::Int(linked.seq),
        Value::Bytes(&id),
        Value::Text(&linked.bank),
        Value::Text(&linked.base_url),
        Value::Text(&linked.subject),
        linked.owner.as_deref().map_or(Value::Null, Value::Text),
        linked.entity.as_deref().map_or(Value::Null, Value::Text),
        Value::Int(linked.import),
        Value::Text(state),
        Value::Int(linked.since.micros()),
        Value::Int(linked.due_at),
    ];
    tx.execute(CONNECTION_ADD, &values).await.map(drop)
}

pub(crate) async fn next(tx: &Tx) -> Result<i64, DbError> {
    let rows = tx.query(CONNECTION_LAST, &[]).await?;
    Ok(rows.first().map_or(Ok(0), |row| row.int(0))? + 1)
}

pub(crate) async fn of_id(tx: &Tx, id: ConnectionId) -> Result<Option<Linked>, DbError> {
    tx.query(CONNECTION_OF_ID, &[Value::Bytes(&id.to_bytes())]).await?.first().map(read).transpose()
}

pub(crate) async fn of_seq(tx: &Tx, seq: i64) -> Result<Option<Linked>, DbError> {
    tx.query(CONNECTION_OF_SEQ, &[Value::Int(seq)]).await?.first().map(read).transpose()
}

pub(crate) async fn list(tx: &Tx, owner: Option<&str>) -> Result<Vec<Linked>, DbError> {
    let rows = match owner {
        Some(owner) => tx.query(CONNECTION_LIST_OWN, &[Value::Text(owner)]).await?,
        None => tx.query(CONNECTION_LIST, &[]).await?,
    };
    rows.iter().map(read).collect()
}

pub(crate) async fn due(tx: &Tx, now: i64, max: i64) -> Result<Vec<i64>, DbError> {
    tx.query(CONNECTION_DUE, &[now, max].map(Value::Int)).await?.iter().map(|row| row.int(0)).collect()
}

/// Takes it from a claim that has ended, or renews or ends one's own. False if another process has it.
pub(crate) async fn claim(tx: &Tx, seq: i64, from: i64, until: i64) -> Result<bool, DbError> {
    Ok(tx.execute(CONNECTION_CLAIM, &[seq, from, until].map(Value::Int)).await? == 1)
}

pub(crate) async fn save(tx: &Tx, linked: &Linked) -> Result<(), DbError> {
    let state: &str = linked.state.into();
    let values = [
        Value::Int(linked.seq),
        Value::Text(state),
        linked.reason.as_deref().map_or(Value::Null, Value::Text),
        Value::Int(linked.since.micros()),
        linked.synced_at.map_or(Value::Null, |at| Value::Int(at.micros())),
        Value::Int(linked.due_at),
        Value::Int(linked.failures),
    ];
    tx.execute(CONNECTION_SAVE, &values).await.map(drop)
}

/// Counts one call; false if the window has no more.
pub(crate) async fn count_call(tx: &Tx, seq: i64, max: i64, window_at: i64) -> Result<bool, DbError> {
    Ok(tx.execute(CONNECTION_CALLS, &[seq, max, window_at].map(Value::Int)).await? == 1)
}

pub(crate) async fn accounts(tx: &Tx, seq: i64) -> Result<Vec<AccountId>, DbError> {
    tx.query(CONNECTION_ACCOUNTS, &[Value::Int(seq)]).await?.iter().map(|row| super::id(row, 0)).collect()
}

/// The last day of the account that has been read.
pub(crate) async fn synced_to(tx: &Tx, seq: i64, account: i64) -> Result<Option<i64>, DbError> {
    let rows = tx.query(SYNCED_GET, &[seq, account].map(Value::Int)).await?;
    rows.first().map(|row| row.int(0)).transpose()
}

pub(crate) async fn set_synced(tx: &Tx, seq: i64, account: i64, day: i64) -> Result<(), DbError> {
    tx.execute(SYNCED_PUT, &[seq, account, day].map(Value::Int)).await.map(drop)
}

/// The next round is not later than this.
pub(crate) async fn set_due(tx: &Tx, seq: i64, at: i64) -> Result<(), DbError> {
    tx.execute(CONNECTION_DUE_AT, &[seq, at].map(Value::Int)).await.map(drop)
}

pub(crate) async fn adopt(tx: &Tx, seq: i64, import: i64, day: i64) -> Result<(), DbError> {
    tx.execute(SYNCED_ADOPT, &[seq, import, day].map(Value::Int)).await.map(drop)
}

/// At the start of a process that has the store alone: no other process can have a claim.
pub(crate) async fn end_claims(tx: &Tx) -> Result<(), DbError> {
    tx.execute(CLAIMS_END, &[]).await.map(drop)
}

/// Banks, and when the connection that was read longest ago was read.
pub(crate) async fn read_longest_ago(tx: &Tx) -> Result<Vec<(String, i64)>, DbError> {
    let rows = tx.query(CONNECTION_AGES, &[]).await?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?))).collect()
}
