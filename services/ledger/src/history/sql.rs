//! History queries. `late_bucket` holds sums over 2^44, 2^35, 2^26 and 2^17 microseconds, see `store::late`.

pub(crate) const GROUP_AT: &str = "
select last_seq
from commit_group
where at <= $1
order by at desc
limit 1";

/// The account's late rows up to instant `$10` and row `$11` in it: whole buckets of each size, `$2` to `$8`, and the rows
/// from `$9` on.
pub(crate) const LATE_UP_TO: &str = "
select
    cast(coalesce(sum(pd), 0) as bigint),
    cast(coalesce(sum(pc), 0) as bigint),
    cast(coalesce(sum(hd), 0) as bigint),
    cast(coalesce(sum(hc), 0) as bigint)
from (
    select posted_debits as pd, posted_credits as pc, pending_debits as hd, pending_credits as hc
    from late_bucket
    where bits = 44 and account = $1 and bucket < $2
    union all
    select posted_debits, posted_credits, pending_debits, pending_credits
    from late_bucket
    where bits = 35 and account = $1 and bucket >= $3 and bucket < $4
    union all
    select posted_debits, posted_credits, pending_debits, pending_credits
    from late_bucket
    where bits = 26 and account = $1 and bucket >= $5 and bucket < $6
    union all
    select posted_debits, posted_credits, pending_debits, pending_credits
    from late_bucket
    where bits = 17 and account = $1 and bucket >= $7 and bucket < $8
    union all
    select
        case when place = 0 then amount else 0 end,
        case when place = 1 then amount else 0 end,
        case when place = 2 then amount else 0 end,
        case when place = 3 then amount else 0 end
    from late
    where account = $1 and effective_at >= $9 and effective_at <= $10 and (effective_at < $10 or seq <= $11)
) as parts";

/// Those of them that were recorded after row `$2`.
pub(crate) const LATE_BEHIND: &str = "
select
    cast(coalesce(sum(case when place = 0 then amount else 0 end), 0) as bigint),
    cast(coalesce(sum(case when place = 1 then amount else 0 end), 0) as bigint),
    cast(coalesce(sum(case when place = 2 then amount else 0 end), 0) as bigint),
    cast(coalesce(sum(case when place = 3 then amount else 0 end), 0) as bigint)
from late
where account = $1 and seq > $2 and (effective_at < $3 or (effective_at = $3 and seq <= $4))";

pub(crate) const LATE_PAGE_UP: &str = "
select effective_at, seq, place, amount
from late
where account = $1 and (effective_at, seq) > ($2, $3) and (effective_at, seq) <= ($4, $5) and seq <= $6
order by effective_at, seq
limit $7";

pub(crate) const LATE_PAGE_DOWN: &str = "
select effective_at, seq, place, amount
from late
where account = $1 and (effective_at, seq) > ($2, $3) and (effective_at, seq) <= ($4, $5) and seq <= $6
order by effective_at desc, seq desc
limit $7";

/// `$2` is the prefix followed by a colon, `$3` the first text after all that begin with it.
pub(crate) const ACCOUNTS_BELOW: &str = "
select no, path, currency, scale, normal, owner, reference, opened_seq, opened_at
from account
where path = $1 or (path >= $2 and path < $3)
order by path
limit $4";

pub(crate) const ACCOUNTS_ALL: &str = "
select no, path, currency, scale, normal, owner, reference, opened_seq, opened_at
from account
order by path
limit $1";

#[cfg(test)]
pub(crate) const STATEMENTS: [&str; 7] =
    [GROUP_AT, LATE_UP_TO, LATE_BEHIND, LATE_PAGE_UP, LATE_PAGE_DOWN, ACCOUNTS_BELOW, ACCOUNTS_ALL];
