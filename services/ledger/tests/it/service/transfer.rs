//! Export and import: the same books, on either engine, from any interrupted state.

mod damage;
mod forge;
mod history;
mod resume;

use ledger::{ExportOptions, Imported, TransferError, export, import, verify};
use ledger_api::{FindTransaction, LedgerError, Operation};
use platform::db::{Access, Row};
use testkit::{TestStore, for_each_engine};

use crate::service::harness::{Desk, pay};
pub(crate) use forge::{again, hex};
use history::{History, has_every_kind};

const STEPS: usize = 700;
const WITH_KEYS: ExportOptions = ExportOptions { idempotency_keys: true };

/// All tables that an import must rebuild, each in its own order.
const TABLES: [&str; 18] = [
    "select * from log order by seq",
    "select * from commit_group order by number",
    "select * from transaction_id order by id",
    "select * from account order by no",
    "select * from account_head order by no",
    "select * from account_metadata order by account, key",
    "select * from account_reference order by reference",
    "select * from transaction_reference order by reference",
    "select * from hold order by seq",
    "select * from reversal order by seq",
    "select * from scheduled order by seq",
    "select * from late order by account, effective_at, seq",
    "select * from late_bucket order by bits, account, bucket",
    "select * from asset order by code",
    "select * from metadata order by seq",
    "select * from id_open order by id",
    "select * from id_run order by run",
    "select * from id_page order by place",
];
const KEYS: [&str; 2] = ["select * from idempotency order by key", "select * from secret order by name"];

/// Tables that an import does not write: those outside of this book, not derived from the log, or written after it.
const OTHERS: [&str; 9] = [
    "erased",
    "book",
    "schema_migration",
    "metadata_key",
    "transaction_metadata",
    "account_head_mark",
    "lease",
    "lease_fence",
    "lease_term",
];

/// A new table must be compared too, or listed as another kind of table.
#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_compared() {
    let store = TestStore::sqlite();
    Desk::open(&store).await.ledger.close().await.unwrap();
    let found = rows(&store, "select name from sqlite_schema where type = 'table' order by name").await;
    for table in found.iter().map(|row| row.text(0).unwrap()).filter(|name| !OTHERS.contains(name)) {
        let wanted = format!("from {table} ");
        assert!(TABLES.iter().chain(&KEYS).any(|sql| sql.contains(&wanted)), "{table} is not compared");
    }
}

async fn lines(store: &TestStore, options: ExportOptions) -> Vec<u8> {
    let mut out = Vec::new();
    let db = store.open_with(Access::ReadOnly).await;
    Box::pin(export(&db, &ledger_api::BookName::main(), &mut out, options, |_| ())).await.unwrap();
    out
}

async fn read_in(store: &TestStore, lines: &[u8]) -> Result<Imported, TransferError> {
    let db = store.open().await;
    Box::pin(import(&db, &ledger_api::BookName::main(), lines, |_| ())).await
}

async fn rows(store: &TestStore, sql: &'static str) -> Vec<Row> {
    store.open().await.read().await.unwrap().query(sql, &[]).await.unwrap()
}

