//! The story of a payment: who pays whom, a row with the limits reserved, the ledger's transaction, and the row again.

use jiff::civil::Date;
use kernel::{Ctx, Money};
use ledger_api::AccountPath;
use platform::access::{self, Denied};
use platform::error::Failure;

use crate::face::{
    CancelPayment, CreatePayment, DecidePayment, PayeeId, Payment, PaymentState, PaymentsError, Refusal, Side,
    StandingId, limits,
};
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
        if record.state != PaymentState::Processing {
            return Ok(record.shown(replayed));
        }
        Ok(self.carry_out(ctx, record).await?.shown(replayed))
    }

    /// Books it, and records what came of that. Without an answer of the ledger it stays as it is, for the sweeper.
    pub(crate) async fn carry_out(&self, ctx: &Ctx, record: Record) -> Result<Record, PaymentsError> {
        let own = self.own(ctx).await?;
        match self.books.book(&own, &record, false).await {
            Ok(booked) => Ok(self.submit(ctx, Command::Conclude { id: record.id, booked }).await?.record),
            Err(failure) => {
                tracing::warn!(code = failure.code(), payment = %record.id, "the ledger did not answer; it is tried again");
                Ok(record)
            }
        }
    }

    /// What would happen.
    async fn rehearse(&self, ctx: &Ctx, outcome: Outcome) -> Result<Payment, PaymentsError> {
        let mut payment = outcome.record.shown(outcome.replayed);
        payment.dry_run = true;
        if payment.state == PaymentState::Processing {
            let own = self.own(ctx).await?;
            match self.books.book(&own, &outcome.record, true).await? {
                books::Booked::Done => payment.state = PaymentState::Settled,
                books::Booked::Refused(reason) => {
                    (payment.state, payment.reason) = (PaymentState::Rejected, Some(reason));
                }
            }
        }
        Ok(payment)
    }

    /// The account that pays, if the caller may let it pay.
    pub(crate) async fn payer(
        &self,
        ctx: &Ctx,
        side: &Side,
        amount: Money,
        (resource, action): (&str, &str),
    ) -> Result<Payer, PaymentsError> {
        let Some(path) = side.path.clone().filter(|_| side.payee.is_none()) else {
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
        if account.currency != amount.currency() {
            let (account, payment) = (account.currency.to_string(), amount.currency().to_string());
            return Err(Refusal::CurrencyMismatch { account, payment }.into());
        }
        Ok(Payer { path, owner })
    }

    /// The account that is paid. Anybody can be paid; whether the account exists, the ledger says.
    pub(crate) async fn paid(&self, ctx: &Ctx, side: &Side) -> Result<Paid, PaymentsError> {
        match (&side.path, side.payee) {
            (Some(path), None) => Ok(Paid { path: path.clone(), payee: None, is_new: false }),
            (None, Some(id)) => self.paid_payee(ctx, id).await,
            _ => Err(field("to", "the path of an account or a payee").into()),
        }
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
        let Outcome { record, replayed } = self.submit(ctx, Command::Cancel { id: payment, named, by, reason }).await?;
        Ok(record.shown(replayed))
    }

    pub(crate) async fn submit(&self, ctx: &Ctx, command: Command) -> Result<Outcome, PaymentsError> {
        self.lane.submit(command, ctx.deadline).await?.map_err(|error| match error {
            crate::work::command::No::Refused(refusal) => refusal.into(),
            crate::work::command::No::KeyTaken => Failure::IdempotencyKeyTaken.into(),
        })
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
