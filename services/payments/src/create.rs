//! The story of a payment: who pays whom, a row with the limits reserved, the ledger's transaction, and the row again.

use std::sync::atomic::Ordering;

use formats::check_digit;
use jiff::civil::Date;
use kernel::{Ctx, Currency, Money};
use ledger_api::AccountPath;
use platform::access::{self, Denied};
use platform::error::Failure;

use crate::books::Booked;
use crate::face::{
    CancelPayment, CreatePayment, Creditor, DecidePayment, PayeeId, Payment, PaymentState, PaymentsError, Rail,
    Refusal, Side, StandingId, limits,
};
use crate::rail::{OverRail, Step, step_of};
use crate::record::Record;
use crate::service::PaymentsService;
use crate::work::command::{Command, Decision, Intent, Named, Outcome};
use crate::{books, count};

/// Who pays.
pub(crate) struct Payer {
    pub(crate) path: AccountPath,
    pub(crate) owner: Option<String>,
}

/// Who is paid.
pub(crate) struct Paid {
    pub(crate) path: AccountPath,
    pub(crate) payee: Option<PayeeId>,
    /// The payee was added less than 24 hours ago.
    pub(crate) is_new: bool,
    /// It goes out of the house.
    pub(crate) outside: Option<Creditor>,
}

/// A payment that a standing order makes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Repeats {
    pub(crate) standing: StandingId,
    pub(crate) due: Date,
    pub(crate) attempt: u8,
}

impl PaymentsService {
    pub(crate) async fn create_payment(&self, ctx: &Ctx, command: CreatePayment) -> Result<Payment, PaymentsError> {
        let begun = self.clock.monotonic();
        has_form(&command)?;
        let today = self.today();
        if command.on.is_some_and(|on| on < today || quant::calendar::days_between(today, on) > limits::DAYS_AHEAD_MAX)
        {
            let found = command.on.map(|on| on.to_string()).unwrap_or_default();
            return Err(Refusal::DayOutOfRange { found }.into());
        }
        let payer = self.payer(ctx, &command.from, command.amount, ("payments", "create")).await?;
        let paid = self.paid(ctx, &command.to).await?;
        if payer.path == paid.path {
            return Err(Refusal::SameAccount { account: payer.path.to_string() }.into());
        }
        self.prepare_rail(ctx, &paid, command.amount).await?;
        if ctx.idempotency_key.is_none() && !command.dry_run {
            return Err(Failure::IdempotencyMissing.into());
        }
        let named = self.named(ctx, "create", &command)?;
        let dry_run = command.dry_run;
        let record = self.begin(ctx, self.intent(ctx, command, (payer, paid), named, None)).await?;
        let payment = match dry_run {
            true => self.rehearse(ctx, record).await?,
            false => self.carried_out(ctx, record).await?,
        };
        count::took(&*self.clock, begun);
        Ok(payment)
    }

    pub(crate) fn intent(
        &self,
        ctx: &Ctx,
        command: CreatePayment,
        (payer, paid): (Payer, Paid),
        named: Option<Named>,
        repeats: Option<Repeats>,
    ) -> Intent {
        let whole = 10_i64.pow(u32::from(command.amount.currency().scale()));
        let new_payee_max = self.settings.new_payee_max.saturating_mul(whole);
        Intent {
            id: self.ids.make(),
            named,
            made_by: ctx.principal.subject.to_string(),
            use_key: self.use_key(&payer.path),
            from: payer.path,
            owner: payer.owner,
            to: paid.path,
            payee: paid.payee,
            rail: paid.outside.map(|creditor| OverRail::new(Rail::Sepa, creditor, &self.ids)),
            payee_max: paid.is_new.then_some(new_payee_max),
            amount: command.amount,
            text: command.text,
            reference: command.reference,
            on: command.on,
            starts_at: command.on.map(|on| self.start_of(on)),
            day: self.day_number(command.on),
            month: self.month_number(command.on),
            standing: repeats.map(|repeats| repeats.standing),
            dry_run: command.dry_run,
            due_at: self.due_after(ctx),
        }
    }

    pub(crate) async fn begin(&self, ctx: &Ctx, intent: Intent) -> Result<Outcome, PaymentsError> {
        self.submit(ctx, Command::Begin(Box::new(intent))).await
    }

