//! Applying an import: claimed by one process, checked as a whole, then step by step, each in one transaction.

mod carry;
mod finish;
mod place;
mod seen;
mod step;

use std::time::Duration;

use banking_api::{ImportState, Mistake};
use formats::csv;
use platform::db::{DbError, WriteError};
use platform::feed::NewEvent;
use serde_json::json;

pub(crate) use place::{Named, Owner};
pub(crate) use seen::{before, open, texts};
pub(crate) use step::{Carried, rules_subject};

use crate::read::{self, Checked, Step};
use crate::service::BankingService;
use crate::store::import::{self, Stored};
use crate::store::{arrangement, upload};

/// A claim is renewed with each step; after that time another process continues the import.
const CLAIM_US: i64 = 60_000_000;
const DUE_MAX: i64 = 100;
const UPLOADS_SWEPT_MAX: i64 = 1_000;
const AGAIN: Duration = Duration::from_millis(200);
const TRIES_MAX: u32 = 5;

#[derive(Debug, thiserror::Error)]
pub(crate) enum ApplyError {
    #[error(transparent)]
    Store(#[from] DbError),
    /// Another process has taken the import over.
    #[error("the claim on the import has ended")]
    Lost,
    #[error("the file is refused: {}", .0.reason)]
    Refused(Box<Mistake>),
}

impl From<WriteError> for ApplyError {
    fn from(error: WriteError) -> ApplyError {
        ApplyError::Store(error.into())
    }
}

impl From<platform::db::CommitError> for ApplyError {
    fn from(error: platform::db::CommitError) -> ApplyError {
        ApplyError::Store(error.into())
    }
}

impl BankingService {
    /// Applies an import, unless another process is at it. Trouble of the store is tried again.
    pub(crate) async fn run(&self, seq: i64) {
        for _ in 0..TRIES_MAX {
            match self.try_run(seq).await {
                Ok(()) | Err(ApplyError::Lost) => break,
                Err(error) => tracing::warn!(import = seq, %error, "an import was interrupted"),
            }
            tokio::time::sleep(AGAIN).await;
        }
        self.inner.ended.notify_waiters();
    }

    async fn try_run(&self, seq: i64) -> Result<(), ApplyError> {
        let Ok(_place) = self.inner.readers.acquire().await else { return Ok(()) };
        let Some(mut stored) = self.claim(seq).await? else { return Ok(()) };
        match self.apply(&mut stored).await {
            Err(ApplyError::Refused(mistake)) => self.refuse(&mut stored, *mistake).await,
            Err(error) => {
                // The next process need not wait for the end of this claim.
                let tx = self.inner.db.begin().await?;
                import::claim(&tx, seq, stored.claimed_until, 0).await?;
                tx.commit().await?;
                Err(error)
            }
            Ok(()) => Ok(()),
        }
    }

    async fn claim(&self, seq: i64) -> Result<Option<Stored>, ApplyError> {
        let tx = self.inner.db.begin().await?;
        let Some(mut stored) = import::of_seq(&tx, &self.inner.keys, seq).await? else { return Ok(None) };
        let now = self.inner.clock.now().micros();
        if stored.state != ImportState::Received || stored.claimed_until > now {
            return Ok(None);
        }
        if !import::claim(&tx, seq, stored.claimed_until, now + CLAIM_US).await? {
            return Ok(None);
        }
        stored.claimed_until = now + CLAIM_US;
        tx.commit().await?;
        Ok(Some(stored))
    }

    async fn apply(&self, stored: &mut Stored) -> Result<(), ApplyError> {
        let profile = self.profile(stored).await?;
        if stored.format.is_none() {
            self.check(stored, profile.clone()).await?;
        }
        let (source, feeding) = read::source(self.shared(), stored.upload.clone(), stored.parts);
        let mut steps = read::steps(source, read::options(&stored.options, profile));
        let mut number = 0;
        while let Some(step) = steps.recv().await {
            number += 1;
            if number > stored.done {
                self.step(stored, step).await?;
            }
        }
        feeding.await.map_err(|_| DbError::shape("the parts of a file were not read"))??;
        self.end(stored).await
    }

