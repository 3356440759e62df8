//! Cards on a test's store, beside a ledger and a vault on stores of their own, called through a gate.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cards::{
    Accounts, Authorization, Authorize, Card, CardChange, Cards, CardsService, Change, ChangeCard, Controls, Given,
    IssueCard, Issuing, Others, PutProgramme, StandIn, StepKind, Stepped, TakeStep, Terms,
};
use kernel::{Clock, Ctx, Currency, Deadline, IdMaker, Money, Principal, PrincipalKind};
use ledger::{LedgerBooks, LedgerConfig, StoresBeside};
use ledger_api::{AccountPath, BookName, Books, Ledger, NewTransaction, Operation, Posting, Side, Submit};
use platform::crypto::KeyEncryptionKey;
use platform::db::Db;
use platform::feed::{FeedSignal, Outbox};
use platform::once::Once;
use platform::outbound::{Outbound, OutboundConfig};
use risk_api::Risk;
use testkit::{FakeClock, TestStore};
use vault::{VaultKeys, VaultService};
use vault_api::{Tokenize, Vault};

use crate::cards::gate::{Stop, through};

pub(crate) const VISA: &str = "4111111111111111";
pub(crate) const MASTER: &str = "5555555555554444";
const KEY: &str = "0123456789abcdef0123456789abcdef-test";

pub(crate) struct Till {
    pub(crate) cards: Arc<CardsService>,
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) keys: Arc<VaultService>,
    pub(crate) ledger: Arc<dyn Ledger>,
    books: Arc<dyn Books>,
    pub(crate) stop: Arc<Stop>,
    pub(crate) clock: FakeClock,
    pub(crate) db: Db,
    settings: cards::Settings,
    /// Of the vault and the ledger: removed when dropped.
    _stores: (TestStore, TestStore),
    seed: AtomicU64,
}

fn outbox(db: &str, clock: &Arc<dyn Clock>) -> (Outbox, FeedSignal) {
    (Outbox::new(format!("/{db}"), Arc::clone(clock)), FeedSignal::default())
}

fn master() -> KeyEncryptionKey {
    KeyEncryptionKey::from_secret(&kernel::Secret::new(KEY)).unwrap()
}

pub(crate) async fn vault_on(db: Db, clock: &Arc<dyn Clock>, ids: IdMaker) -> Arc<VaultService> {
    platform::room::migrate(&vault::ROOM, &db).await.unwrap();
    let keys = VaultKeys { key: master(), once: Once::new(&master(), Arc::clone(clock)) };
    let settings = vault::Settings {
        secret: kernel::Secret::new(""),
        pci_compliance_mode: true,
        reveal_fresh_seconds: 300,
        rotation_batch: 3,
    };
    let made = (Arc::clone(clock), ids);
    Arc::new(VaultService::start(db, keys, outbox("vault", clock), made, settings).await.unwrap())
}

async fn cards_on(
    db: Db,
    others: Others,
    clock: &Arc<dyn Clock>,
    ids: IdMaker,
    settings: cards::Settings,
) -> Arc<CardsService> {
    let local = OutboundConfig { allowed: vec!["127.0.0.0/8".parse().unwrap()], ..OutboundConfig::default() };
    platform::room::migrate(&cards::ROOM, &db).await.unwrap();
    let (outbox, signal) = outbox("cards", clock);
    let given = Given {
        outbox,
        signal,
        clock: Arc::clone(clock),
        ids,
        once: Once::new(&master(), Arc::clone(clock)),
        requests: master().purpose("requests of cards"),
        own: Arc::new(own()),
        settings,
        outbound: Outbound::new(&local, Arc::clone(clock)).unwrap(),
    };
    Arc::new(CardsService::start(db, others, given).await.unwrap())
}

/// Cards itself: what the role `service` and its own have.
fn own() -> Principal {
    let of_service = ["transactions:create:all", "transactions:read:all", "accounts:read:all", "events:read:all"];
    let of_risk = ["risk:decide:all", "labels:create:all"];
    let all = of_service.iter().chain(&of_risk).chain(cards::ROOM.own);
    Principal::new(PrincipalKind::Service, "florin-cards", all.filter_map(|text| text.parse().ok()))
}

impl Till {
    /// `ann` and `bob` have 100.00 each.
    pub(crate) async fn open(store: &TestStore) -> Till {
        Till::open_with(store, FakeClock::default(), 7).await
    }

    /// The same, with this risk.
    pub(crate) async fn open_scored(store: &TestStore, clock: FakeClock, risk: Arc<dyn Risk>) -> Till {
        Till::open_all(store, clock, 7, Some(risk), cards::Settings::default()).await
    }

