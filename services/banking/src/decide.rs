//! What people decide about transactions: a category, and whether a possible duplicate is one.

use banking_api::*;
use kernel::{Ctx, Money};
use platform::db::{DbError, Tx};

use crate::apply::{rules_subject, texts};
use crate::category::{Facts, Rules};
use crate::event;
use crate::service::{Inner, check};
use crate::store::account::{self, Account};
use crate::store::arrangement;
use crate::store::balance::Totals;
use crate::store::movement::{self, Movement, Removed};

impl Inner {
    pub(crate) async fn change_transaction(
        &self,
        ctx: &Ctx,
        command: ChangeTransaction,
    ) -> Result<Transaction, BankingError> {
        if let TransactionChange::Category { category: Some(category) } = &command.change {
            category_name(category)?;
        }
        let operation = match &command.change {
            TransactionChange::Category { .. } => "set_bank_category",
            TransactionChange::Keep => "keep_bank_transaction",
            TransactionChange::Merge { .. } => "merge_bank_transaction",
            TransactionChange::Undo => "undo_bank_decision",
        };
        let turn = self.once.begin(ctx, operation, &command).await?;
        let tx = self.db.begin().await?;
        if turn.again::<i64>(&tx).await?.is_some() {
            return self.found_transaction(ctx, "change", &tx, command.id).await;
        }
        match self.changed_transaction(ctx, &tx, &command).await {
            Ok((transaction, cursor)) => {
                turn.made(&tx, &0).await?;
                tx.commit().await?;
                cursor.into_iter().for_each(|cursor| self.signal.committed(cursor));
                Ok(transaction)
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    async fn changed_transaction(
        &self,
        ctx: &Ctx,
        tx: &Tx,
        command: &ChangeTransaction,
    ) -> Result<(Transaction, Option<u64>), BankingError> {
        tx.one_at_a_time().await?;
        let (old, account) = self.movement(ctx, "change", tx, command.id).await?;
        let new = match &command.change {
            TransactionChange::Category { category } => self.categorised(tx, &account, &old, category.clone()).await?,
            TransactionChange::Keep => kept(&old)?,
            TransactionChange::Merge { into } => merged(tx, &old, *into).await?,
            TransactionChange::Undo => undone(&old)?,
        };
        movement::set_state(tx, &new).await?;
        let mut totals = Totals::default();
        let counts = |one: &Movement| one.status.is_counted() && one.currency == account.currency;
        if counts(&old) {
            totals.remove(account.seq, old.day, &old.category, old.minor)?;
        }
        if counts(&new) {
            totals.add(account.seq, new.day, &new.category, new.minor)?;
        }
        totals.store(tx).await?;
        let events = event::changed(tx, &account, &totals, &[]).await?;
        let cursor = if events.is_empty() { None } else { Some(self.outbox.add(tx, events).await?) };
        Ok((self.shown(tx, &account, &new).await?, cursor))
    }

    /// A movement and its account, within the caller's reach.
    pub(crate) async fn movement(
        &self,
        ctx: &Ctx,
        action: &str,
        tx: &Tx,
        id: TransactionId,
    ) -> Result<(Movement, Account), BankingError> {
        let movement = movement::of_id(tx, id).await?;
        let account = match &movement {
            Some(movement) => Some(account::of_seq(tx, movement.account).await?),
            None => None,
        };
        let unknown = || Refusal::TransactionUnknown { id: id.to_string() };
        let owner = account.as_ref().map(|account| account.owner.as_deref());
        check(ctx, ("bank-transactions", action), owner, unknown())?;
        movement.zip(account).ok_or_else(|| unknown().into())
    }

    async fn categorised(
        &self,
        tx: &Tx,
        account: &Account,
        old: &Movement,
        category: Option<String>,
    ) -> Result<Movement, BankingError> {
        let chosen = category.is_some();
        let category = match category {
            Some(category) => category,
            None => self.by_rules(tx, account, old).await?,
        };
        Ok(Movement { category, chosen, ..old.clone() })
    }

    async fn by_rules(&self, tx: &Tx, account: &Account, movement: &Movement) -> Result<String, DbError> {
        let rules = arrangement::rules(tx, &rules_subject(account)).await?;
        let rules = Rules::new(rules.into_iter().map(|rule| rule.terms));
        let sealer = self.keys.find(tx, &account.subject).await?;
        let texts = sealer.map(|sealer| texts(&sealer, movement)).transpose()?.unwrap_or_default();
        Ok(rules.category(&Facts {
            code: movement.code,
            amount: Money::new(movement.minor, movement.currency),
            counterparty: texts.counterparty.name.as_deref(),
            text: &texts.text,
        }))
    }
}

fn kept(old: &Movement) -> Result<Movement, BankingError> {
    open(old)?;
    Ok(Movement { status: Status::Booked, decided: true, ..old.clone() })
}

async fn merged(tx: &Tx, old: &Movement, into: TransactionId) -> Result<Movement, BankingError> {
    open(old)?;
    let twin = movement::of_id(tx, into).await?;
    let fits = |twin: &Movement| {
        twin.seq != old.seq
            && (twin.account, twin.minor, twin.currency) == (old.account, old.minor, old.currency)
            && twin.status.is_counted()
    };
    let refused = || Refusal::MergeTarget { id: old.id.to_string(), into: into.to_string() };
    let twin = twin.filter(fits).ok_or_else(refused)?;
    let (status, removed) = (Status::Removed, Removed::Merged);
    Ok(Movement { status, removed, twin: Some(twin.seq), decided: true, ..old.clone() })
}

fn undone(old: &Movement) -> Result<Movement, BankingError> {
    let was_kept = old.status == Status::Booked && old.twin.is_some();
    if !old.decided || !(was_kept || old.removed == Removed::Merged) {
        return Err(status(old).into());
    }
    let (status, removed) = (Status::PossibleDuplicate, Removed::No);
    Ok(Movement { status, removed, decided: false, ..old.clone() })
}

fn open(old: &Movement) -> Result<(), BankingError> {
    if old.status == Status::PossibleDuplicate { Ok(()) } else { Err(status(old).into()) }
}

fn status(old: &Movement) -> Refusal {
    let status: &str = old.status.into();
    Refusal::TransactionStatus { id: old.id.to_string(), status: status.to_owned() }
}

/// Categories are words of people and of programs.
pub(crate) fn category_name(category: &str) -> Result<(), BankingError> {
    let count = category.chars().count();
    let plain = category.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | ' ' | '.'));
    if (1..=limits::NAME_CHARS_MAX).contains(&count) && plain {
        return Ok(());
    }
    let detail = "expected 1 to 64 letters, digits, spaces, dots, dashes and underscores";
    Err(Refusal::field_invalid("category", detail).into())
}
