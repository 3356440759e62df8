//! The ledger in another process: the same traits over [`platform::rpc`], and the method table that answers them there.
//!
//! A method's name and its command are written once on each side, next to each other, so that the two cannot drift
//! apart unnoticed.

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use kernel::Ctx;
use platform::error::Failure;
use platform::feed::{Event, Pull};
use platform::room::Face;
use platform::rpc::{Methods, Outcome, Repeat, RpcClient};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{
    Account, AccountBalance, AccountPage, AccountPath, AccountQuery, Asset, BalanceQuery, BalancesPage, BalancesQuery,
    Batch, BatchReply, Book, BookName, Books, ChangeAccount, CreateBook, DeclareAsset, DeclareMetadataKey,
    EraseMetadata, Erasing, FindTransaction, History, Ledger, LedgerError, LedgerStatus, LineOutcome, MetadataErased,
    MetadataKey, OpenAccount, RollUp, RollUpQuery, Schedule, ScheduledPage, ScheduledQuery, Search, Statement,
    StatementQuery, Submit, Transaction, TransactionId, TransactionPage, TransactionQuery, TrialBalance,
    TrialBalanceQuery,
};

/// The name under which a ledger's methods are served.
pub const SERVICE: &str = "ledger";

/// The interface of all books of a ledger.
pub static FACE: Face<dyn Books> =
    Face { name: SERVICE, serve: |books| methods(SERVICE, books), remote: |rpc| Arc::new(RemoteBooks::new(rpc)) };

/// A command and the book it is for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InBook<B, C> {
    book: B,
    command: C,
}

/// The method table that answers a [`RemoteBooks`].
pub fn methods(service: &'static str, books: Arc<dyn Books>) -> Methods {
    let methods = Methods::new(service)
        .on("create_book", with(&books, |all, ctx, it| async move { all.create_book(&ctx, it).await }))
        .on("books", with(&books, |all, ctx, ()| async move { all.books(&ctx).await }));
    past(transactions(accounts(methods, &books), &books), &books)
}

fn accounts(methods: Methods, books: &Arc<dyn Books>) -> Methods {
    methods
        .on("declare_asset", in_book(books, |at, ctx, it| async move { at.declare_asset(&ctx, it).await }))
        .on("assets", in_book(books, |at, ctx, ()| async move { at.assets(&ctx).await }))
        .on("open_account", in_book(books, |at, ctx, it| async move { at.open_account(&ctx, it).await }))
        .on("change_account", in_book(books, |at, ctx, it| async move { at.change_account(&ctx, it).await }))
        .on("account", in_book(books, |at, ctx, it| async move { at.account(&ctx, &it).await }))
        .on("accounts", in_book(books, |at, ctx, it| async move { at.accounts(&ctx, it).await }))
        .on("status", in_book(books, |at, ctx, ()| async move { at.status(&ctx).await }))
}

fn transactions(methods: Methods, books: &Arc<dyn Books>) -> Methods {
    methods
        .on("submit", in_book(books, |at, ctx, it| async move { at.submit(&ctx, it).await }))
        .on("submit_batch", in_book(books, |at, ctx, it| async move { at.submit_batch(&ctx, it).await }))
        .on("transaction", in_book(books, |at, ctx, it| async move { at.transaction(&ctx, it).await }))
        .on("transactions_of", in_book(books, |at, ctx, it| async move { at.transactions_of(&ctx, it).await }))
        .on("scheduled", in_book(books, |at, ctx, it| async move { at.scheduled(&ctx, it).await }))
        .on("transactions", in_book(books, |at, ctx, it| async move { at.transactions(&ctx, it).await }))
        .on(
            "declare_metadata_key",
            in_book(books, |at, ctx, it| async move { at.declare_metadata_key(&ctx, it).await }),
        )
        .on("metadata_keys", in_book(books, |at, ctx, ()| async move { at.metadata_keys(&ctx).await }))
        .on(
            "remove_metadata_key",
            in_book(books, |at, ctx, it: String| async move { at.remove_metadata_key(&ctx, &it).await }),
        )
}

fn past(methods: Methods, books: &Arc<dyn Books>) -> Methods {
    methods
        .on("balance", in_book(books, |at, ctx, it| async move { at.balance(&ctx, it).await }))
        .on("balances", in_book(books, |at, ctx, it| async move { at.balances(&ctx, it).await }))
        .on("roll_up", in_book(books, |at, ctx, it| async move { at.roll_up(&ctx, it).await }))
        .on("trial_balance", in_book(books, |at, ctx, it| async move { at.trial_balance(&ctx, it).await }))
        .on("statement", in_book(books, |at, ctx, it| async move { at.statement(&ctx, it).await }))
        .on("events_after", in_book(books, |at, ctx, it| async move { at.events_after(&ctx, it).await }))
        .on("erase_metadata", in_book(books, |at, ctx, it| async move { at.erase_metadata(&ctx, it).await }))
}

