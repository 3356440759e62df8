//! What a browser may request, and where it is sent.

use identity_api::{Authorize, AuthorizeReply, OAuthError};
use kernel::Secret;
use platform::db::Value;
use testkit::{for_each_engine, for_each_way};

use super::world::*;

type Change = fn(&mut Authorize);

/// Errors about the client or its redirect URI are shown to the user.
async fn shown(changes: &[(&str, Change, OAuthError)]) {
    for_each_way(async |store| {
        let world = World::new(store).await;
        for (name, change, error) in changes {
            let mut asked = world.asked();
            change(&mut asked);
            assert_eq!(oauth_error(world.ask(asked).await), *error, "{name}");
        }
        assert_eq!(world.count("select count(*) from authorization_code").await, 0);
    })
    .await;
}

/// All other errors go to the client, with its state and our issuer.
async fn sent_back(changes: &[(&str, Change, &str)]) {
    for_each_way(async |store| {
        let world = World::new(store).await;
        for (name, change, error) in changes {
            let mut asked = world.asked();
            change(&mut asked);
            let reply = world.ask(asked).await.unwrap();
            let AuthorizeReply::Redirect { to } = &reply else { panic!("{name}: {reply:?}") };
            assert!(to.expose().starts_with(&format!("{BACK}?")), "{name}");
            let query = query(&reply);
            assert_eq!((query["error"].as_str(), query["state"].as_str()), (*error, "xyz"), "{name}");
            assert_eq!(query["iss"], "http://127.0.0.1:8080", "{name}");
            assert!(!query.contains_key("code"), "{name}");
        }
        assert_eq!(world.count("select count(*) from authorization_code").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_valid_request_returns_code_state_and_issuer() {
    for_each_engine(async |store| {
        let world = World::new(store).await;
        let reply = world.ask(world.asked()).await.unwrap();
        let query = query(&reply);
        assert_eq!((query["state"].as_str(), query["iss"].as_str()), ("xyz", "http://127.0.0.1:8080"));
        assert_eq!(query["code"].len(), 43);
        assert_eq!(world.told("identity.code.issued").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_client_is_shown_and_not_redirected() {
    shown(&[
        ("unknown", |a| a.client_id = Some("nobody".to_owned()), OAuthError::UnauthorizedClient),
        ("missing", |a| a.client_id = None, OAuthError::InvalidRequest),
        ("a service", |a| a.client_id = Some("reporting".to_owned()), OAuthError::UnauthorizedClient),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unregistered_redirect_uri_is_never_followed() {
    let wrong = OAuthError::InvalidRequest;
    shown(&[
        ("missing", |a| a.redirect_uri = None, wrong),
        ("elsewhere", |a| a.redirect_uri = Some("https://evil.example.com/back".to_owned()), wrong),
        ("another client's", |a| a.redirect_uri = Some("https://rival.example.com/back".to_owned()), wrong),
        ("longer", |a| a.redirect_uri = Some(format!("{BACK}/more")), wrong),
        ("with a query", |a| a.redirect_uri = Some(format!("{BACK}?x=1")), wrong),
        ("with a fragment", |a| a.redirect_uri = Some(format!("{BACK}#x")), wrong),
        ("other letters", |a| a.redirect_uri = Some("https://SHOP.example.com/back".to_owned()), wrong),
        (
            "a user in front",
            |a| a.redirect_uri = Some("https://shop.example.com@evil.example.com/back".to_owned()),
            wrong,
        ),
        ("plain", |a| a.redirect_uri = Some("http://shop.example.com/back".to_owned()), wrong),
        ("a port", |a| a.redirect_uri = Some("https://shop.example.com:8443/back".to_owned()), wrong),
        ("not normal", |a| a.redirect_uri = Some("https://shop.example.com/x/../back".to_owned()), wrong),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loopback_redirect_may_use_any_port() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let ask = async |uri: &str| {
            let (client_id, redirect_uri) = (Some("app".to_owned()), Some(uri.to_owned()));
            world.ask(Authorize { client_id, redirect_uri, ..world.asked() }).await
        };
        let reply = ask("http://127.0.0.1:51004/back").await.unwrap();
        let AuthorizeReply::Redirect { to } = &reply else { panic!("{reply:?}") };
        assert!(to.expose().starts_with("http://127.0.0.1:51004/back?code="));
        assert_eq!(oauth_error(ask("http://127.0.0.1:51004/elsewhere").await), OAuthError::InvalidRequest);
        assert_eq!(oauth_error(ask("http://localhost:51004/back").await), OAuthError::InvalidRequest);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_codes_are_returned_in_redirects_never_tokens() {
    sent_back(&[
        ("token", |a| a.response_type = Some("token".to_owned()), "unsupported_response_type"),
        ("id_token", |a| a.response_type = Some("id_token".to_owned()), "unsupported_response_type"),
        ("code token", |a| a.response_type = Some("code token".to_owned()), "unsupported_response_type"),
        ("code id_token", |a| a.response_type = Some("code id_token".to_owned()), "unsupported_response_type"),
        ("none", |a| a.response_type = None, "invalid_request"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_client_needs_an_s256_challenge() {
    sent_back(&[
        ("missing", |a| a.code_challenge = None, "invalid_request"),
        ("plain", |a| a.code_challenge_method = Some("plain".to_owned()), "invalid_request"),
        // Without a method the standard means plain.
        ("no method", |a| a.code_challenge_method = None, "invalid_request"),
        ("another method", |a| a.code_challenge_method = Some("s256".to_owned()), "invalid_request"),
        ("short", |a| a.code_challenge = Some("abc".to_owned()), "invalid_request"),
        ("no base64url", |a| a.code_challenge = Some("=".repeat(43)), "invalid_request"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn out_of_range_parameters_are_refused() {
    sent_back(&[
        ("scope", |a| a.scope = Some("openid admin:users".to_owned()), "invalid_scope"),
        ("prompt", |a| a.prompt = Some("none login".to_owned()), "invalid_request"),
        ("unknown prompt", |a| a.prompt = Some("please".to_owned()), "invalid_request"),
        ("max_age", |a| a.max_age = Some(-1), "invalid_request"),
        ("nonce", |a| a.nonce = Some("n".repeat(513)), "invalid_request"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_is_too_long_is_not_sent_back() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let reply = world.ask(Authorize { state: Some("s".repeat(2_049)), ..world.asked() }).await.unwrap();
        let query = query(&reply);
        assert_eq!(query["error"], "invalid_request");
        assert!(!query.contains_key("state"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_session_the_browser_logs_in_first() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let first = AuthorizeReply::LogIn { again: false, second_factor: false };
        for session in [None, Some(Secret::new("somebody else's"))] {
            let asked = Authorize { session: session.clone(), ..world.asked() };
            assert_eq!(world.ask(asked.clone()).await.unwrap(), first);
            let silent = world.ask(Authorize { prompt: Some("none".to_owned()), ..asked }).await.unwrap();
            assert_eq!(query(&silent)["error"], "login_required");
        }
        world.advance(1_801);
        assert_eq!(world.ask(world.asked()).await.unwrap(), first, "idle for too long");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_sessions_and_disabled_users_do_not_count() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        for (gone, back) in [
            ("update session set ended_at = 1", "update session set ended_at = null"),
            ("update person set status = 'disabled'", "update person set status = 'active'"),
            ("update session set expires_at = 1", "update session set expires_at = 9000000000000000"),
        ] {
            world.execute(gone, &[]).await;
            let reply = world.ask(world.asked()).await.unwrap();
            assert_eq!(reply, AuthorizeReply::LogIn { again: false, second_factor: false }, "{gone}");
            world.execute(back, &[]).await;
            assert!(query(&world.ask(world.asked()).await.unwrap()).contains_key("code"));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_or_weak_authentication_is_requested_again() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        world.advance(400);
        let asked = world.asked();
        let (login, none) = (Some("login".to_owned()), Some("none".to_owned()));
        let mfa = Some("urn:x mfa".to_owned());
        let again = |second_factor| AuthorizeReply::LogIn { again: true, second_factor };
        let ask = async |asked| world.ask(asked).await.unwrap();
        assert_eq!(ask(Authorize { prompt: login, ..asked.clone() }).await, again(false));
        assert_eq!(ask(Authorize { max_age: Some(399), ..asked.clone() }).await, again(false));
        assert_eq!(ask(Authorize { acr_values: mfa.clone(), ..asked.clone() }).await, again(true));
        assert!(query(&ask(Authorize { max_age: Some(400), ..asked.clone() }).await).contains_key("code"));
        let silent = Authorize { acr_values: mfa.clone(), prompt: none, ..asked.clone() };
        assert_eq!(query(&ask(silent).await)["error"], "login_required");
        world.execute("update session set second_factor = 1", &[]).await;
        assert!(query(&ask(Authorize { acr_values: mfa, ..asked }).await).contains_key("code"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requested_login_happens_exactly_once() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        for (prompt, max_age) in [(Some("login"), None), (Some("login"), Some(0)), (None, Some(0))] {
            world.execute("update session set seen_at = $1, auth_time = $1", &[now(&world)]).await;
            world.advance(400);
            world.execute("update session set seen_at = $1", &[now(&world)]).await;
            let prompt = prompt.map(str::to_owned);
            let asked = Authorize { prompt, max_age, ..world.asked() };
            let again = AuthorizeReply::LogIn { again: true, second_factor: false };
            assert_eq!(world.ask(asked.clone()).await.unwrap(), again);
            // A browser that skips the login comes back to it.
            assert_eq!(world.ask(asked.clone().behind_login()).await.unwrap(), again);
            world.execute("update session set auth_time = $1", &[now(&world)]).await;
            world.advance(5);
            assert!(query(&world.ask(asked.behind_login()).await.unwrap()).contains_key("code"));
        }
    })
    .await;
}

fn now(world: &World) -> Value<'static> {
    Value::Int(kernel::Clock::now(&world.clock).micros())
}
