//! Statements of the search, each prepared on both engines by a test.

use platform::db::RowSet;

pub(crate) static TRANSACTION_METADATA: RowSet =
    RowSet::new("transaction_metadata", &[("key", "bigint"), ("term", "text"), ("seq", "bigint")]);

#[cfg(test)]
pub(super) static ROW_SETS: [&RowSet; 1] = [&TRANSACTION_METADATA];

pub(super) const KEY_LIST: &str = "
select no, key, indexed_to_seq, removed
from metadata_key
order by no";

pub(super) const KEY_INSERT: &str = "
insert into metadata_key (no, key, indexed_to_seq, removed)
values ($1, $2, 0, 0)";

pub(super) const KEY_REMOVE: &str = "
update metadata_key
set removed = 1
where no = $1";

/// From where it was read, and only while the key is declared.
pub(super) const KEY_ADVANCE: &str = "
update metadata_key
set indexed_to_seq = $3
where no = $1 and indexed_to_seq = $2 and removed = 0";

pub(super) const KEY_FORGET: &str = "
delete from metadata_key
where no = $1 and removed = 1";

/// Bounded, so that it never blocks the writer for long.
pub(super) const TERM_ERASE: &str = "
delete from transaction_metadata
where (key, term, seq) in (
    select key, term, seq
    from transaction_metadata
    where key = $1
    limit $2
)";

pub(super) const TEXT_SPAN: &str = "
select metadata.seq, metadata.body, log.body
from metadata
join log on log.seq = metadata.seq
where metadata.seq > $1 and metadata.seq <= $2
order by metadata.seq
limit $3";

/// The join leaves out erased metadata.
pub(super) const TRANSACTION_PAGE: &str = "
select transaction_metadata.seq, metadata.body, log.body
from transaction_metadata
join metadata on metadata.seq = transaction_metadata.seq
join log on log.seq = transaction_metadata.seq
where transaction_metadata.key = $1 and transaction_metadata.term = $2 and transaction_metadata.seq < $3
order by transaction_metadata.seq desc
limit $4";

#[cfg(test)]
pub(super) const STATEMENTS: [&str; 8] =
    [KEY_LIST, KEY_INSERT, KEY_REMOVE, KEY_ADVANCE, KEY_FORGET, TERM_ERASE, TEXT_SPAN, TRANSACTION_PAGE];
