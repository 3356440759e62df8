//! Webhooks: endpoints of owners, and what people do with them.
//!
//! An endpoint gets only events that its owner may read: those of their accounts and of themselves. An endpoint of the
//! house gets all. URL and secrets are sealed; the secret is shown once.

mod fan;
mod pattern;
mod post;
mod signature;

pub(crate) use pattern::endpoint;

use kernel::{Ctx, Secret, Timestamp};
use notifications_api::*;
use platform::access;
use platform::crypto::Place;
use platform::db::{DbError, Tx};
use platform::feed::CloudEvent;

use crate::keys::KeyError;
use crate::service::{Inner, check, page};
use crate::store::post::{self as posts, NewPost};
use crate::store::webhook as row;

/// How long a rotated secret still signs.
const OVERLAP_S: i64 = 86_400;
/// How long a post is tried.
pub(crate) const LIFE_S: i64 = 3 * 86_400;

fn unknown(id: EndpointId) -> Refusal {
    Refusal::EndpointUnknown { id: id.to_string() }
}

impl Inner {
    pub(crate) async fn add_endpoint(
        &self,
        ctx: &Ctx,
        command: AddEndpoint,
    ) -> Result<NewEndpoint, NotificationsError> {
        let own = access::owner_term(ctx, "webhooks", "change")?;
        let owner = own.map(|own| own.to_string()).or(command.owner.clone());
        form(&command, self.settings.webhook_http)?;
        let turn = self.once.begin(ctx, "add_webhook", &command).await?;
        let tx = self.one_writer.begin().await?;
        tx.one_at_a_time().await?;
        if let Some(id) = turn.again::<EndpointId>(&tx).await? {
            let known = row::find(&tx, id).await?.ok_or_else(|| unknown(id))?;
            return Ok(NewEndpoint { endpoint: self.endpoint_shown(&known).await?, secret: None });
        }
        match self.endpoint_added(&tx, command, owner).await {
            Ok(new) => {
                turn.made(&tx, &new.endpoint.id).await?;
                tx.commit().await?;
                Ok(new)
            }
            Err(error) => Err(turn.refused(tx.tx, error).await),
        }
    }

    async fn endpoint_added(
        &self,
        tx: &Tx,
        command: AddEndpoint,
        owner: Option<String>,
    ) -> Result<NewEndpoint, NotificationsError> {
        let max = self.settings.webhooks_max;
        if row::count(tx).await? >= max {
            return Err(Refusal::TooManyEndpoints { max }.into());
        }
        let (id, secret): (EndpointId, _) = (self.ids.make(), signature::secret()?);
        let endpoint = row::Endpoint {
            seq: row::next(tx).await?,
            id,
            owner,
            url: self.sealed(id, "url", &command.url).await?,
            events: command.events,
            state: EndpointState::Enabled,
            secret: self.sealed(id, "secret", secret.expose()).await?,
            old_secret: None,
            old_until: Timestamp::EPOCH,
            failing_since: None,
            created_at: self.clock.now(),
        };
        row::add(tx, &endpoint).await?;
        Ok(NewEndpoint { endpoint: self.endpoint_shown(&endpoint).await?, secret: Some(secret) })
    }

    pub(crate) async fn endpoints(&self, ctx: &Ctx, query: EndpointQuery) -> Result<EndpointPage, NotificationsError> {
        let owner = access::owner_term(ctx, "webhooks", "read")?;
        let limit = page(query.limit)?;
        let tx = self.db.read().await?;
        let after = match query.after {
            Some(id) => row::find(&tx, id).await?.map_or(i64::MAX, |endpoint| endpoint.seq),
            None => 0,
        };
        let mut rows = row::list(&tx, owner.as_deref(), after, limit + 1).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let mut items = Vec::with_capacity(rows.len());
        for endpoint in rows {
            items.push(self.endpoint_shown(&endpoint).await?);
        }
        Ok(EndpointPage { items, more })
    }

    pub(crate) async fn change_endpoint(
        &self,
        ctx: &Ctx,
        command: ChangeEndpoint,
    ) -> Result<Endpoint, NotificationsError> {
        let operation = match command.change {
            EndpointChange::Enable => "enable_webhook",
            EndpointChange::Remove => "remove_webhook",
            EndpointChange::Test => "test_webhook",
        };
        let turn = self.once.begin(ctx, operation, &command).await?;
        let tx = self.one_writer.begin().await?;
        tx.one_at_a_time().await?;
        let endpoint = self.endpoint_reached(ctx, &tx, "change", command.id).await?;
        if turn.again::<EndpointId>(&tx).await?.is_some() {
            return Ok(self.endpoint_shown(&endpoint).await?);
        }
        let changed = self.endpoint_changed(&tx, endpoint, command.change).await?;
        turn.made(&tx, &command.id).await?;
        tx.commit().await?;
        self.work.posts.notify_one();
        Ok(self.endpoint_shown(&changed).await?)
    }

