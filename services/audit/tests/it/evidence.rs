//! An exported folder, and what its check finds.

use std::fs;
use std::path::PathBuf;

use audit::*;
use serde_json::json;
use testkit::{Stage, on_sqlite};

use crate::harness::{Desk, open, run_by_hand};

/// More than one tile.
const CARDS: usize = 600;

struct Evidence {
    folder: PathBuf,
    keys: Vec<VerifyingKey>,
}

impl Evidence {
    async fn of(desk: &Desk, folder: PathBuf) -> Evidence {
        audit::export(&desk.db, &folder).await.unwrap();
        Evidence { folder, keys: desk.verifying().await }
    }

    fn check(&self, since: Option<&str>) -> Result<Verified, Finding> {
        audit::verify(&audit::Evidence { folder: &self.folder, keys: &self.keys, since })
    }

    fn finding(&self) -> String {
        self.check(None).unwrap_err().to_string()
    }

    fn change(&self, file: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let path = self.folder.join(file);
        let mut bytes = fs::read(&path).unwrap();
        change(&mut bytes);
        fs::write(path, bytes).unwrap();
    }
}

async fn issue(desk: &Desk, cards: usize) {
    for card in 0..cards {
        desk.tell_cards("cards.card.issued", &format!("card_{card}"), json!({}));
    }
    desk.read().await;
    desk.sign().await;
}

async fn exported(folder: PathBuf, stage: &Stage<'_>) -> (Desk, Evidence) {
    let desk = open(stage).await;
    issue(&desk, CARDS).await;
    let evidence = Evidence::of(&desk, folder.join("evidence")).await;
    (desk, evidence)
}

