//! The default status of a room: ready while it reaches its store.

use async_trait::async_trait;

use crate::db::Db;
use crate::health::Part;

pub struct OnStore {
    name: &'static str,
    db: Db,
}

impl OnStore {
    pub fn new(name: &'static str, db: Db) -> OnStore {
        OnStore { name, db }
    }
}

#[async_trait]
impl Part for OnStore {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn ready(&self) -> Result<(), String> {
        self.db.read().await.map(drop).map_err(|error| error.to_string())
    }
}