    async fn step(&self, stored: &mut Stored, step: Step) -> Result<(), ApplyError> {
        match step {
            Step::Entries { place, entries } => self.entries(stored, place, &entries).await,
            Step::Holdings { place, holdings } => self.holdings_of(stored, place, &holdings).await,
            Step::End { place, end } => self.statement_end(stored, place, &end).await,
        }
    }

    /// The first reading. Afterwards the import has its format and its statements.
    async fn check(&self, stored: &mut Stored, profile: Option<csv::Profile>) -> Result<(), ApplyError> {
        let (source, feeding) = read::source(self.shared(), stored.upload.clone(), stored.parts);
        let (options, partial) = (read::options(&stored.options, profile), stored.options.partial);
        let checked = tokio::task::spawn_blocking(move || read::check(source, &options, partial)).await;
        let checked = checked.map_err(|_| DbError::shape("a reader of files panicked"))?;
        let sha256 = feeding.await.map_err(|_| DbError::shape("the parts of a file were not read"))??;
        if !sha256.eq_ignore_ascii_case(&stored.sha256) {
            let message = "the parts are not the file that was announced; send it again";
            return Err(ApplyError::Refused(Box::new(Mistake::whole("upload_incomplete", message))));
        }
        let Checked { format, refused, warnings, warnings_total, statements } = checked;
        stored.format = read::format_name(format.as_ref());
        if let Some(mistake) = refused {
            return Err(ApplyError::Refused(Box::new(mistake)));
        }
        let Some(format) = format else {
            return Err(ApplyError::Refused(Box::new(Mistake::whole("unrecognised", "the format is not known"))));
        };
        (stored.warnings, stored.counts.warnings) = (warnings, warnings_total);
        stored.counts.statements = statements.len() as u64;
        self.place_statements(stored, &format, &statements).await
    }

    async fn profile(&self, stored: &Stored) -> Result<Option<csv::Profile>, ApplyError> {
        let Some(name) = &stored.options.profile else { return Ok(None) };
        let tx = self.inner.db.read().await?;
        let subject = crate::service::subject_of(stored.owner.as_deref(), None);
        let Some(profile) = arrangement::profile_of(&tx, &subject, name).await? else { return Ok(None) };
        Ok(crate::arrange::layout(&profile.layout).ok())
    }

    async fn end(&self, stored: &mut Stored) -> Result<(), ApplyError> {
        stored.state = ImportState::Applied;
        let data = json!({ "counts": stored.counts, "format": stored.format });
        self.close(stored, NewEvent::new("banking.import.applied", stored.id.to_string(), data)).await
    }

    async fn refuse(&self, stored: &mut Stored, mistake: Mistake) -> Result<(), ApplyError> {
        let reason = mistake.reason.clone();
        (stored.state, stored.mistake) = (ImportState::Refused, Some(mistake));
        crate::count::refused(stored.format.as_deref(), &reason);
        let data = json!({ "reason": reason, "format": stored.format });
        self.close(stored, NewEvent::new("banking.import.refused", stored.id.to_string(), data)).await
    }

    async fn close(&self, stored: &Stored, event: NewEvent) -> Result<(), ApplyError> {
        let tx = self.inner.db.begin().await?;
        if !import::claim(&tx, stored.seq, stored.claimed_until, stored.claimed_until).await? {
            return Err(ApplyError::Lost);
        }
        import::save(&tx, &self.inner.keys, ImportState::Received, stored).await?;
        stored.upload.remove(&tx).await?;
        let cursor = self.inner.outbox.add(&tx, vec![event]).await?;
        tx.commit().await?;
        self.inner.signal.committed(cursor);
        Ok(())
    }

    /// Continues imports that a killed process left, and removes uploads that were never imported.
    pub(crate) async fn continue_imports(&self) -> Result<(), DbError> {
        let now = self.inner.clock.now();
        let due = import::due(&self.inner.db.read().await?, now.micros(), DUE_MAX).await?;
        for seq in due {
            self.run(seq).await;
        }
        let before = now.plus_seconds(-self.inner.settings.upload_minutes * 60).micros();
        let tx = self.inner.db.begin().await?;
        upload::sweep(&tx, before, UPLOADS_SWEPT_MAX).await?;
        tx.commit().await?;
        Ok(())
    }
}
