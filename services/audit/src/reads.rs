//! Reading the log is an entry too: the first read of a caller, an operation and a minute is added before it is answered,
//! and refused if that fails. Further ones in that minute add nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kernel::Ctx;
use platform::db::{Db, DbError};
use serde_json::json;

use crate::append::Appender;
use crate::entry::Draft;

const READ: &str = "audit.log.read";
const MINUTE_US: i64 = 60_000_000;
/// Callers and operations remembered at the same time; beyond that all are forgotten, which adds entries and loses none.
const REMEMBERED_MAX: usize = 10_000;

#[derive(Clone)]
pub(crate) struct Reads {
    pub(crate) db: Db,
    pub(crate) appender: Appender,
    /// The last minute that has its entry.
    pub(crate) noted: Arc<Mutex<HashMap<Reader, i64>>>,
}

/// A caller's subject, and the operation.
type Reader = (Arc<str>, &'static str);

impl Reads {
    pub(crate) async fn note(&self, ctx: &Ctx, operation: &'static str) -> Result<(), DbError> {
        let now = self.appender.clock.now();
        let (reader, minute) = ((Arc::clone(&ctx.principal.subject), operation), now.micros().div_euclid(MINUTE_US));
        if self.is_noted(&reader, minute) {
            return Ok(());
        }
        let draft = Draft::by(ctx, READ, now, operation, json!({ "operation": operation }));
        let tx = self.db.begin().await?;
        self.appender.add(&tx, vec![draft]).await?;
        tx.commit().await?;
        self.remember(reader, minute);
        Ok(())
    }

    fn is_noted(&self, reader: &Reader, minute: i64) -> bool {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).get(reader) == Some(&minute)
    }

    fn remember(&self, reader: Reader, minute: i64) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= REMEMBERED_MAX {
            noted.clear();
        }
        noted.insert(reader, minute);
    }
}
