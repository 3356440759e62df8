//! What of the store disagrees with itself, and the sums that are compared with the ledger's.

use std::collections::HashMap;

use accounts_api::{AccountTag, CustomerTag, ProductTag};
use kernel::IdKind;
use ledger_api::TransactionTag;
use platform::db::{DbError, Row, Tx, Value};

#[cfg(test)]
pub(crate) const SQL: &[&str] =
    &[ACCRUED_WRONG, TOTALS_WRONG, POSTED_TWICE, ERASED_LEFT, PLANNED, FEES_TAKEN, MONTH_SUMS];

/// Interest that has accrued, less what was posted, is what is not posted.
const ACCRUED_WRONG: &str = "
select account.id
from account
left join accrued on accrued.account = account.seq
left join (
    select account, sum(micros) as micros
    from accrual
    group by account
) as earned on earned.account = account.seq
left join (
    select account, sum(micros) as micros
    from correction
    group by account
) as corrected on corrected.account = account.seq
left join (
    select account, sum(case when purpose = 0 then minor else -minor end) as minor
    from posting
    where state = 1
        and purpose < 2
    group by account
) as paid on paid.account = account.seq
where account.state = 'active'
    and coalesce(earned.micros, 0) + coalesce(corrected.micros, 0) - coalesce(paid.minor, 0) * 1000000
        <> coalesce(accrued.earned, 0) - coalesce(accrued.owed, 0)
order by account.seq
limit 20";

const TOTALS_WRONG: &str = "
select product.id
from product_total
join product on product.seq = product_total.product
left join (
    select account.product, sum(accrued.earned) as earned, sum(accrued.owed) as owed
    from accrued
    join account on account.seq = accrued.account
    group by account.product
) as sums on sums.product = product_total.product
where product_total.earned <> coalesce(sums.earned, 0)
    or product_total.owed <> coalesce(sums.owed, 0)
order by product.seq
limit 20";

const POSTED_TWICE: &str = "
select txn
from posting
where state = 1
group by txn
having count(*) > 1
limit 20";

const ERASED_LEFT: &str = "
select customer.id
from customer
where customer.erased_at is not null
    and (
        customer.sealed is not null
        or exists (select 1 from customer_secret where customer_secret.customer = customer.seq)
        or exists (select 1 from customer_key where customer_key.customer = customer.seq)
        or exists (select 1 from customer_user where customer_user.customer = customer.seq)
        or exists (select 1 from category_rule where category_rule.customer = customer.seq)
    )
order by customer.seq
limit 20";

/// Taken out of the sums at the end of an account, and not posted yet.
const PLANNED: &str = "
select account.product, posting.purpose, cast(sum(posting.minor) as BIGINT)
from posting
join account on account.seq = posting.account
where posting.state = 0
group by account.product, posting.purpose";

const FEES_TAKEN: &str = "
select account.product, cast(sum(charge.taken) as BIGINT)
from charge
join account on account.seq = charge.account
group by account.product";

const MONTH_SUMS: &str = "
select account, cast(sum(minor) as BIGINT)
from movement
where month = $1
    and account >= $2
    and account <= $3
    and at <= $4
    and status = 1
group by account";

async fn ids<K: IdKind>(tx: &Tx, sql: &'static str, what: &str) -> Result<Vec<String>, DbError> {
    let said = |row: &Row| Ok(format!("{what}: {}", super::id::<K>(row, 0)?));
    tx.query(sql, &[]).await?.iter().map(said).collect()
}

/// A sentence for each row that contradicts others, up to 20 of each kind.
pub(crate) async fn contradictions(tx: &Tx) -> Result<Vec<String>, DbError> {
    let accrued = "interest of an account is not what accrued less what was posted";
    let mut found = ids::<AccountTag>(tx, ACCRUED_WRONG, accrued).await?;
    let totals = "sums of a product are not those of its accounts";
    found.extend(ids::<ProductTag>(tx, TOTALS_WRONG, totals).await?);
    let twice = "a transaction of the ledger stands for two postings of interest";
    found.extend(ids::<TransactionTag>(tx, POSTED_TWICE, twice).await?);
    let left = "something personal is left of a customer who was erased";
    found.extend(ids::<CustomerTag>(tx, ERASED_LEFT, left).await?);
    Ok(found)
}

/// By product and purpose.
pub(crate) async fn planned(tx: &Tx) -> Result<HashMap<(i64, i64), i64>, DbError> {
    tx.query(PLANNED, &[]).await?.iter().map(|row| Ok(((row.int(0)?, row.int(1)?), row.int(2)?))).collect()
}

/// By product.
pub(crate) async fn fees_taken(tx: &Tx) -> Result<HashMap<i64, i64>, DbError> {
    tx.query(FEES_TAKEN, &[]).await?.iter().map(|row| Ok((row.int(0)?, row.int(1)?))).collect()
}

/// What moved in a month up to an instant, by account; of accounts from one place to another.
pub(crate) async fn month_sums(
    tx: &Tx,
    month: i64,
    (first, last): (i64, i64),
    until: i64,
) -> Result<HashMap<i64, i64>, DbError> {
    let values = [month, first, last, until].map(Value::Int);
    tx.query(MONTH_SUMS, &values).await?.iter().map(|row| Ok((row.int(0)?, row.int(1)?))).collect()
}
