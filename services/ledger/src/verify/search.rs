//! The index over declared metadata keys: up to its own position it has an entry for each transaction with the key, and
//! no other.
//!
//! Every entry is looked up from the log's side, and then both sides are counted: an entry is its key, term and row, so
//! if there are as many true entries as expected, these are all of them.

use std::collections::{BTreeSet, HashMap};

use ledger_api::{Metadata, limits};
use platform::db::{Column, Row as DbRow, Tx, Value};
use sha2::{Digest, Sha256};

use super::PAGE_ROWS;
use super::disagreement::{Checked, Place, VerifyError};
use super::lookups::select;
use crate::format::{Row, hex};
use crate::store::sql as tables;

const KEYS: &str = "
select no, key, indexed_to_seq, removed
from metadata_key
order by no";

const TEXTS: &str = "
select metadata.seq, metadata.body, log.body
from metadata
join log on log.seq = metadata.seq
where metadata.seq > $1
order by metadata.seq
limit $2";

const ENTRIES: &str = "
select key, term, seq
from transaction_metadata
where key > $1 or (key = $1 and (term > $2 or (term = $2 and seq > $3)))
order by key, term, seq
limit $4";

const ENTRY: &str = "
select seq
from transaction_metadata
where key = $1 and term = $2 and seq = $3";

#[cfg(test)]
pub(super) const STATEMENTS: [&str; 4] = [KEYS, TEXTS, ENTRIES, ENTRY];

const INDEX: Place = Place::Table("transaction_metadata");
const DECLARED: Place = Place::Table("metadata_key");

struct Key {
    name: String,
    indexed_to: i64,
    removed: bool,
    expected: u64,
    found: u64,
}

pub(super) async fn check(tx: &Tx, last_seq: u64) -> Result<(), VerifyError> {
    let mut keys = keys(tx, last_seq).await?;
    if keys.values().any(|key| !key.removed) {
        each_text(tx, &mut keys, None).await?;
    }
    entries(tx, &mut keys).await?;
    match keys.values().find(|key| key.expected != key.found) {
        None => Ok(()),
        Some(key) => {
            let name = key.name.clone();
            let (expected, found) = (key.expected, key.found);
            each_text(tx, &mut keys, Some(&name)).await?;
            Ok(INDEX.same(&format!("entries of key {name}"), expected, found)?)
        }
    }
}

async fn keys(tx: &Tx, last_seq: u64) -> Result<HashMap<i64, Key>, VerifyError> {
    let (mut keys, mut names) = (HashMap::new(), BTreeSet::new());
    for row in tx.query(KEYS, &[]).await? {
        let (name, indexed_to, removed) = (row.text(1)?.to_owned(), row.int(2)?, row.int(3)? != 0);
        if !removed && !names.insert(name.clone()) {
            DECLARED.wrong::<()>("declared keys", format!("{name} once"), "twice")?;
        }
        if indexed_to < 0 || indexed_to as u64 > last_seq {
            DECLARED.wrong::<()>(format!("indexed_to_seq of {name}"), format!("at most {last_seq}"), indexed_to)?;
        }
        keys.insert(row.int(0)?, Key { name, indexed_to, removed, expected: 0, found: 0 });
    }
    if names.len() > limits::METADATA_KEYS_DECLARED_MAX {
        let expected = format!("{} at most", limits::METADATA_KEYS_DECLARED_MAX);
        DECLARED.wrong::<()>("declared keys", expected, names.len())?;
    }
    Ok(keys)
}

/// Counts the expected entries; or, for `missing`, names the first one that is missing.
async fn each_text(tx: &Tx, keys: &mut HashMap<i64, Key>, missing: Option<&str>) -> Result<(), VerifyError> {
    let mut after = 0;
    loop {
        let page = tx.query(TEXTS, &[Value::Int(after), Value::Int(PAGE_ROWS as i64)]).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.int(0)?;
        for text in &page {
            let seq = text.int(0)?;
            let Some(metadata) = of_transaction(seq, text.text(1)?, text.bytes(2)?) else { continue };
            for (no, key) in keys.iter_mut().filter(|(_, key)| !key.removed && key.indexed_to >= seq) {
                let Some(value) = metadata.get(&key.name) else { continue };
                key.expected += 1;
                if missing == Some(&key.name) {
                    there(tx, *no, key, value, seq).await?;
                }
            }
        }
    }
}

