//! A changed byte, a missing line, a duplicate or a moved one: each is refused with the line's number, and what was
//! stored is a whole beginning of the log.

use ledger::{ExportOptions, TransferError, verify};
use testkit::{TestStore, on_postgres};

use super::history::History;
use super::{WITH_KEYS, lines, read_in};

const DAMAGED_BYTES: u64 = 40;

/// The reported line.
fn named(error: &TransferError) -> u64 {
    match error {
        TransferError::Damaged { line, .. } | TransferError::Unsound { line, .. } => *line,
        TransferError::NotAnExport(_) => 1,
        TransferError::Cut { line } => *line + 1,
        other => panic!("{other}"),
    }
}

/// Imports into empty books; returns the reported line, after checking what was stored.
async fn refused(store: &TestStore, lines: &[u8]) -> u64 {
    let error = read_in(store, lines).await.unwrap_err();
    let report = verify(&store.open().await, &ledger_api::BookName::main(), None, |_| ()).await.unwrap();
    let line = named(&error);
    assert!(report.rows + report.groups < line, "{} rows of line {line}: {error}", report.rows);
    line
}

async fn export_of(seed: u64) -> Vec<u8> {
    let source = TestStore::sqlite();
    History::of(&source, seed, 25).await;
    lines(&source, WITH_KEYS).await
}

fn line_of(bytes: &[u8], place: usize) -> u64 {
    bytes[..place].iter().filter(|byte| **byte == b'\n').count() as u64 + 1
}

#[tokio::test(flavor = "multi_thread")]
async fn every_changed_byte_is_refused_by_its_line() {
    let whole = export_of(21).await;
    let places = testkit::size("FLORIN_TEST_DAMAGED_BYTES", DAMAGED_BYTES) as usize;
    for place in (0..whole.len()).step_by(whole.len() / places + 1) {
        for flip in [1, 0x20] {
            let mut changed = whole.clone();
            changed[place] ^= flip;
            let store = TestStore::sqlite();
            assert_eq!(refused(&store, &changed).await, line_of(&whole, place), "byte {place}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_duplicate_and_moved_lines_are_refused() {
    let whole = export_of(22).await;
    let all: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let said = async |changed: Vec<&[u8]>| {
        let store = TestStore::sqlite();
        refused(&store, &changed.concat()).await
    };
    for place in (1..all.len() - 1).step_by(7) {
        let number = place as u64 + 1;
        let (mut missing, mut twice, mut moved) = (all.clone(), all.clone(), all.clone());
        missing.remove(place);
        twice.insert(place, all[place]);
        moved.swap(place, place + 1);
        // The number of keys is in the last line; every other missing line is noticed at the next one.
        let last = all.len() as u64 - 1;
        assert!([number, last].contains(&said(missing).await), "{number} is missing");
        assert!([number + 1].contains(&said(twice).await), "{number} is there twice");
        assert!([number, number + 1].contains(&said(moved).await), "{number} was moved");
    }
    let mut longer = all.clone();
    longer.push(all[0]);
    assert_eq!(said(longer).await, all.len() as u64 + 1);
}

/// Checksums and hashes are right, and yet it cannot have happened: anybody who can compute hashes can write anything,
/// so the fold trusts nothing it builds on.
#[tokio::test(flavor = "multi_thread")]
async fn rows_without_a_basis_are_refused() {
    let whole = export_of(23).await;
    let text = String::from_utf8(whole).unwrap();
    let posted = text.lines().find(|line| line.contains("\"body\":\"0110")).unwrap();
    let body = posted.split("\"body\":\"").nth(1).unwrap().split('"').next().unwrap();
    let forged = super::forge::one_row(&[body]);
    let store = TestStore::sqlite();
    let error = read_in(&store, &forged).await.unwrap_err();
    assert!(matches!(error, TransferError::Unsound { line: 3, .. }), "{error}");
    assert!(error.to_string().contains("which no earlier row opens"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_export_leaves_a_whole_beginning_on_postgres() {
    let whole = export_of(24).await;
    on_postgres(async |store| {
        let mut changed = whole.clone();
        let place = whole.len() / 2;
        changed[place] ^= 1;
        assert_eq!(refused(store, &changed).await, line_of(&whole, place));
        let imported = read_in(store, &whole).await.unwrap();
        assert!(imported.rows_written > 0 && imported.rows_written < imported.head.last_seq);
        let again = lines(store, WITH_KEYS).await;
        assert!(again == whole);
        let without = lines(store, ExportOptions::default()).await;
        assert!(without.len() < whole.len());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_example_export_can_be_imported() {
    let page = include_str!("../../../../../../docs/ledger-format.md");
    let lines = page.lines().filter_map(|line| line.strip_prefix("    {"));
    let example: String = lines.map(|line| format!("{{{line}\n")).collect();
    let store = TestStore::sqlite();
    let imported = read_in(&store, example.as_bytes()).await.unwrap();
    assert_eq!((imported.head.number, imported.head.last_seq), (1, 1));
    let report = verify(&store.open().await, &ledger_api::BookName::main(), Some(imported.head), |_| ()).await.unwrap();
    assert_eq!(report.rows, 1);
    // Written only from the document, it equals our own export.
    assert!(lines_of(&store).await == example.into_bytes());
}

async fn lines_of(store: &TestStore) -> Vec<u8> {
    lines(store, ExportOptions::default()).await
}

/// Checksums are no secret: a rewritten line with a right checksum is detected by its group's hash.
#[tokio::test(flavor = "multi_thread")]
async fn rewritten_lines_with_right_checksums_are_refused() {
    let whole = String::from_utf8(export_of(25).await).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let group = lines.iter().rposition(|line| line.starts_with("{\"group\"")).unwrap();
    let metadata = lines.iter().position(|line| line.contains("\\\"order\\\"")).unwrap();
    let cases = [
        (group, "\"at\":1", "\"at\":2", "does not match its rows"),
        (metadata, "\\\"order\\\":\\\"", "\\\"order\\\":\\\"9", "does not match its hash"),
        (group + 1, "\"body\":\"01", "\"body\":\"02", "format version 2 is not known"),
        (lines.len() - 1, "\"groups\":", "\"groups\":1", "do not match the lines before it"),
    ];
    for (place, from, to, words) in cases {
        let mut changed: Vec<String> = lines.iter().map(|line| format!("{line}\n")).collect();
        changed[place] = super::forge::again(&lines[place].replacen(from, to, 1));
        assert_ne!(changed[place].trim_end(), lines[place]);
        let store = TestStore::sqlite();
        let error = read_in(&store, changed.concat().as_bytes()).await.unwrap_err();
        assert_eq!(named(&error), place as u64 + 1, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}