/// Where the entry begins in its bundle.
fn offset(bundle: &[u8], place: usize) -> usize {
    (0..place).fold(0, |at, _| at + 2 + usize::from(u16::from_be_bytes([bundle[at], bundle[at + 1]])))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_folder_is_verified() {
    on_sqlite(async |store| {
        let (desk, evidence) = exported(store.dir(), &Stage::new(store)).await;
        let verified = evidence.check(None).unwrap();
        assert_eq!((verified.checkpoint.size, verified.gone), (desk.size().await, 0));
        for file in ["tile/0/000", "tile/0/002.p/89", "tile/1/000.p/2", "tile/entries/001"] {
            assert!(evidence.folder.join(file).is_file(), "{file}");
        }
        issue(&desk, 200).await;
        let later = Evidence::of(&desk, store.dir().join("later")).await;
        let note = fs::read_to_string(evidence.folder.join("checkpoint")).unwrap();
        assert_eq!(later.check(Some(&note)).unwrap().since, Some(601));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_is_found_at_its_entry() {
    on_sqlite(async |store| {
        let (_, evidence) = exported(store.dir(), &Stage::new(store)).await;
        evidence.change("tile/entries/001", |bytes| {
            let at = offset(bytes, 44) + 20;
            bytes[at] ^= 1;
        });
        assert!(evidence.finding().starts_with("entry 300 is not the one that was signed"), "{}", evidence.finding());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_entry_is_found_at_its_place() {
    on_sqlite(async |store| {
        let (_, evidence) = exported(store.dir(), &Stage::new(store)).await;
        let file = "tile/entries/002.p/89";
        evidence.change(file, |bytes| {
            let (from, to) = (offset(bytes, 7), offset(bytes, 8));
            bytes.drain(from..to);
        });
        assert!(evidence.finding().contains("entries from 512 on cannot be checked"), "{}", evidence.finding());
        fs::remove_file(evidence.folder.join(file)).unwrap();
        assert!(evidence.finding().contains("entries from 512 on are not there"), "{}", evidence.finding());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn swapped_and_inserted_entries_are_found_at_their_places() {
    on_sqlite(async |store| {
        let (_, evidence) = exported(store.dir(), &Stage::new(store)).await;
        let whole = fs::read(evidence.folder.join("tile/entries/000")).unwrap();
        let (a, b, c) = (offset(&whole, 5), offset(&whole, 6), offset(&whole, 7));
        let swapped = [&whole[..a], &whole[b..c], &whole[a..b], &whole[c..]].concat();
        evidence.change("tile/entries/000", |bytes| *bytes = swapped);
        assert!(evidence.finding().starts_with("entry 5 is not"), "{}", evidence.finding());
        let last = offset(&whole, 255);
        let inserted = [&whole[..a], &whole[a..b], &whole[a..last]].concat();
        evidence.change("tile/entries/000", |bytes| *bytes = inserted);
        assert!(evidence.finding().starts_with("entry 6 is not"), "{}", evidence.finding());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_hash_is_found_at_its_entry_or_level() {
    on_sqlite(async |store| {
        let (_, evidence) = exported(store.dir(), &Stage::new(store)).await;
        evidence.change("tile/1/000.p/2", |bytes| bytes[32] ^= 1);
        assert!(
            evidence.finding().contains("level 1 does not follow from the entries, from entry 256"),
            "{}",
            evidence.finding()
        );
        evidence.change("tile/1/000.p/2", |bytes| bytes[32] ^= 1);
        evidence.change("tile/0/001", |bytes| bytes[0] ^= 1);
        assert!(evidence.finding().starts_with("entry 256 is not"), "{}", evidence.finding());
    })
    .await;
}

/// The whole folder is of another log, with a checkpoint that its owner signed.
#[tokio::test(flavor = "multi_thread")]
async fn a_fork_a_roll_back_and_another_log_are_found() {
    on_sqlite(async |store| {
        let stage = Stage::new(store);
        let desk = open(&stage).await;
        issue(&desk, 10).await;
        let (early, size) = (desk.head().await.checkpoint, desk.size().await);
        let old = Evidence::of(&desk, store.dir().join("old")).await;
        issue(&desk, 10).await;
        let late = desk.head().await.checkpoint;
        let now = Evidence::of(&desk, store.dir().join("now")).await;
        assert_eq!(now.check(Some(&early)).unwrap().since, Some(size));
        let found = old.check(Some(&late)).unwrap_err();
        assert!(matches!(found, Finding::Shorter { size: 11, earlier: 21 }), "{found}");
        // The same keys, and entries that are others from the first on.
        let tx = desk.db.begin().await.unwrap();
        tx.batch("delete from entry; delete from tile; delete from log; delete from head").await.unwrap();
        tx.commit().await.unwrap();
        desk.time.advance_millis(5_000);
        desk.tell_ledger("txn_9");
        fs::remove_file(store.dir().join("audit-head")).unwrap();
        let forked = open(&stage).await;
        for card in 0..30 {
            forked.tell_cards("cards.card.issued", &format!("card_{card}"), json!({}));
        }
        let tx = forked.db.begin().await.unwrap();
        tx.batch("delete from feed_cursor").await.unwrap();
        tx.commit().await.unwrap();
        forked.read().await;
        forked.sign().await;
        let fork = Evidence::of(&forked, store.dir().join("fork")).await;
        assert!(fork.check(None).is_ok());
        let found = fork.check(Some(&early)).unwrap_err();
        assert!(matches!(found, Finding::Rewritten { earlier: 11, .. }), "{found}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_needs_the_key() {
    on_sqlite(async |store| {
        let (_, evidence) = exported(store.dir(), &Stage::new(store)).await;
        let other = Evidence { keys: vec![VerifyingKey::new("florin-audit", [7; 32])], ..evidence };
        assert!(other.finding().contains("none of the given keys"), "{}", other.finding());
        other.change("checkpoint", |bytes| *bytes = b"florin-audit\n1\n".to_vec());
        assert!(other.finding().contains("not a checkpoint"), "{}", other.finding());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn removed_bodies_are_counted_and_hashes_stay() {
    on_sqlite(async |store| {
        let mut desk = open(&Stage::new(store)).await;
        issue(&desk, 10).await;
        let head = desk.head().await;
        desk.time.advance_millis(2_555 * 86_400_000 + 1);
        run_by_hand(&mut desk, "retention").await;
        desk.sign().await;
        let evidence = Evidence::of(&desk, store.dir().join("evidence")).await;
        let verified = evidence.check(Some(&head.checkpoint)).unwrap();
        assert_eq!((verified.gone, verified.checkpoint.size, verified.since), (11, 12, Some(11)));
        assert_eq!(desk.face.entry(&desk.ctx(), 2).await.unwrap(), Entry { index: 2, body: None, personal: None });
        // A body that is gone without an entry that says so.
        desk.tell_cards("cards.card.issued", "card_11", json!({}));
        desk.read().await;
        desk.sign().await;
        let tx = desk.db.begin().await.unwrap();
        tx.batch("update entry set body = null where index_at = 12").await.unwrap();
        tx.commit().await.unwrap();
        let found = Evidence::of(&desk, store.dir().join("later")).await.check(None).unwrap_err();
        assert!(matches!(found, Finding::Unexplained { index: 12 }), "{found}");
    })
    .await;
}
