//! A few accounts with money in them, so that a first look at `serve --demo` shows something.
//!
//! Invariant: created once, however often the process starts: accounts are recognised by their path, transactions by
//! ids that never change. It uses the ledger's trait like any caller, so it can do nothing that a caller cannot.

use kernel::{Ctx, Currency, Money};
use ledger_api::{
    AccountPath, Ledger, LedgerError, Limits, Metadata, NewTransaction, OpenAccount, Operation, Posting, Reference,
    Side, Submit, TransactionId, WantedStatus,
};
use platform::room::OpenError;

/// Path, the side on which it grows, owner. None may go below zero.
const ACCOUNTS: [(&str, Side, Option<&str>); 7] = [
    ("assets:cash", Side::Debit, None),
    ("assets:bank:settlement", Side::Debit, None),
    ("customers:ann", Side::Credit, Some("cust_ann")),
    ("customers:bob", Side::Credit, Some("cust_bob")),
    ("merchants:bookshop", Side::Credit, Some("merch_bookshop")),
    ("income:fees", Side::Credit, None),
    ("equity:capital", Side::Credit, None),
];

/// Reference, debit, credit, smallest units, status; the id follows from the position in this list.
const TRANSACTIONS: [(&str, &str, &str, i64, WantedStatus); 6] = [
    ("demo-capital", "assets:bank:settlement", "equity:capital", 1_000_000, WantedStatus::Posted),
    ("demo-ann-pays-in", "assets:cash", "customers:ann", 25_000, WantedStatus::Posted),
    ("demo-bob-pays-in", "assets:cash", "customers:bob", 8_000, WantedStatus::Posted),
    ("demo-ann-to-bob", "customers:ann", "customers:bob", 4_250, WantedStatus::Posted),
    ("demo-fee", "customers:ann", "income:fees", 150, WantedStatus::Posted),
    ("demo-books-on-hold", "customers:bob", "merchants:bookshop", 3_999, WantedStatus::Pending),
];

/// The first of the transactions' ids, a time-ordered id of 2026-01-01.
const FIRST_ID: u128 = 0x019b_76da_8c00_7000_8000_0000_0000_0001;

pub(super) async fn seed(ledger: &dyn Ledger, ctx: impl Fn() -> Ctx) -> Result<(), OpenError> {
    let usd = Currency::iso("USD")?;
    for (path, normal, owner) in ACCOUNTS {
        let account = OpenAccount {
            path: path.parse()?,
            currency: usd,
            normal,
            limits: Limits::default(),
            owner: owner.map(str::parse).transpose()?,
            reference: None,
            metadata: Metadata::new(),
        };
        ledger.open_account(&ctx(), account).await?;
    }
    for ((reference, debit, credit, minor, status), id) in TRANSACTIONS.into_iter().zip(FIRST_ID..) {
        let id = TransactionId::from_bits(id);
        let create =
            transaction(id, reference.parse()?, debit.parse()?, credit.parse()?, Money::new(minor, usd), status);
        let submit = Submit { operation: Operation::Create(create), dry_run: false };
        match ledger.submit(&ctx(), submit).await {
            // A visitor may have frozen or emptied an account before the first start finished; that is harmless.
            Ok(_) | Err(LedgerError::Refused { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn transaction(
    id: TransactionId,
    reference: Reference,
    debit: AccountPath,
    credit: AccountPath,
    amount: Money,
    status: WantedStatus,
) -> NewTransaction {
    let (debit, credit) = (Some(debit), Some(credit));
    let posting =
        Posting { debit, credit, amount, up_to_available: false, split: Vec::new(), override_limit: None, book: None };
    let (id, reference) = (Some(id), Some(reference));
    NewTransaction { id, status, postings: vec![posting], reference, ..NewTransaction::default() }
}
