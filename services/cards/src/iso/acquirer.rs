//! What an acquirer asks for, as use cases of cards. A reversal that comes before its original is kept, and the original is
//! declined.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, Ctx, Deadline, IdempotencyKey, Principal};
use platform::error::Failure;

use super::dialect::Dialect;
use super::exchange::{self, Asked, Original, Payment, Reversal, answer, code, was_booked};
use super::message::Message;
use crate::authorization::{About, Authorization, Authorize, FindAuthorization, Origin, TakeStep, Trace};
use crate::face::Cards;
use crate::life::{Status, StepKind};
use crate::refusal::CardsError;

const ANSWER_MS: u64 = 2_000;
/// A reversal of a payment that is being decided waits for the decision.
const DECISION_TRIES_MAX: u32 = 12;
const DECISION_PAUSE: Duration = Duration::from_millis(100);

#[derive(Clone)]
pub(super) struct Acquirer {
    pub(super) cards: Arc<dyn Cards>,
    pub(super) dialect: Arc<Dialect>,
    pub(super) clock: Arc<dyn Clock>,
    /// The acquirer of a connection.
    pub(super) principal: Principal,
}

impl Acquirer {
    pub(super) async fn answer(&self, request: &Message) -> Message {
        let asked = match exchange::asked(request, self.clock.now()) {
            Ok(asked) => asked,
            Err(unfit) => {
                tracing::info!(code = unfit.code, why = unfit.why, "a message of a card network was refused");
                return answer(request, unfit.code);
            }
        };
        match self.carry_out(request, asked).await {
            Ok(answer) => answer,
            Err(error) => answer(request, code_of(&error)),
        }
    }

    async fn carry_out(&self, request: &Message, asked: Asked) -> Result<Message, CardsError> {
        match asked {
            Asked::Network | Asked::DeclineAdvice => Ok(answer(request, code::APPROVED)),
            Asked::Authorize(payment) => Ok(exchange::decided(request, &self.authorize(request, &payment).await?)),
            Asked::Purchase(payment) => Ok(exchange::decided(request, &self.purchase(request, &payment).await?)),
            Asked::Refund(payment) => Ok(answer(request, self.step(&payment, StepKind::Refund).await?)),
            Asked::Balance(inquiry) => {
                Ok(exchange::balance(request, &self.cards.balance(&self.ctx(), *inquiry).await?))
            }
            Asked::Advice { payment, booked } => {
                let kind = if booked { StepKind::Clearing } else { StepKind::Advice };
                Ok(answer(request, self.step(&payment, kind).await?))
            }
            Asked::Reversal(reversal) => {
                self.reverse(&reversal).await?;
                Ok(answer(request, code::APPROVED))
            }
        }
    }

    async fn authorize(&self, request: &Message, payment: &Payment) -> Result<Authorization, CardsError> {
        let command = payment.authorize().ok_or(Failure::Internal)?;
        let told = self.dialect.partial_approval.and_then(|field| request.get(field));
        let partial_approval = told.is_some_and(|value| value.starts_with('1'));
        self.cards.authorize(&self.ctx(), Authorize { partial_approval, ..command }).await
    }

    /// Authorized and booked: the hold is posted at once.
    async fn purchase(&self, request: &Message, payment: &Payment) -> Result<Authorization, CardsError> {
        let decision = self.authorize(request, payment).await?;
        if decision.is_approved() {
            let about = About::Authorization(decision.id);
            let command = take(&format!("{}:book", payment.request_id), StepKind::Clearing, about)?;
            self.cards.take_step(&self.ctx(), TakeStep { is_final: true, ..command }).await?;
        }
        Ok(decision)
    }

