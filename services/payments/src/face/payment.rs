//! Payments: commands and answers.

use jiff::civil::Date;
use kernel::{Id, IdKind, Money, Timestamp};
use ledger_api::{AccountPath, Reference, TransactionId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::face::{Creditor, PayeeId, Rail, RailFileId, StandingId};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentTag {}

impl IdKind for PaymentTag {
    const PREFIX: &'static str = "pay";
}

pub type PaymentId = Id<PaymentTag>;

/// Who pays or is paid: the path of an account, a payee, or an IBAN with a name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// An account in the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "customers:ann")]
    pub path: Option<AccountPath>,
    /// A payee of the payer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub payee: Option<PayeeId>,
    /// An account at another bank. Only to be paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "DE89370400440532013000")]
    pub iban: Option<String>,
    /// Of the IBAN's owner, at most 70 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Bob Miller")]
    pub name: Option<String>,
    /// Of the IBAN's bank, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "COBADEFFXXX")]
    pub bic: Option<String>,
}

impl Side {
    pub fn path(path: AccountPath) -> Side {
        Side { path: Some(path), ..Side::default() }
    }

    /// An account at another bank.
    pub fn iban(iban: impl Into<String>, name: impl Into<String>) -> Side {
        Side { iban: Some(iban.into()), name: Some(name.into()), ..Side::default() }
    }
}

/// Moves an amount from one account to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePayment {
    /// The account that pays, by its path.
    pub from: Side,
    /// The account that is paid, a payee, or an account at another bank.
    pub to: Side,
    /// What the payee gets, above zero.
    pub amount: Money,
    /// For the payee, at most 140 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "rent")]
    pub text: Option<String>,
    /// The caller's own reference for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub reference: Option<Reference>,
    /// The day on which it is carried out; at once if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub on: Option<Date>,
    /// Only says what would happen.
    #[serde(default)]
    pub dry_run: bool,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PaymentState {
    /// Approvals are missing.
    AwaitingApproval,
    /// Its day has not come.
    Scheduled,
    /// It is being carried out. Nothing has to be done: it ends by itself.
    Processing,
    /// The money is held, and the payment waits for the next file to the bank.
    Held,
    /// Booked from the payer's account, and in a file to the bank.
    Submitted,
    /// Booked in the ledger; over a rail, carried out by the bank.
    Settled,
    /// Refused for the reason that it names, by the ledger, a limit, a person or the bank. It can be made again under
    /// another key.
    Rejected,
    /// By a person, or because approvals did not come in time.
    Cancelled,
    /// It was settled, and the payee's bank has sent it back.
    Returned,
}

impl PaymentState {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A person's approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Approval {
    pub by: String,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Payment {
    #[schema(value_type = String)]
    pub id: PaymentId,
    pub state: PaymentState,
    /// Why it was rejected, cancelled or returned: a refusal's code of the ledger or of payments, or the bank's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "insufficient_funds")]
    pub reason: Option<String>,
    pub rail: Rail,
    #[schema(value_type = String, example = "customers:ann")]
    pub from: AccountPath,
    /// The account that is credited; over a rail, the rail's clearing account.
    #[schema(value_type = String, example = "customers:bob")]
    pub to: AccountPath,
    /// Who is paid outside of the house.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creditor: Option<Creditor>,
    /// The file in which it went to the bank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub file: Option<RailFileId>,
    /// What came back; a bank may keep a charge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub payee: Option<PayeeId>,
    pub amount: Money,
    /// Taken from the payer beside the amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub reference: Option<Reference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub on: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub standing_order: Option<StandingId>,
    /// Approvals that it needs.
    pub approvals_needed: u8,
    pub approvals: Vec<Approval>,
    /// The transaction that debits the payer, once it is booked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub transaction: Option<TransactionId>,
    /// Who made it.
    pub made_by: String,
    pub created_at: Timestamp,
    /// When it was settled, rejected, cancelled or returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// When it is cancelled for want of approvals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The same command was executed before.
    pub replayed: bool,
    /// Nothing was written.
    pub dry_run: bool,
}

/// One step of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryStep {
    pub state: PaymentState,
    pub at: Timestamp,
    /// Who took it: a person, or `payments` itself.
    pub by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A payment and its steps, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaymentFound {
    #[serde(flatten)]
    pub payment: Payment,
    pub history: Vec<HistoryStep>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Approve,
    Reject,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecidePayment {
    pub payment: PaymentId,
    pub verdict: Verdict,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelPayment {
    pub payment: PaymentId,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentQuery {
    pub from: Option<AccountPath>,
    pub state: Option<PaymentState>,
    /// The payment before which the page starts.
    pub before: Option<PaymentId>,
    pub limit: usize,
}

/// The newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentPage {
    pub items: Vec<Payment>,
    /// The payment after which the next page starts, if there is one. A page may have fewer items than it could.
    pub next: Option<PaymentId>,
}
