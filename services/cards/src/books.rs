//! The ledger as cards use it: holds, and the lines of steps. Every operation has an id that follows from the
//! authorization or the step, so that it can be sent again.

use std::sync::Arc;

use kernel::{Ctx, Money};
use ledger_api::{
    Account, AccountPath, Batch, BatchReply, BookName, Books, Increase, Ledger, LedgerError, LineOutcome, Metadata,
    NewTransaction, Operation, Override, Post, Posting, Refusal, Submit, Transaction, TransactionId, Void,
    WantedStatus,
};
use platform::error::{Failure, Refusal as _};

use crate::gather::{self, Gather};
use crate::life::{Line, Place};
use crate::reason::Reason;
use crate::record::{Begun, Paying, Record};
use crate::work::command::Booked;

/// Lines of one attempt at a step.
const LINES_MAX: u128 = 8;

pub(crate) struct CardBooks {
    books: Arc<dyn Books>,
    /// Operations that wait at the same time go as one batch, in which each stands alone.
    waiting: Gather<(Ctx, Operation), Result<Transaction, LedgerError>>,
}

/// A hold as the ledger has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    pub(crate) amount: i64,
    pub(crate) balance: Option<Money>,
}

/// Why there is no hold.
#[derive(Debug, Clone, Copy)]
pub(crate) enum NotHeld {
    /// The ledger refused it, and remembers that.
    Refused(Reason, Option<Money>),
    /// It may exist.
    Unsure,
}

impl CardBooks {
    pub(crate) fn new(books: Arc<dyn Books>) -> CardBooks {
        let all = Arc::clone(&books);
        let waiting = Gather::start("ledger", move |lines: Vec<(Ctx, Operation)>| {
            let books = Arc::clone(&all);
            Box::pin(async move { together(&*books, lines).await })
        });
        CardBooks { books, waiting }
    }

    pub(crate) async fn ledger(&self) -> Result<Arc<dyn Ledger>, LedgerError> {
        self.books.book(&BookName::main()).await
    }

    async fn submit(&self, ctx: &Ctx, operation: Operation) -> Result<Transaction, LedgerError> {
        let answer = self.waiting.ask((ctx.clone(), operation)).await;
        answer.unwrap_or(Err(LedgerError::Failed(Failure::Overloaded)))
    }

    /// Holds an authorization's amount; the hold has the authorization's bits.
    pub(crate) async fn hold(&self, ctx: &Ctx, record: &Record) -> Result<Held, NotHeld> {
        let refused = NotHeld::Refused(Reason::SystemError, None);
        let (Some(card), Some(amounts)) = (&record.card, &record.amounts) else { return Err(refused) };
        let transaction = self.submit(ctx, hold(record, card, amounts.cardholder, false)).await.map_err(not_held)?;
        let amount = transaction.postings.first().map_or(0, |posting| posting.amount.minor());
        Ok(Held { amount, balance: balance(&transaction, &card.account) })
    }

    /// How a hold would end; nothing is held. Nothing if the ledger does not answer.
    pub(crate) async fn would_hold(&self, ctx: &Ctx, record: &Record) -> Option<Reason> {
        let (card, amounts) = (record.card.as_ref()?, record.amounts?);
        let dry = Submit { operation: hold(record, card, amounts.cardholder, false), dry_run: true };
        match self.ledger().await.ok()?.submit(ctx, dry).await.map_err(not_held) {
            Ok(_) => Some(Reason::Approved),
            Err(NotHeld::Refused(reason, _)) => Some(reason),
            Err(NotHeld::Unsure) => None,
        }
    }

    /// Holds what an authorization that was taken over still holds, below the floor if need be.
    pub(crate) async fn hold_again(&self, ctx: &Ctx, record: &Record) -> Result<(), LedgerError> {
        let failed = LedgerError::Failed(Failure::Internal);
        let (Some(card), Some(held)) = (&record.card, record.money(record.sums.held)) else { return Err(failed) };
        self.submit(ctx, hold(record, card, held, true)).await.map(drop)
    }

    /// Releases a hold, which may have ended before.
    pub(crate) async fn void(&self, ctx: &Ctx, record: &Record, id: u128) -> Result<(), Failure> {
        let void = Void {
            transaction: record.hold(),
            id: Some(TransactionId::from_bits(id)),
            amounts: Vec::new(),
            reference: None,
            metadata: metadata("release", record),
        };
        match self.submit(ctx, Operation::Void(void)).await {
            Ok(_) | Err(LedgerError::Refused { .. }) => Ok(()),
            Err(LedgerError::Failed(failure)) => Err(failure),
        }
    }

