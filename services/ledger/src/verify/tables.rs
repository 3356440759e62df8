//! What the tables must contain once the whole log has been replayed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ledger_api::{AccountStatus, Metadata};
use platform::db::{Column, DbError, Row, Tx, Value};

use super::behind::Standing;
use super::disagreement::{Checked, Place, VerifyError};
use super::lookups::{hold_rows, scheduled_rows, select};
use super::pending::Held;
use super::replay::{Account, Replay};
use super::{PAGE_ROWS, late, sql, strays};
use crate::format::hex;
use crate::ids::Runs;
use crate::store::sql as tables;

pub(super) async fn compare(tx: &Tx, runs: &Runs, replay: &Replay, last_seq: u64) -> Result<(), VerifyError> {
    nothing_beyond(tx, sql::LOG_STRAY, last_seq, "log", "row that is in no group").await?;
    open_holds(tx, replay).await?;
    waiting(tx, replay).await?;
    strays::check(tx, runs, &replay.counts).await?;
    assets(tx, replay).await?;
    accounts(tx, replay).await?;
    late::check(tx, &replay.accounts).await?;
    nothing_beyond(tx, sql::IDEMPOTENCY_STRAY, last_seq, "idempotency", "key of a row that does not exist").await?;
    balanced(&replay.accounts)?;
    Ok(())
}

async fn nothing_beyond(
    tx: &Tx,
    sql: &'static str,
    last: u64,
    table: &'static str,
    what: &str,
) -> Result<(), VerifyError> {
    match tx.query(sql, &[Value::Int(last as i64)]).await?.first() {
        Some(row) => Ok(Place::Table(table).wrong(what, "none", row.int(0)?)?),
        None => Ok(()),
    }
}

async fn open_holds(tx: &Tx, replay: &Replay) -> Result<(), VerifyError> {
    let mut holds: Vec<(u64, i64, Held)> = Vec::new();
    for pending in replay.pending.values() {
        let part = |(seq, part): (u64, &super::pending::Part)| (seq, pending.expires_at, part.held);
        holds.extend((pending.first..).zip(&pending.parts).map(part));
    }
    holds.sort_unstable_by_key(|(seq, _, _)| *seq);
    for page in holds.chunks(PAGE_ROWS) {
        for (seq, expected, found) in hold_rows(tx, page).await? {
            Place::Row(seq).same("hold in table hold", Some(expected), found)?;
        }
    }
    Ok(())
}

async fn waiting(tx: &Tx, replay: &Replay) -> Result<(), VerifyError> {
    for page in replay.waiting.rows().chunks(PAGE_ROWS) {
        for (seq, expected, found) in scheduled_rows(tx, page).await? {
            Place::Row(seq).same("row in table scheduled", Some(expected), found)?;
        }
    }
    Ok(())
}

async fn assets(tx: &Tx, replay: &Replay) -> Result<(), VerifyError> {
    let mut found: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    loop {
        let after = found.last_key_value().map_or("", |(code, _)| code.as_str());
        let page = tx.query(sql::ASSET_PAGE, &[Value::Text(after), Value::Int(PAGE_ROWS as i64)]).await?;
        if page.is_empty() {
            break;
        }
        for row in &page {
            found.insert(row.text(0)?.to_owned(), (row.int(1)?, row.int(2)?));
        }
    }
    let place = Place::Table("asset");
    let codes: BTreeSet<&String> = replay.assets.keys().chain(found.keys()).collect();
    for code in codes {
        let expected = replay.assets.get(code).map(|(scale, seq)| (i64::from(*scale), *seq as i64));
        place.same(&format!("scale and row of {code}"), expected, found.get(code).copied())?;
    }
    Ok(())
}

async fn accounts(tx: &Tx, replay: &Replay) -> Result<(), VerifyError> {
    let last = replay.accounts.len() as u64;
    let numbered: Vec<(i64, &Account)> = (1..).zip(&replay.accounts).collect();
    for page in numbered.chunks(PAGE_ROWS) {
        heads(tx, replay, page).await?;
        account_metadata(tx, page).await?;
    }
    nothing_beyond(tx, sql::ACCOUNT_STRAY, last, "account", "account that the log does not open").await?;
    nothing_beyond(tx, sql::ACCOUNT_HEAD_STRAY, last, "account_head", "account that the log does not open").await?;
    Place::Table("account").same("rows", last, strays::count(tx, sql::ACCOUNT_COUNT).await?)?;
    let found = strays::count(tx, sql::ACCOUNT_REFERENCE_COUNT).await?;
    if found != replay.counts.account_references {
        let stray = tx.query(sql::ACCOUNT_REFERENCE_STRAY, &[]).await?;
        let stray = stray.first().map_or(Ok("rows"), |row| row.text(0))?;
        Place::Table("account_reference").same(stray, replay.counts.account_references, found)?;
    }
    match tx.query(sql::ACCOUNT_METADATA_STRAY, &[]).await?.first() {
        Some(row) => {
            let found = format!("key {} of account {}", row.text(1)?, row.int(0)?);
            Ok(Place::Table("account_metadata").wrong("metadata of an account that has none", "nothing", found)?)
        }
        None => Ok(()),
    }
}

