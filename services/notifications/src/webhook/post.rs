//! Posting: what is due is claimed in one transaction, posted, and the answers are stored in another. A post whose
//! process ended is posted again under the same id, by which receivers know it.

use futures_util::{StreamExt, stream};
use http::{HeaderName, HeaderValue};
use kernel::{Deadline, Timestamp};
use notifications_api::{Data, EndpointState, PostState};
use platform::db::{DbError, Tx};
use platform::outbound::{Answer, Call, OutboundError};
use platform::room::OpenError;
use serde_json::json;

use super::signature;
use crate::channel::provider::retry_after;
use crate::kinds;
use crate::outcome::pause;
use crate::send::{Content, NewMessage};
use crate::service::Inner;
use crate::store::message::Target;
use crate::store::post::{self as posts, Post};
use crate::store::webhook::{self as row, Endpoint};

/// Posts on their way at the same time.
const AT_ONCE: usize = 64;
const ANSWERS_MAX: usize = 32;
const DEADLINE_MS: u64 = 15_000;
/// After this long without a word, a post counts as lost. Longer than its deadline.
const CLAIM_S: i64 = 60;
/// An endpoint whose posts all fail for this long is disabled.
const FAILING_S: i64 = 3 * 86_400;
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// Retries after the pauses of other deliveries are over.
const LAST_PAUSE_S: i64 = 36_000;
const KEPT_S: i64 = 30 * 86_400;
const DISABLED: &str = "account.webhook_disabled";

/// What an endpoint's answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    Taken,
    /// With the seconds that it asks for.
    Later(Option<u32>),
    /// It does not exist any more.
    Gone,
}

pub(super) fn word(answer: &Result<Answer, OutboundError>, now: Timestamp) -> (Word, String) {
    let answer = match answer {
        Ok(answer) => answer,
        Err(OutboundError::CircuitOpen { retry_after_s }) => {
            return (Word::Later(Some(*retry_after_s)), "circuit_open".to_owned());
        }
        Err(error) => return (Word::Later(None), error.code().to_owned()),
    };
    let status = answer.status.as_u16();
    let word = match status {
        200..300 => Word::Taken,
        410 => Word::Gone,
        429 | 502 | 504 => Word::Later(retry_after(&answer.headers, now)),
        // A redirect is not followed: it could lead anywhere.
        _ => Word::Later(None),
    };
    (word, status.to_string())
}

impl Inner {
    /// Works until nothing is due.
    pub(crate) async fn post_due(&self) -> Result<(), OpenError> {
        loop {
            let claimed = self.claim_posts().await?;
            if claimed.is_empty() {
                return Ok(());
            }
            let sent =
                stream::iter(claimed).map(|(endpoint, post)| self.post(endpoint, post)).buffer_unordered(AT_ONCE);
            let mut answers = std::pin::pin!(sent.ready_chunks(ANSWERS_MAX));
            while let Some(some) = answers.next().await {
                self.settle_posts(some).await?;
            }
        }
    }

    async fn claim_posts(&self) -> Result<Vec<(Endpoint, Post)>, DbError> {
        let now = self.clock.now();
        if posts::due(&self.glance().await?.tx, now, 1).await?.is_empty() {
            return Ok(Vec::new());
        }
        let tx = self.one_writer.begin().await?;
        tx.one_at_a_time().await?;
        let mut claimed = Vec::new();
        for post in posts::due(&tx, now, AT_ONCE).await? {
            let Some(endpoint) = row::of_seq(&tx, post.endpoint).await? else { continue };
            if posts::claim(&tx, post.seq, now.plus_seconds(CLAIM_S)).await? {
                claimed.push((endpoint, Post { attempts: post.attempts + 1, ..post }));
            }
        }
        tx.commit().await?;
        Ok(claimed)
    }

    async fn post(&self, endpoint: Endpoint, post: Post) -> (Endpoint, Post, Word, String) {
        let (word, detail) = match self.call(&endpoint, &post).await {
            Ok(call) => word(&self.outbound.send("webhook", &call).await, self.clock.now()),
            Err(error) => {
                tracing::error!(%error, "a post could not be prepared");
                (Word::Later(None), "not_sent".to_owned())
            }
        };
        (endpoint, post, word, detail)
    }

