//! export and import: the real binary moves books between data directories, is killed half way, and resumes.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::common::florin;
use kernel::{Ctx, Deadline, IdMaker, Principal, SystemClock};
use ledger::{LedgerConfig, LedgerService};
use ledger_api::{Batch, Ledger, Operation};
use platform::data_dir::{DataDir, Stamp};
use platform::db::{Access, Db, Target};
use serde_json::json;

/// More rows than one commit of an import.
const BATCHES: u64 = 24;
const LINES: u64 = 1_000;

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

fn at<'a>(command: &'a mut Command, data_dir: &str, args: &[&str]) -> &'a mut Command {
    command.env("FLORIN__STORAGE__DATA_DIR", data_dir).args(args)
}

async fn books(data_dir: &Path) -> LedgerService {
    let target = Target::Sqlite { file: data_dir.join("ledger.db"), cache_mb: 8 };
    let (db, clock) = (Db::open(target, Access::ReadWrite, 2).await.unwrap(), Arc::new(SystemClock));
    LedgerService::start(db, LedgerConfig::default(), clock.clone(), IdMaker::new(clock)).await.unwrap()
}

fn ctx(key: u64) -> Ctx {
    Ctx {
        principal: Principal::operator(),
        deadline: Deadline::after_millis(&SystemClock, 60_000),
        request_id: "req_1".into(),
        idempotency_key: Some(format!("key-{key}").parse().unwrap()),
    }
}

fn operation() -> Operation {
    let amount = json!({"amount": "1.25", "currency": "USD"});
    let posting = json!({"debit": "cash", "credit": "users:ann", "amount": amount});
    serde_json::from_value(json!({"create": {"postings": [posting], "metadata": {"order": "4711"}}})).unwrap()
}

/// Books with about ten thousand rows in `old`; returns their head.
async fn old_books(dir: &Path) -> String {
    said(at(&mut florin(dir), "old", &["migrate"]));
    let books = books(&dir.join("old")).await;
    for (path, normal) in [("cash", "debit"), ("users:ann", "credit")] {
        let limits = json!({"may_go_negative": true});
        let open = json!({"path": path, "currency": "USD", "normal": normal, "limits": limits});
        let mut ctx = ctx(0);
        ctx.idempotency_key = None;
        books.open_account(&ctx, serde_json::from_value(open).unwrap()).await.unwrap();
    }
    for key in 1..=BATCHES {
        let lines = (0..LINES).map(|_| operation()).collect();
        books.submit_batch(&ctx(key), Batch { atomic: true, dry_run: false, lines }).await.unwrap();
    }
    books.close().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_killed_half_way_resumes_and_completes() {
    let dir = tempfile::tempdir().unwrap();
    let kept = old_books(dir.path()).await;
    let florin = || florin(dir.path());
    let (status, out, err) = said(at(&mut florin(), "old", &["export", "log.jsonl", "--with-idempotency-keys"]));
    assert!(status == 0 && head(&out) == kept && out.contains("idempotency keys and their secret"), "{out}{err}");
    assert!(err.contains("exporting: "), "progress is printed as plain lines: {err}");
    let export = std::fs::read(dir.path().join("log.jsonl")).unwrap();
    let output = at(&mut florin(), "old", &["export", "--with-idempotency-keys"]).output().unwrap();
    assert!(output.status.success() && output.stdout == export);
    let (status, out, _) = said(at(&mut florin(), "old", &["export", "log.jsonl", "--with-idempotency-keys"]));
    assert!(status == 0 && out.contains(", 0 of them new"), "{out}");

    let mut command = florin();
    let command = at(&mut command, "new", &["import", "-"]).stdin(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    // All but what is still in the pipe was read, and all but the last ten thousand of those rows were stored.
    let keys = export.windows(10).position(|window| window == b"\n{\"secret\"").unwrap();
    let half = keys * 3 / 4;
    child.stdin.as_mut().unwrap().write_all(&export[..half]).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let (status, out, err) = said(at(&mut florin(), "new", &["verify"]));
    assert!(status == 0, "{out}{err}");
    let left: u64 = out.lines().find_map(|line| line.trim().strip_prefix("rows ")?.trim().parse().ok()).unwrap();
    assert!((10_000..BATCHES * LINES).contains(&left), "{out}");
    let (status, out, err) = said(at(&mut florin(), "new", &["import", "log.jsonl"]));
    assert!(status == 0 && head(&out) == kept && err.contains("importing: "), "{out}{err}");
    let all = BATCHES * LINES + 2;
    assert!(out.contains(&format!("imported, {all} rows, {} of them new, verified", all - left)), "{out}");
    let (status, out, err) = said(at(&mut florin(), "new", &["verify", "--against", &kept]));
    assert!(status == 0 && head(&out) == kept, "{out}{err}");

    // An idempotency key used in the old directory is known in the new one.
    let books = books(&dir.path().join("new")).await;
    let lines = (0..LINES).map(|_| operation()).collect();
    books.submit_batch(&ctx(7), Batch { atomic: true, dry_run: false, lines }).await.unwrap();
    assert_eq!(books.close().await.unwrap(), kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_imports_and_exports_say_why_with_their_status() {
    let dir = tempfile::tempdir().unwrap();
    let florin = || florin(dir.path());
    let refused = |wanted: i32, words: &str, data_dir: &str, args: &[&str]| {
        let (status, out, err) = said(at(&mut florin(), data_dir, args));
        assert!(status == wanted && err.contains(words), "{args:?}: {status} {out}{err}");
    };
    refused(2, "is not a data directory of florin", "none", &["export"]);
    refused(2, "log.jsonl cannot be read", "none", &["import", "log.jsonl"]);
    assert!(!dir.path().join("none").exists());
    said(at(&mut florin(), "old", &["migrate"]));
    refused(2, "no service has opened these books yet", "old", &["export", "--with-idempotency-keys"]);
    refused(2, "cannot be written", "old", &["export", "nowhere/log.jsonl"]);
    let (status, out, err) = said(at(&mut florin(), "old", &["export", "log.jsonl"]));
    assert!(status == 0 && out.contains("0 rows"), "{out}{err}");
    let held = DataDir::open(&dir.path().join("new"), Stamp::Plain).unwrap();
    refused(2, "in use by process", "new", &["import", "log.jsonl"]);
    drop(held);
    let (status, out, err) = said(at(&mut florin(), "new", &["import", "log.jsonl"]));
    assert!(status == 0 && out.contains("imported, 0 rows, verified"), "{out}{err}");
    let text = std::fs::read_to_string(dir.path().join("log.jsonl")).unwrap();
    std::fs::write(dir.path().join("log.jsonl"), text.replace("\"rows\":0", "\"rows\":1")).unwrap();
    refused(1, "line 2 is damaged: its sum does not match its bytes", "new", &["import", "log.jsonl"]);
    refused(1, "line 2 is damaged", "old", &["export", "log.jsonl"]);
    std::fs::write(dir.path().join("log.jsonl"), text.lines().next().unwrap().to_owned() + "\n").unwrap();
    refused(1, "the export was truncated: it ends after line 1", "new", &["import", "log.jsonl"]);
    for command in ["export", "import"] {
        let (status, out, _) = said(florin().args([command, "--help"]));
        assert!(status == 0 && out.contains(&format!("Examples:\n  florin {command}")), "{out}");
    }
}
