//! Accounts in another process: the same traits over [`platform::rpc`], and the method table that answers them there.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::civil::Date;
use kernel::Ctx;
use platform::room::Face;
use platform::rpc::{Methods, MethodsOf, Repeat, RpcClient};

use crate::*;

/// How accounts is called.
pub static FACE: Face<dyn Accounts> = Face { name: SERVICE, serve, remote: |rpc| Arc::new(RemoteAccounts { rpc }) };

type Served = MethodsOf<dyn Accounts>;

fn serve(accounts: Arc<dyn Accounts>) -> Methods {
    let methods = products(customers(MethodsOf::new(SERVICE, accounts)));
    fees(transactions(keeping(methods))).into()
}

#[derive(Debug, Clone)]
pub struct RemoteAccounts {
    rpc: RpcClient,
}

/// A change that its key makes repeatable.
fn keyed(ctx: &Ctx) -> Repeat {
    Repeat::keyed(ctx)
}

/// A change that is the same twice as once.
fn harmless(_: &Ctx) -> Repeat {
    Repeat::Harmless
}

fn question(_: &Ctx) -> Repeat {
    Repeat::Question
}

/// Both halves of a trait: the methods that are served, and the calls of them, each with what a repeat of it is.
macro_rules! face {
    ($serve:ident, $face:ident: $($method:ident($command:ty) -> $reply:ty, $repeat:ident;)+) => {
        fn $serve(methods: Served) -> Served {
            methods$(.on(stringify!($method), |at, ctx, it: $command| async move { at.$method(&ctx, it).await }))+
        }

        #[async_trait]
        impl $face for RemoteAccounts {
            $(async fn $method(&self, ctx: &Ctx, command: $command) -> Result<$reply, AccountsError> {
                self.rpc.call(ctx, stringify!($method), &command, $repeat(ctx)).await
            })+
        }
    };
}

face! {
    customers, Customers:
    create_customer(CreateCustomer) -> Customer, keyed;
    customer(CustomerId) -> Customer, question;
    customers(CustomerQuery) -> CustomerPage, question;
    change_customer(ChangeCustomer) -> Customer, keyed;
    put_user(PutUser) -> UserList, harmless;
    remove_user(RemoveUser) -> UserList, keyed;
    users(CustomerId) -> UserList, question;
    erase_customer(CustomerId) -> Customer, harmless;
}

face! {
    products, Products:
    create_product(CreateProduct) -> Product, keyed;
    product(ProductId) -> Product, question;
    products(ProductQuery) -> ProductPage, question;
    new_version(NewVersion) -> Product, keyed;
    activate_product(ProductId) -> Product, harmless;
    retire_product(ProductId) -> Product, harmless;
    set_rates(SetRates) -> Product, keyed;
}

face! {
    keeping, AccountKeeping:
    open_account(OpenAccount) -> Account, keyed;
    account(AccountId) -> Account, question;
    accounts(AccountQuery) -> AccountPage, question;
    change_account(ChangeAccount) -> Account, harmless;
    add_block(AddBlock) -> Account, keyed;
    remove_block(RemoveBlock) -> Account, keyed;
    close_account(CloseAccount) -> Account, keyed;
    facts(FindAccount) -> AccountFacts, question;
    interest(InterestQuery) -> InterestPage, question;
    day(Date) -> DayRun, question;
    close_day(Date) -> DayRun, harmless;
    verify(Verify) -> Verified, question;
}

face! {
    transactions, Transactions:
    movements(MovementQuery) -> MovementPage, question;
    movement(MovementId) -> Movement, question;
    set_category(SetCategory) -> Movement, harmless;
    summary(SummaryQuery) -> Summary, question;
    rules(CustomerId) -> RuleList, question;
    add_rule(AddRule) -> Rule, keyed;
    remove_rule(RemoveRule) -> (), keyed;
    statements(AccountId) -> StatementList, question;
    statement(StatementQuery) -> Statement, question;
}

face! {
    fees, Fees:
    charges(AccountId) -> ChargeList, question;
    charge_fee(ChargeFee) -> Charge, harmless;
    change_charge(ChangeCharge) -> Charge, harmless;
}
