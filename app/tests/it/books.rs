//! verify, migrate, backup and restore: the real binary next to a ledger that another process, this one, is writing.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::common::florin;
use kernel::{Ctx, Deadline, IdMaker, Principal, SystemClock};
use ledger::{LedgerConfig, LedgerService};
use ledger_api::{Ledger, Submit};
use platform::data_dir::{DataDir, Stamp};
use platform::db::{Access, Db, Target};
use serde_json::json;

/// Exit status, standard output and standard error.
fn said(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn head(out: &str) -> String {
    let line = out.lines().find(|line| line.trim_start().starts_with("head")).unwrap_or_else(|| panic!("{out}"));
    line.split_whitespace().nth(1).unwrap().to_owned()
}

async fn store(data_dir: &Path, access: Access) -> Db {
    Db::open(Target::Sqlite { file: data_dir.join("ledger.db"), cache_mb: 2 }, access, 2).await.unwrap()
}

async fn books(data_dir: &Path) -> LedgerService {
    let clock = Arc::new(SystemClock);
    let ids = IdMaker::new(clock.clone());
    LedgerService::start(store(data_dir, Access::ReadWrite).await, LedgerConfig::default(), clock, ids).await.unwrap()
}

fn ctx(key: u64) -> Ctx {
    Ctx {
        principal: Principal::operator(),
        deadline: Deadline::after_millis(&SystemClock, 10_000),
        request_id: "req_1".into(),
        idempotency_key: Some(format!("key-{key}").parse().unwrap()),
    }
}

async fn open_accounts(books: &LedgerService) {
    for (path, normal) in [("cash", "debit"), ("users:ann", "credit")] {
        let open = json!({"path": path, "currency": "USD", "normal": normal, "metadata": {"of": path}});
        let mut ctx = ctx(0);
        ctx.idempotency_key = None;
        books.open_account(&ctx, serde_json::from_value(open).unwrap()).await.unwrap();
    }
}

async fn pay(books: &LedgerService, key: u64) {
    let amount = json!({"amount": "1.25", "currency": "USD"});
    let create = json!({"create": {"postings": [{"debit": "cash", "credit": "users:ann", "amount": amount}]}});
    let operation = serde_json::from_value(create).unwrap();
    books.submit(&ctx(key), Submit { operation, dry_run: false }).await.unwrap();
}

async fn balance(data_dir: &Path) -> String {
    let books = books(data_dir).await;
    let account = books.account(&ctx(0), &"users:ann".parse().unwrap()).await.unwrap();
    books.close().await.unwrap();
    account.balances.posted.amount()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_live_store_restores_with_equal_heads_and_balances() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("florin-data");
    let (status, out, err) = said(florin(dir.path()).arg("migrate"));
    assert!(status == 0 && out.contains(" applied to "), "{out}{err}");
    let (_, out, _) = said(florin(dir.path()).arg("migrate"));
    assert!(out.contains("nothing to do"), "{out}");

    // This process is the server: it holds the directory and keeps writing.
    let held = DataDir::open(&data, Stamp::Plain).unwrap();
    let (status, _, err) = said(florin(dir.path()).arg("migrate"));
    assert!(status == 1 && err.contains("in use by process"), "{err}");
    let books = Arc::new(books(&data).await);
    open_accounts(&books).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn({
        let (books, stop) = (books.clone(), stop.clone());
        async move {
            let mut key = 1;
            while !stop.load(Ordering::SeqCst) {
                pay(&books, key).await;
                key += 1;
            }
            key - 1
        }
    });
    let mut heads = Vec::new();
    for round in 0..3 {
        let to = format!("copy-{round}");
        let (status, out, err) = said(florin(dir.path()).args(["backup", &to]));
        assert!(status == 0 && out.contains("verified"), "{out}{err}");
        heads.push(head(&out));
        let (status, out, err) = said(florin(dir.path()).args(["verify", "--against", &head(&out)]));
        assert!(status == 0 && out.contains("nothing was cut or rewritten"), "{out}{err}");
        assert!(err.contains("verifying: "), "progress is printed as plain lines: {err}");
    }
    stop.store(true, Ordering::SeqCst);
    let written = writer.await.unwrap();
    assert!(written > 3 && heads[0] != heads[2], "the writer continued: {written}");

    // The copy is one consistent state of the books, from some moment of the backup.
    for (round, head_then) in heads.iter().enumerate() {
        let (from, to) = (format!("copy-{round}"), format!("again-{round}"));
        let (status, out, err) = said(florin(dir.path()).args(["restore", &from, "--data-dir", &to]));
        assert!(status == 0 && head(&out) == *head_then, "{out}{err}");
        let (status, out, _) = said(florin(dir.path()).arg("verify").env("FLORIN__STORAGE__DATA_DIR", &to));
        assert!(status == 0 && head(&out) == *head_then, "{out}");
    }
    // The full cycle with no writes in between.
    let closed = books.close().await.unwrap();
    drop((books, held));
    let (_, out, _) = said(florin(dir.path()).args(["backup", "last"]));
    assert_eq!(head(&out), closed);
    let (status, _, err) = said(florin(dir.path()).args(["restore", "last"]));
    assert!(status == 1 && err.contains("is not empty"), "{err}");
    let (status, _, err) = said(florin(dir.path()).args(["backup", "last"]));
    assert!(status == 1 && err.contains("is not empty"), "{err}");
    std::fs::rename(&data, dir.path().join("lost")).unwrap();
    let (status, out, err) = said(florin(dir.path()).args(["restore", "last"]));
    assert!(status == 0 && head(&out) == closed, "{out}{err}");
    let owed = balance(&data).await;
    assert_eq!(owed, balance(&dir.path().join("lost")).await);
    assert_eq!(owed, format!("{:.2}", written as f64 * 1.25));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_is_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    said(florin(dir.path()).arg("migrate"));
    let (status, out, err) = said(florin(dir.path()).args(["backup", "copy"]));
    assert!(status == 0 && out.contains("0 rows"), "{out}{err}");
    let file = dir.path().join("copy/ledger.db");
    let good = std::fs::read(&file).unwrap();
    let refused = |words: &str| {
        let (status, _, err) = said(florin(dir.path()).args(["restore", "copy", "--data-dir", "again"]));
        assert!(status == 1 && err.contains(words), "{err}");
        assert!(!dir.path().join("again").exists());
    };
    let mut bad = good.clone();
    bad[5_000] ^= 1;
    std::fs::write(&file, &bad).unwrap();
    refused("is damaged: ledger.db: expected SHA-256");
    std::fs::write(&file, &good[..good.len() - 1]).unwrap();
    refused("is damaged: ledger.db: ");
    std::fs::remove_file(&file).unwrap();
    refused("is damaged: ledger.db: ");
    std::fs::write(&file, &good).unwrap();
    let manifest = dir.path().join("copy/manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("\"ledger.db\"", "\"../ledger.db\"")).unwrap();
    refused("not the name of a file in the backup");
    std::fs::write(&manifest, text.replace(": 1,", ": 2,")).unwrap();
    refused("use a newer florin");
    std::fs::remove_file(&manifest).unwrap();
    refused("this is not a whole backup");
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_exits_with_one_for_damage_and_two_if_it_cannot_run() {
    let dir = tempfile::tempdir().unwrap();
    let could_not = |words: &str, args: &[&str]| {
        let (status, _, err) = said(florin(dir.path()).args(args));
        assert!(status == 2 && err.contains(words), "{status} {err}");
    };
    could_not("is not a data directory of florin", &["verify"]);
    said(florin(dir.path()).arg("migrate"));
    could_not("is not a head of the form", &["verify", "--against", "florin-1:main:x"]);
    let data = dir.path().join("florin-data");
    let ledger = books(&data).await;
    open_accounts(&ledger).await;
    pay(&ledger, 1).await;
    let kept = ledger.close().await.unwrap();
    drop(ledger);
    let longer = kept.replacen(":3:", ":9:", 1).replacen(":5:", ":9:", 1);
    let db = store(&data, Access::ReadWrite).await;
    let change = async |sql: &'static str| {
        let tx = db.begin().await.unwrap();
        tx.batch(sql).await.unwrap();
        tx.commit().await.unwrap();
        said(florin(dir.path()).arg("verify"))
    };
    let (status, _, err) = said(florin(dir.path()).args(["verify", "--against", &longer]));
    assert!(status == 1 && err.contains("the log was cut"), "{err}");
    let (status, _, err) = change("update account_head set posted_credits = 1 where no = 2").await;
    assert!(status == 1 && err.contains("posted_credits of account users:ann: expected 125, found 1"), "{err}");
    let (status, _, err) = change("insert into schema_migration values (99, 'later')").await;
    assert!(status == 2 && err.contains("newer version of florin"), "{err}");
    let (status, _, err) = said(florin(dir.path()).arg("migrate"));
    assert!(status == 1 && err.contains("newer version of florin"), "{err}");
}

#[test]
fn postgresql_is_backed_up_by_its_own_tools() {
    let dir = tempfile::tempdir().unwrap();
    let url = "postgres://ann:hunter2@127.0.0.1:1/x";
    let (status, _, err) = said(florin(dir.path()).args(["backup", "to"]).env("DATABASE_URL", url));
    assert!(status == 1 && err.contains("pg_dump") && err.contains("florin verify"), "{err}");
    let (status, _, err) = said(florin(dir.path()).arg("verify").env("DATABASE_URL", url));
    assert!(status == 2 && !err.contains("hunter2"), "{err}");
    for command in ["verify", "migrate", "backup", "restore"] {
        let (status, out, _) = said(florin(dir.path()).args([command, "--help"]));
        assert!(status == 0 && out.contains(&format!("Examples:\n  florin {command}")), "{out}");
    }
}
