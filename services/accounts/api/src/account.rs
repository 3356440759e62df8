//! Accounts: what they are opened with, their states and blocks.

use jiff::civil::Date;
use kernel::{Currency, Id, IdKind, Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CustomerId, Fee, Limits, ProductId, User};

#[derive(Debug, Clone, Copy)]
pub enum AccountTag {}

impl IdKind for AccountTag {
    const PREFIX: &'static str = "acct";
}

pub type AccountId = Id<AccountTag>;

#[derive(Debug, Clone, Copy)]
pub enum BlockTag {}

impl IdKind for BlockTag {
    const PREFIX: &'static str = "block";
}

pub type BlockId = Id<BlockTag>;

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AccountState {
    /// Its account in the ledger is being opened.
    Opening,
    Active,
    /// Interest is paid out and the rest moved; then it is closed.
    Closing,
    Closed,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr, strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum BlockKind {
    /// Nothing may leave.
    Debit,
    /// Nothing may arrive.
    Credit,
    Both,
}

/// Payments and cards ask for blocks before they begin. A freeze by law is the ledger's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Block {
    #[schema(value_type = String, example = "block_01kppyzd5gfmra2qsx5rkvr8wb")]
    pub id: BlockId,
    pub kind: BlockKind,
    pub reason: String,
    pub author: String,
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

/// As the ledger says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Amounts {
    pub posted: Money,
    /// What can leave now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<Money>,
    pub pending_in: Money,
    pub pending_out: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    #[schema(value_type = String, example = "acct_01kppyzd5gfmra2qsx5rkvr8wb")]
    pub id: AccountId,
    #[schema(value_type = String)]
    pub product: ProductId,
    /// The version of the product's terms.
    pub version: u32,
    pub state: AccountState,
    pub currency: Currency,
    /// An IBAN, or a routing and an account number with a dash between them.
    #[schema(example = "DE02500105170000000012")]
    pub number: String,
    /// The first one is the owner in the ledger.
    #[schema(value_type = Vec<String>)]
    pub holders: Vec<CustomerId>,
    pub overdraft: Money,
    /// Of a term deposit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
    pub blocks: Vec<Block>,
    /// Only where a single account is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balances: Option<Amounts>,
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed_at: Option<Timestamp>,
}

/// What happens to a term deposit on the day of its maturity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AtMaturity {
    /// The account is closed, and all that is on it goes to the linked account.
    PayOut,
    /// It begins again, with the rates of that day.
    RollOver,
}

/// Until its maturity nothing may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Term {
    #[schema(value_type = String, format = Date)]
    pub begins: Date,
    /// The first day after the term.
    #[schema(value_type = String, format = Date)]
    pub matures: Date,
    pub at_maturity: AtMaturity,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenTerm {
    pub at_maturity: AtMaturity,
    /// Takes what the deposit was, at maturity or before it.
    #[schema(value_type = String)]
    pub linked: AccountId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenAccount {
    #[schema(value_type = String, example = "prod_01kppyzd5gfmra2qsx5rkvr8wb")]
    pub product: ProductId,
    /// 1 to 10 active customers; the first one is the owner in the ledger.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 10)]
    pub holders: Vec<CustomerId>,
    /// How far below zero it may go; not at all if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdraft: Option<Money>,
    /// Needed for a term deposit, and for nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<OpenTerm>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeAccount {
    pub id: AccountId,
    /// How far below zero it may go.
    pub overdraft: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddBlock {
    pub account: AccountId,
    pub kind: BlockKind,
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoveBlock {
    pub account: AccountId,
    pub block: BlockId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseAccount {
    pub id: AccountId,
    /// Takes what is left, after interest; needed unless nothing is, or an account is linked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest_to: Option<AccountId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindAccount {
    Id(AccountId),
    Number(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountQuery {
    /// Only what this customer holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<AccountId>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPage {
    pub items: Vec<Account>,
    pub more: bool,
}

/// What payments and cards need to know of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountFacts {
    #[schema(value_type = String)]
    pub id: AccountId,
    pub number: String,
    pub state: AccountState,
    pub currency: Currency,
    /// Its account in the ledger.
    #[schema(example = "customers:acct_01kppyzd5gfmra2qsx5rkvr8wb")]
    pub ledger_path: String,
    #[schema(value_type = Vec<String>)]
    pub holders: Vec<CustomerId>,
    /// Who acts for the holders.
    pub users: Vec<User>,
    /// Whether nothing may leave, by a block that is in force or before a deposit's maturity.
    pub debit_blocked: bool,
    /// Whether nothing may arrive, by a block that is in force.
    pub credit_blocked: bool,
    pub limits: Limits,
    /// What is charged for an occasion, as of today.
    pub fees: Vec<Fee>,
}
