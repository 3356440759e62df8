//! The trait of books, over this process's own books and the writer's.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Clock, Ctx};
use ledger_api::{
    Account, AccountBalance, AccountPage, AccountPath, AccountQuery, Asset, BalanceQuery, BalancesPage, BalancesQuery,
    Batch, BatchReply, Book, BookName, Books, ChangeAccount, CreateBook, DeclareAsset, DeclareMetadataKey,
    EraseMetadata, Erasing, FindTransaction, History, Ledger, LedgerError, LedgerStatus, LineOutcome, MetadataErased,
    MetadataKey, OpenAccount, RollUp, RollUpQuery, Schedule, ScheduledPage, ScheduledQuery, Search, Statement,
    StatementQuery, Submit, Transaction, TransactionId, TransactionPage, TransactionQuery, TrialBalance,
    TrialBalanceQuery,
};
use platform::error::Failure;
use platform::feed::{Event, Pull};
use platform::lease::Standing;
use platform::rpc::Repeat;

use super::{Passing, Sides};

/// Books that several processes share.
pub struct ReplicaBooks {
    sides: Sides<dyn Books>,
    passing: Passing,
}

impl ReplicaBooks {
    /// `here` are the books of this process, `writer` those of the lease holder ([`ToHolder`](super::ToHolder)).
    pub fn new(
        here: Arc<dyn Books>,
        writer: Arc<dyn Books>,
        standing: Standing,
        clock: Arc<dyn Clock>,
    ) -> ReplicaBooks {
        ReplicaBooks { sides: Sides { here, writer }, passing: Passing { standing, clock } }
    }
}

#[async_trait]
impl Books for ReplicaBooks {
    async fn create_book(&self, ctx: &Ctx, command: CreateBook) -> Result<Book, LedgerError> {
        let create = |books: Arc<dyn Books>| {
            let (ctx, command) = (ctx.clone(), command.clone());
            async move { books.create_book(&ctx, command).await }
        };
        self.passing.carry(ctx, Repeat::Harmless, &self.sides, create).await
    }

    async fn books(&self, ctx: &Ctx) -> Result<Vec<Book>, LedgerError> {
        self.sides.here.books(ctx).await
    }

    async fn book(&self, name: &BookName) -> Result<Arc<dyn Ledger>, LedgerError> {
        let (here, writer) = (self.sides.here.book(name).await?, self.sides.writer.book(name).await?);
        Ok(Arc::new(ReplicaLedger { sides: Sides { here, writer }, passing: self.passing.clone() }))
    }
}

/// Non-atomic lines fail one by one if nobody writes: nothing happened at all.
pub(super) fn begun(reply: BatchReply) -> Result<BatchReply, LedgerError> {
    let missed = |line: &LineOutcome| matches!(line, LineOutcome::Failed(LedgerError::Failed(Failure::Unavailable)));
    let none = !reply.lines.is_empty() && reply.lines.iter().all(missed);
    if none { Err(LedgerError::Failed(Failure::Unavailable)) } else { Ok(reply) }
}

struct ReplicaLedger {
    sides: Sides<dyn Ledger>,
    passing: Passing,
}

/// Forwards a command by its name in the trait.
macro_rules! pass {
    ($self:ident, $ctx:ident, $repeat:expr, $method:ident, $command:ident) => {{
        let call = |ledger: Arc<dyn Ledger>| {
            let (ctx, command) = ($ctx.clone(), $command.clone());
            async move { ledger.$method(&ctx, command).await }
        };
        $self.passing.carry($ctx, $repeat, &$self.sides, call).await
    }};
}

#[async_trait]
impl Ledger for ReplicaLedger {
    async fn declare_asset(&self, ctx: &Ctx, command: DeclareAsset) -> Result<Asset, LedgerError> {
        pass!(self, ctx, Repeat::Harmless, declare_asset, command)
    }

    async fn assets(&self, ctx: &Ctx) -> Result<Vec<Asset>, LedgerError> {
        self.sides.here.assets(ctx).await
    }

    async fn open_account(&self, ctx: &Ctx, command: OpenAccount) -> Result<Account, LedgerError> {
        pass!(self, ctx, Repeat::Harmless, open_account, command)
    }

    /// Without a key a second freeze is refused, which would hide the first one's success.
    async fn change_account(&self, ctx: &Ctx, command: ChangeAccount) -> Result<Account, LedgerError> {
        pass!(self, ctx, Repeat::keyed(ctx), change_account, command)
    }

