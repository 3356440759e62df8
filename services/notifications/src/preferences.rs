//! What people want to be told, and when a message would go.

use kernel::Ctx;
use notifications_api::*;

use crate::contact::unknown;
use crate::decision::{Facts, plan};
use crate::kinds;
use crate::send::is_name;
use crate::service::{Inner, check};
use crate::store::contact as row;

impl Inner {
    pub(crate) async fn preferences(&self, ctx: &Ctx, subject: String) -> Result<Preferences, NotificationsError> {
        check(ctx, ("preferences", "read"), Some(&subject), unknown(&subject))?;
        Ok(row::preferences(&self.db.read().await?, &subject).await?.unwrap_or_default())
    }

    pub(crate) async fn put_preferences(
        &self,
        ctx: &Ctx,
        command: PutPreferences,
    ) -> Result<Preferences, NotificationsError> {
        let PutPreferences { subject, preferences } = command;
        check(ctx, ("preferences", "change"), Some(&subject), unknown(&subject))?;
        form(&subject, &preferences)?;
        let tx = self.one_writer.begin().await?;
        row::put_preferences(&tx, &subject, &preferences, self.clock.now()).await?;
        tx.commit().await?;
        Ok(preferences)
    }

    pub(crate) async fn next(&self, ctx: &Ctx, query: AskNext) -> Result<Next, NotificationsError> {
        let AskNext { subject, kind, at } = query;
        check(ctx, ("preferences", "read"), Some(&subject), unknown(&subject))?;
        let kind = kinds::find(&kind)?;
        let at = at.unwrap_or_else(|| self.clock.now());
        let tx = self.db.read().await?;
        let known = self.known(&tx, &subject).await?;
        let zone = known.time_zone();
        let facts = Facts { addresses: &known.addresses, preferences: &known.preferences, zone: &zone };
        let channels = plan(kind, facts, at).into_iter().map(|(channel, fate)| NextOn {
            channel,
            goes_at: fate.goes_at(at),
            because: fate.because().to_owned(),
        });
        Ok(Next { kind: kind.name.to_owned(), at, channels: channels.collect() })
    }
}

fn form(subject: &str, preferences: &Preferences) -> Result<(), Refusal> {
    if !is_name(subject) {
        return Err(Refusal::field_invalid("subject", "expected 1 to 128 visible ASCII characters"));
    }
    let fixed = preferences.categories.keys().find(|category| category.is_mandatory());
    match fixed {
        Some(category) => {
            let name: &'static str = category.into();
            Err(Refusal::field_invalid(&format!("categories.{name}"), "these messages cannot be chosen"))
        }
        None => Ok(()),
    }
}
