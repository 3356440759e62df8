//! The ledger as payments uses it: an account's facts, and the transactions of a payment, the first under the payment's
//! own bits and each further one under an id that was made with it, so that all of them can be sent again.

use std::sync::Arc;

use kernel::{Ctx, Currency, Money};
use ledger_api::{
    Account, AccountPath, Batch, BookName, Books, Ledger, LedgerError, Limits, LineOutcome, Metadata, NewTransaction,
    OpenAccount, Operation, Post, Posting, Refusal as LedgerRefusal, Reverse, Side, Submit, Transaction, TransactionId,
    Void, WantedStatus, limits,
};
use platform::error::{Failure, Refusal as _};

use crate::face::{PaymentState, Rail};
use crate::rail::{Next, Step};
use crate::record::Record;

/// A payment that no file takes in this time gives its hold back.
const HOLD_SECONDS: i64 = 30 * 86_400;

#[derive(Clone)]
pub(crate) struct PaymentBooks {
    books: Arc<dyn Books>,
}

/// How the ledger answered for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Booked {
    Done,
    /// By the code of its refusal, which it remembers for this id.
    Refused(String),
}

impl PaymentBooks {
    pub(crate) fn new(books: Arc<dyn Books>) -> PaymentBooks {
        PaymentBooks { books }
    }

    async fn ledger(&self) -> Result<Arc<dyn Ledger>, LedgerError> {
        self.books.book(&BookName::main()).await
    }

    /// Nothing if there is no such account.
    pub(crate) async fn account(&self, ctx: &Ctx, path: &AccountPath) -> Result<Option<Account>, Failure> {
        let found = match self.ledger().await {
            Ok(ledger) => ledger.account(ctx, path).await,
            Err(error) => Err(error),
        };
        match found {
            Ok(account) => Ok(Some(account)),
            Err(LedgerError::Refused { refusal: LedgerRefusal::NotFound { .. }, .. }) => Ok(None),
            Err(LedgerError::Failed(Failure::NotFound)) => Ok(None),
            Err(LedgerError::Refused { refusal, .. }) => {
                tracing::error!(code = refusal.code(), "the ledger refused to show an account");
                Err(Failure::Internal)
            }
            Err(LedgerError::Failed(failure)) => Err(failure),
        }
    }

    pub(crate) async fn book(&self, ctx: &Ctx, record: &Record, step: Step, dry_run: bool) -> Result<Booked, Failure> {
        let operation = operation(record, step).ok_or(Failure::Internal)?;
        let answer = match self.ledger().await {
            Ok(ledger) => ledger.submit(ctx, Submit { operation, dry_run }).await,
            Err(error) => Err(error),
        };
        booked(answer.map(drop))
    }

    /// Posts the holds of payments that are about to leave. A payment without an answer gets nothing.
    pub(crate) async fn leave(&self, ctx: &Ctx, records: &[Record]) -> Result<Vec<Option<Booked>>, Failure> {
        let lines: Vec<Operation> = records.iter().filter_map(|record| operation(record, Step::Leave)).collect();
        let count = lines.len();
        let answer = match self.ledger().await {
            Ok(ledger) => ledger.submit_batch(ctx, Batch { atomic: false, dry_run: false, lines }).await,
            Err(error) => Err(error),
        };
        let lines = answer.map_err(failed)?.lines;
        if lines.len() != count || count != records.len() {
            tracing::error!(count, answers = lines.len(), "the ledger answered another number of lines");
            return Err(Failure::Internal);
        }
        let each = lines.into_iter().map(|line| match line {
            LineOutcome::Done(_) => Some(Booked::Done),
            LineOutcome::Failed(error) => booked(Err(error)).ok(),
        });
        Ok(each.collect())
    }

    /// Those of them that there are.
    pub(crate) async fn transactions(&self, ctx: &Ctx, ids: Vec<TransactionId>) -> Result<Vec<Transaction>, Failure> {
        let ledger = self.ledger().await.map_err(failed)?;
        let mut all = Vec::new();
        for some in ids.chunks(limits::TRANSACTIONS_OF_MAX) {
            all.extend(ledger.transactions_of(ctx, some.to_vec()).await.map_err(failed)?);
        }
        Ok(all)
    }

