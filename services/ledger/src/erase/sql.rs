//! Statements of the erasure, each prepared on both engines by a test.

pub(super) const ACCOUNTS_OF_OWNER: &str = "
select no
from account
where owner = $1";

/// Every text that still exists, with the log row that it belongs to.
pub(super) const TEXT_PAGE: &str = "
select metadata.seq, metadata.body, log.body
from metadata
join log on log.seq = metadata.seq
where metadata.seq > $1
order by metadata.seq
limit $2";

pub(super) const TEXT_OLDEST: &str = "
select min(seq)
from metadata";

pub(super) const TEXT_ERASE: &str = "
delete from metadata
where seq = $1";

pub(super) const TERM_ERASE: &str = "
delete from transaction_metadata
where key = $1 and term = $2 and seq = $3";

pub(super) const ERASED_FIND: &str = "
select at
from erased
where owner = $1";

pub(super) const ERASED_RECORD: &str = "
insert into erased (owner, at)
values ($1, $2)
on conflict (owner) do update
set at = excluded.at";

#[cfg(test)]
pub(super) const STATEMENTS: [&str; 7] =
    [ACCOUNTS_OF_OWNER, TEXT_PAGE, TEXT_OLDEST, TEXT_ERASE, TERM_ERASE, ERASED_FIND, ERASED_RECORD];

#[cfg(test)]
mod tests {
    use testkit::for_each_engine;

    #[tokio::test(flavor = "multi_thread")]
    async fn every_statement_can_be_prepared() {
        for_each_engine(async |store| {
            let db = store.open().await;
            db.migrate(crate::store::sql::MIGRATIONS).await.unwrap();
            let tx = db.read().await.unwrap();
            for statement in super::STATEMENTS {
                tx.prepare(statement).await.unwrap();
            }
        })
        .await;
    }
}
