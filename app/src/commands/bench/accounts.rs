//! `florin bench interest` and `florin bench transactions`: the real ledger and the accounts room in this process, each on
//! its own store, with a clock that is set from day to day.

mod days;
mod follow;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use accounts_api::*;
use async_trait::async_trait;
use kernel::{Clock, Ctx, Currency, Deadline, IdMaker, Money, Monotonic, Principal, SystemClock, Timestamp};
use ledger::{LedgerConfig, LedgerService};
use ledger_api::{
    AccountPath, Batch, Book, BookName, Books, CreateBook, Ledger, LedgerError, LineOutcome, Metadata, NewTransaction,
    Operation, Reference, Side, TransactionId,
};
use platform::crypto::{Erasures, KeyEncryptionKey};
use platform::db::{Budget, Db};
use platform::feed::{FeedSignal, Outbox};
use platform::outbound::{Outbound, OutboundConfig};
use platform::room::{Opened, Site};

use super::store::{Store, Stores};
use crate::failure::Failure;
use crate::progress::Progress;

pub(super) use days::interest;
pub(super) use follow::transactions;

const CASH: &str = "assets:cash";
const DEADLINE_MS: u64 = 3_600_000;
/// Commands that open accounts at the same time.
const OPENING: usize = 2_000;
const BATCH: usize = 1_000;
const DAY_US: i64 = 86_400_000_000;

/// The machine's clock with another date.
#[derive(Debug)]
struct MovedClock {
    ahead_us: AtomicI64,
}

impl MovedClock {
    /// As if it were now this day.
    fn at(day: &str) -> Result<Arc<MovedClock>, Failure> {
        let noon: Timestamp = format!("{day}T12:00:00Z").parse()?;
        let ahead_us = AtomicI64::new(noon.micros_since(SystemClock.now()));
        Ok(Arc::new(MovedClock { ahead_us }))
    }

    fn next_day(&self) {
        self.ahead_us.fetch_add(DAY_US, Ordering::AcqRel);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_micros(self.ahead_us.load(Ordering::Acquire))
    }

    fn monotonic(&self) -> Monotonic {
        SystemClock.monotonic()
    }
}

/// A ledger of one book.
struct OneBook(Arc<LedgerService>);

#[async_trait]
impl Books for OneBook {
    async fn create_book(&self, _: &Ctx, _: CreateBook) -> Result<Book, LedgerError> {
        Err(LedgerError::Failed(platform::error::Failure::Unavailable))
    }

    async fn books(&self, _: &Ctx) -> Result<Vec<Book>, LedgerError> {
        Ok(Vec::new())
    }

    async fn book(&self, _: &BookName) -> Result<Arc<dyn Ledger>, LedgerError> {
        Ok(self.0.clone())
    }
}

struct Desk {
    ledger: Arc<LedgerService>,
    ledger_store: Store,
    db: Db,
    opened: Opened<dyn Accounts>,
    clock: Arc<MovedClock>,
    ids: IdMaker,
    currency: Currency,
    holder: CustomerId,
    product: ProductId,
}

impl Desk {
    async fn open(stores: &Stores<'_>, day: &str, accounts: usize) -> Result<Desk, Failure> {
        let moved = MovedClock::at(day)?;
        let clock: Arc<dyn Clock> = moved.clone();
        let ids = IdMaker::new(Arc::clone(&clock));
        let ledger_store = stores.create().await?;
        let config = LedgerConfig { rollup_accounts_max: accounts + 100, ..LedgerConfig::default() };
        let ledger = LedgerService::start(ledger_store.open().await?, config, Arc::clone(&clock), ids.clone()).await?;
        let ledger = Arc::new(ledger);
        let store = stores.create().await?;
        let db = store.open().await?;
        platform::room::migrate(&accounts::ROOM, &db).await?;
        let site = site(&store, db.clone(), &clock, ids.clone())?;
        let opened = accounts::open(site, Arc::new(OneBook(Arc::clone(&ledger)))).await.map_err(Failure::of)?;
        let currency = Currency::iso("EUR")?;
        let nobody = CustomerId::from_bits(0);
        let product = ProductId::from_bits(0);
        let desk = Desk { ledger, ledger_store, db, opened, clock: moved, ids, currency, holder: nobody, product };
        desk.furnished().await
    }

    /// One customer, and one product that bears interest.
    async fn furnished(mut self) -> Result<Desk, Failure> {
        let profile = Profile { name: "Bench".to_owned(), ..Profile::default() };
        let (kind, state) = (CustomerKind::Business, Some(CustomerState::Active));
        let customer = CreateCustomer { id: None, kind, state, profile, external_id: None };
        self.holder = self.opened.face.create_customer(&self.ctx(), customer).await?.id;
        let money = |minor| Money::new(minor, self.currency);
        let tier = |from, rate: &str| Ok::<_, Failure>(Tier { from: money(from), rate: rate.parse()? });
        let interest = InterestTerms {
            day_count: DayCount::Act365F,
            tiers: TierMode::Slice,
            posting: Posting::Monthly,
            tax: None,
        };
        let create = CreateProduct {
            name: "Bench".to_owned(),
            kind: ProductKind::Savings,
            currency: self.currency,
            terms: Terms { interest: Some(interest), ..Terms::default() },
            rates: Some(Rates {
                from: jiff::civil::Date::constant(2026, 1, 1),
                credit: vec![tier(0, "2.5")?, tier(1_000_000, "3.25")?],
                overdraft: None,
                fees: None,
            }),
        };
        self.product = self.opened.face.create_product(&self.ctx(), create).await?.id;
        self.opened.face.activate_product(&self.ctx(), self.product).await?;
        let cash = self.opening(CASH.parse()?, Side::Debit, None);
        self.ledger.open_account(&self.ctx(), cash).await?;
        Ok(self)
    }

