//! Sums over movements of one month: the part of the index that a statement is.

use accounts_api::Category;
use platform::db::{DbError, Row, Tx, Value};

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[MONTH_SUM, MONTHS_BY_CATEGORY];

/// What moved; holds are left out.
const MONTH_SUM: &str = "
select cast(coalesce(sum(minor), 0) as BIGINT)
from movement
where month = $1
    and account = $2
    and status = 1";

const MONTHS_BY_CATEGORY: &str = "
select month, category, count(*), cast(coalesce(sum(case when minor > 0 then minor else 0 end), 0) as BIGINT),
    cast(coalesce(sum(case when minor < 0 then minor else 0 end), 0) as BIGINT)
from movement
where month >= $1
    and month <= $2
    and account = $3
    and status = 1
group by month, category
order by month, category";

pub(crate) async fn of_month(tx: &Tx, month: i64, account: i64) -> Result<i64, DbError> {
    let found = tx.query(MONTH_SUM, &[month, account].map(Value::Int)).await?;
    found.first().map_or(Ok(0), |row| row.int(0))
}

/// What an account received and spent in a month, in a category.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sum {
    pub(crate) month: i64,
    pub(crate) category: Category,
    pub(crate) count: i64,
    pub(crate) received: i64,
    pub(crate) spent: i64,
}

pub(crate) async fn by_category(tx: &Tx, (from, to): (i64, i64), account: i64) -> Result<Vec<Sum>, DbError> {
    let each = |row: &Row| {
        let number = u8::try_from(row.int(1)?).unwrap_or(u8::MAX);
        let category = Category::from_repr(number).ok_or_else(|| DbError::shape("a category that is not known"))?;
        Ok(Sum { month: row.int(0)?, category, count: row.int(2)?, received: row.int(3)?, spent: row.int(4)? })
    };
    tx.query(MONTHS_BY_CATEGORY, &[from, to, account].map(Value::Int)).await?.iter().map(each).collect()
}
