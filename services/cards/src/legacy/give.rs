//! An account moves back: frozen, nothing of it on its way, balance and holds copied to the old system, compared, and then
//! it is the old system's.
//!
//! What the old system still holds from before is released there first. Each request to it has a name that follows from
//! the attempt, and is looked for before it is sent, because the old system may forget requests.

use kernel::Money;
use platform::error::Failure;
use serde_json::json;

use super::book::card_step;
use super::old::Trouble;
use super::rows::{CardThere, Stage};
use super::state::{Halt, Move, Sums};
use super::take::ATTEMPTS_MAX;
use super::{Theirs, state};
use crate::CardsService;
use crate::authorization::{Acceptor, AuthorizationId};
use crate::record::Record;

impl CardsService {
    /// Whether it has moved; if not, something of it is still on its way.
    pub(super) async fn give_back(&self, moving: &mut Move<'_>) -> Result<bool, Halt> {
        if moving.account.stage == Stage::Ours {
            let attempt = moving.account.attempt + 1;
            if attempt > ATTEMPTS_MAX {
                return Err(Halt::Differs("it has moved too often".to_owned()));
            }
            moving.account = self.switch(&moving.account, (Stage::Giving, attempt), "", &[]).await?;
        }
        if moving.account.stage == Stage::Giving && !self.is_still(&moving.account, Stage::Ours).await? {
            return Ok(false);
        }
        let attempt = moving.account.attempt;
        if moving.account.stage == Stage::Giving {
            moving.account = match self.handed_over(moving).await {
                Ok(records) => self.switch(&moving.account, (Stage::Given, attempt), "", &records).await?,
                Err(Halt::Differs(why)) => {
                    self.switch(&moving.account, (Stage::Ours, attempt), &why, &[]).await?;
                    return Err(Halt::Differs(why));
                }
                Err(later) => return Err(later),
            };
        }
        for record in self.open_here(&moving.cards).await? {
            let id = self.bits("give", &record.id.to_string(), attempt);
            self.books.void(&moving.ctx, &record, id).await?;
        }
        self.switch(&moving.account, (Stage::Theirs, attempt), "", &[]).await.map(|_| true)
    }

    /// Our open authorizations, with what the old system calls them now.
    async fn handed_over(&self, moving: &Move<'_>) -> Result<Vec<Record>, Halt> {
        let attempt = moving.account.attempt;
        let mut records = self.open_here(&moving.cards).await?;
        let before = moving.there().await?;
        let own = |record: &Record| name(attempt, &record.id.to_string());
        for (_, one) in before.open().filter(|(_, one)| records.iter().all(|record| own(record) != one.request_id)) {
            let body = json!({ "request_id": name(attempt, &one.id.to_string()), "kind": "reversal" });
            moving.old.step(one.id, &body).await?;
        }
        for record in &mut records {
            let held = record.money(record.sums.held).ok_or(Failure::Internal)?;
            let id = match before.named(&own(record)) {
                Some(found) => found.id,
                None => advised(moving, record, held, &own(record)).await?,
            };
            record.theirs = Some(Theirs { id: Some(id), ..record.theirs.take().unwrap_or_default() });
        }
        self.balance_back(moving, records.len()).await?;
        Sums::agree(moving.there().await?.sums(), self.here(moving, records.len()).await?)?;
        Ok(records)
    }

    /// The old system gets the balance that our ledger has.
    async fn balance_back(&self, moving: &Move<'_>, holds: usize) -> Result<(), Halt> {
        let (there, ours) = (moving.there().await?, self.here(moving, holds).await?);
        let more = ours.posted() - there.sums().posted();
        let name = name(moving.account.attempt, "balance");
        if more == 0 || there.named(&name).is_some() {
            return Ok(());
        }
        let card = moving.cards.first().ok_or(Failure::Internal)?;
        let kind = if more > 0 { "refund" } else { "force_post" };
        let amount = Money::new(more.abs(), ours.available.currency());
        moving.old.card_step(&card_step((&name, kind), card.old_token, amount, &Acceptor::default())).await?;
        Ok(())
    }
}

/// Held there, below the floor if need be.
async fn advised(moving: &Move<'_>, record: &Record, held: Money, name: &str) -> Result<AuthorizationId, Halt> {
    let card = record.card.as_ref().and_then(|card| moving.cards.iter().find(|there| there.card == card.id));
    let CardThere { old_token, .. } = card.ok_or(Failure::Internal)?;
    let body = card_step((name, "advice"), *old_token, held, &record.at);
    let stepped = moving.old.card_step(&body).await?;
    if state::held(&stepped.authorization) == held.minor() {
        return Ok(stepped.authorization.id);
    }
    Err(Trouble::Refused { status: 200, code: "an advice was not held".to_owned() }.into())
}

fn name(attempt: i64, what: &str) -> String {
    format!("back-{attempt}-{what}")
}
