//! Risk for the command line, on a store without a server: import, training, reports, scores, lists, labels; and simulated
//! traffic.

mod files;

use std::io::{BufRead, Write};
use std::sync::Arc;

use kernel::{Clock, IdMaker};
use platform::crypto::KeyEncryptionKey;
use platform::db::Db;
use platform::feed::{FeedSignal, Outbox};
use platform::lease::Standing;
use platform::once::Once;
use platform::room::OpenError;
use risk_api::{Model, ModelId, SubjectKind, Train};

use crate::ROOM;
use crate::features::catalogue::names;
use crate::history::{Imported, Replay, import};
use crate::import::{Form, HistoryRow, Reader, write_header, write_row};
use crate::jobs::{Ended, Progress};
use crate::model::file::ModelFile;
use crate::model::{Scored, Scorer};
use crate::open::{Base, begin};
use crate::service::RiskService;
use crate::settings::Settings;
use crate::simulate::{Plan, Traffic};
use crate::store::models;
use crate::training;

pub use files::Labelled;

/// The format of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forms {
    Csv,
    Json,
}

/// Risk without background work.
#[derive(Debug)]
pub struct Offline(RiskService);

impl Offline {
    /// On a store with this version's schema.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn open(
        db: Db,
        key: &KeyEncryptionKey,
        settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> Result<Offline, OpenError> {
        let (once, ids) = (Once::new(key, Arc::clone(&clock)), IdMaker::new(Arc::clone(&clock)));
        let outbox = Outbox::new(format!("/{}", ROOM.name), Arc::clone(&clock));
        let base = Base { db, settings, once, outbox, signal: FeedSignal::default(), clock, ids };
        Ok(Offline(begin(base, Standing::alone()).await?))
    }

    fn replay(&self) -> Replay {
        let settings = &self.0.0.settings;
        let rates = self.0.0.engine.config().rates.clone();
        Replay::new(settings.entities_max, settings.label_delay_days, rates)
    }

    /// Adds a file to the history.
    ///
    /// # Errors
    /// A row is wrong, and its line is told; or the store's. Rows before it stay.
    pub async fn import(&self, source: impl BufRead, progress: impl FnMut(Imported)) -> Result<Imported, OpenError> {
        Ok(import(&self.0.0.db, self.replay(), source, progress).await?)
    }

    /// Trains a model and puts it into the registry as a candidate.
    ///
    /// # Errors
    /// A sentence that says why there is none.
    pub async fn train(&self, order: Train, author: &str) -> Result<Model, OpenError> {
        let inner = &self.0.0;
        let trained = training::run(inner, order, author.to_owned(), Arc::new(Progress::default())).await;
        let id = trained.map_err(|ended| match ended {
            Ended::Cancelled => "it was cancelled".to_owned(),
            Ended::Failed(why) => why,
        })?;
        self.model(Some(id), training::USUAL_KIND).await
    }

    /// The model of that id, or the newest of its kind.
    ///
    /// # Errors
    /// There is none; or the store's.
    pub async fn model(&self, id: Option<ModelId>, kind: SubjectKind) -> Result<Model, OpenError> {
        let tx = self.0.0.db.read().await?;
        let found = match id {
            Some(id) => models::by_id(&tx, id).await?,
            None => models::of_kind(&tx, kind).await?.into_iter().next(),
        };
        found.ok_or_else(|| "there is no model yet; train one with `florin risk train`".into())
    }

    /// Writes id, score and every feature of each row, so that others can work both out.
    ///
    /// # Errors
    /// A row is wrong, the model is damaged, or nothing can be written.
    pub async fn score(
        &self,
        source: impl BufRead,
        out: &mut impl Write,
        model: Option<&Model>,
    ) -> Result<u64, OpenError> {
        let file = match model {
            None => None,
            Some(model) => {
                let tx = self.0.0.db.read().await?;
                let bytes = models::file(&tx, model.summary.id).await?.unwrap_or_default();
                Some(ModelFile::read(&bytes, &model.model_sha256)?)
            }
        };
        let (mut reader, mut replay, mut rows) = (Reader::new(source), self.replay(), 0);
        let columns = names().iter().flatten().cloned().collect::<Vec<_>>();
        writeln!(out, "id,score,probability,{}", columns.join(","))?;
        while let Some(HistoryRow { subject: assess, declined, label }) = reader.next_row()? {
            let label = label.map(|label| (label.verdict == risk_api::Verdict::Fraud, label.at.micros()));
            let subject = replay.subject(&assess);
            let row = replay.observe(&subject, declined, label);
            let probability = file.as_ref().map(|file| file.forest.score(&row).probability);
            let score = probability.map(|probability| Scored::points(probability).to_string()).unwrap_or_default();
            write!(out, "{},{score},{}", assess.id, probability.map(|it| it.to_string()).unwrap_or_default())?;
            for (name, value) in names().iter().zip(row.values()) {
                match name {
                    Some(_) if value.is_nan() => write!(out, ",")?,
                    Some(_) => write!(out, ",{value}")?,
                    None => {}
                }
            }
            writeln!(out)?;
            rows += 1;
        }
        Ok(rows)
    }
}

/// Writes simulated traffic in the format that `import` reads.
///
/// # Errors
/// Nothing can be written.
pub fn generate(plan: Plan, form: Forms, out: &mut impl Write) -> std::io::Result<u64> {
    let form = match form {
        Forms::Csv => Form::Csv,
        Forms::Json => Form::Json,
    };
    write_header(form, out)?;
    let mut rows = 0;
    for swipe in Traffic::new(plan) {
        write_row(form, &swipe.row, out)?;
        rows += 1;
    }
    out.flush()?;
    Ok(rows)
}

#[cfg(test)]
impl Offline {
    pub(crate) fn of(service: RiskService) -> Offline {
        Offline(service)
    }
}
