//! A ledger on a test's store, and short names for common calls.

use std::sync::Arc;

use kernel::{Clock, Ctx, Deadline, IdMaker, Money, Principal, PrincipalKind};
use ledger::{LedgerConfig, LedgerService};
use ledger_api::{
    Account, AccountChange, AccountPath, Asset, Batch, Cancel, ChangeAccount, DeclareAsset, FindTransaction, Increase,
    LedgerError, Limits, LineOutcome, NewTransaction, OpenAccount, Operation, Post, Posting, Refusal, Reverse, Side,
    Submit, Transaction, TransactionId, Void, WantedStatus,
};
use testkit::{FakeClock, TestStore};

use crate::service::way::MainBook;

pub(crate) struct Desk {
    pub(crate) ledger: MainBook,
    pub(crate) clock: FakeClock,
    pub(crate) ctx: Ctx,
}

pub(crate) type Answer<T> = Result<T, LedgerError>;

impl Desk {
    pub(crate) async fn open(store: &TestStore) -> Desk {
        let config = LedgerConfig { rollup_accounts_max: 3, ..LedgerConfig::default() };
        Desk::open_at(store, FakeClock::default(), config).await
    }

    pub(crate) async fn open_at(store: &TestStore, clock: FakeClock, config: LedgerConfig) -> Desk {
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let ids = IdMaker::seeded(Arc::clone(&shared), 7);
        let service = LedgerService::start(store.open().await, config, Arc::clone(&shared), ids).await.unwrap();
        let ledger = MainBook::of_way(service, shared).await;
        let ctx = ctx(&clock, Principal::operator());
        Desk { ledger, clock, ctx }
    }

    /// Restarted on the same store, with the same clock.
    pub(crate) async fn reopen(self, store: &TestStore) -> Desk {
        self.ledger.close().await.unwrap();
        Desk::open_at(store, self.clock, LedgerConfig::default()).await
    }

    /// `bank` may go negative, `ann` and `bob` may not.
    pub(crate) async fn with_people(store: &TestStore) -> Desk {
        let desk = Desk::open(store).await;
        desk.account("bank", Side::Debit, may_go_negative()).await.unwrap();
        desk.account("ann", Side::Credit, Limits::default()).await.unwrap();
        desk.account("bob", Side::Credit, Limits::default()).await.unwrap();
        desk
    }

    pub(crate) async fn account(&self, name: &str, normal: Side, limits: Limits) -> Answer<Account> {
        self.ledger.open_account(&self.ctx, opening(name, normal, limits)).await
    }

    pub(crate) async fn change(&self, name: &str, change: AccountChange) -> Answer<Account> {
        // Without a key it could not be retried if its reply was lost.
        let ctx = self.ledger.key_wanted().map_or_else(|| self.ctx.clone(), |key| self.keyed(&key));
        self.ledger.change_account(&ctx, ChangeAccount { path: path(name), change }).await
    }

    /// With a key: only then can the command be repeated, and its refusal is remembered.
    pub(crate) async fn change_once(&self, name: &str, change: AccountChange) -> Answer<Account> {
        self.ledger.change_account(&self.keyed("once"), ChangeAccount { path: path(name), change }).await
    }

    pub(crate) async fn declare_once(&self, code: &str, scale: u8) -> Answer<Asset> {
        self.ledger.declare_asset(&self.keyed("once"), DeclareAsset { code: code.to_owned(), scale }).await
    }

    pub(crate) async fn run(&self, operation: impl Into<Operation>) -> Answer<Transaction> {
        self.run_as(&self.ctx, operation).await
    }

    pub(crate) async fn run_as(&self, ctx: &Ctx, operation: impl Into<Operation>) -> Answer<Transaction> {
        self.ledger.submit(ctx, Submit { operation: operation.into(), dry_run: false }).await
    }

    pub(crate) async fn dry(&self, operation: impl Into<Operation>) -> Answer<Transaction> {
        self.ledger.submit(&self.ctx, Submit { operation: operation.into(), dry_run: true }).await
    }

    pub(crate) async fn batch(&self, atomic: bool, lines: Vec<Operation>) -> Vec<Answer<Transaction>> {
        self.batch_as(&self.ctx, atomic, lines).await
    }

    pub(crate) async fn batch_as(&self, ctx: &Ctx, atomic: bool, lines: Vec<Operation>) -> Vec<Answer<Transaction>> {
        let reply = self.ledger.submit_batch(ctx, Batch { atomic, dry_run: false, lines }).await.unwrap();
        let answer = |line| match line {
            LineOutcome::Done(done) => Ok(*done),
            LineOutcome::Failed(error) => Err(error),
        };
        reply.lines.into_iter().map(answer).collect()
    }

    pub(crate) async fn find(&self, bits: u128) -> Answer<Transaction> {
        self.ledger.transaction(&self.ctx, FindTransaction::Id(id(bits))).await
    }

    /// As in lists, which report the last log row for the whole page.
    pub(crate) async fn find_item(&self, bits: u128) -> Transaction {
        Transaction { as_of_seq: None, ..self.find(bits).await.unwrap() }
    }

    pub(crate) async fn posted(&self, name: &str) -> i64 {
        self.ledger.account(&self.ctx, &path(name)).await.unwrap().balances.posted.minor()
    }