    /// A payment that is being carried out is carried out to its end, if the ledger answers in time.
    pub(crate) async fn carried_out(&self, ctx: &Ctx, outcome: Outcome) -> Result<Payment, PaymentsError> {
        let Outcome { record, replayed } = outcome;
        Ok(self.carry_out(ctx, record).await?.shown(replayed))
    }

    /// Books it, and records what came of that. Without an answer of the ledger it stays as it is, for the sweeper.
    pub(crate) async fn carry_out(&self, ctx: &Ctx, record: Record) -> Result<Record, PaymentsError> {
        let own = self.own(ctx).await?;
        let mut record = record;
        while let Some(step) = step_of(&record) {
            match self.books.book(&own, &record, step, false).await {
                Ok(booked) => record = self.concluded(ctx, &record, step, booked).await?,
                Err(failure) => {
                    let (code, payment) = (failure.code(), record.id);
                    tracing::warn!(code, %payment, "the ledger did not answer; it is tried again");
                    return Ok(record);
                }
            }
            if step_of(&record) == Some(step) {
                // It was refused, and is tried again later.
                tracing::error!(payment = %record.id, ?step, "the ledger refuses a booking that has to be made");
                return Ok(record);
            }
        }
        Ok(record)
    }

    pub(crate) async fn concluded(
        &self,
        ctx: &Ctx,
        record: &Record,
        step: Step,
        booked: Booked,
    ) -> Result<Record, PaymentsError> {
        let (spare, due_at) = (self.ids.make(), self.due_after(ctx));
        let command = Command::Conclude { id: record.id, step, booked, spare, due_at };
        Ok(self.submit(ctx, command).await?.record)
    }

    /// What would happen.
    async fn rehearse(&self, ctx: &Ctx, outcome: Outcome) -> Result<Payment, PaymentsError> {
        let mut payment = outcome.record.shown(outcome.replayed);
        payment.dry_run = true;
        if payment.state == PaymentState::Processing {
            let own = self.own(ctx).await?;
            let step = step_of(&outcome.record).ok_or(Failure::Internal)?;
            match self.books.book(&own, &outcome.record, step, true).await? {
                Booked::Done if step == Step::Hold => payment.state = PaymentState::Held,
                Booked::Done => payment.state = PaymentState::Settled,
                Booked::Refused(reason) => {
                    (payment.state, payment.reason) = (PaymentState::Rejected, Some(reason));
                }
            }
        }
        Ok(payment)
    }

    /// The account that pays, if the caller may let it pay and it has the amount's currency.
    pub(crate) async fn payer(
        &self,
        ctx: &Ctx,
        side: &Side,
        amount: Money,
        of: (&str, &str),
    ) -> Result<Payer, PaymentsError> {
        let (payer, currency) = self.payer_account(ctx, side, of).await?;
        if currency != amount.currency() {
            let (account, payment) = (currency.to_string(), amount.currency().to_string());
            return Err(Refusal::CurrencyMismatch { account, payment }.into());
        }
        Ok(payer)
    }

    pub(crate) async fn payer_account(
        &self,
        ctx: &Ctx,
        side: &Side,
        (resource, action): (&str, &str),
    ) -> Result<(Payer, Currency), PaymentsError> {
        let Some(path) = side.path.clone().filter(|path| *side == Side::path(path.clone())) else {
            return Err(field("from", "the path of an account").into());
        };
        // Without the permission there is nothing to look up.
        access::owner_term(ctx, resource, action)?;
        let unknown = || Refusal::AccountUnknown { account: path.to_string() };
        let account = self.books.account(&self.own(ctx).await?, &path).await?;
        let owner = account.as_ref().and_then(|account| account.owner.as_ref()).map(ToString::to_string);
        match access::check(ctx, resource, action, owner.as_deref()) {
            Err(Denied::NotFound) => return Err(unknown().into()),
            allowed => allowed?,
        }
        let account = account.ok_or_else(unknown)?;
        Ok((Payer { path, owner }, account.currency))
    }

    /// The account that is paid. Anybody can be paid; whether the account exists, the ledger says.
    pub(crate) async fn paid(&self, ctx: &Ctx, side: &Side) -> Result<Paid, PaymentsError> {
        match (&side.path, side.payee, &side.iban) {
            (Some(path), None, None) if side.name.is_none() && side.bic.is_none() => {
                Ok(Paid { path: path.clone(), payee: None, is_new: false, outside: None })
            }
            (None, Some(id), None) if side.name.is_none() && side.bic.is_none() => self.paid_payee(ctx, id).await,
            (None, None, Some(iban)) => self.paid_outside(iban, side),
            _ => Err(field("to", "the path of an account, a payee, or an IBAN with a name").into()),
        }
    }

