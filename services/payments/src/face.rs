//! The interface of payments: its traits, commands, answers and refusals.
//!
//! It contains plain data that can travel between processes, and no rule. Start reading at [`Payments`], then [`CreatePayment`] and [`Payment`].

mod payee;
mod payment;
mod policy;
mod refusal;
mod remote;
mod standing;

use async_trait::async_trait;
use kernel::Ctx;
use platform::error::ServiceError;

pub use payee::{AddPayee, NameCheck, Payee, PayeeId, PayeePage, PayeeTag};
pub use payment::{
    Approval, CancelPayment, CreatePayment, DecidePayment, HistoryStep, Payment, PaymentFound, PaymentId, PaymentPage,
    PaymentQuery, PaymentState, PaymentTag, Side, Verdict,
};
pub use policy::{
    ApproverLimit, ConfirmPolicy, Fee, Policy, PolicyId, PolicyList, PolicyState, PolicyTag, PolicyTerms, ProposePolicy,
};
pub use refusal::Refusal;
pub use remote::{FACE, RemotePayments};
pub use standing::{
    AddStanding, BusinessDays, Missed, Rhythm, Standing, StandingId, StandingList, StandingState, StandingTag,
};

/// The name of the room.
pub const SERVICE: &str = "payments";

/// Why a call to payments has no result.
pub type PaymentsError = ServiceError<Refusal>;

/// Bounds of one call; each has its refusal.
pub mod limits {
    /// Items of one page.
    pub const PAGE_MAX: usize = 500;
    /// Characters of the text that the payee sees.
    pub const TEXT_CHARS_MAX: usize = 140;
    /// Characters of a payee's name.
    pub const NAME_CHARS_MAX: usize = 70;
    /// How far ahead a payment can be dated.
    pub const DAYS_AHEAD_MAX: i64 = 3_653;
    /// Payees of one owner.
    pub const PAYEES_MAX: usize = 500;
    /// Standing orders of one owner.
    pub const STANDING_MAX: usize = 200;
    /// Policies, proposed ones included.
    pub const POLICIES_MAX: usize = 200;
    /// Approvals that a policy can ask for.
    pub const APPROVALS_MAX: u8 = 3;
    /// Hours for which a payment waits for its approvals.
    pub const APPROVAL_HOURS: i64 = 72;
    /// Seconds since an approver's authentication.
    pub const PROOF_SECONDS: i64 = 300;
}

/// Payment orders.
#[async_trait]
pub trait Orders: Send + Sync {
    /// Makes a payment, and carries it out if it is due and needs no approval. A refusal of the ledger or of a policy is
    /// a payment with the state `rejected`, and not an error.
    async fn create(&self, ctx: &Ctx, command: CreatePayment) -> Result<Payment, PaymentsError>;

    /// Approves a payment, or rejects it.
    async fn decide(&self, ctx: &Ctx, command: DecidePayment) -> Result<Payment, PaymentsError>;

    /// Cancels a payment that waits.
    async fn cancel(&self, ctx: &Ctx, command: CancelPayment) -> Result<Payment, PaymentsError>;

    /// A payment, and each of its steps.
    async fn payment(&self, ctx: &Ctx, id: PaymentId) -> Result<PaymentFound, PaymentsError>;

    async fn payments(&self, ctx: &Ctx, query: PaymentQuery) -> Result<PaymentPage, PaymentsError>;
}

/// Payees, and standing orders.
#[async_trait]
pub trait Arrangements: Send + Sync {
    async fn add_payee(&self, ctx: &Ctx, command: AddPayee) -> Result<Payee, PaymentsError>;

    async fn remove_payee(&self, ctx: &Ctx, id: PayeeId) -> Result<(), PaymentsError>;

    async fn payees(&self, ctx: &Ctx) -> Result<PayeePage, PaymentsError>;

    async fn add_standing(&self, ctx: &Ctx, command: AddStanding) -> Result<Standing, PaymentsError>;

    async fn end_standing(&self, ctx: &Ctx, id: StandingId) -> Result<Standing, PaymentsError>;

    async fn standing_orders(&self, ctx: &Ctx) -> Result<StandingList, PaymentsError>;
}

/// What payments need: approvals, limits and fees.
#[async_trait]
pub trait Policies: Send + Sync {
    /// Proposes a policy, or its end. It has no effect before another person confirms it.
    async fn propose_policy(&self, ctx: &Ctx, command: ProposePolicy) -> Result<Policy, PaymentsError>;

    async fn confirm_policy(&self, ctx: &Ctx, command: ConfirmPolicy) -> Result<Policy, PaymentsError>;

    async fn policies(&self, ctx: &Ctx) -> Result<PolicyList, PaymentsError>;
}

pub trait Payments: Orders + Arrangements + Policies {}

impl<T: Orders + Arrangements + Policies> Payments for T {}