    /// The head of the log and every account: what a refusal must not change.
    pub(crate) async fn rows(&self) -> u64 {
        self.ledger.status(&self.ctx).await.unwrap().rows
    }

    pub(crate) async fn all_accounts(&self) -> Vec<Account> {
        self.ledger.accounts(&self.ctx, Default::default()).await.unwrap().items
    }

    pub(crate) fn keyed(&self, key: &str) -> Ctx {
        Ctx { idempotency_key: Some(key.parse().unwrap()), ..self.ctx.clone() }
    }

    pub(crate) fn caller(&self, subject: &str, permissions: &[&str]) -> Ctx {
        let permissions = permissions.iter().map(|text| text.parse().unwrap());
        ctx(&self.clock, Principal::new(PrincipalKind::Customer, subject, permissions))
    }
}

/// The fake clock does not advance, so the deadline does not come nearer by itself.
pub(crate) fn ctx(clock: &FakeClock, principal: Principal) -> Ctx {
    let deadline = Deadline::after_millis(clock, 100 * 86_400_000);
    Ctx { principal, deadline, request_id: "req-1".into(), idempotency_key: None }
}

pub(crate) fn refusal<T: std::fmt::Debug>(answer: Answer<T>) -> Refusal {
    match answer.unwrap_err() {
        LedgerError::Refused { refusal, .. } => refusal,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn path(text: &str) -> AccountPath {
    text.parse().unwrap()
}

pub(crate) fn id(bits: u128) -> TransactionId {
    TransactionId::from_bits(bits)
}

pub(crate) fn usd(minor: i64) -> Money {
    Money::new(minor, "USD".parse().unwrap())
}

pub(crate) fn may_go_negative() -> Limits {
    Limits { may_go_negative: true, ..Limits::default() }
}

pub(crate) fn opening(name: &str, normal: Side, limits: Limits) -> OpenAccount {
    let (currency, metadata) = ("USD".parse().unwrap(), Default::default());
    OpenAccount { path: path(name), currency, normal, limits, owner: None, reference: None, metadata }
}

pub(crate) fn posting(debit: &str, credit: &str, minor: i64) -> Posting {
    Posting {
        debit: Some(path(debit)),
        credit: Some(path(credit)),
        amount: usd(minor),
        up_to_available: false,
        split: Vec::new(),
        override_limit: None,
        book: None,
    }
}

pub(crate) fn create(bits: u128, postings: Vec<Posting>) -> NewTransaction {
    NewTransaction { id: Some(id(bits)), postings, ..NewTransaction::default() }
}

pub(crate) fn pay(bits: u128, debit: &str, credit: &str, minor: i64) -> Operation {
    Operation::Create(create(bits, vec![posting(debit, credit, minor)]))
}

pub(crate) fn hold(bits: u128, debit: &str, credit: &str, minor: i64) -> Operation {
    let create = create(bits, vec![posting(debit, credit, minor)]);
    Operation::Create(NewTransaction { status: WantedStatus::Pending, ..create })
}

pub(crate) fn post(bits: u128, target: u128, amounts: &[i64], is_final: bool) -> Operation {
    let amounts = amounts.iter().copied().map(usd).collect();
    let (transaction, id, metadata) = (id(target), Some(id(bits)), Default::default());
    Operation::Post(Post { transaction, id, amounts, is_final, reference: None, metadata })
}

pub(crate) fn void(bits: u128, target: u128, amounts: &[i64]) -> Operation {
    let amounts = amounts.iter().copied().map(usd).collect();
    let (transaction, id, metadata) = (id(target), Some(id(bits)), Default::default());
    Operation::Void(Void { transaction, id, amounts, reference: None, metadata })
}

pub(crate) fn increase(bits: u128, target: u128, amounts: &[i64]) -> Operation {
    let amounts = amounts.iter().copied().map(usd).collect();
    let (transaction, id, metadata) = (id(target), Some(id(bits)), Default::default());
    Operation::Increase(Increase { transaction, id, amounts, reference: None, metadata })
}

pub(crate) fn reverse(bits: u128, target: u128) -> Operation {
    let (transaction, id, metadata) = (id(target), Some(id(bits)), Default::default());
    Operation::Reverse(Reverse { transaction, id, reference: None, metadata })
}

pub(crate) fn cancel(bits: u128, target: u128) -> Operation {
    let (transaction, id, metadata) = (id(target), Some(id(bits)), Default::default());
    Operation::Cancel(Cancel { transaction, id, reference: None, metadata })
}

/// The same, to be executed at a time.
pub(crate) fn scheduled(operation: Operation, at: kernel::Timestamp) -> Operation {
    match operation {
        Operation::Create(create) => {
            Operation::Create(NewTransaction { scheduled: true, effective_at: Some(at), ..create })
        }
        other => other,
    }
}

pub(crate) fn referenced(bits: u128) -> Operation {
    let create = create(bits, vec![posting("bank", "ann", 1)]);
    Operation::Create(NewTransaction { reference: Some(reference("INV-1")), ..create })
}

pub(crate) fn reference(text: &str) -> ledger_api::Reference {
    text.parse().unwrap()
}
