//! The service: what all its parts share, and the traits, one line a method.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use banking_api::*;
use kernel::{Clock, Ctx, IdMaker};
use platform::access::{self, Denied};
use platform::crypto::KeyEncryptionKey;
use platform::db::{Db, DbError};
use platform::deadline::in_time;
use platform::feed::{FeedSignal, Outbox};
use platform::once::Once;
use platform::outbound::Outbound;
use platform::room::OpenError;
use tokio::sync::{Notify, Semaphore};

use crate::config::Settings;
use crate::demo::DemoBanks;
use crate::dialect::{self, Dialect};
use crate::keys::Keys;
use crate::plaid::Signers;
use crate::store::account::Account;

#[derive(Clone)]
pub struct BankingService {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) db: Db,
    pub(crate) settings: Settings,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdMaker,
    pub(crate) outbox: Outbox,
    pub(crate) signal: FeedSignal,
    pub(crate) once: Once<Refusal>,
    pub(crate) keys: Keys,
    pub(crate) dialects: BTreeMap<String, Dialect>,
    pub(crate) outbound: Outbound,
    /// Simulated banks, in a demo.
    pub(crate) demo: Option<DemoBanks>,
    /// Public keys that sign webhooks.
    pub(crate) signers: Signers,
    /// Files that may be read at the same time.
    pub(crate) readers: Semaphore,
    /// An import of this process has ended.
    pub(crate) ended: Notify,
}

/// What the service is made of.
pub struct Parts {
    pub db: Db,
    pub settings: Settings,
    pub clock: Arc<dyn Clock>,
    pub ids: IdMaker,
    pub outbox: Outbox,
    pub signal: FeedSignal,
    pub outbound: Outbound,
    pub demo: Option<DemoBanks>,
}

impl BankingService {
    pub async fn start(parts: Parts, kek: &KeyEncryptionKey) -> Result<BankingService, OpenError> {
        let Parts { db, settings, clock, ids, outbox, signal, outbound, demo } = parts;
        let keys = Keys::open(&db, kek, Arc::clone(&clock)).await?;
        let once = Once::new(kek, Arc::clone(&clock));
        let dialects = dialect::load(settings.dialects_dir.as_deref())?;
        let readers = Semaphore::new(settings.imports_at_once);
        let inner = Inner {
            db,
            settings,
            clock,
            ids,
            outbox,
            signal,
            once,
            keys,
            dialects,
            outbound,
            demo,
            signers: Signers::default(),
            readers,
            ended: Notify::new(),
        };
        Ok(BankingService { inner: Arc::new(inner) })
    }
}

impl Inner {
    /// Whose rules, profiles and keys are meant: customers have their own, everybody else shares those of the house.
    pub(crate) fn subject(&self, ctx: &Ctx, resource: &str, action: &str) -> Result<String, BankingError> {
        let owner = access::owner_term(ctx, resource, action)?;
        Ok(subject_of(owner.as_deref(), None))
    }
}

/// Whose key seals an account's texts.
pub(crate) fn subject_of(owner: Option<&str>, entity: Option<&str>) -> String {
    match (owner, entity) {
        (Some(owner), _) => format!("owner:{owner}"),
        (None, Some(entity)) => format!("entity:{entity}"),
        (None, None) => "house".to_owned(),
    }
}

/// An object out of reach is refused like one that does not exist.
pub(crate) fn check(
    ctx: &Ctx,
    (resource, action): (&str, &str),
    owner: Option<Option<&str>>,
    unknown: Refusal,
) -> Result<(), BankingError> {
    match (access::check(ctx, resource, action, owner.flatten()), owner) {
        (Err(Denied::NotFound), _) | (Ok(()), None) => Err(unknown.into()),
        (Err(denied), _) => Err(denied.into()),
        (Ok(()), Some(_)) => Ok(()),
    }
}

pub(crate) fn check_account(
    ctx: &Ctx,
    word: (&str, &str),
    account: Option<Account>,
    id: AccountId,
) -> Result<Account, BankingError> {
    let unknown = || Refusal::AccountUnknown { id: id.to_string() };
    check(ctx, word, account.as_ref().map(|account| account.owner.as_deref()), unknown())?;
    account.ok_or_else(|| unknown().into())
}

pub(crate) fn page(limit: usize) -> Result<usize, BankingError> {
    let max = limits::PAGE_MAX;
    if (1..=max).contains(&limit) { Ok(limit) } else { Err(Refusal::PageSize { given: limit, max }.into()) }
}

pub(crate) fn broken(detail: &'static str) -> DbError {
    DbError::shape(detail)
}

macro_rules! in_time {
    ($self:ident, $ctx:ident, $work:expr) => {
        in_time($ctx, &$self.inner.clock, $work).await
    };
}

#[async_trait]
impl Imports for BankingService {
    async fn receive(&self, ctx: &Ctx, part: Part) -> Result<(), BankingError> {
        in_time!(self, ctx, self.inner.receive(ctx, part))
    }

