//! The interface of risk: its traits, commands, replies and refusals.
//!
//! Other rooms depend on this crate and never on risk itself. Everything here is plain data that can travel between processes.
//! Start reading at [`Risk`], then [`Assess`] and [`Assessment`].
//!
//! Invariant: no card number travels here. Cards, accounts, devices, addresses and e-mails are named by tokens
//! ([`EntityId`]), and a text that looks like a card number is refused when it is parsed.

mod assess;
mod case;
mod decision;
mod job;
mod label;
mod list;
mod model;
mod names;
mod refusal;
mod remote;
mod report;
mod rule;

use async_trait::async_trait;
use kernel::Ctx;
use platform::error::ServiceError;

pub use assess::{Assess, Channel, Decide, Extra, Place, SubjectKind};
pub use case::{Case, CaseChange, CaseNote, CasePage, CaseQuery, CaseState, ChangeCase, Resolution};
pub use decision::{
    Assessment, Contribution, Decided, Decision, Degraded, EntityFeatures, FeatureValue, ListedAs, Outcome, Reason,
    RuleResult,
};
pub use job::{Backtest, BacktestResult, CancelJob, Job, JobKind, JobState, RuleCount, Source, Stopped, Train};
pub use label::{Feedback, Label, LabelRecord, LabelSource, Noted, Verdict};
pub use list::{ListChanged, ListEntry, ListName, ListPage, ListQuery, PutEntries, RemoveEntries};
pub use model::{ChangeModel, Comparison, Model, ModelChange, ModelState, ModelSummary, Parameters};
pub use names::{CaseId, CaseTag, Category, Country, Entity, EntityId, EntityKind, JobId, JobTag, ModelId, ModelTag};
pub use names::{NameError, RuleSetId, RuleSetTag, SubjectId};
pub use refusal::Refusal;
pub use remote::{FACE, RemoteRisk, methods};
pub use report::{CalibrationBin, Costs, DailyReport, Metrics, Point, ReportQuery, ThresholdLine};
pub use rule::{
    Action, ChangeRuleSet, DraftRuleSet, Mistake, Rule, RuleSet, RuleSetChange, RuleSetPage, RuleSetQuery,
    RuleSetState, Snooze, TryRule,
};

/// Bounds of calls, rule sets and lists; each has a refusal.
pub mod limits {
    /// Subjects in one [`Decide`](crate::Decide).
    pub const ASSESSMENTS_MAX: usize = 1_000;
    /// Labels in one [`Feedback`](crate::Feedback).
    pub const LABELS_MAX: usize = 1_000;
    /// Further inputs of one subject.
    pub const EXTRA_MAX: usize = 16;
    /// Bytes of a further input's name, and of its word.
    pub const EXTRA_BYTES_MAX: usize = 64;
    /// Reasons in an assessment, most important first.
    pub const REASONS_MAX: usize = 8;
    /// Entries in one call that changes a list.
    pub const ENTRIES_MAX: usize = 10_000;
    /// Entries of all lists together.
    pub const LIST_ENTRIES_MAX: usize = 5_000_000;
    /// Rules in a set.
    pub const RULES_MAX: usize = 500;
    /// Bytes of a rule's condition.
    pub const RULE_BYTES_MAX: usize = 4_096;
    /// Levels of a condition's tree.
    pub const RULE_DEPTH_MAX: usize = 32;
    /// Nodes of a condition's tree; the words and numbers of a list count as one.
    pub const RULE_NODES_MAX: usize = 200;
    /// Words or numbers in a condition's lists.
    pub const RULE_LIST_MAX: usize = 1_000;
    /// Entities for which one rule is snoozed.
    pub const SNOOZES_MAX: usize = 100;
    /// Bytes of a note, a reason or a rule's text.
    pub const NOTE_BYTES_MAX: usize = 1_000;
    /// Seconds by which a subject may be ahead of the service's clock.
    pub const AHEAD_MAX_S: i64 = 300;
    pub const PAGE_DEFAULT: usize = 50;
    pub const PAGE_MAX: usize = 500;
    /// Models that score live traffic beside the champion of one kind of subject.
    pub const CHALLENGERS_MAX: usize = 2;
}

