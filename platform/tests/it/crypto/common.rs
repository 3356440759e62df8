//! A store with the tables of data keys, and ways to inspect them.

use std::sync::Arc;

use kernel::SystemClock;
use platform::crypto::{KEY_TABLES, KeyEncryptionKey, KeyRing};
use platform::db::{Db, Migration, Value};

pub(crate) const BLOCK: i64 = 1 << 16;

const USED: &str = "select uses from data_key order by id";
const SET_USES: &str = "update data_key set uses = $1";
const DAMAGE: &str = "update data_key set wrapped = (select wrapped from data_key where id = 2) where id = 1";

pub(crate) async fn prepared(db: Db) -> Db {
    db.migrate(&[Migration { version: 1, name: "keys", sql: KEY_TABLES }]).await.unwrap();
    db
}

pub(crate) async fn ring(db: &Db, kek: &KeyEncryptionKey) -> KeyRing {
    KeyRing::open(db, kek, Arc::new(SystemClock)).await.unwrap()
}

/// For each key, oldest first.
pub(crate) async fn uses(db: &Db) -> Vec<i64> {
    let tx = db.read().await.unwrap();
    tx.query(USED, &[]).await.unwrap().iter().map(|row| row.int(0).unwrap()).collect()
}

pub(crate) async fn count_uses(db: &Db) -> i64 {
    uses(db).await.iter().sum()
}

pub(crate) async fn set_uses(db: &Db, uses: i64) {
    let tx = db.begin().await.unwrap();
    tx.execute(SET_USES, &[Value::Int(uses)]).await.unwrap();
    tx.commit().await.unwrap();
}

/// Overwrites the first key with the second one's contents.
pub(crate) async fn swap(db: &Db) {
    let tx = db.begin().await.unwrap();
    tx.execute(DAMAGE, &[]).await.unwrap();
    tx.commit().await.unwrap();
}
