//! The story of a step: record what it will book, book it, record how that ended. What has begun is finished by a
//! repeat of the request, or by the sweeper.

use kernel::Ctx;
use platform::access;
use platform::error::Failure;
use vault_api::{FindCard, Token};

use crate::authorization::{About, AuthorizationId, AuthorizationTag, StepTag, Stepped, TakeStep};
use crate::authorize::{check_acceptor, check_name};
use crate::record::Record;
use crate::refusal::CardsError;
use crate::work::command::{Beginning, Command, Finishing, Outcome, Target};
use crate::{CardsService, Refusal, store};

/// A step is planned again once, when its hold turns out to be gone.
const ATTEMPTS_MAX: u32 = 3;

impl CardsService {
    pub(crate) async fn step(&self, ctx: &Ctx, command: TakeStep) -> Result<Stepped, CardsError> {
        check_acceptor(&command.at)?;
        let pan = if let About::Pan(pan) = &command.about { Some(pan) } else { None };
        check_name(&command.request_id, pan)?;
        let named = self.named(ctx, &command.request_id, "step", &command)?;
        let target = self.target(ctx, &command.about).await?;
        let _turn = self.turns.begin_under(ctx, Some(&command.request_id), "step", &()).await?;
        let beginning = Beginning {
            id: self.ids.make::<StepTag>(),
            named,
            caller: ctx.principal.subject.to_string(),
            request_id: command.request_id.as_str().to_owned(),
            kind: command.kind,
            target,
            amount: command.amount,
            currency: command.currency,
            is_final: command.is_final,
            is_fraud: command.is_fraud,
            at: command.at,
            due_at: self.due_after(ctx),
        };
        let outcome = self.submit(ctx, Command::Begin(Box::new(beginning))).await?;
        let replayed = outcome.replayed;
        let Outcome { record, step, .. } = self.carry_on(ctx, outcome).await?;
        let step = step.ok_or(Failure::Internal)?.step;
        Ok(Stepped { step, authorization: record.shown(false), replayed })
    }

    /// An authorization that the caller may change, or a card.
    async fn target(&self, ctx: &Ctx, about: &About) -> Result<Target, CardsError> {
        let token = match about {
            About::Authorization(id) => {
                self.may_step(ctx, *id).await?;
                return Ok(Target::Authorization(*id));
            }
            About::Card(token) => Some(*token),
            About::Pan(pan) => {
                let found = self.find(ctx, FindCard { pan: pan.clone(), cvv: None }).await?;
                found.map(|found| found.token)
            }
        };
        access::check(ctx, "authorizations", "advance", None)?;
        let token: Token = token.ok_or_else(|| Refusal::CardUnknown { card: "with this number".to_owned() })?;
        Ok(Target::Card(token, self.ids.make::<AuthorizationTag>()))
    }

    async fn may_step(&self, ctx: &Ctx, id: AuthorizationId) -> Result<(), CardsError> {
        let record = store::record(&self.db.read().await?, id).await?;
        self.may(ctx, "advance", id, record.as_ref())
    }

    /// Foreign authorizations answer like ones that do not exist.
    pub(crate) fn may(
        &self,
        ctx: &Ctx,
        action: &str,
        id: AuthorizationId,
        record: Option<&Record>,
    ) -> Result<(), CardsError> {
        let unknown = || CardsError::from(Refusal::AuthorizationUnknown { authorization: id.to_string() });
        match access::check(ctx, "authorizations", action, record.and_then(Record::owner)) {
            Ok(()) if record.is_none() => Err(unknown()),
            Err(access::Denied::NotFound) => Err(unknown()),
            other => Ok(other?),
        }
    }

    /// Books what has begun, until the step has ended.
    pub(crate) async fn carry_on(&self, ctx: &Ctx, mut outcome: Outcome) -> Result<Outcome, CardsError> {
        let own = self.own(ctx).await?;
        for _ in 0..ATTEMPTS_MAX {
            if outcome.step.is_some() {
                return Ok(outcome);
            }
            let Outcome { record, .. } = &outcome;
            let begun = record.step.as_ref().ok_or(Failure::Internal)?;
            // What it did is not known; the same request, or the sweeper, books the same again.
            let booked = match begun.is_theirs {
                true => self.book_there(record, begun, outcome.replayed).await,
                false => self.books.book(&own, record, begun).await.map(|(booked, balance)| (booked, balance, None)),
            };
            let (booked, balance, theirs) = match booked {
                Ok(booked) => booked,
                Err(failure) => {
                    tracing::warn!(%failure, authorization = %record.id, "a step was not booked");
                    return Err(Failure::OutcomeUnknown.into());
                }
            };
            let finishing = Finishing { authorization: record.id, step: begun.id, booked, balance, theirs };
            outcome = self.submit(ctx, Command::Finish(finishing)).await?;
        }
        Err(Failure::Internal.into())
    }
}
