//! The service: what all its parts share, and the traits, one line a method.

use std::sync::Arc;

use accounts_api::*;
use async_trait::async_trait;
use jiff::civil::Date;
use kernel::{Clock, Ctx, IdMaker};
use ledger_api::Books;
use platform::access;
use platform::crypto::KeyEncryptionKey;
use platform::db::Db;
use platform::deadline::in_time;
use platform::error::Failure;
use platform::feed::{FeedSignal, NewEvent, Outbox};
use platform::frame::ActsAs;
use platform::once::Once;
use platform::room::OpenError;
use serde_json::Value as Json;

use crate::books::TheBooks;
use crate::calendar::Calendar;
use crate::config::Settings;
use crate::keys::Keys;
use crate::number::Numbers;

#[derive(Clone)]
pub struct AccountsService {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) db: Db,
    pub(crate) settings: Settings,
    pub(crate) calendar: Calendar,
    pub(crate) numbers: Numbers,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdMaker,
    pub(crate) outbox: Outbox,
    pub(crate) signal: FeedSignal,
    pub(crate) once: Once<Refusal>,
    pub(crate) keys: Keys,
    pub(crate) books: TheBooks,
}

/// What the service is made of.
pub struct Parts {
    pub db: Db,
    pub settings: Settings,
    pub clock: Arc<dyn Clock>,
    pub ids: IdMaker,
    pub outbox: Outbox,
    pub signal: FeedSignal,
    /// As whom it calls the ledger.
    pub own: Arc<dyn ActsAs>,
    pub books: Arc<dyn Books>,
}

impl AccountsService {
    pub async fn start(parts: Parts, kek: &KeyEncryptionKey) -> Result<AccountsService, OpenError> {
        let Parts { db, settings, clock, ids, outbox, signal, own, books } = parts;
        let keys = Keys::open(&db, kek, Arc::clone(&clock)).await?;
        let once = Once::new(kek, Arc::clone(&clock));
        let calendar = Calendar::of(&settings.zone)?;
        let numbers = Numbers::of(&settings.numbers, &settings.iban_country, &settings.bank_code)?;
        let books = TheBooks::new(books, own, Arc::clone(&clock));
        let inner = Inner { db, settings, calendar, numbers, clock, ids, outbox, signal, once, keys, books };
        Ok(AccountsService { inner: Arc::new(inner) })
    }
}

impl Inner {
    /// Today, in the house's zone.
    pub(crate) fn today(&self) -> Date {
        self.calendar.day_of(self.clock.now())
    }

    /// Adds an event to the transaction of its fact; the cursor is told after the commit.
    pub(crate) async fn tell(
        &self,
        tx: &platform::db::Tx,
        kind: &'static str,
        subject: String,
        data: Json,
    ) -> Result<u64, platform::db::DbError> {
        self.outbox.add(tx, vec![NewEvent::new(kind, subject, data)]).await
    }
}

/// For what has no owner: the caller needs a permission that reaches everything.
pub(crate) fn may(ctx: &Ctx, resource: &str, action: &str) -> Result<(), AccountsError> {
    match access::owner_term(ctx, resource, action)? {
        None => Ok(()),
        Some(_) => Err(Failure::Forbidden.into()),
    }
}

pub(crate) fn page(limit: usize) -> Result<usize, AccountsError> {
    let max = limits::PAGE_MAX;
    if (1..=max).contains(&limit) { Ok(limit) } else { Err(Refusal::PageSize { given: limit, max }.into()) }
}

macro_rules! in_time {
    ($self:ident, $ctx:ident, $work:expr) => {
        in_time($ctx, &$self.inner.clock, $work).await
    };
}

#[async_trait]
impl Customers for AccountsService {
    async fn create_customer(&self, ctx: &Ctx, command: CreateCustomer) -> Result<Customer, AccountsError> {
        in_time!(self, ctx, self.inner.create_customer(ctx, command))
    }

    async fn customer(&self, ctx: &Ctx, command: CustomerId) -> Result<Customer, AccountsError> {
        in_time!(self, ctx, self.inner.customer(ctx, command))
    }

    async fn customers(&self, ctx: &Ctx, command: CustomerQuery) -> Result<CustomerPage, AccountsError> {
        in_time!(self, ctx, self.inner.customers(ctx, command))
    }

    async fn change_customer(&self, ctx: &Ctx, command: ChangeCustomer) -> Result<Customer, AccountsError> {
        in_time!(self, ctx, self.inner.change_customer(ctx, command))
    }

    async fn put_user(&self, ctx: &Ctx, command: PutUser) -> Result<UserList, AccountsError> {
        in_time!(self, ctx, self.inner.put_user(ctx, command))
    }