async fn there(tx: &Tx, no: i64, key: &Key, value: &str, seq: i64) -> Result<(), VerifyError> {
    let term = term(value);
    let found = tx.query(ENTRY, &[Value::Int(no), Value::Text(&term), Value::Int(seq)]).await?;
    match found.is_empty() {
        true => Ok(INDEX.wrong(format!("entry of key {} for row {seq}", key.name), "present", "missing")?),
        false => Ok(()),
    }
}

async fn entries(tx: &Tx, keys: &mut HashMap<i64, Key>) -> Result<(), VerifyError> {
    let mut after = (i64::MIN, String::new(), i64::MIN);
    loop {
        let (key, term, seq) = &after;
        let params = [Value::Int(*key), Value::Text(term), Value::Int(*seq), Value::Int(PAGE_ROWS as i64)];
        let page = tx.query(ENTRIES, &params).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.int(0)?, last.text(1)?.to_owned(), last.int(2)?);
        let seqs: Vec<i64> = page.iter().map(|row| row.int(2)).collect::<Result<_, _>>()?;
        let texts = select(tx, &tables::METADATA, Column::Int(&seqs), |row| Ok((row.int(0)?, row.text(2)?.to_owned())));
        let texts = texts.await?;
        let bodies = select(tx, &tables::LOG, Column::Int(&seqs), |row| Ok((row.int(0)?, row.bytes(1)?.to_vec())));
        let bodies = bodies.await?;
        for entry in &page {
            let (text, body) = (texts.get(&entry.int(2)?), bodies.get(&entry.int(2)?));
            self::entry(keys, entry, text, body)?;
        }
    }
}

fn entry(
    keys: &mut HashMap<i64, Key>,
    entry: &DbRow,
    text: Option<&String>,
    body: Option<&Vec<u8>>,
) -> Result<(), VerifyError> {
    let (no, found, seq) = (entry.int(0)?, entry.text(1)?, entry.int(2)?);
    let Some(key) = keys.get_mut(&no) else {
        return Ok(INDEX.wrong(format!("entry for row {seq}"), "one of a declared key", format!("key {no}"))?);
    };
    // What is left of a removed key disappears over time.
    if key.removed {
        return Ok(());
    }
    key.found += 1;
    let metadata = text.zip(body).and_then(|(text, body)| of_transaction(seq, text, body));
    let expected = metadata.as_ref().and_then(|metadata| metadata.get(&key.name)).map(|value| term(value));
    Ok(check_entry(key, seq, expected, found)?)
}

fn check_entry(key: &Key, seq: i64, expected: Option<String>, found: &str) -> Checked {
    INDEX.same(&format!("entry of key {} for row {seq}", key.name), expected, Some(found.to_owned()))?;
    match seq > key.indexed_to {
        true => INDEX.wrong(format!("entry of key {}", key.name), format!("none after {}", key.indexed_to), seq),
        false => Ok(()),
    }
}

/// The metadata of the transaction that begins in this row, if one does.
fn of_transaction(seq: i64, text: &str, body: &[u8]) -> Option<Metadata> {
    let hash = match Row::decode(seq as u64, body).ok()? {
        Row::Leg(leg) => leg.head?.metadata,
        Row::Scheduled(scheduled) => scheduled.metadata,
        Row::Cancelled(cancelled) => cancelled.metadata,
        Row::Account(_) | Row::Asset(_) | Row::Refusal(_) | Row::Failed(_) => None,
    };
    hash.and_then(|_| serde_json::from_str(text).ok())
}

/// Values of more than 255 bytes are indexed as a digest.
fn term(value: &str) -> String {
    match value.len() {
        0..=255 => value.to_owned(),
        _ => format!("sha256:{}", hex(&Sha256::digest(value.as_bytes()))),
    }
}
