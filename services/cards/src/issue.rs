//! Programmes and cards: made, issued, changed.

use kernel::{Ctx, IdempotencyKey};
use ledger_api::{AccountStatus, LedgerError};
use platform::db::Tx;
use platform::error::Failure;
use platform::feed::NewEvent;
use serde_json::{Value, json};
use vault_api::{Expiry, Issue, Kept, Renew};

use crate::calendar::end_of_month;
use crate::card::{Card, CardChange, CardId, CardStatus, CardTag};
use crate::face::{Change, ChangeCard, IssueCard, PutProgramme};
use crate::legacy::Side;
use crate::look::may_card;
use crate::programme::{Programme, ProgrammeId, ProgrammeTag, check_controls};
use crate::refusal::CardsError;
use crate::service::of_vault;
use crate::{CardsService, Refusal, store};

impl CardsService {
    pub(crate) async fn set_terms(&self, ctx: &Ctx, command: PutProgramme) -> Result<Programme, CardsError> {
        command.terms.check()?;
        let turn = self.once.begin(ctx, "put_programme", &command).await?;
        let tx = self.db.begin().await?;
        if let Some(id) = turn.again::<ProgrammeId>(&tx).await? {
            return self.programme_in(&tx, id).await;
        }
        match self.put(&tx, command).await {
            Ok(programme) => {
                turn.made(&tx, &programme.id).await?;
                let data = json!({ "programme": programme.id, "version": programme.version });
                self.commit(tx, vec![NewEvent::new("cards.programme.changed", programme.id.to_string(), data)]).await?;
                Ok(programme)
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    async fn put(&self, tx: &Tx, PutProgramme { id, terms }: PutProgramme) -> Result<Programme, CardsError> {
        let programme = match id {
            Some(id) => {
                let old = self.programme_in(tx, id).await?;
                Programme { version: old.version + 1, terms, ..old }
            }
            None => Programme {
                id: self.ids.make::<ProgrammeTag>(),
                terms,
                legacy: None,
                version: 1,
                created_at: self.clock.now(),
            },
        };
        store::put_programme(tx, &programme).await?;
        Ok(programme)
    }

    pub(crate) async fn programme_in(&self, tx: &Tx, id: ProgrammeId) -> Result<Programme, CardsError> {
        let found = store::programme_of(tx, id).await?;
        found.ok_or_else(|| Refusal::ProgrammeUnknown { programme: id.to_string() }.into())
    }

    /// The number first, in the vault, under a key that follows from this command's: a repeat gets the same one.
    pub(crate) async fn issue_card(&self, ctx: &Ctx, command: IssueCard) -> Result<Card, CardsError> {
        let key = ctx.idempotency_key.clone().ok_or(Failure::IdempotencyMissing)?;
        let turn = self.once.begin(ctx, "issue_card", &command).await?;
        let tx = self.db.read().await?;
        let programme = self.programme_in(&tx, command.programme).await?;
        drop(tx);
        check_controls(&command.controls, programme.terms.currency)?;
        let (owner, blocked) = self.holder(ctx, &command, &programme).await?;
        let kept = self.number(ctx, &command, &programme, &key).await?;
        let tx = self.db.begin().await?;
        if let Some(id) = turn.again::<CardId>(&tx).await? {
            let card = store::card_of(&tx, id, false).await?.ok_or(Failure::Internal)?;
            return Ok(Card { replayed: true, ..card });
        }
        let card = Card {
            id: self.ids.make::<CardTag>(),
            programme: programme.id,
            token: kept.token,
            owner,
            account: command.account.clone(),
            status: CardStatus::Inactive,
            bin: kept.bin,
            last_four: kept.last_four,
            expiry: command.expiry,
            controls: command.controls.clone(),
            account_blocked: blocked,
            side: Side::Ours,
            replaces: command.replaces,
            version: 1,
            created_at: self.clock.now(),
            replayed: false,
        };
        match self.add_card(&tx, &card).await {
            Ok(closed) => {
                turn.made(&tx, &card.id).await?;
                let issued = NewEvent::new("cards.card.issued", card.id.to_string(), about(&card));
                let closed = closed.map(|old| NewEvent::new("cards.card.changed", old.id.to_string(), about(&old)));
                self.commit(tx, [issued].into_iter().chain(closed).collect()).await?;
                Ok(card)
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    /// The card that it replaces, if that is closed by it.
    async fn add_card(&self, tx: &Tx, card: &Card) -> Result<Option<Card>, CardsError> {
        if !store::add_card(tx, card).await? {
            return Err(Refusal::NumberTaken.into());
        }
        let Some(old) = card.replaces else { return Ok(None) };
        let unknown = || Refusal::CardUnknown { card: old.to_string() };
        let mut old = store::card_of(tx, old, true).await?.ok_or_else(unknown)?;
        if old.account != card.account {
            return Err(unknown().into());
        }
        if old.status == CardStatus::Closed {
            return Ok(None);
        }
        old.status = old.status.next(CardChange::Close)?;
        old.version += 1;
        store::change_card(tx, &old).await?;
        Ok(Some(old))
    }

    /// The owner of the account that pays, and whether it is blocked.
    pub(crate) async fn holder(
        &self,
        ctx: &Ctx,
        command: &IssueCard,
        programme: &Programme,
    ) -> Result<(Option<String>, bool), CardsError> {
        let currency = programme.terms.currency;
        let unsuitable =
            || Refusal::AccountUnsuitable { account: command.account.to_string(), currency: currency.to_string() };
        let own = self.own(ctx).await?;
        let account = self.books.ledger().await.map_err(of_ledger)?.account(&own, &command.account).await;
        let account = match account {
            Err(LedgerError::Refused { .. }) => return Err(unsuitable().into()),
            other => other.map_err(of_ledger)?,
        };
        if account.currency != currency || account.status == AccountStatus::Closed {
            return Err(unsuitable().into());
        }
        self.not_over(command.expiry, programme)?;
        Ok((account.owner.map(|owner| owner.to_string()), account.status == AccountStatus::Frozen))
    }

    fn not_over(&self, expiry: Expiry, programme: &Programme) -> Result<(), Refusal> {
        let end = end_of_month(expiry.year(), expiry.month(), &programme.terms.zone);
        if end.is_some_and(|end| end > self.clock.now()) { Ok(()) } else { Err(Refusal::ExpiryTooEarly) }
    }

    /// A new number, or one that the vault has already.
    async fn number(
        &self,
        ctx: &Ctx,
        command: &IssueCard,
        programme: &Programme,
        key: &IdempotencyKey,
    ) -> Result<Kept, CardsError> {
        let mut own = self.own(ctx).await?;
        let kept = match command.token {
            Some(token) => self.vault.renew(&own, Renew { token, expiry: command.expiry }).await,
            None => {
                let digest = self.key_of(&ctx.principal.subject, key).map(|byte| format!("{byte:02x}")).concat();
                own.idempotency_key = format!("card-{digest}").parse().ok();
                let issue = Issue { bin: programme.terms.bin.clone(), expiry: command.expiry };
                self.vault.issue(&own, issue).await
            }
        };
        let kept = match (kept, command.token) {
            (Err(error), Some(token)) if error.refusal().is_some() => {
                return Err(Refusal::CardUnknown { card: token.to_string() }.into());
            }
            (kept, _) => kept.map_err(of_vault)?,
        };
        let (expected, found) = (programme.terms.bin.clone(), kept.bin.clone());
        // The vault tells six digits; the rest of a longer BIN is the operator's word.
        if command.token.is_some() && !expected.starts_with(&found) {
            return Err(Refusal::BinMismatch { expected, found }.into());
        }
        Ok(kept)
    }

    pub(crate) async fn change_one(&self, ctx: &Ctx, command: ChangeCard) -> Result<Card, CardsError> {
        let before = store::card_of(&self.db.read().await?, command.card, false).await?;
        let before = may_card(ctx, permission(&command.change), command.card, before)?;
        if let Change::Renew(expiry) = command.change {
            self.renew_number(ctx, &before, expiry).await?;
        }
        let turn = self.once.begin(ctx, "change_card", &command).await?;
        let tx = self.db.begin().await?;
        if turn.again::<CardId>(&tx).await?.is_some() {
            let card = store::card_of(&tx, command.card, false).await?.ok_or(Failure::Internal)?;
            return Ok(Card { replayed: true, ..card });
        }
        match self.changed(&tx, &command).await {
            Ok(card) => {
                turn.made(&tx, &card.id).await?;
                self.commit(tx, vec![NewEvent::new("cards.card.changed", card.id.to_string(), about(&card))]).await?;
                Ok(card)
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    async fn changed(&self, tx: &Tx, command: &ChangeCard) -> Result<Card, CardsError> {
        let unknown = || Refusal::CardUnknown { card: command.card.to_string() };
        let mut card = store::card_of(tx, command.card, true).await?.ok_or_else(unknown)?;
        match &command.change {
            Change::Status(change) => card.status = card.status.next(*change)?,
            Change::Renew(expiry) => {
                card.status = card.status.next(CardChange::Renew)?;
                card.expiry = *expiry;
            }
            Change::Controls(controls) => {
                let programme = self.programme_in(tx, card.programme).await?;
                check_controls(controls, programme.terms.currency)?;
                card.controls.clone_from(controls);
            }
        }
        card.version += 1;
        store::change_card(tx, &card).await?;
        Ok(card)
    }

    /// The vault first: a code of the old date does not fit the new one.
    async fn renew_number(&self, ctx: &Ctx, card: &Card, expiry: Expiry) -> Result<(), CardsError> {
        let programme = self.programme_in(&self.db.read().await?, card.programme).await?;
        card.status.next(CardChange::Renew)?;
        self.not_over(expiry, &programme)?;
        if expiry < card.expiry {
            return Err(Refusal::ExpiryTooEarly.into());
        }
        self.vault.renew(&self.own(ctx).await?, Renew { token: card.token, expiry }).await.map_err(of_vault)?;
        Ok(())
    }

    pub(crate) async fn commit(&self, tx: Tx, events: Vec<NewEvent>) -> Result<(), CardsError> {
        let cursor = self.outbox.add(&tx, events).await?;
        tx.commit().await?;
        self.signal.committed(cursor);
        Ok(())
    }
}

/// Holders may pause and resume their own cards.
fn permission(change: &Change) -> &'static str {
    match change {
        Change::Status(CardChange::Pause | CardChange::Resume) => "pause",
        _ => "change",
    }
}

/// An event's data: no number, no holder's name.
fn about(card: &Card) -> Value {
    json!({
        "card": card.id,
        "programme": card.programme,
        "token": card.token,
        "status": card.status,
        "expiry": card.expiry,
        "replaces": card.replaces,
        "version": card.version,
    })
}

fn of_ledger(error: LedgerError) -> CardsError {
    error.failure().unwrap_or(Failure::Internal).into()
}
