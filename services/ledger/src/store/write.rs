//! Stores what a group changed: its rows, the group with its hash, and every table derived from them.

use platform::db::{Column, DbError, Tx, Value};
use tokio::try_join;

use super::late::{self, late_rows};
use super::rows::status_number;
use super::sql;
use crate::behind::{MarkChange, Plan};
use crate::format::{GroupStamp, RowsHash, group_hash};
use crate::ids::{IdPlan, SealedRun, sql as ids_sql};
use crate::state::{Entry, Group, Hold, LogTail, Space, State};

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// The end of the log once the group is committed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored {
    pub log: LogTail,
}

pub(crate) async fn store_group(
    tx: &Tx,
    state: &State,
    plan: &Plan,
    ids: &IdPlan,
    now: i64,
) -> Result<Stored, DbError> {
    let (log, bodies) = seal(state, now);
    let late = late_rows((state.log.last_seq + 1..).zip(&state.group.rows), now);
    let seqs: Vec<i64> = (state.log.last_seq + 1..=log.last_seq).map(|seq| seq as i64).collect();
    let record = [
        Value::Int(log.number as i64),
        Value::Int(now),
        Value::Int(state.log.last_seq as i64 + 1),
        Value::Int(log.last_seq as i64),
        Value::Bytes(&log.hash),
    ];
    let log_rows = [Column::Int(&seqs), Column::Bytes(&bodies)];
    try_join!(
        tx.insert_many(&sql::LOG, &log_rows),
        store_ids(tx, ids),
        tx.execute(sql::GROUP_RECORD, &record),
        tables(tx, state, plan, now),
        late::store(tx, &late),
    )?;
    Ok(Stored { log })
}

/// Every table derived from the rows, apart from the ids and the late rows.
pub(super) async fn tables(tx: &Tx, state: &State, plan: &Plan, now: i64) -> Result<(), DbError> {
    let group = &state.group;
    try_join!(
        store_heads(tx, state, plan),
        holds(tx, group),
        scheduled(tx, group),
        names(tx, group, now),
        accounts(tx, state),
        metadata(tx, state),
    )?;
    Ok(())
}

pub(super) async fn store_ids(tx: &Tx, plan: &IdPlan) -> Result<(), DbError> {
    for (set, ids) in [(&sql::TRANSACTION_ID, &plan.in_order), (&ids_sql::ID_OPEN, &plan.open)] {
        let keys: Vec<[u8; 16]> = ids.iter().map(|(id, _)| id.to_be_bytes()).collect();
        let seqs: Vec<i64> = ids.iter().map(|(_, seq)| *seq as i64).collect();
        tx.insert_many(set, &[Column::Id(&keys), Column::Int(&seqs)]).await?;
    }
    let Some(SealedRun { run, pages }) = &plan.sealed else { return Ok(()) };
    tx.execute(ids_sql::ID_OPEN_CLEAR, &[]).await?;
    let (number, directory) = ([run.number as i64], [run.directory_bytes()]);
    let filter = [run.filter_bytes().to_vec()];
    tx.insert_many(&ids_sql::ID_RUN, &[Column::Int(&number), Column::Bytes(&directory), Column::Bytes(&filter)])
        .await?;
    let places: Vec<i64> = run.places().collect();
    tx.insert_many(&ids_sql::ID_PAGE, &[Column::Int(&places), Column::Bytes(pages)]).await
}

/// The rows as bytes, and the group's hash over them.
fn seal(state: &State, now: i64) -> (LogTail, Vec<Vec<u8>>) {
    let mut hash = RowsHash::new();
    let first_seq = state.log.last_seq + 1;
    let encode = |(seq, row): (u64, &crate::format::Row)| {
        let body = row.encode(seq);
        hash.row(&body);
        body
    };
    let bodies: Vec<Vec<u8>> = (first_seq..).zip(&state.group.rows).map(encode).collect();
    let last_seq = state.log.last_seq + bodies.len() as u64;
    let stamp = GroupStamp { number: state.log.number + 1, at: now, first_seq, last_seq };
    let hash = group_hash(&state.log.hash, stamp, &hash.finish());
    let last_account = state.log.last_account + state.group.new_accounts.len() as u64;
    (LogTail { number: stamp.number, at: now, last_seq, last_account, hash }, bodies)
}

/// The columns of `account_head`, gathered.
#[derive(Default)]
struct Heads {
    numbers: [Vec<i64>; 13],
    limits: [Vec<Option<i64>>; 2],
    bytes: [Vec<Vec<u8>>; 2],
}

