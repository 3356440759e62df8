//! Backup and restore include the room, read its copy back, and say in a sentence what is wrong with it.

use std::path::Path;

use platform::db::{Access, Db, Target};
use serde_json::json;

use super::program::Place;

#[tokio::test(flavor = "multi_thread")]
async fn in_backup_and_restore() {
    let place = Place::embedded();
    let running = place.server().start().await;
    for _ in 1..=3 {
        assert_eq!(running.client().post("/v1/pebbles", &json!({})).await.status.as_u16(), 200);
    }
    // Both while it runs.
    let backup = place.prints("backup kept");
    assert!(backup.contains("verified") && place.dir().join("kept/pebbles.db").is_file(), "{backup}");
    place.prints("restore kept --data-dir again");
    let again = place.server_at(&place.dir().join("again")).start().await;
    assert_eq!(again.client().post("/v1/pebbles", &json!({})).await.status.as_u16(), 404, "three are there");
}

#[test]
fn in_the_sentence_about_pg_dump() {
    let place = Place::embedded();
    std::fs::write(place.dir().join("florin.toml"), "[storage]\ndatabase_url = \"postgres://nobody@127.0.0.1/none\"\n")
        .unwrap();
    let said = place.refuses("backup kept");
    let (first, last) = ("pg_dump --schema='ledger*' --schema=identity ", " --schema=pebbles, restore it elsewhere");
    assert!(said.contains(first) && said.contains(last), "{said}");
}

/// The contents of a room's store, all of them in its file.
async fn settled(file: &Path) -> Vec<u8> {
    change(file, "select 1").await;
    std::fs::read(file).unwrap()
}

async fn change(file: &Path, sql: &str) {
    let db = Db::open(Target::Sqlite { file: file.to_owned(), cache_mb: 1 }, Access::ReadWrite, 1).await.unwrap();
    let tx = db.begin().await.unwrap();
    tx.batch(sql).await.unwrap();
    tx.commit().await.unwrap();
    db.checkpoint().await.unwrap();
}

/// The last page of the file is overwritten.
fn damage(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let last = bytes.len() - 4_096;
    bytes[last..].fill(7);
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_copy_fails_the_backup() {
    let place = Place::embedded();
    place.prints("migrate");
    for room in ["pebbles", "identity", "ledger"] {
        let file = place.data().join(format!("{room}.db"));
        let sound = settled(&file).await;
        damage(&file);
        let said = place.refuses(&format!("backup of-{room}"));
        assert!(said.contains(&format!("of-{room}/{room}.db")), "{said}");
        assert!(!place.dir().join(format!("of-{room}/manifest.json")).exists(), "a failed backup can be restored");
        std::fs::write(&file, sound).unwrap();
    }
    place.prints("backup sound");
    damage(&place.dir().join("sound/pebbles.db"));
    let said = place.refuses("restore sound --data-dir again");
    assert!(said.contains("pebbles.db"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_without_one_of_its_tables_fails_the_backup() {
    let place = Place::embedded();
    place.prints("migrate");
    for (room, table) in [("pebbles", "pebble"), ("identity", "outbox"), ("ledger", "schema_migration")] {
        let file = place.data().join(format!("{room}.db"));
        let sound = settled(&file).await;
        change(&file, &format!("drop table {table}")).await;
        let said = place.refuses(&format!("backup of-{room}"));
        assert!(said.contains(&format!("of-{room}/{room}.db")) && said.contains(table), "{said}");
        std::fs::write(&file, sound).unwrap();
    }
    place.prints("backup sound");
}