    async fn endpoint_changed(
        &self,
        tx: &Tx,
        endpoint: row::Endpoint,
        change: EndpointChange,
    ) -> Result<row::Endpoint, DbError> {
        match change {
            EndpointChange::Enable => {
                let enabled = row::Endpoint { state: EndpointState::Enabled, failing_since: None, ..endpoint };
                row::set(tx, &enabled).await?;
                Ok(enabled)
            }
            EndpointChange::Remove => {
                row::remove(tx, endpoint.seq).await?;
                Ok(endpoint)
            }
            EndpointChange::Test => {
                let (id, now): (PostId, _) = (self.ids.make(), self.clock.now());
                let (kind, data) = ("notifications.endpoint.tested", serde_json::json!({}));
                let subject = endpoint.id.to_string();
                let event = CloudEvent::new("/notifications", id.to_string(), kind, subject, now, data);
                let body = crate::store::json_text(&event)?;
                let (endpoint_seq, expires_at) = (endpoint.seq, now.plus_seconds(LIFE_S));
                let new =
                    NewPost { id, endpoint: endpoint_seq, event_key: None, kind, body: &body, at: now, expires_at };
                posts::add(tx, new).await?;
                Ok(endpoint)
            }
        }
    }

    /// A new secret; the old one still signs for a day.
    pub(crate) async fn rotate(&self, ctx: &Ctx, id: EndpointId) -> Result<NewEndpoint, NotificationsError> {
        let turn = self.once.begin(ctx, "rotate_webhook_secret", &id).await?;
        let tx = self.one_writer.begin().await?;
        tx.one_at_a_time().await?;
        let endpoint = self.endpoint_reached(ctx, &tx, "change", id).await?;
        if turn.again::<EndpointId>(&tx).await?.is_some() {
            return Ok(NewEndpoint { endpoint: self.endpoint_shown(&endpoint).await?, secret: None });
        }
        let secret = signature::secret()?;
        let rotated = row::Endpoint {
            secret: self.sealed(id, "secret", secret.expose()).await?,
            old_secret: Some(endpoint.secret.clone()),
            old_until: self.clock.now().plus_seconds(OVERLAP_S),
            ..endpoint
        };
        row::set(&tx, &rotated).await?;
        turn.made(&tx, &id).await?;
        tx.commit().await?;
        Ok(NewEndpoint { endpoint: self.endpoint_shown(&rotated).await?, secret: Some(secret) })
    }

    pub(crate) async fn replay(&self, ctx: &Ctx, command: Replay) -> Result<Replayed, NotificationsError> {
        if command.from >= command.to {
            return Err(Refusal::field_invalid("to", "expected a later time than from").into());
        }
        let turn = self.once.begin(ctx, "replay_webhook", &command).await?;
        let tx = self.one_writer.begin().await?;
        tx.one_at_a_time().await?;
        let endpoint = self.endpoint_reached(ctx, &tx, "change", command.id).await?;
        if let Some(posts) = turn.again::<u64>(&tx).await? {
            return Ok(Replayed { posts });
        }
        let now = self.clock.now();
        let range = (command.from, command.to);
        let posts = posts::replay(&tx, endpoint.seq, range, (now, now.plus_seconds(LIFE_S))).await?;
        turn.made(&tx, &posts).await?;
        tx.commit().await?;
        self.work.posts.notify_one();
        Ok(Replayed { posts })
    }

    pub(crate) async fn posts(&self, ctx: &Ctx, query: PostQuery) -> Result<PostPage, NotificationsError> {
        let limit = page(query.limit)?;
        let tx = self.db.read().await?;
        let endpoint = self.endpoint_reached(ctx, &tx, "read", query.endpoint).await?;
        let before = match query.before {
            Some(id) => posts::find(&tx, id).await?.map_or(0, |post| post.seq),
            None => i64::MAX,
        };
        let mut rows = posts::list(&tx, endpoint.seq, before, limit + 1).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        Ok(PostPage { items: rows.into_iter().map(post_shown).collect(), more })
    }

