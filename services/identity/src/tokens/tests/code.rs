//! A code becomes tokens once, for the client, the redirect URI and the verifier it was requested with.

use access::RevokedWhat;
use identity_api::{Authorize, ChangeClient, ClientChange, Grant, OAuthError};
use kernel::Secret;
use testkit::{for_each_engine, for_each_way};

use super::super::claims::{ID_TOKEN_TYPE, IdClaims, at_hash};
use super::world::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_code_becomes_an_access_token_a_refresh_token_and_an_id_token() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let reply = world.tokens().await;
        assert_eq!((reply.expires_in, reply.scope.as_str()), (3_600, "openid profile offline_access read:accounts"));
        let access = world.claims(&reply.access_token);
        assert_eq!(
            (access.sub.as_str(), access.client_id.as_str(), access.kind.as_str()),
            ("cust_ann", "shop", "customer")
        );
        assert_eq!((access.roles, access.epoch, access.acr.as_deref()), (vec!["customer".to_owned()], 1, Some("pwd")));
        let id: IdClaims = world.read(&reply.id_token.unwrap(), ID_TOKEN_TYPE);
        assert_eq!((id.aud.as_str(), id.sub.as_str(), id.nonce.as_deref()), ("shop", "cust_ann", Some("n-1")));
        assert_eq!((Some(id.auth_time), Some(id.sid)), (access.auth_time, access.sid));
        assert_eq!((id.amr, id.acr.as_str(), id.exp - id.iat), (vec!["pwd".to_owned()], "pwd", 3_600));
        assert_eq!(id.at_hash, at_hash(reply.access_token.expose()));
        assert_eq!(reply.refresh_token.unwrap().expose().len(), 43);
        assert_eq!(world.told("identity.token.issued").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_were_not_requested_are_not_issued() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let asked = Authorize { scope: Some("read:accounts".to_owned()), ..world.asked() };
        let code = Secret::new(query(&world.ask(asked).await.unwrap())["code"].clone());
        let reply = world.redeem(&code).await.unwrap();
        assert_eq!((reply.id_token, reply.refresh_token, reply.scope.as_str()), (None, None, "read:accounts"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_used_twice_ends_everything_issued_from_it() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let code = world.code().await;
        let first = world.redeem(&code).await.unwrap();
        assert_eq!(oauth_error(world.redeem(&code).await), OAuthError::InvalidGrant);
        let jti = world.claims(&first.access_token).jti;
        assert_eq!(world.heard.revoked(), [RevokedWhat::Token { jti }]);
        let refreshed = world.refresh(&first.refresh_token.unwrap()).await;
        assert_eq!(oauth_error(refreshed), OAuthError::InvalidGrant);
        // However often it is used: one event.
        assert_eq!(oauth_error(world.redeem(&code).await), OAuthError::InvalidGrant);
        assert_eq!(world.told("identity.code.replayed").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_clients_code_is_refused_and_stays_valid() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let code = world.code().await;
        for thief in ["rival", "app"] {
            assert_eq!(oauth_error(world.token(auth(thief), code_grant(&code)).await), OAuthError::InvalidGrant);
        }
        world.redeem(&code).await.unwrap();
        assert_eq!(oauth_error(world.token(auth("rival"), code_grant(&code)).await), OAuthError::InvalidGrant);
        assert_eq!(world.heard.revoked(), [], "another client's attempt ends nothing");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_or_missing_verifier_is_refused() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let code = world.code().await;
        let challenge = challenge(VERIFIER);
        let long = VERIFIER.repeat(3);
        let other = VERIFIER.replace('d', "e");
        for verifier in [None, Some(""), Some(other.as_str()), Some(challenge.as_str()), Some(long.as_str())] {
            let code_verifier = verifier.map(Secret::new);
            let redirect_uri = Some(BACK.to_owned());
            let grant = Grant::AuthorizationCode { code: code.clone(), redirect_uri, code_verifier };
            assert_eq!(oauth_error(world.token(auth("shop"), grant).await), OAuthError::InvalidGrant, "{verifier:?}");
        }
        world.redeem(&code).await.unwrap();
    })
    .await;
}

/// A downgrade (RFC 9700, 4.8.2) needs a code without a challenge. There is none.
#[tokio::test(flavor = "multi_thread")]
async fn no_code_exists_without_a_challenge() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let asked = Authorize { code_challenge: None, code_challenge_method: None, ..world.asked() };
        assert_eq!(query(&world.ask(asked).await.unwrap())["error"], "invalid_request");
        assert_eq!(world.count("select count(*) from authorization_code").await, 0);
        assert_eq!(oauth_error(world.redeem(&Secret::new("made up")).await), OAuthError::InvalidGrant);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_or_missing_redirect_uri_is_refused() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let code = world.code().await;
        for redirect_uri in [None, Some("https://shop.example.com/other"), Some("https://shop.example.com/back/")] {
            let redirect_uri = redirect_uri.map(str::to_owned);
            let code_verifier = Some(Secret::new(VERIFIER));
            let grant =
                Grant::AuthorizationCode { code: code.clone(), redirect_uri: redirect_uri.clone(), code_verifier };
            let outcome = world.token(auth("shop"), grant).await;
            assert_eq!(oauth_error(outcome), OAuthError::InvalidGrant, "{redirect_uri:?}");
        }
        world.redeem(&code).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_expires_after_a_minute() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let (first, second) = (world.code().await, world.code().await);
        world.clock.advance_millis(59_999);
        world.redeem(&first).await.unwrap();
        world.clock.advance_millis(1);
        assert_eq!(oauth_error(world.redeem(&second).await), OAuthError::InvalidGrant);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_ends_with_its_session_user_or_client() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        for (gone, back) in [
            ("update person set status = 'disabled'", "update person set status = 'active'"),
            ("update person set epoch = 2", "update person set epoch = 1"),
            ("update session set ended_at = 1", "update session set ended_at = null"),
            ("update client set enabled = 0", "update client set enabled = 1"),
            ("update client set epoch = 2", "update client set epoch = 1"),
        ] {
            let code = world.code().await;
            world.execute(gone, &[]).await;
            let error = oauth_error(world.redeem(&code).await);
            assert!([OAuthError::InvalidGrant, OAuthError::InvalidClient].contains(&error), "{gone}: {error:?}");
            world.execute(back, &[]).await;
            world.redeem(&code).await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clients_new_secret_ends_its_earlier_codes() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let code = world.code().await;
        let change = ChangeClient { id: "shop".to_owned(), change: ClientChange::NewSecret };
        let secret = world.face.change_client(&admin(&world), change).await.unwrap().secret;
        assert_eq!(oauth_error(world.redeem(&code).await), OAuthError::InvalidClient);
        let auth = identity_api::ClientAuth { secret, ..auth("shop") };
        assert_eq!(oauth_error(world.token(auth, code_grant(&code)).await), OAuthError::InvalidGrant);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_client_redeems_with_its_verifier_alone() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let uri = "http://127.0.0.1:51004/back";
        let (client_id, redirect_uri) = (Some("app".to_owned()), Some(uri.to_owned()));
        let asked = Authorize { client_id, redirect_uri: redirect_uri.clone(), ..world.asked() };
        let code = Secret::new(query(&world.ask(asked).await.unwrap())["code"].clone());
        let code_verifier = Some(Secret::new(VERIFIER));
        let grant = Grant::AuthorizationCode { code, redirect_uri, code_verifier };
        assert!(world.token(auth("app"), grant).await.unwrap().refresh_token.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn families_without_live_tokens_are_removed() {
    for_each_engine(async |store| {
        let world = World::new(store).await;
        world.tokens().await;
        world.advance(86_401);
        let renewed = "update session set seen_at = $1, auth_time = $1, expires_at = 9000000000000000";
        world.execute(renewed, &[platform::db::Value::Int(kernel::Clock::now(&world.clock).micros())]).await;
        world.tokens().await;
        for table in [
            "select count(*) from grant_family",
            "select count(*) from refresh_token",
            "select count(*) from family_token",
        ] {
            assert_eq!(world.count(table).await, 1, "{table}");
        }
    })
    .await;
}