pub type RiskError = ServiceError<Refusal>;

/// Risk, in this process or another. A local call promises no more than a remote one.
#[async_trait]
pub trait Risk: Lists + RuleSets + Models + Cases + Send + Sync {
    /// Decides about each subject, in the given order. Idempotent by each subject's id: a repeat gets the first decision.
    ///
    /// The reply comes from memory and is stored shortly after. A decision that a crash loses is made again when the caller
    /// repeats the request.
    async fn decide(&self, ctx: &Ctx, command: Decide) -> Result<Vec<Decided>, RiskError>;

    /// Labels subjects as fraud or genuine, in the given order. The label that became known last is in force; earlier ones are kept
    /// as history.
    async fn feedback(&self, ctx: &Ctx, command: Feedback) -> Result<Vec<Noted>, RiskError>;

    /// A decision with everything that it was based on.
    async fn decision(&self, ctx: &Ctx, id: SubjectId) -> Result<Decision, RiskError>;

    /// The current features of a card, a merchant or another entity.
    async fn entity(&self, ctx: &Ctx, entity: Entity) -> Result<EntityFeatures, RiskError>;

    /// The report of one day.
    async fn report(&self, ctx: &Ctx, query: ReportQuery) -> Result<DailyReport, RiskError>;
}

/// Entities that are always declined, always approved, or watched.
#[async_trait]
pub trait Lists {
    async fn put_entries(&self, ctx: &Ctx, command: PutEntries) -> Result<ListChanged, RiskError>;
    async fn remove_entries(&self, ctx: &Ctx, command: RemoveEntries) -> Result<ListChanged, RiskError>;
    async fn entries(&self, ctx: &Ctx, query: ListQuery) -> Result<ListPage, RiskError>;
}

/// Versions of the rules. Two people are needed to make one live.
#[async_trait]
pub trait RuleSets {
    async fn draft_rule_set(&self, ctx: &Ctx, command: DraftRuleSet) -> Result<RuleSet, RiskError>;
    async fn change_rule_set(&self, ctx: &Ctx, command: ChangeRuleSet) -> Result<RuleSet, RiskError>;
    async fn rule_set(&self, ctx: &Ctx, id: RuleSetId) -> Result<RuleSet, RiskError>;
    async fn rule_sets(&self, ctx: &Ctx, query: RuleSetQuery) -> Result<RuleSetPage, RiskError>;

    /// Evaluates one rule on one stored decision, with its inputs and features.
    async fn try_rule(&self, ctx: &Ctx, command: TryRule) -> Result<RuleResult, RiskError>;

    /// Starts a backtest of a rule set on stored decisions or imported history.
    async fn backtest(&self, ctx: &Ctx, command: Backtest) -> Result<Job, RiskError>;
}

/// Versions of the model. Two people are needed to make one the champion.
#[async_trait]
pub trait Models {
    /// Starts to train a model on labelled history.
    async fn train(&self, ctx: &Ctx, command: Train) -> Result<Job, RiskError>;
    async fn job(&self, ctx: &Ctx, id: JobId) -> Result<Job, RiskError>;
    async fn cancel_job(&self, ctx: &Ctx, command: CancelJob) -> Result<Job, RiskError>;
    async fn change_model(&self, ctx: &Ctx, command: ChangeModel) -> Result<Model, RiskError>;
    async fn model(&self, ctx: &Ctx, id: ModelId) -> Result<Model, RiskError>;
    async fn models(&self, ctx: &Ctx, kind: SubjectKind) -> Result<Vec<ModelSummary>, RiskError>;

    /// Compares a model with the champion on the same decisions.
    async fn compare(&self, ctx: &Ctx, id: ModelId) -> Result<Comparison, RiskError>;
}

/// The review queue.
#[async_trait]
pub trait Cases {
    async fn cases(&self, ctx: &Ctx, query: CaseQuery) -> Result<CasePage, RiskError>;
    async fn case(&self, ctx: &Ctx, id: CaseId) -> Result<Case, RiskError>;
    async fn change_case(&self, ctx: &Ctx, command: ChangeCase) -> Result<Case, RiskError>;
}
