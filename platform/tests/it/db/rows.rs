//! Sets of rows, single rows, and transactions.

use platform::db::{Column, Db, Fault, Migration, Row, RowSet, Value};
use testkit::{TestStore, for_each_engine};

const TABLE: Migration = Migration {
    version: 1,
    name: "item",
    sql: "create table item (
              seq SEQ,
              name TEXT not null,
              note TEXT,
              amount BIGINT,
              small SMALLINT not null,
              id ID not null,
              body BYTES not null
          );
          create table counter (id BIGINT primary key, n BIGINT not null check (n < 1000000));
          create table tally (kind TEXT, day BIGINT, n BIGINT not null, sum BIGINT not null, primary key (kind, day)) CLUSTERED",
};
static ITEMS: RowSet = RowSet::new(
    "item",
    &[
        ("seq", "bigint"),
        ("name", "text"),
        ("note", "text"),
        ("amount", "bigint"),
        ("small", "smallint"),
        ("id", "bytea"),
        ("body", "bytea"),
    ],
);
static AMOUNTS: RowSet = RowSet::new("item", &[("seq", "bigint"), ("amount", "bigint"), ("note", "text")]);
static BY_ID: RowSet = RowSet::new("item", &[("id", "bytea"), ("seq", "bigint")]);
static BY_NAME: RowSet = RowSet::new("item", &[("name", "text"), ("seq", "bigint")]);
static TALLY: RowSet =
    RowSet::adding("tally", 2, &[("kind", "text"), ("day", "bigint"), ("n", "bigint"), ("sum", "bigint")]);
const COUNT: &str = "select count(*) from item";
const COUNTER_INSERT: &str = "insert into counter (id, n) values ($1, $2)";
const COUNTER_COUNT: &str = "select count(*) from counter";

async fn opened(store: &TestStore) -> Db {
    let db = store.open().await;
    db.migrate(&[TABLE]).await.unwrap();
    db
}

/// `rows` items numbered from 1.
async fn insert_items(db: &Db, rows: i64) {
    let seqs: Vec<i64> = (1..=rows).collect();
    let names: Vec<String> = seqs.iter().map(|seq| format!("item {seq} – ü")).collect();
    let notes: Vec<Option<String>> = seqs.iter().map(|seq| (seq % 2 == 0).then(|| format!("note {seq}"))).collect();
    let amounts: Vec<Option<i64>> = seqs.iter().map(|seq| (seq % 3 != 0).then_some(-seq)).collect();
    let smalls: Vec<i64> = seqs.iter().map(|seq| seq % 100).collect();
    let ids: Vec<[u8; 16]> = seqs.iter().map(|seq| u128::from(seq.unsigned_abs()).to_be_bytes()).collect();
    let bodies: Vec<Vec<u8>> = seqs.iter().map(|seq| vec![0xff; *seq as usize % 5]).collect();
    let tx = db.begin().await.unwrap();
    let columns = [
        Column::Int(&seqs),
        Column::Text(&names),
        Column::TextOrNull(&notes),
        Column::IntOrNull(&amounts),
        Column::Int(&smalls),
        Column::Id(&ids),
        Column::Bytes(&bodies),
    ];
    tx.insert_many(&ITEMS, &columns).await.unwrap();
    tx.commit().await.unwrap();
}

