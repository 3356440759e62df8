//! History: balances, sums and statements as of any instant, by either of two clocks.

use async_trait::async_trait;
use kernel::{Ctx, Currency, Money, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AccountPath, LedgerError, Reference, RollUp, Side, TransactionId, TransactionKind};

/// Queries about the past. "As of" an instant includes that instant; a range includes its start and excludes its end,
/// so that consecutive ranges neither overlap nor leave gaps.
#[async_trait]
pub trait History: Send + Sync {
    /// Before it was opened an account's balance is zero; an instant after the last commit means now.
    async fn balance(&self, ctx: &Ctx, query: BalanceQuery) -> Result<AccountBalance, LedgerError>;
    /// The sums of all accounts at or below a path, per currency, in one snapshot.
    async fn roll_up(&self, ctx: &Ctx, query: RollUpQuery) -> Result<RollUp, LedgerError>;
    /// Debits and credits of all accounts, or of those at or below a path, per currency and group of accounts.
    async fn trial_balance(&self, ctx: &Ctx, query: TrialBalanceQuery) -> Result<TrialBalance, LedgerError>;
    /// A page of posted balances of the accounts at or below a path, in path order.
    async fn balances(&self, ctx: &Ctx, query: BalancesQuery) -> Result<BalancesPage, LedgerError>;

    /// One page of an account's movements; all pages reached from each other show the same state of the books.
    async fn statement(&self, ctx: &Ctx, query: StatementQuery) -> Result<Statement, LedgerError>;
}

/// The clock that an instant refers to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeBasis {
    /// When a row was recorded: what the books said at the time.
    #[default]
    Record,
    /// When a row takes effect: what is known today about that time.
    Event,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalanceQuery {
    pub path: AccountPath,
    /// `None` means now.
    #[serde(default)]
    pub at: Option<Timestamp>,
    #[serde(default)]
    pub by: TimeBasis,
}

/// On the account's normal side, except for the four sums.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountBalance {
    pub path: AccountPath,
    pub currency: Currency,
    /// What was booked.
    pub posted: Money,
    /// Amounts that pending transactions held to arrive.
    pub pending_in: Money,
    /// Amounts that pending transactions held to leave.
    pub pending_out: Money,
    pub posted_debits: Money,
    pub posted_credits: Money,
    pub pending_debits: Money,
    pub pending_credits: Money,
    /// The account's version then; only by record time, since there are no versions by event time.
    pub version: Option<u64>,
    /// The requested instant; absent for the present.
    pub at: Option<Timestamp>,
    pub by: TimeBasis,
    /// The last log row included.
    pub as_of_seq: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalancesQuery {
    pub prefix: AccountPath,
    /// `None` means now.
    #[serde(default)]
    pub at: Option<Timestamp>,
    #[serde(default)]
    pub by: TimeBasis,
    /// The path after which the page starts; it need not be an account.
    #[serde(default)]
    pub after: Option<AccountPath>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalancesPage {
    pub items: Vec<PostedBalance>,
    /// The last path of this page, if there are more.
    pub next: Option<AccountPath>,
    /// The last log row included.
    pub as_of_seq: u64,
}

/// On the account's normal side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostedBalance {
    pub path: AccountPath,
    pub posted: Money,
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
    /// Only the account with this path and those below it; `None` for the whole book.
    #[serde(default)]
    pub prefix: Option<AccountPath>,
    /// Number of path segments, below the prefix, by which accounts are grouped; `None` for single accounts.
    #[serde(default)]
    pub depth: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrialBalance {
    /// The requested instant; absent for the present.
    pub at: Option<Timestamp>,
    pub by: TimeBasis,
    /// The last log row included.
    pub as_of_seq: u64,
    pub prefix: Option<AccountPath>,
    pub depth: Option<u8>,
    /// The number of accounts.
    pub accounts: u64,
    /// One entry per currency.
    pub currencies: Vec<TrialCurrency>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrialCurrency {
    pub currency: Currency,
    /// In path order.
    pub lines: Vec<TrialLine>,
    pub debits: Money,
    pub credits: Money,
    /// Total of the debit balances.
    pub debit_balances: Money,
    /// Total of the credit balances.
    pub credit_balances: Money,
    /// Whether debits equal credits; over a whole book they always do.
    pub balanced: bool,
}

/// One account, or all at and below one path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TrialLine {
    pub path: AccountPath,
    pub accounts: u64,
    /// Posted debits.
    pub debits: Money,
    /// Posted credits.
    pub credits: Money,
    /// Debits minus credits, if not negative.
    pub debit_balance: Option<Money>,
    /// Credits minus debits, if positive.
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
    /// The first instant of the range; `None` means the account's opening.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// The first instant after the range; `None` means everything known.
    #[serde(default)]
    pub to: Option<Timestamp>,
    #[serde(default)]
    pub by: TimeBasis,
    #[serde(default)]
    pub order: StatementOrder,
    /// Include rows that move no money: holds, increases, releases.
    #[serde(default)]
    pub holds: bool,
    /// Where the page starts.
    #[serde(default)]
    pub after: Option<StatementCursor>,
    #[serde(default)]
    pub limit: Option<usize>,
}

/// A position between two rows of a statement, and the state of the books that it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementCursor {
    pub as_of_seq: u64,
    /// Microseconds; only by event time.
    pub time: i64,
    pub seq: u64,
    /// Towards the start of the statement.
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
    /// The last log row included.
    pub as_of_seq: u64,
    /// Before the whole range.
    pub opening: StatementBalance,
    /// After the whole range.
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
    /// Its log row.
    pub seq: u64,
    pub transaction: TransactionId,
    pub kind: TransactionKind,
    /// This account's side.
    pub direction: Side,
    /// The account on the other side.
    pub counterpart: AccountPath,
    /// The amount moved; for a hold, the amount held or released.
    pub amount: Money,
    pub reference: Option<Reference>,
    pub recorded_at: Timestamp,
    pub effective_at: Timestamp,
    /// After this row, in the statement's order.
    pub balance: StatementBalance,
}

impl Movement {
    /// Whether it changes the posted balance; holds and releases do not.
    pub fn moves_money(&self) -> bool {
        let books = matches!(self.kind, TransactionKind::Posted | TransactionKind::Post | TransactionKind::Reversal);
        books && self.amount.minor() > 0
    }
}