    /// Opens the accounts of a rail, unless they are there.
    pub(crate) async fn open_rail(&self, ctx: &Ctx, rail: Rail, currency: Currency) -> Result<(), Failure> {
        let ledger = self.ledger().await.map_err(failed)?;
        for (path, normal) in [
            (accounts::clearing(rail), Side::Credit),
            (accounts::nostro(rail), Side::Debit),
            (accounts::suspense(rail), Side::Credit),
        ] {
            let open = OpenAccount {
                path: path.ok_or(Failure::Internal)?,
                currency,
                normal,
                limits: Limits { may_go_negative: true, ..Limits::default() },
                owner: None,
                reference: None,
                metadata: Metadata::new(),
            };
            match ledger.open_account(ctx, open).await {
                Ok(_) | Err(LedgerError::Refused { refusal: LedgerRefusal::AccountExists { .. }, .. }) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(())
    }
}

fn failed(error: LedgerError) -> Failure {
    match error {
        LedgerError::Failed(failure) => failure,
        LedgerError::Refused { refusal, .. } => {
            tracing::error!(code = refusal.code(), "the ledger refused a request of payments");
            Failure::Internal
        }
    }
}

fn booked(answer: Result<(), LedgerError>) -> Result<Booked, Failure> {
    match answer {
        Ok(()) => Ok(Booked::Done),
        Err(LedgerError::Refused { refusal, .. }) => Ok(Booked::Refused(refusal.code().to_owned())),
        Err(LedgerError::Failed(failure)) => Err(failure),
    }
}

/// A rail's own accounts.
pub(crate) mod accounts {
    use ledger_api::AccountPath;

    use crate::face::Rail;

    fn of(root: &str, rail: Rail) -> Option<AccountPath> {
        format!("{root}:{}", rail.name()).parse().ok()
    }

    /// What has left the payers and has not been carried out, or has come back and not reached them.
    pub(crate) fn clearing(rail: Rail) -> Option<AccountPath> {
        of("clearing", rail)
    }

    /// Our account at the bank.
    pub(crate) fn nostro(rail: Rail) -> Option<AccountPath> {
        of("nostro", rail)
    }

    /// What payers cannot take back: their accounts are frozen or closed.
    pub(crate) fn suspense(rail: Rail) -> Option<AccountPath> {
        of("suspense", rail)
    }
}

/// A step as the ledger's operation: always the same for the same record.
fn operation(record: &Record, step: Step) -> Option<Operation> {
    let Some(over) = &record.rail else {
        return (step == Step::Pay).then(|| create(record, record.transaction(), postings(record)));
    };
    let (ids, rail) = (over.ids, over.rail);
    let metadata = metadata(record);
    let moved = |id, from: Option<AccountPath>, to: Option<AccountPath>, amount| {
        Some(create(record, id, vec![posting(&from?, &to?, amount)]))
    };
    let (clearing, nostro, suspense) = (accounts::clearing(rail), accounts::nostro(rail), accounts::suspense(rail));
    let transaction = record.transaction();
    match (step, &over.next) {
        (Step::Hold, _) => {
            let begins = record.starts_at.map_or(record.created_at, |starts| starts.max(record.created_at));
            let hold = NewTransaction {
                id: Some(transaction),
                status: WantedStatus::Pending,
                postings: postings(record),
                expires_at: Some(begins.plus_seconds(HOLD_SECONDS)),
                metadata,
                ..NewTransaction::default()
            };
            Some(Operation::Create(hold))
        }
        (Step::Leave, _) => Some(Operation::Post(Post {
            transaction,
            id: Some(ids.leave),
            amounts: Vec::new(),
            is_final: true,
            reference: None,
            metadata,
        })),
        (Step::Release, _) => Some(Operation::Void(Void {
            transaction,
            id: Some(ids.release),
            amounts: Vec::new(),
            reference: None,
            metadata,
        })),
        (Step::GiveBack, _) => Some(Operation::Reverse(Reverse {
            transaction: ids.leave,
            id: Some(ids.give_back),
            reference: None,
            metadata,
        })),
        (Step::Settle, _) => moved(ids.settle, clearing, nostro, record.amount),
        (Step::Return, Some(Next::Return { amount, .. })) => {
            moved(ids.give_back, nostro, Some(record.from.clone()), *amount)
        }
        (Step::Suspend, Some(Next::Suspend { end: PaymentState::Returned, amount, .. })) => {
            moved(ids.suspend, nostro, suspense, *amount)
        }
        (Step::Suspend, Some(Next::Suspend { amount, .. })) => moved(ids.suspend, clearing, suspense, *amount),
        _ => None,
    }
}

fn create(record: &Record, id: TransactionId, postings: Vec<Posting>) -> Operation {
    Operation::Create(NewTransaction {
        id: Some(id),
        postings,
        metadata: metadata(record),
        ..NewTransaction::default()
    })
}

fn postings(record: &Record) -> Vec<Posting> {
    let fee = record.fee.as_ref().map(|(amount, to)| posting(&record.from, to, *amount));
    [posting(&record.from, &record.to, record.amount)].into_iter().chain(fee).collect()
}

fn posting(debit: &AccountPath, credit: &AccountPath, amount: Money) -> Posting {
    let (debit, credit) = (Some(debit.clone()), Some(credit.clone()));
    Posting { debit, credit, amount, up_to_available: false, split: Vec::new(), override_limit: None, book: None }
}

/// For statements and searches.
fn metadata(record: &Record) -> Metadata {
    let pairs = [
        ("kind", Some("payment".to_owned())),
        ("source", Some(record.id.to_string())),
        ("text", record.text.clone()),
        ("reference", record.reference.as_ref().map(ToString::to_string)),
    ];
    pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