fn seqs(rows: &[Row], column: usize) -> Vec<i64> {
    let mut seqs: Vec<i64> = rows.iter().map(|row| row.int(column).unwrap()).collect();
    seqs.sort_unstable();
    seqs
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_set_is_read_back_as_written() {
    for_each_engine(async |store| {
        let db = opened(store).await;
        insert_items(&db, 2_500).await;
        let tx = db.read().await.unwrap();
        let rows = tx.select_many(&ITEMS, Column::Int(&[6, 1, 9_999])).await.unwrap();
        assert_eq!(seqs(&rows, 0), [1, 6], "absent keys are left out");
        let six = rows.iter().find(|row| row.int(0).unwrap() == 6).unwrap();
        assert_eq!((six.text(1).unwrap(), six.text_or_null(2).unwrap()), ("item 6 – ü", Some("note 6")));
        assert_eq!((six.int_or_null(3).unwrap(), six.int(4).unwrap()), (None, 6));
        assert_eq!((six.array(5).unwrap(), six.bytes(6).unwrap()), (6_u128.to_be_bytes(), &[0xff][..]));
        let by_id = tx.select_many(&BY_ID, Column::Id(&[7_u128.to_be_bytes(), [9; 16]])).await.unwrap();
        let by_name = tx.select_many(&BY_NAME, Column::Text(&["item 8 – ü".to_owned()])).await.unwrap();
        assert_eq!((seqs(&by_id, 1), seqs(&by_name, 1)), (vec![7], vec![8]));
        assert!(tx.select_many(&ITEMS, Column::Int(&[])).await.unwrap().is_empty());
        let all: Vec<i64> = (1..=2_500).collect();
        assert_eq!(seqs(&tx.select_many(&ITEMS, Column::Int(&all)).await.unwrap(), 0), all);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_changes_only_the_named_rows_and_columns() {
    for_each_engine(async |store| {
        let db = opened(store).await;
        insert_items(&db, 10).await;
        let tx = db.begin().await.unwrap();
        let (amounts, notes) = ([Some(70), None], [None, Some("new".to_owned())]);
        let columns = [Column::Int(&[7, 8]), Column::IntOrNull(&amounts), Column::TextOrNull(&notes)];
        tx.update_many(&AMOUNTS, &columns).await.unwrap();
        tx.update_many(&AMOUNTS, &[Column::Int(&[]), Column::IntOrNull(&[]), Column::TextOrNull(&[])]).await.unwrap();
        tx.commit().await.unwrap();
        let tx = db.read().await.unwrap();
        for (seq, amount, note) in [(7, Some(70), None), (8, None, Some("new")), (2, Some(-2), Some("note 2"))] {
            let rows = tx.select_many(&ITEMS, Column::Int(&[seq])).await.unwrap();
            assert_eq!((rows[0].int_or_null(3).unwrap(), rows[0].text_or_null(2).unwrap()), (amount, note));
            assert_eq!(rows[0].text(1).unwrap(), format!("item {seq} – ü"));
        }
    })
    .await;
}

/// Running sums: existing rows are added to, missing ones are created, and nothing else changes.
#[tokio::test(flavor = "multi_thread")]
async fn sums_are_added_to_existing_rows_and_created_otherwise() {
    for_each_engine(async |store| {
        let db = opened(store).await;
        let kinds = |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
        for (names, days, sums) in [
            (kinds(&["a", "a", "b"]), [1, 2, 1], [10, 20, i64::MAX - 5]),
            (kinds(&["b", "a", "c"]), [1, 1, 1], [5, -7, 1]),
        ] {
            let tx = db.begin().await.unwrap();
            let columns = [Column::Text(&names), Column::Int(&days), Column::Int(&[1, 1, 1]), Column::Int(&sums)];
            tx.add_many(&TALLY, &columns).await.unwrap();
            tx.add_many(&TALLY, &[Column::Text(&[]), Column::Int(&[]), Column::Int(&[]), Column::Int(&[])])
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
        let tx = db.read().await.unwrap();
        tx.prepare_set(&TALLY).await.unwrap();
        let rows = tx.query("select kind, day, n, sum from tally order by kind, day", &[]).await.unwrap();
        let found: Vec<(&str, i64, i64, i64)> = rows
            .iter()
            .map(|row| (row.text(0).unwrap(), row.int(1).unwrap(), row.int(2).unwrap(), row.int(3).unwrap()))
            .collect();
        assert_eq!(found, [("a", 1, 2, 3), ("a", 2, 1, 20), ("b", 1, 2, i64::MAX), ("c", 1, 1, 1)]);
        let tx = db.begin().await.unwrap();
        let wrong =
            tx.add_many(&AMOUNTS, &[Column::Int(&[1]), Column::IntOrNull(&[None]), Column::TextOrNull(&[None])]);
        assert_eq!(wrong.await.unwrap_err().fault, Fault::Corrupt);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_of_different_lengths_are_refused() {
    for_each_engine(async |store| {
        let db = opened(store).await;
        let tx = db.begin().await.unwrap();
        let columns = [Column::Int(&[1, 2]), Column::IntOrNull(&[None]), Column::TextOrNull(&[None])];
        assert_eq!(tx.insert_many(&AMOUNTS, &columns).await.unwrap_err().fault, Fault::Corrupt);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_sees_one_snapshot_and_cannot_write() {
    for_each_engine(async |store| {
        let db = opened(store).await;
        insert_items(&db, 3).await;
        let old = db.read().await.unwrap();
        let count = async |tx: &platform::db::Tx| tx.query(COUNT, &[]).await.unwrap()[0].int(0).unwrap();
        assert_eq!(count(&old).await, 3);
        let tx = db.begin().await.unwrap();
        tx.batch("delete from item").await.unwrap();
        assert_eq!(count(&tx).await, 0);
        assert_eq!(count(&old).await, 3);
        tx.commit().await.unwrap();
        assert_eq!(count(&old).await, 3);
        assert_eq!(count(&db.read().await.unwrap()).await, 0);
        let written = old.execute(COUNTER_INSERT, &[Value::Int(1), Value::Int(1)]).await;
        assert_eq!(written.unwrap_err().fault, Fault::ReadOnly);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_transaction_leaves_nothing() {
    for_each_engine(async |store| {
        let db = opened(store).await;
        for _ in 0..20 {
            let tx = db.begin().await.unwrap();
            tx.execute(COUNTER_INSERT, &[Value::Int(1), Value::Int(1)]).await.unwrap();
        }
        let rows = db.read().await.unwrap().query(COUNTER_COUNT, &[]).await.unwrap();
        assert_eq!(rows[0].int(0).unwrap(), 0);
    })
    .await;
}

/// PostgreSQL answers COMMIT of a failed transaction with a quiet rollback, SQLite commits the rest.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_with_a_failed_statement_cannot_be_committed() {
    for_each_engine(async |store| {
        let db = opened(store).await;
        let tx = db.begin().await.unwrap();
        tx.execute(COUNTER_INSERT, &[Value::Int(1), Value::Int(1)]).await.unwrap();
        let spoiled = tx.execute(COUNTER_INSERT, &[Value::Int(2), Value::Int(1_000_000)]).await;
        assert_eq!(spoiled.unwrap_err().fault, Fault::Constraint);
        assert_eq!(tx.commit().await.unwrap_err().0.fault, Fault::Statement);
        let rows = db.read().await.unwrap().query(COUNTER_COUNT, &[]).await.unwrap();
        assert_eq!(rows[0].int(0).unwrap(), 0);
        db.write(|tx| Box::pin(async { tx.execute(COUNTER_INSERT, &[Value::Int(1), Value::Int(1)]).await }))
            .await
            .unwrap();
    })
    .await;
}
