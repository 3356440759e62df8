//! Previews: a kind as it would look, with example values.

use kernel::Ctx;
use notifications_api::{Data, NotificationsError, Preview, Previewed, Shape};
use platform::access;
use platform::error::Failure;
use serde_json::{Value, json};

use crate::kinds::{self, Variable};
use crate::service::Inner;
use crate::template::{Reader, Told};

const NAME: &str = "Ann";

impl Inner {
    pub(crate) fn preview(&self, ctx: &Ctx, command: Preview) -> Result<Previewed, NotificationsError> {
        access::owner_term(ctx, "templates", "read")?;
        let Preview { kind, locale, data: given } = command;
        let kind = kinds::find(&kind)?;
        let mut data: Data =
            kind.variables.iter().map(|variable| (variable.name.to_owned(), example(variable))).collect();
        data.extend(given);
        let told = Told(&data);
        told.check(kind)?;
        let locale = locale.as_deref().unwrap_or("en");
        let reader = Reader { name: Some(NAME), locale, zone: &self.settings.zone, unsubscribe: None };
        let rendered = self.templates.message(kind, &told, reader).map_err(|error| {
            tracing::error!(%error, "a message could not be rendered");
            NotificationsError::Failed(Failure::Internal)
        })?;
        let (locale, subject) = (rendered.locale.to_owned(), rendered.subject);
        Ok(Previewed { locale, subject, text: rendered.text, html: rendered.html, short: rendered.short })
    }
}

/// A value of the variable's form.
pub(crate) fn example(variable: &Variable) -> Value {
    match (variable.shape, variable.example.split_once(' ')) {
        (Shape::Money, Some((amount, currency))) => json!({ "amount": amount, "currency": currency }),
        _ => json!(variable.example),
    }
}