    async fn call(&self, endpoint: &Endpoint, post: &Post) -> Result<Call, OpenError> {
        let now = self.clock.now();
        let url = self.unsealed(endpoint.id, "url", &endpoint.url).await?.parse()?;
        let (id, seconds) = (post.id.to_string(), signature::seconds(now));
        let secrets = self.secrets(endpoint, now).await?;
        let secrets: Vec<&str> = secrets.iter().map(kernel::Secret::expose).collect();
        let signatures = signature::signatures(&secrets, &id, seconds, &post.body).ok_or("a secret is malformed")?;
        let deadline = Deadline::after_millis(&*self.clock, DEADLINE_MS);
        let mut call = Call::post(url, post.body.clone(), deadline);
        call.body_bytes_max = Some(ANSWER_BYTES_MAX);
        for (name, value) in [
            ("content-type", "application/json".to_owned()),
            ("webhook-id", id),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-signature", signatures),
        ] {
            call.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(&value)?);
        }
        Ok(call)
    }

    async fn settle_posts(&self, answers: Vec<(Endpoint, Post, Word, String)>) -> Result<(), DbError> {
        let tx = self.one_writer.begin().await?;
        tx.one_at_a_time().await?;
        let now = self.clock.now();
        for (endpoint, post, word, last) in answers {
            let outcome = if word == Word::Taken { "taken" } else { "failed" };
            metrics::counter!("webhook_attempts_total", "outcome" => outcome).increment(1);
            let post = Post { last: Some(last), last_at: Some(now), ..post };
            // It may have been changed or removed meanwhile.
            let Some(endpoint) = row::of_seq(&tx, endpoint.seq).await? else { continue };
            let post = after(post, &word, now);
            posts::set(&tx, &post).await?;
            self.judge(&tx, endpoint, (&word, post.state), now).await?;
        }
        tx.commit().await?;
        self.work.messages.notify_one();
        Ok(())
    }

    /// Failures of days disable an endpoint, and so does an answer that it is gone. Its owner is told by another way.
    async fn judge(
        &self,
        tx: &Tx,
        endpoint: Endpoint,
        (word, state): (&Word, PostState),
        now: Timestamp,
    ) -> Result<(), DbError> {
        let failing_since = match word {
            Word::Taken => None,
            _ => Some(endpoint.failing_since.unwrap_or(now)),
        };
        // The last attempt of a post may be a pause before its end.
        let slack_s = if state == PostState::Failed { 2 * LAST_PAUSE_S } else { 0 };
        let is_over = failing_since.is_some_and(|since| since.plus_seconds(FAILING_S - slack_s) <= now);
        let disables = endpoint.state == EndpointState::Enabled && (*word == Word::Gone || is_over);
        if failing_since == endpoint.failing_since && !disables {
            return Ok(());
        }
        let state = if disables { EndpointState::Disabled } else { endpoint.state };
        let endpoint = Endpoint { state, failing_since, ..endpoint };
        row::set(tx, &endpoint).await?;
        if disables { self.tell_disabled(tx, &endpoint).await } else { Ok(()) }
    }

    async fn tell_disabled(&self, tx: &Tx, endpoint: &Endpoint) -> Result<(), DbError> {
        metrics::counter!("webhook_endpoints_disabled").increment(1);
        let kind = kinds::find(DISABLED).map_err(|refusal| DbError::shape(refusal.to_string()))?;
        let data = Data::from_iter([("endpoint".to_owned(), json!(endpoint.id.to_string()))]);
        let (target, recipient) = match &endpoint.owner {
            Some(owner) => (Target::Subject, owner.clone()),
            None => (Target::Role, "admin".to_owned()),
        };
        let holder = endpoint.owner.clone();
        let content = Content { data, address: None };
        let new =
            NewMessage { kind, target, recipient: Some(recipient), holder, content, expires_at: None, told: None };
        match self.add_message(tx, new).await {
            Ok(_) | Err(crate::keys::KeyError::Erased(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let event =
            platform::feed::NewEvent::new("notifications.endpoint.disabled", endpoint.id.to_string(), json!({}));
        self.outbox.add(tx, vec![event]).await.map(drop)
    }

    /// Posts of a process that ended wait again, and old ones go.
    pub(crate) async fn sweep_posts(&self) -> Result<(), DbError> {
        let (now, before) = (self.clock.now(), self.clock.now().plus_seconds(-KEPT_S));
        if !posts::is_left(&self.glance().await?.tx, now, before).await? {
            return Ok(());
        }
        let tx = self.one_writer.begin().await?;
        let lost = posts::lost(&tx, now).await?;
        posts::sweep(&tx, before).await?;
        tx.commit().await?;
        if lost > 0 {
            self.work.posts.notify_one();
        }
        Ok(())
    }
}

/// The post after an answer.
pub(super) fn after(post: Post, word: &Word, now: Timestamp) -> Post {
    let wait = match word {
        Word::Taken => return Post { state: PostState::Delivered, ..post },
        Word::Gone => None,
        Word::Later(asked_s) => {
            let least = now.plus_seconds(asked_s.map_or(0, i64::from));
            let due = pause(post.attempts, post.id.bits()).unwrap_or(LAST_PAUSE_S * 1_000_000);
            Some(now.plus_micros(due).max(least)).filter(|due| *due < post.expires_at)
        }
    };
    match wait {
        Some(due_at) => Post { state: PostState::Waiting, due_at, ..post },
        None => Post { state: PostState::Failed, ..post },
    }
}
