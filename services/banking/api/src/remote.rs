//! Banking in another process: the same traits over [`platform::rpc`], and the method table that answers them there.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::Ctx;
use platform::room::Face;
use platform::rpc::{Methods, MethodsOf, Repeat, RpcClient};

use crate::*;

/// How banking is called.
pub static FACE: Face<dyn Banking> = Face { name: SERVICE, serve, remote: |rpc| Arc::new(RemoteBanking { rpc }) };

type Shared = Arc<dyn Banking>;

fn serve(banking: Shared) -> Methods {
    let methods = MethodsOf::new(SERVICE, banking)
        .on("receive", |at, ctx, it| async move { at.receive(&ctx, it).await })
        .on("import", |at, ctx, it| async move { at.import(&ctx, it).await })
        .on("change_import", |at, ctx, it| async move { at.change_import(&ctx, it).await })
        .on("import_of", |at, ctx, it| async move { at.import_of(&ctx, it).await })
        .on("imports", |at, ctx, it| async move { at.imports(&ctx, it).await });
    connections(arrangements(accounts(methods))).into()
}

fn accounts(methods: MethodsOf<dyn Banking>) -> MethodsOf<dyn Banking> {
    methods
        .on("accounts", |at, ctx, it| async move { at.accounts(&ctx, it).await })
        .on("account", |at, ctx, it| async move { at.account(&ctx, it).await })
        .on("change_account", |at, ctx, it| async move { at.change_account(&ctx, it).await })
        .on("balances", |at, ctx, it| async move { at.balances(&ctx, it).await })
        .on("holdings", |at, ctx, it| async move { at.holdings(&ctx, it).await })
        .on("gaps", |at, ctx, it| async move { at.gaps(&ctx, it).await })
        .on("transactions", |at, ctx, it| async move { at.transactions(&ctx, it).await })
        .on("transaction", |at, ctx, it| async move { at.transaction(&ctx, it).await })
        .on("change_transaction", |at, ctx, it| async move { at.change_transaction(&ctx, it).await })
}

fn arrangements(methods: MethodsOf<dyn Banking>) -> MethodsOf<dyn Banking> {
    methods
        .on("rules", |at, ctx, ()| async move { at.rules(&ctx).await })
        .on("add_rule", |at, ctx, it| async move { at.add_rule(&ctx, it).await })
        .on("remove_rule", |at, ctx, it| async move { at.remove_rule(&ctx, it).await })
        .on("profiles", |at, ctx, ()| async move { at.profiles(&ctx).await })
        .on("erase", |at, ctx, it| async move { at.erase(&ctx, it).await })
        .on("put_profile", |at, ctx, it| async move { at.put_profile(&ctx, it).await })
}

fn connections(methods: MethodsOf<dyn Banking>) -> MethodsOf<dyn Banking> {
    methods
        .on("connect", |at, ctx, it| async move { at.connect(&ctx, it).await })
        .on("link", |at, ctx, it| async move { at.link(&ctx, it).await })
        .on("webhook", |at, ctx, it| async move { at.webhook(&ctx, it).await })
        .on("connections", |at, ctx, ()| async move { at.connections(&ctx).await })
        .on("connection", |at, ctx, it| async move { at.connection(&ctx, it).await })
        .on("change_connection", |at, ctx, it| async move { at.change_connection(&ctx, it).await })
        .on("test_connection", |at, ctx, it| async move { at.test_connection(&ctx, it).await })
}

/// Banking in another process.
#[derive(Debug, Clone)]
pub struct RemoteBanking {
    rpc: RpcClient,
}

#[async_trait]
impl Imports for RemoteBanking {
    /// A part that arrives twice replaces itself.
    async fn receive(&self, ctx: &Ctx, part: Part) -> Result<(), BankingError> {
        self.rpc.call(ctx, "receive", &part, Repeat::Harmless).await
    }

    /// A file that is known changes nothing.
    async fn import(&self, ctx: &Ctx, command: ImportFile) -> Result<Import, BankingError> {
        self.rpc.call(ctx, "import", &command, Repeat::Harmless).await
    }

    async fn change_import(&self, ctx: &Ctx, command: ChangeImport) -> Result<Import, BankingError> {
        self.rpc.call(ctx, "change_import", &command, Repeat::keyed(ctx)).await
    }

    async fn import_of(&self, ctx: &Ctx, id: ImportId) -> Result<Import, BankingError> {
        self.rpc.call(ctx, "import_of", &id, Repeat::Question).await
    }

    async fn imports(&self, ctx: &Ctx, query: ImportQuery) -> Result<ImportPage, BankingError> {
        self.rpc.call(ctx, "imports", &query, Repeat::Question).await
    }
}