async fn same(one: &TestStore, other: &TestStore, tables: &[&'static str]) {
    for sql in tables {
        let (one, other) = (rows(one, sql).await, rows(other, sql).await);
        for (one, other) in one.iter().zip(&other) {
            assert_eq!(one, other, "{sql}");
        }
        assert_eq!(one.len(), other.len(), "{sql}");
    }
}

/// Clean, and the log has this head.
async fn clean(store: &TestStore, head: &str) {
    let db = store.open_with(Access::ReadOnly).await;
    let report =
        Box::pin(verify(&db, &ledger_api::BookName::main(), Some(head.parse().unwrap()), |_| ())).await.unwrap();
    assert_eq!(report.head.to_string(), head);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_equals_the_exported_books_on_either_engine() {
    for_each_engine(async |source| {
        let history = Box::pin(History::of(source, 1, STEPS)).await;
        let head = history.desk.ledger.close().await.unwrap();
        has_every_kind(source).await;
        let lines = lines(source, WITH_KEYS).await;
        for_each_engine(async |target| {
            let imported = read_in(target, &lines).await.unwrap();
            assert_eq!((imported.head.to_string(), imported.rows_written), (head.clone(), imported.head.last_seq));
            assert_eq!(imported.keys, Some(rows(source, KEYS[0]).await.len() as u64));
            same(source, target, &TABLES).await;
            same(source, target, &KEYS).await;
            clean(target, &head).await;
            assert!(self::lines(target, WITH_KEYS).await == lines, "the export of the import differs");
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_store_is_exported_as_of_the_start() {
    for_each_engine(async |source| {
        let mut history = History::of(source, 2, 60).await;
        let before = history.desk.ledger.status(&history.desk.ctx).await.unwrap().rows;
        let (written, ()) = tokio::join!(lines(source, ExportOptions::default()), history.go_on(60));
        let target = TestStore::sqlite();
        let imported = read_in(&target, &written).await.unwrap();
        assert!(imported.head.last_seq >= before && imported.keys.is_none());
        clean(&target, &imported.head.to_string()).await;
        let head = history.desk.ledger.close().await.unwrap();
        let report =
            verify(&source.open().await, &ledger_api::BookName::main(), Some(imported.head), |_| ()).await.unwrap();
        assert_eq!(report.head.to_string(), head);
        target.remove().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_continues_after_an_import() {
    for_each_engine(async |source| {
        let history = History::of(source, 3, 120).await;
        let desk = history.desk;
        desk.account("late", ledger_api::Side::Credit, Default::default()).await.unwrap();
        let first = desk.run_as(&desk.keyed("moved"), pay(7_001, "world", "late", 100)).await.unwrap();
        desk.ledger.close().await.unwrap();
        for options in [WITH_KEYS, ExportOptions::default()] {
            let lines = lines(source, options).await;
            for_each_engine(async |target| {
                read_in(target, &lines).await.unwrap();
                goes_on(target, &desk, &first.id.to_string(), options.idempotency_keys).await;
            })
            .await;
        }
    })
    .await;
}

async fn goes_on(target: &TestStore, old: &Desk, known: &str, with_keys: bool) {
    let desk = Desk::open_at(target, old.clock.clone(), Default::default()).await;
    // A repeat is always recognised by its id, and by its key if the keys were exported.
    assert!(desk.run(pay(7_001, "world", "late", 100)).await.unwrap().replayed);
    let find = FindTransaction::IdempotencyKey("moved".parse().unwrap());
    let found = desk.ledger.transaction(&desk.ctx, find).await;
    match with_keys {
        true => assert_eq!(found.unwrap().id.to_string(), known),
        false => assert!(matches!(found, Err(LedgerError::Refused { .. })), "{found:?}"),
    }
    let Operation::Create(create) = pay(0, "world", "late", 100) else { unreachable!() };
    let keyed = Operation::Create(ledger_api::NewTransaction { id: None, ..create });
    let again = desk.run_as(&desk.keyed("moved-too"), keyed.clone()).await.unwrap();
    assert_eq!(desk.run_as(&desk.keyed("moved-too"), keyed).await.unwrap().id, again.id);
    assert_eq!(desk.posted("late").await, 200);
    let head = desk.ledger.close().await.unwrap();
    clean(target, &head).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_log_can_be_exported() {
    let (source, target) = (TestStore::sqlite(), TestStore::sqlite());
    Desk::open(&source).await.ledger.close().await.unwrap();
    let written = lines(&source, WITH_KEYS).await;
    let imported = read_in(&target, &written).await.unwrap();
    assert_eq!((imported.head.number, imported.keys), (0, Some(0)));
    same(&source, &target, &KEYS).await;
    assert_eq!(read_in(&target, &written).await.unwrap(), imported);
}

#[tokio::test(flavor = "multi_thread")]
async fn erased_metadata_stays_erased() {
    for_each_engine(async |source| {
        let history = History::of(source, 4, 150).await;
        let head = history.desk.ledger.close().await.unwrap();
        let db = source.open().await;
        let tx = db.begin().await.unwrap();
        tx.batch("delete from metadata where seq % 2 = 0").await.unwrap();
        tx.batch(
            "delete from account_metadata where account in (select no from account_head where metadata_seq % 2 = 0)",
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        clean(source, &head).await;
        for_each_engine(async |target| {
            read_in(target, &lines(source, ExportOptions::default()).await).await.unwrap();
            same(source, target, &TABLES).await;
            clean(target, &head).await;
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_needs_an_empty_book_or_the_same_logs_beginning() {
    for_each_engine(async |target| {
        let (source, other) = (TestStore::sqlite(), TestStore::sqlite());
        let mut history = History::of(&source, 5, 40).await;
        let shorter = lines(&source, WITH_KEYS).await;
        history.go_on(40).await;
        let longer = lines(&source, WITH_KEYS).await;
        Desk::with_people(&other).await.ledger.close().await.unwrap();
        let foreign = lines(&other, ExportOptions::default()).await;

        read_in(target, &foreign).await.unwrap();
        let said = read_in(target, &longer).await.unwrap_err();
        assert!(matches!(said, TransferError::OtherLog { group: 1 }), "{said}");
        same(&other, target, &TABLES).await;

        // A finished import is extended by a longer export of the same log, and refuses a shorter one.
        let again = TestStore::sqlite();
        read_in(&again, &shorter).await.unwrap();
        let imported = read_in(&again, &longer).await.unwrap();
        assert!(imported.rows_written > 0 && imported.rows_written < imported.head.last_seq);
        same(&source, &again, &TABLES).await;
        same(&source, &again, &KEYS).await;
        let said = read_in(&again, &shorter).await.unwrap_err();
        assert!(matches!(said, TransferError::Behind { .. }), "{said}");
        // Books that have continued by themselves have a different history from there on.
        let desk = Desk::open_at(&again, history.desk.clock.clone(), Default::default()).await;
        desk.account("own", ledger_api::Side::Credit, Default::default()).await.unwrap();
        desk.ledger.close().await.unwrap();
        history.go_on(30).await;
        let longest = lines(&source, ExportOptions::default()).await;
        let said = read_in(&again, &longest).await.unwrap_err();
        assert!(matches!(said, TransferError::OtherLog { group } if group > 1), "{said}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_under_another_secret_are_not_mixed() {
    let (source, target) = (TestStore::sqlite(), TestStore::sqlite());
    let history = History::of(&source, 6, 40).await;
    history.desk.ledger.close().await.unwrap();
    read_in(&target, &lines(&source, WITH_KEYS).await).await.unwrap();
    let tx_db = source.open().await;
    let tx = tx_db.begin().await.unwrap();
    tx.batch("update secret set value = zeroblob(32)").await.unwrap();
    tx.commit().await.unwrap();
    let said = read_in(&target, &lines(&source, WITH_KEYS).await).await.unwrap_err();
    assert!(matches!(said, TransferError::OtherSecret), "{said}");
}
