//! An accounts room on a stage, with a ledger on paper.

use std::sync::Arc;
use std::time::Duration;

use accounts::ROOM;
use accounts_api::*;
use jiff::civil::Date;
use kernel::{Clock, Ctx, Currency, Deadline, Money, Principal, Timestamp};
use ledger_api::{Ledger, Metadata, NewTransaction, Operation, Submit, TransactionId};
use platform::db::Db;
use platform::feed::{Event, Feed, FeedSignal, OutboxFeed, Pull, Running};
use platform::room::Opened;
use testkit::{FakeClock, Stage};

use crate::paper::{CASH, Paper};

pub(crate) struct Desk {
    pub(crate) face: Arc<dyn Accounts>,
    pub(crate) opened: Opened<dyn Accounts>,
    pub(crate) paper: Paper,
    pub(crate) db: Db,
    pub(crate) time: FakeClock,
    _following: Running,
}

pub(crate) fn euro(minor: i64) -> Money {
    Money::new(minor, Currency::iso("EUR").unwrap())
}

pub(crate) async fn open_with(stage: &Stage<'_>, settings: &[(&str, &str)]) -> Desk {
    let paper = Paper::new(stage.time.clone()).with_cash(&ctx_of(&stage.time), euro(0).currency()).await;
    open_on(stage, settings, paper).await
}

/// As if the process had been started again.
pub(crate) async fn open_on(stage: &Stage<'_>, settings: &[(&str, &str)], paper: Paper) -> Desk {
    let site = stage.site(&ROOM, settings).await;
    let db = site.db.clone();
    let opened = accounts::open(site, Arc::new(paper.clone())).await.unwrap();
    let following = opened.consumers[0].start();
    let (face, time) = (Arc::clone(&opened.face), stage.time.clone());
    Desk { face, opened, paper, db, time, _following: following }
}

pub(crate) async fn open(stage: &Stage<'_>) -> Desk {
    open_with(stage, &[]).await
}

fn ctx_of(clock: &dyn Clock) -> Ctx {
    let deadline = Deadline::after_millis(clock, 60_000);
    Ctx { principal: Principal::operator(), deadline, request_id: "req-1".into(), idempotency_key: None }
}

impl Desk {
    pub(crate) fn ctx(&self) -> Ctx {
        ctx_of(&self.time)
    }

    pub(crate) fn as_customer(&self, subject: &str) -> Ctx {
        let own = ["customers:*:own", "accounts:*:own", "transactions:*:own"];
        let permissions = own.iter().map(|text| text.parse().unwrap());
        let principal = Principal::new(kernel::PrincipalKind::Customer, subject, permissions);
        Ctx { principal, ..self.ctx() }
    }

    pub(crate) async fn customer(&self, name: &str) -> CustomerId {
        let profile = Profile { name: name.to_owned(), ..Profile::default() };
        let (kind, state) = (CustomerKind::Person, Some(CustomerState::Active));
        let create = CreateCustomer { id: None, kind, state, profile, external_id: None };
        self.face.create_customer(&self.ctx(), create).await.unwrap().id
    }

    pub(crate) async fn savings(&self, rate: &str) -> ProductId {
        self.product(savings(rate)).await
    }

    pub(crate) async fn product(&self, create: CreateProduct) -> ProductId {
        let id = self.face.create_product(&self.ctx(), create).await.unwrap().id;
        self.face.activate_product(&self.ctx(), id).await.unwrap();
        id
    }

    pub(crate) async fn account(&self, product: ProductId, holder: CustomerId) -> AccountId {
        let open = OpenAccount { product, holders: vec![holder], overdraft: None, term: None };
        let account = self.face.open_account(&self.ctx(), open).await.unwrap();
        assert_eq!(account.state, AccountState::Active);
        account.id
    }

    /// From cash; out of the account if it is below zero.
    pub(crate) async fn move_money(&self, number: u32, account: AccountId, minor: i64, texts: &[(&str, &str)]) {
        self.move_late(number, account, minor, None, texts).await;
    }

