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

/// A trait, each of whose methods is that of `Inner` by the same name, within the time of the call.
macro_rules! face {
    ($face:ident: $($method:ident($command:ty) -> $reply:ty;)+) => {
        #[async_trait]
        impl $face for AccountsService {
            $(async fn $method(&self, ctx: &Ctx, command: $command) -> Result<$reply, AccountsError> {
                in_time(ctx, &self.inner.clock, self.inner.$method(ctx, command)).await
            })+
        }
    };
}

face! {
    Customers:
    create_customer(CreateCustomer) -> Customer;
    customer(CustomerId) -> Customer;
    customers(CustomerQuery) -> CustomerPage;
    change_customer(ChangeCustomer) -> Customer;
    put_user(PutUser) -> UserList;
    remove_user(RemoveUser) -> UserList;
    users(CustomerId) -> UserList;
    erase_customer(CustomerId) -> Customer;
}

face! {
    Products:
    create_product(CreateProduct) -> Product;
    product(ProductId) -> Product;
    products(ProductQuery) -> ProductPage;
    new_version(NewVersion) -> Product;
    activate_product(ProductId) -> Product;
    retire_product(ProductId) -> Product;
    set_rates(SetRates) -> Product;
}

face! {
    AccountKeeping:
    open_account(OpenAccount) -> Account;
    account(AccountId) -> Account;
    accounts(AccountQuery) -> AccountPage;
    change_account(ChangeAccount) -> Account;
    add_block(AddBlock) -> Account;
    remove_block(RemoveBlock) -> Account;
    close_account(CloseAccount) -> Account;
    facts(FindAccount) -> AccountFacts;
    interest(InterestQuery) -> InterestPage;
    day(Date) -> DayRun;
    close_day(Date) -> DayRun;
    verify(Verify) -> Verified;
}

face! {
    Transactions:
    movements(MovementQuery) -> MovementPage;
    movement(MovementId) -> Movement;
    set_category(SetCategory) -> Movement;
    summary(SummaryQuery) -> Summary;
    rules(CustomerId) -> RuleList;
    add_rule(AddRule) -> Rule;
    remove_rule(RemoveRule) -> ();
    statements(AccountId) -> StatementList;
    statement(StatementQuery) -> Statement;
}

face! {
    Fees:
    charges(AccountId) -> ChargeList;
    charge_fee(ChargeFee) -> Charge;
    change_charge(ChangeCharge) -> Charge;
}