    pub(crate) async fn open_with(store: &TestStore, clock: FakeClock, seed: u64) -> Till {
        Till::open_all(store, clock, seed, None, cards::Settings::default()).await
    }

    /// The same, in front of an old system at this address.
    pub(crate) async fn open_leaving(store: &TestStore, clock: FakeClock, seed: u64, address: String) -> Till {
        let settings = cards::Settings { legacy_url: address, legacy_ms: 1_200, ..cards::Settings::default() };
        Till::open_all(store, clock, seed, None, settings).await
    }

    async fn open_all(
        store: &TestStore,
        clock: FakeClock,
        seed: u64,
        risk: Option<Arc<dyn Risk>>,
        settings: cards::Settings,
    ) -> Till {
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let (vault_store, ledger_store) = (TestStore::sqlite(), TestStore::sqlite());
        let ids = |seed| IdMaker::seeded(Arc::clone(&shared), seed);
        let stores = Arc::new(StoresBeside { main: ledger_store.target(), readers: 4 });
        let books = LedgerBooks::open(stores, LedgerConfig::default(), Arc::clone(&shared), ids(seed)).await.unwrap();
        let books: Arc<dyn Books> = Arc::new(books);
        let keys = vault_on(vault_store.open().await, &shared, ids(seed + 1)).await;
        let stop = Arc::new(Stop::default());
        let db = store.open().await;
        let others = Others { risk, ..others(&keys, &books, &stop, &shared) };
        let cards = cards_on(db.clone(), others, &shared, ids(seed + 2), settings.clone()).await;
        let ledger = books.book(&BookName::main()).await.unwrap();
        let (vault, seed) = (keys.clone(), AtomicU64::new(seed + 3));
        let till = Till {
            cards,
            vault,
            keys,
            ledger,
            books,
            stop,
            clock,
            db,
            settings,
            _stores: (vault_store, ledger_store),
            seed,
        };
        till.open_accounts().await;
        till
    }

    /// The same stores, with nothing left in memory: after a kill.
    pub(crate) async fn again(&self) -> Arc<CardsService> {
        let shared: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let ids = IdMaker::seeded(Arc::clone(&shared), self.seed.fetch_add(1, Ordering::SeqCst));
        let others = others(&self.keys, &self.books, &Arc::new(Stop::default()), &shared);
        cards_on(self.db.clone(), others, &shared, ids, self.settings.clone()).await
    }

    async fn open_accounts(&self) {
        let negative = ["cards:settlement", "cards:disputes", "income:card-fees", "assets:bank", "equity"];
        let people = ["customers:ann", "customers:bob"];
        for (path, may_go_negative) in
            negative.iter().map(|path| (*path, true)).chain(people.iter().map(|path| (*path, false)))
        {
            let owner = path.strip_prefix("customers:").map(|name| format!("cust_{name}").parse().unwrap());
            let open = ledger_api::OpenAccount {
                path: path.parse().unwrap(),
                currency: usd(),
                normal: Side::Credit,
                limits: ledger_api::Limits { may_go_negative, ..Default::default() },
                owner,
                reference: None,
                metadata: Default::default(),
            };
            self.ledger.open_account(&self.ctx(), open).await.unwrap();
        }
        for account in people {
            self.pay_in(account, 10_000).await;
        }
    }

    pub(crate) async fn pay_in(&self, account: &str, minor: i64) {
        let posting = Posting {
            debit: Some("equity".parse().unwrap()),
            credit: Some(account.parse().unwrap()),
            amount: Money::new(minor, usd()),
            up_to_available: false,
            split: Vec::new(),
            override_limit: None,
            book: None,
        };
        let create = NewTransaction { postings: vec![posting], ..NewTransaction::default() };
        let submit = Submit { operation: Operation::Create(create), dry_run: false };
        self.ledger.submit(&self.keyed(&format!("pay-{account}-{minor}")), submit).await.unwrap();
    }

    pub(crate) fn ctx(&self) -> Ctx {
        ctx(&self.clock, Principal::operator())
    }

    pub(crate) fn keyed(&self, key: &str) -> Ctx {
        Ctx { idempotency_key: Some(key.parse().unwrap()), ..self.ctx() }
    }

    /// A programme that approves without risk, and an active card of `ann`'s with this number.
    pub(crate) async fn card(&self, number: &str) -> Card {
        self.card_with(number, |_| {}, Controls::default()).await
    }