    async fn account(&self, ctx: &Ctx, path: &AccountPath) -> Result<Account, LedgerError> {
        self.sides.here.account(ctx, path).await
    }

    async fn accounts(&self, ctx: &Ctx, query: AccountQuery) -> Result<AccountPage, LedgerError> {
        self.sides.here.accounts(ctx, query).await
    }

    async fn submit(&self, ctx: &Ctx, command: Submit) -> Result<Transaction, LedgerError> {
        pass!(self, ctx, Repeat::Harmless, submit, command)
    }

    async fn submit_batch(&self, ctx: &Ctx, command: Batch) -> Result<BatchReply, LedgerError> {
        let submit = |ledger: Arc<dyn Ledger>| {
            let (ctx, command) = (ctx.clone(), command.clone());
            async move { ledger.submit_batch(&ctx, command).await.and_then(begun) }
        };
        let (reply, lost) = self.passing.carry_told(ctx, Repeat::Harmless, &self.sides, submit).await;
        reply.map(|reply| if lost { reply.unsure() } else { reply })
    }

    async fn transaction(&self, ctx: &Ctx, find: FindTransaction) -> Result<Transaction, LedgerError> {
        self.sides.here.transaction(ctx, find).await
    }

    async fn events_after(&self, ctx: &Ctx, pull: Pull) -> Result<Vec<Event>, LedgerError> {
        self.sides.here.events_after(ctx, pull).await
    }

    async fn status(&self, ctx: &Ctx) -> Result<LedgerStatus, LedgerError> {
        self.sides.here.status(ctx).await
    }
}

#[async_trait]
impl History for ReplicaLedger {
    async fn balance(&self, ctx: &Ctx, query: BalanceQuery) -> Result<AccountBalance, LedgerError> {
        self.sides.here.balance(ctx, query).await
    }

    async fn balances(&self, ctx: &Ctx, query: BalancesQuery) -> Result<BalancesPage, LedgerError> {
        self.sides.here.balances(ctx, query).await
    }

    async fn roll_up(&self, ctx: &Ctx, query: RollUpQuery) -> Result<RollUp, LedgerError> {
        self.sides.here.roll_up(ctx, query).await
    }

    async fn trial_balance(&self, ctx: &Ctx, query: TrialBalanceQuery) -> Result<TrialBalance, LedgerError> {
        self.sides.here.trial_balance(ctx, query).await
    }

    async fn statement(&self, ctx: &Ctx, query: StatementQuery) -> Result<Statement, LedgerError> {
        self.sides.here.statement(ctx, query).await
    }
}

#[async_trait]
impl Schedule for ReplicaLedger {
    async fn scheduled(&self, ctx: &Ctx, query: ScheduledQuery) -> Result<ScheduledPage, LedgerError> {
        self.sides.here.scheduled(ctx, query).await
    }
}

#[async_trait]
impl Search for ReplicaLedger {
    async fn declare_metadata_key(&self, ctx: &Ctx, command: DeclareMetadataKey) -> Result<MetadataKey, LedgerError> {
        pass!(self, ctx, Repeat::Harmless, declare_metadata_key, command)
    }

    async fn metadata_keys(&self, ctx: &Ctx) -> Result<Vec<MetadataKey>, LedgerError> {
        self.sides.here.metadata_keys(ctx).await
    }

    /// The key may have been declared again meanwhile.
    async fn remove_metadata_key(&self, ctx: &Ctx, key: &str) -> Result<MetadataKey, LedgerError> {
        let remove = |ledger: Arc<dyn Ledger>| {
            let (ctx, key) = (ctx.clone(), key.to_owned());
            async move { ledger.remove_metadata_key(&ctx, &key).await }
        };
        self.passing.carry(ctx, Repeat::Never, &self.sides, remove).await
    }

    async fn transactions_of(&self, ctx: &Ctx, ids: Vec<TransactionId>) -> Result<Vec<Transaction>, LedgerError> {
        self.sides.here.transactions_of(ctx, ids).await
    }

    async fn transactions(&self, ctx: &Ctx, query: TransactionQuery) -> Result<TransactionPage, LedgerError> {
        self.sides.here.transactions(ctx, query).await
    }
}

/// Any process may erase: nothing of it is in the log.
#[async_trait]
impl Erasing for ReplicaLedger {
    async fn erase_metadata(&self, ctx: &Ctx, command: EraseMetadata) -> Result<MetadataErased, LedgerError> {
        self.sides.here.erase_metadata(ctx, command).await
    }
}
