//! How a room acts as itself: towards rooms of its own process as a principal of kind `service`, towards other
//! processes with a token of its own client.
//!
//! The secret of such a client is derived from the deployment's, so that every process can compute it and it never has
//! to be typed. A token lives for five minutes and is renewed at half of its life; when identity is away, the one there
//! is serves until its end.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use access::Gate;
use async_trait::async_trait;
use kernel::{Clock, Monotonic, Principal, Secret};
use platform::frame::ActsAs;
use platform::room::Room;
use platform::rpc::Credential;

/// Between two attempts to renew a token that is still valid.
const AGAIN_MS: u64 = 1_000;

/// Asks identity for a token of a client; also returns how many seconds it lives.
pub(crate) type Issue = Arc<dyn Fn(String, Secret) -> Issuing + Send + Sync>;
pub(crate) type Issuing = Pin<Box<dyn Future<Output = Result<(Secret, u64), String>> + Send>>;

/// One room.
pub(super) struct Own {
    id: String,
    gate: Gate,
    clock: Arc<dyn Clock>,
    /// Nothing where all rooms are in this process.
    token: Option<OwnToken>,
}

struct OwnToken {
    secret: Secret,
    /// Known once identity's face is.
    issue: Arc<OnceLock<Issue>>,
    held: tokio::sync::Mutex<Option<Held>>,
}

struct Held {
    token: Secret,
    renew_at: Monotonic,
    ends_at: Monotonic,
}

/// The id of a room's own client, and its name in logs.
pub(super) fn id_of(room: &str) -> String {
    format!("florin-{room}")
}

impl Own {
    pub(super) fn new(
        room: &Room,
        gate: Gate,
        clock: Arc<dyn Clock>,
        credential: Option<&Credential>,
        issue: Arc<OnceLock<Issue>>,
    ) -> Own {
        let id = id_of(room.name);
        let token = credential.map(|credential| OwnToken {
            secret: credential.derived(&id),
            issue,
            held: tokio::sync::Mutex::default(),
        });
        Own { id, gate, clock, token }
    }

    async fn token(&self, own: &OwnToken) -> Result<Secret, String> {
        let now = self.clock.monotonic();
        let mut held = own.held.lock().await;
        if let Some(held) = held.as_ref().filter(|held| now < held.renew_at) {
            return Ok(held.token.clone());
        }
        let issue = own.issue.get().ok_or("identity is not known yet")?;
        match issue(self.id.clone(), own.secret.clone()).await {
            Ok((token, seconds)) => {
                let now = self.clock.monotonic();
                let (renew_at, ends_at) = (now.plus_millis(seconds * 500), now.plus_millis(seconds * 1_000));
                *held = Some(Held { token: token.clone(), renew_at, ends_at });
                Ok(token)
            }
            Err(why) => match held.as_mut().filter(|held| now < held.ends_at) {
                Some(held) => {
                    tracing::warn!(client = self.id, why, "an own token was not renewed; the old one is still valid");
                    held.renew_at = now.plus_millis(AGAIN_MS);
                    Ok(held.token.clone())
                }
                None => Err(why),
            },
        }
    }
}

#[async_trait]
impl ActsAs for Own {
    async fn principal(&self) -> Result<Principal, String> {
        let Some(own) = &self.token else { return self.gate.service(&self.id).map_err(|refusal| refusal.to_string()) };
        let token = self.token(own).await?;
        match self.gate.verify(token.expose()) {
            Ok(principal) => Ok(principal),
            Err(refusal) if refusal.is_of_the_moment() => Err(refusal.to_string()),
            // It was revoked, or signed by a key that is gone: the next call gets another one.
            Err(refusal) => {
                *own.held.lock().await = None;
                Err(refusal.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use access::{GateSettings, Vocabulary};
    use testkit::FakeClock;

    use super::*;

    /// Gives numbered tokens of five minutes, or nothing.
    fn identity(asked: &Arc<AtomicUsize>, away: &Arc<std::sync::atomic::AtomicBool>) -> Arc<OnceLock<Issue>> {
        let (asked, away) = (Arc::clone(asked), Arc::clone(away));
        let issue: Issue = Arc::new(move |id, secret| {
            assert!(id == "florin-cards" && secret.expose().len() >= 32);
            let (number, away) = (asked.fetch_add(1, Ordering::SeqCst), away.load(Ordering::SeqCst));
            Box::pin(async move {
                if away { Err("away".to_owned()) } else { Ok((Secret::new(format!("token-{number}")), 300)) }
            })
        });
        Arc::new(OnceLock::from(issue))
    }

    #[tokio::test]
    async fn a_token_is_renewed_at_half_its_life_and_kept_while_identity_is_away() {
        let (asked, away) = (Arc::new(AtomicUsize::new(0)), Arc::default());
        let clock = FakeClock::default();
        let gate = Gate::new(Arc::new(clock.clone()), GateSettings::default(), Vocabulary::of(&[]).unwrap());
        let credential = Credential::random();
        let own =
            Own::new(&Room::named("cards"), gate, Arc::new(clock.clone()), Some(&credential), identity(&asked, &away));
        let token = async || own.token(own.token.as_ref().unwrap()).await.map(|token| token.expose().to_owned());
        assert_eq!((token().await, token().await), (Ok("token-0".to_owned()), Ok("token-0".to_owned())));
        clock.advance_millis(150_000);
        assert_eq!(token().await, Ok("token-1".to_owned()));
        away.store(true, Ordering::SeqCst);
        clock.advance_millis(299_000);
        assert_eq!(token().await, Ok("token-1".to_owned()), "still valid");
        let tries = asked.load(Ordering::SeqCst);
        assert_eq!(
            (token().await, asked.load(Ordering::SeqCst)),
            (Ok("token-1".to_owned()), tries),
            "not at once again"
        );
        clock.advance_millis(1_000);
        assert_eq!(token().await, Err("away".to_owned()));
        away.store(false, Ordering::SeqCst);
        assert_eq!(token().await, Ok(format!("token-{}", tries + 1)));
    }

    #[test]
    fn each_room_has_its_own_secret() {
        let credential = Credential::random();
        assert_eq!(credential.derived("florin-cards").expose(), credential.derived("florin-cards").expose());
        assert_ne!(credential.derived("florin-cards").expose(), credential.derived("florin-ledger").expose());
    }
}
