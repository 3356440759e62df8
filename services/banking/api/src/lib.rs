//! The interface of banking: its traits, commands, answers and refusals.
//!
//! Other rooms depend on this crate and never on banking itself. It contains plain data that can travel between
//! processes, and no rule. Amounts are signed from the account's side: a credit is positive. Start reading at
//! [`Banking`], then [`ImportFile`] and [`Transaction`].

mod account;
mod arrangement;
mod code;
mod connection;
mod day;
mod import;
mod refusal;
mod remote;
mod transaction;

use async_trait::async_trait;
use kernel::Ctx;
use platform::error::ServiceError;

pub use account::{
    AccountId, AccountKind, AccountPage, AccountQuery, AccountTag, Balance, BalanceKind, BalancePage, BalanceQuery,
    BankAccount, ChangeAccount, Gap, GapPage, Holding, HoldingList, InterimReports, Source,
};
pub use arrangement::{
    AddRule, Erase, Layout, LayoutValue, Profile, ProfileList, PutProfile, Rule, RuleId, RuleList, RuleTag,
};
pub use code::Code;
pub use connection::{
    ChangeConnection, Connect, Connection, ConnectionChange, ConnectionId, ConnectionList, ConnectionState,
    ConnectionTag, ConnectionTest, LinkBank, LinkToken, TestStep, Webhook,
};
pub use day::Day;
pub use import::{
    ChangeImport, Counts, Import, ImportChange, ImportFile, ImportId, ImportOptions, ImportPage, ImportQuery,
    ImportState, ImportTag, Part, PartBytes, Warning,
};
pub use refusal::{Mistake, Refusal};
pub use remote::{FACE, RemoteBanking};
pub use transaction::{
    ChangeTransaction, Charge, Counterparty, Detail, References, Status, Transaction, TransactionChange, TransactionId,
    TransactionPage, TransactionQuery, TransactionTag,
};

/// The name of the room.
pub const SERVICE: &str = "banking";

/// Why a call to banking has no result.
pub type BankingError = ServiceError<Refusal>;

/// Bounds of one call; each has its refusal.
pub mod limits {
    /// Bytes of a file.
    pub const FILE_BYTES_MAX: u64 = 256 << 20;
    /// Bytes of one part of a file on its way.
    pub const PART_BYTES_MAX: usize = 1 << 20;
    /// Items of one page.
    pub const PAGE_MAX: usize = 500;
    /// Rules of one owner or entity.
    pub const RULES_MAX: usize = 500;
    /// CSV profiles of one owner or entity.
    pub const PROFILES_MAX: usize = 100;
    /// Characters of a name or a category.
    pub const NAME_CHARS_MAX: usize = 64;
    /// Warnings that an import keeps; the rest is counted.
    pub const WARNINGS_MAX: usize = 100;
}

/// Files of statements: received in parts, then imported.
#[async_trait]
pub trait Imports: Send + Sync {
    /// Takes one part of a file. A part that is sent again replaces itself.
    async fn receive(&self, ctx: &Ctx, part: Part) -> Result<(), BankingError>;

    /// Imports a file whose parts have all been received.
    async fn import(&self, ctx: &Ctx, command: ImportFile) -> Result<Import, BankingError>;

    /// Withdraws an import, or restores it.
    async fn change_import(&self, ctx: &Ctx, command: ChangeImport) -> Result<Import, BankingError>;

    async fn import_of(&self, ctx: &Ctx, id: ImportId) -> Result<Import, BankingError>;

    async fn imports(&self, ctx: &Ctx, query: ImportQuery) -> Result<ImportPage, BankingError>;
}

/// Accounts, and what their banks said of them.
#[async_trait]
pub trait Accounts: Send + Sync {
    async fn accounts(&self, ctx: &Ctx, query: AccountQuery) -> Result<AccountPage, BankingError>;

    async fn account(&self, ctx: &Ctx, id: AccountId) -> Result<BankAccount, BankingError>;

    async fn change_account(&self, ctx: &Ctx, command: ChangeAccount) -> Result<BankAccount, BankingError>;

    async fn balances(&self, ctx: &Ctx, query: BalanceQuery) -> Result<BalancePage, BankingError>;

    async fn holdings(&self, ctx: &Ctx, account: AccountId) -> Result<HoldingList, BankingError>;

    /// Differences between booked balances that the entries between them do not explain.
    async fn gaps(&self, ctx: &Ctx, query: AccountQuery) -> Result<GapPage, BankingError>;

    async fn transactions(&self, ctx: &Ctx, query: TransactionQuery) -> Result<TransactionPage, BankingError>;

    async fn transaction(&self, ctx: &Ctx, id: TransactionId) -> Result<Transaction, BankingError>;

    async fn change_transaction(&self, ctx: &Ctx, command: ChangeTransaction) -> Result<Transaction, BankingError>;
}

/// What people arrange: rules for categories, and profiles of CSV files.
#[async_trait]
pub trait Arrangements: Send + Sync {
    async fn rules(&self, ctx: &Ctx) -> Result<RuleList, BankingError>;

    async fn add_rule(&self, ctx: &Ctx, command: AddRule) -> Result<Rule, BankingError>;

    async fn remove_rule(&self, ctx: &Ctx, id: RuleId) -> Result<(), BankingError>;

    async fn profiles(&self, ctx: &Ctx) -> Result<ProfileList, BankingError>;

    async fn put_profile(&self, ctx: &Ctx, command: PutProfile) -> Result<Profile, BankingError>;

    /// Makes every name, number and text of an owner unreadable; sums and days stay.
    async fn erase(&self, ctx: &Ctx, command: Erase) -> Result<(), BankingError>;
}

/// Banks whose APIs are asked.
#[async_trait]
pub trait Connections: Send + Sync {
    async fn connect(&self, ctx: &Ctx, command: Connect) -> Result<Connection, BankingError>;

    /// A token for the page of Plaid, in which a person chooses a bank.
    async fn link(&self, ctx: &Ctx, command: LinkBank) -> Result<LinkToken, BankingError>;

    /// A notice of Plaid: the next round of the connection is due now.
    async fn webhook(&self, ctx: &Ctx, hook: Webhook) -> Result<(), BankingError>;

    async fn connections(&self, ctx: &Ctx) -> Result<ConnectionList, BankingError>;

    async fn connection(&self, ctx: &Ctx, id: ConnectionId) -> Result<Connection, BankingError>;

    async fn change_connection(&self, ctx: &Ctx, command: ChangeConnection) -> Result<Connection, BankingError>;

    /// Calls the bank step by step, and stores nothing.
    async fn test_connection(&self, ctx: &Ctx, id: ConnectionId) -> Result<ConnectionTest, BankingError>;
}

pub trait Banking: Imports + Accounts + Arrangements + Connections {}

impl<T: Imports + Accounts + Arrangements + Connections> Banking for T {}
