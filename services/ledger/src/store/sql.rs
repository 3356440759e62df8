//! Every statement of the ledger, by name. A test prepares each one on both engines.

use platform::db::{Migration, RowSet};

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "ledger", sql: include_str!("../../migrations/0001_ledger.sql") },
    Migration { version: 2, name: "history", sql: include_str!("../../migrations/0002_history.sql") },
    Migration { version: 3, name: "schedule", sql: include_str!("../../migrations/0003_schedule.sql") },
    Migration { version: 4, name: "search", sql: include_str!("../../migrations/0004_search.sql") },
    Migration { version: 5, name: "behind", sql: include_str!("../../migrations/0005_behind.sql") },
    Migration { version: 6, name: "ids", sql: include_str!("../../migrations/0006_ids.sql") },
    Migration { version: 7, name: "books", sql: include_str!("../../migrations/0007_books.sql") },
    Migration { version: 8, name: "lease", sql: platform::lease::LEASE_TABLES },
    Migration { version: 9, name: "erased", sql: include_str!("../../migrations/0009_erased.sql") },
];

pub(crate) static LOG: RowSet = RowSet::new("log", &[("seq", "bigint"), ("body", "bytea")]);

pub(crate) static TRANSACTION_ID: RowSet = RowSet::new("transaction_id", &[("id", "bytea"), ("seq", "bigint")]);

pub(crate) static ACCOUNT: RowSet = RowSet::new(
    "account",
    &[
        ("no", "bigint"),
        ("path", "text"),
        ("currency", "text"),
        ("scale", "bigint"),
        ("normal", "bigint"),
        ("owner", "text"),
        ("reference", "text"),
        ("opened_seq", "bigint"),
        ("opened_at", "bigint"),
    ],
);

pub(crate) static ACCOUNT_NO: RowSet = RowSet::new("account", &[("path", "text"), ("no", "bigint")]);

pub(crate) static ACCOUNT_HEAD: RowSet = RowSet::new(
    "account_head",
    &[
        ("no", "bigint"),
        ("status", "bigint"),
        ("floor", "bigint"),
        ("ceiling", "bigint"),
        ("metadata_hash", "bytea"),
        ("metadata_seq", "bigint"),
        ("posted_debits", "bigint"),
        ("posted_credits", "bigint"),
        ("pending_debits", "bigint"),
        ("pending_credits", "bigint"),
        ("version", "bigint"),
        ("holds", "bigint"),
        ("roots", "bytea"),
        ("late_posted_debits", "bigint"),
        ("late_posted_credits", "bigint"),
        ("late_pending_debits", "bigint"),
        ("late_pending_credits", "bigint"),
    ],
);

pub(crate) static ACCOUNT_METADATA: RowSet =
    RowSet::new("account_metadata", &[("account", "bigint"), ("key", "text"), ("value", "text")]);

pub(crate) static ACCOUNT_REFERENCE: RowSet =
    RowSet::new("account_reference", &[("reference", "text"), ("account", "bigint")]);

pub(crate) static TRANSACTION_REFERENCE: RowSet =
    RowSet::new("transaction_reference", &[("reference", "text"), ("seq", "bigint")]);

pub(crate) static HOLD: RowSet = RowSet::new(
    "hold",
    &[
        ("seq", "bigint"),
        ("posted", "bigint"),
        ("released", "bigint"),
        ("remaining", "bigint"),
        ("expires_at", "bigint"),
        ("expired", "bigint"),
    ],
);

pub(crate) static SCHEDULED: RowSet = RowSet::new(
    "scheduled",
    &[("seq", "bigint"), ("due_at", "bigint"), ("state", "bigint"), ("outcome", "bigint"), ("owner", "text")],
);

pub(crate) static REVERSAL: RowSet = RowSet::new("reversal", &[("seq", "bigint"), ("reversed_by", "bytea")]);

pub(crate) static ASSET: RowSet = RowSet::new("asset", &[("code", "text"), ("scale", "bigint"), ("seq", "bigint")]);

pub(crate) static METADATA: RowSet = RowSet::new("metadata", &[("seq", "bigint"), ("salt", "bytea"), ("body", "text")]);

pub(crate) static IDEMPOTENCY: RowSet =
    RowSet::new("idempotency", &[("key", "bytea"), ("command", "bytea"), ("seq", "bigint"), ("day", "bigint")]);

pub(crate) static LATE: RowSet = RowSet::new(
    "late",
    &[("account", "bigint"), ("effective_at", "bigint"), ("seq", "bigint"), ("place", "bigint"), ("amount", "bigint")],
);

pub(crate) static LATE_BUCKET: RowSet = RowSet::adding(
    "late_bucket",
    3,
    &[
        ("bits", "bigint"),
        ("account", "bigint"),
        ("bucket", "bigint"),
        ("posted_debits", "bigint"),
        ("posted_credits", "bigint"),
        ("pending_debits", "bigint"),
        ("pending_credits", "bigint"),
    ],
);

#[cfg(test)]
pub(crate) static ROW_SETS: [&RowSet; 16] = [
    &LOG,
    &TRANSACTION_ID,
    &ACCOUNT,
    &ACCOUNT_NO,
    &ACCOUNT_HEAD,
    &ACCOUNT_METADATA,
    &ACCOUNT_REFERENCE,
    &TRANSACTION_REFERENCE,
    &HOLD,
    &SCHEDULED,
    &REVERSAL,
    &ASSET,
    &METADATA,
    &IDEMPOTENCY,
    &LATE,
    &LATE_BUCKET,
];

pub(crate) const GROUP_RECORD: &str = "
insert into commit_group (number, at, first_seq, last_seq, hash)
values ($1, $2, $3, $4, $5)";

