//! Statements of imports.

use formats::statement::Effect;
use platform::db::{Column, DbError, Row, RowSet, Tx, Value};

use crate::knowing::Span;

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[
    STATEMENT_LAST,
    STATEMENT_AT,
    STATEMENTS_OF_IMPORT,
    STATEMENTS_NEAR,
    STATEMENTS_WITH_BALANCES,
    STATEMENT_ROWS,
    STATEMENT_WITHDRAW,
];

#[cfg(test)]
pub(crate) const SETS: &[&RowSet] = &[&STATEMENT_ADD];

static STATEMENT_ADD: RowSet = RowSet::new(
    "statement",
    &[
        ("seq", "bigint"),
        ("import", "bigint"),
        ("place", "bigint"),
        ("account", "bigint"),
        ("source", "smallint"),
        ("coverage", "smallint"),
        ("identity", "bigint"),
        ("from_day", "bigint"),
        ("to_day", "bigint"),
        ("opening", "bigint"),
        ("closing", "bigint"),
        ("last_sum", "bigint"),
        ("adds_up", "smallint"),
        ("told_at", "bigint"),
        ("first_seq", "bigint"),
        ("last_seq", "bigint"),
        ("withdrawn", "smallint"),
        ("effect", "smallint"),
    ],
);

const STATEMENT_LAST: &str = "
select cast(coalesce(max(seq), 0) as BIGINT)
from statement";

const STATEMENT_AT: &str = "
select seq, import, place, account, source, coverage, identity, from_day, to_day, opening, closing, last_sum, adds_up,
    told_at, first_seq, last_seq, withdrawn, effect
from statement
where import = $1
    and place = $2";

const STATEMENTS_OF_IMPORT: &str = "
select seq, import, place, account, source, coverage, identity, from_day, to_day, opening, closing, last_sum, adds_up,
    told_at, first_seq, last_seq, withdrawn, effect
from statement
where import = $1
    and place > $2
order by place
limit 1000";

/// Those that may share a day.
const STATEMENTS_NEAR: &str = "
select seq, import, place, account, source, coverage, identity, from_day, to_day, opening, closing, last_sum, adds_up,
    told_at, first_seq, last_seq, withdrawn, effect
from statement
where account = $1
    and to_day >= $2
    and from_day <= $3
    and withdrawn = 0
order by to_day desc
limit 1000";

const STATEMENTS_WITH_BALANCES: &str = "
select seq, import, place, account, source, coverage, identity, from_day, to_day, opening, closing, last_sum, adds_up,
    told_at, first_seq, last_seq, withdrawn, effect
from statement
where account = $1
    and withdrawn = 0
    and (opening is not null or closing is not null)
order by to_day, seq
limit 20000";

const STATEMENT_ROWS: &str = "
update statement
set first_seq = $2, last_seq = $3
where seq = $1";

const STATEMENT_WITHDRAW: &str = "
update statement
set withdrawn = $2
where import = $1";

#[derive(Debug, Clone)]
pub(crate) struct Stated {
    pub(crate) seq: i64,
    pub(crate) import: i64,
    pub(crate) place: i64,
    pub(crate) account: i64,
    pub(crate) coverage: i64,
    pub(crate) span: Span,
    pub(crate) adds_up: bool,
    pub(crate) told_at: i64,
    /// Movements that it told first.
    pub(crate) rows: (i64, i64),
    pub(crate) withdrawn: bool,
    pub(crate) effect: Effect,
}

fn effect_number(effect: Effect) -> i64 {
    match effect {
        Effect::Tells => 0,
        Effect::Deletes => 1,
        Effect::Corrects => 2,
        Effect::Test => 3,
    }
}

fn effect(number: i64) -> Effect {
    match number {
        1 => Effect::Deletes,
        2 => Effect::Corrects,
        3 => Effect::Test,
        _ => Effect::Tells,
    }
}

