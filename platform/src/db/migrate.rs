//! Schema changes, forward only, one text for both engines.
//!
//! A text is SQL with four keywords of ours: `SEQ` (a 64-bit key that the table is stored by), `ID` (16 bytes),
//! `BYTES`, and `CLUSTERED` after a table's closing parenthesis (the table is stored in its primary key, if the engine
//! can do that).

use std::cmp::Ordering;

use super::{Db, DbError, Engine, Fault, Tx, Value};

/// One step of a schema. Its SQL may use the keywords `SEQ`, `ID`, `BYTES` and `CLUSTERED`, which each engine maps its
/// own way.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Rises from 1.
    pub version: i64,
    pub name: &'static str,
    pub sql: &'static str,
}

const SCHEMA_EXISTS: &str = "
select 1
from pg_namespace
where nspname = $1";

pub(super) const MIGRATION_TABLE: &str = "
create table if not exists schema_migration (
    version BIGINT primary key,
    name TEXT not null
)";

const MIGRATION_LIST: &str = "
select version, name
from schema_migration
order by version";

const MIGRATION_RECORD: &str = "
insert into schema_migration (version, name)
values ($1, $2)";

pub(super) const PART_TABLE: &str = "
create table if not exists schema_part (
    part TEXT,
    version BIGINT,
    name TEXT not null,
    primary key (part, version)
)";

const PART_LIST: &str = "
select version
from schema_part
where part = $1
order by version";

const PART_RECORD: &str = "
insert into schema_part (part, version, name)
values ($1, $2, $3)";

const UNSORTED_COLUMNS: &str = "
select table_name, column_name
from information_schema.columns
where table_schema = current_schema()
    and data_type = 'text'
    and coalesce(collation_name, '') <> 'C'";

const ONE_AT_A_TIME: &str = "select pg_advisory_xact_lock(7012345678)";

/// How often a process retries while another one that started at the same moment migrates.
const TURNS_MAX: u32 = 5;

pub(crate) async fn run(db: &Db, migrations: &[Migration]) -> Result<usize, DbError> {
    let mut tried = 0;
    loop {
        match run_once(db, migrations).await {
            Err(error) if error.is_retryable() && tried < TURNS_MAX => tried += 1,
            outcome => return outcome,
        }
    }
}

/// After the store's own migrations, which have created its schema.
pub(crate) async fn run_part(db: &Db, part: &str, steps: &[Migration]) -> Result<usize, DbError> {
    let mut tried = 0;
    loop {
        match run_part_once(db, part, steps).await {
            Err(error) if error.is_retryable() && tried < TURNS_MAX => tried += 1,
            outcome => return outcome,
        }
    }
}

async fn run_part_once(db: &Db, part: &str, steps: &[Migration]) -> Result<usize, DbError> {
    let tx = db.begin().await?;
    if db.engine() == Engine::Postgres {
        tx.batch(ONE_AT_A_TIME).await?;
    }
    tx.batch(&translate(PART_TABLE, db.engine())).await?;
    let done = tx.query(PART_LIST, &[Value::Text(part)]).await?;
    let newest = done.last().map_or(Ok(0), |row| row.int(0))?;
    let pending = pending(&format!("the tables of {part}"), newest, steps)?;
    for Migration { version, name, sql } in pending.clone() {
        tx.batch(&translate(sql, db.engine())).await?;
        tx.execute(PART_RECORD, &[Value::Text(part), Value::Int(*version), Value::Text(name)]).await?;
    }
    tx.commit().await?;
    Ok(pending.count())
}

/// The steps that remain. A store that a newer version has migrated is refused.
fn pending<'m>(
    what: &str,
    newest: i64,
    migrations: &'m [Migration],
) -> Result<impl Iterator<Item = &'m Migration> + Clone + use<'m>, DbError> {
    let known = migrations.last().map_or(0, |migration| migration.version);
    if newest > known {
        let detail = format!("migrate {what} from version {newest} with a florin that supports versions up to {known}");
        return Err(DbError::new(detail, Fault::Newer));
    }
    Ok(migrations.iter().filter(move |migration| migration.version > newest))
}

async fn run_once(db: &Db, migrations: &[Migration]) -> Result<usize, DbError> {
    let tx = db.begin().await?;
    let applied = apply(&tx, db.engine(), db.schema(), migrations).await?;
    tx.commit().await?;
    Ok(applied)
}

