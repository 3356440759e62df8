//! The user that a client expects at the browser (OpenID Connect Core, 3.1.2.1), and requests that are not supported.

use identity_api::{Authorize, AuthorizeReply};
use kernel::Secret;
use platform::db::Value;
use testkit::for_each_way;

use super::world::*;

/// Bob, who is now logged in at the same browser.
const BOB: [u8; 16] = [7; 16];

async fn bob_comes(world: &World) {
    const PERSON: &str = "
insert into person (id, username, subject, kind, status, epoch, password_once, created_at)
values ($1, 'bob@example.com', 'cust_bob', 'customer', 'active', 1, 0, 1)";
    world.execute(PERSON, &[Value::Bytes(&BOB)]).await;
    world.execute("update session set person = $1", &[Value::Bytes(&BOB)]).await;
}

async fn with_hint(world: &World, hint: &Secret, change: impl Fn(&mut Authorize)) -> AuthorizeReply {
    let mut asked = Authorize { id_token_hint: Some(hint.clone()), ..world.asked() };
    change(&mut asked);
    world.ask(asked).await.unwrap()
}

async fn seen_now(world: &World) {
    let now = kernel::Clock::now(&world.clock).micros();
    world.execute("update session set seen_at = $1", &[Value::Int(now)]).await;
}

fn error(reply: &AuthorizeReply) -> String {
    let query = query(reply);
    assert!(!query.contains_key("code"), "{query:?}");
    query["error"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_only_issued_for_the_hinted_user() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let hint = world.tokens().await.id_token.unwrap();
        let none = |asked: &mut Authorize| asked.prompt = Some("none".to_owned());
        let behind = |asked: &mut Authorize| *asked = std::mem::take(asked).behind_login();
        for change in [&(|_: &mut Authorize| {}) as &dyn Fn(&mut Authorize), &none, &behind] {
            assert!(query(&with_hint(&world, &hint, change).await).contains_key("code"), "it is her");
        }
        bob_comes(&world).await;
        assert_eq!(error(&with_hint(&world, &hint, none).await), "login_required");
        // Not `again`, which would be only for Bob.
        let log_in = AuthorizeReply::LogIn { again: false, second_factor: false };
        assert_eq!(with_hint(&world, &hint, |_| {}).await, log_in);
        // He logged in anyway.
        assert_eq!(error(&with_hint(&world, &hint, behind).await), "login_required");
        assert!(query(&world.ask(world.asked()).await.unwrap()).contains_key("code"), "without a hint any user may");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unverifiable_hint_matches_no_user() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let tokens = world.tokens().await;
        let rival = world.asked_by("rival", "https://rival.example.com/back").await;
        let none = |asked: &mut Authorize| asked.prompt = Some("none".to_owned());
        let ours = tokens.id_token.unwrap();
        for hint in [forged(&ours), tokens.access_token, rival.id_token.unwrap(), Secret::new("nonsense")] {
            assert_eq!(error(&with_hint(&world, &hint, none).await), "login_required");
            let log_in = AuthorizeReply::LogIn { again: false, second_factor: false };
            assert_eq!(with_hint(&world, &hint, |_| {}).await, log_in);
            // The earlier user is unknown; the one who just logged in is not.
            let behind = with_hint(&world, &hint, |asked| *asked = std::mem::take(asked).behind_login()).await;
            assert!(query(&behind).contains_key("code"));
        }
        // Old ones are no longer ours: the key is gone.
        identity_api::Clients::rotate_keys(&*world.identity, &admin(&world)).await.unwrap();
        world.advance(8_000);
        seen_now(&world).await;
        assert_eq!(error(&with_hint(&world, &ours, none).await), "login_required");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_hint_still_names_the_expected_user() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let hint = world.tokens().await.id_token.unwrap();
        world.advance(40_000);
        seen_now(&world).await;
        assert!(query(&with_hint(&world, &hint, |_| {}).await).contains_key("code"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn request_objects_are_refused_not_ignored() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let with = async |request: Option<&str>, request_uri: Option<&str>| {
            let (request, request_uri) = (request.map(str::to_owned), request_uri.map(str::to_owned));
            error(&world.ask(Authorize { request, request_uri, ..world.asked() }).await.unwrap())
        };
        assert_eq!(with(Some("eyJhbGciOiJub25lIn0.e30."), None).await, "request_not_supported");
        assert_eq!(with(None, Some("https://shop.example.com/request")).await, "request_uri_not_supported");
        assert_eq!(world.count("select count(*) from authorization_code").await, 0);
    })
    .await;
}
