//! Movements as row sets.

use platform::db::{Column, DbError, RowSet, Tx};

use super::Movement;

macro_rules! set {
    ($($name:literal $kind:literal),* $(,)?) => {
        RowSet::new("movement", &[$(($name, $kind)),*])
    };
}

pub(super) static MOVEMENT_ADD: RowSet = set!(
    "seq" "bigint", "id" "bytea", "account" "bigint", "statement" "bigint",
    "day" "bigint", "valued" "bigint", "minor" "bigint", "currency" "text", "status" "smallint", "code" "text",
    "category" "text", "chosen" "smallint", "match_key" "bigint", "print" "bigint", "bank_key" "bigint",
    "end_key" "bigint", "source" "smallint", "told_at" "bigint", "twin" "bigint", "decided" "smallint",
    "removed" "smallint", "was" "bigint", "sealed" "bytea",
);

/// Everything that can change.
pub(super) static MOVEMENT_CHANGE: RowSet = set!(
    "seq" "bigint",
    "day" "bigint", "valued" "bigint", "minor" "bigint", "currency" "text", "status" "smallint", "code" "text",
    "category" "text", "chosen" "smallint", "match_key" "bigint", "print" "bigint", "bank_key" "bigint",
    "end_key" "bigint", "source" "smallint", "told_at" "bigint", "twin" "bigint", "decided" "smallint",
    "removed" "smallint", "was" "bigint", "sealed" "bytea",
);

/// The values of the columns that both sets have.
struct Values {
    ints: [Vec<i64>; 9],
    nulls: [Vec<Option<i64>>; 5],
    texts: [Vec<String>; 3],
    sealed: Vec<Vec<u8>>,
}

impl Values {
    fn of(all: &[Movement]) -> Values {
        let ints = |of: fn(&Movement) -> i64| all.iter().map(of).collect::<Vec<_>>();
        let nulls = |of: fn(&Movement) -> Option<i64>| all.iter().map(of).collect::<Vec<_>>();
        let texts = |of: fn(&Movement) -> String| all.iter().map(of).collect::<Vec<_>>();
        Values {
            ints: [
                ints(|one| one.day),
                ints(|one| one.minor),
                ints(|one| one.status as i64),
                ints(|one| i64::from(one.chosen)),
                ints(|one| one.match_key),
                ints(|one| one.print),
                ints(|one| one.source),
                ints(|one| one.told_at),
                ints(|one| i64::from(one.decided)),
            ],
            nulls: [
                nulls(|one| one.valued),
                nulls(|one| one.bank),
                nulls(|one| one.end_to_end),
                nulls(|one| one.twin),
                nulls(|one| one.was),
            ],
            texts: [
                texts(|one| one.currency.code().to_owned()),
                texts(|one| one.code.name().to_owned()),
                texts(|one| one.category.clone()),
            ],
            sealed: all.iter().map(|one| one.sealed.clone()).collect(),
        }
    }

    fn columns<'a>(&'a self, removed: &'a [i64]) -> [Column<'a>; 19] {
        let [day, minor, status, chosen, match_key, print, source, told_at, decided] = &self.ints;
        let [valued, bank, end_to_end, twin, was] = &self.nulls;
        let [currency, code, category] = &self.texts;
        let (int, null, text) = (
            |values: &'a Vec<i64>| Column::Int(values),
            |values: &'a Vec<Option<i64>>| Column::IntOrNull(values),
            |values: &'a Vec<String>| Column::Text(values),
        );
        [
            int(day),
            null(valued),
            int(minor),
            text(currency),
            int(status),
            text(code),
            text(category),
            int(chosen),
            int(match_key),
            int(print),
            null(bank),
            null(end_to_end),
            int(source),
            int(told_at),
            null(twin),
            int(decided),
            Column::Int(removed),
            null(was),
            Column::Bytes(&self.sealed),
        ]
    }
}

pub(crate) async fn add(tx: &Tx, all: &[Movement]) -> Result<(), DbError> {
    let values = Values::of(all);
    let seqs: Vec<i64> = all.iter().map(|one| one.seq).collect();
    let ids: Vec<[u8; 16]> = all.iter().map(|one| one.id.to_bytes()).collect();
    let accounts: Vec<i64> = all.iter().map(|one| one.account).collect();
    let statements: Vec<i64> = all.iter().map(|one| one.statement).collect();
    let removed = removed(all);
    let mut columns = vec![Column::Int(&seqs), Column::Id(&ids), Column::Int(&accounts), Column::Int(&statements)];
    columns.extend(values.columns(&removed));
    tx.insert_many(&MOVEMENT_ADD, &columns).await
}

pub(crate) async fn change(tx: &Tx, all: &[Movement]) -> Result<(), DbError> {
    let values = Values::of(all);
    let seqs: Vec<i64> = all.iter().map(|one| one.seq).collect();
    let removed = removed(all);
    let mut columns = vec![Column::Int(&seqs)];
    columns.extend(values.columns(&removed));
    tx.update_many(&MOVEMENT_CHANGE, &columns).await
}

fn removed(all: &[Movement]) -> Vec<i64> {
    all.iter().map(|one| one.removed as i64).collect()
}