pub(crate) const GROUP_LAST: &str = "
select number, at, first_seq, last_seq, hash
from commit_group
order by number desc
limit 2";

pub(crate) const GROUP_HASH: &str = "
select hash
from commit_group
where number = $1";

pub(crate) const GROUP_NEWEST: &str = "
select number
from commit_group
order by number desc
limit 1";

pub(crate) const GROUP_LAST_ROW: &str = "
select last_seq
from commit_group
order by number desc
limit 1";

pub(crate) const HEADS_MARK_READ: &str = "
select seq
from account_head_mark
where place = 1";

pub(crate) const HEADS_MARK_SET: &str = "
insert into account_head_mark (place, seq)
values (1, $1)
on conflict (place) do update set seq = excluded.seq";

pub(crate) const HEADS_MARK_CLEAR: &str = "
delete from account_head_mark";

pub(crate) const GROUP_OF_ROW: &str = "
select at
from commit_group
where first_seq <= $1
order by first_seq desc
limit 1";

/// The groups that rows `$1` to `$2` belong to.
pub(crate) const GROUPS_OF_ROWS: &str = "
select first_seq, at
from commit_group
where first_seq <= $2 and first_seq >= (
    select coalesce(max(first_seq), 0)
    from commit_group
    where first_seq <= $1
)
order by first_seq";

pub(crate) const LOG_RANGE: &str = "
select seq, body
from log
where seq >= $1 and seq <= $2
order by seq";

pub(crate) const ACCOUNT_LAST: &str = "
select coalesce(max(no), 0)
from account";

pub(crate) const ASSET_LIST: &str = "
select code, scale
from asset
order by code";

pub(crate) const ACCOUNT_METADATA_ERASE: &str = "
delete from account_metadata
where account = $1";

/// The holds that are due first, and the next one after them.
pub(crate) const HOLD_DUE: &str = "
select seq, expires_at
from hold
where remaining > 0
order by expires_at
limit $1";

/// The transactions that are due first, and the next one after them.
pub(crate) const SCHEDULED_DUE: &str = "
select seq, due_at
from scheduled
where state = 0
order by due_at, seq
limit $1";

/// With the record time of the row that scheduled it.
pub(crate) const SCHEDULED_PAGE: &str = "
select seq, due_at, (
    select at
    from commit_group
    where first_seq <= scheduled.seq
    order by first_seq desc
    limit 1
)
from scheduled
where state = 0 and (due_at, seq) > ($1, $2)
order by due_at, seq
limit $3";

pub(crate) const SCHEDULED_PAGE_OWNER: &str = "
select seq, due_at, (
    select at
    from commit_group
    where first_seq <= scheduled.seq
    order by first_seq desc
    limit 1
)
from scheduled
where state = 0 and owner = $4 and (due_at, seq) > ($1, $2)
order by due_at, seq
limit $3";

/// Bounded, so that a purge never makes one commit long.
pub(crate) const IDEMPOTENCY_PURGE: &str = "
delete from idempotency
where key in (
    select key
    from idempotency
    where day < $1
    limit 1000
)";

pub(crate) const SECRET_READ: &str = "
select value
from secret
where name = $1";

pub(crate) const SECRET_WRITE: &str = "
insert into secret (name, value)
values ($1, $2)
on conflict (name) do nothing";

/// `$2` is the prefix followed by a colon, `$3` the first text after all that begin with it; `$4` is where the page
/// starts.
pub(crate) const ACCOUNT_PAGE: &str = "
select no
from account
where (path = $1 or (path >= $2 and path < $3)) and path > $4
order by path
limit $5";

pub(crate) const ACCOUNT_PAGE_ALL: &str = "
select no
from account
where path > $1
order by path
limit $2";

pub(crate) const ACCOUNT_PAGE_OWNER: &str = "
select no
from account
where owner = $1 and path > $2
order by path
limit $3";

pub(crate) const ACCOUNT_PAGE_OWNER_PREFIX: &str = "
select no
from account
where owner = $1 and (path = $2 or (path >= $3 and path < $4)) and path > $5
order by path
limit $6";

pub(crate) const ACCOUNT_PAGE_METADATA: &str = "
select account.no
from account_metadata
join account on account.no = account_metadata.account
where key = $1 and value = $2 and path > $3
order by path
limit $4";

pub(crate) const ACCOUNT_BY_REFERENCE: &str = "
select account.no
from account_reference
join account on account.no = account_reference.account
where account_reference.reference = $1 and path > $2";

#[cfg(test)]
pub(crate) const STATEMENTS: [&str; 27] = [
    GROUP_RECORD,
    GROUP_LAST,
    GROUP_HASH,
    GROUP_NEWEST,
    GROUP_LAST_ROW,
    HEADS_MARK_READ,
    HEADS_MARK_SET,
    HEADS_MARK_CLEAR,
    GROUP_OF_ROW,
    GROUPS_OF_ROWS,
    LOG_RANGE,
    ACCOUNT_LAST,
    ASSET_LIST,
    ACCOUNT_METADATA_ERASE,
    HOLD_DUE,
    SCHEDULED_DUE,
    SCHEDULED_PAGE,
    SCHEDULED_PAGE_OWNER,
    IDEMPOTENCY_PURGE,
    SECRET_READ,
    SECRET_WRITE,
    ACCOUNT_PAGE,
    ACCOUNT_PAGE_ALL,
    ACCOUNT_PAGE_OWNER,
    ACCOUNT_PAGE_OWNER_PREFIX,
    ACCOUNT_PAGE_METADATA,
    ACCOUNT_BY_REFERENCE,
];
