//! The ledger as payments uses it: an account's facts, and the transaction of a payment under the payment's own bits, so
//! that it can be sent again.

use std::sync::Arc;

use kernel::{Ctx, Money};
use ledger_api::{
    Account, AccountPath, BookName, Books, Ledger, LedgerError, Metadata, NewTransaction, Operation, Posting,
    Refusal as LedgerRefusal, Submit,
};
use platform::error::{Failure, Refusal as _};

use crate::record::Record;

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

    pub(crate) async fn book(&self, ctx: &Ctx, record: &Record, dry_run: bool) -> Result<Booked, Failure> {
        let operation = Operation::Create(NewTransaction {
            id: Some(record.transaction()),
            postings: postings(record),
            metadata: metadata(record),
            ..NewTransaction::default()
        });
        let answer = match self.ledger().await {
            Ok(ledger) => ledger.submit(ctx, Submit { operation, dry_run }).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(_) => Ok(Booked::Done),
            Err(LedgerError::Refused { refusal, .. }) => Ok(Booked::Refused(refusal.code().to_owned())),
            Err(LedgerError::Failed(failure)) => Err(failure),
        }
    }
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
