//! Steps of payments that the old system has: it books them, and we record what it says.

use kernel::{Currency, Money};
use platform::error::Failure;
use serde_json::{Value, json};
use vault_api::Token;

use super::old::{OldSystem, Trouble};
use crate::CardsService;
use crate::authorization::{Acceptor, AuthorizationId, Step, StepStatus, Stepped};
use crate::life::StepKind;
use crate::reason::Reason;
use crate::record::{Begun, Record};
use crate::work::command::Booked;

/// How a step ended there, the balance after it, and what the old system calls the authorization.
pub(crate) type BookedThere = (Booked, Option<Money>, Option<AuthorizationId>);

impl CardsService {
    /// `again`: it may have been booked before.
    pub(crate) async fn book_there(&self, record: &Record, begun: &Begun, again: bool) -> Result<BookedThere, Failure> {
        let booked = async {
            let old = self.old.as_ref().ok_or(Trouble::NotSent)?;
            let name = format!("{}-{}", begun.id, begun.attempt);
            match record.theirs.as_ref().and_then(|theirs| theirs.id) {
                Some(id) => on_authorization(old, id, begun, name, again).await,
                None => {
                    let card = self.named_there(record).await?.ok_or(Trouble::NotSent)?;
                    if again && let Some(found) = old.look(&name, Some(card.old_card)).await? {
                        return Ok((Booked::Done, found.balance, Some(found.id)));
                    }
                    on_card(old, card.old_token, (record, begun), name).await
                }
            }
        };
        match booked.await {
            Ok(booked) => Ok(booked),
            // The same step of it is running there.
            Err(Trouble::Refused { status: 404 | 422, .. }) => Ok((Booked::Refused(Reason::LedgerRefused), None, None)),
            Err(Trouble::Refused { code, .. }) if code == "authorization_state" => {
                Ok((Booked::Refused(Reason::LedgerRefused), None, None))
            }
            Err(trouble) => {
                tracing::warn!(%trouble, authorization = %record.id, "the old system did not book a step");
                Err(Failure::Unavailable)
            }
        }
    }
}

async fn on_authorization(
    old: &OldSystem,
    id: AuthorizationId,
    begun: &Begun,
    name: String,
    again: bool,
) -> Result<BookedThere, Trouble> {
    if again {
        let found = old.authorization(id).await?;
        let step = found.steps.iter().find(|step| step.request_id.as_ref() == Some(&name));
        if let Some(step) = step.filter(|step| step.status != StepStatus::Pending) {
            return Ok((ended(step), found.authorization.balance, Some(id)));
        }
    }
    // An expiry before its time.
    let kind = if begun.kind() == StepKind::Expiry { StepKind::Reversal } else { begun.kind() };
    let asked = begun.amounts.merchant;
    let body = json!({
        "request_id": name,
        "kind": kind,
        "amount": asked.amount(),
        "currency": asked.currency(),
        "is_final": begun.ask.is_final,
        "is_fraud": begun.is_fraud,
    });
    Ok(told(&old.step(id, &body).await?))
}

async fn on_card(
    old: &OldSystem,
    token: Token,
    (record, begun): (&Record, &Begun),
    name: String,
) -> Result<BookedThere, Trouble> {
    let kind = match begun.kind() {
        StepKind::Advice => "advice",
        StepKind::Clearing => "force_post",
        StepKind::Refund => "refund",
        _ => return Err(Trouble::Refused { status: 422, code: "authorization_unknown".to_owned() }),
    };
    let body = card_step((&name, kind), token, begun.amounts.merchant, &record.at);
    Ok(told(&old.card_step(&body).await?))
}

/// A step without an authorization.
pub(super) fn card_step((name, kind): (&str, &str), token: Token, amount: Money, at: &Acceptor) -> Value {
    let currency: Currency = amount.currency();
    let mut body = json!(at);
    if let Some(members) = body.as_object_mut() {
        let own = [
            ("request_id", json!(name)),
            ("kind", json!(kind)),
            ("token", json!(token)),
            ("amount", json!(amount.amount())),
            ("currency", json!(currency)),
        ];
        members.extend(own.map(|(field, value)| (field.to_owned(), value)));
    }
    body
}

fn told(stepped: &Stepped) -> BookedThere {
    (ended(&stepped.step), stepped.authorization.balance, Some(stepped.authorization.id))
}

fn ended(step: &Step) -> Booked {
    if step.reason.is_approval() { Booked::Done } else { Booked::Refused(step.reason) }
}