/// For readers, which cannot migrate a store.
pub(crate) async fn check(db: &Db, migrations: &[Migration]) -> Result<(), DbError> {
    check_list(db, MIGRATION_LIST, &[], migrations).await
}

pub(crate) async fn check_part(db: &Db, part: &str, steps: &[Migration]) -> Result<(), DbError> {
    check_list(db, PART_LIST, &[Value::Text(part)], steps).await
}

async fn check_list(
    db: &Db,
    list: &'static str,
    params: &[Value<'_>],
    migrations: &[Migration],
) -> Result<(), DbError> {
    let tx = db.read().await?;
    let done = match tx.query(list, params).await {
        // The one statement that is sent to a store about which nothing is known: its table does not exist.
        Err(error) if error.fault == Fault::Statement => {
            return Err(DbError { attempted: "read a store without tables".to_owned(), fault: Fault::Older, ..error });
        }
        done => done?,
    };
    let newest = done.last().map_or(Ok(0), |row| row.int(0))?;
    let known = migrations.last().map_or(0, |migration| migration.version);
    let detail = format!("read a store of version {newest} with a florin that supports version {known}");
    match newest.cmp(&known) {
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(DbError::new(detail, Fault::Newer)),
        Ordering::Less => Err(DbError::new(detail, Fault::Older)),
    }
}

async fn apply(tx: &Tx, engine: Engine, schema: Option<&str>, migrations: &[Migration]) -> Result<usize, DbError> {
    if let Some(schema) = schema {
        // Two processes that start together would both try to create it. The right to create schemas is asked for only
        // when it is needed: a service's role may own its schema and nothing else.
        tx.batch(ONE_AT_A_TIME).await?;
        if tx.query(SCHEMA_EXISTS, &[Value::Text(schema)]).await?.is_empty() {
            tx.batch(&format!("create schema {schema}")).await?;
        }
    }
    tx.batch(&translate(MIGRATION_TABLE, engine)).await?;
    let done = tx.query(MIGRATION_LIST, &[]).await?;
    let newest = done.last().map_or(Ok(0), |row| row.int(0))?;
    let mut applied = 0;
    for migration in pending("a store", newest, migrations)? {
        tx.batch(&translate(migration.sql, engine)).await?;
        tx.execute(MIGRATION_RECORD, &[Value::Int(migration.version), Value::Text(migration.name)]).await?;
        applied += 1;
    }
    if engine == Engine::Postgres {
        check_collation(tx).await?;
    }
    Ok(applied)
}

/// Paths are compared by prefix and order, which only the C collation does like SQLite.
async fn check_collation(tx: &Tx) -> Result<(), DbError> {
    match tx.query(UNSORTED_COLUMNS, &[]).await?.first() {
        None => Ok(()),
        Some(row) => {
            let detail = format!("check that {}.{} sorts by the C collation", row.text(0)?, row.text(1)?);
            Err(DbError::new(detail, Fault::Corrupt))
        }
    }
}

pub(super) fn translate(sql: &str, engine: Engine) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut word = String::new();
    for letter in sql.chars().chain([' ']) {
        if letter.is_ascii_alphanumeric() || letter == '_' {
            word.push(letter);
            continue;
        }
        out.push_str(own_word(&word, engine).unwrap_or(&word));
        out.push(letter);
        word.clear();
    }
    out
}

fn own_word(word: &str, engine: Engine) -> Option<&'static str> {
    match (word, engine) {
        ("SEQ", Engine::Sqlite) => Some("integer primary key"),
        ("SEQ", Engine::Postgres) => Some("bigint primary key"),
        ("ID" | "BYTES", Engine::Sqlite) => Some("blob"),
        ("ID" | "BYTES", Engine::Postgres) => Some("bytea"),
        ("CLUSTERED", Engine::Sqlite) => Some("without rowid"),
        ("CLUSTERED", Engine::Postgres) => Some(""),
        ("TEXT", Engine::Postgres) => Some("text collate \"C\""),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_keywords_are_mapped() {
        let sql = "create table t (seq SEQ, id ID, TEXTURE TEXT, body BYTES) CLUSTERED";
        assert_eq!(
            translate(sql, Engine::Sqlite).trim(),
            "create table t (seq integer primary key, id blob, TEXTURE TEXT, body blob) without rowid"
        );
        assert_eq!(
            translate(sql, Engine::Postgres).trim(),
            "create table t (seq bigint primary key, id bytea, TEXTURE text collate \"C\", body bytea)"
        );
    }
}
