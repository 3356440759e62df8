//! The interface of accounts: its traits, commands, answers and refusals.
//!
//! Other rooms depend on this crate and never on accounts itself. It contains plain data that can travel between
//! processes, and no rule. Amounts of movements are signed from the account's side: a credit is positive. Start reading
//! at [`Accounts`], then [`Terms`] and [`Movement`].

mod account;
mod customer;
mod day;
mod fee;
mod movement;
mod product;
mod rate;
mod refusal;
mod remote;
mod rule;
mod statement;

use async_trait::async_trait;
use jiff::civil::Date;
use kernel::Ctx;
use platform::error::ServiceError;

pub use account::{
    Account, AccountFacts, AccountId, AccountPage, AccountQuery, AccountState, AccountTag, AddBlock, Amounts,
    AtMaturity, Block, BlockId, BlockKind, BlockTag, ChangeAccount, CloseAccount, FindAccount, OpenAccount, OpenTerm,
    RemoveBlock, Term,
};
pub use customer::{
    Address, ChangeCustomer, CreateCustomer, Customer, CustomerId, CustomerKind, CustomerPage, CustomerQuery,
    CustomerState, CustomerTag, Find, Profile, PutUser, RemoveUser, Role, TaxId, User, UserList,
};
pub use day::{
    DayPhase, DayRun, DayTotal, InterestDay, InterestPage, InterestQuery, LeftOut, LeftOutReason, Verified, Verify,
};
pub use fee::{ChangeCharge, Charge, ChargeChange, ChargeFee, ChargeList, ChargeState, Fee, FeeWhen};
pub use movement::{
    Category, Direction, Kind, Movement, MovementId, MovementPage, MovementQuery, MovementStatus, MovementTag,
    SetCategory,
};
pub use product::{
    CreateProduct, DayCount, Deposit, InterestTerms, Limits, NewVersion, Overdraft, Posting, Product, ProductId,
    ProductKind, ProductPage, ProductQuery, ProductState, ProductTag, Rates, SetRates, Terms, Tier, TierMode,
};
pub use rate::{Rate, RateError};
pub use refusal::Refusal;
pub use remote::{FACE, RemoteAccounts};
pub use rule::{AddRule, RemoveRule, Rule, RuleId, RuleList, RuleTag};
pub use statement::{
    Statement, StatementHead, StatementLine, StatementList, StatementQuery, Summary, SummaryBy, SummaryLine,
    SummaryQuery,
};

/// The name of the room.
pub const SERVICE: &str = "accounts";

/// Why a call to accounts has no result.
pub type AccountsError = ServiceError<Refusal>;

/// Bounds of one call; each has its refusal.
pub mod limits {
    /// Items of one page.
    pub const PAGE_MAX: usize = 500;
    /// Customers who hold one account together.
    pub const HOLDERS_MAX: usize = 10;
    /// Users of one customer.
    pub const USERS_MAX: usize = 50;
    /// Characters of a name.
    pub const NAME_CHARS_MAX: usize = 140;
    /// Characters of a reason, a line of an address, an external id.
    pub const TEXT_CHARS_MAX: usize = 70;
    pub const TAX_IDS_MAX: usize = 5;
    /// Tiers of one set of rates.
    pub const TIERS_MAX: usize = 20;
    /// Sets of rates of one product.
    pub const RATES_MAX: usize = 500;
    /// Blocks of one account that have not ended.
    pub const BLOCKS_MAX: usize = 50;
    /// Rows that one search looks at.
    pub const ROWS_LOOKED_MAX: usize = 20_000;
    /// Fees of one product.
    pub const FEES_MAX: usize = 20;
    /// A customer's own rules for categories.
    pub const RULES_MAX: usize = 200;
    /// Words of one search.
    pub const WORDS_MAX: usize = 8;
}

/// Customers and the people who act for them.
#[async_trait]
pub trait Customers: Send + Sync {
    /// Under the id that is given, if one is; the same again answers the same customer.
    async fn create_customer(&self, ctx: &Ctx, command: CreateCustomer) -> Result<Customer, AccountsError>;

    async fn customer(&self, ctx: &Ctx, id: CustomerId) -> Result<Customer, AccountsError>;

    async fn customers(&self, ctx: &Ctx, query: CustomerQuery) -> Result<CustomerPage, AccountsError>;

    async fn change_customer(&self, ctx: &Ctx, command: ChangeCustomer) -> Result<Customer, AccountsError>;

    async fn put_user(&self, ctx: &Ctx, command: PutUser) -> Result<UserList, AccountsError>;

    async fn remove_user(&self, ctx: &Ctx, command: RemoveUser) -> Result<UserList, AccountsError>;

    async fn users(&self, ctx: &Ctx, id: CustomerId) -> Result<UserList, AccountsError>;

    /// Makes everything personal about a customer unreadable, once none of their accounts is open.
    async fn erase_customer(&self, ctx: &Ctx, id: CustomerId) -> Result<Customer, AccountsError>;
}