    fn ctx(&self) -> Ctx {
        let deadline = Deadline::after_millis(&*self.clock, DEADLINE_MS);
        Ctx { principal: Principal::operator(), deadline, request_id: "bench".into(), idempotency_key: None }
    }

    fn opening(&self, path: AccountPath, normal: Side, owner: Option<Reference>) -> ledger_api::OpenAccount {
        let limits = ledger_api::Limits { may_go_negative: normal == Side::Debit, ..Default::default() };
        let (currency, metadata) = (self.currency, Metadata::new());
        ledger_api::OpenAccount { path, currency, normal, limits, owner, reference: None, metadata }
    }

    /// In both stores, as opening them one by one would leave them.
    async fn add_accounts(&self, count: usize) -> Result<Vec<AccountPath>, Failure> {
        let ids: Vec<AccountId> = (0..count).map(|_| self.ids.make()).collect();
        accounts::add_accounts(&self.db, &ids, (self.product, self.holder), self.clock.now()).await?;
        let path = |id: &AccountId| Ok::<AccountPath, Failure>(format!("customers:{id}").parse()?);
        let paths: Vec<AccountPath> = ids.iter().map(path).collect::<Result<_, _>>()?;
        let (paths, next) = (Arc::new(paths), Arc::new(AtomicUsize::new(0)));
        let owner: Reference = self.holder.to_string().parse()?;
        let mut opening = tokio::task::JoinSet::new();
        for _ in 0..OPENING.min(count) {
            let (ledger, paths, next) = (Arc::clone(&self.ledger), Arc::clone(&paths), Arc::clone(&next));
            let (ctx, like) = (self.ctx(), self.opening(CASH.parse()?, Side::Credit, Some(owner.clone())));
            opening.spawn(async move {
                while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let open = ledger_api::OpenAccount { path: path.clone(), ..like.clone() };
                    ledger.open_account(&ctx, open).await?;
                }
                Ok::<_, LedgerError>(())
            });
        }
        while let Some(done) = opening.join_next().await {
            done??;
        }
        Ok(paths.to_vec())
    }

    /// Pays into accounts in turn; returns the ledger's transactions a second in these batches.
    async fn pay_in(&self, paths: &[AccountPath], count: usize, metadata: &Metadata) -> Result<f64, Failure> {
        let cash: AccountPath = CASH.parse()?;
        let mut progress = Progress::new("paying in", "transactions");
        let started = self.clock.monotonic();
        let mut done = 0;
        let mut turn = paths.iter().cycle();
        while done < count {
            let some = turn.by_ref().take(BATCH.min(count - done));
            let lines: Vec<Operation> =
                some.zip(done..).map(|(path, place)| self.paid(&cash, path, place, metadata)).collect();
            let lines_sent = lines.len();
            let reply = self.ledger.submit_batch(&self.ctx(), Batch { atomic: false, dry_run: false, lines }).await?;
            if let Some(LineOutcome::Failed(error)) =
                reply.lines.into_iter().find(|line| matches!(line, LineOutcome::Failed(_)))
            {
                return Err(error.into());
            }
            done += lines_sent;
            progress.at(done as u64, count as u64);
        }
        progress.finish();
        Ok(count as f64 * 1e6 / self.clock.monotonic().micros_since(started).max(1) as f64)
    }

    fn paid(&self, cash: &AccountPath, path: &AccountPath, place: usize, metadata: &Metadata) -> Operation {
        // Between 100.00 and 20,000.00.
        let minor = 10_000 + i64::try_from(place % 199).unwrap_or_default() * 10_000;
        let posting = ledger_api::Posting {
            debit: Some(cash.clone()),
            credit: Some(path.clone()),
            amount: Money::new(minor, self.currency),
            up_to_available: false,
            split: Vec::new(),
            override_limit: None,
            book: None,
        };
        let id: TransactionId = self.ids.make();
        let (id, metadata) = (Some(id), metadata.clone());
        Operation::Create(NewTransaction { id, postings: vec![posting], metadata, ..NewTransaction::default() })
    }

    async fn close(self) -> Result<(), Failure> {
        let Desk { ledger, ledger_store, opened, .. } = self;
        drop(opened);
        ledger.close().await?;
        ledger_store.remove().await
    }
}

fn site(store: &Store, db: Db, clock: &Arc<dyn Clock>, ids: IdMaker) -> Result<Site<accounts::Settings>, Failure> {
    let outbound = Outbound::new(&OutboundConfig::default(), Arc::clone(clock));
    Ok(Site {
        own: Arc::new(Principal::operator()),
        outbound: outbound?,
        db,
        target: store.target(),
        budget: Budget::new(16, 64)?,
        settings: accounts::Settings::default(),
        ids,
        outbox: Outbox::new("/accounts", Arc::clone(clock)),
        signal: FeedSignal::default(),
        key: Some(KeyEncryptionKey::random()),
        subjects: None,
        erasures: Erasures::at(&store.name_beside("erasures")),
        shared: None,
        address: None,
        demo: false,
        clock: Arc::clone(clock),
    })
}
