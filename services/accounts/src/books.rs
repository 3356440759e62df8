//! The ledger, as this room calls it: always as itself, never with a caller's rights.

use std::sync::Arc;

use accounts_api::{AccountId, AccountsError, ProductId};
use kernel::{Clock, Ctx, Currency, Deadline, Money};
use ledger_api::{
    AccountChange, AccountPath, Batch, BatchReply, BookName, Books, ChangeAccount, EraseMetadata, Ledger, LedgerError,
    Limits, Metadata, NewTransaction, OpenAccount, Operation, Posting, Reference, Side, Submit, TransactionId,
};
use platform::error::Failure;
use platform::frame::ActsAs;

/// Of the paths of customers' accounts, before the account's id.
pub(crate) const PREFIX: &str = "customers:";
/// Everything below it; accounts of this room are some of them.
pub(crate) const ROOT: &str = "customers";
/// Sorts before every account of this room, and after everything else that sorts before them.
pub(crate) const FIRST: &str = "customers:acct_";
const CALL_MS: u64 = 10_000;

#[derive(Clone)]
pub(crate) struct TheBooks {
    books: Arc<dyn Books>,
    own: Arc<dyn ActsAs>,
    clock: Arc<dyn Clock>,
}

impl TheBooks {
    pub(crate) fn new(books: Arc<dyn Books>, own: Arc<dyn ActsAs>, clock: Arc<dyn Clock>) -> TheBooks {
        TheBooks { books, own, clock }
    }

    pub(crate) async fn ledger(&self) -> Result<Arc<dyn Ledger>, LedgerError> {
        self.books.book(&BookName::main()).await
    }

    /// For a call that takes at most this long.
    pub(crate) async fn ctx_for(&self, millis: u64) -> Result<Ctx, LedgerError> {
        let principal = self.own.principal().await.map_err(|error| {
            tracing::error!(error, "accounts has no token of its own");
            LedgerError::Failed(Failure::Unavailable)
        })?;
        let deadline = Deadline::after_millis(&*self.clock, millis);
        Ok(Ctx { principal, deadline, request_id: "accounts".into(), idempotency_key: None })
    }

    pub(crate) async fn ctx(&self) -> Result<Ctx, LedgerError> {
        self.ctx_for(CALL_MS).await
    }

    pub(crate) async fn open(&self, account: OpenAccount) -> Result<(), AccountsError> {
        let ledger = self.ledger().await.map_err(failed)?;
        ledger.open_account(&self.ctx().await.map_err(failed)?, account).await.map(drop).map_err(failed)
    }

    pub(crate) async fn set_limits(&self, id: AccountId, limits: Limits) -> Result<(), AccountsError> {
        self.change(id, AccountChange::SetLimits(limits)).await.map_err(failed)
    }

    /// Refused unless it is at zero and without holds.
    pub(crate) async fn close(&self, id: AccountId) -> Result<(), LedgerError> {
        self.change(id, AccountChange::Close).await
    }

    async fn change(&self, id: AccountId, change: AccountChange) -> Result<(), LedgerError> {
        let command = ChangeAccount { path: path(id)?, change };
        self.ledger().await?.change_account(&self.ctx().await?, command).await.map(drop)
    }

    /// Lines that stand alone; each answers by itself.
    pub(crate) async fn batch(&self, batch: Batch) -> Result<BatchReply, AccountsError> {
        let ledger = self.ledger().await.map_err(failed)?;
        let (lines, ctx) = (batch.lines.len(), self.ctx().await.map_err(failed)?);
        let reply = ledger.submit_batch(&ctx, batch).await.map_err(failed)?;
        if reply.lines.len() == lines {
            return Ok(reply);
        }
        tracing::error!(lines, answers = reply.lines.len(), "the ledger answered another number of lines");
        Err(Failure::Internal.into())
    }

