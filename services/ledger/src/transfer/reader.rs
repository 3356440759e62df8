//! Reads an export from its first line and checks everything: checksums of lines, numbers without gaps, decodable rows,
//! metadata against its hash, the hash chain, and the counts of the last line.
//!
//! Invariant: a group is returned only when all of it was read and its hash matched.

use std::io::{BufRead, Cursor, Read};

use ledger_api::{BookName, BookNameError, Metadata};

use super::error::TransferError;
use super::line::{self, EndLine, GroupLine, HeaderLine, Line, RowLine, VERSION};
use crate::format::{GroupStamp, Hash, Row, RowsHash, genesis, group_hash, metadata_hash};
use crate::query::Head;
use crate::state::MetadataEntry;

/// No line of ours comes near this; a file without line breaks is not read into memory whole.
const LINE_BYTES_MAX: u64 = 1 << 20;

pub(super) struct Reader<R> {
    input: R,
    book: BookName,
    /// Lines and bytes that were read.
    line: u64,
    offset: u64,
    last: LastGroup,
    metadata: u64,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Start,
    Groups,
    /// After the secret: the number of keys, and the last one.
    Keys(u64, Option<[u8; 16]>),
    Ended,
}

/// The end of the groups that were read.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastGroup {
    pub(super) stamp: GroupStamp,
    pub(super) hash: Hash,
}

#[derive(Debug)]
pub(super) struct ReadGroup {
    pub(super) stamp: GroupStamp,
    pub(super) hash: Hash,
    pub(super) rows: Vec<ReadRow>,
}

#[derive(Debug)]
pub(super) struct ReadRow {
    pub(super) line: u64,
    pub(super) body: Vec<u8>,
    pub(super) row: Row,
    pub(super) metadata: Option<MetadataEntry>,
}

pub(super) enum Part {
    Group(ReadGroup),
    Secret([u8; 32]),
    Key(ReadKey),
    End,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct ReadKey {
    pub(super) key: [u8; 16],
    pub(super) command: [u8; 16],
    pub(super) seq: u64,
    pub(super) day: i64,
}

/// The book of an export, and the whole export again: an importer has to know where to.
pub fn exported_book<R: BufRead>(mut input: R) -> Result<(BookName, impl BufRead + use<R>), TransferError> {
    let mut first = Vec::new();
    input
        .by_ref()
        .take(LINE_BYTES_MAX)
        .read_until(b'\n', &mut first)
        .map_err(|cause| TransferError::Read { line: 0, cause })?;
    let mut reader = Reader::new(first.as_slice(), &BookName::main());
    let book = match reader.header() {
        Err(TransferError::OtherBook { found, .. }) => found.parse().map_err(|error: BookNameError| {
            TransferError::NotAnExport(format!("its book \"{}\": {error}", found.chars().take(80).collect::<String>()))
        })?,
        header => header.map(|()| BookName::main())?,
    };
    Ok((book, Cursor::new(first).chain(input)))
}

impl<R: BufRead> Reader<R> {
    pub(super) fn new(input: R, book: &BookName) -> Reader<R> {
        let stamp = GroupStamp { number: 0, at: i64::MIN, first_seq: 0, last_seq: 0 };
        let last = LastGroup { stamp, hash: genesis(book) };
        Reader { input, book: book.clone(), line: 0, offset: 0, last, metadata: 0, stage: Stage::Start }
    }

