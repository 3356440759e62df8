//! Triggers: which event makes which message to whom. A row here and a template are all that a new one needs.
//!
//! A trigger runs in the transaction of the feed's cursor, and only stores a message; it is routed and sent afterwards.
//! An event that is read twice, or by two processes, is told once.

mod money;

use std::sync::Arc;

use async_trait::async_trait;
use notifications_api::Data;
use platform::db::Tx;
use platform::feed::{CloudEvent, Effect, EffectError, Event};
use serde_json::{Value, json};

use crate::decision::is_told;
use crate::keys::KeyError;
use crate::kinds::{self, Kind};
use crate::send::{Content, NewMessage, is_name};
use crate::service::Inner;
use crate::store::message::{self, Target};
use crate::store::{contact, others};

pub(crate) struct Trigger {
    event: &'static str,
    kind: &'static str,
    to: To,
    /// Only events with this value in their data.
    only: Option<(&'static str, &'static str)>,
    take: &'static [(&'static str, Take)],
}

/// Who gets the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    /// The user of identity that the event is about.
    Person,
    /// The user of identity in this field.
    PersonIn(&'static str),
    /// The owner of the account that the event is about.
    Owner,
    /// The owners of accounts that got money, or that it left, by the event's postings.
    Payees,
    Payers,
    /// The owner of the account that a hold was on.
    Held,
}

/// Where a variable's value is.
#[derive(Debug, Clone, Copy)]
enum Take {
    Time,
    Subject,
    Field(&'static str),
    Amount,
    /// The name of the other side of a payment.
    Other,
}

const AT: (&str, Take) = ("at", Take::Time);
const FACTOR: (&str, Take) = ("factor", Take::Field("/factor"));
const AMOUNT: (&str, Take) = ("amount", Take::Amount);

const fn person(event: &'static str, kind: &'static str, take: &'static [(&'static str, Take)]) -> Trigger {
    Trigger { event, kind, to: To::Person, only: None, take }
}

const fn money_in(event: &'static str) -> Trigger {
    let take = &[AMOUNT, ("from", Take::Other)];
    Trigger { event, kind: "account.money_received", to: To::Payees, only: None, take }
}

const fn money_out(event: &'static str) -> Trigger {
    Trigger { event, kind: "account.money_sent", to: To::Payers, only: None, take: &[AMOUNT, ("to", Take::Other)] }
}

static TRIGGERS: &[Trigger] = &[
    person("identity.password.changed", "security.password_changed", &[AT]),
    person("identity.password.reset", "security.password_reset", &[AT]),
    Trigger {
        only: Some(("/known_browser", "false")),
        ..person("identity.session.began", "security.new_browser", &[AT])
    },
    person("identity.factor.enrolled", "security.factor_added", &[AT, FACTOR]),
    person("identity.factor.removed", "security.factor_removed", &[AT, FACTOR]),
    Trigger { to: To::PersonIn("/user"), ..person("identity.refresh_token.reused", "security.session_stolen", &[AT]) },
    money_in("ledger.transaction.posted"),
    money_out("ledger.transaction.posted"),
    money_in("ledger.hold.posted"),
    money_out("ledger.hold.posted"),
    money_in("ledger.transaction.reversed"),
    money_out("ledger.transaction.reversed"),
    Trigger { event: "ledger.hold.expired", kind: "account.hold_expired", to: To::Held, only: None, take: &[AMOUNT] },
    Trigger {
        event: "ledger.account.frozen",
        kind: "account.frozen",
        to: To::Owner,
        only: None,
        take: &[("account", Take::Subject), AT],
    },
    Trigger {
        event: "ledger.account.unfrozen",
        kind: "account.unfrozen",
        to: To::Owner,
        only: None,
        take: &[("account", Take::Subject), AT],
    },
];

/// The events that make messages of a kind.
pub(crate) fn events_of(kind: &str) -> impl Iterator<Item = &'static str> {
    TRIGGERS.iter().filter(move |trigger| trigger.kind == kind).map(|trigger| trigger.event)
}

/// One recipient of an event, and what only concerns them.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    target: Target,
    recipient: String,
    amount: Option<kernel::Money>,
    other: Option<String>,
}

impl Told {
    fn one(target: Target, recipient: &str) -> Vec<Told> {
        let is_good = is_name(recipient);
        let told = Told { target, recipient: recipient.to_owned(), amount: None, other: None };
        if is_good { vec![told] } else { Vec::new() }
    }
}

/// What the room does with an event of another.
pub(crate) struct Triggers(pub(crate) Arc<Inner>);

#[async_trait]
impl Effect for Triggers {
    async fn happen(&self, tx: &Tx, event: &Event) -> Result<(), EffectError> {
        let event = &event.event;
        let rows = || TRIGGERS.iter().filter(|trigger| trigger.event == event.kind);
        let is_copied = matches!(
            event.kind.as_str(),
            "ledger.account.opened" | "identity.user.created" | "identity.user.contact_changed"
        );
        let is_known = is_copied || rows().next().is_some();
        if is_known && event.version() != Some(1) {
            return Err(EffectError::Refused(format!("{} has a version that is not known here", event.dataschema)));
        }
        if is_copied {
            self.0.copy(tx, event).await?;
        }
        for trigger in rows() {
            self.0.pull(tx, trigger, event).await?;
        }
        self.0.fan_out(tx, event).await
    }
}

