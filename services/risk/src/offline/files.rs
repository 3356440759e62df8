//! Lists and labels from files: CSV with a header, in calls of the same size as those of other services.

use std::io::BufRead;

use kernel::{Ctx, Deadline, Principal, Timestamp};
use platform::room::OpenError;
use risk_api::{
    Entity, EntityKind, Feedback, Label, LabelSource, ListName, Lists, Noted, PutEntries, Risk, SubjectId, Verdict,
    limits,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Offline;

/// Time for one call.
const CALL_MS: u64 = 60_000;

/// The results of a file of labels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Labelled {
    pub in_force: u64,
    pub superseded: u64,
    /// Their subjects have no decision yet.
    pub waiting: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntityRow {
    kind: EntityKind,
    id: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LabelRow {
    id: String,
    verdict: Verdict,
    #[serde(default)]
    known_at: Option<String>,
}

impl Offline {
    /// Puts the entities of a file with the columns `kind` and `id` on a list; returns how many were new.
    ///
    /// # Errors
    /// A row is malformed, the lists are full, or an error of the store. Calls before the error stay.
    pub async fn list(
        &self,
        source: impl BufRead,
        list: ListName,
        reason: &str,
        expires_at: Option<Timestamp>,
    ) -> Result<u64, OpenError> {
        let mut rows = Rows::new(source);
        let mut added = 0;
        loop {
            let part: Vec<EntityRow> = rows.part(limits::ENTRIES_MAX)?;
            if part.is_empty() {
                return Ok(added);
            }
            let entity = |row: EntityRow| Ok(Entity { kind: row.kind, id: row.id.parse()? });
            let entities = part.into_iter().map(entity).collect::<Result<Vec<_>, OpenError>>()?;
            let put = PutEntries { list, entities, reason: reason.to_owned(), expires_at };
            added += self.0.put_entries(&self.ctx(), put).await?.changed;
        }
    }

    /// Labels the subjects of a file with the columns `id`, `verdict` and `known_at`.
    ///
    /// # Errors
    /// A row is malformed or refused, or an error of the store. Calls before the error stay.
    pub async fn label(&self, source: impl BufRead) -> Result<Labelled, OpenError> {
        let (mut rows, mut done) = (Rows::new(source), Labelled::default());
        loop {
            let part: Vec<LabelRow> = rows.part(limits::LABELS_MAX)?;
            if part.is_empty() {
                return Ok(done);
            }
            let labels = part.into_iter().map(label).collect::<Result<Vec<_>, OpenError>>()?;
            for noted in self.0.feedback(&self.ctx(), Feedback { labels }).await? {
                match noted {
                    Noted::Holds { .. } => done.in_force += 1,
                    Noted::Superseded { .. } => done.superseded += 1,
                    Noted::Waiting { .. } => done.waiting += 1,
                    Noted::Failed { id, error } => return Err(format!("{id}: {error}").into()),
                }
            }
        }
    }

    fn ctx(&self) -> Ctx {
        Ctx {
            principal: Principal::operator(),
            deadline: Deadline::after_millis(&*self.0.0.clock, CALL_MS),
            request_id: "florin".into(),
            idempotency_key: None,
        }
    }
}

fn label(row: LabelRow) -> Result<Label, OpenError> {
    let id: SubjectId = row.id.parse()?;
    let known_at = row.known_at.as_deref().filter(|at| !at.is_empty()).map(str::parse).transpose()?;
    Ok(Label { id, verdict: row.verdict, source: LabelSource::Import, known_at, note: None })
}

/// Reads a file in parts.
struct Rows<R>(csv::Reader<R>);

impl<R: BufRead> Rows<R> {
    fn new(source: R) -> Rows<R> {
        Rows(csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(source))
    }

    fn part<T: DeserializeOwned>(&mut self, max: usize) -> Result<Vec<T>, csv::Error> {
        self.0.deserialize().take(max).collect()
    }
}
