//! Consent.

use identity_api::{Authorize, AuthorizeReply, Consent, OAuthError};
use kernel::Secret;
use testkit::for_each_way;

use super::world::*;

fn stranger(world: &World) -> Authorize {
    Authorize { client_id: Some("stranger".to_owned()), ..world.asked() }
}

async fn question(world: &World, asked: Authorize) -> Secret {
    match world.ask(asked).await.unwrap() {
        AuthorizeReply::Ask { form_key, .. } => form_key,
        other => panic!("not asked: {other:?}"),
    }
}

async fn answer(world: &World, asked: Authorize, form_key: Secret, agreed: bool) -> AuthorizeReply {
    world.face.consent(&nobody(), Consent { asked, form_key, agreed }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_asked_once_and_again_only_for_more() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let asked = stranger(&world);
        let reply = world.ask(asked.clone()).await.unwrap();
        let AuthorizeReply::Ask { client_name, redirect_host, scopes, username, form_key } = reply else { panic!() };
        assert_eq!((client_name.as_str(), redirect_host.as_str()), ("The stranger", "shop.example.com"));
        assert_eq!((scopes.len(), username.as_str()), (4, "ann@example.com"));
        assert!(query(&answer(&world, asked.clone(), form_key, true).await).contains_key("code"));
        assert_eq!(world.told("identity.consent.given").await, 1);
        assert!(query(&world.ask(asked.clone()).await.unwrap()).contains_key("code"));
        let more = Authorize { scope: Some("openid write:transactions".to_owned()), ..asked.clone() };
        let form_key = question(&world, more.clone()).await;
        assert!(query(&answer(&world, more, form_key, true).await).contains_key("code"));
        assert_eq!(world.told("identity.consent.given").await, 2);
        assert!(query(&world.ask(asked.clone()).await.unwrap()).contains_key("code"), "earlier consent stays");
        question(&world, Authorize { prompt: Some("consent".to_owned()), ..asked }).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_consent_the_client_gets_nothing() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let asked = stranger(&world);
        let form_key = question(&world, asked.clone()).await;
        assert_eq!(query(&answer(&world, asked.clone(), form_key, false).await)["error"], "access_denied");
        let silent = Authorize { prompt: Some("none".to_owned()), ..asked };
        assert_eq!(query(&world.ask(silent).await.unwrap())["error"], "consent_required");
        assert_eq!(world.count("select count(*) from grant_family").await, 0);
        assert_eq!(world.count("select count(*) from consent").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_only_counts_from_our_page() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let asked = stranger(&world);
        let form_key = question(&world, asked.clone()).await;
        let wider = Authorize { scope: Some("openid write:transactions".to_owned()), ..asked.clone() };
        let other = Authorize {
            client_id: Some("rival".to_owned()),
            redirect_uri: Some("https://rival.example.com/back".to_owned()),
            ..asked.clone()
        };
        for (asked, form_key) in [(asked, Secret::new("guessed")), (wider, form_key.clone()), (other, form_key)] {
            let outcome = world.face.consent(&nobody(), Consent { asked, form_key, agreed: true }).await;
            assert_eq!(oauth_error(outcome), OAuthError::InvalidRequest);
        }
        assert_eq!(world.count("select count(*) from consent").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_without_a_session_leads_to_the_login() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let form_key = question(&world, stranger(&world)).await;
        let asked = Authorize { session: None, ..stranger(&world) };
        let reply = answer(&world, asked, form_key, true).await;
        assert_eq!(reply, AuthorizeReply::LogIn { again: false, second_factor: false });
    })
    .await;
}
