//! Queries: accounts, balances, transactions, imports and gaps.

use banking_api::*;
use kernel::{Ctx, Money};
use platform::access;
use platform::db::{DbError, Tx};

use crate::apply::texts;
use crate::entry::Texts;
use crate::gaps;
use crate::knowing::Span;
use crate::service::{Inner, broken, check, check_account, page};
use crate::store::account::{self, Account};
use crate::store::import::{self, Listed, Stored};
use crate::store::movement::{self, Movement, Wanted};
use crate::store::{balance, statement};

const READ_ACCOUNTS: (&str, &str) = ("bank-accounts", "read");
/// Accounts that one query for gaps looks at.
const GAP_ACCOUNTS_MAX: usize = 50;
const GAPS_MAX: usize = 1_000;

impl Inner {
    pub(crate) async fn accounts(&self, ctx: &Ctx, query: AccountQuery) -> Result<AccountPage, BankingError> {
        let owner = access::owner_term(ctx, "bank-accounts", "read")?;
        let limit = page(query.limit)?;
        let tx = self.db.read().await?;
        let after = self.account_number(&tx, query.after).await?;
        let mut found = account::list(&tx, owner.as_deref(), after, limit + 1).await?;
        let more = found.len() > limit;
        found.truncate(limit);
        let mut items = Vec::with_capacity(found.len());
        for account in found {
            items.push(shown_account(&tx, account).await?);
        }
        Ok(AccountPage { items, more })
    }

    async fn account_number(&self, tx: &Tx, id: Option<AccountId>) -> Result<i64, DbError> {
        let Some(id) = id else { return Ok(0) };
        Ok(account::of_id(tx, id).await?.map_or(i64::MAX, |account| account.seq))
    }

    pub(crate) async fn account(&self, ctx: &Ctx, id: AccountId) -> Result<BankAccount, BankingError> {
        let tx = self.db.read().await?;
        let account = check_account(ctx, READ_ACCOUNTS, account::of_id(&tx, id).await?, id)?;
        Ok(shown_account(&tx, account).await?)
    }

    pub(crate) async fn change_account(&self, ctx: &Ctx, command: ChangeAccount) -> Result<BankAccount, BankingError> {
        let turn = self.once.begin(ctx, "change_bank_account", &command).await?;
        let tx = self.db.begin().await?;
        let again = turn.again::<i64>(&tx).await?.is_some();
        let found = account::of_id(&tx, command.id).await?;
        let mut account = match check_account(ctx, ("bank-accounts", "change"), found, command.id) {
            Ok(account) => account,
            Err(error) => return Err(turn.refused(tx, error).await),
        };
        if !again {
            account.kind = command.kind.unwrap_or(account.kind);
            account.interim = command.interim_reports.unwrap_or(account.interim);
            account.leading = command.leading.or(account.leading);
            account::change(&tx, &account).await?;
            turn.made(&tx, &0).await?;
        }
        let shown = shown_account(&tx, account).await?;
        tx.commit().await?;
        Ok(shown)
    }

    pub(crate) async fn balances(&self, ctx: &Ctx, query: BalanceQuery) -> Result<BalancePage, BankingError> {
        let tx = self.db.read().await?;
        let found = account::of_id(&tx, query.account).await?;
        let account = check_account(ctx, READ_ACCOUNTS, found, query.account)?;
        let mut items = balance::latest(&tx, account.seq, query.at).await?;
        items.retain(|balance| query.kind.is_none_or(|kind| balance.kind == kind));
        Ok(BalancePage { items })
    }

    pub(crate) async fn holdings(&self, ctx: &Ctx, id: AccountId) -> Result<HoldingList, BankingError> {
        let tx = self.db.read().await?;
        let account = check_account(ctx, READ_ACCOUNTS, account::of_id(&tx, id).await?, id)?;
        Ok(HoldingList { items: balance::holdings(&tx, account.seq).await? })
    }

    pub(crate) async fn gaps(&self, ctx: &Ctx, query: AccountQuery) -> Result<GapPage, BankingError> {
        let owner = access::owner_term(ctx, "bank-accounts", "read")?;
        let tx = self.db.read().await?;
        let accounts = match query.account {
            Some(id) => vec![check_account(ctx, READ_ACCOUNTS, account::of_id(&tx, id).await?, id)?],
            None => {
                let after = self.account_number(&tx, query.after).await?;
                account::list(&tx, owner.as_deref(), after, GAP_ACCOUNTS_MAX).await?
            }
        };
        let full = accounts.len() == GAP_ACCOUNTS_MAX && query.account.is_none();
        let next = accounts.last().filter(|_| full).map(|account| account.id);
        let mut items = Vec::new();
        for account in &accounts {
            items.extend(account_gaps(&tx, account).await?);
        }
        items.truncate(GAPS_MAX);
        Ok(GapPage { items, next })
    }

    pub(crate) async fn transactions(
        &self,
        ctx: &Ctx,
        query: TransactionQuery,
    ) -> Result<TransactionPage, BankingError> {
        let limit = page(query.limit)?;
        let tx = self.db.read().await?;
        let found = account::of_id(&tx, query.account).await?;
        let account = check_account(ctx, ("bank-transactions", "read"), found, query.account)?;
        let after = match query.after {
            None => (i64::MAX, i64::MAX),
            Some(id) => {
                let last = movement::of_id(&tx, id).await?.filter(|last| last.account == account.seq);
                // After a transaction that is not there, nothing follows.
                last.map_or((i64::MIN, i64::MIN), |last| (last.day, last.seq))
            }
        };
        let days = (query.from.map_or(i64::MIN, Day::number), query.to.map_or(i64::MAX, Day::number));
        let wanted = Wanted { account: account.seq, days, after, status: query.status, limit: limit + 1 };
        let mut found = movement::page(&tx, wanted).await?;
        let more = found.len() > limit;
        found.truncate(limit);
        let mut items = Vec::with_capacity(found.len());
        let sealer = self.keys.find(&tx, &account.subject).await.map_err(DbError::from)?;
        for movement in &found {
            let texts = sealer.as_ref().map(|sealer| texts(sealer, movement)).transpose()?;
            items.push(shown(&tx, &account, movement, texts.unwrap_or_default()).await?);
        }
        Ok(TransactionPage { items, more })
    }

