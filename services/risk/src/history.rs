//! Imported history: rows with the features that they had then, in blocks, and how a file becomes that.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::BufRead;

use jiff::tz::TimeZone;
use platform::db::{Db, DbError};
use risk_api::{Assess, SubjectKind, Verdict};

use crate::features::{Features, Rates, Row, Subject, Turned, content_hash, pack_row, unpack_row};
use crate::import::{HistoryRow, Reader};
use crate::store::history as store;

const BLOCK_ROWS: usize = 1_000;
const BLOCK_VERSION: u8 = 1;
/// Blocks in one transaction.
const BLOCKS_AT_ONCE: usize = 20;
/// A row may be so much earlier than the newest one before it.
const LATE_MAX_US: i64 = 7 * 86_400_000_000;
/// How far features look back, including the delay of labels.
const WARM_US: i64 = 68 * 86_400_000_000;

/// A row of history with what was known of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Past {
    pub(crate) assess: Assess,
    pub(crate) row: Row,
    pub(crate) declined: bool,
    /// True for fraud, and when it became known.
    pub(crate) label: Option<(bool, i64)>,
}

/// Features over rows in order of time, with labels that come to be known on the way.
#[derive(Debug)]
pub(crate) struct Replay {
    features: Features,
    rates: Rates,
    zones: HashMap<String, TimeZone>,
    /// Fraud that becomes known later, the soonest first.
    pending: BTreeMap<(i64, i64), Subject>,
    number: i64,
}

impl Replay {
    pub(crate) fn new(entities_max: usize, label_delay_days: u32, rates: Rates) -> Replay {
        let features = Features::new(entities_max, label_delay_days);
        Replay { features, rates, zones: HashMap::new(), pending: BTreeMap::new(), number: 0 }
    }

    pub(crate) fn subject(&mut self, assess: &Assess) -> Subject {
        let zone = match assess.zone.as_deref() {
            None => &TimeZone::UTC,
            Some(name) => {
                self.zones.entry(name.to_owned()).or_insert_with(|| TimeZone::get(name).unwrap_or(TimeZone::UTC))
            }
        };
        Subject::of(assess, &self.rates, zone)
    }

    /// Labels that are known by then count before the row does.
    pub(crate) fn observe(&mut self, subject: &Subject, declined: bool, label: Option<(bool, i64)>) -> Row {
        while let Some(entry) = self.pending.first_entry().filter(|entry| entry.key().0 <= subject.at) {
            let subject = entry.remove();
            self.number += 1;
            self.features.labelled(&subject, Turned::IntoFraud, self.number);
        }
        self.number += 1;
        let row = self.features.observe(subject, self.number);
        if declined {
            self.features.declined(subject);
        }
        if let Some((true, known_at)) = label {
            self.pending.insert((known_at, self.number), subject.clone());
        }
        row
    }
}

/// Counts of an import.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    pub rows: u64,
    pub fraud: u64,
    pub unlabelled: u64,
    /// Rows whose id had come before.
    pub repeated: u64,
}

