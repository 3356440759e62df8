//! Several processes on one store: the one that holds the lease has the counters, and the others pass every call on to it.
//!
//! A process that takes over makes the counters again from what was written, as after a crash. What the last one had decided and
//! not written is made again when it is asked about again.

mod holder;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use kernel::Ctx;
use platform::lease::{Lease, Standing};
use platform::room::{OpenError, Shared};
use platform::rpc::{Methods, RpcClient};
use platform::shutdown::Step;
use risk_api::*;

use crate::service::{Inner, RiskService};
use crate::warm;
use holder::ToHolder;

/// The name under which a process answers as the holder or not at all.
const WRITER: &str = "risk-writer";
/// No epoch of the lease.
pub(crate) const NONE: i64 = -1;

pub(crate) struct Sharing {
    lease: Lease,
    with: Shared,
}

impl Sharing {
    pub(crate) fn open(with: Shared, clock: Arc<dyn kernel::Clock>) -> Result<Sharing, OpenError> {
        Ok(Sharing { lease: Lease::start(with.lease.clone(), clock)?, with })
    }

    pub(crate) fn standing(&self) -> Standing {
        self.lease.standing()
    }

    /// Risk wherever the holder is.
    pub(crate) fn face(&self, here: RiskService) -> Arc<dyn Risk> {
        let inner = &here.0;
        let transport = ToHolder::new(self.standing(), &self.with, Arc::clone(&inner.clock));
        let rpc = RpcClient::new(WRITER, Arc::new(transport), Arc::clone(&inner.clock));
        Arc::new(Passing { standing: self.standing(), holder: (FACE.remote)(rpc), here })
    }

    pub(crate) fn methods(here: RiskService) -> Methods {
        risk_api::methods(WRITER, Arc::new(here))
    }

    /// Takes part from now on; gives the lease up when the process ends.
    pub(crate) fn compete(self) -> Step {
        self.lease.compete(&self.with.address);
        Step::new("risk lease", async move { self.lease.close().await })
    }
}

/// Makes the counters whenever this process becomes the holder.
pub(crate) async fn follow(inner: Arc<Inner>) {
    let mut standing = inner.standing.clone();
    loop {
        let epoch = standing.term().map_or(NONE, |term| term.epoch);
        if epoch != inner.epoch.load(Ordering::Acquire) {
            inner.epoch.store(NONE, Ordering::Release);
            if epoch != NONE {
                match take_over(&inner, epoch).await {
                    Ok(()) => tracing::info!(epoch, "this process has the counters now"),
                    Err(error) => {
                        tracing::error!(%error, "the counters could not be made; trying again");
                        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
                        continue;
                    }
                }
            }
        }
        tokio::select! {
            () = standing.changed() => {}
            // A lease that runs out says nothing.
            () = tokio::time::sleep(std::time::Duration::from_millis(200)) => {}
        }
    }
}

async fn take_over(inner: &Arc<Inner>, epoch: i64) -> Result<(), platform::db::DbError> {
    let mut writing = inner.writing.lock().await;
    *writing = None;
    inner.engine.begin_again();
    warm::resume(inner).await?;
    if let Err(error) = crate::jobs::end_orphans(inner).await {
        tracing::warn!(%error, "jobs of the last holder could not be ended");
    }
    inner.epoch.store(epoch, Ordering::Release);
    drop(writing);
    tokio::spawn(warm::warm(Arc::clone(inner)));
    Ok(())
}

/// Passes calls on while another process is the holder.
struct Passing {
    standing: Standing,
    here: RiskService,
    holder: Arc<dyn Risk>,
}

impl Passing {
    fn at(&self) -> &dyn Risk {
        if self.standing.is_holder() { &self.here } else { &*self.holder }
    }
}

macro_rules! passed_on {
    ($trait:ident: $($method:ident($given:ty) -> $answer:ty;)*) => {
        #[async_trait]
        impl $trait for Passing {
            $(async fn $method(&self, ctx: &Ctx, given: $given) -> Result<$answer, RiskError> {
                self.at().$method(ctx, given).await
            })*
        }
    };
}

passed_on! { Risk:
    decide(Decide) -> Vec<Decided>;
    feedback(Feedback) -> Vec<Noted>;
    decision(SubjectId) -> Decision;
    entity(Entity) -> EntityFeatures;
    report(ReportQuery) -> DailyReport;
}

passed_on! { Lists:
    put_entries(PutEntries) -> ListChanged;
    remove_entries(RemoveEntries) -> ListChanged;
    entries(ListQuery) -> ListPage;
}

passed_on! { RuleSets:
    draft_rule_set(DraftRuleSet) -> RuleSet;
    change_rule_set(ChangeRuleSet) -> RuleSet;
    rule_set(RuleSetId) -> RuleSet;
    rule_sets(RuleSetQuery) -> RuleSetPage;
    try_rule(TryRule) -> RuleResult;
    backtest(Backtest) -> Job;
}

passed_on! { Models:
    train(Train) -> Job;
    job(JobId) -> Job;
    cancel_job(CancelJob) -> Job;
    change_model(ChangeModel) -> Model;
    model(ModelId) -> Model;
    models(SubjectKind) -> Vec<ModelSummary>;
    compare(ModelId) -> Comparison;
}

passed_on! { Cases:
    cases(CaseQuery) -> CasePage;
    case(CaseId) -> Case;
    change_case(ChangeCase) -> Case;
}