#[async_trait]
impl Accounts for RemoteBanking {
    async fn accounts(&self, ctx: &Ctx, query: AccountQuery) -> Result<AccountPage, BankingError> {
        self.rpc.call(ctx, "accounts", &query, Repeat::Question).await
    }

    async fn account(&self, ctx: &Ctx, id: AccountId) -> Result<BankAccount, BankingError> {
        self.rpc.call(ctx, "account", &id, Repeat::Question).await
    }

    async fn change_account(&self, ctx: &Ctx, command: ChangeAccount) -> Result<BankAccount, BankingError> {
        self.rpc.call(ctx, "change_account", &command, Repeat::Harmless).await
    }

    async fn balances(&self, ctx: &Ctx, query: BalanceQuery) -> Result<BalancePage, BankingError> {
        self.rpc.call(ctx, "balances", &query, Repeat::Question).await
    }

    async fn holdings(&self, ctx: &Ctx, account: AccountId) -> Result<HoldingList, BankingError> {
        self.rpc.call(ctx, "holdings", &account, Repeat::Question).await
    }

    async fn gaps(&self, ctx: &Ctx, query: AccountQuery) -> Result<GapPage, BankingError> {
        self.rpc.call(ctx, "gaps", &query, Repeat::Question).await
    }

    async fn transactions(&self, ctx: &Ctx, query: TransactionQuery) -> Result<TransactionPage, BankingError> {
        self.rpc.call(ctx, "transactions", &query, Repeat::Question).await
    }

    async fn transaction(&self, ctx: &Ctx, id: TransactionId) -> Result<Transaction, BankingError> {
        self.rpc.call(ctx, "transaction", &id, Repeat::Question).await
    }

    async fn change_transaction(&self, ctx: &Ctx, command: ChangeTransaction) -> Result<Transaction, BankingError> {
        self.rpc.call(ctx, "change_transaction", &command, Repeat::keyed(ctx)).await
    }
}

#[async_trait]
impl Arrangements for RemoteBanking {
    async fn rules(&self, ctx: &Ctx) -> Result<RuleList, BankingError> {
        self.rpc.call(ctx, "rules", &(), Repeat::Question).await
    }

    async fn add_rule(&self, ctx: &Ctx, command: AddRule) -> Result<Rule, BankingError> {
        self.rpc.call(ctx, "add_rule", &command, Repeat::keyed(ctx)).await
    }

    async fn remove_rule(&self, ctx: &Ctx, id: RuleId) -> Result<(), BankingError> {
        self.rpc.call(ctx, "remove_rule", &id, Repeat::keyed(ctx)).await
    }

    async fn profiles(&self, ctx: &Ctx) -> Result<ProfileList, BankingError> {
        self.rpc.call(ctx, "profiles", &(), Repeat::Question).await
    }

    /// The second time there is nothing left.
    async fn erase(&self, ctx: &Ctx, command: Erase) -> Result<(), BankingError> {
        self.rpc.call(ctx, "erase", &command, Repeat::Harmless).await
    }

    async fn put_profile(&self, ctx: &Ctx, command: PutProfile) -> Result<Profile, BankingError> {
        self.rpc.call(ctx, "put_profile", &command, Repeat::Harmless).await
    }
}

#[async_trait]
impl Connections for RemoteBanking {
    async fn connect(&self, ctx: &Ctx, command: Connect) -> Result<Connection, BankingError> {
        self.rpc.call(ctx, "connect", &command, Repeat::Harmless).await
    }

    /// Each call makes another token, which is harmless.
    async fn link(&self, ctx: &Ctx, command: LinkBank) -> Result<LinkToken, BankingError> {
        self.rpc.call(ctx, "link", &command, Repeat::Harmless).await
    }

    async fn webhook(&self, ctx: &Ctx, hook: Webhook) -> Result<(), BankingError> {
        self.rpc.call(ctx, "webhook", &hook, Repeat::Harmless).await
    }

    async fn connections(&self, ctx: &Ctx) -> Result<ConnectionList, BankingError> {
        self.rpc.call(ctx, "connections", &(), Repeat::Question).await
    }

    async fn connection(&self, ctx: &Ctx, id: ConnectionId) -> Result<Connection, BankingError> {
        self.rpc.call(ctx, "connection", &id, Repeat::Question).await
    }

    /// Each change leads to the same state however often it is made.
    async fn change_connection(&self, ctx: &Ctx, command: ChangeConnection) -> Result<Connection, BankingError> {
        self.rpc.call(ctx, "change_connection", &command, Repeat::Harmless).await
    }

    /// The bank counts calls.
    async fn test_connection(&self, ctx: &Ctx, id: ConnectionId) -> Result<ConnectionTest, BankingError> {
        self.rpc.call(ctx, "test_connection", &id, Repeat::Never).await
    }
}
