//! The interface of payments: its traits, commands, answers and refusals.
//!
//! It contains plain data that can travel between processes, and no rule. Start reading at [`Payments`], then [`CreatePayment`] and [`Payment`].

mod checks;
mod payee;
mod payment;
mod policy;
mod rail;
mod refusal;
mod remote;
mod standing;
mod upload;

use async_trait::async_trait;
use kernel::Ctx;
use platform::error::ServiceError;

pub use checks::{ChecksPage, ChecksQuery, Wrong};
pub use payee::{AddPayee, NameCheck, Payee, PayeeId, PayeePage, PayeeTag};
pub use payment::{
    Approval, CancelPayment, CreatePayment, DecidePayment, HistoryStep, Payment, PaymentFound, PaymentId, PaymentPage,
    PaymentQuery, PaymentState, PaymentTag, Side, Verdict,
};
pub use policy::{
    ApproverLimit, ConfirmPolicy, Fee, Policy, PolicyId, PolicyList, PolicyState, PolicyTag, PolicyTerms, ProposePolicy,
};
pub use rail::{
    AnswerReport, Creditor, Rail, RailAnswerId, RailAnswerTag, RailFile, RailFileContent, RailFileId, RailFileList,
    RailFileState, RailFileTag, TakeAnswer, Unmatched,
};
pub use refusal::Refusal;
pub use remote::{FACE, RemotePayments};
pub use standing::{
    AddStanding, BusinessDays, Missed, Rhythm, Standing, StandingId, StandingList, StandingState, StandingTag,
};
pub use upload::{
    LineMistake, ReportForm, Upload, UploadFile, UploadId, UploadLine, UploadLines, UploadLinesQuery, UploadReport,
    UploadReportQuery, UploadState, UploadTag,
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
    /// Payments of one file to a bank.
    pub const FILE_PAYMENTS_MAX: usize = 1_000;
    /// Files to a bank in one list.
    pub const FILES_LISTED_MAX: usize = 100;
    /// Lines of one file that a caller sends.
    pub const UPLOAD_LINES_MAX: usize = 10_000;
    /// Mistakes of such a file that are listed.
    pub const MISTAKES_MAX: usize = 100;
    /// Lines of one answer of a bank.
    pub const ANSWER_LINES_MAX: usize = 10_000;
    /// Lines that no payment agrees with, in a report.
    pub const UNMATCHED_MAX: usize = 100;
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

    /// Compares a page of payments with the ledger.
    async fn checks(&self, ctx: &Ctx, query: ChecksQuery) -> Result<ChecksPage, PaymentsError>;
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

/// Files to banks, and their answers.
#[async_trait]
pub trait Rails: Send + Sync {
    /// Puts the payments that wait into a file now, instead of after a while. Nothing waits: no file.
    async fn make_files(&self, ctx: &Ctx) -> Result<RailFileList, PaymentsError>;

    async fn rail_files(&self, ctx: &Ctx) -> Result<RailFileList, PaymentsError>;

    async fn rail_file(&self, ctx: &Ctx, id: RailFileId) -> Result<RailFile, PaymentsError>;

    /// The same bytes each time.
    async fn rail_file_content(&self, ctx: &Ctx, id: RailFileId) -> Result<RailFileContent, PaymentsError>;

    /// Applies what a bank says. The same file again answers the first report.
    async fn take_answer(&self, ctx: &Ctx, command: TakeAnswer) -> Result<AnswerReport, PaymentsError>;
}

/// Files of payments that callers send.
#[async_trait]
pub trait Uploads: Send + Sync {
    /// Makes a payment for each line. What is wrong with a file is a file with the state `refused`, and not an error.
    async fn upload(&self, ctx: &Ctx, command: UploadFile) -> Result<Upload, PaymentsError>;

    async fn upload_of(&self, ctx: &Ctx, id: UploadId) -> Result<Upload, PaymentsError>;

    async fn upload_lines(&self, ctx: &Ctx, query: UploadLinesQuery) -> Result<UploadLines, PaymentsError>;

    async fn upload_report(&self, ctx: &Ctx, query: UploadReportQuery) -> Result<UploadReport, PaymentsError>;
}

pub trait Payments: Orders + Arrangements + Policies + Rails + Uploads {}

impl<T: Orders + Arrangements + Policies + Rails + Uploads> Payments for T {}
