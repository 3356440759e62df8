//! The training of the models of all forecasts, by hand and by schedule.

use std::collections::BTreeSet;

use kernel::Ctx;
use platform::db::{DbError, Tx};
use platform::feed::NewEvent;
use platform::jobs::{Progress, Run as JobRun};
use platform::room::OpenError;
use serde_json::json;

use crate::count;
use crate::face::*;
use crate::forecasts::{Kept, Scope, WORD};
use crate::service::Inner;
use crate::store::{MODELS, outlook as kept};

const STEPS: [Step; 3] = [Step::Day, Step::Week, Step::Month];

impl Inner {
    pub(crate) async fn train(&self, ctx: &Ctx) -> Result<Trained, TreasuryError> {
        self.may(ctx, WORD, "train")?;
        let mut total = Trained { series: 0, models: 0, fallbacks: 0 };
        for scope in self.scopes().await? {
            let (forecasts, models) = self.trained(&scope).await?;
            let tx = self.db.begin().await?;
            total.add(&models);
            keep(&tx, &forecasts, &models).await?;
            self.commit(tx, Vec::new()).await?;
        }
        count::models(total.models - total.fallbacks, total.fallbacks);
        Ok(total)
    }

    /// The run of the job, which goes on after its last commit wherever it was killed.
    pub(crate) async fn train_by_schedule(&self, run: &JobRun) -> Result<(), OpenError> {
        let scopes = self.scopes().await?;
        let begun: usize = run.stopped_at()?.unwrap_or(0);
        let mut total = Trained { series: 0, models: 0, fallbacks: 0 };
        let batch = (self.settings.training_batch / STEPS.len()).max(1);
        let mut done = begun;
        for some in scopes.get(begun..).unwrap_or_default().chunks(batch) {
            let mut news = Vec::new();
            for scope in some {
                news.push(self.trained(scope).await?);
            }
            done += some.len();
            let tx = self.db.begin().await?;
            for (forecasts, models) in &news {
                total.add(models);
                keep(&tx, forecasts, models).await?;
            }
            let all = i64::try_from(scopes.len()).ok();
            run.step(&tx, &Progress { mark: done, done: i64::try_from(done).unwrap_or(i64::MAX), total: all }).await?;
            let told = json!({ "series": total.series, "models": total.models, "fallbacks": total.fallbacks });
            let told = (done == scopes.len()).then(|| NewEvent::new("treasury.model.trained", "all", told));
            self.commit(tx, told.into_iter().collect()).await?;
        }
        count::models(total.models.saturating_sub(total.fallbacks), total.fallbacks);
        Ok(())
    }

    /// Everything that is forecast.
    async fn scopes(&self) -> Result<Vec<Scope>, TreasuryError> {
        let book = self.book(&self.db.read().await?).await?;
        let mut scopes = BTreeSet::new();
        for account in &book.accounts {
            let code = account.currency.code().to_owned();
            scopes.insert(Scope::Account(account.id));
            scopes.insert(Scope::Entity(account.entity.clone(), code.clone()));
            scopes.insert(Scope::Currency(code));
        }
        Ok(scopes.into_iter().collect())
    }

    /// New models for every step of a scope, with the forecasts that they give. A model in use is only followed by one that
    /// is better by enough.
    async fn trained(&self, scope: &Scope) -> Result<(Vec<Forecast>, Vec<(String, Kept)>), TreasuryError> {
        let (mut forecasts, mut models) = (Vec::new(), Vec::new());
        for step in STEPS {
            let tx = self.db.read().await?;
            let book = self.book(&tx).await?;
            let Some(mut given) = self.given(&tx, &book, scope, step).await? else { continue };
            drop(tx);
            given.models.values_mut().for_each(|model| model.fitted_to = usize::MAX);
            let (forecast, news) = self.calculated(given).await?;
            let data_to = forecast.data_to;
            let key = |component: &str| format!("{}/{component}", forecast.series);
            models.extend(news.into_iter().map(|(component, trained)| (key(&component), Kept { trained, data_to })));
            forecasts.push(forecast);
        }
        Ok((forecasts, models))
    }
}

async fn keep(tx: &Tx, forecasts: &[Forecast], models: &[(String, Kept)]) -> Result<(), DbError> {
    for (key, model) in models {
        MODELS.put(tx, key, model).await?;
    }
    for forecast in forecasts {
        kept::keep(tx, forecast).await?;
    }
    Ok(())
}

impl Trained {
    fn add(&mut self, models: &[(String, Kept)]) {
        self.series += STEPS.len();
        self.models += models.len();
        self.fallbacks += models.iter().filter(|(_, kept)| kept.trained.fallback.is_some()).count();
    }
}
