//! How a room acts as itself: a principal of kind `service`, and for calls to other processes a token of its own client
//! that is valid at the called room only.
//!
//! The secret of such a client is derived from the deployment's, so that every process can compute it and it never has
//! to be typed. A token lives for five minutes and is renewed at half of its life; when identity is away, the one there
//! is serves until its end.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use access::Gate;
use async_trait::async_trait;
use kernel::{Clock, Monotonic, Principal, Secret};
use platform::frame::ActsAs;
use platform::room::Room;
use platform::rpc::{Credential, OwnTokens};

/// Between two attempts to renew a token that is still valid.
const AGAIN_MS: u64 = 1_000;

/// Asks identity for a token of a client for calls to a room; also returns how many seconds it lives.
pub(crate) type Issue = Arc<dyn Fn(String, Secret, String) -> Issuing + Send + Sync>;
pub(crate) type Issuing = Pin<Box<dyn Future<Output = Result<(Secret, u64), String>> + Send>>;

/// One room, under the terms of the moment.
pub(super) struct Own {
    id: String,
    gate: Gate,
}

impl Own {
    pub(super) fn new(room: &Room, gate: Gate) -> Own {
        Own { id: id_of(room.name), gate }
    }
}

#[async_trait]
impl ActsAs for Own {
    async fn principal(&self) -> Result<Principal, String> {
        self.gate.service(&self.id).map_err(|refusal| refusal.to_string())
    }
}

/// The id of a room's own client, and its name in logs.
pub(super) fn id_of(room: &str) -> String {
    format!("florin-{room}")
}

/// The tokens of the rooms that run here, one for each room that they call.
pub(super) struct Tokens {
    /// Ids and secrets.
    clients: HashMap<String, Secret>,
    gate: Gate,
    clock: Arc<dyn Clock>,
    /// Known once identity's face is.
    issue: Arc<OnceLock<Issue>>,
    held: Mutex<HashMap<(String, String), Arc<Place>>>,
}

/// For a client's token at one room. One caller asks for it, the others wait.
type Place = tokio::sync::Mutex<Option<Held>>;

struct Held {
    token: Secret,
    renew_at: Monotonic,
    ends_at: Monotonic,
}

impl Tokens {
    pub(super) fn new(
        rooms: impl Iterator<Item = &'static str>,
        credential: &Credential,
        gate: Gate,
        clock: Arc<dyn Clock>,
        issue: Arc<OnceLock<Issue>>,
    ) -> Tokens {
        let client = |room: &str| {
            let id = id_of(room);
            (id.clone(), credential.derived(&id))
        };
        Tokens { clients: rooms.map(client).collect(), gate, clock, issue, held: Mutex::default() }
    }

    async fn held(&self, client: &str, secret: &Secret, room: &str) -> Result<Secret, String> {
        let place = self.place(client, room);
        let mut held = place.lock().await;
        let now = self.clock.monotonic();
        // It may have been revoked, or be signed by a key that is gone.
        let is_refused = |token: &Secret| {
            self.gate.verify_at(token.expose(), room).is_err_and(|refusal| !refusal.is_of_the_moment())
        };
        if held.as_ref().is_some_and(|held| is_refused(&held.token)) {
            *held = None;
        }
        if let Some(held) = held.as_ref().filter(|held| now < held.renew_at) {
            return Ok(held.token.clone());
        }
        let issue = self.issue.get().ok_or("identity is not known yet")?;
        match issue(client.to_owned(), secret.clone(), room.to_owned()).await {
            Ok((token, seconds)) => {
                let now = self.clock.monotonic();
                let (renew_at, ends_at) = (now.plus_millis(seconds * 500), now.plus_millis(seconds * 1_000));
                *held = Some(Held { token: token.clone(), renew_at, ends_at });
                Ok(token)
            }
            Err(why) => match held.as_mut().filter(|held| now < held.ends_at) {
                Some(held) => {
                    tracing::warn!(client, room, why, "an own token was not renewed; the old one is still valid");
                    held.renew_at = now.plus_millis(AGAIN_MS);
                    Ok(held.token.clone())
                }
                None => Err(why),
            },
        }
    }

    fn place(&self, client: &str, room: &str) -> Arc<Place> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(held.entry((client.to_owned(), room.to_owned())).or_default())
    }
}

#[async_trait]
impl OwnTokens for Tokens {
    async fn token(&self, client: &str, room: &str) -> Option<Result<Secret, String>> {
        let secret = self.clients.get(client)?;
        Some(self.held(client, secret, room).await)
    }
}

#[cfg(test)]
mod tests;