    /// False if the ledger refuses it.
    pub(crate) async fn submit(&self, command: Submit) -> Result<bool, AccountsError> {
        let ledger = self.ledger().await.map_err(failed)?;
        match ledger.submit(&self.ctx().await.map_err(failed)?, command).await {
            Ok(_) => Ok(true),
            Err(LedgerError::Refused { refusal, .. }) => {
                tracing::warn!(%refusal, "the ledger refused a transaction of accounts");
                Ok(false)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Metadata of an owner's accounts, and of all transactions that touch them.
    pub(crate) async fn erase(&self, owner: &str) -> Result<(), AccountsError> {
        let ledger = self.ledger().await.map_err(failed)?;
        let owner: Reference = owner.parse().map_err(|_| Failure::Internal)?;
        let mut after = None;
        loop {
            let command = EraseMetadata { owner: owner.clone(), preview: false, after };
            let erased = ledger.erase_metadata(&self.ctx().await.map_err(failed)?, command).await.map_err(failed)?;
            after = erased.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// An account as it is now.
    pub(crate) async fn account(&self, id: AccountId) -> Result<ledger_api::Account, LedgerError> {
        self.ledger().await?.account(&self.ctx().await?, &path(id)?).await
    }
}

/// What the ledger refuses is a fault of this room: it asks for nothing that can be refused, or handles it before.
pub(crate) fn failed(error: LedgerError) -> AccountsError {
    match error {
        LedgerError::Failed(failure) => failure.into(),
        LedgerError::Refused { refusal, .. } => {
            tracing::error!(%refusal, "the ledger refused a step of accounts");
            Failure::Internal.into()
        }
    }
}

fn parsed(path: &str) -> Result<AccountPath, LedgerError> {
    path.parse().map_err(|error| {
        tracing::error!(%error, "a path of accounts is malformed");
        LedgerError::Failed(Failure::Internal)
    })
}

pub(crate) fn path(account: AccountId) -> Result<AccountPath, LedgerError> {
    parsed(&format!("{PREFIX}{account}"))
}

pub(crate) fn root() -> Result<AccountPath, LedgerError> {
    parsed(ROOT)
}

pub(crate) fn first() -> Result<AccountPath, LedgerError> {
    parsed(FIRST)
}

/// The accounts of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    /// Owed to customers.
    Accrued,
    InterestPaid,
    /// Owed by customers.
    Receivable,
    InterestEarned,
    Fees,
    Tax,
}

impl Own {
    pub(crate) const ALL: [Own; 6] =
        [Own::Accrued, Own::InterestPaid, Own::Receivable, Own::InterestEarned, Own::Fees, Own::Tax];

    fn prefix(self) -> &'static str {
        match self {
            Own::Accrued => "interest:accrued:",
            Own::InterestPaid => "expenses:interest:",
            Own::Receivable => "interest:receivable:",
            Own::InterestEarned => "income:interest:",
            Own::Fees => "income:fees:",
            Own::Tax => "tax:withheld:",
        }
    }

    fn normal(self) -> Side {
        match self {
            Own::InterestPaid | Own::Receivable => Side::Debit,
            Own::Accrued | Own::InterestEarned | Own::Fees | Own::Tax => Side::Credit,
        }
    }

    pub(crate) fn path(self, product: ProductId) -> Result<AccountPath, LedgerError> {
        parsed(&format!("{}{product}", self.prefix()))
    }

    /// Whose account a path is.
    pub(crate) fn of(path: &str) -> Option<Own> {
        Own::ALL.into_iter().find(|own| path.starts_with(own.prefix()))
    }

    /// Corrections may take any of them below zero.
    pub(crate) fn opening(self, product: ProductId, currency: Currency) -> Result<OpenAccount, LedgerError> {
        let limits = Limits { may_go_negative: true, ..Limits::default() };
        Ok(OpenAccount {
            path: self.path(product)?,
            currency,
            normal: self.normal(),
            limits,
            owner: None,
            reference: None,
            metadata: Metadata::new(),
        })
    }
}

/// How a customer's account is opened.
pub(crate) fn opening(
    account: AccountId,
    owner: &str,
    (overdraft, ceiling): (Money, Option<Money>),
) -> Result<OpenAccount, AccountsError> {
    let currency = overdraft.currency();
    let owner: Reference = owner.parse().map_err(|_| Failure::Internal)?;
    Ok(OpenAccount {
        path: path(account).map_err(failed)?,
        currency,
        normal: Side::Credit,
        limits: limits(overdraft, ceiling),
        owner: Some(owner),
        reference: None,
        metadata: Metadata::new(),
    })
}

pub(crate) fn limits(overdraft: Money, ceiling: Option<Money>) -> Limits {
    let floor = Money::new(-overdraft.minor(), overdraft.currency());
    Limits { floor: Some(floor), ceiling, may_go_negative: false }
}

pub(crate) fn posting(debit: AccountPath, credit: AccountPath, amount: Money) -> Posting {
    Posting {
        debit: Some(debit),
        credit: Some(credit),
        amount,
        up_to_available: false,
        split: Vec::new(),
        override_limit: None,
        book: None,
    }
}

/// A transaction of this room. `kind` is what the index shows.
pub(crate) fn transaction(id: TransactionId, kind: &str, postings: Vec<Posting>) -> Operation {
    let metadata = Metadata::from([("kind".to_owned(), kind.to_owned())]);
    Operation::Create(NewTransaction { id: Some(id), postings, metadata, ..NewTransaction::default() })
}
