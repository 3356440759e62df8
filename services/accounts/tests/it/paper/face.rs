//! The ledger's traits on paper: what is not asked for answers that it is unavailable.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Clock, Ctx, Money};
use ledger_api::*;
use platform::error::Failure;
use platform::feed::{Event, Pull};

use super::{Paper, refused};

#[async_trait]
impl Books for Paper {
    async fn create_book(&self, _: &Ctx, _: CreateBook) -> Result<Book, LedgerError> {
        refused(Refusal::TooManyBooks { max: 1 })
    }

    async fn books(&self, _: &Ctx) -> Result<Vec<Book>, LedgerError> {
        Ok(Vec::new())
    }

    async fn book(&self, _: &BookName) -> Result<Arc<dyn Ledger>, LedgerError> {
        Ok(Arc::new(self.clone()))
    }
}

#[async_trait]
impl Erasing for Paper {
    async fn erase_metadata(&self, _: &Ctx, command: EraseMetadata) -> Result<MetadataErased, LedgerError> {
        self.begins()?;
        let erased = self.pages().erase(&command.owner);
        self.ends(MetadataErased { transactions: erased, ..MetadataErased::default() })
    }
}

#[async_trait]
impl Ledger for Paper {
    async fn declare_asset(&self, _: &Ctx, _: DeclareAsset) -> Result<Asset, LedgerError> {
        Err(LedgerError::Failed(Failure::Unavailable))
    }

    async fn assets(&self, _: &Ctx) -> Result<Vec<Asset>, LedgerError> {
        Ok(Vec::new())
    }

    async fn open_account(&self, _: &Ctx, command: OpenAccount) -> Result<Account, LedgerError> {
        self.begins()?;
        let mut pages = self.pages();
        let (now, zero) = (self.time.now(), Money::new(0, command.currency));
        let floor = command.limits.floor.or((!command.limits.may_go_negative).then_some(zero));
        let balances = Balances {
            posted: zero,
            pending_in: zero,
            pending_out: zero,
            available: floor.map(|floor| Money::new(-floor.minor(), command.currency)),
            version: 0,
        };
        let new = Account {
            path: command.path.clone(),
            currency: command.currency,
            normal: command.normal,
            status: AccountStatus::Open,
            floor,
            ceiling: command.limits.ceiling,
            owner: command.owner,
            reference: command.reference,
            metadata: command.metadata,
            balances,
            opened_at: now,
            replayed: false,
            as_of_seq: None,
        };
        let known = pages.accounts.contains_key(command.path.as_str());
        let account = pages.accounts.entry(command.path.to_string()).or_insert(new).clone();
        if !known {
            let data = serde_json::to_value(&account).unwrap();
            pages.event("ledger.account.opened", command.path.to_string(), data, 1, now);
        }
        drop(pages);
        self.ends(account)
    }

    async fn change_account(&self, _: &Ctx, command: ChangeAccount) -> Result<Account, LedgerError> {
        self.begins()?;
        let mut pages = self.pages();
        let Some(account) = pages.accounts.get_mut(command.path.as_str()) else {
            return refused(Refusal::AccountUnknown { account: command.path });
        };
        match command.change {
            AccountChange::Close if account.balances.posted.minor() != 0 => {
                return refused(Refusal::AccountNotZero { account: command.path });
            }
            AccountChange::Close => account.status = AccountStatus::Closed,
            AccountChange::SetLimits(limits) => {
                account.floor = limits.floor;
                let available =
                    |floor: Money| Money::new(account.balances.posted.minor() - floor.minor(), account.currency);
                account.balances.available = limits.floor.map(available);
            }
            _ => {}
        }
        let account = account.clone();
        drop(pages);
        self.ends(account)
    }

    async fn account(&self, _: &Ctx, path: &AccountPath) -> Result<Account, LedgerError> {
        self.begins()?;
        match self.pages().accounts.get(path.as_str()) {
            Some(account) => Ok(account.clone()),
            None => refused(Refusal::NotFound { what: "account".to_owned(), name: path.to_string() }),
        }
    }

    async fn accounts(&self, _: &Ctx, _: AccountQuery) -> Result<AccountPage, LedgerError> {
        Err(LedgerError::Failed(Failure::Unavailable))
    }

    async fn submit(&self, ctx: &Ctx, command: Submit) -> Result<Transaction, LedgerError> {
        let batch = Batch { atomic: false, dry_run: command.dry_run, lines: vec![command.operation] };
        match self.submit_batch(ctx, batch).await?.lines.remove(0) {
            LineOutcome::Done(transaction) => Ok(*transaction),
            LineOutcome::Failed(error) => Err(error),
        }
    }

