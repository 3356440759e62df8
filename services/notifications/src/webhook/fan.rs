//! Which endpoints get an event: those whose owner may read it, and those of the house.

use std::collections::BTreeSet;

use platform::db::Tx;
use platform::feed::{CloudEvent, EffectError};
use serde_json::{Value, json};

use super::LIFE_S;
use super::pattern::fits;
use crate::service::Inner;
use crate::store::post::{self as posts, NewPost};
use crate::store::{self, contact, others, webhook as row};

/// Standard Webhooks: receivers may refuse larger ones.
const BODY_BYTES_MAX: usize = 20_000;

impl Inner {
    /// Stores a post for each endpoint; an event that was read before makes none.
    pub(crate) async fn fan_out(&self, tx: &Tx, event: &CloudEvent) -> Result<(), EffectError> {
        let mut endpoints = row::enabled(tx).await?;
        endpoints.retain(|(_, _, events)| events.iter().any(|pattern| fits(pattern, &event.kind)));
        if endpoints.is_empty() {
            return Ok(());
        }
        let owners = self.owners(tx, event).await?;
        let (key, now) = (self.keys.digest(&["post", &event.source, &event.id]), self.clock.now());
        // Ids only: a receiver asks for the rest with its own permissions.
        let told = CloudEvent { data: json!({}), ..event.clone() };
        let body = store::json_text(&told)?;
        if body.len() > BODY_BYTES_MAX {
            return Err(EffectError::Refused(format!("the event is larger than {BODY_BYTES_MAX} bytes")));
        }
        for (endpoint, owner, _) in endpoints {
            if owner.is_some_and(|owner| !owners.contains(&owner)) {
                continue;
            }
            let (id, kind, expires_at) = (self.ids.make(), event.kind.as_str(), now.plus_seconds(LIFE_S));
            let new = NewPost { id, endpoint, event_key: Some(&key), kind, body: &body, at: now, expires_at };
            posts::add(tx, new).await?;
        }
        self.work.posts.notify_one();
        Ok(())
    }

    /// Whose event it is.
    async fn owners(&self, tx: &Tx, event: &CloudEvent) -> Result<BTreeSet<String>, EffectError> {
        let mut owners = BTreeSet::new();
        if event.kind.starts_with("identity.") {
            owners.extend(contact::subject_of(tx, &event.subject).await?);
            return Ok(owners);
        }
        let postings = event.data.get("postings").and_then(Value::as_array).cloned().unwrap_or_default();
        let sides = postings.iter().flat_map(|one| ["debit", "credit"].map(|side| one.get(side)));
        let paths = sides.filter_map(|path| path.and_then(Value::as_str)).chain([event.subject.as_str()]);
        for path in paths {
            owners.extend(others::owner(tx, path).await?.map(|owner| owner.subject));
        }
        Ok(owners)
    }
}
