//! Standing orders: one payment for each day on which they are due.
//!
//! Each payment has a name made from the order, the day and the attempt, so that a day pays once, whatever is killed or
//! runs twice. The order's row moves on afterwards, and only if it was not changed in the meantime.

mod days;

use jiff::ToSpan;
use jiff::civil::Date;
use kernel::{Ctx, Timestamp};
use platform::db::DbError;
use serde::{Deserialize, Serialize};

use crate::create::{Repeats, has_form};
use crate::face::*;
use crate::payees::own;
use crate::service::PaymentsService;
use crate::store::{self, Stored};
use days::{before_first, next_day};

const WORD: &str = "standing-orders";
const RETRIES_MAX: u8 = 5;
/// Orders in one round.
const BATCH_MAX: i64 = 100;
/// For one payment of an order.
const PATIENCE_MS: u64 = 10_000;

/// One row of `standing_order`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) shown: Standing,
    /// Payments without funds that are tried again.
    pub(crate) retries: Vec<Retry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Retry {
    /// The day on which it was due.
    day: Date,
    /// How often it was tried.
    attempt: u8,
    /// The day on which it is tried again.
    on: Date,
}

impl PaymentsService {
    pub(crate) async fn new_standing(&self, ctx: &Ctx, command: AddStanding) -> Result<Standing, PaymentsError> {
        let owner = own(ctx, WORD, "change")?;
        self.check_standing(&command)?;
        let payer = self.payer(ctx, &command.from, command.amount, (WORD, "change")).await?;
        let paid = self.paid(ctx, &command.to).await?;
        if paid.outside.is_some() {
            let expected = "the path of an account or a payee, for a standing order".to_owned();
            return Err(Refusal::FieldInvalid { field: "to".to_owned(), expected }.into());
        }
        if payer.path == paid.path {
            return Err(Refusal::SameAccount { account: payer.path.to_string() }.into());
        }
        let turn = self.once.begin(ctx, "add_standing_order", &command).await?;
        let tx = self.db.begin().await?;
        if let Some(id) = turn.again::<StandingId>(&tx).await? {
            let known = store::standing_of(&tx, id).await?;
            return known.map(|stored| stored.kept.shown).ok_or_else(|| unknown(id).into());
        }
        tx.one_at_a_time().await?;
        let max = limits::STANDING_MAX;
        if store::standing_list(&tx, &owner).await?.len() >= max {
            let refusal = Refusal::TooMany { what: "standing orders".to_owned(), max };
            return Err(turn.refused(tx, refusal.into()).await);
        }
        let next = next_day(&command, before_first(&command), 0);
        let state = if next.is_some() { StandingState::Active } else { StandingState::Finished };
        let shown = Standing {
            id: self.ids.make(),
            state,
            terms: command,
            next,
            made: 0,
            last_payment: None,
            made_by: owner.clone(),
            created_at: self.clock.now(),
        };
        let kept = Kept { shown, retries: Vec::new() };
        store::add_standing(&tx, &owner, next.map(|day| self.start_of(day)), &kept).await?;
        turn.made(&tx, &kept.shown.id).await?;
        tx.commit().await?;
        Ok(kept.shown)
    }

    fn check_standing(&self, command: &AddStanding) -> Result<(), Refusal> {
        has_form(&one_payment(command))?;
        let bad = |field: &str, expected: &str| {
            Err(Refusal::FieldInvalid { field: field.to_owned(), expected: expected.to_owned() })
        };
        let ahead = quant::calendar::days_between(self.today(), command.first);
        if !(0..=limits::DAYS_AHEAD_MAX).contains(&ahead) {
            return Err(Refusal::DayOutOfRange { found: command.first.to_string() });
        }
        if command.last.is_some_and(|last| last < command.first) {
            return bad("last", "a day that is not before the first one");
        }
        if command.count == Some(0) {
            return bad("count", "1 or more");
        }
        if command.retries > RETRIES_MAX {
            return bad("retries", "0 to 5");
        }
        Ok(())
    }

    pub(crate) async fn list_standing(&self, ctx: &Ctx) -> Result<StandingList, PaymentsError> {
        let owner = own(ctx, WORD, "read")?;
        Ok(StandingList { items: store::standing_list(&self.db.read().await?, &owner).await? })
    }

    /// What has ended stays as it is.
    pub(crate) async fn ended_standing(&self, ctx: &Ctx, id: StandingId) -> Result<Standing, PaymentsError> {
        let owner = own(ctx, WORD, "change")?;
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let stored = store::standing_of(&tx, id).await?.filter(|stored| stored.owner == owner);
        let Stored { version, mut kept, .. } = stored.ok_or_else(|| unknown(id))?;
        if kept.shown.state == StandingState::Active {
            kept.end();
            store::change_standing(&tx, version, None, &kept).await?;
            tx.commit().await?;
        }
        Ok(kept.shown)
    }