type Answer<R> = Pin<Box<dyn Future<Output = Result<R, LedgerError>> + Send>>;

/// A method for all books.
fn with<C, R, F>(
    books: &Arc<dyn Books>,
    work: fn(Arc<dyn Books>, Ctx, C) -> F,
) -> impl Fn(Ctx, C) -> F + Send + Sync + Clone + 'static
where
    C: 'static,
    F: Future<Output = Result<R, LedgerError>> + 'static,
{
    let books = Arc::clone(books);
    move |ctx, command| work(Arc::clone(&books), ctx, command)
}

/// A method for one book.
fn in_book<C, R, F>(
    books: &Arc<dyn Books>,
    work: fn(Arc<dyn Ledger>, Ctx, C) -> F,
) -> impl Fn(Ctx, InBook<BookName, C>) -> Answer<R> + Send + Sync + Clone + 'static
where
    C: Send + 'static,
    R: 'static,
    F: Future<Output = Result<R, LedgerError>> + Send + 'static,
{
    let books = Arc::clone(books);
    move |ctx, asked: InBook<BookName, C>| {
        let books = Arc::clone(&books);
        Box::pin(async move { work(books.book(&asked.book).await?, ctx, asked.command).await })
    }
}

/// The books of a ledger in another process.
#[derive(Debug, Clone)]
pub struct RemoteBooks {
    rpc: RpcClient,
}

impl RemoteBooks {
    pub fn new(rpc: RpcClient) -> RemoteBooks {
        RemoteBooks { rpc }
    }
}

#[async_trait]
impl Books for RemoteBooks {
    async fn create_book(&self, ctx: &Ctx, command: CreateBook) -> Result<Book, LedgerError> {
        self.rpc.call(ctx, "create_book", &command, Repeat::Harmless).await
    }

    async fn books(&self, ctx: &Ctx) -> Result<Vec<Book>, LedgerError> {
        self.rpc.call(ctx, "books", &(), Repeat::Question).await
    }

    async fn book(&self, name: &BookName) -> Result<Arc<dyn Ledger>, LedgerError> {
        Ok(Arc::new(RemoteLedger { rpc: self.rpc.clone(), book: name.clone() }))
    }
}

/// One book of a ledger in another process.
#[derive(Debug, Clone)]
struct RemoteLedger {
    rpc: RpcClient,
    book: BookName,
}

impl RemoteLedger {
    async fn ask<R: DeserializeOwned>(
        &self,
        ctx: &Ctx,
        method: &'static str,
        command: impl Serialize + Send + Sync,
    ) -> Result<R, LedgerError> {
        self.carry(ctx, method, command, Repeat::Question).await
    }

    async fn carry<R: DeserializeOwned>(
        &self,
        ctx: &Ctx,
        method: &'static str,
        command: impl Serialize + Send + Sync,
        repeat: Repeat,
    ) -> Result<R, LedgerError> {
        self.rpc.call(ctx, method, &InBook { book: &self.book, command }, repeat).await
    }
}

#[cfg(feature = "planted")]
impl RemoteLedger {
    /// Planted: a command without a reply is retried under a new id, as if it had never been sent.
    async fn submit_under_new_ids(&self, ctx: &Ctx, mut command: Submit) -> Result<Transaction, LedgerError> {
        let mut tried = 0;
        loop {
            tried += 1;
            let answer = self.carry(ctx, "submit", &command, Repeat::Never).await;
            match (&mut command.operation, &answer) {
                (
                    crate::Operation::Create(create),
                    Err(LedgerError::Failed(Failure::Unavailable) | LedgerError::Failed(Failure::OutcomeUnknown)),
                ) if tried < 5 => {
                    create.id = create.id.map(|id| crate::TransactionId::from_bits(id.bits() + 1));
                }
                _ => return answer,
            }
        }
    }
}

#[async_trait]
impl Ledger for RemoteLedger {
    async fn declare_asset(&self, ctx: &Ctx, command: DeclareAsset) -> Result<Asset, LedgerError> {
        self.carry(ctx, "declare_asset", command, Repeat::Harmless).await
    }

    async fn assets(&self, ctx: &Ctx) -> Result<Vec<Asset>, LedgerError> {
        self.ask(ctx, "assets", ()).await
    }

    async fn open_account(&self, ctx: &Ctx, command: OpenAccount) -> Result<Account, LedgerError> {
        self.carry(ctx, "open_account", command, Repeat::Harmless).await
    }

    /// Without a key a second freeze is refused, which would hide the first one's success.
    async fn change_account(&self, ctx: &Ctx, command: ChangeAccount) -> Result<Account, LedgerError> {
        self.carry(ctx, "change_account", command, Repeat::keyed(ctx)).await
    }