impl Inner {
    /// Keeps what other events refer to.
    async fn copy(&self, tx: &Tx, event: &CloudEvent) -> Result<(), EffectError> {
        if event.kind != "ledger.account.opened" {
            others::refresh(tx, &event.subject, self.clock.now()).await?;
            self.work.people.notify_one();
            return Ok(());
        }
        let owner = event.data.get("owner").and_then(Value::as_str).filter(|owner| is_name(owner));
        let grows_by_debits = event.data.get("normal").and_then(Value::as_str) == Some("debit");
        if let Some(owner) = owner {
            others::put_owner(tx, &event.subject, owner, grows_by_debits).await?;
        }
        Ok(())
    }

    async fn pull(&self, tx: &Tx, trigger: &Trigger, event: &CloudEvent) -> Result<(), EffectError> {
        if trigger.only.is_some_and(|(field, value)| text_at(event, field).as_deref() != Some(value)) {
            return Ok(());
        }
        let kind = kinds::find(trigger.kind).map_err(|refusal| EffectError::Refused(refusal.to_string()))?;
        for told in self.recipients(tx, trigger.to, event).await? {
            if self.is_wanted(tx, kind, &told).await? {
                self.tell(tx, (trigger, kind), event, told).await?;
            }
        }
        Ok(())
    }

    async fn recipients(&self, tx: &Tx, to: To, event: &CloudEvent) -> Result<Vec<Told>, EffectError> {
        match to {
            To::Person => Ok(Told::one(Target::Person, &event.subject)),
            To::PersonIn(field) => Ok(Told::one(Target::Person, &text_at(event, field).unwrap_or_default())),
            To::Owner => {
                let owner = others::owner(tx, &event.subject).await?;
                Ok(owner.map_or_else(Vec::new, |owner| Told::one(Target::Subject, &owner.subject)))
            }
            To::Payees => Ok(self.sides(tx, event, money::Side::In).await?),
            To::Payers | To::Held => Ok(self.sides(tx, event, money::Side::Out).await?),
        }
    }

    /// A person may want to hear of larger amounts only.
    async fn is_wanted(&self, tx: &Tx, kind: &Kind, told: &Told) -> Result<bool, EffectError> {
        let Some(amount) = told.amount.filter(|_| kind.name != "account.hold_expired") else { return Ok(true) };
        let preferences = contact::preferences(tx, &told.recipient).await?.unwrap_or_default();
        let thresholds = preferences.thresholds;
        let least = if kind.name == "account.money_received" { thresholds.money_in } else { thresholds.money_out };
        Ok(is_told(least, amount))
    }

    async fn tell(
        &self,
        tx: &Tx,
        (trigger, kind): (&Trigger, &Kind),
        event: &CloudEvent,
        told: Told,
    ) -> Result<(), EffectError> {
        let digest = self.keys.digest(&["event", &event.source, &event.id, kind.name, &told.recipient]);
        if message::is_told(tx, &digest).await? {
            return Ok(());
        }
        let take = |(name, take): &(&str, Take)| {
            let value = match take {
                Take::Time => json!(event.time),
                Take::Subject => json!(event.subject),
                Take::Field(field) => json!(text_at(event, field)?),
                Take::Amount => json!(told.amount?),
                Take::Other => json!(told.other.clone()?),
            };
            Some(((*name).to_owned(), value))
        };
        let data: Data = trigger.take.iter().filter_map(take).collect();
        crate::template::Told(&data).check(kind).map_err(|refusal| EffectError::Refused(refusal.to_string()))?;
        if told.target == Target::Person && contact::subject_of(tx, &told.recipient).await?.is_none() {
            others::refresh(tx, &told.recipient, self.clock.now()).await?;
            self.work.people.notify_one();
        }
        let holder = if told.target == Target::Subject { Some(told.recipient.clone()) } else { None };
        let content = Content { data, address: None };
        let recipient = Some(told.recipient);
        let (target, told) = (told.target, Some(digest));
        let new = NewMessage { kind, target, recipient, holder, content, expires_at: None, told };
        match self.add_message(tx, new).await {
            Ok(_) | Err(KeyError::Erased(_)) => {}
            Err(error) => return Err(platform::db::DbError::from(error).into()),
        }
        self.work.messages.notify_one();
        Ok(())
    }
}

/// A text, number or truth value in the event's data.
fn text_at(event: &CloudEvent, pointer: &str) -> Option<String> {
    match event.data.pointer(pointer)? {
        Value::String(text) => Some(text.clone()),
        other @ (Value::Bool(_) | Value::Number(_)) => Some(other.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triggers_fill_the_variables_of_their_kinds() {
        for trigger in TRIGGERS {
            let kind = kinds::find(trigger.kind).unwrap();
            for variable in kind.variables.iter().filter(|variable| variable.default.is_none()) {
                let is_taken = trigger.take.iter().any(|(name, _)| *name == variable.name);
                assert!(is_taken, "{} lacks {} of {}", trigger.event, variable.name, kind.name);
            }
            assert_eq!(trigger.take.len(), kind.variables.len(), "{}", trigger.event);
        }
    }
}