    async fn submit_batch(&self, _: &Ctx, command: Batch) -> Result<BatchReply, LedgerError> {
        self.begins()?;
        let now = self.time.now();
        let mut pages = self.pages();
        let line = |operation: Operation| match operation {
            Operation::Create(create) => match pages.create(create, now) {
                Ok(transaction) => LineOutcome::Done(Box::new(transaction)),
                Err(refusal) => LineOutcome::Failed(LedgerError::Refused { refusal, replayed: false }),
            },
            other => panic!("the ledger on paper does not know {other:?}"),
        };
        let lines = command.lines.into_iter().map(line).collect();
        drop(pages);
        self.ends(BatchReply { lines })
    }

    async fn transaction(&self, _: &Ctx, _: FindTransaction) -> Result<Transaction, LedgerError> {
        Err(LedgerError::Failed(Failure::Unavailable))
    }

    async fn events_after(&self, _: &Ctx, pull: Pull) -> Result<Vec<Event>, LedgerError> {
        let found =
            self.pages().events.iter().filter(|event| event.cursor > pull.after).take(pull.max).cloned().collect();
        Ok(found)
    }

    async fn status(&self, _: &Ctx) -> Result<LedgerStatus, LedgerError> {
        let (book, head) = ("main".to_owned(), String::new());
        Ok(LedgerStatus { book, head, groups: 0, rows: self.rows(), accepting: true, waiting: 0 })
    }
}

#[async_trait]
impl History for Paper {
    async fn balance(&self, _: &Ctx, query: BalanceQuery) -> Result<AccountBalance, LedgerError> {
        let pages = self.pages();
        let Some(account) = pages.accounts.get(query.path.as_str()) else {
            return refused(Refusal::AccountUnknown { account: query.path });
        };
        let money = |minor| Money::new(minor, account.currency);
        let (posted, zero) = (money(pages.balance_at(account, query.at, query.by)), money(0));
        Ok(AccountBalance {
            path: query.path,
            currency: account.currency,
            posted,
            pending_in: zero,
            pending_out: zero,
            posted_debits: zero,
            posted_credits: zero,
            pending_debits: zero,
            pending_credits: zero,
            version: None,
            at: query.at,
            by: query.by,
            as_of_seq: pages.rows,
        })
    }

    async fn balances(&self, _: &Ctx, query: BalancesQuery) -> Result<BalancesPage, LedgerError> {
        self.begins()?;
        let pages = self.pages();
        let after = query.after.as_ref().map_or("", |after| after.as_str()).to_owned();
        let below =
            |account: &&Account| account.path.is_within(&query.prefix) && account.path.as_str() > after.as_str();
        let mut all: Vec<&Account> = pages.accounts.values().filter(below).take(query.limit + 1).collect();
        let more = all.len() > query.limit;
        all.truncate(query.limit);
        let item = |account: &&Account| PostedBalance {
            path: account.path.clone(),
            posted: Money::new(pages.balance_at(account, query.at, query.by), account.currency),
        };
        let items: Vec<PostedBalance> = all.iter().map(item).collect();
        let next = items.last().filter(|_| more).map(|last| last.path.clone());
        Ok(BalancesPage { items, next, as_of_seq: pages.rows })
    }

    async fn roll_up(&self, _: &Ctx, _: RollUpQuery) -> Result<RollUp, LedgerError> {
        Err(LedgerError::Failed(Failure::Unavailable))
    }

    async fn trial_balance(&self, _: &Ctx, _: TrialBalanceQuery) -> Result<TrialBalance, LedgerError> {
        Err(LedgerError::Failed(Failure::Unavailable))
    }

    async fn statement(&self, _: &Ctx, _: StatementQuery) -> Result<Statement, LedgerError> {
        Err(LedgerError::Failed(Failure::Unavailable))
    }
}

#[async_trait]
impl Schedule for Paper {
    async fn scheduled(&self, _: &Ctx, _: ScheduledQuery) -> Result<ScheduledPage, LedgerError> {
        Err(LedgerError::Failed(Failure::Unavailable))
    }
}

#[async_trait]
impl Search for Paper {
    async fn declare_metadata_key(&self, _: &Ctx, _: DeclareMetadataKey) -> Result<MetadataKey, LedgerError> {
        Err(LedgerError::Failed(Failure::Unavailable))
    }

    async fn metadata_keys(&self, _: &Ctx) -> Result<Vec<MetadataKey>, LedgerError> {
        Ok(Vec::new())
    }

    async fn remove_metadata_key(&self, _: &Ctx, _: &str) -> Result<MetadataKey, LedgerError> {
        Err(LedgerError::Failed(Failure::Unavailable))
    }

    async fn transactions_of(&self, _: &Ctx, ids: Vec<TransactionId>) -> Result<Vec<Transaction>, LedgerError> {
        let pages = self.pages();
        Ok(ids.iter().filter_map(|id| pages.transactions.get(id)?.clone().ok()).collect())
    }

    async fn transactions(&self, _: &Ctx, _: TransactionQuery) -> Result<TransactionPage, LedgerError> {
        Err(LedgerError::Failed(Failure::Unavailable))
    }
}