    /// Books more, or less, on an account, against another one; floors do not stop it.
    pub(crate) async fn adjust(
        &self,
        ctx: &Ctx,
        id: TransactionId,
        (account, against): (&AccountPath, &AccountPath),
        more: Money,
        metadata: Metadata,
    ) -> Result<(), LedgerError> {
        let (debit, credit) = if more.minor() > 0 { (against, account) } else { (account, against) };
        let amount = Money::new(more.minor().abs(), more.currency());
        let posting = posting(debit.clone(), credit.clone(), amount);
        let postings = vec![Posting { override_limit: Some(Override::Floor), ..posting }];
        let create = NewTransaction { id: Some(id), postings, metadata, ..NewTransaction::default() };
        self.submit(ctx, Operation::Create(create)).await.map(drop)
    }

    pub(crate) async fn account(&self, ctx: &Ctx, path: &AccountPath) -> Result<Account, LedgerError> {
        self.ledger().await?.account(ctx, path).await
    }

    /// What an account has available.
    pub(crate) async fn available(&self, ctx: &Ctx, account: &AccountPath) -> Result<Money, Reason> {
        match self.account(ctx, account).await {
            Ok(account) => Ok(account.balances.available.unwrap_or(account.balances.posted)),
            Err(LedgerError::Refused { refusal, .. }) => Err(reason(&refusal)),
            Err(LedgerError::Failed(_)) => Err(Reason::LedgerAway),
        }
    }

    /// Money from one account to another, under its own id.
    pub(crate) async fn pay(
        &self,
        ctx: &Ctx,
        id: TransactionId,
        (debit, credit): (&AccountPath, &AccountPath),
        amount: Money,
        metadata: Metadata,
    ) -> Result<Transaction, LedgerError> {
        let postings = vec![posting(debit.clone(), credit.clone(), amount)];
        let create = NewTransaction { id: Some(id), postings, metadata, ..NewTransaction::default() };
        self.submit(ctx, Operation::Create(create)).await
    }

    /// Makes sure that a declined authorization has no hold: first that its fate is known, then that it is released.
    pub(crate) async fn release(&self, ctx: &Ctx, record: &Record) -> Result<(), Failure> {
        if matches!(self.hold(ctx, record).await, Err(NotHeld::Unsure)) {
            return Err(Failure::Unavailable);
        }
        self.void(ctx, record, record.id.bits().wrapping_add(1 << 8)).await
    }

    /// Books the lines of a step, all or none.
    pub(crate) async fn book(
        &self,
        ctx: &Ctx,
        record: &Record,
        begun: &Begun,
    ) -> Result<(Booked, Option<Money>), Failure> {
        let Some(card) = &record.card else { return Err(Failure::Internal) };
        let mut operations: Vec<Operation> =
            (1..).zip(&begun.lines).map(|(place, line)| operation(record, card, begun, place, line)).collect();
        let outcome = match (operations.pop(), operations.is_empty()) {
            (None, _) => return Ok((Booked::Done, None)),
            (Some(only), true) => self.submit(ctx, only).await,
            (Some(last), false) => {
                operations.push(last);
                self.batch(ctx, operations).await
            }
        };
        match outcome {
            Ok(transaction) => Ok((Booked::Done, balance(&transaction, &card.account))),
            Err(LedgerError::Refused { refusal, .. }) => Ok((booked(&refusal), None)),
            Err(LedgerError::Failed(failure)) => Err(failure),
        }
    }

    /// The first line's transaction, or the refusal of the line that was to blame.
    async fn batch(&self, ctx: &Ctx, lines: Vec<Operation>) -> Result<Transaction, LedgerError> {
        let batch = Batch { atomic: true, dry_run: false, lines };
        let BatchReply { lines } = self.ledger().await?.submit_batch(ctx, batch).await?;
        let mut first = None;
        for line in lines {
            match line {
                LineOutcome::Done(transaction) => first = first.or(Some(transaction)),
                LineOutcome::Failed(LedgerError::Refused { refusal: Refusal::SiblingFailed { .. }, .. }) => {}
                LineOutcome::Failed(error) => return Err(error),
            }
        }
        first.map(|transaction| *transaction).ok_or(LedgerError::Failed(Failure::Internal))
    }
}

/// In one call. A line's refusal harms no other, and a call without an answer is one for each of them.
async fn together(books: &dyn Books, mut lines: Vec<(Ctx, Operation)>) -> Vec<Result<Transaction, LedgerError>> {
    let ledger = match books.book(&BookName::main()).await {
        Ok(ledger) => ledger,
        Err(error) => return vec![Err(error); lines.len()],
    };
    if lines.len() == 1 {
        let Some((ctx, operation)) = lines.pop() else { return Vec::new() };
        return vec![ledger.submit(&ctx, Submit { operation, dry_run: false }).await];
    }
    let Some(ctx) = gather::longest(lines.iter().map(|(ctx, _)| ctx)) else { return Vec::new() };
    let operations: Vec<Operation> = lines.into_iter().map(|(_, operation)| operation).collect();
    let count = operations.len();
    let one = |line| match line {
        LineOutcome::Done(transaction) => Ok(*transaction),
        LineOutcome::Failed(error) => Err(error),
    };
    match ledger.submit_batch(&ctx, Batch { atomic: false, dry_run: false, lines: operations }).await {
        Ok(reply) => reply.lines.into_iter().map(one).collect(),
        Err(error) => vec![Err(error); count],
    }
}

