//! Parts of files on their way.

use platform::db::{DbError, Tx, Value};

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[PART_PUT, PART_GET, PART_COUNT, UPLOAD_DROP, UPLOAD_SWEEP];

const PART_PUT: &str = "
insert into upload_part (principal, upload, number, at, size, sealed)
values ($1, $2, $3, $4, $5, $6)
on conflict (principal, upload, number) do update set at = excluded.at, size = excluded.size, sealed = excluded.sealed";

const PART_GET: &str = "
select sealed
from upload_part
where principal = $1
    and upload = $2
    and number = $3";

const PART_COUNT: &str = "
select count(*), cast(coalesce(sum(size), 0) as BIGINT)
from upload_part
where principal = $1
    and upload = $2";

const UPLOAD_DROP: &str = "
delete from upload_part
where principal = $1
    and upload = $2";

/// Parts that no import has asked for.
const UPLOAD_SWEEP: &str = "
delete from upload_part
where (principal, upload, number) in (
    select part.principal, part.upload, part.number
    from upload_part part
    where part.at < $1
        and not exists (
            select 1
            from import
            where import.state = 'received'
                and import.principal = part.principal
                and import.upload = part.upload
        )
    order by part.at
    limit $2
)";

/// Whose parts, and which file.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) principal: String,
    pub(crate) name: String,
}

impl Upload {
    fn values(&self) -> [Value<'_>; 2] {
        [Value::Text(&self.principal), Value::Text(&self.name)]
    }

    /// Where a part is sealed for.
    pub(crate) fn place(&self, number: u32) -> String {
        format!("{}/{}/{number}", self.principal, self.name)
    }

    pub(crate) async fn put(&self, tx: &Tx, number: u32, at: i64, size: usize, sealed: &[u8]) -> Result<(), DbError> {
        let [principal, name] = self.values();
        let numbers = [i64::from(number), at, i64::try_from(size).unwrap_or(i64::MAX)].map(Value::Int);
        let [number, at, size] = numbers;
        tx.execute(PART_PUT, &[principal, name, number, at, size, Value::Bytes(sealed)]).await.map(drop)
    }

    pub(crate) async fn part(&self, tx: &Tx, number: u32) -> Result<Option<Vec<u8>>, DbError> {
        let [principal, name] = self.values();
        let rows = tx.query(PART_GET, &[principal, name, Value::Int(i64::from(number))]).await?;
        rows.first().map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()
    }

    /// Parts and bytes.
    pub(crate) async fn received(&self, tx: &Tx) -> Result<(i64, i64), DbError> {
        let rows = tx.query(PART_COUNT, &self.values()).await?;
        let row = rows.first().ok_or_else(|| DbError::shape("a count without a row"))?;
        Ok((row.int(0)?, row.int(1)?))
    }

    pub(crate) async fn remove(&self, tx: &Tx) -> Result<(), DbError> {
        tx.execute(UPLOAD_DROP, &self.values()).await.map(drop)
    }
}

/// Removes abandoned uploads; returns the number of parts.
pub(crate) async fn sweep(tx: &Tx, before: i64, max: i64) -> Result<u64, DbError> {
    tx.execute(UPLOAD_SWEEP, &[Value::Int(before), Value::Int(max)]).await
}
