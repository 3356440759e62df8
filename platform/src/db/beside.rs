//! Further stores of one service, distinguished by name.
//!
//! A name is one or more parts of lower-case letters and digits separated by dashes, so that it can be part of a file
//! name and of a schema name, and be read back from both.

use std::path::Path;

use super::connect::connect;
use super::{DbError, Fault, Target};

const SCHEMAS: &str = "
select nspname
from pg_namespace
where starts_with(nspname, $1)
order by nspname";

const SCHEMA: &str = "
select nspname
from pg_namespace
where nspname = $1";

impl Target {
    /// `ledger.db` has `ledger-acme-uk.db` next to it, and the schema `ledger` has `ledger_acme_uk`.
    pub fn beside(&self, name: &str) -> Target {
        match self {
            Target::Sqlite { file, cache_mb } => {
                let file = file.with_file_name(format!("{}-{name}.db", stem(file)));
                Target::Sqlite { file, cache_mb: *cache_mb }
            }
            Target::Postgres { url, schema } => {
                Target::Postgres { url: url.clone(), schema: format!("{schema}_{}", name.replace('-', "_")) }
            }
        }
    }

    /// Whether the store has been created.
    pub async fn exists(&self) -> Result<bool, DbError> {
        match self {
            Target::Sqlite { file, .. } => Ok(file.is_file()),
            Target::Postgres { url, schema } => Ok(!schemas(url, SCHEMA, schema).await?.is_empty()),
        }
    }

    /// The names of the stores next to this one, in order.
    pub async fn names_beside(&self) -> Result<Vec<String>, DbError> {
        let mut names = match self {
            Target::Sqlite { file, .. } => files_beside(file)?,
            Target::Postgres { url, schema } => {
                let prefix = format!("{schema}_");
                let found = schemas(url, SCHEMAS, &prefix).await?;
                found.iter().filter_map(|name| Some(name.strip_prefix(&prefix)?.replace('_', "-"))).collect()
            }
        };
        names.sort_unstable();
        Ok(names)
    }
}

/// The names of the SQLite stores next to one, in order.
pub fn files_beside(file: &Path) -> Result<Vec<String>, DbError> {
    let dir = file.parent().unwrap_or(Path::new("."));
    let failed = |error| DbError::caused(format!("list {}", dir.display()), Fault::Io, error);
    let entries = std::fs::read_dir(dir).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let prefix = format!("{}-", stem(file));
    let name = |entry: &std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        Some(name.strip_prefix(&prefix)?.strip_suffix(".db")?.to_owned())
    };
    let mut names: Vec<String> = entries.map_err(failed)?.iter().filter_map(name).collect();
    names.sort_unstable();
    Ok(names)
}

fn stem(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

async fn schemas(url: &str, sql: &str, name: &str) -> Result<Vec<String>, DbError> {
    let (client, driver) = connect(url, |_| ()).await?;
    let rows = client.query(sql, &[&name]).await.map_err(|error| DbError::postgres(sql, error));
    driver.abort();
    Ok(rows?.iter().map(|row| row.get(0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_a_file_and_a_schema() {
        let file = Target::Sqlite { file: "data/ledger.db".into(), cache_mb: 1 };
        let Target::Sqlite { file, .. } = file.beside("acme-uk") else { panic!("a file") };
        assert_eq!(file, Path::new("data/ledger-acme-uk.db"));
        let schema = Target::Postgres { url: "postgres://h/d".to_owned(), schema: "ledger".to_owned() };
        let Target::Postgres { schema, .. } = schema.beside("acme-uk") else { panic!("a schema") };
        assert_eq!(schema, "ledger_acme_uk");
    }
}
