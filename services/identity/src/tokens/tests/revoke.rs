//! Token revocation by clients.

use std::sync::Arc;

use access::RevokedWhat;
use identity_api::{
    ChangeClient, ClientAuth, ClientChange, Grant, IdentityError, Introspect, OAuthError, Origin, RevokeToken, Tokens,
};
use kernel::Secret;
use platform::error::Failure;
use testkit::for_each_way;

use super::world::*;

async fn revoke(world: &World, client: ClientAuth, token: &Secret) -> Result<(), IdentityError> {
    let command =
        RevokeToken { client, token: token.clone(), hint: Some("whatever".to_owned()), origin: Origin::default() };
    world.face.revoke(&nobody(), command).await
}

async fn is_active(world: &World, token: &Secret) -> bool {
    let command = Introspect { client: auth("reporting"), token: token.clone(), origin: Origin::default() };
    world.face.introspect(&nobody(), command).await.unwrap().active
}

#[tokio::test(flavor = "multi_thread")]
async fn revoking_a_refresh_token_ends_its_family() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let (tokens, others) = (world.tokens().await, world.tokens().await);
        revoke(&world, auth("shop"), &tokens.refresh_token.clone().unwrap()).await.unwrap();
        let jti = world.claims(&tokens.access_token).jti;
        assert_eq!(world.heard.revoked(), [RevokedWhat::Token { jti }]);
        assert!(!is_active(&world, &tokens.access_token).await);
        let refreshed = world.refresh(&tokens.refresh_token.unwrap()).await;
        assert_eq!(oauth_error(refreshed), OAuthError::InvalidGrant);
        assert!(is_active(&world, &others.access_token).await);
        world.refresh(&others.refresh_token.unwrap()).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revoking_an_access_token_ends_only_it() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let tokens = world.tokens().await;
        revoke(&world, auth("shop"), &tokens.access_token).await.unwrap();
        assert!(!is_active(&world, &tokens.access_token).await);
        world.refresh(&tokens.refresh_token.unwrap()).await.unwrap();
        let service = world.token(auth("reporting"), Grant::ClientCredentials { scope: None }).await.unwrap();
        assert!(is_active(&world, &service.access_token).await);
        revoke(&world, auth("reporting"), &service.access_token).await.unwrap();
        assert!(!is_active(&world, &service.access_token).await);
        assert_eq!(world.told("identity.token.revoked").await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_not_recorded_again() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let tokens = world.tokens().await;
        let other = world.tokens().await;
        for token in [&tokens.access_token, other.refresh_token.as_ref().unwrap()] {
            for _ in 0..4 {
                revoke(&world, auth("shop"), token).await.unwrap();
            }
        }
        assert_eq!(world.count("select count(*) from revocation").await, 2);
        assert_eq!(world.told("identity.token.revoked").await, 2);
        // Nor is one that ended with its family.
        revoke(&world, auth("shop"), &other.access_token).await.unwrap();
        assert_eq!(world.told("identity.token.revoked").await, 2);
        let thief = revoke(&world, auth("rival"), &tokens.access_token).await;
        assert_eq!(oauth_error(thief), OAuthError::InvalidGrant, "it is still another client's");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_revocations_are_recorded_once() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let tokens = world.tokens().await;
        // A single process writes one after the other.
        let processes = [Arc::clone(&world.identity), world.beside(store).await];
        let (token, origin) = (&tokens.access_token, Origin::default());
        let all = (0..8).map(async |task: usize| {
            let command =
                RevokeToken { client: auth("shop"), token: token.clone(), hint: None, origin: origin.clone() };
            // The store may ask for a retry; that is not a reply.
            while let Err(error) = processes[task % 2].revoke(&nobody(), command.clone()).await {
                assert_eq!(error, IdentityError::Failed(Failure::Unavailable));
            }
        });
        futures_util::future::join_all(all).await;
        assert_eq!(world.told("identity.token.revoked").await, 1);
    })
    .await;
}

/// Processes that learn of it later, or restart, must still be told once the clock is right again.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_jump_removes_no_revocation() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let (first, second) = (world.tokens().await, world.tokens().await);
        revoke(&world, auth("shop"), &first.access_token).await.unwrap();
        let right = kernel::Clock::now(&world.clock);
        world.clock.set(right.plus_seconds(100 * 3_600));
        let disable = async |id: &str| {
            let command = ChangeClient { id: id.to_owned(), change: ClientChange::Disable };
            world.face.change_client(&admin(&world), command).await.unwrap();
        };
        disable("rival").await;
        world.clock.set(right);
        assert!(!is_active(&world, &first.access_token).await);
        assert!(is_active(&world, &second.access_token).await);
        assert_eq!(world.count("select count(*) from revocation").await, 2);
        // Once the time has really passed, they are removed.
        world.advance(3_661);
        disable("app").await;
        assert_eq!(world.count("select count(*) from revocation").await, 2);
        assert_eq!(world.count("select count(*) from revocation where seq = 1").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_token_counts_as_revoked() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let tokens = world.tokens().await;
        for token in [Secret::new("unknown"), Secret::new(""), tokens.id_token.unwrap()] {
            revoke(&world, auth("shop"), &token).await.unwrap();
        }
        world.advance(3_600);
        revoke(&world, auth("shop"), &tokens.access_token).await.unwrap();
        assert_eq!(world.heard.revoked(), []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_can_only_revoke_its_own_tokens() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let tokens = world.tokens().await;
        let (access, refresh) = (tokens.access_token, tokens.refresh_token.unwrap());
        for token in [&access, &refresh] {
            assert_eq!(oauth_error(revoke(&world, auth("rival"), token).await), OAuthError::InvalidGrant);
            let wrong = ClientAuth { secret: None, ..auth("shop") };
            assert_eq!(oauth_error(revoke(&world, wrong, token).await), OAuthError::InvalidClient);
            assert!(is_active(&world, token).await);
        }
    })
    .await;
}
