//! Queries of export and import, besides those that the ledger has anyway.

use platform::db::RowSet;

pub(crate) static COMMIT_GROUP: RowSet = RowSet::new(
    "commit_group",
    &[("number", "bigint"), ("at", "bigint"), ("first_seq", "bigint"), ("last_seq", "bigint"), ("hash", "bytea")],
);

#[cfg(test)]
pub(super) static ROW_SETS: [&RowSet; 1] = [&COMMIT_GROUP];

pub(super) const GROUP_HASH: &str = "
select hash
from commit_group
where number = $1";

pub(super) const GROUP_SPAN: &str = "
select number, at, first_seq, last_seq, hash
from commit_group
where number > $1 and number <= $2
order by number
limit $3";

pub(super) const METADATA_SPAN: &str = "
select seq, salt, body
from metadata
where seq >= $1 and seq <= $2
order by seq";

/// Only what the exported log contains.
pub(super) const IDEMPOTENCY_SPAN: &str = "
select key, command, seq, day
from idempotency
where key > $1 and seq <= $2
order by key
limit $3";

pub(super) const IDEMPOTENCY_ANY: &str = "
select 1
from idempotency
limit 1";

pub(super) const SECRET_UPDATE: &str = "
update secret
set value = $2
where name = $1";

#[cfg(test)]
pub(super) const STATEMENTS: [&str; 6] =
    [GROUP_HASH, GROUP_SPAN, METADATA_SPAN, IDEMPOTENCY_SPAN, IDEMPOTENCY_ANY, SECRET_UPDATE];
