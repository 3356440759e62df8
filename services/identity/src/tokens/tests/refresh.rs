//! Refresh tokens: each works once, for its client, as long as the login, and only while everything it depends on is
//! valid.

use access::RevokedWhat;
use identity_api::{Grant, OAuthError};
use testkit::for_each_way;

use super::super::claims::{ID_TOKEN_TYPE, IdClaims};
use super::world::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_becomes_the_next_one() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let first = world.tokens().await;
        world.advance(1_000);
        let second = world.refresh(&first.refresh_token.clone().unwrap()).await.unwrap();
        assert_ne!(first.refresh_token, second.refresh_token);
        let (before, now) = (world.claims(&first.access_token), world.claims(&second.access_token));
        assert_eq!((now.auth_time, now.sid, now.iat), (before.auth_time, before.sid, before.iat + 1_000));
        assert_ne!(now.jti, before.jti);
        let id: IdClaims = world.read(&second.id_token.unwrap(), ID_TOKEN_TYPE);
        assert_eq!((id.nonce, Some(id.auth_time)), (None, before.auth_time));
        world.advance(1_000);
        world.refresh(&second.refresh_token.unwrap()).await.unwrap();
        assert_eq!(world.heard.revoked(), []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_use_after_the_grace_period_ends_the_family() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let first = world.tokens().await;
        let used = first.refresh_token.clone().unwrap();
        let second = world.refresh(&used).await.unwrap();
        world.clock.advance_millis(10_001);
        assert_eq!(oauth_error(world.refresh(&used).await), OAuthError::InvalidGrant);
        assert_eq!(oauth_error(world.refresh(&second.refresh_token.clone().unwrap()).await), OAuthError::InvalidGrant);
        let revoked = world.heard.revoked();
        for token in [&first, &second] {
            assert!(revoked.contains(&RevokedWhat::Token { jti: world.claims(&token.access_token).jti }));
        }
        assert_eq!(world.told("identity.refresh_token.reused").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_is_repeated_within_the_grace_period() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let used = world.tokens().await.refresh_token.unwrap();
        let lost = world.refresh(&used).await.unwrap().refresh_token.unwrap();
        world.advance(10);
        let found = world.refresh(&used).await.unwrap().refresh_token.unwrap();
        assert_ne!(lost, found);
        world.advance(60);
        world.refresh(&found).await.unwrap();
        // The missing one is used: its holder is not the client.
        world.advance(60);
        assert_eq!(oauth_error(world.refresh(&lost).await), OAuthError::InvalidGrant);
        assert_eq!(world.told("identity.refresh_token.reused").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn using_the_successor_ends_the_grace_period() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let used = world.tokens().await.refresh_token.unwrap();
        let next = world.refresh(&used).await.unwrap().refresh_token.unwrap();
        let last = world.refresh(&next).await.unwrap().refresh_token.unwrap();
        assert_eq!(oauth_error(world.refresh(&used).await), OAuthError::InvalidGrant);
        assert_eq!(oauth_error(world.refresh(&last).await), OAuthError::InvalidGrant);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_clients_refresh_token_is_refused() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let token = world.tokens().await.refresh_token.unwrap();
        for thief in ["rival", "app"] {
            assert_eq!(oauth_error(world.token(auth(thief), refresh_grant(&token)).await), OAuthError::InvalidGrant);
        }
        world.refresh(&token).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_can_only_get_narrower() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let token = world.tokens().await.refresh_token.unwrap();
        let with = |scope: &str, token: &kernel::Secret| Grant::RefreshToken {
            refresh_token: token.clone(),
            scope: Some(scope.to_owned()),
        };
        for wider in ["write:transactions", "openid email", "admin:users"] {
            let outcome = world.token(auth("shop"), with(wider, &token)).await;
            assert_eq!(oauth_error(outcome), OAuthError::InvalidScope, "{wider}");
        }
        let narrow = world.token(auth("shop"), with("read:accounts", &token)).await.unwrap();
        assert_eq!((narrow.scope.as_str(), narrow.id_token), ("read:accounts", None));
        let whole = world.refresh(&narrow.refresh_token.unwrap()).await.unwrap();
        assert_eq!(whole.scope, "openid profile offline_access read:accounts");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_tokens_expire_a_day_after_the_login() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let mut token = world.tokens().await.refresh_token.unwrap();
        for _ in 0..4 {
            world.advance(20_000);
            token = world.refresh(&token).await.unwrap().refresh_token.unwrap();
        }
        world.advance(6_399);
        let last = world.refresh(&token).await.unwrap().refresh_token.unwrap();
        world.advance(1);
        assert_eq!(oauth_error(world.refresh(&last).await), OAuthError::InvalidGrant);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logout_new_password_or_disabling_ends_refreshing() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        for (gone, back) in [
            ("update session set ended_at = 1", "update session set ended_at = null"),
            // A new password, other roles.
            ("update person set epoch = 2", "update person set epoch = 1"),
            ("update person set status = 'disabled'", "update person set status = 'active'"),
            ("update client set enabled = 0", "update client set enabled = 1"),
            ("update client set epoch = 2", "update client set epoch = 1"),
            ("update grant_family set ended_at = 1", "update grant_family set ended_at = null"),
        ] {
            let token = world.tokens().await.refresh_token.unwrap();
            world.execute(gone, &[]).await;
            let error = oauth_error(world.refresh(&token).await);
            assert!([OAuthError::InvalidGrant, OAuthError::InvalidClient].contains(&error), "{gone}: {error:?}");
            world.execute(back, &[]).await;
            world.refresh(&token).await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_access_outlives_an_expired_session() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let token = world.tokens().await.refresh_token.unwrap();
        world.execute("update session set expires_at = 1", &[]).await;
        world.refresh(&token).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn anything_but_a_refresh_token_is_refused() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let tokens = world.tokens().await;
        for other in [tokens.access_token, tokens.id_token.unwrap(), world.code().await, kernel::Secret::new("")] {
            assert_eq!(oauth_error(world.refresh(&other).await), OAuthError::InvalidGrant);
        }
    })
    .await;
}
