//! What risk says about an authorization, and what happens without it.

use std::sync::Arc;
use std::time::Duration;

use kernel::Ctx;
use risk_api::{Assess, Assessment, Decide, Decided, Extra, Outcome, Risk, RiskError, SubjectId, SubjectKind};

use crate::CardsService;
use crate::count;
use crate::gather::{self, Gather};
use crate::reason::Reason;
use crate::record::Record;

/// Authorizations that wait at the same time are decided in one call.
pub(crate) fn gathered(risk: Arc<dyn Risk>) -> Gather<(Ctx, Assess), Result<Decided, RiskError>> {
    Gather::start("risk", move |waiting: Vec<(Ctx, Assess)>| {
        let risk = Arc::clone(&risk);
        Box::pin(async move {
            let count = waiting.len();
            let Some(ctx) = gather::longest(waiting.iter().map(|(ctx, _)| ctx)) else { return Vec::new() };
            let subjects = waiting.into_iter().map(|(_, subject)| subject).collect();
            match risk.decide(&ctx, Decide { subjects }).await {
                Ok(decided) => decided.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error); count],
            }
        })
    })
}

impl CardsService {
    /// The reason for the approval, or for the decline.
    pub(crate) async fn ask_risk(&self, ctx: &Ctx, record: &Record) -> Result<Reason, Reason> {
        let (Some(risk), Some(subject)) = (&self.risk, assess(record)) else {
            return stand_in(record, "absent");
        };
        let id = subject.id.clone();
        let patience = Duration::from_millis(self.settings.risk_ms);
        match tokio::time::timeout(patience, risk.ask((ctx.clone(), subject))).await {
            Err(_) => stand_in(record, "late"),
            Ok(None) => stand_in(record, "overloaded"),
            Ok(Some(Err(error))) => {
                tracing::warn!(code = error.code(), authorization = %record.id, "risk did not decide");
                stand_in(record, "away")
            }
            Ok(Some(Ok(Decided::Failed { error, .. }))) => {
                tracing::warn!(code = error.code(), authorization = %record.id, "risk failed to decide");
                stand_in(record, "failed")
            }
            Ok(Some(Ok(Decided::Assessed(assessed)))) if assessed.id == id => verdict(&assessed),
            // The answer to another question.
            Ok(Some(Ok(Decided::Assessed(_)))) => Err(Reason::RiskMalformed),
        }
    }
}

fn verdict(assessed: &Assessment) -> Result<Reason, Reason> {
    match assessed.outcome {
        Outcome::Approve | Outcome::Review => Ok(Reason::Approved),
        Outcome::Challenge => Err(Reason::AuthenticationNeeded),
        Outcome::Decline | Outcome::DeclineReview => Err(Reason::SuspectedFraud),
    }
}

/// The programme's own policy.
fn stand_in(record: &Record, why: &'static str) -> Result<Reason, Reason> {
    let limit = record.card.as_ref().map_or(0, |card| card.without_risk_up_to);
    let amount = record.amounts.map_or(i64::MAX, |amounts| amounts.cardholder.minor());
    let approves = amount <= limit;
    count::without_risk(why, if approves { "approved" } else { "declined" });
    if approves { Ok(Reason::ApprovedWithoutRisk) } else { Err(Reason::RiskAway) }
}

/// What is known of the authorization. No card number; names that risk would refuse are left out.
fn assess(record: &Record) -> Option<Assess> {
    let (card, amounts) = (record.card.as_ref()?, record.amounts?);
    let id: SubjectId = record.id.to_string().parse().ok()?;
    let at = &record.at;
    let name = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok());
    let mut subject = Assess::new(id, SubjectKind::CardAuthorization, record.created_at);
    subject.amount = Some(amounts.cardholder);
    subject.account = card.account.as_str().parse().ok();
    subject.card = card.token.to_string().parse().ok();
    subject.merchant = name(&at.merchant);
    subject.terminal = name(&at.terminal);
    subject.device = name(&at.device);
    subject.address = name(&at.address);
    subject.category = at.category.as_deref().and_then(|text| text.parse().ok());
    subject.country = at.country.as_deref().and_then(|text| text.parse().ok());
    subject.channel = at.channel;
    subject.extra.insert("merchant_currency".to_owned(), Extra::Word(amounts.merchant.currency().to_string()));
    Some(subject)
}
