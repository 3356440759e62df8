//! Contacts of the demo's people, so that a first payment turns up in a mailbox.

use platform::room::OpenError;

use crate::contact::Personal;
use crate::keys::KeyError;
use crate::service::Inner;
use crate::store::contact::{self, Known};

const PEOPLE: [(&str, &str, &str); 2] =
    [("cust_ann", "Ann", "ann@example.com"), ("cust_bob", "Bob", "bob@example.com")];

pub(crate) async fn fill(inner: &Inner) -> Result<(), OpenError> {
    let tx = inner.one_writer.begin().await?;
    for (subject, name, email) in PEOPLE {
        if contact::find(&tx, subject).await?.is_some() {
            continue;
        }
        let personal = Personal { name: Some(name.to_owned()), email: Some(email.to_owned()), ..Personal::default() };
        let known = Known {
            subject: subject.to_owned(),
            person: None,
            sealed: Vec::new(),
            locale: inner.settings.locale.clone(),
            zone: inner.settings.zone.clone(),
            code: None,
            changed_at: inner.clock.now(),
        };
        match inner.keep_contact(&tx, known, personal).await {
            Ok(_) | Err(KeyError::Erased(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(tx.commit().await?)
}
