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

type Shared = Arc<dyn Accounts>;

fn serve(accounts: Shared) -> Methods {
    let methods = products(customers(MethodsOf::new(SERVICE, accounts)));
    transactions(keeping(methods)).into()
}

fn customers(methods: MethodsOf<dyn Accounts>) -> MethodsOf<dyn Accounts> {
    methods
        .on("create_customer", |at, ctx, it| async move { at.create_customer(&ctx, it).await })
        .on("customer", |at, ctx, it| async move { at.customer(&ctx, it).await })
        .on("customers", |at, ctx, it| async move { at.customers(&ctx, it).await })
        .on("change_customer", |at, ctx, it| async move { at.change_customer(&ctx, it).await })
        .on("put_user", |at, ctx, it| async move { at.put_user(&ctx, it).await })
        .on("remove_user", |at, ctx, it| async move { at.remove_user(&ctx, it).await })
        .on("users", |at, ctx, it| async move { at.users(&ctx, it).await })
        .on("erase_customer", |at, ctx, it| async move { at.erase_customer(&ctx, it).await })
}

fn products(methods: MethodsOf<dyn Accounts>) -> MethodsOf<dyn Accounts> {
    methods
        .on("create_product", |at, ctx, it| async move { at.create_product(&ctx, it).await })
        .on("product", |at, ctx, it| async move { at.product(&ctx, it).await })
        .on("products", |at, ctx, it| async move { at.products(&ctx, it).await })
        .on("new_version", |at, ctx, it| async move { at.new_version(&ctx, it).await })
        .on("activate_product", |at, ctx, it| async move { at.activate_product(&ctx, it).await })
        .on("retire_product", |at, ctx, it| async move { at.retire_product(&ctx, it).await })
        .on("set_rates", |at, ctx, it| async move { at.set_rates(&ctx, it).await })
}

fn keeping(methods: MethodsOf<dyn Accounts>) -> MethodsOf<dyn Accounts> {
    methods
        .on("open_account", |at, ctx, it| async move { at.open_account(&ctx, it).await })
        .on("account", |at, ctx, it| async move { at.account(&ctx, it).await })
        .on("accounts", |at, ctx, it| async move { at.accounts(&ctx, it).await })
        .on("change_account", |at, ctx, it| async move { at.change_account(&ctx, it).await })
        .on("add_block", |at, ctx, it| async move { at.add_block(&ctx, it).await })
        .on("remove_block", |at, ctx, it| async move { at.remove_block(&ctx, it).await })
        .on("close_account", |at, ctx, it| async move { at.close_account(&ctx, it).await })
        .on("facts", |at, ctx, it| async move { at.facts(&ctx, it).await })
        .on("interest", |at, ctx, it| async move { at.interest(&ctx, it).await })
        .on("day", |at, ctx, it| async move { at.day(&ctx, it).await })
        .on("close_day", |at, ctx, it| async move { at.close_day(&ctx, it).await })
}

fn transactions(methods: MethodsOf<dyn Accounts>) -> MethodsOf<dyn Accounts> {
    methods
        .on("movements", |at, ctx, it| async move { at.movements(&ctx, it).await })
        .on("movement", |at, ctx, it| async move { at.movement(&ctx, it).await })
        .on("set_category", |at, ctx, it| async move { at.set_category(&ctx, it).await })
}

#[derive(Debug, Clone)]
pub struct RemoteAccounts {
    rpc: RpcClient,
}

#[async_trait]
impl Customers for RemoteAccounts {
    async fn create_customer(&self, ctx: &Ctx, command: CreateCustomer) -> Result<Customer, AccountsError> {
        self.rpc.call(ctx, "create_customer", &command, Repeat::keyed(ctx)).await
    }

    async fn customer(&self, ctx: &Ctx, command: CustomerId) -> Result<Customer, AccountsError> {
        self.rpc.call(ctx, "customer", &command, Repeat::Question).await
    }

    async fn customers(&self, ctx: &Ctx, command: CustomerQuery) -> Result<CustomerPage, AccountsError> {
        self.rpc.call(ctx, "customers", &command, Repeat::Question).await
    }

    async fn change_customer(&self, ctx: &Ctx, command: ChangeCustomer) -> Result<Customer, AccountsError> {
        self.rpc.call(ctx, "change_customer", &command, Repeat::keyed(ctx)).await
    }

    async fn put_user(&self, ctx: &Ctx, command: PutUser) -> Result<UserList, AccountsError> {
        self.rpc.call(ctx, "put_user", &command, Repeat::Harmless).await
    }

    async fn remove_user(&self, ctx: &Ctx, command: RemoveUser) -> Result<UserList, AccountsError> {
        self.rpc.call(ctx, "remove_user", &command, Repeat::keyed(ctx)).await
    }

