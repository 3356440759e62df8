//! An account on both sides, and whether they agree.

use kernel::{Ctx, Money};
use ledger_api::{LedgerError, Metadata, TransactionId};
use platform::db::DbError;
use platform::error::Failure;
use platform::feed::NewEvent;
use serde_json::json;

use super::old::{OldSystem, Trouble};
use super::rows::{self, Account, CardThere, Stage};
use crate::authorization::{Authorization, AuthorizationId, StepTag};
use crate::card::CardId;
use crate::programme::Programme;
use crate::record::Record;
use crate::refusal::CardsError;
use crate::{CardsService, store};

/// Pages of a card's own authorizations in which open ones are looked for.
const PAGES_MAX: usize = 20;
const PAGE: usize = 500;
/// Longer than a request without an answer is looked for, and than an old system that failed is left alone.
const FROZEN_MAX_US: i64 = 300_000_000;

/// Why an account has not moved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Halt {
    /// It is tried again.
    #[error("not yet: {0}")]
    Later(String),
    /// A person has to look.
    #[error("{0}")]
    Differs(String),
}

impl From<Trouble> for Halt {
    fn from(trouble: Trouble) -> Halt {
        match trouble {
            Trouble::NotSent | Trouble::Unsure => Halt::Later(trouble.to_string()),
            Trouble::Refused { .. } | Trouble::TooMany => Halt::Differs(trouble.to_string()),
        }
    }
}

impl From<CardsError> for Halt {
    fn from(error: CardsError) -> Halt {
        Halt::Later(error.code().to_owned())
    }
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Halt {
        Halt::Later(failure.to_string())
    }
}

impl From<DbError> for Halt {
    fn from(error: DbError) -> Halt {
        CardsError::from(error).into()
    }
}

impl From<LedgerError> for Halt {
    fn from(error: LedgerError) -> Halt {
        match error {
            LedgerError::Refused { refusal, .. } => Halt::Differs(format!("the ledger: {refusal}")),
            LedgerError::Failed(failure) => failure.into(),
        }
    }
}

/// What has to agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) available: Money,
    pub(super) held: i64,
    pub(super) holds: usize,
}

impl Sums {
    pub(super) fn agree(theirs: Sums, ours: Sums) -> Result<(), Halt> {
        let differ = |what: &str, theirs: String, ours: String| {
            Err(Halt::Differs(format!("{what}: theirs {theirs}, ours {ours}")))
        };
        let money = |money: Money| format!("{} {}", money.amount(), money.currency());
        let held = |sums: Sums| money(Money::new(sums.held, sums.available.currency()));
        if theirs.available != ours.available {
            return differ("available", money(theirs.available), money(ours.available));
        }
        if theirs.held != ours.held {
            return differ("held", held(theirs), held(ours));
        }
        if theirs.holds != ours.holds {
            return differ("holds", theirs.holds.to_string(), ours.holds.to_string());
        }
        Ok(())
    }

    /// What is booked, holds included.
    pub(super) fn posted(&self) -> i64 {
        self.available.minor().saturating_add(self.held)
    }
}

/// An account as the old system has it.
pub(super) struct There {
    pub(super) available: Money,
    pub(super) all: Vec<(CardThere, Authorization)>,
}

impl There {
    pub(super) fn open(&self) -> impl Iterator<Item = &(CardThere, Authorization)> {
        self.all.iter().filter(|(_, one)| held(one) > 0)
    }

    pub(super) fn sums(&self) -> Sums {
        let held = self.open().map(|(_, one)| held(one)).sum();
        Sums { available: self.available, held, holds: self.open().count() }
    }

    /// What came of a request of ours.
    pub(super) fn named(&self, request: &str) -> Option<&Authorization> {
        self.all.iter().map(|(_, one)| one).find(|one| one.request_id == request)
    }
}

pub(super) fn held(one: &Authorization) -> i64 {
    one.totals.map_or(0, |totals| totals.held.minor())
}

/// The programme and the cards of an account that moves, and who acts.
pub(super) struct Move<'a> {
    pub(super) old: &'a OldSystem,
    pub(super) programme: &'a Programme,
    pub(super) account: Account,
    pub(super) cards: Vec<CardThere>,
    pub(super) ctx: Ctx,
}

impl Move<'_> {
    pub(super) async fn there(&self) -> Result<There, Halt> {
        let mut all = Vec::new();
        for card in &self.cards {
            all.extend(self.old.of_card(card.old_card).await?.into_iter().map(|one| (*card, one)));
        }
        for card in &self.cards {
            let told = self.old.balance(card.old_token, self.old.deadline()).await?;
            if let Some(available) = told.balance {
                return Ok(There { available, all });
            }
        }
        Err(Halt::Differs("none of its cards may ask the old system for a balance".to_owned()))
    }
}

