//! Moves the accounts of each programme to where its mode wants them, a few in each round, and copies balances for
//! programmes whose decisions are compared.

use kernel::Timestamp;

use super::old::OldSystem;
use super::rows::{self, Account, Stage};
use super::state::{Halt, Move};
use super::{Legacy, LegacyMode};
use crate::programme::Programme;
use crate::refusal::CardsError;
use crate::{CardsService, count, store};

/// Accounts of a programme in one round.
const ROUND_MAX: i64 = 20;
/// Balances of accounts that the old system owns are copied this often.
const COPIED_EVERY_US: i64 = 3_600_000_000;

impl CardsService {
    /// One round. Any number of processes may move: of two, one does.
    ///
    /// # Errors
    /// The store's.
    pub async fn move_accounts(&self) -> Result<(), CardsError> {
        let Some(old) = &self.old else { return Ok(()) };
        let tx = self.db.read().await?;
        let programmes = store::programme_list(&tx).await?;
        drop(tx);
        for programme in &programmes {
            let Some(legacy) = programme.legacy.as_ref().filter(|legacy| legacy.mode != LegacyMode::Retired) else {
                continue;
            };
            self.move_some(old, programme, legacy).await?;
            if legacy.mode == LegacyMode::Shadow {
                self.copy_some(old, programme).await?;
            }
        }
        Ok(())
    }

    /// While two sides disagree about one account, no other one moves.
    async fn move_some(&self, old: &OldSystem, programme: &Programme, legacy: &Legacy) -> Result<(), CardsError> {
        let tx = self.db.read().await?;
        let halted = !rows::disagreements(&tx, programme.id, 1).await?.is_empty();
        let accounts = rows::next(&tx, programme.id, legacy.places(), ROUND_MAX).await?;
        drop(tx);
        for account in accounts {
            if halted && matches!(account.stage, Stage::Ours | Stage::Theirs) {
                return Ok(());
            }
            let place = account.path.clone();
            match self.move_one(old, programme, account).await {
                Ok(_) | Err(Halt::Later(_)) => {}
                Err(Halt::Differs(why)) => {
                    tracing::error!(account = %place, why, "an account was not moved; nothing of its programme moves");
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    async fn move_one(&self, old: &OldSystem, programme: &Programme, account: Account) -> Result<bool, Halt> {
        let inwards = matches!(account.stage, Stage::Theirs | Stage::Taking);
        let mut moving = self.moving(old, programme, account).await?;
        let moved = match inwards {
            true => self.take_over(&mut moving).await,
            false => self.give_back(&mut moving).await,
        };
        let outcome = match &moved {
            Ok(true) => "moved",
            Ok(false) | Err(Halt::Later(_)) => "later",
            Err(Halt::Differs(_)) => "differs",
        };
        count::account_moved(if inwards { "ours" } else { "theirs" }, outcome);
        moved
    }

    async fn moving<'a>(
        &self,
        old: &'a OldSystem,
        programme: &'a Programme,
        account: Account,
    ) -> Result<Move<'a>, Halt> {
        let cards = rows::cards(&self.db.read().await?, &account.path).await?;
        let ctx = self.own(&self.sweepers_ctx().await?).await?;
        Ok(Move { old, programme, account, cards, ctx })
    }

    /// So that ours decides over the same funds.
    async fn copy_some(&self, old: &OldSystem, programme: &Programme) -> Result<(), CardsError> {
        let now = self.clock.now();
        let since = now.plus_micros(-COPIED_EVERY_US);
        let stale = rows::stale(&self.db.read().await?, programme.id, since, ROUND_MAX).await?;
        for account in stale {
            let path = account.path.clone();
            if let Err(halt) = self.copy_one(old, programme, account, now).await {
                tracing::warn!(account = %path, %halt, "a balance of the old system was not copied");
            }
        }
        Ok(())
    }

    /// Only what is available: the holds stay there.
    async fn copy_one(
        &self,
        old: &OldSystem,
        programme: &Programme,
        account: Account,
        now: Timestamp,
    ) -> Result<(), Halt> {
        let moving = self.moving(old, programme, account).await?;
        let theirs = super::state::Sums { held: 0, holds: 0, ..moving.there().await?.sums() };
        self.copy_balance(&moving, theirs, &format!("copy-{}", now.micros())).await?;
        let tx = self.db.begin().await?;
        rows::copied(&tx, &moving.account.path, now).await?;
        tx.commit().await.map_err(CardsError::from)?;
        Ok(())
    }
}