    async fn users(&self, ctx: &Ctx, command: CustomerId) -> Result<UserList, AccountsError> {
        self.rpc.call(ctx, "users", &command, Repeat::Question).await
    }

    async fn erase_customer(&self, ctx: &Ctx, command: CustomerId) -> Result<Customer, AccountsError> {
        self.rpc.call(ctx, "erase_customer", &command, Repeat::Harmless).await
    }
}

#[async_trait]
impl Products for RemoteAccounts {
    async fn create_product(&self, ctx: &Ctx, command: CreateProduct) -> Result<Product, AccountsError> {
        self.rpc.call(ctx, "create_product", &command, Repeat::keyed(ctx)).await
    }

    async fn product(&self, ctx: &Ctx, command: ProductId) -> Result<Product, AccountsError> {
        self.rpc.call(ctx, "product", &command, Repeat::Question).await
    }

    async fn products(&self, ctx: &Ctx, command: ProductQuery) -> Result<ProductPage, AccountsError> {
        self.rpc.call(ctx, "products", &command, Repeat::Question).await
    }

    async fn new_version(&self, ctx: &Ctx, command: NewVersion) -> Result<Product, AccountsError> {
        self.rpc.call(ctx, "new_version", &command, Repeat::keyed(ctx)).await
    }

    async fn activate_product(&self, ctx: &Ctx, command: ProductId) -> Result<Product, AccountsError> {
        self.rpc.call(ctx, "activate_product", &command, Repeat::Harmless).await
    }

    async fn retire_product(&self, ctx: &Ctx, command: ProductId) -> Result<Product, AccountsError> {
        self.rpc.call(ctx, "retire_product", &command, Repeat::Harmless).await
    }

    async fn set_rates(&self, ctx: &Ctx, command: SetRates) -> Result<Product, AccountsError> {
        self.rpc.call(ctx, "set_rates", &command, Repeat::keyed(ctx)).await
    }
}

#[async_trait]
impl AccountKeeping for RemoteAccounts {
    async fn open_account(&self, ctx: &Ctx, command: OpenAccount) -> Result<Account, AccountsError> {
        self.rpc.call(ctx, "open_account", &command, Repeat::keyed(ctx)).await
    }

    async fn account(&self, ctx: &Ctx, command: AccountId) -> Result<Account, AccountsError> {
        self.rpc.call(ctx, "account", &command, Repeat::Question).await
    }

    async fn accounts(&self, ctx: &Ctx, command: AccountQuery) -> Result<AccountPage, AccountsError> {
        self.rpc.call(ctx, "accounts", &command, Repeat::Question).await
    }

    async fn change_account(&self, ctx: &Ctx, command: ChangeAccount) -> Result<Account, AccountsError> {
        self.rpc.call(ctx, "change_account", &command, Repeat::Harmless).await
    }

    async fn add_block(&self, ctx: &Ctx, command: AddBlock) -> Result<Account, AccountsError> {
        self.rpc.call(ctx, "add_block", &command, Repeat::keyed(ctx)).await
    }

    async fn remove_block(&self, ctx: &Ctx, command: RemoveBlock) -> Result<Account, AccountsError> {
        self.rpc.call(ctx, "remove_block", &command, Repeat::keyed(ctx)).await
    }

    async fn close_account(&self, ctx: &Ctx, command: CloseAccount) -> Result<Account, AccountsError> {
        self.rpc.call(ctx, "close_account", &command, Repeat::keyed(ctx)).await
    }

    async fn facts(&self, ctx: &Ctx, command: FindAccount) -> Result<AccountFacts, AccountsError> {
        self.rpc.call(ctx, "facts", &command, Repeat::Question).await
    }

    async fn interest(&self, ctx: &Ctx, command: InterestQuery) -> Result<InterestPage, AccountsError> {
        self.rpc.call(ctx, "interest", &command, Repeat::Question).await
    }

    async fn day(&self, ctx: &Ctx, command: Date) -> Result<DayRun, AccountsError> {
        self.rpc.call(ctx, "day", &command, Repeat::Question).await
    }

    async fn close_day(&self, ctx: &Ctx, command: Date) -> Result<DayRun, AccountsError> {
        self.rpc.call(ctx, "close_day", &command, Repeat::Harmless).await
    }
}

#[async_trait]
impl Transactions for RemoteAccounts {
    async fn movements(&self, ctx: &Ctx, command: MovementQuery) -> Result<MovementPage, AccountsError> {
        self.rpc.call(ctx, "movements", &command, Repeat::Question).await
    }

    async fn movement(&self, ctx: &Ctx, command: MovementId) -> Result<Movement, AccountsError> {
        self.rpc.call(ctx, "movement", &command, Repeat::Question).await
    }

    async fn set_category(&self, ctx: &Ctx, command: SetCategory) -> Result<Movement, AccountsError> {
        self.rpc.call(ctx, "set_category", &command, Repeat::Harmless).await
    }
}
