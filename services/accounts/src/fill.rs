//! Many accounts at once, for measurements.

use accounts_api::{AccountId, CustomerId, ProductId};
use kernel::Timestamp;
use platform::db::{Column, Db, DbError, RowSet};

use crate::calendar::{self, Calendar};
use crate::store::{account, customer, product};

const AT_ONCE: usize = 10_000;

static ACCOUNT: RowSet = RowSet::new(
    "account",
    &[
        ("seq", "bigint"),
        ("id", "bytea"),
        ("product", "bigint"),
        ("version", "bigint"),
        ("state", "text"),
        ("number", "text"),
        ("owner", "bigint"),
        ("overdraft", "bigint"),
        ("opened_at", "bigint"),
        ("opened_day", "bigint"),
    ],
);

static HOLDER: RowSet =
    RowSet::new("account_holder", &[("account", "bigint"), ("customer", "bigint"), ("place", "smallint")]);

/// As opening them one by one would leave them in this store; their accounts in the ledger are the caller's to open.
///
/// # Errors
/// The store's, or that there is no such product or customer.
pub async fn add_accounts(
    db: &Db,
    ids: &[AccountId],
    (product_id, holder): (ProductId, CustomerId),
    now: Timestamp,
) -> Result<(), DbError> {
    let missing = || DbError::shape("the product or the customer does not exist");
    let day = Calendar::of("UTC").map_or(0, |utc| calendar::number(utc.day_of(now)));
    for some in ids.chunks(AT_ONCE) {
        let tx = db.begin().await?;
        tx.one_at_a_time().await?;
        let product = product::of_id(&tx, product_id).await?.ok_or_else(missing)?;
        let owner = customer::of_id(&tx, holder).await?.ok_or_else(missing)?.seq;
        let first = account::next(&tx).await?;
        let seqs: Vec<i64> = (first..).take(some.len()).collect();
        let all = |value: i64| vec![value; some.len()];
        let ids: Vec<[u8; 16]> = some.iter().map(|id| id.to_bytes()).collect();
        let numbers: Vec<String> = seqs.iter().map(|seq| format!("B{seq}")).collect();
        let states = vec!["active".to_owned(); some.len()];
        let (products, versions, owners, zeros) = (all(product.seq), all(product.version), all(owner), all(0));
        let (times, days) = (all(now.micros()), all(day));
        let columns = [
            Column::Int(&seqs),
            Column::Id(&ids),
            Column::Int(&products),
            Column::Int(&versions),
            Column::Text(&states),
            Column::Text(&numbers),
            Column::Int(&owners),
            Column::Int(&zeros),
            Column::Int(&times),
            Column::Int(&days),
        ];
        tx.insert_many(&ACCOUNT, &columns).await?;
        tx.insert_many(&HOLDER, &[Column::Int(&seqs), Column::Int(&owners), Column::Int(&zeros)]).await?;
        tx.commit().await.map_err(DbError::from)?;
    }
    Ok(())
}
