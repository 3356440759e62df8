//! The jobs of a store for people: in `/status`, and on the command line.

use async_trait::async_trait;
use kernel::Timestamp;
use serde_json::{Value as Json, json};

use super::table;
pub use super::table::JobRow;
use crate::db::{Db, DbError};
use crate::health::{Facts, Part};

/// All jobs of a room's store.
///
/// # Errors
/// The store's.
pub async fn list(db: &Db) -> Result<Vec<JobRow>, DbError> {
    let tx = db.read().await?;
    let rows = table::all(&tx).await?;
    tx.commit().await?;
    Ok(rows)
}

/// Asks for a run as soon as possible, whatever the schedule says; false if there is no such job.
///
/// # Errors
/// The store's.
pub async fn ask(db: &Db, name: &str, now: Timestamp) -> Result<bool, DbError> {
    table::ask(db, name, now).await
}

/// The jobs of a room, in `/status`.
pub(super) struct JobsPart {
    name: String,
    db: Db,
}

impl JobsPart {
    pub(super) fn new(room: &str, db: Db) -> JobsPart {
        JobsPart { name: format!("{room}.jobs"), db }
    }
}

#[async_trait]
impl Part for JobsPart {
    fn name(&self) -> &str {
        &self.name
    }

    /// A job that fails makes nothing else unready.
    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    async fn status(&self) -> Facts {
        match list(&self.db).await {
            Ok(rows) => rows.into_iter().map(|row| (row.name.clone(), shown(&row))).collect(),
            Err(error) => Facts::from([("error".to_owned(), json!(error.fault.to_string()))]),
        }
    }
}

fn shown(row: &JobRow) -> Json {
    let mut shown = json!({ "schedule": row.schedule, "due": row.due });
    let mut add = |name: &str, value: Json| {
        if let Some(members) = shown.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
    };
    if let Some(run) = row.run {
        let (done, total, failures) = (row.done, row.total, row.failures);
        let running = !row.holder.is_empty();
        add(
            "run",
            json!({ "due": run, "started": row.started, "running": running, "done": done, "total": total, "failures": failures }),
        );
    }
    if let Some(ended) = row.last_ended {
        let (due, started, outcome) = (row.last_due, row.last_started, &row.last_outcome);
        add("last", json!({ "due": due, "started": started, "ended": ended, "outcome": outcome }));
    }
    shown
}
