//! Statements about ids, each prepared on both engines by a test.

use platform::db::RowSet;

pub(crate) static ID_OPEN: RowSet = RowSet::new("id_open", &[("id", "bytea"), ("seq", "bigint")]);

pub(crate) static ID_RUN: RowSet =
    RowSet::new("id_run", &[("run", "bigint"), ("directory", "bytea"), ("filter", "bytea")]);

pub(crate) static ID_PAGE: RowSet = RowSet::new("id_page", &[("place", "bigint"), ("body", "bytea")]);

pub(crate) const TRANSACTION_ID_FIRST: &str = "
select id
from transaction_id
order by id
limit 1";

pub(crate) const ID_OPEN_ALL: &str = "
select id, seq
from id_open";

pub(crate) const ID_OPEN_CLEAR: &str = "
delete from id_open";

pub(crate) const ID_RUN_AFTER: &str = "
select run, directory, filter
from id_run
where run > $1
order by run";

pub(crate) const TRANSACTION_ID_LAST: &str = "
select id
from transaction_id
order by id desc
limit 1";

#[cfg(test)]
pub(super) static ROW_SETS: [&RowSet; 3] = [&ID_OPEN, &ID_RUN, &ID_PAGE];

#[cfg(test)]
pub(super) const STATEMENTS: [&str; 5] =
    [TRANSACTION_ID_FIRST, TRANSACTION_ID_LAST, ID_OPEN_ALL, ID_OPEN_CLEAR, ID_RUN_AFTER];
