//! The log as lines: groups in order, each page of them from one snapshot, so that a long export does not keep the
//! writer from truncating its write-ahead log. The log only grows, so pages of several snapshots fit together.

use std::collections::{HashMap, VecDeque};
use std::io::Write;

use ledger_api::BookName;
use platform::db::{Column, Db, DbError, Tx, Value};

use super::error::TransferError;
use super::line::{self, EndLine, GroupLine, HeaderLine, Hex, KeyLine, RowLine, SecretLine, TextPart};
use super::sql;
use crate::format::{GroupStamp, Hash, RowsHash, genesis, group_hash};
use crate::query::Head;
use crate::service::IDEMPOTENCY_KEY;
use crate::state::LogTail;
use crate::store::sql as tables;
use crate::verify::Progress;
use crate::work::read_tail;

/// Groups, rows or keys read at once.
const PAGE_ROWS: usize = 1_000;

#[derive(Debug, Clone, Copy, Default)]
pub struct ExportOptions {
    /// Also exports what is not in the log: the digests of idempotency keys, and their secret.
    pub idempotency_keys: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    pub head: Head,
    /// Rows written now; fewer than all if an earlier export was continued.
    pub rows_written: u64,
    /// Exported digests of idempotency keys.
    pub keys: Option<u64>,
}

/// Writes the whole log, as it is at the start, while others continue to write the books.
pub async fn export(
    db: &Db,
    book: &BookName,
    out: &mut (impl Write + Send),
    options: ExportOptions,
    progress: impl FnMut(Progress) + Send,
) -> Result<Exported, TransferError> {
    ready(db, options).await?;
    let mut export = Export::new(db, book, out);
    export.header()?;
    export.rest(options, progress).await
}

/// Checks before anything is written.
pub(super) async fn ready(db: &Db, options: ExportOptions) -> Result<(), TransferError> {
    db.check_version(tables::MIGRATIONS).await?;
    match options.idempotency_keys && secret(db).await?.is_none() {
        true => Err(TransferError::NoSecret),
        false => Ok(()),
    }
}

async fn secret(db: &Db) -> Result<Option<Vec<u8>>, DbError> {
    let found = db.read().await?.query(tables::SECRET_READ, &[Value::Text(IDEMPOTENCY_KEY)]).await?;
    found.first().map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()
}

pub(super) fn first_line(book: &BookName) -> Vec<u8> {
    let mut bytes = Vec::new();
    line::write(&mut bytes, &HeaderLine { florin_export: line::VERSION, book: book.to_string() });
    bytes
}

/// The position of an export.
pub(super) struct Export<'a, W> {
    db: &'a Db,
    book: &'a BookName,
    out: W,
    number: u64,
    last_seq: u64,
    hash: Hash,
    /// Rows with metadata.
    metadata: u64,
    buffer: Vec<u8>,
}

/// Log rows and their metadata, read in pieces.
struct Rows {
    last_seq: u64,
    bodies: VecDeque<Vec<u8>>,
    texts: HashMap<u64, TextPart>,
}

