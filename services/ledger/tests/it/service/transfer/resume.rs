//! The next export or import continues whatever an interrupted one left.

use std::fs;
use std::path::Path;

use ledger::{ExportOptions, Exported, TransferError, export_file};
use platform::db::Access;
use testkit::{TestStore, for_each_engine};

use super::history::History;
use super::{KEYS, TABLES, WITH_KEYS, lines, read_in, same};

async fn to_file(store: &TestStore, file: &Path, options: ExportOptions) -> Result<Exported, TransferError> {
    export_file(&store.open_with(Access::ReadOnly).await, &ledger_api::BookName::main(), file, options, |_| ()).await
}

/// Every kind of position: within lines, between them, within groups, between them, around the last line.
fn cuts(whole: &[u8], step: usize) -> Vec<usize> {
    let ends = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(place, _)| place + 1);
    let ends: Vec<usize> = ends.collect();
    let last = ends.len().saturating_sub(3);
    let ends = ends.iter().enumerate().filter(|(place, _)| place % step == 0 || *place >= last || *place < 4);
    ends.flat_map(|(_, end)| [end - 1, *end, end + 1]).chain([0, 1]).filter(|cut| *cut <= whole.len()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_continues_wherever_it_was_cut() {
    for_each_engine(async |source| {
        let mut history = History::of(source, 11, 60).await;
        let file = source.dir().join("log.jsonl");
        let exported = to_file(source, &file, WITH_KEYS).await.unwrap();
        assert_eq!(exported.rows_written, exported.head.last_seq);
        let whole = lines(source, WITH_KEYS).await;
        assert!(fs::read(&file).unwrap() == whole);
        for cut in cuts(&whole, 20) {
            fs::write(&file, &whole[..cut]).unwrap();
            let exported = to_file(source, &file, WITH_KEYS).await.unwrap();
            assert!(fs::read(&file).unwrap() == whole, "cut at {cut}");
            assert!(cut < whole.len() / 2 || exported.rows_written < exported.head.last_seq / 2 + 70, "{exported:?}");
        }
        // New rows of the log are added to a finished file.
        history.go_on(20).await;
        let exported = to_file(source, &file, WITH_KEYS).await.unwrap();
        assert!(exported.rows_written > 0 && exported.rows_written < exported.head.last_seq / 2);
        assert!(fs::read(&file).unwrap() == lines(source, WITH_KEYS).await);
        to_file(source, &file, ExportOptions::default()).await.unwrap();
        assert!(fs::read(&file).unwrap() == lines(source, ExportOptions::default()).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_of_this_log_is_unchanged() {
    let (source, other) = (TestStore::sqlite(), TestStore::sqlite());
    History::of(&source, 12, 30).await;
    History::of(&other, 13, 30).await;
    let file = source.dir().join("log.jsonl");
    let own = lines(&source, ExportOptions::default()).await;
    let mut changed = own.clone();
    changed[own.len() / 2] ^= 1;
    let newer = b"{\"florin_export\":2,\"book\":\"main\",\"sum\":\"3b6e1d7b\"}\n".to_vec();
    for (content, words) in [
        (lines(&other, ExportOptions::default()).await, "is an export of another log"),
        (changed, "not an export that can be continued: line "),
        (b"Dear Ann,\nhow are you?\n".to_vec(), "this is not an export of florin"),
        (b"Dear Ann".to_vec(), "this is not an export of florin"),
        (newer, "line 1"),
    ] {
        fs::write(&file, &content).unwrap();
        let said = to_file(&source, &file, ExportOptions::default()).await.unwrap_err().to_string();
        assert!(said.contains(words), "{said}");
        assert!(fs::read(&file).unwrap() == content, "{words}");
    }
    let busy = fs::File::create(&file).unwrap();
    busy.lock().unwrap();
    let said = to_file(&source, &file, ExportOptions::default()).await.unwrap_err();
    assert!(matches!(said, TransferError::Busy { .. }), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_continues_after_a_truncated_export() {
    let source = TestStore::sqlite();
    History::of(&source, 14, 60).await;
    let whole = lines(&source, WITH_KEYS).await;
    for_each_engine(async |target| {
        // Each cut finds the books as the previous one left them, and in between they only grow.
        let mut rows = 0;
        for cut in cuts(&whole, 15).into_iter().filter(|cut| *cut > 1 && *cut < whole.len()) {
            let said = read_in(target, &whole[..cut]).await.unwrap_err();
            assert!(matches!(said, TransferError::Cut { .. }), "cut at {cut}: {said}");
            let now = super::rows(target, TABLES[0]).await.len();
            assert!(now >= rows);
            rows = now;
        }
        let imported = read_in(target, &whole).await.unwrap();
        assert!(imported.rows_written < 5, "{imported:?}");
        same(&source, target, &TABLES).await;
        same(&source, target, &KEYS).await;
    })
    .await;
}

/// A copy of books whose account rows are deferred is still a beginning of the log.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_continues_on_a_copy_with_deferred_account_rows() {
    let (source, copy) = (TestStore::sqlite(), TestStore::sqlite());
    let mut history = History::behind(&source, 15, 80).await;
    while super::rows(&source, "select * from account_head_mark").await.is_empty() {
        history.go_on(1).await;
    }
    let (from, to) = (source.dir().join("store.db"), copy.dir().join("store.db"));
    platform::db::backup_files(&[(from, to)], |_, _, _| ()).unwrap();
    assert_eq!(super::rows(&copy, "select * from account_head_mark").await.len(), 1, "no row was behind");
    history.go_on(40).await;
    let whole = lines(&source, WITH_KEYS).await;
    let imported = read_in(&copy, &whole).await.unwrap();
    assert!(imported.rows_written > 0 && imported.rows_written < imported.head.last_seq);
    history.desk.ledger.close().await.unwrap();
    same(&source, &copy, &TABLES).await;
    same(&source, &copy, &KEYS).await;
    super::clean(&copy, &imported.head.to_string()).await;
}
