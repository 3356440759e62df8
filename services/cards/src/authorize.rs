//! The story of an authorization: find the card, record the intent with the card's limits reserved, ask risk, hold the
//! funds, record the outcome.
//!
//! Killed between any two of these, nothing is lost and nothing happens twice: the same request continues where it
//! stopped, and after the deadline the sweeper declines what is undecided and releases a hold that may exist.

use kernel::{Ctx, IdempotencyKey, Secret};
use vault_api::{FindCard, Pan, Token};

use crate::authorization::{Acceptor, Authorization, AuthorizationTag, Authorize};
use crate::books::{Held, NotHeld};
use crate::count::timed;
use crate::life::Status;
use crate::present::Presented;
use crate::programme::is_category;
use crate::reason::Reason;
use crate::record::Record;
use crate::refusal::CardsError;
use crate::work::command::{ANY_COMMAND, Command, Conclusion, Intent, Named, Outcome};
use crate::{CardsService, Refusal, amount, count};

/// After the caller's deadline no caller waits for the decision; the sweeper leaves this much for a commit on its way.
pub(crate) const SWEEP_AFTER_US: i64 = 500_000;
const NAME_BYTES_MAX: usize = 64;
/// Digits of a number that tell its programme.
const BIN_DIGITS_MAX: usize = 9;

/// What the vault knows of the card that a request names.
pub(crate) struct CardFound {
    pub(crate) token: Option<Token>,
    pub(crate) cvv_matches: Option<bool>,
}

impl CardsService {
    pub(crate) async fn decide_on(&self, ctx: &Ctx, command: Authorize) -> Result<Authorization, CardsError> {
        let begun = self.clock.monotonic();
        check_acceptor(&command.at)?;
        check_name(&command.request_id, command.pan.as_ref())?;
        amount::has_form(&command.amount)?;
        let named = self.named(ctx, &command.request_id, "authorize", &command)?;
        // Of the same request, one at a time works on it here; the others get its answer.
        let _turn = self.turns.begin_under(ctx, Some(&command.request_id), "authorize", &()).await?;
        let found = self.named_card(ctx, command.pan.as_ref(), command.token, command.cvv.as_ref());
        let found = timed(&*self.clock, "find", found).await?;
        // The request itself is kept only for an old system that may have to answer it.
        let passed = self.old.is_some().then(|| command.clone());
        let stranger = command.pan.as_ref().filter(|_| passed.is_some() && found.token.is_none());
        let intent = Intent {
            id: self.ids.make::<AuthorizationTag>(),
            named,
            caller: ctx.principal.subject.to_string(),
            request_id: command.request_id.as_str().to_owned(),
            token: found.token,
            amount: command.amount,
            currency: command.currency,
            bin: stranger.and_then(|pan| pan.expose().get(..BIN_DIGITS_MAX)).map(str::to_owned),
            presented: Presented { expiry: command.expiry, cvv_matches: found.cvv_matches },
            at: command.at,
            partial: command.partial_approval,
            declines: None,
            due_at: self.due_after(ctx),
        };
        let intended = self.submit(ctx, Command::Intend(Box::new(intent)));
        let Outcome { record, replayed, .. } = timed(&*self.clock, "intent", intended).await?;
        let record = match (record.status, passed.filter(|_| record.theirs.is_some())) {
            (Status::Pending, Some(command)) => self.pass(ctx, record, command, replayed).await?,
            (Status::Pending, None) => self.conclude(ctx, record).await?,
            _ => record,
        };
        count::took(&*self.clock, begun);
        Ok(record.shown(replayed))
    }

    /// The request id is taken by a decline: the request itself gets it as its answer, whatever it says.
    pub(crate) async fn decline_before(&self, ctx: &Ctx, request: IdempotencyKey) -> Result<Authorization, CardsError> {
        let named = Named { key: self.key_of(&ctx.principal.subject, &request), command: ANY_COMMAND };
        let _turn = self.turns.begin_under(ctx, Some(&request), "authorize", &()).await?;
        let intent = Intent {
            id: self.ids.make::<AuthorizationTag>(),
            named,
            caller: ctx.principal.subject.to_string(),
            request_id: request.as_str().to_owned(),
            token: None,
            amount: String::new(),
            currency: None,
            bin: None,
            presented: Presented { expiry: None, cvv_matches: None },
            at: Acceptor::default(),
            partial: false,
            declines: Some(Reason::ReversedBefore),
            due_at: self.due_after(ctx),
        };
        let Outcome { record, replayed, .. } = self.submit(ctx, Command::Intend(Box::new(intent))).await?;
        Ok(record.shown(replayed))
    }

    pub(crate) async fn named_card(
        &self,
        ctx: &Ctx,
        pan: Option<&Pan>,
        token: Option<Token>,
        cvv: Option<&Secret>,
    ) -> Result<CardFound, CardsError> {
        match (pan, token) {
            (Some(pan), None) => {
                let card = FindCard { pan: pan.clone(), cvv: cvv.cloned() };
                let found = self.find(ctx, card).await?;
                let cvv_matches = found.as_ref().and_then(|found| found.cvv_matches);
                Ok(CardFound { token: found.map(|found| found.token), cvv_matches })
            }
            (None, Some(token)) => Ok(CardFound { token: Some(token), cvv_matches: None }),
            _ => Err(Refusal::CardMissing.into()),
        }
    }

