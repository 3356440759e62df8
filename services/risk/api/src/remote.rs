//! Risk in another process: the same traits over [`platform::rpc`], and the table that answers them there.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::Ctx;
use platform::room::Face;
use platform::rpc::{Methods, MethodsOf, Repeat, RpcClient};

use crate::*;

/// How risk is reached.
pub static FACE: Face<dyn Risk> = Face { name: "risk", serve, remote: |rpc| Arc::new(RemoteRisk { rpc }) };

fn serve(risk: Arc<dyn Risk>) -> Methods {
    methods(FACE.name, risk)
}

/// The methods that answer a [`RemoteRisk`], under a name.
pub fn methods(name: &'static str, risk: Arc<dyn Risk>) -> Methods {
    let methods = MethodsOf::new(name, risk)
        .on("decide", |at, ctx, it| async move { at.decide(&ctx, it).await })
        .on("feedback", |at, ctx, it| async move { at.feedback(&ctx, it).await })
        .on("decision", |at, ctx, it| async move { at.decision(&ctx, it).await })
        .on("entity", |at, ctx, it| async move { at.entity(&ctx, it).await })
        .on("report", |at, ctx, it| async move { at.report(&ctx, it).await });
    people(versions(methods)).into()
}

fn versions(methods: MethodsOf<dyn Risk>) -> MethodsOf<dyn Risk> {
    methods
        .on("draft_rule_set", |at, ctx, it| async move { at.draft_rule_set(&ctx, it).await })
        .on("change_rule_set", |at, ctx, it| async move { at.change_rule_set(&ctx, it).await })
        .on("rule_set", |at, ctx, it| async move { at.rule_set(&ctx, it).await })
        .on("rule_sets", |at, ctx, it| async move { at.rule_sets(&ctx, it).await })
        .on("try_rule", |at, ctx, it| async move { at.try_rule(&ctx, it).await })
        .on("backtest", |at, ctx, it| async move { at.backtest(&ctx, it).await })
        .on("train", |at, ctx, it| async move { at.train(&ctx, it).await })
        .on("job", |at, ctx, it| async move { at.job(&ctx, it).await })
        .on("cancel_job", |at, ctx, it| async move { at.cancel_job(&ctx, it).await })
        .on("change_model", |at, ctx, it| async move { at.change_model(&ctx, it).await })
        .on("model", |at, ctx, it| async move { at.model(&ctx, it).await })
        .on("models", |at, ctx, it| async move { at.models(&ctx, it).await })
        .on("compare", |at, ctx, it| async move { at.compare(&ctx, it).await })
}

fn people(methods: MethodsOf<dyn Risk>) -> MethodsOf<dyn Risk> {
    methods
        .on("put_entries", |at, ctx, it| async move { at.put_entries(&ctx, it).await })
        .on("remove_entries", |at, ctx, it| async move { at.remove_entries(&ctx, it).await })
        .on("entries", |at, ctx, it| async move { at.entries(&ctx, it).await })
        .on("cases", |at, ctx, it| async move { at.cases(&ctx, it).await })
        .on("case", |at, ctx, it| async move { at.case(&ctx, it).await })
        .on("change_case", |at, ctx, it| async move { at.change_case(&ctx, it).await })
}

/// Risk in another process.
#[derive(Debug, Clone)]
pub struct RemoteRisk {
    rpc: RpcClient,
}

#[async_trait]
impl Risk for RemoteRisk {
    /// Each subject carries its id.
    async fn decide(&self, ctx: &Ctx, command: Decide) -> Result<Vec<Decided>, RiskError> {
        self.rpc.call(ctx, "decide", &command, Repeat::Harmless).await
    }

    /// The same label twice is one label.
    async fn feedback(&self, ctx: &Ctx, command: Feedback) -> Result<Vec<Noted>, RiskError> {
        self.rpc.call(ctx, "feedback", &command, Repeat::Harmless).await
    }

    async fn decision(&self, ctx: &Ctx, id: SubjectId) -> Result<Decision, RiskError> {
        self.rpc.call(ctx, "decision", &id, Repeat::Question).await
    }

    async fn entity(&self, ctx: &Ctx, entity: Entity) -> Result<EntityFeatures, RiskError> {
        self.rpc.call(ctx, "entity", &entity, Repeat::Question).await
    }

    async fn report(&self, ctx: &Ctx, query: ReportQuery) -> Result<DailyReport, RiskError> {
        self.rpc.call(ctx, "report", &query, Repeat::Question).await
    }
}