/// Why a file was not imported to its end. What came before stays.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{0}")]
    Row(String),
    #[error(transparent)]
    Store(#[from] DbError),
    #[error(transparent)]
    Write(#[from] platform::db::CommitError),
}

/// Adds a file to the history, in the order of its rows.
pub(crate) async fn import(
    db: &Db,
    mut replay: Replay,
    source: impl BufRead,
    mut progress: impl FnMut(Imported),
) -> Result<Imported, ImportError> {
    let (mut reader, mut done) = (Reader::new(source), Imported::default());
    let mut newest = warm(db, &mut replay).await?;
    let mut ids: HashSet<u64> = HashSet::new();
    let mut open: HashMap<SubjectKind, Vec<Past>> = HashMap::new();
    let mut blocks: Vec<(SubjectKind, store::Block)> = Vec::new();
    while let Some(HistoryRow { subject: assess, declined, label }) =
        reader.next_row().map_err(|wrong| ImportError::Row(wrong.to_string()))?
    {
        if assess.at.micros() < newest - LATE_MAX_US {
            let text = format!(
                "line {}: at: expected rows in order of time; this one is more than a week late",
                reader.line()
            );
            return Err(ImportError::Row(text));
        }
        if !ids.insert(content_hash(assess.id.as_str().as_bytes())) {
            done.repeated += 1;
            continue;
        }
        newest = newest.max(assess.at.micros());
        let label = label.map(|label| (label.verdict == Verdict::Fraud, label.at.micros()));
        done.rows += 1;
        done.fraud += u64::from(label.is_some_and(|(fraud, _)| fraud));
        done.unlabelled += u64::from(label.is_none());
        let subject = replay.subject(&assess);
        let row = replay.observe(&subject, declined, label);
        let kind = assess.kind;
        let rows = open.entry(kind).or_default();
        rows.push(Past { assess, row, declined, label });
        if rows.len() == BLOCK_ROWS {
            blocks.push((kind, pack(rows)));
            rows.clear();
        }
        if blocks.len() == BLOCKS_AT_ONCE {
            write(db, &mut blocks).await?;
            progress(done);
        }
    }
    blocks.extend(open.iter().filter(|(_, rows)| !rows.is_empty()).map(|(kind, rows)| (*kind, pack(rows))));
    write(db, &mut blocks).await?;
    Ok(done)
}

async fn write(db: &Db, blocks: &mut Vec<(SubjectKind, store::Block)>) -> Result<(), ImportError> {
    let tx = db.begin().await?;
    for (kind, block) in blocks.drain(..) {
        store::add(&tx, kind, &block).await?;
    }
    Ok(tx.commit().await?)
}

/// Counters as they were at the end of what is there; answers with its newest instant.
async fn warm(db: &Db, replay: &mut Replay) -> Result<i64, DbError> {
    use strum::VariantArray;
    let mut newest = i64::MIN + LATE_MAX_US;
    for kind in SubjectKind::VARIANTS {
        let tx = db.read().await?;
        let Some(range) = store::range(&tx, *kind).await? else { continue };
        newest = newest.max(range.last_at);
        let (mut number, from) = (0, range.last_at - WARM_US);
        while let Some((next, block)) = store::next(&tx, *kind, number, from, i64::MAX).await? {
            number = next;
            for past in unpack(&block.bytes)? {
                let subject = replay.subject(&past.assess);
                replay.observe(&subject, past.declined, past.label);
            }
        }
    }
    Ok(newest)
}

pub(crate) fn pack(rows: &[Past]) -> store::Block {
    let mut bytes = vec![BLOCK_VERSION];
    let put = |bytes: &mut Vec<u8>, part: &[u8]| {
        bytes.extend(u32::try_from(part.len()).unwrap_or_default().to_le_bytes());
        bytes.extend(part);
    };
    for past in rows {
        // Finite numbers and texts have a JSON form.
        put(&mut bytes, &serde_json::to_vec(&past.assess).unwrap_or_default());
        put(&mut bytes, &pack_row(&past.row));
        let (fraud, known_at) = past.label.unwrap_or_default();
        bytes.push(u8::from(past.declined) | u8::from(past.label.is_some()) << 1 | u8::from(fraud) << 2);
        bytes.extend(known_at.to_le_bytes());
    }
    let times = rows.iter().map(|past| past.assess.at.micros());
    store::Block {
        first_at: times.clone().min().unwrap_or_default(),
        last_at: times.max().unwrap_or_default(),
        rows: rows.len() as i64,
        bytes,
    }
}

pub(crate) fn unpack(bytes: &[u8]) -> Result<Vec<Past>, DbError> {
    let damaged = || DbError::shape("a block of history is damaged");
    let (version, mut rest) = bytes.split_first().ok_or_else(damaged)?;
    if *version != BLOCK_VERSION {
        return Err(damaged());
    }
    let mut rows = Vec::with_capacity(BLOCK_ROWS);
    while !rest.is_empty() {
        rows.push(one(&mut rest).ok_or_else(damaged)?);
    }
    Ok(rows)
}

fn one(rest: &mut &[u8]) -> Option<Past> {
    fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (part, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        *rest = after;
        Some(part)
    }
    let assess = serde_json::from_slice(part(rest)?).ok()?;
    let row = unpack_row(part(rest)?)?;
    let (flags, after) = rest.split_first()?;
    let (known_at, after) = after.split_first_chunk::<8>()?;
    *rest = after;
    let label = (flags & 2 != 0).then(|| (flags & 4 != 0, i64::from_le_bytes(*known_at)));
    Some(Past { assess, row, declined: flags & 1 != 0, label })
}