    fn paid_outside(&self, iban: &str, side: &Side) -> Result<Paid, PaymentsError> {
        let iban = check_digit::iban(iban).map_err(|_| field("to.iban", "an IBAN with right check digits"))?;
        if let Some(bic) = &side.bic {
            check_digit::bic(bic).map_err(|_| field("to.bic", "a BIC of 8 or 11 characters"))?;
        }
        let name = side.name.as_deref().map(str::trim).unwrap_or_default();
        let fits = (1..=limits::NAME_CHARS_MAX).contains(&name.chars().count());
        if !fits || name.chars().any(char::is_control) {
            return Err(field("to.name", "1 to 70 characters, none of them a control character").into());
        }
        let path = books::accounts::clearing(Rail::Sepa).ok_or(Failure::Internal)?;
        let creditor = Creditor { name: name.to_owned(), iban, bic: side.bic.clone() };
        Ok(Paid { path, payee: None, is_new: false, outside: Some(creditor) })
    }

    /// The rail is on, carries the currency, and has its accounts.
    pub(crate) async fn prepare_rail(&self, ctx: &Ctx, paid: &Paid, amount: Money) -> Result<(), PaymentsError> {
        if paid.outside.is_none() {
            return Ok(());
        }
        if self.bank.is_none() {
            return Err(Refusal::RailOff.into());
        }
        if amount.currency().code() != "EUR" {
            return Err(field("amount", "an amount in EUR, for an IBAN").into());
        }
        if !self.has_rail_accounts.load(Ordering::Acquire) {
            self.books.open_rail(&self.own(ctx).await?, Rail::Sepa, amount.currency()).await?;
            self.has_rail_accounts.store(true, Ordering::Release);
        }
        Ok(())
    }

    pub(crate) async fn decide_payment(&self, ctx: &Ctx, command: DecidePayment) -> Result<Payment, PaymentsError> {
        self.may(ctx, "approve", command.payment).await?;
        access::check_fresh(ctx, self.clock.now(), limits::PROOF_SECONDS)?;
        let DecidePayment { payment, verdict, reason } = command.clone();
        short(reason.as_deref(), "reason")?;
        let named = self.named(ctx, "decide", &command)?;
        let by = ctx.principal.subject.to_string();
        let due_at = self.due_after(ctx);
        let decision = Decision { id: payment, named, by, verdict, reason, due_at };
        let outcome = self.submit(ctx, Command::Decide(Box::new(decision))).await?;
        self.carried_out(ctx, outcome).await
    }

    pub(crate) async fn cancel_payment(&self, ctx: &Ctx, command: CancelPayment) -> Result<Payment, PaymentsError> {
        self.may(ctx, "cancel", command.payment).await?;
        let CancelPayment { payment, reason } = command.clone();
        short(reason.as_deref(), "reason")?;
        let (named, by) = (self.named(ctx, "cancel", &command)?, ctx.principal.subject.to_string());
        let due_at = self.due_after(ctx);
        let cancel = Command::Cancel { id: payment, named, by, reason, due_at };
        let Outcome { record, replayed } = self.submit(ctx, cancel).await?;
        Ok(self.carry_out(ctx, record).await?.shown(replayed))
    }

    pub(crate) async fn submit(&self, ctx: &Ctx, command: Command) -> Result<Outcome, PaymentsError> {
        self.lane.submit(command, ctx.deadline).await?.map_err(PaymentsError::from)
    }
}

fn field(name: &str, expected: &str) -> Refusal {
    Refusal::FieldInvalid { field: name.to_owned(), expected: expected.to_owned() }
}

/// A text for people, without control characters.
pub(crate) fn short(text: Option<&str>, name: &str) -> Result<(), Refusal> {
    let Some(text) = text else { return Ok(()) };
    let fits = (1..=limits::TEXT_CHARS_MAX).contains(&text.chars().count());
    if fits && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(field(name, "1 to 140 characters, none of them a control character"))
}

pub(crate) fn has_form(command: &CreatePayment) -> Result<(), Refusal> {
    short(command.text.as_deref(), "text")?;
    if command.amount.minor() <= 0 {
        return Err(Refusal::AmountInvalid { found: command.amount.amount() });
    }
    Ok(())
}
