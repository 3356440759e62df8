//! Entities, and the accounts that are linked to them.

use kernel::{Ctx, Money};
use platform::db::Tx;
use platform::feed::NewEvent;
use serde_json::json;

use crate::face::*;
use crate::names::{name, text, too_many};
use crate::service::{Begun, Inner, Made};
use crate::store::{ACCOUNTS, ENTITIES, cash};

const WORD: &str = "positions";

impl Inner {
    pub(crate) async fn put_entity(&self, ctx: &Ctx, command: PutEntity) -> Result<Entity, TreasuryError> {
        self.may(ctx, WORD, "change")?;
        name("entity", &command.name)?;
        text("title", &command.terms.title)?;
        let EntityTerms { title, currency, calendar } = command.terms;
        let entity = Entity { name: command.name, title, currency, calendar };
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let is_new = ENTITIES.get::<Entity>(&tx, &entity.name).await?.is_none();
        if is_new && ENTITIES.count(&tx).await? >= limits::ENTITIES_MAX {
            return Err(too_many("entities", limits::ENTITIES_MAX));
        }
        ENTITIES.put(&tx, &entity.name, &entity).await?;
        self.commit(tx, Vec::new()).await?;
        Ok(entity)
    }

    pub(crate) async fn entities(&self, ctx: &Ctx) -> Result<EntityList, TreasuryError> {
        self.may(ctx, WORD, "read")?;
        Ok(EntityList { items: ENTITIES.all(&self.db.read().await?).await? })
    }

    pub(crate) async fn add_account(&self, ctx: &Ctx, command: AddAccount) -> Result<Account, TreasuryError> {
        self.may(ctx, WORD, "change")?;
        name("entity", &command.entity)?;
        text("terms.name", &command.terms.name)?;
        let own = self.on_behalf(ctx).await?;
        let found = self.found(&own, &command).await;
        let change = match self.begin::<AccountId>(ctx, "add_treasury_account", &command).await? {
            Begun::Again(id) => return self.account_of(id).await,
            Begun::First(change) => change,
        };
        let made = match &found {
            Ok(account) => self.linked(&change.tx, account).await,
            Err(error) => Err(error.clone()),
        };
        let id = self.end(change, made).await?;
        // Whatever hinders it, the next round reads the source again.
        if let Err(error) = self.refresh_one(&own, &command.source.key()).await {
            tracing::warn!(code = error.code(), account = %id, "a new account could not be read yet");
        }
        self.account_of(id).await
    }

    async fn found(&self, own: &Ctx, command: &AddAccount) -> Result<Account, TreasuryError> {
        let (currency, normal) = self.source_facts(own, &command.source).await?;
        let account = Account {
            id: self.ids.make(),
            entity: command.entity.clone(),
            source: command.source.clone(),
            currency,
            normal,
            terms: command.terms.clone(),
            created_at: self.now(),
        };
        account.check()?;
        Ok(account)
    }

    async fn linked(&self, tx: &Tx, account: &Account) -> Made<AccountId> {
        if ENTITIES.get::<Entity>(tx, &account.entity).await?.is_none() {
            return Err(Refusal::EntityUnknown { entity: account.entity.clone() }.into());
        }
        let source = account.source.key();
        if cash::source(tx, &source).await?.is_some() {
            return Err(Refusal::SourceLinked { name: source }.into());
        }
        if ACCOUNTS.count(tx).await? >= limits::ACCOUNTS_MAX {
            return Err(too_many("accounts", limits::ACCOUNTS_MAX));
        }
        let id = account.id.to_string();
        ACCOUNTS.put(tx, &id, account).await?;
        cash::add_source(tx, &source, &id).await?;
        let told = NewEvent::new("treasury.account.linked", id, json!({ "entity": account.entity }));
        Ok((account.id, vec![told]))
    }

    pub(crate) async fn change_account(&self, ctx: &Ctx, command: ChangeAccount) -> Result<Account, TreasuryError> {
        self.may(ctx, WORD, "change")?;
        text("name", &command.terms.name)?;
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let known: Option<Account> = ACCOUNTS.get(&tx, &command.id.to_string()).await?;
        let known = known.ok_or_else(|| account_unknown(command.id))?;
        let account = Account { terms: command.terms, ..known };
        account.check()?;
        ACCOUNTS.put(&tx, &account.id.to_string(), &account).await?;
        self.commit(tx, Vec::new()).await?;
        Ok(account)
    }

    pub(crate) async fn accounts(&self, ctx: &Ctx) -> Result<AccountList, TreasuryError> {
        self.may(ctx, WORD, "read")?;
        Ok(AccountList { items: ACCOUNTS.all(&self.db.read().await?).await? })
    }

    pub(crate) async fn account_of(&self, id: AccountId) -> Result<Account, TreasuryError> {
        let found: Option<Account> = ACCOUNTS.get(&self.db.read().await?, &id.to_string()).await?;
        found.ok_or_else(|| account_unknown(id))
    }
}

pub(crate) fn account_unknown(id: AccountId) -> TreasuryError {
    Refusal::AccountUnknown { account: id.to_string() }.into()
}

/// Refuses an amount that is not in the currency.
pub(crate) fn in_currency(amount: Money, currency: kernel::Currency) -> Result<Money, Refusal> {
    if amount.currency() == currency {
        return Ok(amount);
    }
    let code = |currency: kernel::Currency| currency.code().to_owned();
    Err(Refusal::CurrencyDiffers { expected: code(currency), found: code(amount.currency()) })
}

impl Account {
    pub(crate) fn floor(&self) -> Money {
        self.terms.floor.unwrap_or(Money::new(0, self.currency))
    }

    pub(crate) fn credit_limit(&self) -> Money {
        self.terms.credit_limit.unwrap_or(Money::new(0, self.currency))
    }

    /// As positions are grouped by it.
    pub(crate) fn bank(&self) -> &str {
        let own = match self.source {
            Source::Bank(_) => "unknown",
            Source::Ledger(_) => "ledger",
        };
        self.terms.bank.as_deref().unwrap_or(own)
    }

    fn check(&self) -> Result<(), Refusal> {
        if let Some(bank) = &self.terms.bank {
            text("terms.bank", bank)?;
        }
        let floor = in_currency(self.floor(), self.currency)?;
        let limit = in_currency(self.credit_limit(), self.currency)?;
        if limit.minor() < 0 {
            return Err(Refusal::field_invalid("terms.credit_limit", "expected an amount that is not below zero"));
        }
        if i128::from(floor.minor()) < -i128::from(limit.minor()) {
            let (floor, limit) = (floor.to_string(), limit.to_string());
            return Err(Refusal::FloorBelowLimit { account: self.terms.name.clone(), floor, limit });
        }
        Ok(())
    }
}
