//! A service gets a token for itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use identity_api::{ClientAuth, Grant, OAuthError};
use kernel::Secret;
use testkit::{for_each_engine, for_each_way};

use super::world::*;

fn credentials(scope: Option<&str>) -> Grant {
    Grant::ClientCredentials { scope: scope.map(str::to_owned) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_services_grant_returns_a_token_and_writes_an_event() {
    for_each_engine(async |store| {
        let world = World::new(store).await;
        let reply = world.token(auth("reporting"), credentials(Some("read:accounts"))).await.unwrap();
        assert_eq!((reply.token_type.as_str(), reply.expires_in), ("Bearer", 600));
        assert_eq!((reply.scope.as_str(), &reply.refresh_token, &reply.id_token), ("read:accounts", &None, &None));
        let claims = world.claims(&reply.access_token);
        assert_eq!((claims.sub.as_str(), claims.client_id.as_str()), ("reporting", "reporting"));
        assert_eq!((claims.iss.as_str(), claims.aud.as_str()), ("http://127.0.0.1:8080", "florin"));
        assert_eq!((claims.kind.as_str(), claims.roles), ("service", vec!["service".to_owned()]));
        assert_eq!((claims.epoch, claims.client_epoch, claims.exp - claims.iat), (1, 1, 600));
        assert_eq!((claims.sid, claims.auth_time, claims.acr), (None, None, None));
        assert_eq!(world.told("identity.token.issued").await, 1);
        let other = world.token(auth("reporting"), credentials(None)).await.unwrap();
        assert_eq!(other.scope, "read:accounts write:transactions");
        assert_ne!(world.claims(&other.access_token).jti, claims.jti);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rooms_token_names_the_room_that_it_calls() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let reply = world.token(auth("reporting"), Grant::AtRoom { room: "ledger".to_owned() }).await.unwrap();
        let claims = world.claims(&reply.access_token);
        assert_eq!((claims.sub.as_str(), claims.aud.as_str()), ("reporting", "florin/ledger"));
        let stranger = ClientAuth { secret: Some(Secret::new("guessed")), ..auth("reporting") };
        let refused = world.token(stranger, Grant::AtRoom { room: "ledger".to_owned() }).await;
        assert_eq!(oauth_error(refused), OAuthError::InvalidClient);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_failed_client_authentication_gets_one_answer() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let secret = |text: &str| Some(Secret::new(text));
        for (id, secret) in [
            (Some("reporting"), secret("0123456789abcdef0123456789abcdee")),
            (Some("reporting"), secret("")),
            (Some("reporting"), None),
            (Some("nobody"), secret(SECRET)),
            (None, secret(SECRET)),
            (None, None),
            // A public client has no secret, so a request with a secret in its name comes from somebody else.
            (Some("app"), secret(SECRET)),
        ] {
            let auth = ClientAuth { id: id.map(str::to_owned), secret, basic: false };
            let outcome = world.token(auth, credentials(None)).await;
            assert_eq!(outcome.clone().unwrap_err().to_string(), "the client could not be authenticated", "{id:?}");
            assert_eq!(oauth_error(outcome), OAuthError::InvalidClient);
        }
        assert_eq!(world.told("identity.token.issued").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_act_for_users_get_no_service_tokens() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        for id in ["shop", "app"] {
            let outcome = world.token(auth(id), credentials(None)).await;
            assert_eq!(oauth_error(outcome), OAuthError::UnauthorizedClient, "{id}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_gets_only_its_allowed_scopes() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        for scope in ["admin:users", "read:accounts write:accounts", "openid", "offline_access", "read:*", "*"] {
            let outcome = world.token(auth("reporting"), credentials(Some(scope))).await;
            assert_eq!(oauth_error(outcome), OAuthError::InvalidScope, "{scope}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unsupported_grants_are_refused() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        for grant in ["password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", ""] {
            let outcome = world.token(auth("reporting"), Grant::Other(grant.to_owned())).await;
            assert_eq!(oauth_error(outcome), OAuthError::UnsupportedGrantType, "{grant}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_grants_write_one_event_each() {
    for_each_engine(async |store| {
        let world = World::new(store).await;
        let grants = (0..40).map(|_| world.token(auth("reporting"), credentials(None)));
        let replies = futures_util::future::join_all(grants).await;
        let mut ids: Vec<String> =
            replies.into_iter().map(|reply| world.claims(&reply.unwrap().access_token).jti).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 40);
        assert_eq!(world.told("identity.token.issued").await, 40);
        // The committing caller has stopped, and starts again when there is work.
        world.token(auth("reporting"), credentials(None)).await.unwrap();
        assert_eq!(world.told("identity.token.issued").await, 41);
    })
    .await;
}

/// Counts the store accesses, each of which takes a while.
#[derive(Debug, Default)]
struct Steps(AtomicUsize);

#[async_trait::async_trait]
impl platform::db::Pace for Steps {
    async fn pause(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_grants_share_a_commit() {
    for_each_engine(async |store| {
        let world = World::new(store).await;
        let steps = Arc::new(Steps::default());
        world.identity.db.keep_pace(Arc::clone(&steps) as Arc<dyn platform::db::Pace>);
        let count = async |grants: usize| {
            let before = steps.0.load(Ordering::Relaxed);
            let grants = (0..grants).map(|_| world.token(auth("reporting"), credentials(None)));
            futures_util::future::try_join_all(grants).await.unwrap();
            steps.0.load(Ordering::Relaxed) - before
        };
        let alone = count(1).await;
        let together = count(40).await;
        // For a single grant about half of the accesses belong to its commit.
        assert!(together * 3 < 40 * alone * 2, "{together} steps of 40 grants, {alone} of one");
    })
    .await;
}
