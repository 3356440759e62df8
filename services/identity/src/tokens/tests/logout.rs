//! A client sends the user to log out.

use access::RevokedWhat;
use identity_api::{EndSession, EndSessionReply, OAuthError};
use kernel::Secret;
use testkit::for_each_way;

use super::super::session::sid;
use super::world::*;

async fn end(world: &World, command: EndSession) -> EndSessionReply {
    world.face.end_session(&nobody(), command).await.unwrap()
}

async fn good(world: &World) -> (EndSession, identity_api::TokenReply) {
    let tokens = world.tokens().await;
    let command = EndSession {
        id_token_hint: tokens.id_token.clone(),
        client_id: Some("shop".to_owned()),
        post_logout_redirect_uri: Some(BYE.to_owned()),
        state: Some("s 1".to_owned()),
        session: Some(world.ann.cookie.clone()),
        ..EndSession::default()
    };
    (command, tokens)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_ends_the_session_and_every_token_of_it() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let (command, tokens) = good(&world).await;
        let reply = end(&world, command.clone()).await;
        assert_eq!(reply, EndSessionReply::Redirect { to: format!("{BYE}?state=s+1") });
        assert_eq!(world.heard.revoked(), [RevokedWhat::Session { session: sid(world.ann.session) }]);
        let refreshed = world.refresh(&tokens.refresh_token.unwrap()).await;
        assert_eq!(oauth_error(refreshed), OAuthError::InvalidGrant);
        let info = world.face.user_info(&nobody(), tokens.access_token).await;
        assert_eq!(oauth_error(info), OAuthError::InvalidToken);
        assert_eq!(world.told("identity.session.ended").await, 1);
        assert_eq!(world.count("select count(*) from grant_family where ended_at is null").await, 0);
        // A repeat, or another browser: it has already ended.
        let again = EndSession { session: None, post_logout_redirect_uri: None, ..command };
        assert_eq!(end(&world, again).await, EndSessionReply::Ended);
        assert_eq!(world.told("identity.session.ended").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_logout_hint_still_names_its_session() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let (command, _) = good(&world).await;
        world.advance(40_000);
        let command = EndSession { session: None, ..command };
        assert!(matches!(end(&world, command).await, EndSessionReply::Redirect { .. }));
        assert_eq!(world.told("identity.session.ended").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mismatched_logout_request_asks_the_user() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let (good, tokens) = good(&world).await;
        let elsewhere = |uri: &str| EndSession { post_logout_redirect_uri: Some(uri.to_owned()), ..good.clone() };
        for command in [
            EndSession { id_token_hint: None, ..good.clone() },
            EndSession { id_token_hint: good.id_token_hint.as_ref().map(forged), ..good.clone() },
            // An access token is not an id token.
            EndSession { id_token_hint: Some(tokens.access_token), ..good.clone() },
            EndSession { client_id: Some("rival".to_owned()), ..good.clone() },
            elsewhere("https://evil.example.com/bye"),
            elsewhere("https://shop.example.com/bye?x=1"),
            elsewhere(BACK),
        ] {
            assert_eq!(end(&world, command).await, EndSessionReply::Ask);
        }
        assert_eq!(world.told("identity.session.ended").await, 0);
        let nobody_here = EndSession { id_token_hint: None, session: None, ..good };
        assert_eq!(end(&world, nobody_here).await, EndSessionReply::Ended);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_of_another_session_or_issuer_ends_nothing() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let (good, _) = good(&world).await;
        world.execute("update session set id = $1", &[platform::db::Value::Bytes(&[9; 16])]).await;
        assert_eq!(end(&world, good.clone()).await, EndSessionReply::Ask, "the browser has another session");
        let tx = world.db.read().await.unwrap();
        let signer = world.identity.signer(&tx).await.unwrap();
        let mixed_up = serde_json::json!({
            "iss": "https://other.example.com", "sub": "cust_ann", "aud": "shop", "exp": 0, "iat": 0, "auth_time": 0,
            "acr": "pwd", "amr": ["pwd"], "at_hash": "", "sid": sid([9; 16]),
        });
        let hint = Some(Secret::new(signer.sign("JWT", &mixed_up).unwrap()));
        tx.commit().await.unwrap();
        assert_eq!(end(&world, EndSession { id_token_hint: hint, ..good }).await, EndSessionReply::Ask);
        assert_eq!(world.told("identity.session.ended").await, 0);
    })
    .await;
}