    pub(crate) async fn card_with(&self, number: &str, change: impl FnOnce(&mut Terms), controls: Controls) -> Card {
        let mut terms = terms(number.get(..6).unwrap());
        change(&mut terms);
        let keyed = |what: &str| self.keyed(&format!("{what}-{number}"));
        let programme = self.cards.put_programme(&keyed("programme"), PutProgramme { id: None, terms }).await.unwrap();
        let expiry = "2812".parse().unwrap();
        let kept = self.vault.tokenize(&self.ctx(), Tokenize { pan: number.parse().unwrap(), expiry }).await.unwrap();
        let issue = IssueCard {
            programme: programme.id,
            account: "customers:ann".parse().unwrap(),
            expiry,
            token: Some(kept.token),
            controls,
            replaces: None,
        };
        let card = self.cards.issue(&keyed("issue"), issue).await.unwrap();
        self.change(&card, CardChange::Activate).await
    }

    pub(crate) async fn change(&self, card: &Card, change: CardChange) -> Card {
        let command = ChangeCard { card: card.id, change: Change::Status(change) };
        self.cards.change(&self.ctx(), command).await.unwrap()
    }

    pub(crate) async fn pay(&self, request: &str, amount: &str) -> Authorization {
        self.cards.authorize(&self.ctx(), ask(request, VISA, amount)).await.unwrap()
    }

    pub(crate) async fn step(&self, paid: &Authorization, kind: StepKind, amount: Option<&str>) -> Stepped {
        self.try_step(paid, kind, amount).await.unwrap()
    }

    pub(crate) async fn try_step(
        &self,
        paid: &Authorization,
        kind: StepKind,
        amount: Option<&str>,
    ) -> Result<Stepped, cards::CardsError> {
        let request = format!("{}-{}-{}", paid.request_id, kind.name(), self.seed.fetch_add(1, Ordering::SeqCst));
        self.cards.take_step(&self.ctx(), take(&request, paid, kind, amount)).await
    }

    /// What an account has available, is held on it, and is booked.
    pub(crate) async fn balances(&self, account: &str) -> (Option<i64>, i64, i64) {
        let path: AccountPath = account.parse().unwrap();
        let balances = self.ledger.account(&self.ctx(), &path).await.unwrap().balances;
        (balances.available.map(|money| money.minor()), balances.pending_out.minor(), balances.posted.minor())
    }

    pub(crate) async fn held(&self) -> i64 {
        self.balances("customers:ann").await.1
    }
}

fn others(keys: &Arc<VaultService>, books: &Arc<dyn Books>, stop: &Arc<Stop>, clock: &Arc<dyn Clock>) -> Others {
    let vault: Arc<dyn Vault> = keys.clone();
    let vault = through(&vault_api::FACE, vault, stop, clock);
    let books = through(&ledger_api::FACE, Arc::clone(books), stop, clock);
    Others { vault, books, risk: None }
}

pub(crate) fn ctx(clock: &FakeClock, principal: Principal) -> Ctx {
    let deadline = Deadline::after_millis(clock, 100 * 86_400_000);
    Ctx { principal, deadline, request_id: "req-1".into(), idempotency_key: None }
}

pub(crate) fn usd() -> Currency {
    Currency::iso("USD").unwrap()
}

pub(crate) fn terms(bin: &str) -> Terms {
    Terms {
        name: "Everyday".to_owned(),
        currency: usd(),
        zone: "Europe/Berlin".to_owned(),
        cutoff: "17:00".to_owned().try_into().unwrap(),
        bin: bin.to_owned(),
        accounts: Accounts {
            settlement: "cards:settlement".parse().unwrap(),
            fees: "income:card-fees".parse().unwrap(),
            disputes: "cards:disputes".parse().unwrap(),
            bank: "assets:bank".parse().unwrap(),
        },
        stand_in: StandIn { approve_up_to: Some(Money::new(1_000_000, usd())) },
        tolerances: Vec::new(),
        rates: Vec::new(),
        markup: None,
        hold_days: 7,
        controls: Controls::default(),
    }
}

/// The guides' request.
pub(crate) fn ask(request: &str, pan: &str, amount: &str) -> Authorize {
    let body = serde_json::json!({ "request_id": request, "pan": pan, "amount": amount });
    serde_json::from_value(body).unwrap()
}

pub(crate) fn take(request: &str, paid: &Authorization, kind: StepKind, amount: Option<&str>) -> TakeStep {
    TakeStep {
        request_id: request.parse().unwrap(),
        kind,
        about: cards::About::Authorization(paid.id),
        amount: amount.map(str::to_owned),
        currency: None,
        is_final: false,
        is_fraud: false,
        at: Default::default(),
    }
}
