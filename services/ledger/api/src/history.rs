//! What the ledger knows of the past: balances, sums and statements as of any instant, by either of two clocks.

use async_trait::async_trait;
use kernel::{Ctx, Currency, Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AccountPath, LedgerError, Reference, RollUp, Side, TransactionId, TransactionKind};

/// Questions about the past. "As of" an instant includes what happened at it; a range holds its beginning and not its end,
/// so that ranges that follow each other share nothing and leave nothing out.
#[async_trait]
pub trait History: Send + Sync {
    /// Before it was opened an account stood at zero; an instant behind the last commit is now.
    async fn balance(&self, ctx: &Ctx, query: BalanceQuery) -> Result<AccountBalance, LedgerError>;
    /// The sums of all accounts at or below a path, per currency, in one snapshot.
    async fn roll_up(&self, ctx: &Ctx, query: RollUpQuery) -> Result<RollUp, LedgerError>;
    /// Debits and credits of all accounts, or of those at or below a path, per currency and group of accounts.
    async fn trial_balance(&self, ctx: &Ctx, query: TrialBalanceQuery) -> Result<TrialBalance, LedgerError>;
    /// One page of what moved on an account; all pages that are reached from one another show the same state of the books.
    async fn statement(&self, ctx: &Ctx, query: StatementQuery) -> Result<Statement, LedgerError>;
}

/// Which clock an instant is read from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeBasis {
    /// When it was recorded: what the books said at the time.
    #[default]
    Record,
    /// When it counts from: what is known today about then.
    Event,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalanceQuery {
    pub path: AccountPath,
    /// Nothing is now.
    #[serde(default)]
    pub at: Option<Timestamp>,
    #[serde(default)]
    pub by: TimeBasis,
}

/// All on the account's normal side, but for the four sums.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountBalance {
    pub path: AccountPath,
    pub currency: Currency,
    /// What had been booked.
    pub posted: Money,
    /// What pending transactions held to arrive.
    pub pending_in: Money,
    /// What pending transactions held to leave.
    pub pending_out: Money,
    pub posted_debits: Money,
    pub posted_credits: Money,
    pub pending_debits: Money,
    pub pending_credits: Money,
    /// The account's version then; only by record time, since no version ever stood at an instant of the other clock.
    pub version: Option<u64>,
    /// The instant that was asked for; nothing where that was the present.
    pub at: Option<Timestamp>,
    pub by: TimeBasis,
    /// The last row of the log that was looked at.
    pub as_of_seq: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollUpQuery {
    pub prefix: AccountPath,
    #[serde(default)]
    pub at: Option<Timestamp>,
    #[serde(default)]
    pub by: TimeBasis,
}

impl RollUpQuery {
    pub fn now(prefix: AccountPath) -> RollUpQuery {
        RollUpQuery { prefix, at: None, by: TimeBasis::Record }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialBalanceQuery {
    #[serde(default)]
    pub at: Option<Timestamp>,
    #[serde(default)]
    pub by: TimeBasis,
    /// Only the account with this path and those below it. Nothing is the whole book.
    #[serde(default)]
    pub prefix: Option<AccountPath>,
    /// Segments of the path, below the prefix, by which accounts are put together. Nothing is each by itself.
    #[serde(default)]
    pub depth: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrialBalance {
    /// The instant that was asked for; nothing where that was the present.
    pub at: Option<Timestamp>,
    pub by: TimeBasis,
    /// The last row of the log that was looked at.
    pub as_of_seq: u64,
    pub prefix: Option<AccountPath>,
    pub depth: Option<u8>,
    /// Accounts that were added up.
    pub accounts: u64,
    /// One entry for each currency.
    pub currencies: Vec<TrialCurrency>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrialCurrency {
    pub currency: Currency,
    /// In the order of their paths.
    pub lines: Vec<TrialLine>,
    pub debits: Money,
    pub credits: Money,
    /// Of the column of debit balances.
    pub debit_balances: Money,
    /// Of the column of credit balances.
    pub credit_balances: Money,
    /// Whether debits equal credits; of a whole book they always do.
    pub balanced: bool,
}

/// One account, or all at and below one path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrialLine {
    pub path: AccountPath,
    pub accounts: u64,
    /// What had been debited and booked.
    pub debits: Money,
    /// What had been credited and booked.
    pub credits: Money,
    /// Debits less credits, where that is not below zero.
    pub debit_balance: Option<Money>,
    /// Credits less debits, where that is above zero.
    pub credit_balance: Option<Money>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatementOrder {
    #[default]
    OldestFirst,
    NewestFirst,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementQuery {
    pub path: AccountPath,
    /// The first instant of the range. Nothing is the account's opening.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// The first instant behind the range. Nothing is all that is known.
    #[serde(default)]
    pub to: Option<Timestamp>,
    #[serde(default)]
    pub by: TimeBasis,
    #[serde(default)]
    pub order: StatementOrder,
    /// Also rows that move no money: holds, increases, releases.
    #[serde(default)]
    pub holds: bool,
    /// Where the page starts.
    #[serde(default)]
    pub after: Option<StatementCursor>,
    #[serde(default)]
    pub limit: Option<usize>,
}

/// A place between two rows of a statement, and the state of the books that it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementCursor {
    pub as_of_seq: u64,
    /// Microseconds; only by event time.
    pub time: i64,
    pub seq: u64,
    /// Towards the beginning of the statement.
    pub backward: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    pub path: AccountPath,
    pub currency: Currency,
    pub normal: Side,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub by: TimeBasis,
    pub order: StatementOrder,
    /// The last row of the log that was known to it.
    pub as_of_seq: u64,
    /// Before the whole range.
    pub opening: StatementBalance,
    /// Behind the whole range.
    pub closing: StatementBalance,
    pub movements: Vec<Movement>,
    pub next: Option<StatementCursor>,
    pub previous: Option<StatementCursor>,
}

/// On the account's normal side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatementBalance {
    pub posted: Money,
    pub pending_in: Money,
    pub pending_out: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Movement {
    /// Its row in the log.
    pub seq: u64,
    pub transaction: TransactionId,
    pub kind: TransactionKind,
    /// The side of this account.
    pub direction: Side,
    /// The account on the other side.
    pub counterpart: AccountPath,
    /// What moved; of a hold, what is held or released.
    pub amount: Money,
    pub reference: Option<Reference>,
    pub recorded_at: Timestamp,
    pub effective_at: Timestamp,
    /// Behind this row, in the statement's order of time.
    pub balance: StatementBalance,
}

impl Movement {
    /// Whether it changes what is booked; holds and releases do not.
    pub fn moves_money(&self) -> bool {
        let books = matches!(self.kind, TransactionKind::Posted | TransactionKind::Post | TransactionKind::Reversal);
        books && self.amount.minor() > 0
    }
}