    /// Risk, then the hold, then the outcome. Each of them can be repeated.
    async fn conclude(&self, ctx: &Ctx, record: Record) -> Result<Record, CardsError> {
        if record.theirs.is_some() {
            return self.record_outcome(ctx, declined(&record, Reason::LegacyAway)).await;
        }
        let own = self.own(ctx).await?;
        let approval = match timed(&*self.clock, "risk", self.ask_risk(&own, &record)).await {
            Ok(approval) => approval,
            Err(reason) => return self.record_outcome(ctx, declined(&record, reason)).await,
        };
        let conclusion = match timed(&*self.clock, "hold", self.books.hold(&own, &record)).await {
            Ok(held) => approved(&record, approval, held),
            Err(NotHeld::Refused(reason, balance)) => Conclusion { balance, ..declined(&record, reason) },
            // It may exist: the answer is a decline, so it is released.
            Err(NotHeld::Unsure) => Conclusion { clean_up: true, ..declined(&record, Reason::LedgerAway) },
        };
        self.record_outcome(ctx, conclusion).await
    }

    pub(crate) async fn record_outcome(&self, ctx: &Ctx, conclusion: Conclusion) -> Result<Record, CardsError> {
        let concluded = self.submit(ctx, Command::Conclude(conclusion));
        Ok(timed(&*self.clock, "outcome", concluded).await?.record)
    }
}

fn approved(record: &Record, approval: Reason, Held { amount, balance }: Held) -> Conclusion {
    let asked = record.amounts.map_or(0, |amounts| amounts.cardholder.minor());
    let reason = if amount < asked { Reason::ApprovedInPart } else { approval };
    Conclusion { held: Some(amount), balance, ..declined(record, reason) }
}

/// Without a hold.
pub(crate) fn declined(record: &Record, reason: Reason) -> Conclusion {
    Conclusion { id: record.id, reason, held: None, balance: None, clean_up: false, answered: None }
}

/// What serde cannot see.
pub(crate) fn check_acceptor(at: &Acceptor) -> Result<(), Refusal> {
    let invalid = |field: &str, expected: &str| {
        Err(Refusal::AcceptorInvalid { field: field.to_owned(), expected: expected.to_owned() })
    };
    let named =
        [("merchant", &at.merchant), ("terminal", &at.terminal), ("device", &at.device), ("address", &at.address)];
    for (field, value) in named {
        // The same form that risk accepts, which refuses what looks like a card number.
        if value.as_deref().is_some_and(|text| text.parse::<risk_api::EntityId>().is_err()) {
            return invalid(field, "1 to 64 letters, digits and _ - . : / + =, and no card number");
        }
    }
    if at
        .merchant_name
        .as_deref()
        .is_some_and(|name| name.is_empty() || name.len() > NAME_BYTES_MAX || has_number(name))
    {
        return invalid("merchant_name", "1 to 64 bytes without a card number");
    }
    if at.category.as_deref().is_some_and(|text| !is_category(text)) {
        return invalid("category", "four digits");
    }
    if at.country.as_deref().is_some_and(|text| text.parse::<risk_api::Country>().is_err()) {
        return invalid("country", "a country of ISO 3166 as two capital letters");
    }
    Ok(())
}

/// A request's name is stored in clear, so it is not the number of its own card.
pub(crate) fn check_name(request_id: &IdempotencyKey, pan: Option<&Pan>) -> Result<(), Refusal> {
    let digits: String = request_id.as_str().chars().filter(char::is_ascii_digit).collect();
    if !pan.is_some_and(|pan| digits.contains(pan.expose())) {
        return Ok(());
    }
    let (field, expected) = ("request_id".to_owned(), "a name without the card number".to_owned());
    Err(Refusal::AcceptorInvalid { field, expected })
}

/// Whether a text contains a card number: it would be stored in clear.
pub(crate) fn has_number(text: &str) -> bool {
    let digits: String = text.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
    digits.split(|letter: char| !letter.is_ascii_digit()).any(|run| run.parse::<Pan>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_about_the_merchant_has_its_form() {
        assert_eq!(check_acceptor(&Acceptor::default()), Ok(()));
        let some = |text: &str| Some(text.to_owned());
        for (field, at) in [
            ("merchant", Acceptor { merchant: some("a b"), ..Acceptor::default() }),
            ("terminal", Acceptor { terminal: some(""), ..Acceptor::default() }),
            ("device", Acceptor { device: some("4111-1111-1111-1111"), ..Acceptor::default() }),
            ("merchant_name", Acceptor { merchant_name: some("Shop 4111 1111 1111 1111"), ..Acceptor::default() }),
            ("category", Acceptor { category: some("59x2"), ..Acceptor::default() }),
            ("country", Acceptor { country: some("de"), ..Acceptor::default() }),
        ] {
            let refused = check_acceptor(&at);
            assert!(
                matches!(&refused, Err(Refusal::AcceptorInvalid { field: found, .. }) if found == field),
                "{field}"
            );
        }
    }
}