    /// Posts one event again, under its own id.
    pub(crate) async fn resend(&self, ctx: &Ctx, id: PostId) -> Result<Post, NotificationsError> {
        let unknown = || Refusal::PostUnknown { id: id.to_string() };
        let turn = self.once.begin(ctx, "resend_webhook", &id).await?;
        let tx = self.one_writer.begin().await?;
        tx.one_at_a_time().await?;
        let found = posts::find(&tx, id).await?;
        let endpoint = match &found {
            Some(post) => row::of_seq(&tx, post.endpoint).await?,
            None => None,
        };
        let owner = endpoint.as_ref().and_then(|endpoint| endpoint.owner.as_deref());
        check(ctx, ("webhooks", "change"), owner, unknown())?;
        let post = found.ok_or_else(unknown)?;
        if turn.again::<PostId>(&tx).await?.is_none() {
            let now = self.clock.now();
            posts::again(&tx, post.seq, now, now.plus_seconds(LIFE_S)).await?;
            turn.made(&tx, &id).await?;
        }
        let post = posts::find(&tx, id).await?.ok_or_else(unknown)?;
        tx.commit().await?;
        self.work.posts.notify_one();
        Ok(post_shown(post))
    }

    async fn endpoint_reached(
        &self,
        ctx: &Ctx,
        tx: &Tx,
        action: &str,
        id: EndpointId,
    ) -> Result<row::Endpoint, NotificationsError> {
        let found = row::find(tx, id).await?;
        let owner = found.as_ref().and_then(|endpoint| endpoint.owner.as_deref());
        check(ctx, ("webhooks", action), owner, unknown(id))?;
        found.ok_or_else(|| unknown(id).into())
    }

    async fn endpoint_shown(&self, endpoint: &row::Endpoint) -> Result<Endpoint, KeyError> {
        Ok(Endpoint {
            id: endpoint.id,
            url: self.unsealed(endpoint.id, "url", &endpoint.url).await?,
            events: endpoint.events.clone(),
            owner: endpoint.owner.clone(),
            state: endpoint.state,
            failing_since: endpoint.failing_since,
            created_at: endpoint.created_at,
        })
    }

    async fn sealed(&self, id: EndpointId, column: &'static str, text: &str) -> Result<Vec<u8>, KeyError> {
        self.keys.seal(None, Place::new("endpoint", column, &id.to_bytes()), text.as_bytes()).await
    }

    async fn unsealed(&self, id: EndpointId, column: &'static str, sealed: &[u8]) -> Result<String, KeyError> {
        let plain = self.keys.unseal(None, Place::new("endpoint", column, &id.to_bytes()), sealed).await?;
        Ok(String::from_utf8_lossy(&plain).into_owned())
    }

    /// The secrets that sign at the moment, the newest first.
    async fn secrets(&self, endpoint: &row::Endpoint, now: Timestamp) -> Result<Vec<Secret>, KeyError> {
        let mut secrets = vec![Secret::new(self.unsealed(endpoint.id, "secret", &endpoint.secret).await?)];
        if let Some(old) = endpoint.old_secret.as_ref().filter(|_| endpoint.old_until > now) {
            secrets.push(Secret::new(self.unsealed(endpoint.id, "secret", old).await?));
        }
        Ok(secrets)
    }
}

fn post_shown(post: posts::Post) -> Post {
    Post {
        id: post.id,
        kind: post.kind,
        state: post.state,
        attempts: u32::try_from(post.attempts).unwrap_or(u32::MAX),
        last: post.last,
        last_at: post.last_at,
        due_at: (post.state == PostState::Waiting).then_some(post.due_at),
        created_at: post.created_at,
    }
}

fn form(command: &AddEndpoint, allows_http: bool) -> Result<(), Refusal> {
    pattern::endpoint(&command.url, allows_http).map_err(|expected| Refusal::field_invalid("url", expected))?;
    let is_right = |events: &[String]| {
        (1..=pattern::PATTERNS_MAX).contains(&events.len()) && events.iter().all(|event| pattern::is_pattern(event))
    };
    if !is_right(&command.events) {
        return Err(Refusal::field_invalid(
            "events",
            "expected 1 to 32 types such as ledger.transaction.posted or ledger.*",
        ));
    }
    let is_name = |owner: &String| crate::send::is_name(owner);
    if !command.owner.as_ref().is_none_or(is_name) {
        return Err(Refusal::field_invalid("owner", "expected 1 to 128 visible ASCII characters"));
    }
    Ok(())
}