    async fn import(&self, ctx: &Ctx, command: ImportFile) -> Result<Import, BankingError> {
        in_time!(self, ctx, self.import_file(ctx, command))
    }

    async fn change_import(&self, ctx: &Ctx, command: ChangeImport) -> Result<Import, BankingError> {
        in_time!(self, ctx, self.inner.change_import(ctx, command))
    }

    async fn import_of(&self, ctx: &Ctx, id: ImportId) -> Result<Import, BankingError> {
        in_time!(self, ctx, self.inner.import_of(ctx, id))
    }

    async fn imports(&self, ctx: &Ctx, query: ImportQuery) -> Result<ImportPage, BankingError> {
        in_time!(self, ctx, self.inner.imports(ctx, query))
    }
}

#[async_trait]
impl Accounts for BankingService {
    async fn accounts(&self, ctx: &Ctx, query: AccountQuery) -> Result<AccountPage, BankingError> {
        in_time!(self, ctx, self.inner.accounts(ctx, query))
    }

    async fn account(&self, ctx: &Ctx, id: AccountId) -> Result<BankAccount, BankingError> {
        in_time!(self, ctx, self.inner.account(ctx, id))
    }

    async fn change_account(&self, ctx: &Ctx, command: ChangeAccount) -> Result<BankAccount, BankingError> {
        in_time!(self, ctx, self.inner.change_account(ctx, command))
    }

    async fn balances(&self, ctx: &Ctx, query: BalanceQuery) -> Result<BalancePage, BankingError> {
        in_time!(self, ctx, self.inner.balances(ctx, query))
    }

    async fn holdings(&self, ctx: &Ctx, account: AccountId) -> Result<HoldingList, BankingError> {
        in_time!(self, ctx, self.inner.holdings(ctx, account))
    }

    async fn gaps(&self, ctx: &Ctx, query: AccountQuery) -> Result<GapPage, BankingError> {
        in_time!(self, ctx, self.inner.gaps(ctx, query))
    }

    async fn transactions(&self, ctx: &Ctx, query: TransactionQuery) -> Result<TransactionPage, BankingError> {
        in_time!(self, ctx, self.inner.transactions(ctx, query))
    }

    async fn transaction(&self, ctx: &Ctx, id: TransactionId) -> Result<Transaction, BankingError> {
        in_time!(self, ctx, self.inner.transaction(ctx, id))
    }

    async fn change_transaction(&self, ctx: &Ctx, command: ChangeTransaction) -> Result<Transaction, BankingError> {
        in_time!(self, ctx, self.inner.change_transaction(ctx, command))
    }
}

#[async_trait]
impl Arrangements for BankingService {
    async fn rules(&self, ctx: &Ctx) -> Result<RuleList, BankingError> {
        in_time!(self, ctx, self.inner.rules(ctx))
    }

    async fn add_rule(&self, ctx: &Ctx, command: AddRule) -> Result<Rule, BankingError> {
        in_time!(self, ctx, self.inner.add_rule(ctx, command))
    }

    async fn remove_rule(&self, ctx: &Ctx, id: RuleId) -> Result<(), BankingError> {
        in_time!(self, ctx, self.inner.remove_rule(ctx, id))
    }

    async fn profiles(&self, ctx: &Ctx) -> Result<ProfileList, BankingError> {
        in_time!(self, ctx, self.inner.profiles(ctx))
    }

    async fn erase(&self, ctx: &Ctx, command: Erase) -> Result<(), BankingError> {
        in_time!(self, ctx, self.inner.erase(ctx, command))
    }

    async fn put_profile(&self, ctx: &Ctx, command: PutProfile) -> Result<Profile, BankingError> {
        in_time!(self, ctx, self.inner.put_profile(ctx, command))
    }
}

#[async_trait]
impl Connections for BankingService {
    async fn connect(&self, ctx: &Ctx, command: Connect) -> Result<Connection, BankingError> {
        in_time!(self, ctx, self.inner.connect(ctx, command))
    }

    async fn link(&self, ctx: &Ctx, command: LinkBank) -> Result<LinkToken, BankingError> {
        in_time!(self, ctx, self.inner.link_token(ctx, command))
    }

    async fn webhook(&self, ctx: &Ctx, hook: Webhook) -> Result<(), BankingError> {
        in_time!(self, ctx, self.inner.webhook(hook))
    }

    async fn connections(&self, ctx: &Ctx) -> Result<ConnectionList, BankingError> {
        in_time!(self, ctx, self.inner.connections(ctx))
    }

    async fn connection(&self, ctx: &Ctx, id: ConnectionId) -> Result<Connection, BankingError> {
        in_time!(self, ctx, self.inner.connection(ctx, id))
    }

    async fn change_connection(&self, ctx: &Ctx, command: ChangeConnection) -> Result<Connection, BankingError> {
        in_time!(self, ctx, self.inner.change_connection(ctx, command))
    }

    async fn test_connection(&self, ctx: &Ctx, id: ConnectionId) -> Result<ConnectionTest, BankingError> {
        in_time!(self, ctx, self.test_of_connection(ctx, id))
    }
}
