//! Who got money, and whose account it left, by the postings of an event of the ledger.

use kernel::Money;
use platform::db::Tx;
use platform::feed::{CloudEvent, EffectError};
use serde_json::Value;

use super::Told;
use crate::contact::Personal;
use crate::keys::KeyError;
use crate::service::Inner;
use crate::store::message::Target;
use crate::store::{contact, others};
use crate::template::plain;

const NAME_CHARS_MAX: usize = 128;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    In,
    Out,
}

/// A posting, as far as it matters here.
struct Posting<'a> {
    debit: &'a str,
    credit: &'a str,
    amount: Money,
}

impl Inner {
    /// Each owner once, with the sum of their amounts. A transfer between one's own accounts is not told.
    pub(super) async fn sides(&self, tx: &Tx, event: &CloudEvent, side: Side) -> Result<Vec<Told>, EffectError> {
        let mut all: Vec<Told> = Vec::new();
        for Posting { debit, credit, amount } in postings(event)? {
            for (path, other, is_credit) in [(credit, debit, true), (debit, credit, false)] {
                let Some(owner) = others::owner(tx, path).await? else { continue };
                let is_in = is_credit != owner.grows_by_debits;
                if is_in != (side == Side::In) {
                    continue;
                }
                let opposite = others::owner(tx, other).await?.map(|owner| owner.subject);
                if opposite.as_ref() == Some(&owner.subject) {
                    continue;
                }
                if let Some(known) = all.iter_mut().find(|told| told.recipient == owner.subject) {
                    known.amount = known.amount.and_then(|sum| sum.plus(amount).ok()).or(known.amount);
                    continue;
                }
                let other = Some(self.name_of(tx, opposite.as_deref(), other).await?);
                let (target, recipient) = (Target::Subject, owner.subject);
                all.push(Told { target, recipient, amount: Some(amount), other });
            }
        }
        Ok(all)
    }

    /// The name of the other side: the person's, or the last part of the account's path.
    async fn name_of(&self, tx: &Tx, subject: Option<&str>, path: &str) -> Result<String, EffectError> {
        let contact = match subject {
            Some(subject) => contact::find(tx, subject).await?,
            None => None,
        };
        let personal = match contact {
            Some(contact) => match self.personal(&contact).await {
                Ok(personal) => personal,
                Err(KeyError::Erased(_)) => Personal::default(),
                Err(error) => return Err(platform::db::DbError::from(error).into()),
            },
            None => Personal::default(),
        };
        let name = personal.name.unwrap_or_else(|| path.rsplit(':').next().unwrap_or(path).to_owned());
        Ok(plain(&name, NAME_CHARS_MAX))
    }
}

fn postings(event: &CloudEvent) -> Result<Vec<Posting<'_>>, EffectError> {
    let refused = || EffectError::Refused("expected postings with debit, credit and amount".to_owned());
    let all = event.data.get("postings").and_then(Value::as_array).ok_or_else(refused)?;
    all.iter()
        .map(|value| {
            let text = |name: &str| value.get(name).and_then(Value::as_str);
            let (debit, credit, money) = (text("debit")?, text("credit")?, value.get("amount")?);
            let amount = Money::parse(money.get("amount")?.as_str()?, money.get("currency")?.as_str()?).ok()?;
            Some(Posting { debit, credit, amount })
        })
        .collect::<Option<Vec<_>>>()
        .ok_or_else(refused)
}
