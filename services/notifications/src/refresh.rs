//! Contacts of identity's people: identity is asked for them when its events say that they are new or changed.

use identity_api::{User, UserId};
use kernel::Timestamp;
use platform::room::OpenError;

use crate::channel::mail::is_address;
use crate::contact::Personal;
use crate::event;
use crate::keys::KeyError;
use crate::send::is_number;
use crate::service::Inner;
use crate::store::contact::{self as row, Known};
use crate::store::others;
use crate::template::plain;

const AT_ONCE: usize = 100;
/// Until identity is asked again for a person whom it did not name.
const AGAIN_S: i64 = 30;
const NAME_CHARS_MAX: usize = notifications_api::limits::NAME_CHARS_MAX;

impl Inner {
    /// Asks identity for everybody who is due.
    pub(crate) async fn refresh_people(&self) -> Result<(), OpenError> {
        loop {
            let now = self.clock.now();
            let due = others::to_refresh(&self.glance().await?.tx, now, AT_ONCE).await?;
            if due.is_empty() {
                return Ok(());
            }
            for (person, at) in due {
                match self.user(&person).await {
                    Ok(Some(user)) => self.take_over(&person, at, user).await?,
                    Ok(None) => self.forget(&person, at).await?,
                    Err(error) => {
                        tracing::warn!(%error, "identity was asked for a contact and did not tell it");
                        self.later(&person, at).await?;
                    }
                }
            }
            self.work.messages.notify_one();
        }
    }

    /// Nothing if there is no such user.
    async fn user(&self, person: &str) -> Result<Option<User>, OpenError> {
        let Ok(id) = person.parse::<UserId>() else { return Ok(None) };
        match self.identity.user(&self.ask().await?, id).await {
            Ok(user) => Ok(Some(user)),
            Err(error) if error.status() == 404 => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What identity knows counts; language and zone stay.
    async fn take_over(&self, person: &str, at: Timestamp, user: User) -> Result<(), OpenError> {
        let tx = self.one_writer.begin().await?;
        tx.one_at_a_time().await?;
        let subject = user.subject.clone();
        let told = match self.replace_by(&tx, person, user).await {
            Ok(told) => told,
            Err(KeyError::Erased(_)) => false,
            Err(error) => return Err(error.into()),
        };
        others::refreshed(&tx, person, at).await?;
        let events = if told { vec![event::contact_changed(&subject)] } else { Vec::new() };
        self.commit(tx, events).await?;
        self.work.is_queued();
        Ok(())
    }

    async fn replace_by(&self, tx: &platform::db::Tx, person: &str, user: User) -> Result<bool, KeyError> {
        let found = row::find(tx, &user.subject).await?;
        let before = match &found {
            Some(found) => self.personal(found).await?,
            None => Personal::default(),
        };
        let after = Personal {
            name: user.name.map(|name| plain(&name, NAME_CHARS_MAX)).or_else(|| before.name.clone()),
            email: user.email.filter(|email| is_address(email)).or_else(|| before.email.clone()),
            phone: user.phone.filter(|phone| is_number(phone)).or_else(|| before.phone.clone()),
            new_email: before.new_email.clone(),
            new_phone: before.new_phone.clone(),
        };
        let is_known = found.as_ref().is_some_and(|found| found.person.as_deref() == Some(person));
        if is_known && after == before {
            return Ok(false);
        }
        self.tell_old(tx, &user.subject, &before, &after).await?;
        let (locale, zone, code) = match found {
            Some(found) => (found.locale, found.zone, found.code),
            None => (self.settings.locale.clone(), self.settings.zone.clone(), None),
        };
        let known = Known {
            subject: user.subject,
            person: Some(person.to_owned()),
            sealed: Vec::new(),
            locale,
            zone,
            code,
            changed_at: self.clock.now(),
        };
        self.keep_contact(tx, known, after).await?;
        Ok(true)
    }

    async fn forget(&self, person: &str, at: Timestamp) -> Result<(), OpenError> {
        let tx = self.one_writer.begin().await?;
        others::refreshed(&tx, person, at).await?;
        Ok(tx.commit().await?)
    }

    async fn later(&self, person: &str, at: Timestamp) -> Result<(), OpenError> {
        let tx = self.one_writer.begin().await?;
        others::refresh_later(&tx, person, at, self.clock.now().plus_seconds(AGAIN_S)).await?;
        Ok(tx.commit().await?)
    }
}