fn read(row: &Row) -> Result<Stated, DbError> {
    let seq = row.int(0)?;
    let span = Span {
        statement: seq,
        source: row.int(4)?,
        identity: row.int_or_null(6)?,
        from: row.int(7)?,
        to: row.int(8)?,
        opening: row.int_or_null(9)?,
        closing: row.int_or_null(10)?,
        last_sum: row.int_or_null(11)?,
    };
    Ok(Stated {
        seq,
        import: row.int(1)?,
        place: row.int(2)?,
        account: row.int(3)?,
        coverage: row.int(5)?,
        span,
        adds_up: row.int(12)? != 0,
        told_at: row.int(13)?,
        rows: (row.int(14)?, row.int(15)?),
        withdrawn: row.int(16)? != 0,
        effect: effect(row.int(17)?),
    })
}

pub(crate) async fn add(tx: &Tx, all: &[Stated]) -> Result<(), DbError> {
    let ints = |of: fn(&Stated) -> i64| all.iter().map(of).collect::<Vec<_>>();
    let nulls = |of: fn(&Stated) -> Option<i64>| all.iter().map(of).collect::<Vec<_>>();
    let columns = [
        ints(|one| one.seq),
        ints(|one| one.import),
        ints(|one| one.place),
        ints(|one| one.account),
        ints(|one| one.span.source),
        ints(|one| one.coverage),
    ];
    let days = [ints(|one| one.span.from), ints(|one| one.span.to)];
    let identity = nulls(|one| one.span.identity);
    let balances = [nulls(|one| one.span.opening), nulls(|one| one.span.closing), nulls(|one| one.span.last_sum)];
    let rest = [
        ints(|one| i64::from(one.adds_up)),
        ints(|one| one.told_at),
        ints(|one| one.rows.0),
        ints(|one| one.rows.1),
        ints(|one| i64::from(one.withdrawn)),
        ints(|one| effect_number(one.effect)),
    ];
    let mut set: Vec<Column<'_>> = columns.iter().map(|values| Column::Int(values)).collect();
    set.push(Column::IntOrNull(&identity));
    set.extend(days.iter().map(|values| Column::Int(values)));
    set.extend(balances.iter().map(|values| Column::IntOrNull(values)));
    set.extend(rest.iter().map(|values| Column::Int(values)));
    tx.insert_many(&STATEMENT_ADD, &set).await
}

pub(crate) async fn next(tx: &Tx) -> Result<i64, DbError> {
    let rows = tx.query(STATEMENT_LAST, &[]).await?;
    Ok(rows.first().map_or(Ok(0), |row| row.int(0))? + 1)
}

pub(crate) async fn at(tx: &Tx, import: i64, place: i64) -> Result<Option<Stated>, DbError> {
    tx.query(STATEMENT_AT, &[Value::Int(import), Value::Int(place)]).await?.first().map(read).transpose()
}

/// Up to 1,000 in the order of the file.
pub(crate) async fn of_import(tx: &Tx, import: i64, after: i64) -> Result<Vec<Stated>, DbError> {
    tx.query(STATEMENTS_OF_IMPORT, &[Value::Int(import), Value::Int(after)]).await?.iter().map(read).collect()
}

pub(crate) async fn near(tx: &Tx, account: i64, from: i64, to: i64) -> Result<Vec<Stated>, DbError> {
    let values = [account, from, to].map(Value::Int);
    tx.query(STATEMENTS_NEAR, &values).await?.iter().map(read).collect()
}

pub(crate) async fn with_balances(tx: &Tx, account: i64) -> Result<Vec<Stated>, DbError> {
    tx.query(STATEMENTS_WITH_BALANCES, &[Value::Int(account)]).await?.iter().map(read).collect()
}

pub(crate) async fn set_rows(tx: &Tx, seq: i64, rows: (i64, i64)) -> Result<(), DbError> {
    tx.execute(STATEMENT_ROWS, &[seq, rows.0, rows.1].map(Value::Int)).await.map(drop)
}

pub(crate) async fn withdraw(tx: &Tx, import: i64, withdrawn: bool) -> Result<(), DbError> {
    tx.execute(STATEMENT_WITHDRAW, &[import, i64::from(withdrawn)].map(Value::Int)).await.map(drop)
}
