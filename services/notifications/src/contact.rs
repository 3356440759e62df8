//! Contacts: where people are reached. What is personal is sealed under the person's key.
//!
//! An address that a person gives for themselves is used once they have entered the code that was sent to it; until then
//! the old one stays. A change is told to the old address first.

use kernel::Ctx;
use notifications_api::*;
use platform::access;
use platform::crypto::Place;
use platform::db::{DbError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::channel::mail::is_address;
use crate::config::known_zone;
use crate::event;
use crate::keys::{self, KeyError};
use crate::kinds::{ADDRESS_CODE, ADDRESS_CODE_S, CONTACT_CHANGED, find};
use crate::send::{Content, NewMessage, is_name, is_number};
use crate::service::{Inner, check};
use crate::store::contact::{self as row, Code, Known};
use crate::store::message::Target;
use crate::store::{self};
use crate::template::is_plain;

/// What is sealed of a contact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Personal {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phone: Option<String>,
    /// Not verified yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) new_email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) new_phone: Option<String>,
}

pub(crate) fn unknown(subject: &str) -> Refusal {
    Refusal::ContactUnknown { subject: subject.to_owned() }
}

impl Inner {
    pub(crate) async fn contact(&self, ctx: &Ctx, subject: String) -> Result<Contact, NotificationsError> {
        check(ctx, ("contacts", "read"), Some(&subject), unknown(&subject))?;
        let tx = self.db.read().await?;
        let found = row::find(&tx, &subject).await?.ok_or_else(|| unknown(&subject))?;
        Ok(shown(&found, self.personal(&found).await?))
    }

    pub(crate) async fn put_contact(&self, ctx: &Ctx, command: PutContact) -> Result<Contact, NotificationsError> {
        check(ctx, ("contacts", "change"), Some(&command.subject), unknown(&command.subject))?;
        let for_themselves = access::owner_term(ctx, "contacts", "change")?.is_some();
        form(&command)?;
        let turn = self.once.begin(ctx, "put_contact", &command).await?;
        let tx = self.one_writer.begin().await?;
        tx.one_at_a_time().await?;
        let subject = command.subject.clone();
        if turn.again::<String>(&tx).await?.is_some() {
            let found = row::find(&tx, &subject).await?.ok_or_else(|| unknown(&subject))?;
            return Ok(shown(&found, self.personal(&found).await?));
        }
        match self.replaced(&tx, command, for_themselves).await {
            Ok(contact) => {
                turn.made(&tx, &subject).await?;
                self.commit(tx, vec![event::contact_changed(&subject)]).await?;
                self.work.is_queued();
                Ok(contact)
            }
            Err(error) => Err(turn.refused(tx.tx, error).await),
        }
    }

    async fn replaced(
        &self,
        tx: &Tx,
        command: PutContact,
        for_themselves: bool,
    ) -> Result<Contact, NotificationsError> {
        let PutContact { subject, name, email, phone, locale, zone } = command;
        let found = row::find(tx, &subject).await?;
        let before = match &found {
            Some(found) => self.personal(found).await?,
            None => Personal::default(),
        };
        let mut after = Personal { name, email, phone, ..Personal::default() };
        let mut asked = None;
        if for_themselves {
            // What they give is new until it is verified.
            if after.email.is_some() && after.email != before.email {
                (after.new_email, after.email) = (after.email.take(), before.email.clone());
                asked = after.new_email.clone().map(|address| (ContactField::Email, address));
            }
            if after.phone.is_some() && after.phone != before.phone {
                (after.new_phone, after.phone) = (after.phone.take(), before.phone.clone());
                let number = after.new_phone.clone().map(|number| (ContactField::Phone, number));
                if asked.is_some() {
                    return Err(Refusal::field_invalid("phone", "change one address at a time").into());
                }
                asked = number;
            }
        }
        self.tell_old(tx, &subject, &before, &after).await?;
        let code = match asked {
            Some((field, address)) => Some(self.ask_for_code(tx, &subject, field, address).await?),
            None => None,
        };
        let known = Known {
            person: found.and_then(|found| found.person),
            sealed: Vec::new(),
            locale: locale.unwrap_or_else(|| self.settings.locale.clone()),
            zone: zone.unwrap_or_else(|| self.settings.zone.clone()),
            code,
            changed_at: self.clock.now(),
            subject,
        };
        Ok(self.keep_contact(tx, known, after).await?)
    }

