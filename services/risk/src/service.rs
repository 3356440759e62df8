//! Risk with its store: the traits of its face, one line a method into its use case.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use kernel::{Clock, Ctx, IdMaker};
use platform::access::check;
use platform::db::{Db, Tx};
use platform::deadline::in_time;
use platform::error::Failure;
use platform::feed::{FeedSignal, NewEvent, Outbox};
use platform::lease::Standing;
use platform::once::Once;
use risk_api::*;

use crate::engine::{Engine, Flush};
use crate::jobs::Jobs;
use crate::settings::Settings;
use crate::watch::Watch;
use crate::{backtest, cases, deciding, explain, feedback, listing, registry, report, rule_sets, training};

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct RiskService(pub(crate) Arc<Inner>);

/// The parts that use cases work with.
pub(crate) struct Inner {
    pub(crate) db: Db,
    pub(crate) engine: Arc<Engine>,
    pub(crate) settings: Settings,
    pub(crate) once: Once<Refusal>,
    pub(crate) outbox: Outbox,
    pub(crate) signal: FeedSignal,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdMaker,
    pub(crate) jobs: Jobs,
    pub(crate) watch: Watch,
    /// The transaction that is being written, kept until it has succeeded.
    pub(crate) writing: tokio::sync::Mutex<Option<Flush>>,
    pub(crate) standing: Standing,
    /// Under which the counters were made; they are nobody's while it is not that of the lease.
    pub(crate) epoch: AtomicI64,
    /// The last changes of rule sets and models that are live here.
    pub(crate) changes: Mutex<(i64, i64)>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inner")
    }
}

impl Inner {
    /// Permission for what belongs to the house: rules, models, lists, decisions.
    pub(crate) fn may(&self, ctx: &Ctx, resource: &str, action: &str) -> Result<(), RiskError> {
        Ok(check(ctx, resource, action, None)?)
    }

    /// The counters are here, and this process may write.
    pub(crate) fn holds(&self) -> bool {
        self.standing.term().is_some_and(|term| term.epoch == self.epoch.load(Ordering::Acquire))
    }

    pub(crate) fn seen_changes(&self) -> MutexGuard<'_, (i64, i64)> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds events to a change and commits it.
    pub(crate) async fn commit(&self, tx: Tx, events: Vec<NewEvent>) -> Result<(), RiskError> {
        let cursor = if events.is_empty() { None } else { Some(self.outbox.add(&tx, events).await?) };
        tx.commit().await?;
        if let Some(cursor) = cursor {
            self.signal.committed(cursor);
        }
        Ok(())
    }

    /// A question or a change that ends with its caller's time.
    pub(crate) async fn in_time<T>(
        &self,
        ctx: &Ctx,
        work: impl Future<Output = Result<T, RiskError>>,
    ) -> Result<T, RiskError> {
        if !self.holds() {
            return Err(Failure::Unavailable.into());
        }
        in_time(ctx, &self.clock, work).await
    }
}

/// Nothing there, to this caller.
pub(crate) fn not_found() -> RiskError {
    Failure::NotFound.into()
}

#[async_trait]
impl Risk for RiskService {
    async fn decide(&self, ctx: &Ctx, command: Decide) -> Result<Vec<Decided>, RiskError> {
        self.0.in_time(ctx, deciding::decide(&self.0, ctx, command)).await
    }

    async fn feedback(&self, ctx: &Ctx, command: Feedback) -> Result<Vec<Noted>, RiskError> {
        self.0.in_time(ctx, feedback::feedback(&self.0, ctx, command)).await
    }

    async fn decision(&self, ctx: &Ctx, id: SubjectId) -> Result<Decision, RiskError> {
        self.0.in_time(ctx, explain::decision(&self.0, ctx, id)).await
    }

    async fn entity(&self, ctx: &Ctx, entity: Entity) -> Result<EntityFeatures, RiskError> {
        self.0.in_time(ctx, explain::entity(&self.0, ctx, entity)).await
    }

    async fn report(&self, ctx: &Ctx, query: ReportQuery) -> Result<DailyReport, RiskError> {
        self.0.in_time(ctx, report::daily(&self.0, ctx, query)).await
    }
}