impl Heads {
    fn gather<'a>(entries: impl Iterator<Item = &'a Entry>) -> Heads {
        let mut heads = Heads::default();
        for Entry { facts, head } in entries {
            let (state, sums) = (&head.state, &head.sums);
            let [late_pd, late_pc, late_hd, late_hc] = head.late.each();
            let numbers = [
                facts.no as i64,
                status_number(state.status),
                state.metadata_seq as i64,
                sums.posted_debits,
                sums.posted_credits,
                sums.pending_debits,
                sums.pending_credits,
                head.version as i64,
                head.holds as i64,
                late_pd,
                late_pc,
                late_hd,
                late_hc,
            ];
            push_each(&mut heads.numbers, numbers);
            push_each(&mut heads.limits, [state.floor, state.ceiling]);
            let hash = state.metadata.map(|hash| hash.to_vec()).unwrap_or_default();
            push_each(&mut heads.bytes, [hash, head.roots.to_bytes()]);
        }
        heads
    }

    /// In the order of the table's columns.
    fn columns(&self) -> [Column<'_>; 17] {
        let [no, status, metadata_seq, pd, pc, hd, hc, version, holds, late_pd, late_pc, late_hd, late_hc] =
            &self.numbers;
        let [floor, ceiling] = &self.limits;
        let [metadata_hash, roots] = &self.bytes;
        [
            Column::Int(no),
            Column::Int(status),
            Column::IntOrNull(floor),
            Column::IntOrNull(ceiling),
            Column::Bytes(metadata_hash),
            Column::Int(metadata_seq),
            Column::Int(pd),
            Column::Int(pc),
            Column::Int(hd),
            Column::Int(hc),
            Column::Int(version),
            Column::Int(holds),
            Column::Bytes(roots),
            Column::Int(late_pd),
            Column::Int(late_pc),
            Column::Int(late_hd),
            Column::Int(late_hc),
        ]
    }
}

fn push_each<T, const N: usize>(columns: &mut [Vec<T>; N], values: [T; N]) {
    for (column, value) in columns.iter_mut().zip(values) {
        column.push(value);
    }
}

pub(crate) async fn store_heads(tx: &Tx, state: &State, plan: &Plan) -> Result<(), DbError> {
    match plan.mark {
        MarkChange::Keep => {}
        MarkChange::Set(seq) => {
            tx.execute(sql::HEADS_MARK_SET, &[Value::Int(seq as i64)]).await?;
        }
        MarkChange::Clear => {
            tx.execute(sql::HEADS_MARK_CLEAR, &[]).await?;
        }
    }
    let new = state.group.changed_accounts.range(state.log.last_account + 1..);
    let entry = |no: &u64| state.accounts.get(no);
    let inserted = Heads::gather(new.filter_map(entry));
    let updated = Heads::gather(plan.heads.iter().filter_map(entry));
    let (inserted, updated) = (inserted.columns(), updated.columns());
    try_join!(tx.insert_many(&sql::ACCOUNT_HEAD, &inserted), tx.update_many(&sql::ACCOUNT_HEAD, &updated))?;
    Ok(())
}

async fn holds(tx: &Tx, group: &Group) -> Result<(), DbError> {
    let gather = |seqs: &mut dyn Iterator<Item = &u64>| {
        let mut numbers = <[Vec<i64>; 6]>::default();
        for (seq, hold) in seqs.filter_map(|seq| Some((*seq, group.holds.get(seq)?))) {
            let Hold { posted, released, remaining, expires_at, expired } = *hold;
            push_each(&mut numbers, [seq as i64, posted, released, remaining, expires_at, i64::from(expired)]);
        }
        numbers
    };
    let new = gather(&mut group.new_holds.iter());
    let changed = gather(&mut group.changed_holds.difference(&group.new_holds));
    let (new, changed) =
        (new.each_ref().map(|column| Column::Int(column)), changed.each_ref().map(|column| Column::Int(column)));
    try_join!(tx.insert_many(&sql::HOLD, &new), tx.update_many(&sql::HOLD, &changed))?;
    Ok(())
}

async fn scheduled(tx: &Tx, group: &Group) -> Result<(), DbError> {
    let gather = |seqs: &mut dyn Iterator<Item = &u64>| {
        let (mut numbers, mut owners) = (<[Vec<i64>; 4]>::default(), Vec::new());
        for (seq, one) in seqs.filter_map(|seq| Some((*seq, group.scheduled.get(seq)?))) {
            push_each(&mut numbers, [seq as i64, one.due_at, one.stage.number(), one.outcome as i64]);
            owners.push(one.owner.clone());
        }
        (numbers, owners)
    };
    let new = gather(&mut group.new_scheduled.iter());
    let changed = gather(&mut group.changed_scheduled.difference(&group.new_scheduled));
    let [new, changed] = [&new, &changed].map(|([seq, due_at, state, outcome], owner)| {
        [Column::Int(seq), Column::Int(due_at), Column::Int(state), Column::Int(outcome), Column::TextOrNull(owner)]
    });
    try_join!(tx.insert_many(&sql::SCHEDULED, &new), tx.update_many(&sql::SCHEDULED, &changed))?;
    Ok(())
}

