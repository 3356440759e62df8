//! verify, migrate, backup, restore, export and import with several books: the real binary, on stores written by this
//! process.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::common::florin;
use crate::rooms::names;
use kernel::{Ctx, Deadline, IdMaker, Principal, SystemClock};
use ledger::{LedgerBooks, LedgerConfig, StoresBeside};
use ledger_api::{BookName, Books, CreateBook, Submit};
use platform::data_dir::{DataDir, Stamp};
use platform::db::{Access, Db, Target};
use serde_json::json;

/// Exit status, standard output and standard error.
fn said(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// Every head that was printed, in order.
fn heads(out: &str) -> Vec<String> {
    out.lines().filter_map(|line| line.trim_start().strip_prefix("head")).map(|head| head.trim().to_owned()).collect()
}

fn sqlite(data_dir: &Path) -> Target {
    Target::Sqlite { file: data_dir.join("ledger.db"), cache_mb: 2 }
}

struct Shelf(LedgerBooks);

fn ctx(key: Option<String>) -> Ctx {
    Ctx {
        principal: Principal::operator(),
        deadline: Deadline::after_millis(&SystemClock, 10_000),
        request_id: "req_1".into(),
        idempotency_key: key.map(|key| key.parse().unwrap()),
    }
}

impl Shelf {
    async fn open(main: Target) -> Shelf {
        let clock = Arc::new(SystemClock);
        let ids = IdMaker::new(clock.clone());
        let stores = Arc::new(StoresBeside { main, readers: 2 });
        Shelf(LedgerBooks::open(stores, LedgerConfig::default(), clock, ids).await.unwrap())
    }

    async fn fill(&self, book: &str) {
        let book: BookName = book.parse().unwrap();
        self.0.create_book(&ctx(None), CreateBook { book: book.clone() }).await.unwrap();
        let ledger = self.0.book(&book).await.unwrap();
        for path in ["cash", "ann"] {
            let limits = json!({ "may_go_negative": true });
            let open = json!({ "path": path, "currency": "USD", "normal": "debit", "limits": limits });
            ledger.open_account(&ctx(None), serde_json::from_value(open).unwrap()).await.unwrap();
        }
        self.pay(book.as_str(), 0).await;
    }

    async fn pay(&self, book: &str, key: u64) {
        let amount = json!({ "amount": "1.25", "currency": "USD" });
        let create = json!({ "create": { "postings": [{ "debit": "cash", "credit": "ann", "amount": amount }] } });
        let submit = Submit { operation: serde_json::from_value(create).unwrap(), dry_run: false };
        let ledger = self.0.book(&book.parse().unwrap()).await.unwrap();
        ledger.submit(&ctx(Some(format!("pay-{key}"))), submit).await.unwrap();
    }

    async fn close(self) -> Vec<String> {
        self.0.close().await.into_iter().map(|(_, head)| head.unwrap()).collect()
    }
}

/// The environment of `florin`, and the stores of `main` that this process writes.
async fn on_both(story: impl AsyncFn(&Path, &[(&str, String)], Target)) {
    let dir = tempfile::tempdir().unwrap();
    story(dir.path(), &[], sqlite(&dir.path().join("florin-data"))).await;
    testkit::on_postgres(async |store| {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("florin_books_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        platform::db::create_database(store.url(), &name).await.unwrap();
        let url = platform::db::with_database(store.url(), &name);
        let dir = tempfile::tempdir().unwrap();
        let main = Target::Postgres { url: url.clone(), schema: "ledger".to_owned() };
        story(dir.path(), &[("DATABASE_URL", url)], main).await;
        platform::db::drop_database(store.url(), &name).await.unwrap();
    })
    .await;
}

async fn lose(target: &Target) {
    match target {
        Target::Sqlite { file, .. } => std::fs::remove_file(file).unwrap(),
        Target::Postgres { schema, .. } => run(target.clone(), &format!("drop schema {schema} cascade")).await,
    }
}

async fn run(target: Target, sql: &str) {
    let db = Db::open(target, Access::ReadWrite, 1).await.unwrap();
    let tx = db.begin().await.unwrap();
    tx.batch(sql).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_names_missing_and_unregistered_books() {
    on_both(async |dir: &Path, env: &[(&str, String)], main: Target| {
        let florin = || {
            let mut command = florin(dir);
            command.envs(env.iter().map(|(name, value)| (name, value)));
            command
        };
        let (status, out, err) = said(florin().arg("migrate"));
        assert!(status == 0, "{out}{err}");
        let shelf = Shelf::open(main.clone()).await;
        shelf.fill("main").await;
        shelf.fill("acme-uk").await;
        shelf.fill("beta").await;
        let kept = shelf.close().await;

        let (status, out, err) = said(florin().arg("verify"));
        assert!(status == 0 && heads(&out) == kept, "{out}{err}");
        for book in ["main", "acme-uk", "beta"] {
            assert!(out.contains(&format!("book {book}: clean\n")), "{out}");
        }
        let (status, out, _) = said(florin().args(["verify", "--book", "beta"]));
        assert!(status == 0 && heads(&out) == kept[2..], "{out}");
        let both = ["verify", "--against", &kept[0], "--against", &kept[2]];
        let (status, out, err) = said(florin().args(both));
        assert!(status == 0 && out.matches("nothing was cut or rewritten").count() == 2, "{out}{err}");
        for (words, args) in [
            ("there is no book gamma", &["verify", "--book", "gamma"][..]),
            ("which is not being verified", &["verify", "--book", "beta", "--against", &kept[0]]),
            ("two heads of book beta", &["verify", "--against", &kept[2], "--against", &kept[2]]),
            ("starts with a letter", &["verify", "--book", "No Name"]),
        ] {
            let (status, _, err) = said(florin().args(args));
            assert!(status == 2 && err.contains(words), "{args:?}: {status} {err}");
        }
        let (status, out, _) = said(florin().arg("migrate"));
        assert!(status == 0 && out.contains("book acme-uk: ") && out.contains("book beta: "), "{out}");
        assert!(names().all(|room| out.contains(&format!("{room}: nothing to do"))), "{out}");

        // A row of one book is changed: the others are checked all the same.
        run(main.beside("beta"), "update commit_group set at = at + 1 where number = 3").await;
        let (status, out, err) = said(florin().arg("verify"));
        assert!(status == 1 && err.contains("book beta: ") && err.contains("group 3"), "{err}");
        assert_eq!(heads(&out), kept[..2], "{out}");

        lose(&main.beside("acme-uk")).await;
        let stray = Shelf::open(main.beside("stray")).await;
        stray.close().await;
        let (status, out, err) = said(florin().arg("verify"));
        assert!(status == 1 && heads(&out) == kept[..1], "{out}{err}");
        assert!(err.contains("book acme-uk is registered, but its store is missing"), "{err}");
        assert!(err.contains("there is a store of a book stray that is not registered"), "{err}");
        assert!(err.contains("(3 in all)"), "{err}");
        let (status, _, err) = said(florin().args(["verify", "--book", "acme-uk"]));
        assert!(status == 1 && err.contains("its store is missing"), "{err}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_is_imported_where_it_is_new_or_lost() {
    on_both(async |dir: &Path, env: &[(&str, String)], main: Target| {
        let florin = || {
            let mut command = florin(dir);
            command.envs(env.iter().map(|(name, value)| (name, value)));
            command
        };
        said(florin().arg("migrate"));
        let shelf = Shelf::open(main.clone()).await;
        shelf.fill("main").await;
        shelf.fill("acme-uk").await;
        let kept = shelf.close().await;
        let (status, out, err) = said(florin().args(["export", "--book", "acme-uk", "acme.jsonl"]));
        assert!(status == 0 && heads(&out) == kept[1..], "{out}{err}");
        let (status, _, err) = said(florin().args(["export", "acme.jsonl"]));
        assert!(status == 1 && err.contains("expected an export of book main, found book acme-uk"), "{err}");
        let (status, _, err) = said(florin().args(["export", "--book", "gamma"]));
        assert!(status == 2 && err.contains("there is no store of a book gamma"), "{err}");

        // Into another deployment, where the book is unknown.
        let elsewhere = |args: &[&str]| {
            let mut command = crate::common::florin(dir);
            said(command.env("FLORIN__STORAGE__DATA_DIR", "elsewhere").args(args))
        };
        let (status, out, err) = elsewhere(&["import", "acme.jsonl"]);
        assert!(status == 0 && out.contains("imported into book acme-uk, 3 rows, verified"), "{out}{err}");
        assert_eq!(heads(&out), kept[1..]);
        let (status, out, err) = elsewhere(&["verify", "--against", &kept[1]]);
        assert!(status == 0 && out.contains("book main: clean") && heads(&out)[1] == kept[1], "{out}{err}");
        let shelf = Shelf::open(sqlite(&dir.join("elsewhere"))).await;
        shelf.pay("acme-uk", 77).await;
        shelf.close().await;

        // Nothing is written over a book that is ahead of the export; a lost book is restored.
        let (status, _, err) = elsewhere(&["import", "acme.jsonl"]);
        assert!(status == 1 && err.contains("the books are ahead of this export"), "{err}");
        lose(&main.beside("acme-uk")).await;
        let (status, out, err) = said(florin().args(["import", "acme.jsonl"]));
        assert!(status == 0 && heads(&out) == kept[1..], "{out}{err}");
        let (status, out, err) = said(florin().arg("verify"));
        assert!(status == 0 && heads(&out) == kept, "{out}{err}");
    })
    .await;
}

/// Money moves between books all the time, and books are created; a backup is of one instant for all of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_has_all_books_at_one_instant() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("florin-data");
    let held = DataDir::open(&data, Stamp::Plain).unwrap();
    let shelf = Arc::new(Shelf::open(sqlite(&data)).await);
    shelf.fill("main").await;
    shelf.fill("acme").await;
    let stop = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn({
        let (shelf, stop) = (shelf.clone(), stop.clone());
        async move {
            let mut key = 1;
            while !stop.load(Ordering::SeqCst) {
                // First `main`, then `acme`: a backup never has more payments in `acme` than in `main`.
                shelf.pay("main", key).await;
                shelf.pay("acme", key).await;
                if key.is_multiple_of(20) && key <= 400 {
                    shelf.fill(&format!("new-{key}")).await;
                }
                key += 1;
            }
        }
    });
    for round in 0..4 {
        let (to, again) = (format!("copy-{round}"), format!("again-{round}"));
        let (status, out, err) = said(florin(dir.path()).args(["backup", &to]));
        assert!(status == 0 && out.contains(" books, ") && out.contains("verified"), "{out}{err}");
        let group = |head: &str| head.split(':').nth(2).unwrap().parse::<u64>().unwrap();
        let copied = heads(&out);
        let of = |book: &str| copied.iter().find(|head| head.contains(&format!(":{book}:"))).unwrap();
        assert!(group(of("acme")) <= group(of("main")) && group(of("main")) <= group(of("acme")) + 1, "{copied:?}");
        let manifest = std::fs::read_to_string(dir.path().join(&to).join("manifest.json")).unwrap();
        assert!(
            copied.iter().all(|head| manifest.contains(head)) && manifest.contains("\"ledger-acme\""),
            "{manifest}"
        );
        let (status, out, err) = said(florin(dir.path()).args(["restore", &to, "--data-dir", &again]));
        assert!(status == 0 && heads(&out) == copied, "{out}{err}");
    }
    stop.store(true, Ordering::SeqCst);
    writer.await.unwrap();
    let closed = Arc::into_inner(shelf).unwrap().close().await;
    drop(held);

    let (status, out, _) = said(florin(dir.path()).args(["backup", "last"]));
    assert!(status == 0 && heads(&out) == closed, "{out}");
    refused_with_another_manifest(dir.path());
}

/// A backup that lacks one of its books, or lists a wrong head.
fn refused_with_another_manifest(dir: &Path) {
    let manifest = dir.join("last/manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let restored = |changed: String| {
        std::fs::write(&manifest, changed).unwrap();
        let (status, _, err) = said(florin(dir).args(["restore", "last", "--data-dir", "refused"]));
        let _ = std::fs::remove_dir_all(dir.join("refused"));
        assert_eq!(status, 1, "{err}");
        err
    };
    let changed = text.replace("florin-1:acme:", "florin-1:acme:9");
    assert!(restored(changed).contains("the head of ledger-acme is florin-1:acme:9"));
    let file = text.find("\"name\": \"ledger-acme.db\"").unwrap();
    let (from, to) = (text[..file].rfind('{').unwrap(), file + text[file..].find("},").unwrap() + 2);
    assert!(
        restored(text[..from].to_owned() + &text[to..]).contains("book acme is registered, but its store is missing")
    );
}
