//! The queries of `verify`: bounded pages in key order, and the number of rows of each table.

pub(super) const GROUP_PAGE: &str = "
select number, at, first_seq, last_seq, hash
from commit_group
where number > $1
order by number
limit $2";

pub(super) const LOG_PAGE: &str = "
select seq, body
from log
where seq >= $1
order by seq
limit $2";

pub(super) const LOG_STRAY: &str = "
select seq
from log
where seq < 1 or seq > $1
order by seq
limit 1";

pub(super) const TRANSACTION_ID_COUNT: &str = "
select count(*)
from transaction_id";

pub(super) const TRANSACTION_ID_PAGE: &str = "
select id, seq
from transaction_id
where id > $1
order by id
limit $2";

pub(super) const ID_OPEN_COUNT: &str = "
select count(*)
from id_open";

pub(super) const ID_RUN_COUNT: &str = "
select count(*)
from id_run";

pub(super) const ID_RUN_READ: &str = "
select directory, filter
from id_run
where run = $1";

pub(super) const ID_PAGE_COUNT: &str = "
select count(*)
from id_page";

pub(super) const TRANSACTION_REFERENCE_COUNT: &str = "
select count(*)
from transaction_reference";

pub(super) const TRANSACTION_REFERENCE_PAGE: &str = "
select reference, seq
from transaction_reference
where reference > $1
order by reference
limit $2";

pub(super) const HOLD_COUNT: &str = "
select count(*)
from hold";

pub(super) const HOLD_PAGE: &str = "
select seq, seq
from hold
where seq > $1
order by seq
limit $2";

pub(super) const SCHEDULED_COUNT: &str = "
select count(*)
from scheduled";

pub(super) const SCHEDULED_PAGE: &str = "
select seq, seq
from scheduled
where seq > $1
order by seq
limit $2";

pub(super) const REVERSAL_COUNT: &str = "
select count(*)
from reversal";

pub(super) const REVERSAL_PAGE: &str = "
select seq, 0, reversed_by
from reversal
where seq > $1
order by seq
limit $2";

pub(super) const METADATA_COUNT: &str = "
select count(*)
from metadata";

pub(super) const METADATA_PAGE: &str = "
select seq, seq
from metadata
where seq > $1
order by seq
limit $2";

pub(super) const ACCOUNT_COUNT: &str = "
select count(*)
from account";

pub(super) const ACCOUNT_STRAY: &str = "
select no, path
from account
where no < 1 or no > $1
order by no
limit 1";

pub(super) const ACCOUNT_HEAD_STRAY: &str = "
select no
from account_head
where no < 1 or no > $1
order by no
limit 1";

pub(super) const ACCOUNT_REFERENCE_COUNT: &str = "
select count(*)
from account_reference";

pub(super) const ACCOUNT_REFERENCE_STRAY: &str = "
select account_reference.reference
from account_reference
left join account on account.no = account_reference.account and account.reference = account_reference.reference
where account.no is null
order by account_reference.reference
limit 1";

/// Keys of accounts that do not exist, or that have no metadata.
pub(super) const ACCOUNT_METADATA_STRAY: &str = "
select account_metadata.account, account_metadata.key
from account_metadata
left join account_head on account_head.no = account_metadata.account
where coalesce(account_head.metadata_seq, 0) = 0
order by account_metadata.account, account_metadata.key
limit 1";

pub(super) const ASSET_PAGE: &str = "
select code, scale, seq
from asset
where code > $1
order by code
limit $2";

/// Keys are digests, which the log cannot check; they can still only point into it.
pub(super) const IDEMPOTENCY_STRAY: &str = "
select seq
from idempotency
where seq < 1 or seq > $1
limit 1";

pub(super) const LATE_PAGE: &str = "
select account, effective_at, seq, place, amount
from late
where (account, effective_at, seq) > ($1, $2, $3)
order by account, effective_at, seq
limit $4";

pub(super) const LATE_BUCKET_PAGE: &str = "
select account, bucket, posted_debits, posted_credits, pending_debits, pending_credits
from late_bucket
where bits = $1 and (account, bucket) > ($2, $3)
order by account, bucket
limit $4";

/// A size that no bucket has.
pub(super) const LATE_BUCKET_STRAY: &str = "
select bits
from late_bucket
where bits not in (17, 26, 35, 44)
limit 1";

#[cfg(test)]
pub(crate) const STATEMENTS: [&str; 30] = [
    GROUP_PAGE,
    LOG_PAGE,
    LOG_STRAY,
    TRANSACTION_ID_COUNT,
    TRANSACTION_ID_PAGE,
    ID_OPEN_COUNT,
    ID_RUN_COUNT,
    ID_RUN_READ,
    ID_PAGE_COUNT,
    TRANSACTION_REFERENCE_COUNT,
    TRANSACTION_REFERENCE_PAGE,
    HOLD_COUNT,
    HOLD_PAGE,
    SCHEDULED_COUNT,
    SCHEDULED_PAGE,
    REVERSAL_COUNT,
    REVERSAL_PAGE,
    METADATA_COUNT,
    METADATA_PAGE,
    ACCOUNT_COUNT,
    ACCOUNT_STRAY,
    ACCOUNT_HEAD_STRAY,
    ACCOUNT_REFERENCE_COUNT,
    ACCOUNT_REFERENCE_STRAY,
    ACCOUNT_METADATA_STRAY,
    ASSET_PAGE,
    IDEMPOTENCY_STRAY,
    LATE_PAGE,
    LATE_BUCKET_PAGE,
    LATE_BUCKET_STRAY,
];