/// What accounts are opened under.
#[async_trait]
pub trait Products: Send + Sync {
    async fn create_product(&self, ctx: &Ctx, command: CreateProduct) -> Result<Product, AccountsError>;

    async fn product(&self, ctx: &Ctx, id: ProductId) -> Result<Product, AccountsError>;

    async fn products(&self, ctx: &Ctx, query: ProductQuery) -> Result<ProductPage, AccountsError>;

    /// Terms for accounts that are opened after the next activation.
    async fn new_version(&self, ctx: &Ctx, command: NewVersion) -> Result<Product, AccountsError>;

    /// Opens the product's accounts in the ledger, and puts the newest version into use.
    async fn activate_product(&self, ctx: &Ctx, id: ProductId) -> Result<Product, AccountsError>;

    /// No account is opened under it any more.
    async fn retire_product(&self, ctx: &Ctx, id: ProductId) -> Result<Product, AccountsError>;

    /// Announces rates from a day on.
    async fn set_rates(&self, ctx: &Ctx, command: SetRates) -> Result<Product, AccountsError>;
}

/// Accounts, and the end of each day.
#[async_trait]
pub trait AccountKeeping: Send + Sync {
    async fn open_account(&self, ctx: &Ctx, command: OpenAccount) -> Result<Account, AccountsError>;

    async fn account(&self, ctx: &Ctx, id: AccountId) -> Result<Account, AccountsError>;

    async fn accounts(&self, ctx: &Ctx, query: AccountQuery) -> Result<AccountPage, AccountsError>;

    async fn change_account(&self, ctx: &Ctx, command: ChangeAccount) -> Result<Account, AccountsError>;

    async fn add_block(&self, ctx: &Ctx, command: AddBlock) -> Result<Account, AccountsError>;

    async fn remove_block(&self, ctx: &Ctx, command: RemoveBlock) -> Result<Account, AccountsError>;

    async fn close_account(&self, ctx: &Ctx, command: CloseAccount) -> Result<Account, AccountsError>;

    /// What payments and cards ask before they begin.
    async fn facts(&self, ctx: &Ctx, find: FindAccount) -> Result<AccountFacts, AccountsError>;

    /// Interest by day, the newest first, and what has accrued and was not posted.
    async fn interest(&self, ctx: &Ctx, query: InterestQuery) -> Result<InterestPage, AccountsError>;

    async fn day(&self, ctx: &Ctx, day: Date) -> Result<DayRun, AccountsError>;

    /// Continues the run of the day, after those before it. An answer whose phase is not `done` is continued later, or by
    /// the same call.
    async fn close_day(&self, ctx: &Ctx, day: Date) -> Result<DayRun, AccountsError>;

    /// Compares everything with the ledger.
    async fn verify(&self, ctx: &Ctx, command: Verify) -> Result<Verified, AccountsError>;
}

/// The ledger's movements, as seen from accounts, and statements of them.
#[async_trait]
pub trait Transactions: Send + Sync {
    async fn movements(&self, ctx: &Ctx, query: MovementQuery) -> Result<MovementPage, AccountsError>;

    async fn movement(&self, ctx: &Ctx, id: MovementId) -> Result<Movement, AccountsError>;

    async fn set_category(&self, ctx: &Ctx, command: SetCategory) -> Result<Movement, AccountsError>;

    /// Sums by category or month, per currency.
    async fn summary(&self, ctx: &Ctx, query: SummaryQuery) -> Result<Summary, AccountsError>;

    async fn rules(&self, ctx: &Ctx, customer: CustomerId) -> Result<RuleList, AccountsError>;

    /// For movements that are booked from now on.
    async fn add_rule(&self, ctx: &Ctx, command: AddRule) -> Result<Rule, AccountsError>;

    async fn remove_rule(&self, ctx: &Ctx, command: RemoveRule) -> Result<(), AccountsError>;

    async fn statements(&self, ctx: &Ctx, account: AccountId) -> Result<StatementList, AccountsError>;

    /// A page of one.
    async fn statement(&self, ctx: &Ctx, query: StatementQuery) -> Result<Statement, AccountsError>;
}

/// Fees of an account.
#[async_trait]
pub trait Fees: Send + Sync {
    async fn charges(&self, ctx: &Ctx, account: AccountId) -> Result<ChargeList, AccountsError>;

    /// For an occasion, once: the same again answers the same charge.
    async fn charge_fee(&self, ctx: &Ctx, command: ChargeFee) -> Result<Charge, AccountsError>;

    async fn change_charge(&self, ctx: &Ctx, command: ChangeCharge) -> Result<Charge, AccountsError>;
}

pub trait Accounts: Customers + Products + AccountKeeping + Transactions + Fees {}

impl<T: Customers + Products + AccountKeeping + Transactions + Fees> Accounts for T {}
