//! Single table rows, as the state keeps them.

use std::collections::HashMap;

use kernel::Currency;
use ledger_api::{AccountStatus, Side};
use platform::db::{DbError, Row};

use crate::account::{AccountFacts, Head};
use crate::chain::Roots;
use crate::format::{self, AccountState, Sums};
use crate::schedule::{Scheduled, Stage};
use crate::state::Hold;

pub(crate) fn unsigned(row: &Row, column: usize) -> Result<u64, DbError> {
    let value = row.int(column)?;
    u64::try_from(value).map_err(|_| DbError::shape(format!("column {column} holds {value}")))
}

pub(crate) fn facts(row: &Row) -> Result<AccountFacts, DbError> {
    let shape = |what: &str| DbError::shape(format!("an account with a malformed {what}"));
    let scale = u8::try_from(row.int(3)?).map_err(|_| shape("scale"))?;
    let name = |column| -> Result<_, DbError> {
        row.text_or_null(column)?.map(str::parse).transpose().map_err(|_| shape("owner or reference"))
    };
    Ok(AccountFacts {
        no: unsigned(row, 0)?,
        path: row.text(1)?.parse().map_err(|_| shape("path"))?,
        currency: Currency::with_scale(row.text(2)?, scale).map_err(|_| shape("currency"))?,
        normal: if row.int(4)? == 0 { Side::Debit } else { Side::Credit },
        owner: name(5)?,
        reference: name(6)?,
        opened_seq: unsigned(row, 7)?,
        opened_at: row.int(8)?,
    })
}

pub(crate) fn head(row: &Row) -> Result<(u64, Head), DbError> {
    let status = match row.int(1)? {
        0 => AccountStatus::Open,
        1 => AccountStatus::Frozen,
        _ => AccountStatus::Closed,
    };
    let metadata = if row.bytes(4)?.is_empty() { None } else { Some(row.array(4)?) };
    let state = AccountState {
        status,
        floor: row.int_or_null(2)?,
        ceiling: row.int_or_null(3)?,
        metadata,
        metadata_seq: unsigned(row, 5)?,
    };
    let sums = Sums {
        posted_debits: row.int(6)?,
        posted_credits: row.int(7)?,
        pending_debits: row.int(8)?,
        pending_credits: row.int(9)?,
    };
    let roots = Roots::from_bytes(row.bytes(12)?).ok_or_else(|| DbError::shape("an account with malformed roots"))?;
    let (version, holds) = (unsigned(row, 10)?, unsigned(row, 11)?);
    let late = Sums::of([row.int(13)?, row.int(14)?, row.int(15)?, row.int(16)?]);
    Ok((unsigned(row, 0)?, Head { state, sums, version, roots, late, holds, raised_by: 0 }))
}

pub(crate) fn heads_of(rows: &[Row]) -> Result<HashMap<u64, Head>, DbError> {
    rows.iter().map(head).collect()
}

pub(crate) fn status_number(status: AccountStatus) -> i64 {
    match status {
        AccountStatus::Open => 0,
        AccountStatus::Frozen => 1,
        AccountStatus::Closed => 2,
    }
}

pub(crate) fn hold(row: &Row) -> Result<(u64, Hold), DbError> {
    let hold = Hold {
        posted: row.int(1)?,
        released: row.int(2)?,
        remaining: row.int(3)?,
        expires_at: row.int(4)?,
        expired: row.int(5)? != 0,
    };
    Ok((unsigned(row, 0)?, hold))
}

pub(crate) fn scheduled(row: &Row) -> Result<(u64, Scheduled), DbError> {
    let stage = Stage::from_number(row.int(2)?);
    let scheduled = Scheduled {
        due_at: row.int(1)?,
        stage: stage.ok_or_else(|| DbError::shape("a scheduled transaction with a malformed state"))?,
        outcome: unsigned(row, 3)?,
        owner: row.text_or_null(4)?.map(str::to_owned),
    };
    Ok((unsigned(row, 0)?, scheduled))
}

pub(crate) fn log_row(row: &Row) -> Result<(u64, format::Row), DbError> {
    let seq = unsigned(row, 0)?;
    let decoded = format::Row::decode(seq, row.bytes(1)?);
    decoded.map(|row| (seq, row)).map_err(|error| DbError::shape(format!("row {seq} of the log: {error}")))
}
