//! Labels: every one that was ever given, and which of them counters have learned of.

use kernel::Timestamp;
use platform::db::{Column, DbError, Row, RowSet, Tx, Value};
use risk_api::{LabelRecord, LabelSource, SubjectId, Verdict};

use super::numbered;

pub(crate) static LABELS: RowSet = RowSet::new(
    "labels",
    &[
        ("number", "bigint"),
        ("subject", "text"),
        ("verdict", "smallint"),
        ("source", "smallint"),
        ("known_at", "bigint"),
        ("recorded_at", "bigint"),
        ("author", "text"),
        ("note", "text"),
    ],
);

/// Which step told counters of a label.
pub(crate) static LEARNED: RowSet = RowSet::new("labels", &[("number", "bigint"), ("applied", "bigint")]);

const LABELS_OF: &str = "
select number, subject, verdict, source, known_at, recorded_at, author, note, applied
from labels
where subject = $1
order by known_at desc, number desc";

const LABELS_LAST: &str = "
select coalesce(max(number), 0)
from labels";

/// Known by now, not yet learned, and of a subject that was decided about.
const LABELS_DUE: &str = "
select l.number, l.subject, l.verdict, l.source, l.known_at, l.recorded_at, l.author, l.note, l.applied
from labels l
where l.applied is null
    and l.known_at <= $1
    and exists (select 1 from decisions d where d.id = l.subject)
order by l.known_at, l.number
limit $2";

const LABELS_APPLIED: &str = "
select number, subject, verdict, source, known_at, recorded_at, author, note, applied
from labels
where applied > $1
order by applied
limit $2";

/// The label that holds of each subject with a decision in a range of time.
const LABELS_HOLDING: &str = "
select l.number, l.subject, l.verdict, l.source, l.known_at, l.recorded_at, l.author, l.note, l.applied
from labels l
where l.number > $1
    and l.number in (
        select max(o.number)
        from labels o
        where o.subject = l.subject
            and o.known_at = (select max(m.known_at) from labels m where m.subject = l.subject)
    )
order by l.number
limit $2";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[LABELS_OF, LABELS_LAST, LABELS_DUE, LABELS_APPLIED, LABELS_HOLDING];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) number: i64,
    pub(crate) subject: SubjectId,
    pub(crate) record: LabelRecord,
    /// The step that told counters of it.
    pub(crate) applied: Option<i64>,
}

pub(crate) async fn add(tx: &Tx, labels: &[Label]) -> Result<(), DbError> {
    if labels.is_empty() {
        return Ok(());
    }
    let ints = |of: &dyn Fn(&Label) -> i64| labels.iter().map(of).collect::<Vec<_>>();
    let texts = |of: &dyn Fn(&Label) -> String| labels.iter().map(of).collect::<Vec<_>>();
    let notes: Vec<Option<String>> = labels.iter().map(|label| label.record.note.clone()).collect();
    tx.insert_many(
        &LABELS,
        &[
            Column::Int(&ints(&|label| label.number)),
            Column::Text(&texts(&|label| label.subject.to_string())),
            Column::Int(&ints(&|label| label.record.verdict as i64)),
            Column::Int(&ints(&|label| label.record.source as i64)),
            Column::Int(&ints(&|label| label.record.known_at.micros())),
            Column::Int(&ints(&|label| label.record.recorded_at.micros())),
            Column::Text(&texts(&|label| label.record.author.clone())),
            Column::TextOrNull(&notes),
        ],
    )
    .await
}

/// The latest known first.
pub(crate) async fn of(tx: &Tx, subject: &SubjectId) -> Result<Vec<Label>, DbError> {
    tx.query(LABELS_OF, &[Value::Text(subject.as_str())]).await?.iter().map(label).collect()
}

pub(crate) async fn last_number(tx: &Tx) -> Result<i64, DbError> {
    tx.query(LABELS_LAST, &[]).await?.first().map_or(Ok(0), |row| row.int(0))
}

pub(crate) async fn due(tx: &Tx, now: Timestamp, max: usize) -> Result<Vec<Label>, DbError> {
    let values = [Value::Int(now.micros()), Value::Int(max as i64)];
    tx.query(LABELS_DUE, &values).await?.iter().map(label).collect()
}

/// In the order in which counters learned of them.
pub(crate) async fn applied_after(tx: &Tx, seq: i64, max: usize) -> Result<Vec<Label>, DbError> {
    let values = [Value::Int(seq), Value::Int(max as i64)];
    tx.query(LABELS_APPLIED, &values).await?.iter().map(label).collect()
}

/// The label in force of every subject, in parts.
pub(crate) async fn holding(tx: &Tx, after: i64, max: usize) -> Result<Vec<Label>, DbError> {
    let values = [Value::Int(after), Value::Int(max as i64)];
    tx.query(LABELS_HOLDING, &values).await?.iter().map(label).collect()
}

pub(crate) async fn learned(tx: &Tx, learned: &[(i64, i64)]) -> Result<(), DbError> {
    if learned.is_empty() {
        return Ok(());
    }
    let numbers: Vec<i64> = learned.iter().map(|(number, _)| *number).collect();
    let steps: Vec<i64> = learned.iter().map(|(_, step)| *step).collect();
    tx.update_many(&LEARNED, &[Column::Int(&numbers), Column::Int(&steps)]).await
}

fn label(row: &Row) -> Result<Label, DbError> {
    Ok(Label {
        number: row.int(0)?,
        subject: row.text(1)?.parse().map_err(|_| DbError::shape("a subject's id has another form"))?,
        record: LabelRecord {
            verdict: numbered::<Verdict>(row.int(2)?)?,
            source: numbered::<LabelSource>(row.int(3)?)?,
            known_at: Timestamp::from_micros(row.int(4)?),
            recorded_at: Timestamp::from_micros(row.int(5)?),
            author: row.text(6)?.to_owned(),
            note: row.text_or_null(7)?.map(str::to_owned),
        },
        applied: row.int_or_null(8)?,
    })
}