impl CardsService {
    /// As our ledger has it; `holds` are ours to count.
    pub(super) async fn here(&self, moving: &Move<'_>, holds: usize) -> Result<Sums, Halt> {
        let account = self.books.account(&moving.ctx, &moving.account.path).await?;
        let (posted, held) = (account.balances.posted, account.balances.pending_out);
        let available = posted.minus(held).map_err(|error| Halt::Differs(error.to_string()))?;
        Ok(Sums { available, held: held.minor(), holds })
    }

    /// Those of the account's authorizations with a hold, by what we know.
    pub(super) async fn open_here(&self, cards: &[CardThere]) -> Result<Vec<Record>, Halt> {
        let tx = self.db.read().await?;
        let mut open = Vec::new();
        for card in cards {
            let mut before = AuthorizationId::from_bits(u128::MAX);
            for page in 0.. {
                if page == PAGES_MAX {
                    return Err(Trouble::TooMany.into());
                }
                let records = store::authorizations_of_card(&tx, card.card, before, PAGE).await?;
                let Some(last) = records.last().filter(|_| records.len() == PAGE).map(|record| record.id) else {
                    open.extend(records.into_iter().filter(|record| record.sums.held > 0));
                    break;
                };
                before = last;
                open.extend(records.into_iter().filter(|record| record.sums.held > 0));
            }
        }
        Ok(open)
    }

    /// The account goes on to this stage, with these authorizations, in one commit; groups of the lane are before or after it.
    pub(super) async fn switch(
        &self,
        account: &Account,
        (stage, attempt): (Stage, i64),
        note: &str,
        records: &[Record],
    ) -> Result<Account, Halt> {
        let after = Account { stage, attempt, since: self.clock.now(), ..account.clone() };
        let tx = self.db.begin().await?;
        let group = store::GROUPS.tail(&tx).await?;
        if !rows::switch(&tx, account, &after, note).await? {
            return Err(Halt::Later("another process moves the account".to_owned()));
        }
        for record in records {
            rows::put_record(&tx, record).await?;
        }
        let moved = matches!(stage, Stage::Ours | Stage::Theirs);
        let cards = if moved { rows::cards(&tx, &account.path).await? } else { Vec::new() };
        let event = |card: &CardId| {
            NewEvent::new("cards.card.moved", card.to_string(), json!({ "card": card, "side": stage.side() }))
        };
        let cursor = match cards.is_empty() {
            true => None,
            false => Some(self.outbox.add(&tx, cards.iter().map(|there| event(&there.card)).collect()).await?),
        };
        let fingerprint = self.ids.make::<StepTag>().bits() as u64;
        store::GROUPS.add(&tx, group.number, self.clock.now().max(group.at), fingerprint).await?;
        tx.commit().await.map_err(CardsError::from)?;
        if let Some(cursor) = cursor {
            self.signal.committed(cursor);
        }
        Ok(after)
    }

    /// Whether nothing of a frozen account is on its way any more. One that stays frozen for long goes back to where it was:
    /// nothing of it has been copied yet.
    pub(super) async fn is_still(&self, account: &Account, back: Stage) -> Result<bool, Halt> {
        if !rows::is_unfinished(&self.db.read().await?, &account.path).await? {
            return Ok(true);
        }
        if self.clock.now().micros_since(account.since) < FROZEN_MAX_US {
            return Ok(false);
        }
        let why = "an authorization of its cards does not end";
        self.switch(account, (back, account.attempt), why, &[]).await?;
        Err(Halt::Differs(why.to_owned()))
    }

    /// Bits of what a move books, the same each time it is tried.
    pub(super) fn bits(&self, what: &str, name: &str, attempt: i64) -> u128 {
        let mac = self.digest(format!("{what}\0{attempt}\0{name}").as_bytes());
        u128::from_be_bytes(mac.first_chunk().copied().unwrap_or_default())
    }

    /// Brings what is booked in our ledger to what it should be.
    pub(super) async fn adjust(&self, moving: &Move<'_>, id: u128, more: Money) -> Result<(), Halt> {
        let Some(legacy) = moving.programme.legacy.as_ref().filter(|_| more.minor() != 0) else { return Ok(()) };
        let metadata = Metadata::from([("kind".to_owned(), "takeover".to_owned())]);
        let accounts = (&moving.account.path, &legacy.takeover);
        self.books.adjust(&moving.ctx, TransactionId::from_bits(id), accounts, more, metadata).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use kernel::Currency;

    use super::*;

    #[test]
    fn sides_agree_in_balance_held_sum_and_number_of_holds() {
        let usd = |minor| Money::new(minor, Currency::iso("USD").unwrap());
        let one = Sums { available: usd(9_000), held: 1_000, holds: 1 };
        assert_eq!((Sums::agree(one, one), one.posted()), (Ok(()), 10_000));
        for (other, found) in [
            (Sums { available: usd(8_000), ..one }, "available: theirs 90.00 USD, ours 80.00 USD"),
            (Sums { held: 999, ..one }, "held: theirs 10.00 USD, ours 9.99 USD"),
            (Sums { holds: 2, ..one }, "holds: theirs 1, ours 2"),
        ] {
            assert_eq!(Sums::agree(one, other), Err(Halt::Differs(found.to_owned())));
        }
    }
}
