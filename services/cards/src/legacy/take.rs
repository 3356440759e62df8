//! An account moves to us: frozen, nothing of it on its way, balance and holds copied, compared, and then it is ours.
//!
//! Every part can be repeated: a process that ends on the way leaves an account that moves on when the next one looks.

use kernel::Money;

use super::rows::Stage;
use super::state::{Halt, Move, Sums, There};
use crate::authorization::{Authorization, AuthorizationId};
use crate::life;
use crate::record::{Paying, Record};
use crate::work::paying;
use crate::{CardsService, store};

/// Holds of an authorization in our ledger, one for each time that it was taken over.
pub(super) const ATTEMPTS_MAX: i64 = 255;

impl CardsService {
    /// Whether it has moved; if not, something of it is still on its way.
    pub(super) async fn take_over(&self, moving: &mut Move<'_>) -> Result<bool, Halt> {
        if moving.account.stage == Stage::Theirs {
            let attempt = moving.account.attempt + 1;
            if attempt > ATTEMPTS_MAX {
                return Err(Halt::Differs("it has moved too often".to_owned()));
            }
            moving.account = self.switch(&moving.account, (Stage::Taking, attempt), "", &[]).await?;
        }
        if !self.is_still(&moving.account, Stage::Theirs).await? {
            return Ok(false);
        }
        let attempt = moving.account.attempt;
        match self.copied(moving).await {
            Ok(records) => self.switch(&moving.account, (Stage::Ours, attempt), "", &records).await.map(|_| true),
            Err(Halt::Differs(why)) => {
                self.undo_copy(moving).await?;
                self.switch(&moving.account, (Stage::Theirs, attempt), &why, &[]).await?;
                Err(Halt::Differs(why))
            }
            Err(later) => Err(later),
        }
    }

    /// The account's authorizations as they are here afterwards.
    async fn copied(&self, moving: &Move<'_>) -> Result<Vec<Record>, Halt> {
        let there = moving.there().await?;
        let (records, gone) = self.adopted(moving, &there).await?;
        self.copy_balance(moving, there.sums(), "take").await?;
        for record in &records {
            self.books.hold_again(&moving.ctx, record).await?;
        }
        Sums::agree(moving.there().await?.sums(), self.here(moving, records.len()).await?)?;
        Ok(records.into_iter().chain(gone).collect())
    }

    /// Holds that this attempt has made so far are released; the next one makes others.
    async fn undo_copy(&self, moving: &Move<'_>) -> Result<(), Halt> {
        let (records, _) = self.adopted(moving, &moving.there().await?).await?;
        for record in &records {
            let id = self.bits("undo", &record.id.to_string(), moving.account.attempt);
            self.books.void(&moving.ctx, record, id).await?;
        }
        Ok(())
    }

    /// Our ledger gets the balance that the old system has.
    pub(super) async fn copy_balance(&self, moving: &Move<'_>, theirs: Sums, what: &str) -> Result<(), Halt> {
        let ours = self.here(moving, 0).await?;
        let more = theirs.posted() - ours.posted();
        let id = self.bits(what, moving.account.path.as_str(), moving.account.attempt);
        self.adjust(moving, id, Money::new(more, ours.available.currency())).await
    }

    /// What the old system holds, as authorizations of ours; and ours that it does not hold any more.
    async fn adopted(&self, moving: &Move<'_>, there: &There) -> Result<(Vec<Record>, Vec<Record>), Halt> {
        let now = self.clock.now();
        let tx = self.db.read().await?;
        let mut records = Vec::new();
        for (card, one) in there.open() {
            // What was passed on has the name that we gave it, and what went back has it at the end.
            let name = one.request_id.rsplit('-').next().unwrap_or_default();
            let id = name
                .parse()
                .unwrap_or_else(|_| AuthorizationId::from_bits(self.bits("authorization", &one.id.to_string(), 0)));
            let known = store::record(&tx, id).await?;
            let card = store::card_of(&tx, card.card, false).await?;
            let card = card.ok_or_else(|| Halt::Differs("a card is missing".to_owned()))?;
            let day = moving.programme.calendar().map_or(0, |calendar| calendar.periods(now).day);
            let paying = paying(&card, moving.programme, day);
            records.push(adopted(known, id, paying, one, moving.account.attempt));
        }
        drop(tx);
        let open = self.open_here(&moving.cards).await?;
        let gone = open.into_iter().filter(|record| records.iter().all(|known| known.id != record.id));
        Ok((records.clone(), gone.map(released).collect()))
    }
}

/// Theirs is the state that counts.
fn adopted(known: Option<Record>, id: AuthorizationId, card: Paying, one: &Authorization, attempt: i64) -> Record {
    let totals = one.totals;
    let minor = |of: fn(crate::authorization::Totals) -> Money| totals.map_or(0, |totals| of(totals).minor());
    let sums = life::Sums {
        authorized: minor(|totals| totals.authorized),
        held: minor(|totals| totals.held),
        cleared: minor(|totals| totals.cleared),
        fees: minor(|totals| totals.fees),
        refunded: minor(|totals| totals.refunded),
        disputed: minor(|totals| totals.disputed),
        won: known.as_ref().map_or(0, |record| record.sums.won),
    };
    let stranger = || Record {
        id,
        caller: "legacy".to_owned(),
        request_id: one.request_id.clone(),
        origin: one.origin,
        status: one.status,
        reason: one.reason,
        card: Some(card),
        amounts: one.amounts,
        fee: 0,
        sums,
        partial: false,
        balance: one.balance,
        at: one.at.clone(),
        created_at: one.created_at,
        decided_at: one.decided_at,
        expires_at: one.expires_at,
        step: None,
        clean_up: false,
        due_at: None,
        theirs: None,
        round: 0,
    };
    let before = known.unwrap_or_else(stranger);
    let theirs = before.theirs.clone().unwrap_or_default();
    let approval_code = one.approval_code.clone().or(theirs.approval_code.clone());
    let theirs = super::Theirs { id: Some(one.id), approval_code, ..theirs };
    let round = u8::try_from(attempt).unwrap_or(0);
    Record { status: one.status, sums, theirs: Some(theirs), round, expires_at: one.expires_at, ..before }
}

/// The old system has ended its hold by itself.
fn released(mut record: Record) -> Record {
    let ask = life::Ask { kind: life::StepKind::Expiry, amount: None, fee: 0, is_final: true };
    if let Ok(planned) = life::plan(record.status, record.sums, ask) {
        (record.sums, record.status) = (planned.sums, planned.status);
    }
    record
}