/// The columns of table `account_head` after its number, by name.
type HeadColumns = [(&'static str, String); 16];

async fn heads(tx: &Tx, replay: &Replay, page: &[(i64, &Account)]) -> Result<(), VerifyError> {
    let keys: Vec<i64> = page.iter().map(|(no, _)| *no).collect();
    let found = select(tx, &tables::ACCOUNT_HEAD, Column::Int(&keys), |row| {
        Ok((row.int(0)?, (newest_root(row)?, found_head(row)?)))
    })
    .await?;
    let place = Place::Table("account_head");
    for (no, account) in page {
        let Some((newest, found)) = found.get(no) else {
            return Ok(place.wrong(format!("account {}", account.path), "a row", "none")?);
        };
        let standing = replay.behind.expected(no.unsigned_abs(), account, *newest);
        for ((name, expected), (_, found)) in expected_head(account, &standing).iter().zip(found) {
            let what = format!("{name} of account {}", account.path);
            if expected != found {
                place.wrong::<()>(what, expected, found)?;
            }
        }
    }
    Ok(())
}

fn expected_head(account: &Account, standing: &Standing) -> HeadColumns {
    let status = match account.state.status {
        AccountStatus::Open => 0,
        AccountStatus::Frozen => 1,
        AccountStatus::Closed => 2,
    };
    let limit = |limit: Option<i64>| limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string());
    let tree = |(row, size): &(u64, u8)| [row.to_be_bytes().as_slice(), &[*size]].concat();
    let roots: Vec<u8> = standing.trees.iter().flat_map(tree).collect();
    [
        ("status", i32::to_string(&status)),
        ("floor", limit(account.state.floor)),
        ("ceiling", limit(account.state.ceiling)),
        ("metadata_hash", account.state.metadata.map(|hash| hex(&hash)).unwrap_or_default()),
        ("metadata_seq", account.state.metadata_seq.to_string()),
        ("posted_debits", standing.sums.posted_debits.to_string()),
        ("posted_credits", standing.sums.posted_credits.to_string()),
        ("pending_debits", standing.sums.pending_debits.to_string()),
        ("pending_credits", standing.sums.pending_credits.to_string()),
        ("version", standing.version.to_string()),
        ("holds", standing.holds.to_string()),
        ("roots", hex(&roots)),
        ("late_posted_debits", standing.late.posted_debits.to_string()),
        ("late_posted_credits", standing.late.posted_credits.to_string()),
        ("late_pending_debits", standing.late.pending_debits.to_string()),
        ("late_pending_credits", standing.late.pending_credits.to_string()),
    ]
}

/// The newest log row that an account's row includes: the last of its roots, of nine bytes each.
fn newest_root(row: &Row) -> Result<u64, DbError> {
    let last = row.bytes(12)?.rchunks_exact(9).next().and_then(|root| root.first_chunk::<8>());
    Ok(last.map_or(0, |row| u64::from_be_bytes(*row)))
}

fn found_head(row: &Row) -> Result<HeadColumns, DbError> {
    let number = |column| row.int(column).map(|number| number.to_string());
    let limit = |column| -> Result<String, DbError> {
        Ok(row.int_or_null(column)?.map_or_else(|| "none".to_owned(), |limit| limit.to_string()))
    };
    Ok([
        ("status", number(1)?),
        ("floor", limit(2)?),
        ("ceiling", limit(3)?),
        ("metadata_hash", hex(row.bytes(4)?)),
        ("metadata_seq", number(5)?),
        ("posted_debits", number(6)?),
        ("posted_credits", number(7)?),
        ("pending_debits", number(8)?),
        ("pending_credits", number(9)?),
        ("version", number(10)?),
        ("holds", number(11)?),
        ("roots", hex(row.bytes(12)?)),
        ("late_posted_debits", number(13)?),
        ("late_posted_credits", number(14)?),
        ("late_pending_debits", number(15)?),
        ("late_pending_credits", number(16)?),
    ])
}

/// Keys and values are those of the current metadata, or none if that was erased.
async fn account_metadata(tx: &Tx, page: &[(i64, &Account)]) -> Result<(), VerifyError> {
    let with_metadata = || page.iter().filter(|(_, account)| account.state.metadata_seq > 0);
    let rows: Vec<i64> = with_metadata().map(|(_, account)| account.state.metadata_seq as i64).collect();
    let bodies =
        select(tx, &tables::METADATA, Column::Int(&rows), |row| Ok((row.int(0)?, row.text(2)?.to_owned()))).await?;
    let keys: Vec<i64> = with_metadata().map(|(no, _)| *no).collect();
    let mut found: HashMap<i64, Metadata> = HashMap::new();
    for row in tx.select_many(&tables::ACCOUNT_METADATA, Column::Int(&keys)).await? {
        found.entry(row.int(0)?).or_default().insert(row.text(1)?.to_owned(), row.text(2)?.to_owned());
    }
    for (no, account) in with_metadata() {
        let body = bodies.get(&(account.state.metadata_seq as i64)).map_or("{}", String::as_str);
        let expected: Metadata = serde_json::from_str(body).unwrap_or_default();
        let what = format!("metadata of account {}", account.path);
        Place::Table("account_metadata").same(&what, expected, found.remove(no).unwrap_or_default())?;
    }
    Ok(())
}

/// Per currency, debits equal credits.
fn balanced(accounts: &[Account]) -> Checked {
    let mut totals: BTreeMap<(&str, u8), [i128; 4]> = BTreeMap::new();
    for account in accounts {
        let sums = totals.entry((&account.currency, account.scale)).or_default();
        let own = &account.sums;
        let added = [own.posted_debits, own.posted_credits, own.pending_debits, own.pending_credits];
        sums.iter_mut().zip(added).for_each(|(sum, own)| *sum += i128::from(own));
    }
    for ((currency, _), [posted_debits, posted_credits, pending_debits, pending_credits]) in totals {
        let place = Place::Table("account_head");
        place.same(
            &format!("posted debits minus credits of all accounts in {currency}"),
            posted_debits,
            posted_credits,
        )?;
        place.same(
            &format!("pending debits minus credits of all accounts in {currency}"),
            pending_debits,
            pending_credits,
        )?;
    }
    Ok(())
}
