//! Decisions as rows.

use kernel::Timestamp;
use platform::db::{Column, DbError, Row as DbRow, RowSet, Tx, Value};
use risk_api::{Assess, Assessment, Outcome, SubjectId, SubjectKind};

use super::{from_json, numbered, to_json};
use crate::engine::{Detail, Record};
use crate::features::{Row, pack_row, unpack_row};

pub(crate) static DECISIONS: RowSet = RowSet::new(
    "decisions",
    &[
        ("seq", "bigint"),
        ("id", "text"),
        ("kind", "smallint"),
        ("at", "bigint"),
        ("decided_at", "bigint"),
        ("outcome", "smallint"),
        ("score", "smallint"),
        ("content", "bigint"),
        ("subject", "text"),
        ("features", "bytea"),
        ("detail", "text"),
    ],
);

const DECISION_BY_ID: &str = "
select seq, id, kind, at, decided_at, outcome, score, content, subject, features, detail
from decisions
where id = $1";

const DECISIONS_AFTER: &str = "
select seq, id, kind, at, decided_at, outcome, score, content, subject, features, detail
from decisions
where seq > $1
order by seq
limit $2";

const DECISIONS_BETWEEN: &str = "
select seq, id, kind, at, decided_at, outcome, score, content, subject, features, detail
from decisions
where seq > $1
    and decided_at >= $2
    and decided_at < $3
    and kind = $4
order by seq
limit $5";

/// The first number of a decision made at a time or later.
const DECISION_SEQ_FROM: &str = "
select seq
from decisions
where decided_at >= $1
order by decided_at, seq
limit 1";

const DECISIONS_NEWEST: &str = "
select max(decided_at)
from decisions";

#[cfg(test)]
pub(crate) const SQL: &[&str] =
    &[DECISION_BY_ID, DECISIONS_AFTER, DECISIONS_BETWEEN, DECISION_SEQ_FROM, DECISIONS_NEWEST];

/// A decision as it was stored.
#[derive(Debug)]
pub(crate) struct Decided {
    pub(crate) seq: i64,
    pub(crate) id: SubjectId,
    pub(crate) decided_at: Timestamp,
    pub(crate) outcome: Outcome,
    pub(crate) score: u16,
    pub(crate) content: i64,
    pub(crate) subject: Assess,
    pub(crate) row: Row,
    pub(crate) detail: Detail,
}

impl Decided {
    pub(crate) fn assessment(&self) -> Assessment {
        self.detail.clone().assessment(self.id.clone(), self.score, self.outcome)
    }
}

pub(crate) async fn add(tx: &Tx, records: &[Record]) -> Result<(), DbError> {
    if records.is_empty() {
        return Ok(());
    }
    let ints = |of: &dyn Fn(&Record) -> i64| records.iter().map(of).collect::<Vec<_>>();
    let texts = |of: &dyn Fn(&Record) -> String| records.iter().map(of).collect::<Vec<_>>();
    let details = records.iter().map(|record| to_json(&record.detail)).collect::<Result<Vec<_>, _>>()?;
    let rows: Vec<Vec<u8>> = records.iter().map(|record| pack_row(&record.row)).collect();
    tx.insert_many(
        &DECISIONS,
        &[
            Column::Int(&ints(&|record| record.seq)),
            Column::Text(&texts(&|record| record.id.to_string())),
            Column::Int(&ints(&|record| record.kind as i64)),
            Column::Int(&ints(&|record| record.at.micros())),
            Column::Int(&ints(&|record| record.decided_at.micros())),
            Column::Int(&ints(&|record| record.assessment.outcome as i64)),
            Column::Int(&ints(&|record| i64::from(record.assessment.score))),
            Column::Int(&ints(&|record| record.content)),
            Column::Text(&texts(&|record| record.json.clone())),
            Column::Bytes(&rows),
            Column::Text(&details),
        ],
    )
    .await
}

pub(crate) async fn by_id(tx: &Tx, id: &SubjectId) -> Result<Option<Decided>, DbError> {
    let rows = tx.query(DECISION_BY_ID, &[Value::Text(id.as_str())]).await?;
    rows.first().map(decided).transpose()
}

/// In the order in which counters saw them.
pub(crate) async fn after(tx: &Tx, seq: i64, max: usize) -> Result<Vec<Decided>, DbError> {
    let rows = tx.query(DECISIONS_AFTER, &[Value::Int(seq), Value::Int(max as i64)]).await?;
    rows.iter().map(decided).collect()
}

/// A range of time in pieces: those after `seq`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Between {
    pub(crate) kind: SubjectKind,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

pub(crate) async fn between(tx: &Tx, range: Between, seq: i64, max: usize) -> Result<Vec<Decided>, DbError> {
    let Between { kind, from, to } = range;
    let values = [Value::Int(seq), Value::Int(from), Value::Int(to), Value::Int(kind as i64), Value::Int(max as i64)];
    let rows = tx.query(DECISIONS_BETWEEN, &values).await?;
    rows.iter().map(decided).collect()
}

/// Before the first number of a decision made at `from` or later.
pub(crate) async fn before(tx: &Tx, from: i64) -> Result<i64, DbError> {
    let rows = tx.query(DECISION_SEQ_FROM, &[Value::Int(from)]).await?;
    rows.first().map_or(Ok(i64::MAX - 1), |row| Ok(row.int(0)? - 1))
}

/// When the last decision was made.
pub(crate) async fn newest(tx: &Tx) -> Result<Option<Timestamp>, DbError> {
    let rows = tx.query(DECISIONS_NEWEST, &[]).await?;
    Ok(rows.first().map(|row| row.int_or_null(0)).transpose()?.flatten().map(Timestamp::from_micros))
}

fn subject_id(row: &DbRow, column: usize) -> Result<SubjectId, DbError> {
    row.text(column)?.parse().map_err(|_| DbError::shape("a subject's id has another form"))
}

fn decided(row: &DbRow) -> Result<Decided, DbError> {
    Ok(Decided {
        seq: row.int(0)?,
        id: subject_id(row, 1)?,
        decided_at: Timestamp::from_micros(row.int(4)?),
        outcome: numbered(row.int(5)?)?,
        score: u16::try_from(row.int(6)?).unwrap_or_default(),
        content: row.int(7)?,
        subject: from_json(row.text(8)?)?,
        row: unpack_row(row.bytes(9)?).ok_or_else(|| DbError::shape("features are damaged"))?,
        detail: from_json(row.text(10)?)?,
    })
}