    /// Sends a code to a new address, and keeps a digest of it.
    async fn ask_for_code(
        &self,
        tx: &Tx,
        subject: &str,
        field: ContactField,
        address: String,
    ) -> Result<Code, NotificationsError> {
        let code = keys::code()?;
        let target = if field == ContactField::Email { Target::Email } else { Target::Phone };
        let data = Data::from_iter([("code".to_owned(), json!(code))]);
        let sent = self.tell_address(tx, (ADDRESS_CODE, target), subject, address, data).await?;
        if sent == 0 {
            let because = "no channel to the new address is in use".to_owned();
            return Err(Refusal::RecipientUnreachable { kind: ADDRESS_CODE.to_owned(), because }.into());
        }
        let until = self.clock.now().plus_seconds(ADDRESS_CODE_S);
        Ok(Code { field, key: self.keys.digest(&["code", subject, &code]).to_vec(), until, tries: 0 })
    }

    /// Tells addresses that are no longer used.
    pub(crate) async fn tell_old(
        &self,
        tx: &Tx,
        subject: &str,
        before: &Personal,
        after: &Personal,
    ) -> Result<(), KeyError> {
        for (target, old, new) in
            [(Target::Email, &before.email, &after.email), (Target::Phone, &before.phone, &after.phone)]
        {
            let Some(old) = old.as_ref().filter(|_| old != new) else { continue };
            let data = Data::from_iter([("at".to_owned(), json!(self.clock.now()))]);
            self.tell_address(tx, (CONTACT_CHANGED, target), subject, old.clone(), data).await?;
        }
        Ok(())
    }

    /// A message to one address of a person; returns the number of deliveries.
    async fn tell_address(
        &self,
        tx: &Tx,
        (kind, target): (&'static str, Target),
        subject: &str,
        address: String,
        data: Data,
    ) -> Result<usize, KeyError> {
        let kind = find(kind).map_err(|refusal| DbError::shape(refusal.to_string()))?;
        let content = Content { data, address: Some(address) };
        let holder = Some(subject.to_owned());
        let new = NewMessage { kind, target, recipient: None, holder, content, expires_at: None, told: None };
        let message = self.add_message(tx, new).await?;
        self.route(tx, &message).await
    }

    pub(crate) async fn keep_contact(&self, tx: &Tx, known: Known, personal: Personal) -> Result<Contact, KeyError> {
        let plain = store::json_text(&personal)?;
        let place = Place::new("contact", "sealed", &known.subject);
        let sealed = self.keys.seal(Some(&known.subject), place, plain.as_bytes()).await?;
        let known = Known { sealed, ..known };
        row::put(tx, &known).await?;
        Ok(shown(&known, personal))
    }

    pub(crate) async fn personal(&self, known: &Known) -> Result<Personal, KeyError> {
        let place = Place::new("contact", "sealed", &known.subject);
        let plain = self.keys.unseal(Some(&known.subject), place, &known.sealed).await?;
        Ok(serde_json::from_slice(&plain).map_err(|error| DbError::shape(error.to_string()))?)
    }
}

pub(crate) fn shown(known: &Known, personal: Personal) -> Contact {
    let reach = |address: String| Reach { address, verified: true };
    Contact {
        subject: known.subject.clone(),
        name: personal.name,
        email: personal.email.map(reach),
        phone: personal.phone.map(reach),
        new_email: personal.new_email,
        new_phone: personal.new_phone,
        locale: known.locale.clone(),
        zone: known.zone.clone(),
        changed_at: known.changed_at,
    }
}

fn form(command: &PutContact) -> Result<(), Refusal> {
    let is_short = |name: &String| (1..=limits::NAME_CHARS_MAX).contains(&name.chars().count()) && is_plain(name);
    let is_locale = |locale: &String| {
        (2..=16).contains(&locale.len()) && locale.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_fine = |given: &Option<String>, check: &dyn Fn(&String) -> bool| given.as_ref().is_none_or(check);
    for (field, is_right, expected) in [
        ("subject", is_name(&command.subject), "expected 1 to 128 visible ASCII characters"),
        ("name", is_fine(&command.name, &is_short), "expected 1 to 128 characters, none of them a control character"),
        ("email", is_fine(&command.email, &|email| is_address(email)), "expected an e-mail address"),
        ("phone", is_fine(&command.phone, &|phone| is_number(phone)), "expected a number such as +4930123456"),
        ("locale", is_fine(&command.locale, &is_locale), "expected a language such as de-AT"),
        (
            "zone",
            is_fine(&command.zone, &|zone| known_zone(zone).is_ok()),
            "expected a time zone such as Europe/Berlin",
        ),
    ] {
        if !is_right {
            return Err(Refusal::field_invalid(field, expected));
        }
    }
    Ok(())
}
