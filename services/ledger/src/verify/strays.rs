//! Table rows that the log does not have. Every log row has been found in its tables before this, so a table with the
//! right number of rows has no others; only a table with a different number is searched.

use platform::db::{Column, DbError, Row as DbRow, Tx, Value};

use super::disagreement::{Place, VerifyError};
use super::replay::Counts;
use super::{PAGE_ROWS, sql};
use crate::format::{LegKind, Row, TransactionHead, hex};
use crate::ids::{self, Runs};
use crate::store::sql as tables;

/// A table whose rows point into the log.
struct Pointing {
    table: &'static str,
    count: &'static str,
    /// Key, log row, and what else `belongs` needs to see.
    page: &'static str,
    key: Key,
    /// The log row is that of the id in the third column.
    through_id: bool,
    belongs: fn(&DbRow, u64, &Row) -> bool,
}

#[derive(Clone, Copy)]
enum Key {
    Number,
    Text,
    Bytes,
}

const POINTING: [Pointing; 6] = [
    Pointing {
        table: "transaction_id",
        count: sql::TRANSACTION_ID_COUNT,
        page: sql::TRANSACTION_ID_PAGE,
        key: Key::Bytes,
        through_id: false,
        belongs: |found, _, row| {
            let id = found.array(0).map(u128::from_be_bytes).ok();
            id.is_some() && row.names_id() == id
        },
    },
    Pointing {
        table: "transaction_reference",
        count: sql::TRANSACTION_REFERENCE_COUNT,
        page: sql::TRANSACTION_REFERENCE_PAGE,
        key: Key::Text,
        through_id: false,
        belongs: |found, _, row| reference(row) == found.text(0).ok(),
    },
    Pointing {
        table: "hold",
        count: sql::HOLD_COUNT,
        page: sql::HOLD_PAGE,
        key: Key::Number,
        through_id: false,
        belongs: |_, _, row| matches!(row, Row::Leg(leg) if leg.kind == LegKind::Pending),
    },
    Pointing {
        table: "scheduled",
        count: sql::SCHEDULED_COUNT,
        page: sql::SCHEDULED_PAGE,
        key: Key::Number,
        through_id: false,
        belongs: |_, _, row| matches!(row, Row::Scheduled(_)),
    },
    Pointing {
        table: "reversal",
        count: sql::REVERSAL_COUNT,
        page: sql::REVERSAL_PAGE,
        key: Key::Number,
        through_id: true,
        belongs: |found, _, row| {
            let by = found.array(2).map(u128::from_be_bytes).ok();
            let reversal = matches!(row, Row::Leg(leg) if leg.kind == LegKind::Reversal);
            reversal && head(row).is_some_and(|head| by == Some(head.id))
        },
    },
    Pointing {
        table: "metadata",
        count: sql::METADATA_COUNT,
        page: sql::METADATA_PAGE,
        key: Key::Number,
        through_id: false,
        belongs: |_, seq, row| match row {
            Row::Account(account) => account.state.metadata.is_some() && account.state.metadata_seq == seq,
            Row::Scheduled(scheduled) => scheduled.metadata.is_some(),
            Row::Cancelled(cancelled) => cancelled.metadata.is_some(),
            other => head(other).is_some_and(|head| head.metadata.is_some()),
        },
    },
];

fn reference(row: &Row) -> Option<&str> {
    match row {
        Row::Scheduled(scheduled) => scheduled.reference.as_deref(),
        Row::Cancelled(cancelled) => cancelled.reference.as_deref(),
        other => head(other).filter(|head| !head.carries_out())?.reference.as_deref(),
    }
}

fn head(row: &Row) -> Option<&TransactionHead> {
    match row {
        Row::Leg(leg) => leg.head.as_ref(),
        _ => None,
    }
}

pub(super) async fn check(tx: &Tx, runs: &Runs, counts: &Counts) -> Result<(), VerifyError> {
    let expected = [
        counts.ids_in_order,
        counts.transaction_references,
        counts.holds,
        counts.scheduled,
        counts.reversals,
        counts.metadata,
    ];
    for (pointing, expected) in POINTING.iter().zip(expected) {
        let found = count(tx, pointing.count).await?;
        if found != expected {
            let stray = pointing.find(tx, runs).await?;
            let what = stray.map_or_else(|| "rows".to_owned(), |key| format!("rows, of which {key} is one too many"));
            Place::Table(pointing.table).same(&what, expected, found)?;
        }
    }
    Ok(())
}

pub(super) async fn count(tx: &Tx, sql: &'static str) -> Result<u64, DbError> {
    tx.query(sql, &[]).await?.first().map_or(Ok(0), |row| row.int(0)).map(|count| count as u64)
}

/// The first rows of the ids in the third column; 0 for an unknown id.
async fn rows_of_ids(tx: &Tx, runs: &Runs, page: &[DbRow]) -> Result<Vec<i64>, DbError> {
    let ids = page.iter().map(|row| row.array(2).map(u128::from_be_bytes)).collect::<Result<Vec<u128>, _>>()?;
    let found = ids::find(tx, runs, &ids).await?;
    Ok(ids.iter().map(|id| found.get(id).map_or(0, |seq| *seq as i64)).collect())
}

impl Pointing {
    /// The first key whose log row does not have it.
    async fn find(&self, tx: &Tx, runs: &Runs) -> Result<Option<String>, DbError> {
        let mut after = Vec::new();
        let (mut text, mut number) = (String::new(), i64::MIN);
        loop {
            let key = match self.key {
                Key::Number => Value::Int(number),
                Key::Text => Value::Text(&text),
                Key::Bytes => Value::Bytes(&after),
            };
            let page = tx.query(self.page, &[key, Value::Int(PAGE_ROWS as i64)]).await?;
            let Some(last) = page.last() else { return Ok(None) };
            if let Some(stray) = self.stray(tx, runs, &page).await? {
                return self.shown(stray).map(Some);
            }
            match self.key {
                Key::Number => number = last.int(0)?,
                Key::Text => text = last.text(0)?.to_owned(),
                Key::Bytes => after = last.bytes(0)?.to_vec(),
            }
        }
    }

    async fn stray<'a>(&self, tx: &Tx, runs: &Runs, page: &'a [DbRow]) -> Result<Option<&'a DbRow>, DbError> {
        let seqs: Vec<i64> = match self.through_id {
            true => rows_of_ids(tx, runs, page).await?,
            false => page.iter().map(|row| row.int(1)).collect::<Result<_, _>>()?,
        };
        let rows = super::lookups::select(tx, &tables::LOG, Column::Int(&seqs), |row| {
            Ok((row.int(0)?, row.bytes(1)?.to_vec()))
        });
        let rows = rows.await?;
        let known = |(found, seq): (&DbRow, &i64)| {
            let body = rows.get(seq)?;
            let row = Row::decode(*seq as u64, body).ok()?;
            (self.belongs)(found, *seq as u64, &row).then_some(())
        };
        Ok(page.iter().zip(&seqs).find(|pair| known(*pair).is_none()).map(|(row, _)| row))
    }

    fn shown(&self, row: &DbRow) -> Result<String, DbError> {
        Ok(match self.key {
            Key::Number => row.int(0)?.to_string(),
            Key::Text => row.text(0)?.to_owned(),
            Key::Bytes => hex(row.bytes(0)?),
        })
    }
}