impl<'a, W: Write + Send> Export<'a, W> {
    pub(super) fn new(db: &'a Db, book: &'a BookName, out: W) -> Export<'a, W> {
        Export { db, book, out, number: 0, last_seq: 0, hash: genesis(book), metadata: 0, buffer: Vec::new() }
    }

    /// Continues after groups that were written before.
    pub(super) fn behind(self, stamp: GroupStamp, hash: Hash, metadata: u64) -> Export<'a, W> {
        Export { number: stamp.number, last_seq: stamp.last_seq, hash, metadata, ..self }
    }

    pub(super) fn header(&mut self) -> Result<(), TransferError> {
        self.buffer.extend(first_line(self.book));
        self.pass_on()
    }

    /// All groups after the current position, the keys if requested, and the last line.
    pub(super) async fn rest(
        mut self,
        options: ExportOptions,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<Exported, TransferError> {
        let target = read_tail(&self.db.read().await?, &genesis(self.book)).await?;
        let before = self.last_seq;
        progress(Progress { rows: before, rows_in_all: target.last_seq });
        while self.number < target.number {
            self.page(&target).await?;
            progress(Progress { rows: self.last_seq, rows_in_all: target.last_seq });
        }
        let keys = match options.idempotency_keys {
            true => Some(self.keys().await?),
            false => None,
        };
        let head = Head { book: self.book.clone(), number: self.number, last_seq: self.last_seq, hash: self.hash };
        let (groups, rows, metadata) = (self.number, self.last_seq, self.metadata);
        line::write(&mut self.buffer, &EndLine { end: head.to_string(), groups, rows, metadata, keys });
        self.pass_on()?;
        self.out.flush().map_err(TransferError::Write)?;
        Ok(Exported { head, rows_written: self.last_seq - before, keys })
    }

    /// Some more groups: those whose rows are one page, or a single larger one.
    async fn page(&mut self, target: &LogTail) -> Result<(), TransferError> {
        let tx = self.db.read().await?;
        let params = [self.number as i64, target.number as i64, PAGE_ROWS as i64].map(Value::Int);
        let found = tx.query(sql::GROUP_SPAN, &params).await?;
        let mut groups = found.iter().map(group_of).collect::<Result<Vec<_>, _>>()?;
        let end = self.last_seq + PAGE_ROWS as u64;
        let fitting = groups.iter().take_while(|(stamp, _)| stamp.last_seq <= end).count();
        groups.truncate(fitting.max(1));
        let Some((last, _)) = groups.last() else { return Err(TransferError::LogDamaged { group: self.number + 1 }) };
        let mut rows = Rows { last_seq: last.last_seq, bodies: VecDeque::new(), texts: HashMap::new() };
        for (stamp, hash) in groups {
            self.group(&tx, &mut rows, stamp, hash).await?;
        }
        Ok(())
    }

    /// A damaged log is not passed on as if it were whole.
    async fn group(&mut self, tx: &Tx, rows: &mut Rows, stamp: GroupStamp, hash: Hash) -> Result<(), TransferError> {
        let GroupStamp { number, at, first_seq, last_seq } = stamp;
        let damaged = || TransferError::LogDamaged { group: number };
        if number != self.number + 1 || first_seq != self.last_seq + 1 || last_seq < first_seq {
            return Err(damaged());
        }
        let header = GroupLine { group: number, at, first_seq, last_seq, hash: Hex(hash.to_vec()) };
        line::write(&mut self.buffer, &header);
        let mut digest = RowsHash::new();
        for seq in first_seq..=last_seq {
            let body = rows.next(tx, seq).await?.ok_or_else(damaged)?;
            digest.row(&body);
            let metadata = rows.texts.remove(&seq);
            self.metadata += u64::from(metadata.is_some());
            line::write(&mut self.buffer, &RowLine { seq, body: Hex(body), metadata });
            self.pass_on()?;
        }
        if group_hash(&self.hash, stamp, &digest.finish()) != hash {
            return Err(damaged());
        }
        (self.number, self.last_seq, self.hash) = (number, last_seq, hash);
        Ok(())
    }

    /// The secret and all digests made with it; returns their number.
    async fn keys(&mut self) -> Result<u64, TransferError> {
        let secret = secret(self.db).await?.ok_or(TransferError::NoSecret)?;
        line::write(&mut self.buffer, &SecretLine { secret: Hex(secret) });
        let (mut after, mut count) = (Vec::new(), 0);
        loop {
            let tx = self.db.read().await?;
            let params = [Value::Bytes(&after), Value::Int(self.last_seq as i64), Value::Int(PAGE_ROWS as i64)];
            let page = tx.query(sql::IDEMPOTENCY_SPAN, &params).await?;
            drop(tx);
            let Some(last) = page.last() else { return Ok(count) };
            after = last.bytes(0)?.to_vec();
            count += page.len() as u64;
            for row in &page {
                let (key, command) = (Hex(row.bytes(0)?.to_vec()), Hex(row.bytes(1)?.to_vec()));
                line::write(&mut self.buffer, &KeyLine { key, command, seq: row.int(2)? as u64, day: row.int(3)? });
            }
            self.pass_on()?;
        }
    }

    fn pass_on(&mut self) -> Result<(), TransferError> {
        self.out.write_all(&self.buffer).map_err(TransferError::Write)?;
        self.buffer.clear();
        Ok(())
    }
}

impl Rows {
    /// The row `seq`; `None` if it is not the next one in the log.
    async fn next(&mut self, tx: &Tx, seq: u64) -> Result<Option<Vec<u8>>, DbError> {
        if self.bodies.is_empty() {
            let last = self.last_seq.min(seq + PAGE_ROWS as u64 - 1);
            let span = [Value::Int(seq as i64), Value::Int(last as i64)];
            for (wanted, row) in (seq..).zip(tx.query(tables::LOG_RANGE, &span).await?) {
                if row.int(0)? as u64 != wanted {
                    break;
                }
                self.bodies.push_back(row.bytes(1)?.to_vec());
            }
            for row in tx.query(sql::METADATA_SPAN, &span).await? {
                let text = TextPart { salt: Hex(row.bytes(1)?.to_vec()), body: row.text(2)?.to_owned() };
                self.texts.insert(row.int(0)? as u64, text);
            }
        }
        Ok(self.bodies.pop_front())
    }
}

fn group_of(row: &platform::db::Row) -> Result<(GroupStamp, Hash), DbError> {
    let stamp = GroupStamp {
        number: row.int(0)? as u64,
        at: row.int(1)?,
        first_seq: row.int(2)? as u64,
        last_seq: row.int(3)? as u64,
    };
    Ok((stamp, row.array(4)?))
}

/// The hash of a group by its number.
pub(super) async fn hash_of(tx: &Tx, number: u64) -> Result<Option<Hash>, DbError> {
    tx.query(sql::GROUP_HASH, &[Value::Int(number as i64)]).await?.first().map(|row| row.array(0)).transpose()
}

/// The digests that exist already, of some keys.
pub(super) async fn known_keys(tx: &Tx, keys: &[[u8; 16]]) -> Result<HashMap<[u8; 16], [u8; 16]>, DbError> {
    let found = tx.select_many(&tables::IDEMPOTENCY, Column::Id(keys)).await?;
    found.iter().map(|row| Ok((row.array(0)?, row.array(1)?))).collect()
}