#[async_trait]
impl Lists for RiskService {
    async fn put_entries(&self, ctx: &Ctx, command: PutEntries) -> Result<ListChanged, RiskError> {
        self.0.in_time(ctx, listing::put(&self.0, ctx, command)).await
    }

    async fn remove_entries(&self, ctx: &Ctx, command: RemoveEntries) -> Result<ListChanged, RiskError> {
        self.0.in_time(ctx, listing::remove(&self.0, ctx, command)).await
    }

    async fn entries(&self, ctx: &Ctx, query: ListQuery) -> Result<ListPage, RiskError> {
        self.0.in_time(ctx, listing::page(&self.0, ctx, query)).await
    }
}

#[async_trait]
impl RuleSets for RiskService {
    async fn draft_rule_set(&self, ctx: &Ctx, command: DraftRuleSet) -> Result<RuleSet, RiskError> {
        self.0.in_time(ctx, rule_sets::draft(&self.0, ctx, command)).await
    }

    async fn change_rule_set(&self, ctx: &Ctx, command: ChangeRuleSet) -> Result<RuleSet, RiskError> {
        self.0.in_time(ctx, rule_sets::change(&self.0, ctx, command)).await
    }

    async fn rule_set(&self, ctx: &Ctx, id: RuleSetId) -> Result<RuleSet, RiskError> {
        self.0.in_time(ctx, rule_sets::one(&self.0, ctx, id)).await
    }

    async fn rule_sets(&self, ctx: &Ctx, query: RuleSetQuery) -> Result<RuleSetPage, RiskError> {
        self.0.in_time(ctx, rule_sets::page(&self.0, ctx, query)).await
    }

    async fn try_rule(&self, ctx: &Ctx, command: TryRule) -> Result<RuleResult, RiskError> {
        self.0.in_time(ctx, explain::try_rule(&self.0, ctx, command)).await
    }

    async fn backtest(&self, ctx: &Ctx, command: Backtest) -> Result<Job, RiskError> {
        self.0.in_time(ctx, backtest::begin(&self.0, ctx, command)).await
    }
}

#[async_trait]
impl Models for RiskService {
    async fn train(&self, ctx: &Ctx, command: Train) -> Result<Job, RiskError> {
        self.0.in_time(ctx, training::begin(&self.0, ctx, command)).await
    }

    async fn job(&self, ctx: &Ctx, id: JobId) -> Result<Job, RiskError> {
        self.0.in_time(ctx, crate::jobs::one(&self.0, ctx, id)).await
    }

    async fn cancel_job(&self, ctx: &Ctx, command: CancelJob) -> Result<Job, RiskError> {
        self.0.in_time(ctx, crate::jobs::cancel(&self.0, ctx, command)).await
    }

    async fn change_model(&self, ctx: &Ctx, command: ChangeModel) -> Result<Model, RiskError> {
        self.0.in_time(ctx, registry::change(&self.0, ctx, command)).await
    }

    async fn model(&self, ctx: &Ctx, id: ModelId) -> Result<Model, RiskError> {
        self.0.in_time(ctx, registry::one(&self.0, ctx, id)).await
    }

    async fn models(&self, ctx: &Ctx, kind: SubjectKind) -> Result<Vec<ModelSummary>, RiskError> {
        self.0.in_time(ctx, registry::list(&self.0, ctx, kind)).await
    }

    async fn compare(&self, ctx: &Ctx, id: ModelId) -> Result<Comparison, RiskError> {
        self.0.in_time(ctx, registry::compare(&self.0, ctx, id)).await
    }
}

#[async_trait]
impl Cases for RiskService {
    async fn cases(&self, ctx: &Ctx, query: CaseQuery) -> Result<CasePage, RiskError> {
        self.0.in_time(ctx, cases::page(&self.0, ctx, query)).await
    }

    async fn case(&self, ctx: &Ctx, id: CaseId) -> Result<Case, RiskError> {
        self.0.in_time(ctx, cases::one(&self.0, ctx, id)).await
    }

    async fn change_case(&self, ctx: &Ctx, command: ChangeCase) -> Result<Case, RiskError> {
        self.0.in_time(ctx, cases::change(&self.0, ctx, command)).await
    }
}