    /// Makes the payments that are due, the oldest orders first.
    pub(crate) async fn pay_standing(&self) -> Result<(), platform::room::OpenError> {
        let due = store::due_standing(&self.db.read().await?, self.clock.now(), BATCH_MAX).await?;
        for stored in due {
            let id = stored.kept.shown.id;
            let ctx = self.itself(PATIENCE_MS).await?;
            if let Err(error) = self.pay_one(&ctx, stored).await {
                tracing::warn!(code = error.code(), standing_order = %id, "a standing order waits for its next round");
            }
        }
        Ok(())
    }

    async fn pay_one(&self, ctx: &Ctx, stored: Stored) -> Result<(), PaymentsError> {
        let Stored { version, mut kept, owner } = stored;
        let today = self.today();
        let again = kept.retries.iter().position(|retry| retry.on <= today).map(|place| kept.retries.remove(place));
        let (day, attempt) = match (again, kept.shown.next.filter(|next| *next <= today)) {
            (Some(retry), _) => (retry.day, retry.attempt),
            (None, Some(day)) => (day, 0),
            (None, None) => return Ok(self.keep(version, &kept).await?),
        };
        if attempt == 0 && day < today && kept.shown.terms.missed == Missed::Skip {
            step_on(&mut kept, day, false);
            return Ok(self.keep(version, &kept).await?);
        }
        let repeats = Repeats { standing: kept.shown.id, due: day, attempt };
        let payment = self.payment_of(ctx, &owner, &kept.shown.terms, repeats).await?;
        let Some(payment) = payment else {
            // The payer's account or the payee is gone: it cannot pay any more.
            kept.end();
            return Ok(self.keep(version, &kept).await?);
        };
        if payment.state == PaymentState::Processing {
            // The ledger has not answered: the next round looks again.
            return Ok(());
        }
        kept.shown.last_payment = Some(payment.id);
        let without_funds = payment.reason.as_deref() == Some("insufficient_funds");
        if without_funds && attempt < kept.shown.terms.retries {
            kept.retries.push(Retry { day, attempt: attempt + 1, on: today.saturating_add(1.day()) });
        }
        if attempt == 0 {
            step_on(&mut kept, day, true);
        }
        Ok(self.keep(version, &kept).await?)
    }

    /// Its payment for this day, made now or before; nothing if it can never be made.
    async fn payment_of(
        &self,
        ctx: &Ctx,
        owner: &str,
        terms: &AddStanding,
        repeats: Repeats,
    ) -> Result<Option<Payment>, PaymentsError> {
        let command = one_payment(terms);
        let Some(path) = &command.from.path else { return Ok(None) };
        let account = self.books.account(ctx, path).await?;
        let payee = match command.to.payee {
            None => None,
            Some(id) => match store::payee_of(&self.db.read().await?, owner, id).await? {
                Some(payee) => Some(payee),
                None => return Ok(None),
            },
        };
        let Some(account) = account else { return Ok(None) };
        let Some(to) = command.to.path.clone().or_else(|| payee.map(|known| known.payee.path)) else { return Ok(None) };
        let owner = account.owner.map(|owner| owner.to_string());
        let payer = crate::create::Payer { path: path.clone(), owner };
        let paid = crate::create::Paid { path: to, payee: command.to.payee, is_new: false, outside: None };
        let Repeats { standing, due, attempt } = repeats;
        let name = ["standing order", &standing.to_string(), &due.to_string(), &attempt.to_string()];
        let named = self.named_as(&name, &command)?;
        let mut intent = self.intent(ctx, command, (payer, paid), Some(named), Some(repeats));
        intent.made_by = standing.to_string();
        let begun = self.begin(ctx, intent).await?;
        Ok(Some(self.carried_out(ctx, begun).await?))
    }

    /// Unless it was changed in the meantime: then the next round reads it again.
    async fn keep(&self, version: i64, kept: &Kept) -> Result<(), DbError> {
        let due = self.due_of(kept);
        let tx = self.db.begin().await?;
        store::change_standing(&tx, version, due, kept).await?;
        tx.commit().await.map_err(Into::into)
    }

    fn due_of(&self, kept: &Kept) -> Option<Timestamp> {
        let days = kept.retries.iter().map(|retry| retry.on).chain(kept.shown.next);
        days.min().map(|day| self.start_of(day))
    }
}

impl Kept {
    fn end(&mut self) {
        (self.shown.state, self.shown.next) = (StandingState::Ended, None);
        self.retries.clear();
    }
}

fn unknown(id: StandingId) -> Refusal {
    Refusal::StandingUnknown { standing: id.to_string() }
}

/// To the day after this one.
fn step_on(kept: &mut Kept, day: Date, made: bool) {
    kept.shown.made += u32::from(made);
    let turns = kept.shown.made;
    kept.shown.next = next_day(&kept.shown.terms, day, turns);
    if kept.shown.next.is_none() && kept.shown.state == StandingState::Active {
        kept.shown.state = StandingState::Finished;
    }
}

fn one_payment(terms: &AddStanding) -> CreatePayment {
    CreatePayment {
        from: terms.from.clone(),
        to: terms.to.clone(),
        amount: terms.amount,
        text: terms.text.clone(),
        reference: None,
        on: None,
        dry_run: false,
    }
}