    async fn account(&self, ctx: &Ctx, path: &AccountPath) -> Result<Account, LedgerError> {
        self.ask(ctx, "account", path).await
    }

    async fn accounts(&self, ctx: &Ctx, query: AccountQuery) -> Result<AccountPage, LedgerError> {
        self.ask(ctx, "accounts", query).await
    }

    /// A transaction without an id and without a key is refused, so a repeat is always safe.
    async fn submit(&self, ctx: &Ctx, command: Submit) -> Result<Transaction, LedgerError> {
        #[cfg(feature = "planted")]
        if platform::planted::is_planted(platform::planted::Bug::RepeatWithNewId) {
            return self.submit_under_new_ids(ctx, command).await;
        }
        self.carry(ctx, "submit", command, Repeat::Harmless).await
    }

    async fn submit_batch(&self, ctx: &Ctx, command: Batch) -> Result<BatchReply, LedgerError> {
        let command = InBook { book: &self.book, command };
        let (reply, lost) = self.rpc.call_told(ctx, "submit_batch", &command, Repeat::Harmless).await;
        reply.map(|reply: BatchReply| if lost { reply.unsure() } else { reply })
    }

    async fn transaction(&self, ctx: &Ctx, find: FindTransaction) -> Result<Transaction, LedgerError> {
        self.ask(ctx, "transaction", find).await
    }

    async fn events_after(&self, ctx: &Ctx, pull: Pull) -> Result<Vec<Event>, LedgerError> {
        self.ask(ctx, "events_after", pull).await
    }

    async fn status(&self, ctx: &Ctx) -> Result<LedgerStatus, LedgerError> {
        self.ask(ctx, "status", ()).await
    }
}

#[async_trait]
impl History for RemoteLedger {
    async fn balance(&self, ctx: &Ctx, query: BalanceQuery) -> Result<AccountBalance, LedgerError> {
        self.ask(ctx, "balance", query).await
    }

    async fn balances(&self, ctx: &Ctx, query: BalancesQuery) -> Result<BalancesPage, LedgerError> {
        self.ask(ctx, "balances", query).await
    }

    async fn roll_up(&self, ctx: &Ctx, query: RollUpQuery) -> Result<RollUp, LedgerError> {
        self.ask(ctx, "roll_up", query).await
    }

    async fn trial_balance(&self, ctx: &Ctx, query: TrialBalanceQuery) -> Result<TrialBalance, LedgerError> {
        self.ask(ctx, "trial_balance", query).await
    }

    async fn statement(&self, ctx: &Ctx, query: StatementQuery) -> Result<Statement, LedgerError> {
        self.ask(ctx, "statement", query).await
    }
}

#[async_trait]
impl Schedule for RemoteLedger {
    async fn scheduled(&self, ctx: &Ctx, query: ScheduledQuery) -> Result<ScheduledPage, LedgerError> {
        self.ask(ctx, "scheduled", query).await
    }
}

#[async_trait]
impl Search for RemoteLedger {
    async fn declare_metadata_key(&self, ctx: &Ctx, command: DeclareMetadataKey) -> Result<MetadataKey, LedgerError> {
        self.carry(ctx, "declare_metadata_key", command, Repeat::Harmless).await
    }

    async fn metadata_keys(&self, ctx: &Ctx) -> Result<Vec<MetadataKey>, LedgerError> {
        self.ask(ctx, "metadata_keys", ()).await
    }

    /// The key may have been declared again meanwhile.
    async fn remove_metadata_key(&self, ctx: &Ctx, key: &str) -> Result<MetadataKey, LedgerError> {
        self.carry(ctx, "remove_metadata_key", key, Repeat::Never).await
    }

    async fn transactions_of(&self, ctx: &Ctx, ids: Vec<TransactionId>) -> Result<Vec<Transaction>, LedgerError> {
        self.ask(ctx, "transactions_of", ids).await
    }

    async fn transactions(&self, ctx: &Ctx, query: TransactionQuery) -> Result<TransactionPage, LedgerError> {
        self.ask(ctx, "transactions", query).await
    }
}

#[async_trait]
impl Erasing for RemoteLedger {
    async fn erase_metadata(&self, ctx: &Ctx, command: EraseMetadata) -> Result<MetadataErased, LedgerError> {
        self.carry(ctx, "erase_metadata", command, Repeat::Harmless).await
    }
}

impl BatchReply {
    /// After an attempt without a reply: it may have executed lines of which the last one says that nothing happened.
    pub fn unsure(self) -> BatchReply {
        let line = |line| match line {
            LineOutcome::Failed(error) if error.is_of_this_attempt() => {
                LineOutcome::Failed(LedgerError::Failed(Failure::OutcomeUnknown))
            }
            line => line,
        };
        BatchReply { lines: self.lines.into_iter().map(line).collect() }
    }
}