    pub(super) fn last(&self) -> LastGroup {
        self.last
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Rows so far that had metadata.
    pub(super) fn metadata(&self) -> u64 {
        self.metadata
    }

    pub(super) fn next(&mut self) -> Result<Option<Part>, TransferError> {
        if self.stage == Stage::Start {
            self.header()?;
            self.stage = Stage::Groups;
        }
        let Some(line) = self.next_line()? else {
            return if self.stage == Stage::Ended { Ok(None) } else { Err(TransferError::Cut { line: self.line }) };
        };
        match (line, self.stage) {
            (Line::Group(group), Stage::Groups) => self.group(&group).map(Part::Group).map(Some),
            (Line::Secret(secret), Stage::Groups) => {
                self.stage = Stage::Keys(0, None);
                let secret = secret.secret.array().ok_or_else(|| self.damaged("expected a secret of 32 bytes"))?;
                Ok(Some(Part::Secret(secret)))
            }
            (Line::Key(key), Stage::Keys(count, before)) => self.key(&key, count, before).map(Part::Key).map(Some),
            (Line::End(end), Stage::Groups | Stage::Keys(..)) => {
                self.end(&end)?;
                self.stage = Stage::Ended;
                Ok(Some(Part::End))
            }
            (other, _) => Err(self.damaged(format!("{} does not belong here", other.kind()))),
        }
    }

    fn header(&mut self) -> Result<(), TransferError> {
        let parsed = match self.raw_line()? {
            None => return Err(TransferError::Cut { line: 0 }),
            Some(bytes) => line::parse(&bytes),
        };
        match parsed {
            Ok(Line::Header(HeaderLine { florin_export, .. })) if florin_export != VERSION => {
                Err(TransferError::Newer { found: florin_export, known: VERSION })
            }
            Ok(Line::Header(HeaderLine { book, .. })) if book != self.book.as_str() => {
                Err(TransferError::OtherBook { found: book, wanted: self.book.clone() })
            }
            Ok(Line::Header(_)) => Ok(()),
            Ok(other) => Err(TransferError::NotAnExport(format!("it is {}", other.kind()))),
            Err(what) => Err(TransferError::NotAnExport(what)),
        }
    }

    fn group(&mut self, given: &GroupLine) -> Result<ReadGroup, TransferError> {
        let line = self.line;
        let (stamp, hash) = self.stamp(given)?;
        let (mut rows, mut digest) = (Vec::new(), RowsHash::new());
        for seq in stamp.first_seq..=stamp.last_seq {
            let row = match self.next_line()? {
                Some(Line::Row(row)) => self.row(seq, row)?,
                Some(other) => return Err(self.damaged(format!("expected row {seq}, found {}", other.kind()))),
                None => return Err(TransferError::Cut { line: self.line }),
            };
            digest.row(&row.body);
            rows.push(row);
        }
        if group_hash(&self.last.hash, stamp, &digest.finish()) != hash {
            let what =
                format!("the hash of group {} does not match its rows, which end in line {}", stamp.number, self.line);
            return Err(TransferError::Damaged { line, what });
        }
        self.metadata += rows.iter().filter(|row| row.metadata.is_some()).count() as u64;
        self.last = LastGroup { stamp, hash };
        Ok(ReadGroup { stamp, hash, rows })
    }

    fn stamp(&self, given: &GroupLine) -> Result<(GroupStamp, Hash), TransferError> {
        let GroupLine { group, at, first_seq, last_seq, ref hash } = *given;
        let before = self.last.stamp;
        if group != before.number + 1 {
            return Err(self.damaged(format!("expected group {}, found group {group}", before.number + 1)));
        }
        if first_seq != before.last_seq + 1 || last_seq < first_seq || i64::try_from(last_seq).is_err() {
            return Err(self.damaged(format!("group {group} does not start with row {}", before.last_seq + 1)));
        }
        if at <= before.at {
            return Err(self.damaged(format!("group {group} is not later than the previous one")));
        }
        let hash = hash.array().ok_or_else(|| self.damaged("expected a hash of 32 bytes"))?;
        Ok((GroupStamp { number: group, at, first_seq, last_seq }, hash))
    }

    fn row(&self, seq: u64, given: RowLine) -> Result<ReadRow, TransferError> {
        if given.seq != seq {
            return Err(self.damaged(format!("expected row {seq}, found row {}", given.seq)));
        }
        let body = given.body.0;
        let row = Row::decode(seq, &body).map_err(|error| self.damaged(format!("row {seq}: {error}")))?;
        let metadata = match (given.metadata, metadata_set(seq, &row)) {
            (None, _) => None,
            (Some(_), None) => return Err(self.damaged(format!("row {seq} has no metadata, but the line does"))),
            (Some(text), Some(hash)) => Some(self.metadata_of(seq, &text, &hash)?),
        };
        Ok(ReadRow { line: self.line, body, row, metadata })
    }

    fn metadata_of(&self, seq: u64, text: &line::TextPart, hash: &Hash) -> Result<MetadataEntry, TransferError> {
        if metadata_hash(&text.salt.0, &text.body) != *hash {
            return Err(self.damaged(format!("the metadata of row {seq} does not match its hash")));
        }
        let body: Option<Metadata> = serde_json::from_str(&text.body).ok();
        // It is stored in its canonical form again, which has to be the one that was hashed.
        let body = body.filter(|body| serde_json::to_string(body).is_ok_and(|again| again == text.body));
        let form =
            || self.damaged(format!("the metadata of row {seq} is not a JSON object of strings in canonical form"));
        Ok(MetadataEntry { salt: text.salt.0.clone(), body: body.ok_or_else(form)? })
    }

    fn key(&mut self, given: &line::KeyLine, count: u64, before: Option<[u8; 16]>) -> Result<ReadKey, TransferError> {
        let (Some(key), Some(command)) = (given.key.array(), given.command.array()) else {
            return Err(self.damaged("expected a digest of 16 bytes"));
        };
        if before.is_some_and(|before| before >= key) {
            return Err(self.damaged("the keys are not in order"));
        }
        if given.seq == 0 || given.seq > self.last.stamp.last_seq {
            return Err(self.damaged(format!("the key names row {}, which does not exist", given.seq)));
        }
        self.stage = Stage::Keys(count + 1, Some(key));
        Ok(ReadKey { key, command, seq: given.seq, day: given.day })
    }

    fn end(&self, end: &EndLine) -> Result<(), TransferError> {
        let LastGroup { stamp: GroupStamp { number, last_seq, .. }, hash } = self.last;
        let keys = match self.stage {
            Stage::Keys(count, _) => Some(count),
            Stage::Start | Stage::Groups | Stage::Ended => None,
        };
        let head = Head { book: self.book.clone(), number, last_seq, hash }.to_string();
        let counts = (end.groups, end.rows, end.metadata, end.keys);
        if end.end != head || counts != (number, last_seq, self.metadata, keys) {
            return Err(self.damaged("the counts of the last line do not match the lines before it"));
        }
        Ok(())
    }

    fn next_line(&mut self) -> Result<Option<Line>, TransferError> {
        match self.raw_line()? {
            None => Ok(None),
            Some(bytes) => line::parse(&bytes).map(Some).map_err(|what| self.damaged(what)),
        }
    }

    /// Without its line break; `None` at the end. A line without a line break was not written completely.
    fn raw_line(&mut self) -> Result<Option<Vec<u8>>, TransferError> {
        let mut bytes = Vec::with_capacity(512);
        let failed = |line| move |cause| TransferError::Read { line, cause };
        let read = self.input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes).map_err(failed(self.line))?;
        if read == 0 {
            return Ok(None);
        }
        if bytes.pop() != Some(b'\n') {
            let (line, whole) = (self.line, (read as u64) < LINE_BYTES_MAX);
            let what = format!("it is longer than {LINE_BYTES_MAX} bytes");
            let damaged = TransferError::Damaged { line: line + 1, what };
            return Err(if whole { TransferError::Cut { line } } else { damaged });
        }
        self.line += 1;
        self.offset += read as u64;
        Ok(Some(bytes))
    }

    fn damaged(&self, what: impl Into<String>) -> TransferError {
        TransferError::Damaged { line: self.line, what: what.into() }
    }
}

/// The hash of this row's own metadata.
fn metadata_set(seq: u64, row: &Row) -> Option<Hash> {
    match row {
        Row::Leg(leg) => leg.head.as_ref()?.metadata,
        Row::Account(account) => account.state.metadata.filter(|_| account.state.metadata_seq == seq),
        Row::Scheduled(scheduled) => scheduled.metadata,
        Row::Cancelled(cancelled) => cancelled.metadata,
        Row::Asset(_) | Row::Refusal(_) | Row::Failed(_) => None,
    }
}