    pub(crate) async fn move_late(
        &self,
        number: u32,
        account: AccountId,
        minor: i64,
        effective_at: Option<Timestamp>,
        texts: &[(&str, &str)],
    ) {
        let (own, cash) = (format!("customers:{account}"), CASH.to_owned());
        let (debit, credit) = if minor > 0 { (cash, own) } else { (own, cash) };
        let posting = ledger_api::Posting {
            debit: Some(debit.parse().unwrap()),
            credit: Some(credit.parse().unwrap()),
            amount: euro(minor.abs()),
            up_to_available: false,
            split: Vec::new(),
            override_limit: None,
            book: None,
        };
        let metadata: Metadata = texts.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let id = Some(TransactionId::from_bits(u128::from(number)));
        let create =
            NewTransaction { id, postings: vec![posting], effective_at, metadata, ..NewTransaction::default() };
        let submit = Submit { operation: Operation::Create(create), dry_run: false };
        self.paper.submit(&self.ctx(), submit).await.unwrap();
    }

    pub(crate) fn pass_days(&self, days: u64) {
        self.time.advance_millis(days * 86_400_000);
    }

    /// Until the index has everything that the ledger has.
    pub(crate) async fn caught_up(&self) {
        for _ in 0..1_000 {
            if self.opened.consumers[0].cursor().await.unwrap() == self.paper.rows() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the index does not follow the ledger");
    }

    pub(crate) async fn close_day(&self, day: Date) -> DayRun {
        self.face.close_day(&self.ctx(), day).await.unwrap()
    }

    pub(crate) async fn movements(&self, query: MovementQuery) -> Vec<Movement> {
        self.caught_up().await;
        let query = MovementQuery { limit: 500, ..query };
        self.face.movements(&self.ctx(), query).await.unwrap().items
    }

    pub(crate) async fn events(&self) -> Vec<Event> {
        let feed = OutboxFeed::new(self.db.clone(), FeedSignal::default(), Arc::new(self.time.clone()));
        let pull = Pull { after: 0, max: 1_000, wait_ms: 0, consumer: None };
        feed.events_after(pull).await.unwrap()
    }

    /// What must always hold, against the ledger.
    pub(crate) async fn verify(&self) {
        self.caught_up().await;
        let verified = self.face.verify(&self.ctx(), Verify {}).await.unwrap();
        assert_eq!(verified.findings, [""; 0]);
    }

    /// What the ledger says is accrued equals what accounts have accrued and not been paid, rounded once.
    pub(crate) async fn check_accrued(&self, product: ProductId, accounts: &[AccountId]) {
        let mut sums = [0_i64; 2];
        for account in accounts {
            let query = InterestQuery { account: *account, before: None, limit: 1 };
            let page = self.face.interest(&self.ctx(), query).await.unwrap();
            sums[0] += page.earned_millionths;
            sums[1] += page.owed_millionths;
        }
        for (sum, path) in sums.iter().zip(["interest:accrued", "interest:receivable"]) {
            let booked = self.paper.posted(&format!("{path}:{product}"));
            let rest = sum - booked * 1_000_000;
            assert!(rest.abs() <= 500_000, "{path}: {sum} millionths and {booked} booked");
        }
    }
}

pub(crate) fn savings(rate: &str) -> CreateProduct {
    let tier = Tier { from: euro(0), rate: rate.parse().unwrap() };
    let interest =
        InterestTerms { day_count: DayCount::Act365F, tiers: TierMode::Whole, posting: Posting::Monthly, tax: None };
    CreateProduct {
        name: "Savings".to_owned(),
        kind: ProductKind::Savings,
        currency: euro(0).currency(),
        terms: Terms {
            interest: Some(interest),
            overdraft: Some(Overdraft { largest: euro(100_000) }),
            ..Terms::default()
        },
        rates: Some(Rates {
            from: jiff::civil::date(2026, 1, 1),
            credit: vec![tier],
            overdraft: "12".parse().ok(),
            fees: None,
        }),
    }
}
