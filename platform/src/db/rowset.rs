//! Sets of rows: rows written or read together go to the engine in one statement (PostgreSQL, arrays through `unnest`)
//! or through one prepared statement (SQLite).

use std::sync::OnceLock;

use super::{DbError, Value};

/// A table and the columns of it that are used together; the first one is the key for updates and selections.
///
/// Declare it as a `static` next to the statements of a store, so that its texts are built once.
#[derive(Debug)]
pub struct RowSet {
    pub table: &'static str,
    columns: &'static [(&'static str, &'static str)],
    /// Number of key columns of a set that is added to; 0 for other sets.
    keys: usize,
    texts: OnceLock<Texts>,
}

#[derive(Debug)]
struct Texts {
    sqlite_insert: String,
    sqlite_update: String,
    sqlite_select: String,
    postgres_insert: String,
    postgres_update: String,
    postgres_select: String,
    sqlite_add: String,
    postgres_add: String,
}

/// The values of one column, one for each row of the set.
#[derive(Debug, Clone, Copy)]
pub enum Column<'a> {
    Int(&'a [i64]),
    IntOrNull(&'a [Option<i64>]),
    Text(&'a [String]),
    TextOrNull(&'a [Option<String>]),
    Bytes(&'a [Vec<u8>]),
    Id(&'a [[u8; 16]]),
}

impl RowSet {
    /// `columns` are pairs of name and PostgreSQL type, such as `("seq", "bigint")`.
    pub const fn new(table: &'static str, columns: &'static [(&'static str, &'static str)]) -> RowSet {
        RowSet { table, columns, keys: 0, texts: OnceLock::new() }
    }

    /// A set of running sums: the first `keys` columns are the key, all others are numbers that [`super::Tx::add_many`]
    /// adds to.
    pub const fn adding(table: &'static str, keys: usize, columns: &'static [(&'static str, &'static str)]) -> RowSet {
        RowSet { table, columns, keys, texts: OnceLock::new() }
    }

    fn texts(&self) -> &Texts {
        self.texts.get_or_init(|| Texts::new(self.table, self.columns, self.keys))
    }

    pub(crate) fn texts_for(&'static self, postgres: bool) -> Vec<&'static str> {
        let texts = self.texts();
        let mut all: Vec<&'static str> = match postgres {
            true => vec![&texts.postgres_insert, &texts.postgres_update, &texts.postgres_select],
            false => vec![&texts.sqlite_insert, &texts.sqlite_update, &texts.sqlite_select],
        };
        if self.keys > 0 {
            all.push(if postgres { &texts.postgres_add } else { &texts.sqlite_add });
        }
        all
    }

    pub(crate) fn sqlite_add(&self) -> Result<&str, DbError> {
        self.adds().map(|()| self.texts().sqlite_add.as_str())
    }

    pub(crate) fn postgres_add(&'static self) -> Result<&'static str, DbError> {
        self.adds().map(|()| self.texts().postgres_add.as_str())
    }

    fn adds(&self) -> Result<(), DbError> {
        if self.keys > 0 { Ok(()) } else { Err(DbError::shape("rows were added to a row set without sums")) }
    }

    pub(crate) fn sqlite_insert(&self) -> &str {
        &self.texts().sqlite_insert
    }

    pub(crate) fn sqlite_update(&self) -> &str {
        &self.texts().sqlite_update
    }

    pub(crate) fn sqlite_select(&self) -> &str {
        &self.texts().sqlite_select
    }

    pub(crate) fn postgres_insert(&'static self) -> &'static str {
        &self.texts().postgres_insert
    }

    pub(crate) fn postgres_update(&'static self) -> &'static str {
        &self.texts().postgres_update
    }

    pub(crate) fn postgres_select(&'static self) -> &'static str {
        &self.texts().postgres_select
    }
}

impl Texts {
    fn new(table: &str, columns: &[(&str, &str)], keys: usize) -> Texts {
        let join = |each: &dyn Fn(usize, &str, &str) -> String| {
            let parts: Vec<String> =
                columns.iter().enumerate().map(|(place, (name, kind))| each(place + 1, name, kind)).collect();
            parts.join(", ")
        };
        let names = join(&|_, name, _| name.to_owned());
        let key = columns.first().map_or("", |(name, _)| name);
        let key_kind = columns.first().map_or("", |(_, kind)| sent_as(kind));
        let changes = |value: &dyn Fn(usize, &str) -> String| {
            let parts: Vec<String> = columns
                .iter()
                .enumerate()
                .skip(1)
                .map(|(place, (name, _))| format!("{name} = {}", value(place + 1, name)))
                .collect();
            parts.join(", ")
        };
        let arrays = join(&|place, _, kind| format!("${place}::{}[]", sent_as(kind)));
        let add = added_up(table, columns, keys);
        let sqlite_insert =
            format!("insert into {table} ({names}) values ({})", join(&|place, _, _| format!("?{place}")));
        let postgres_insert = format!("insert into {table} ({names}) select * from unnest({arrays})");
        Texts {
            sqlite_add: format!("{sqlite_insert} {add}"),
            postgres_add: format!("{postgres_insert} {add}"),
            sqlite_insert,
            postgres_insert,
            sqlite_update: format!("update {table} set {} where {key} = ?1", changes(&|place, _| format!("?{place}"))),
            sqlite_select: format!("select {names} from {table} where {key} = ?1"),
            postgres_update: format!(
                "update {table} as old set {} from unnest({arrays}) as new ({names}) where old.{key} = new.{key}",
                changes(&|_, name| format!("new.{name}"))
            ),
            postgres_select: format!("select {names} from {table} where {key} = any($1::{key_kind}[])"),
        }
    }
}

/// The end of an insertion that adds to existing rows.
fn added_up(table: &str, columns: &[(&str, &str)], keys: usize) -> String {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let (keys, sums) = names.split_at(keys.min(names.len()));
    let sums: Vec<String> = sums.iter().map(|name| format!("{name} = {table}.{name} + excluded.{name}")).collect();
    format!("on conflict ({}) do update set {}", keys.join(", "), sums.join(", "))
}

/// Numbers are sent as 64 bits whatever their column; the server narrows them on storing, or refuses.
fn sent_as(kind: &str) -> &str {
    if kind == "smallint" { "bigint" } else { kind }
}

impl<'a> Column<'a> {
    pub(crate) fn length(&self) -> usize {
        match self {
            Column::Int(values) => values.len(),
            Column::IntOrNull(values) => values.len(),
            Column::Text(values) => values.len(),
            Column::TextOrNull(values) => values.len(),
            Column::Bytes(values) => values.len(),
            Column::Id(values) => values.len(),
        }
    }

    /// The value of one row; null beyond the end.
    pub(crate) fn value(&self, row: usize) -> Value<'a> {
        let value = match self {
            Column::Int(values) => values.get(row).copied().map(Value::Int),
            Column::IntOrNull(values) => values.get(row).copied().flatten().map(Value::Int),
            Column::Text(values) => values.get(row).map(|value| Value::Text(value)),
            Column::TextOrNull(values) => values.get(row).and_then(Option::as_deref).map(Value::Text),
            Column::Bytes(values) => values.get(row).map(|value| Value::Bytes(value)),
            Column::Id(values) => values.get(row).map(|value| Value::Bytes(value)),
        };
        value.unwrap_or(Value::Null)
    }
}

/// The number of rows in a set, which must be the same for every column.
pub(crate) fn length(columns: &[Column<'_>]) -> Result<usize, DbError> {
    let rows = columns.first().map_or(0, Column::length);
    if columns.iter().all(|column| column.length() == rows) {
        return Ok(rows);
    }
    Err(DbError::shape("columns of one row set differ in length"))
}