#[async_trait]
impl Lists for RemoteRisk {
    async fn put_entries(&self, ctx: &Ctx, command: PutEntries) -> Result<ListChanged, RiskError> {
        self.rpc.call(ctx, "put_entries", &command, Repeat::keyed(ctx)).await
    }

    async fn remove_entries(&self, ctx: &Ctx, command: RemoveEntries) -> Result<ListChanged, RiskError> {
        self.rpc.call(ctx, "remove_entries", &command, Repeat::keyed(ctx)).await
    }

    async fn entries(&self, ctx: &Ctx, query: ListQuery) -> Result<ListPage, RiskError> {
        self.rpc.call(ctx, "entries", &query, Repeat::Question).await
    }
}

#[async_trait]
impl RuleSets for RemoteRisk {
    async fn draft_rule_set(&self, ctx: &Ctx, command: DraftRuleSet) -> Result<RuleSet, RiskError> {
        self.rpc.call(ctx, "draft_rule_set", &command, Repeat::keyed(ctx)).await
    }

    async fn change_rule_set(&self, ctx: &Ctx, command: ChangeRuleSet) -> Result<RuleSet, RiskError> {
        self.rpc.call(ctx, "change_rule_set", &command, Repeat::keyed(ctx)).await
    }

    async fn rule_set(&self, ctx: &Ctx, id: RuleSetId) -> Result<RuleSet, RiskError> {
        self.rpc.call(ctx, "rule_set", &id, Repeat::Question).await
    }

    async fn rule_sets(&self, ctx: &Ctx, query: RuleSetQuery) -> Result<RuleSetPage, RiskError> {
        self.rpc.call(ctx, "rule_sets", &query, Repeat::Question).await
    }

    async fn try_rule(&self, ctx: &Ctx, command: TryRule) -> Result<RuleResult, RiskError> {
        self.rpc.call(ctx, "try_rule", &command, Repeat::Question).await
    }

    async fn backtest(&self, ctx: &Ctx, command: Backtest) -> Result<Job, RiskError> {
        self.rpc.call(ctx, "backtest", &command, Repeat::keyed(ctx)).await
    }
}

#[async_trait]
impl Models for RemoteRisk {
    async fn train(&self, ctx: &Ctx, command: Train) -> Result<Job, RiskError> {
        self.rpc.call(ctx, "train", &command, Repeat::keyed(ctx)).await
    }

    async fn job(&self, ctx: &Ctx, id: JobId) -> Result<Job, RiskError> {
        self.rpc.call(ctx, "job", &id, Repeat::Question).await
    }

    async fn cancel_job(&self, ctx: &Ctx, command: CancelJob) -> Result<Job, RiskError> {
        self.rpc.call(ctx, "cancel_job", &command, Repeat::Harmless).await
    }

    async fn change_model(&self, ctx: &Ctx, command: ChangeModel) -> Result<Model, RiskError> {
        self.rpc.call(ctx, "change_model", &command, Repeat::keyed(ctx)).await
    }

    async fn model(&self, ctx: &Ctx, id: ModelId) -> Result<Model, RiskError> {
        self.rpc.call(ctx, "model", &id, Repeat::Question).await
    }

    async fn models(&self, ctx: &Ctx, kind: SubjectKind) -> Result<Vec<ModelSummary>, RiskError> {
        self.rpc.call(ctx, "models", &kind, Repeat::Question).await
    }

    async fn compare(&self, ctx: &Ctx, id: ModelId) -> Result<Comparison, RiskError> {
        self.rpc.call(ctx, "compare", &id, Repeat::Question).await
    }
}

#[async_trait]
impl Cases for RemoteRisk {
    async fn cases(&self, ctx: &Ctx, query: CaseQuery) -> Result<CasePage, RiskError> {
        self.rpc.call(ctx, "cases", &query, Repeat::Question).await
    }

    async fn case(&self, ctx: &Ctx, id: CaseId) -> Result<Case, RiskError> {
        self.rpc.call(ctx, "case", &id, Repeat::Question).await
    }

    /// The version prevents a second change, but without a key the repeat is refused instead of getting the first reply.
    async fn change_case(&self, ctx: &Ctx, command: ChangeCase) -> Result<Case, RiskError> {
        self.rpc.call(ctx, "change_case", &command, Repeat::keyed(ctx)).await
    }
}