    async fn remove_user(&self, ctx: &Ctx, command: RemoveUser) -> Result<UserList, AccountsError> {
        in_time!(self, ctx, self.inner.remove_user(ctx, command))
    }

    async fn users(&self, ctx: &Ctx, command: CustomerId) -> Result<UserList, AccountsError> {
        in_time!(self, ctx, self.inner.users(ctx, command))
    }

    async fn erase_customer(&self, ctx: &Ctx, command: CustomerId) -> Result<Customer, AccountsError> {
        in_time!(self, ctx, self.inner.erase_customer(ctx, command))
    }
}

#[async_trait]
impl Products for AccountsService {
    async fn create_product(&self, ctx: &Ctx, command: CreateProduct) -> Result<Product, AccountsError> {
        in_time!(self, ctx, self.inner.create_product(ctx, command))
    }

    async fn product(&self, ctx: &Ctx, command: ProductId) -> Result<Product, AccountsError> {
        in_time!(self, ctx, self.inner.product(ctx, command))
    }

    async fn products(&self, ctx: &Ctx, command: ProductQuery) -> Result<ProductPage, AccountsError> {
        in_time!(self, ctx, self.inner.products(ctx, command))
    }

    async fn new_version(&self, ctx: &Ctx, command: NewVersion) -> Result<Product, AccountsError> {
        in_time!(self, ctx, self.inner.new_version(ctx, command))
    }

    async fn activate_product(&self, ctx: &Ctx, command: ProductId) -> Result<Product, AccountsError> {
        in_time!(self, ctx, self.inner.activate_product(ctx, command))
    }

    async fn retire_product(&self, ctx: &Ctx, command: ProductId) -> Result<Product, AccountsError> {
        in_time!(self, ctx, self.inner.retire_product(ctx, command))
    }

    async fn set_rates(&self, ctx: &Ctx, command: SetRates) -> Result<Product, AccountsError> {
        in_time!(self, ctx, self.inner.set_rates(ctx, command))
    }
}

#[async_trait]
impl AccountKeeping for AccountsService {
    async fn open_account(&self, ctx: &Ctx, command: OpenAccount) -> Result<Account, AccountsError> {
        in_time!(self, ctx, self.inner.open_account(ctx, command))
    }

    async fn account(&self, ctx: &Ctx, command: AccountId) -> Result<Account, AccountsError> {
        in_time!(self, ctx, self.inner.account(ctx, command))
    }

    async fn accounts(&self, ctx: &Ctx, command: AccountQuery) -> Result<AccountPage, AccountsError> {
        in_time!(self, ctx, self.inner.accounts(ctx, command))
    }

    async fn change_account(&self, ctx: &Ctx, command: ChangeAccount) -> Result<Account, AccountsError> {
        in_time!(self, ctx, self.inner.change_account(ctx, command))
    }

    async fn add_block(&self, ctx: &Ctx, command: AddBlock) -> Result<Account, AccountsError> {
        in_time!(self, ctx, self.inner.add_block(ctx, command))
    }

    async fn remove_block(&self, ctx: &Ctx, command: RemoveBlock) -> Result<Account, AccountsError> {
        in_time!(self, ctx, self.inner.remove_block(ctx, command))
    }

    async fn close_account(&self, ctx: &Ctx, command: CloseAccount) -> Result<Account, AccountsError> {
        in_time!(self, ctx, self.inner.close_account(ctx, command))
    }

    async fn facts(&self, ctx: &Ctx, command: FindAccount) -> Result<AccountFacts, AccountsError> {
        in_time!(self, ctx, self.inner.facts(ctx, command))
    }

    async fn interest(&self, ctx: &Ctx, command: InterestQuery) -> Result<InterestPage, AccountsError> {
        in_time!(self, ctx, self.inner.interest(ctx, command))
    }

    async fn day(&self, ctx: &Ctx, command: Date) -> Result<DayRun, AccountsError> {
        in_time!(self, ctx, self.inner.day(ctx, command))
    }

    async fn close_day(&self, ctx: &Ctx, command: Date) -> Result<DayRun, AccountsError> {
        in_time!(self, ctx, self.inner.close_day(ctx, command))
    }
}

#[async_trait]
impl Transactions for AccountsService {
    async fn movements(&self, ctx: &Ctx, command: MovementQuery) -> Result<MovementPage, AccountsError> {
        in_time!(self, ctx, self.inner.movements(ctx, command))
    }

    async fn movement(&self, ctx: &Ctx, command: MovementId) -> Result<Movement, AccountsError> {
        in_time!(self, ctx, self.inner.movement(ctx, command))
    }

    async fn set_category(&self, ctx: &Ctx, command: SetCategory) -> Result<Movement, AccountsError> {
        in_time!(self, ctx, self.inner.set_category(ctx, command))
    }
}