    pub(crate) async fn transaction(&self, ctx: &Ctx, id: TransactionId) -> Result<Transaction, BankingError> {
        let tx = self.db.read().await?;
        self.found_transaction(ctx, "read", &tx, id).await
    }

    pub(crate) async fn found_transaction(
        &self,
        ctx: &Ctx,
        action: &str,
        tx: &Tx,
        id: TransactionId,
    ) -> Result<Transaction, BankingError> {
        let (movement, account) = self.movement(ctx, action, tx, id).await?;
        Ok(self.shown(tx, &account, &movement).await?)
    }

    pub(crate) async fn shown(&self, tx: &Tx, account: &Account, movement: &Movement) -> Result<Transaction, DbError> {
        let sealer = self.keys.find(tx, &account.subject).await?;
        let texts = sealer.map(|sealer| texts(&sealer, movement)).transpose()?;
        shown(tx, account, movement, texts.unwrap_or_default()).await
    }

    pub(crate) async fn import_of(&self, ctx: &Ctx, id: ImportId) -> Result<Import, BankingError> {
        let tx = self.db.read().await?;
        self.found_import(ctx, "read", &tx, id).await
    }

    pub(crate) async fn found_import(
        &self,
        ctx: &Ctx,
        action: &str,
        tx: &Tx,
        id: ImportId,
    ) -> Result<Import, BankingError> {
        let stored = import::of_id(tx, &self.keys, id).await?;
        let unknown = || Refusal::ImportUnknown { id: id.to_string() };
        let owner = stored.as_ref().map(|stored| stored.owner.as_deref());
        check(ctx, ("bank-imports", action), owner, unknown())?;
        Ok(self.shown_import(tx, stored.ok_or_else(unknown)?).await?)
    }

    pub(crate) async fn imports(&self, ctx: &Ctx, query: ImportQuery) -> Result<ImportPage, BankingError> {
        let owner = access::owner_term(ctx, "bank-imports", "read")?;
        let limit = page(query.limit)?;
        let tx = self.db.read().await?;
        let before = match query.before {
            None => i64::MAX,
            Some(id) => import::of_id(&tx, &self.keys, id).await?.map_or(0, |stored| stored.seq),
        };
        let mut found =
            import::list(&tx, &self.keys, Listed { owner: owner.as_deref(), before, limit: limit + 1 }).await?;
        let more = found.len() > limit;
        found.truncate(limit);
        let mut items = Vec::with_capacity(found.len());
        for stored in found {
            items.push(self.shown_import(&tx, stored).await?);
        }
        Ok(ImportPage { items, more })
    }

    pub(crate) async fn shown_import(&self, tx: &Tx, stored: Stored) -> Result<Import, DbError> {
        let accounts = import::accounts(tx, stored.seq).await?;
        let Stored { id, state, format, sha256, counts, warnings, mistake, owner, entity, created_at, .. } = stored;
        Ok(Import { id, state, format, sha256, counts, warnings, mistake, owner, entity, accounts, created_at })
    }
}

async fn account_gaps(tx: &Tx, account: &Account) -> Result<Vec<Gap>, DbError> {
    let spans: Vec<Span> = statement::with_balances(tx, account.seq).await?.iter().map(|one| one.span).collect();
    let sums = balance::by_day(tx, account.seq).await?;
    let shown = |gap: gaps::Gap| {
        let missing = i64::try_from(gap.missing).map_err(|_| broken("a gap beyond 64 bits"))?;
        let (from, to) = (Day::of_number(gap.from), Day::of_number(gap.to));
        Ok(Gap { account: account.id, from, to, missing: Money::new(missing, account.currency) })
    };
    gaps::gaps(&spans, &sums).into_iter().map(shown).collect()
}

async fn shown_account(tx: &Tx, account: Account) -> Result<BankAccount, DbError> {
    let balances = balance::latest(tx, account.seq, None).await?;
    let Account { id, kind, currency, owner, entity, last_four, interim, leading, created_at, .. } = account;
    Ok(BankAccount {
        id,
        kind,
        currency,
        owner,
        entity,
        last_four,
        interim_reports: interim,
        leading,
        balances,
        created_at,
    })
}

async fn shown(tx: &Tx, account: &Account, movement: &Movement, texts: Texts) -> Result<Transaction, DbError> {
    let twin = match movement.twin {
        Some(seq) => movement::of_seq(tx, seq).await?.map(|twin| twin.id),
        None => None,
    };
    let Texts { bank_code, reversal, references, counterparty, text, details, charges, original, rate } = texts;
    Ok(Transaction {
        id: movement.id,
        account: account.id,
        status: movement.status,
        amount: Money::new(movement.minor, movement.currency),
        booked_on: Day::of_number(movement.day),
        valued_on: movement.valued.map(Day::of_number),
        code: movement.code,
        bank_code,
        category: movement.category.clone(),
        category_chosen: movement.chosen,
        reversal,
        references,
        counterparty,
        text,
        details,
        charges,
        original,
        rate,
        possible_duplicate_of: twin,
    })
}