/// References, reversals and idempotency keys.
async fn names(tx: &Tx, group: &Group, now: i64) -> Result<(), DbError> {
    let of = |wanted: Space| -> (Vec<String>, Vec<i64>) {
        let mine = group.new_references.iter().filter(|(space, _, _)| *space == wanted);
        mine.map(|(_, reference, at)| (reference.clone(), *at as i64)).unzip()
    };
    let (accounts, numbers) = of(Space::Account);
    let (transactions, seqs) = of(Space::Transaction);
    let reversed: Vec<i64> = group.new_reversals.iter().map(|(first, _)| *first as i64).collect();
    let reversed_by: Vec<[u8; 16]> = group.new_reversals.iter().map(|(_, by)| by.to_be_bytes()).collect();
    let keys: Vec<[u8; 16]> = group.new_scopes.iter().map(|(key, _)| *key).collect();
    let commands: Vec<[u8; 16]> = group.new_scopes.iter().map(|(_, entry)| entry.command).collect();
    let key_seqs: Vec<i64> = group.new_scopes.iter().map(|(_, entry)| entry.seq as i64).collect();
    let days = vec![now / MICROS_PER_DAY; keys.len()];
    let idempotency = [Column::Id(&keys), Column::Id(&commands), Column::Int(&key_seqs), Column::Int(&days)];
    let account_references = [Column::Text(&accounts), Column::Int(&numbers)];
    let transaction_references = [Column::Text(&transactions), Column::Int(&seqs)];
    let reversals = [Column::Int(&reversed), Column::Id(&reversed_by)];
    try_join!(
        tx.insert_many(&sql::ACCOUNT_REFERENCE, &account_references),
        tx.insert_many(&sql::TRANSACTION_REFERENCE, &transaction_references),
        tx.insert_many(&sql::REVERSAL, &reversals),
        tx.insert_many(&sql::IDEMPOTENCY, &idempotency),
    )?;
    Ok(())
}

async fn accounts(tx: &Tx, state: &State) -> Result<(), DbError> {
    let new = state.group.new_accounts.iter().filter_map(|no| state.facts(*no));
    let (mut numbers, mut texts, mut names) =
        (<[Vec<i64>; 5]>::default(), <[Vec<String>; 2]>::default(), <[Vec<Option<String>>; 2]>::default());
    for facts in new {
        let normal = if facts.normal == ledger_api::Side::Debit { 0 } else { 1 };
        let scale = i64::from(facts.currency.scale());
        push_each(&mut numbers, [facts.no as i64, scale, normal, facts.opened_seq as i64, facts.opened_at]);
        push_each(&mut texts, [facts.path.to_string(), facts.currency.code().to_owned()]);
        let text = |name: &Option<ledger_api::Reference>| name.as_ref().map(ToString::to_string);
        push_each(&mut names, [text(&facts.owner), text(&facts.reference)]);
    }
    let ([no, scale, normal, opened_seq, opened_at], [path, currency], [owner, reference]) = (&numbers, &texts, &names);
    let columns = [
        Column::Int(no),
        Column::Text(path),
        Column::Text(currency),
        Column::Int(scale),
        Column::Int(normal),
        Column::TextOrNull(owner),
        Column::TextOrNull(reference),
        Column::Int(opened_seq),
        Column::Int(opened_at),
    ];
    let new_assets = &state.group.new_assets;
    let codes: Vec<String> = new_assets.iter().map(|(code, _, _)| code.clone()).collect();
    let scales: Vec<i64> = new_assets.iter().map(|(_, scale, _)| i64::from(*scale)).collect();
    let seqs: Vec<i64> = new_assets.iter().map(|(_, _, seq)| *seq as i64).collect();
    let assets = [Column::Text(&codes), Column::Int(&scales), Column::Int(&seqs)];
    try_join!(tx.insert_many(&sql::ACCOUNT, &columns), tx.insert_many(&sql::ASSET, &assets))?;
    Ok(())
}

async fn metadata(tx: &Tx, state: &State) -> Result<(), DbError> {
    let group = &state.group;
    let (mut seqs, mut salts, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
    for (seq, entry) in group.new_metadata.iter().filter_map(|seq| Some((*seq, group.metadata.get(seq)?))) {
        seqs.push(seq as i64);
        salts.push(entry.salt.clone());
        bodies.push(serde_json::to_string(&entry.body).unwrap_or_default());
    }
    let columns = [Column::Int(&seqs), Column::Bytes(&salts), Column::Text(&bodies)];
    tx.insert_many(&sql::METADATA, &columns).await?;
    index_account_metadata(tx, state).await
}

async fn index_account_metadata(tx: &Tx, state: &State) -> Result<(), DbError> {
    let (mut accounts, mut keys, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for entry in state.group.reindexed.iter().filter_map(|no| state.accounts.get(no)) {
        let no = entry.facts.no as i64;
        if entry.facts.no <= state.log.last_account {
            tx.execute(sql::ACCOUNT_METADATA_ERASE, &[Value::Int(no)]).await?;
        }
        let Some(metadata) = state.group.metadata.get(&entry.head.state.metadata_seq) else { continue };
        for (key, value) in &metadata.body {
            accounts.push(no);
            keys.push(key.clone());
            values.push(value.clone());
        }
    }
    let columns = [Column::Int(&accounts), Column::Text(&keys), Column::Text(&values)];
    tx.insert_many(&sql::ACCOUNT_METADATA, &columns).await
}