fn hold(record: &Record, card: &Paying, amount: Money, forced: bool) -> Operation {
    let posting = Posting {
        up_to_available: record.partial && !forced,
        override_limit: forced.then_some(Override::Floor),
        ..posting(card.account.clone(), card.accounts.settlement.clone(), amount)
    };
    Operation::Create(NewTransaction {
        id: Some(record.hold()),
        status: WantedStatus::Pending,
        postings: vec![posting],
        expires_at: record.expires_at,
        metadata: metadata("authorization", record),
        ..NewTransaction::default()
    })
}

fn operation(record: &Record, card: &Paying, begun: &Begun, place: u128, line: &Line) -> Operation {
    let money = |minor| Money::new(minor, card.currency);
    let transaction = record.hold();
    let bits = begun.id.bits().wrapping_add(u128::from(begun.attempt) * LINES_MAX + place);
    let id = Some(TransactionId::from_bits(bits));
    let metadata = metadata(begun.kind().name(), record);
    match *line {
        Line::Hold { amount } => hold(record, card, money(amount), true),
        Line::Increase { amount } => {
            Operation::Increase(Increase { transaction, id, amounts: vec![money(amount)], reference: None, metadata })
        }
        Line::Post { amount, is_final } => {
            let amounts = vec![money(amount)];
            Operation::Post(Post { transaction, id, amounts, is_final, reference: None, metadata })
        }
        Line::Void { amount } => {
            Operation::Void(Void { transaction, id, amounts: vec![money(amount)], reference: None, metadata })
        }
        Line::Move { from, to, amount } => {
            let posting = posting(account_of(card, from), account_of(card, to), money(amount));
            let postings = vec![Posting { override_limit: Some(Override::Floor), ..posting }];
            Operation::Create(NewTransaction { id, postings, metadata, ..NewTransaction::default() })
        }
    }
}

fn posting(debit: AccountPath, credit: AccountPath, amount: Money) -> Posting {
    let (debit, credit) = (Some(debit), Some(credit));
    Posting { debit, credit, amount, up_to_available: false, split: Vec::new(), override_limit: None, book: None }
}

fn account_of(card: &Paying, place: Place) -> AccountPath {
    let accounts = &card.accounts;
    match place {
        Place::Holder => card.account.clone(),
        Place::Settlement => accounts.settlement.clone(),
        Place::Fees => accounts.fees.clone(),
        Place::Disputes => accounts.disputes.clone(),
        Place::Bank => accounts.bank.clone(),
    }
}

/// For statements and searches. No card number and no holder's name.
fn metadata(kind: &str, record: &Record) -> Metadata {
    let at = &record.at;
    let pairs = [
        ("kind", Some(kind.to_owned())),
        ("source", Some(record.id.to_string())),
        ("name", at.merchant_name.clone().or_else(|| at.merchant.clone())),
        ("mcc", at.category.clone()),
        ("country", at.country.clone()),
    ];
    pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn balance(transaction: &Transaction, account: &AccountPath) -> Option<Money> {
    let after = transaction.balances.iter().find(|after| after.account == *account)?;
    after.balances.available.or(Some(after.balances.posted))
}

fn not_held(error: LedgerError) -> NotHeld {
    match error {
        LedgerError::Refused { refusal: Refusal::InsufficientFunds { available, .. }, .. } => {
            NotHeld::Refused(Reason::InsufficientFunds, Some(available))
        }
        LedgerError::Refused { refusal, .. } => NotHeld::Refused(reason(&refusal), None),
        LedgerError::Failed(failure) => {
            tracing::warn!(%failure, "the ledger did not answer a hold");
            NotHeld::Unsure
        }
    }
}

fn booked(refusal: &Refusal) -> Booked {
    match refusal {
        Refusal::Expired { .. }
        | Refusal::AlreadyPosted { .. }
        | Refusal::AlreadyVoided { .. }
        | Refusal::PendingUnknown { .. }
        | Refusal::NotPending { .. } => Booked::HoldGone,
        _ => Booked::Refused(reason(refusal)),
    }
}

fn reason(refusal: &Refusal) -> Reason {
    match refusal {
        Refusal::InsufficientFunds { .. } | Refusal::IncreaseRefused { .. } | Refusal::AmountZero { .. } => {
            Reason::InsufficientFunds
        }
        Refusal::AccountFrozen { .. } | Refusal::AccountClosed { .. } => Reason::AccountBlocked,
        other => {
            tracing::warn!(code = other.code(), "the ledger refused a booking of cards");
            Reason::LedgerRefused
        }
    }
}
