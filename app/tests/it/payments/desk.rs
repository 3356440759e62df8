//! Payments on a test's store, beside a ledger on a store of its own, and a gate at which calls to the ledger can be
//! stopped for good, as a killed process stops them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kernel::{Clock, Ctx, Currency, Deadline, IdMaker, Money, Permission, Principal, PrincipalKind};
use ledger::{LedgerBooks, LedgerConfig, StoresBeside};
use ledger_api::{AccountPath, BookName, Books, Ledger, NewTransaction, Operation, Posting, Side as Normal, Submit};
use payments::{CreatePayment, Orders, Payment, PaymentsError, Side};
use payments::{Given, PaymentsService};
use platform::crypto::KeyEncryptionKey;
use platform::db::Db;
use platform::feed::{FeedSignal, Outbox};
use platform::once::Once;
use testkit::{FakeClock, TestStore};

use crate::cards::gate::{Stop, through};

const KEY: &str = "0123456789abcdef0123456789abcdef-test";

pub(crate) struct Desk {
    pub(crate) payments: Arc<PaymentsService>,
    ledger: Arc<dyn Ledger>,
    books: Arc<dyn Books>,
    pub(crate) stop: Arc<Stop>,
    pub(crate) clock: FakeClock,
    db: Db,
    /// The ledger's: removed when dropped.
    _store: TestStore,
    seed: AtomicU64,
}

fn master() -> KeyEncryptionKey {
    KeyEncryptionKey::from_secret(&kernel::Secret::new(KEY)).unwrap()
}

async fn payments_on(
    db: Db,
    books: Arc<dyn Books>,
    clock: &Arc<dyn Clock>,
    ids: IdMaker,
    settings: payments::Settings,
) -> Arc<PaymentsService> {
    platform::room::migrate(&payments::ROOM, &db).await.unwrap();
    let own = ["transactions:*:all", "accounts:open:all", "accounts:read:all"];
    let own = Principal::new(PrincipalKind::Service, "payments", own.iter().map(|text| text.parse().unwrap()));
    let given = Given {
        books,
        own: Arc::new(own),
        outbox: Outbox::new("/payments", Arc::clone(clock)),
        signal: FeedSignal::default(),
        clock: Arc::clone(clock),
        ids,
        once: Once::new(&master(), Arc::clone(clock)),
        requests: master().purpose("requests of payments"),
        settings,
    };
    Arc::new(PaymentsService::start(db, given).await.unwrap())
}

/// With a bank for SEPA; files are made after a quarter of an hour.
fn settings() -> payments::Settings {
    payments::Settings {
        sepa_iban: "DE02120300000000202051".to_owned(),
        sepa_bic: "BYLADEM1001".to_owned(),
        sepa_name: "Florin Test".to_owned(),
        ..payments::Settings::default()
    }
}

impl Desk {
    /// `ann` and `bob` have 100.00 each, `uta` has 1,000.00 EUR; there are `income:fees` and `customers:eve` without money.
    pub(crate) async fn open(store: &TestStore) -> Desk {
        Desk::open_with(store, FakeClock::default(), 7).await
    }

    pub(crate) async fn open_with(store: &TestStore, clock: FakeClock, seed: u64) -> Desk {
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let ledger_store = TestStore::sqlite();
        let ids = |seed| IdMaker::seeded(Arc::clone(&shared), seed);
        let stores = Arc::new(StoresBeside { main: ledger_store.target(), readers: 4 });
        let books = LedgerBooks::open(stores, LedgerConfig::default(), Arc::clone(&shared), ids(seed)).await.unwrap();
        let books: Arc<dyn Books> = Arc::new(books);
        let stop = Arc::new(Stop::default());
        let db = store.open().await;
        let far = through(&ledger_api::FACE, Arc::clone(&books), &stop, &shared);
        let payments = payments_on(db.clone(), far, &shared, ids(seed + 1), settings()).await;
        let ledger = books.book(&BookName::main()).await.unwrap();
        let seed = AtomicU64::new(seed + 2);
        let desk = Desk { payments, ledger, books, stop, clock, db, _store: ledger_store, seed };
        desk.open_accounts().await;
        desk
    }

    /// The same stores, with nothing left in memory: after a kill.
    pub(crate) async fn again(&self) -> Arc<PaymentsService> {
        self.again_with(settings()).await
    }

    /// The same stores, with no way out of the house.
    pub(crate) async fn without_bank(&self) -> Arc<PaymentsService> {
        self.again_with(payments::Settings::default()).await
    }

    async fn again_with(&self, settings: payments::Settings) -> Arc<PaymentsService> {
        let shared: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let ids = IdMaker::seeded(Arc::clone(&shared), self.seed.fetch_add(1, Ordering::SeqCst));
        let far = through(&ledger_api::FACE, Arc::clone(&self.books), &Arc::new(Stop::default()), &shared);
        payments_on(self.db.clone(), far, &shared, ids, settings).await
    }

