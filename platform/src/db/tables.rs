//! The tables that a copied SQLite file must have: those that its own record of migrations says.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::migrate::{MIGRATION_TABLE, PART_TABLE, translate};
use super::{Engine, Migration};

const NAMES: &str = "
select type || ' ' || name
from sqlite_schema
where type in ('table', 'index')
    and name not like 'sqlite\\_%' escape '\\'";
const NEWEST: &str = "select coalesce(max(version), 0) from schema_migration";
const NEWEST_OF_PART: &str = "select coalesce(max(version), 0) from schema_part where part = ?1";

/// Migrations of one store: the room's own, and those of tables that the platform adds to them, by name.
pub(crate) struct Lineage<'a> {
    pub(crate) own: &'a [Migration],
    pub(crate) parts: Vec<(&'a str, &'a [Migration])>,
}

/// An older version's copy is complete with that version's tables.
///
/// # Errors
/// A sentence that names a missing table or index, or a newer version.
pub(crate) fn check_tables(file: &Path, lineage: &Lineage<'_>) -> Result<(), String> {
    let failed = |error: rusqlite::Error| format!("{} cannot be read back: {error}", file.display());
    let copy = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
    let found = names(&copy).map_err(failed)?;
    if !found.contains("table schema_migration") {
        return Err(format!("{} is not a whole store: it has no table schema_migration", file.display()));
    }
    let version: i64 = copy.query_row(NEWEST, [], |row| row.get(0)).map_err(failed)?;
    let known = lineage.own.last().map_or(0, |migration| migration.version);
    if version > known {
        let file = file.display();
        return Err(format!("{file} is of version {version}, and cannot be checked by a florin that knows {known}"));
    }
    let expected = expected(&copy, lineage, version, found.contains("table schema_part")).map_err(failed)?;
    match expected.difference(&found).next() {
        None => Ok(()),
        Some(missing) => Err(format!("{} is not a whole store: it has no {missing}", file.display())),
    }
}

/// What the recorded migrations create in an empty database.
fn expected(
    copy: &Connection,
    lineage: &Lineage<'_>,
    version: i64,
    has_parts: bool,
) -> rusqlite::Result<BTreeSet<String>> {
    let empty = Connection::open_in_memory()?;
    let apply = |sql: &str| empty.execute_batch(&translate(sql, Engine::Sqlite));
    apply(MIGRATION_TABLE)?;
    lineage.own.iter().filter(|step| step.version <= version).try_for_each(|step| apply(step.sql))?;
    if has_parts {
        apply(PART_TABLE)?;
        for (part, steps) in &lineage.parts {
            let version: i64 = copy.query_row(NEWEST_OF_PART, [part], |row| row.get(0))?;
            steps.iter().filter(|step| step.version <= version).try_for_each(|step| apply(step.sql))?;
        }
    }
    names(&empty)
}

fn names(database: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    database.prepare(NAMES)?.query_map([], |row| row.get(0))?.collect()
}
