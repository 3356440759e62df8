//! One bounded step of the index: it reads alongside the writer, and blocks it only to add what it has sorted.

use std::collections::BTreeSet;

use ledger_api::Metadata;
use platform::db::{Column, Db, DbError, Row as DbRow, Tx, Value};

use super::keys::{self, Declared};
use super::{sql, term};
use crate::format::Row;
use crate::store::sql as tables;

/// Maximum entries that one step adds or erases.
pub(super) const ENTRIES_MAX: usize = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// No key is declared.
    Idle,
    /// Everything up to this row is indexed.
    UpTo(u64),
    /// There is more to do right away.
    More,
}

/// What one step adds: for keys that are all at `from`, up to `to`.
struct Piece {
    keys: Vec<Declared>,
    from: u64,
    to: u64,
    /// Number of the key, term and row, in table order.
    entries: Vec<(i64, String, i64)>,
}

pub(super) async fn step(db: &Db) -> Result<Step, DbError> {
    let tx = db.read().await?;
    let mut declared = keys::all(&tx).await?;
    if let Some(removed) = declared.iter().find(|key| key.removed) {
        drop(tx);
        return erase(db, removed.no).await.map(|()| Step::More);
    }
    let last = tx.query(tables::GROUP_LAST_ROW, &[]).await?;
    let last_seq = last.first().map_or(Ok(0), |row| row.int(0))?.unsigned_abs();
    let Some(from) = declared.iter().map(|key| key.indexed_to_seq).min() else { return Ok(Step::Idle) };
    if from >= last_seq {
        return Ok(Step::UpTo(from));
    }
    // Keys that are further wait for the others to reach them; from there on they proceed together.
    let ahead = declared.iter().map(|key| key.indexed_to_seq).filter(|to| *to > from).min();
    declared.retain(|key| key.indexed_to_seq == from);
    let piece = read(&tx, declared, from, ahead.unwrap_or(last_seq).min(last_seq)).await?;
    drop(tx);
    let to = piece.to;
    write(db, &piece).await?;
    Ok(if to < last_seq { Step::More } else { Step::UpTo(to) })
}

async fn read(tx: &Tx, keys: Vec<Declared>, from: u64, bound: u64) -> Result<Piece, DbError> {
    let texts_max = ENTRIES_MAX / keys.len().max(1);
    let params = [from as i64, bound as i64, texts_max as i64].map(Value::Int);
    let texts = tx.query(sql::TEXT_SPAN, &params).await?;
    let to = match texts.last() {
        Some(last) if texts.len() == texts_max => last.int(0)?.unsigned_abs(),
        _ => bound,
    };
    let mut entries = Vec::new();
    for text in &texts {
        let Some((seq, metadata)) = of_transaction(text)? else { continue };
        for key in &keys {
            entries.extend(metadata.get(&key.key).map(|value| (key.no, term(value), seq)));
        }
    }
    // Keys in order are inserted faster than keys in any order.
    entries.sort_unstable();
    Ok(Piece { keys, from, to, entries })
}

/// The first row of a transaction with its metadata; `None` for that of an account.
pub(super) fn of_transaction(text: &DbRow) -> Result<Option<(i64, Metadata)>, DbError> {
    let seq = text.int(0)?;
    let decoded = Row::decode(seq.unsigned_abs(), text.bytes(2)?);
    let row = decoded.map_err(|error| DbError::shape(format!("row {seq} of the log: {error}")))?;
    match row {
        Row::Leg(_) | Row::Scheduled(_) | Row::Cancelled(_) => {}
        Row::Account(_) | Row::Asset(_) | Row::Refusal(_) | Row::Failed(_) => return Ok(None),
    }
    let metadata = serde_json::from_str(text.text(1)?)
        .map_err(|_| DbError::shape(format!("the metadata of row {seq} is not a JSON object of strings")))?;
    Ok(Some((seq, metadata)))
}

/// Nothing happens if one of the keys has moved since it was read: another process was faster.
async fn write(db: &Db, piece: &Piece) -> Result<(), DbError> {
    let tx = db.begin().await?;
    // An erasure of what was read waits here too, or has already removed it.
    tx.one_at_a_time().await?;
    let texts: BTreeSet<i64> = piece.entries.iter().map(|(_, _, seq)| *seq).collect();
    let texts: Vec<i64> = texts.into_iter().collect();
    let there = tx.select_many(&tables::METADATA, Column::Int(&texts)).await?;
    let there = there.iter().map(|row| row.int(0)).collect::<Result<BTreeSet<i64>, DbError>>()?;
    let entries = || piece.entries.iter().filter(|(_, _, seq)| there.contains(seq));
    let numbers: Vec<i64> = entries().map(|(key, _, _)| *key).collect();
    let terms: Vec<String> = entries().map(|(_, term, _)| term.clone()).collect();
    let seqs: Vec<i64> = entries().map(|(_, _, seq)| *seq).collect();
    for key in &piece.keys {
        let params = [key.no, piece.from as i64, piece.to as i64].map(Value::Int);
        if tx.execute(sql::KEY_ADVANCE, &params).await? != 1 {
            return Ok(());
        }
    }
    let columns = [Column::Int(&numbers), Column::Text(&terms), Column::Int(&seqs)];
    tx.insert_many(&sql::TRANSACTION_METADATA, &columns).await?;
    Ok(tx.commit().await?)
}

/// Removes some of what is left of a removed key, and the key itself once nothing is.
async fn erase(db: &Db, no: i64) -> Result<(), DbError> {
    let tx = db.begin().await?;
    if tx.execute(sql::TERM_ERASE, &[Value::Int(no), Value::Int(ENTRIES_MAX as i64)]).await? == 0 {
        tx.execute(sql::KEY_FORGET, &[Value::Int(no)]).await?;
    }
    Ok(tx.commit().await?)
}
