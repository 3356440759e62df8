//! Which texts of metadata belong to an owner: those of the owner's accounts, and those of transactions that touch one of
//! them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use platform::db::{Column, DbError, Row as DbRow, Tx, Value};

use super::sql;
use crate::format::{LegRow, Row};
use crate::store::{log_row, sql as tables};

/// Texts read at once.
const PAGE: usize = 1_000;

/// One text of metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    /// The log row that it belongs to.
    pub(crate) seq: u64,
    /// The account's number, if it is an account's.
    pub(crate) account: Option<u64>,
    pub(crate) body: String,
}

/// The owner's texts among the next ones after a row.
pub(crate) struct Page {
    pub(crate) texts: Vec<Text>,
    /// The last row that was examined; `None` if there are no more.
    pub(crate) next: Option<u64>,
}

pub(crate) async fn accounts_of(tx: &Tx, owner: &str) -> Result<HashSet<u64>, DbError> {
    let rows = tx.query(sql::ACCOUNTS_OF_OWNER, &[Value::Text(owner)]).await?;
    rows.iter().map(|row| row.int(0).map(i64::unsigned_abs)).collect()
}

pub(crate) async fn page(tx: &Tx, accounts: &HashSet<u64>, after: u64) -> Result<Page, DbError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let rows = tx.query(sql::TEXT_PAGE, &[Value::Int(after), Value::Int(PAGE as i64)]).await?;
    let (mut texts, mut undecided) = (Vec::new(), Undecided::default());
    for row in &rows {
        let (text, log) = read(row)?;
        match belongs(text.seq, &log, accounts) {
            Belongs::Yes => texts.push(text),
            Belongs::No => {}
            Belongs::IfOneOf(others) => undecided.add(text, others),
        }
    }
    texts.extend(undecided.decide(tx, accounts).await?);
    texts.sort_by_key(|text| text.seq);
    let next = match rows.last() {
        Some(last) if rows.len() == PAGE => Some(last.int(0)?.unsigned_abs()),
        _ => None,
    };
    Ok(Page { texts, next })
}

fn read(row: &DbRow) -> Result<(Text, Row), DbError> {
    let seq = row.int(0)?.unsigned_abs();
    let decoded = Row::decode(seq, row.bytes(2)?);
    let log = decoded.map_err(|error| DbError::shape(format!("row {seq} of the log: {error}")))?;
    let account = if let Row::Account(account) = &log { Some(account.account) } else { None };
    Ok((Text { seq, account, body: row.text(1)?.to_owned() }, log))
}

enum Belongs {
    Yes,
    No,
    /// Other rows of the log decide.
    IfOneOf(Vec<u64>),
}

/// The text of a transaction is at its first row; the others follow it, and that of a cancellation names the scheduled one.
fn belongs(seq: u64, log: &Row, accounts: &HashSet<u64>) -> Belongs {
    let known = |yes| if yes { Belongs::Yes } else { Belongs::No };
    match log {
        Row::Account(row) => known(accounts.contains(&row.account)),
        Row::Scheduled(row) => known(row.accounts.iter().any(|no| accounts.contains(no))),
        Row::Leg(leg) if touches(leg, accounts) => Belongs::Yes,
        Row::Leg(leg) => {
            let legs = leg.head.as_ref().map_or(1, |head| u64::from(head.legs));
            Belongs::IfOneOf((seq + 1..seq + legs).collect())
        }
        Row::Cancelled(row) => Belongs::IfOneOf(vec![row.scheduled]),
        Row::Asset(_) | Row::Refusal(_) | Row::Failed(_) => Belongs::No,
    }
}

fn touches(leg: &LegRow, accounts: &HashSet<u64>) -> bool {
    accounts.contains(&leg.debit) || accounts.contains(&leg.credit)
}

/// Texts for which other rows have to be read.
#[derive(Default)]
struct Undecided {
    texts: BTreeMap<u64, Text>,
    /// A row, and the text that it decides.
    rows: BTreeMap<u64, BTreeSet<u64>>,
}

impl Undecided {
    fn add(&mut self, text: Text, others: Vec<u64>) {
        for other in others {
            self.rows.entry(other).or_default().insert(text.seq);
        }
        self.texts.insert(text.seq, text);
    }

    async fn decide(mut self, tx: &Tx, accounts: &HashSet<u64>) -> Result<Vec<Text>, DbError> {
        let wanted: Vec<i64> = self.rows.keys().map(|seq| *seq as i64).collect();
        let mut found = Vec::new();
        for part in wanted.chunks(PAGE) {
            for row in tx.select_many(&tables::LOG, Column::Int(part)).await? {
                let (seq, log) = log_row(&row)?;
                let yes = match &log {
                    Row::Leg(leg) => touches(leg, accounts),
                    Row::Scheduled(row) => row.accounts.iter().any(|no| accounts.contains(no)),
                    _ => false,
                };
                let decided = self.rows.get(&seq).filter(|_| yes).into_iter().flatten();
                found.extend(decided.filter_map(|text| self.texts.remove(text)).collect::<Vec<_>>());
            }
        }
        Ok(found)
    }
}