    async fn open_accounts(&self) {
        for path in ["equity", "income:fees", "customers:ann", "customers:bob", "customers:eve"] {
            let owner = path.strip_prefix("customers:").map(|name| format!("cust_{name}").parse().unwrap());
            let name = path.strip_prefix("customers:").map(|name| ("name".to_owned(), name.to_uppercase()));
            let open = ledger_api::OpenAccount {
                path: path.parse().unwrap(),
                currency: usd(),
                normal: Normal::Credit,
                limits: ledger_api::Limits { may_go_negative: owner.is_none(), ..Default::default() },
                owner,
                reference: None,
                metadata: name.into_iter().collect(),
            };
            self.ledger.open_account(&self.ctx(), open).await.unwrap();
        }
        self.pay_in("customers:ann", 10_000).await;
        self.pay_in("customers:bob", 10_000).await;
        for (path, may_go_negative) in [("equity:euro", true), ("customers:uta", false)] {
            let open = ledger_api::OpenAccount {
                path: path.parse().unwrap(),
                currency: eur(),
                normal: Normal::Credit,
                limits: ledger_api::Limits { may_go_negative, ..Default::default() },
                owner: (!may_go_negative).then(|| "cust_uta".parse().unwrap()),
                reference: None,
                metadata: Default::default(),
            };
            self.ledger.open_account(&self.ctx(), open).await.unwrap();
        }
        self.move_in("equity:euro", "customers:uta", Money::new(100_000, eur())).await;
    }

    pub(crate) async fn pay_in(&self, account: &str, minor: i64) {
        self.move_in("equity", account, Money::new(minor, usd())).await;
    }

    async fn move_in(&self, from: &str, account: &str, amount: Money) {
        let posting = Posting {
            debit: Some(from.parse().unwrap()),
            credit: Some(account.parse().unwrap()),
            amount,
            up_to_available: false,
            split: Vec::new(),
            override_limit: None,
            book: None,
        };
        let create = NewTransaction { postings: vec![posting], ..NewTransaction::default() };
        let submit = Submit { operation: Operation::Create(create), dry_run: false };
        let number = self.seed.fetch_add(1, Ordering::SeqCst);
        self.ledger.submit(&self.keyed(&format!("pay-in-{number}")), submit).await.unwrap();
    }

    pub(crate) async fn balance(&self, account: &str) -> i64 {
        let path: AccountPath = account.parse().unwrap();
        self.ledger.account(&self.ctx(), &path).await.unwrap().balances.posted.minor()
    }

    /// Posted, and what holds leave of it.
    pub(crate) async fn balances(&self, account: &str) -> (i64, Option<i64>) {
        let path: AccountPath = account.parse().unwrap();
        let balances = self.ledger.account(&self.ctx(), &path).await.unwrap().balances;
        (balances.posted.minor(), balances.available.map(|available| available.minor()))
    }

    /// As an operator does by hand.
    pub(crate) async fn reverse(&self, transaction: ledger_api::TransactionId) {
        let reverse = ledger_api::Reverse { transaction, id: None, reference: None, metadata: Default::default() };
        let submit = Submit { operation: Operation::Reverse(reverse), dry_run: false };
        self.ledger.submit(&self.keyed("by-hand-1"), submit).await.unwrap();
    }

    pub(crate) async fn change(&self, account: &str, change: ledger_api::AccountChange) {
        let change = ledger_api::ChangeAccount { path: account.parse().unwrap(), change };
        self.ledger.change_account(&self.ctx(), change).await.unwrap();
    }

    pub(crate) fn ctx(&self) -> Ctx {
        self.by(Principal::operator())
    }

    pub(crate) fn by(&self, principal: Principal) -> Ctx {
        let deadline = Deadline::after_millis(&self.clock, 10_000);
        Ctx { principal, deadline, request_id: "req-1".into(), idempotency_key: None }
    }

    /// Somebody at work, who has authenticated just now.
    pub(crate) fn clerk(&self, name: &str) -> Ctx {
        let proof = kernel::Proof { at: self.clock.now(), second_factor: true };
        let principal = Principal::new(PrincipalKind::Employee, name, [Permission::everything()]);
        self.by(Principal { proof: Some(proof), ..principal })
    }

    pub(crate) fn customer(&self, name: &str) -> Ctx {
        let own = ["payments:create:own", "payments:read:own", "payments:cancel:own", "payees:*:own"];
        let principal = Principal::new(PrincipalKind::Customer, name, own.iter().map(|text| text.parse().unwrap()));
        Ctx { idempotency_key: self.keyed(&format!("{name}-1")).idempotency_key, ..self.by(principal) }
    }

    pub(crate) fn keyed(&self, key: &str) -> Ctx {
        Ctx { idempotency_key: Some(key.parse().unwrap()), ..self.ctx() }
    }

    pub(crate) async fn pay(&self, key: &str, minor: i64) -> Payment {
        self.payments.create(&self.keyed(key), order(minor)).await.unwrap()
    }

    pub(crate) async fn sweep_later(&self, payments: &PaymentsService) {
        for _ in 0..3 {
            self.clock.advance_millis(15_000);
            payments.sweep().await.unwrap();
        }
    }
}

pub(crate) fn usd() -> Currency {
    Currency::iso("USD").unwrap()
}

pub(crate) fn eur() -> Currency {
    Currency::iso("EUR").unwrap()
}

pub(crate) fn side(path: &str) -> Side {
    Side::path(path.parse().unwrap())
}

/// From `ann` to `bob`.
pub(crate) fn order(minor: i64) -> CreatePayment {
    CreatePayment {
        from: side("customers:ann"),
        to: side("customers:bob"),
        amount: Money::new(minor, usd()),
        text: Some("rent".to_owned()),
        reference: None,
        on: None,
        dry_run: false,
    }
}

pub(crate) fn code<T: std::fmt::Debug>(answer: Result<T, PaymentsError>) -> String {
    answer.unwrap_err().code().to_owned()
}
