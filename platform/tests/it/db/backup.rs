//! Copies of several files at one instant, while their owners continue to write.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use platform::db::{Access, Db, Fault, Migration, Target, Value, backup_files, backup_listed, file_sha256};

const TABLE: Migration = Migration {
    version: 1,
    name: "note",
    sql: "create table note (n SEQ, body BYTES not null); create table last (id BIGINT primary key, n BIGINT not null)",
};
const NOTE_INSERT: &str = "insert into note (n, body) values ($1, $2)";
const LAST_SET: &str = "insert into last (id, n) values (1, $1) on conflict (id) do update set n = $1";
const CHECK: &str = "select (select n from last), (select max(n) from note), (select count(*) from note)";

async fn opened(file: PathBuf) -> Db {
    let db = Db::open(Target::Sqlite { file, cache_mb: 2 }, Access::ReadWrite, 1).await.unwrap();
    db.migrate(&[TABLE]).await.unwrap();
    db
}

async fn note(db: &Db, n: i64, bytes: usize) {
    let tx = db.begin().await.unwrap();
    tx.execute(NOTE_INSERT, &[Value::Int(n), Value::Bytes(&vec![7; bytes])]).await.unwrap();
    tx.execute(LAST_SET, &[Value::Int(n)]).await.unwrap();
    tx.commit().await.unwrap();
}

/// The last number, after checking that the file is consistent.
async fn last(file: PathBuf) -> i64 {
    let db = Db::open(Target::Sqlite { file, cache_mb: 2 }, Access::ReadOnly, 1).await.unwrap();
    let rows = db.read().await.unwrap().query(CHECK, &[]).await.unwrap();
    let numbers = [0, 1, 2].map(|column| rows[0].int(column).unwrap());
    assert!(numbers.iter().all(|number| *number == numbers[0]), "{numbers:?}");
    numbers[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn files_being_written_are_copied_as_of_one_instant() {
    let dir = tempfile::tempdir().unwrap();
    let files = ["first.db", "second.db"].map(|name| dir.path().join(name));
    let (first, second) = (opened(files[0].clone()).await, opened(files[1].clone()).await);
    for n in 1..=20 {
        note(&first, n, 500_000).await;
        note(&second, n, 500_000).await;
    }
    let stop = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn({
        let stop = Arc::clone(&stop);
        async move {
            let mut n = 20;
            while !stop.load(Ordering::SeqCst) {
                n += 1;
                note(&first, n, 10).await;
                note(&second, n, 10).await;
            }
            n
        }
    });
    for round in 0..5 {
        let copies = ["first", "second"].map(|name| dir.path().join(format!("{name}-{round}.copy")));
        let pairs: Vec<_> = files.clone().into_iter().zip(copies.clone()).collect();
        let mut seen = [0_u64; 2];
        let copy = || backup_files(&pairs, |place, done, all| seen[place] = done * 100 / all);
        tokio::task::block_in_place(copy).unwrap();
        assert_eq!(seen, [100, 100]);
        // The first file is always written first: at any one instant it is ahead by at most one.
        let (first, second) = (last(copies[0].clone()).await, last(copies[1].clone()).await);
        assert!(first == second || first == second + 1, "{first} and {second}");
        assert!(first >= 20 && !dir.path().join(format!("first-{round}.copy-wal")).exists());
        assert_eq!(file_sha256(&copies[0]).unwrap().len(), 64);
    }
    stop.store(true, Ordering::SeqCst);
    let written = writer.await.unwrap();
    assert!(written > 30, "the writer continued: {written}");
    assert_eq!(last(files[0].clone()).await, written);
}

/// The first file refers to the second one, which is created while the copy begins: it is copied too.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_created_while_a_copy_begins_is_included() {
    let dir = tempfile::tempdir().unwrap();
    let [main, other] = ["main.db", "main-other.db"].map(|name| dir.path().join(name));
    let first = opened(main.clone()).await;
    note(&first, 1, 10).await;
    let asked = std::cell::Cell::new(0);
    let list = || {
        asked.set(asked.get() + 1);
        if asked.get() == 2 {
            // Nothing can refer to it in the first file yet: the writer is blocked.
            assert!(is_held(&main), "the first file can be written");
            std::fs::copy(&main, &other).unwrap();
        }
        let there = [&main, &other].into_iter().filter(|file| file.is_file());
        Ok(there.map(|file| (file.clone(), file.with_extension("copy"))).collect())
    };
    first.checkpoint().await.unwrap();
    let copied = tokio::task::block_in_place(|| backup_listed(list, |_, _, _| ())).unwrap();
    assert_eq!((asked.get(), copied.len()), (3, 2));
    assert_eq!((last(main.with_extension("copy")).await, last(other.with_extension("copy")).await), (1, 1));
}

/// Whether another connection holds the file's writer.
fn is_held(file: &std::path::Path) -> bool {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.busy_timeout(std::time::Duration::ZERO).unwrap();
    connection.execute_batch("begin immediate").is_err()
}

#[test]
fn a_missing_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing.db");
    let error = backup_files(&[(missing.clone(), dir.path().join("copy"))], |_, _, _| ()).unwrap_err();
    assert_eq!(error.fault, Fault::Unreachable);
    assert!(error.to_string().contains("missing.db") && !missing.exists(), "{error}");
}

#[test]
fn a_file_hash_equals_sha256sums() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("abc");
    std::fs::write(&file, "abc").unwrap();
    assert_eq!(file_sha256(&file).unwrap(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