    /// For what has been decided elsewhere; the code of the answer.
    async fn step(&self, payment: &Payment, kind: StepKind) -> Result<&'static str, CardsError> {
        let command = take(&payment.request_id, kind, About::Pan(payment.pan.clone()))?;
        let (amount, currency) = (Some(payment.amount.amount()), Some(payment.amount.currency()));
        let command = TakeStep { amount, currency, is_final: true, at: payment.at.clone(), ..command };
        Ok(self.cards.take_step(&self.ctx(), command).await?.step.reason.code())
    }

    async fn reverse(&self, reversal: &Reversal) -> Result<(), CardsError> {
        let found = match &reversal.original {
            Original::Named(name) => self.original(&name.parse().map_err(|_| Failure::Internal)?).await?,
            Original::Traced { pan, ending } => {
                let find = FindAuthorization::Trace(Trace { pan: pan.clone(), ending: ending.clone() });
                self.cards.authorization(&self.ctx(), find).await?.authorization
            }
        };
        if !found.is_approved() {
            return Ok(());
        }
        let Some(kind) = undone_by(&found) else { return Ok(()) };
        let mut command = take(&reversal.request_id, kind, About::Authorization(found.id))?;
        if let (Some(remains), Some(amounts)) = (reversal.remains, found.amounts) {
            let released = amounts.merchant.minus(remains).map_err(|_| crate::Refusal::AmountInvalid {
                expected: "an amount in the currency of the original".to_owned(),
            })?;
            (command.amount, command.currency) = (Some(released.amount()), Some(released.currency()));
        }
        match self.cards.take_step(&self.ctx(), command).await {
            // The original was reversed before.
            Err(error) if matches!(error.code(), "nothing_held" | "above_cleared" | "above_refunded") => Ok(()),
            other => other.map(drop),
        }
    }

    /// As it was decided; one that has not arrived is declined in advance.
    async fn original(&self, original: &IdempotencyKey) -> Result<Authorization, CardsError> {
        for _ in 0..DECISION_TRIES_MAX {
            let find = FindAuthorization::RequestId(original.clone());
            let found = match self.cards.authorization(&self.ctx(), find).await {
                Err(error) if error.code() == "authorization_unknown" => {
                    self.cards.forestall(&self.ctx(), original.clone()).await?
                }
                other => other?.authorization,
            };
            if found.status != Status::Pending {
                return Ok(found);
            }
            tokio::time::sleep(DECISION_PAUSE).await;
        }
        Err(Failure::DeadlineExceeded.into())
    }

    fn ctx(&self) -> Ctx {
        let deadline = Deadline::after_millis(&*self.clock, ANSWER_MS);
        Ctx { principal: self.principal.clone(), deadline, request_id: "iso8583".into(), idempotency_key: None }
    }
}

/// What was booked at once is given back; a hold is released.
fn undone_by(found: &Authorization) -> Option<StepKind> {
    let totals = found.totals?;
    match found.origin {
        Origin::Refund => Some(StepKind::RefundReversal),
        Origin::ForcePost => Some(StepKind::Refund),
        Origin::Request | Origin::Advice if totals.held.minor() > 0 => Some(StepKind::Reversal),
        Origin::Request | Origin::Advice if was_booked(&found.request_id) => Some(StepKind::Refund),
        Origin::Request | Origin::Advice => None,
    }
}

fn take(request_id: &str, kind: StepKind, about: About) -> Result<TakeStep, CardsError> {
    let request_id = request_id.parse().map_err(|_| Failure::Internal)?;
    let (amount, currency, at) = (None, None, Default::default());
    Ok(TakeStep { request_id, kind, about, amount, currency, is_final: false, is_fraud: false, at })
}

/// A refusal or a failure as field 39.
fn code_of(error: &CardsError) -> &'static str {
    match error.code() {
        "amount_invalid" | "nothing_held" | "above_cleared" => code::INVALID_AMOUNT,
        "card_unknown" => code::NO_SUCH_CARD,
        "authorization_unknown" => code::ORIGINAL_NOT_FOUND,
        "request_id_taken" => code::DUPLICATE,
        "rate_missing" | "authorization_state" => code::INVALID_TRANSACTION,
        "acceptor_invalid" => code::FORMAT_ERROR,
        "internal" => code::MALFUNCTION,
        "outcome_unknown" | "deadline_exceeded" => code::TOO_LATE,
        _ => code::ISSUER_UNAVAILABLE,
    }
}
