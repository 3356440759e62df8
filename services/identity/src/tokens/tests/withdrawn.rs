//! A user withdraws a client's consent.

use std::sync::Arc;
use std::time::Duration;

use access::RevokedWhat;
use identity_api::{
    Authorize, AuthorizeReply, Consent, CreateClient, Introspect, OAuthError, Origin, SecurityAct, SecurityStep,
    TokenReply,
};
use kernel::Secret;
use platform::db::Value;
use testkit::for_each_way;

use super::world::*;

const BOB: [u8; 16] = [3; 16];

const PERSON_ADD: &str = "
insert into person (id, username, subject, kind, status, epoch, password_once, created_at)
values ($1, 'bob@example.com', 'cust_bob', 'customer', 'active', 1, 0, 0)";

const ROLE_ADD: &str = "insert into person_role (person, role) values ($1, 'customer')";

const SESSION_ADD: &str = "
insert into session (id, cookie, person, began_at, seen_at, expires_at, auth_time, amr, second_factor)
select $1, $2, $3, began_at, seen_at, expires_at, auth_time, amr, second_factor from session";

const CONSENT_TAKEN_BACK: &str = "delete from consent";
const CONSENT_HELD: &str = "update consent set at = at";

/// Another logged-in user; their cookie.
async fn bob(world: &World) -> Secret {
    let cookie = Secret::new("the cookie of somebody else");
    let (session, digest) = ([4; 16], platform::crypto::digest(cookie.expose()));
    world.execute(PERSON_ADD, &[Value::Bytes(&BOB)]).await;
    world.execute(ROLE_ADD, &[Value::Bytes(&BOB)]).await;
    world.execute(SESSION_ADD, &[Value::Bytes(&session), Value::Bytes(&digest), Value::Bytes(&BOB)]).await;
    cookie
}

fn asked(world: &World, client: &str, cookie: &Secret) -> Authorize {
    Authorize { client_id: Some(client.to_owned()), session: Some(cookie.clone()), ..world.asked() }
}

/// A code, with consent if needed.
async fn code(world: &World, client: &str, cookie: &Secret) -> Secret {
    let asked = asked(world, client, cookie);
    let reply = match world.ask(asked.clone()).await.unwrap() {
        AuthorizeReply::Ask { form_key, .. } => {
            world.face.consent(&nobody(), Consent { asked, form_key, agreed: true }).await.unwrap()
        }
        reply => reply,
    };
    Secret::new(query(&reply)["code"].clone())
}

async fn let_in(world: &World, client: &str, cookie: &Secret) -> TokenReply {
    world.token(auth(client), code_grant(&code(world, client, cookie).await)).await.unwrap()
}

async fn withdraw(world: &World, client: &str) {
    let session = world.ann.cookie.clone();
    let form_key = world.face.security(&nobody(), session.clone()).await.unwrap().form_key;
    let act = SecurityAct::WithdrawConsent { client: client.to_owned() };
    world.face.secure(&nobody(), SecurityStep { session, form_key, origin: Origin::default(), act }).await.unwrap();
}

async fn goes_on(world: &World, client: &str, tokens: &TokenReply) -> bool {
    let token = tokens.access_token.clone();
    let look = Introspect { client: auth("reporting"), token, origin: Origin::default() };
    let active = world.face.introspect(&nobody(), look).await.unwrap().active;
    let refreshed = world.token(auth(client), refresh_grant(tokens.refresh_token.as_ref().unwrap())).await;
    assert_eq!(refreshed.is_ok(), active, "an access token and its refresh token end together");
    active
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawing_consent_ends_exactly_that_clients_tokens() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let other = CreateClient { first_party: false, ..clients()[3].clone() };
        world.identity.put_client(CreateClient { id: "other".to_owned(), ..other }, Secret::new(SECRET)).await.unwrap();
        let (ann, bob) = (world.ann.cookie.clone(), bob(&world).await);
        let [out, stays] = [let_in(&world, "stranger", &ann).await, let_in(&world, "other", &ann).await];
        let (house, bobs) = (world.tokens().await, let_in(&world, "stranger", &bob).await);
        let unused = code(&world, "stranger", &ann).await;
        withdraw(&world, "stranger").await;
        let jti = world.claims(&out.access_token).jti;
        assert_eq!(world.heard.revoked(), [RevokedWhat::Token { jti }], "verifiers learn of its tokens and no others");
        assert!(!goes_on(&world, "stranger", &out).await);
        assert_eq!(oauth_error(world.token(auth("stranger"), code_grant(&unused)).await), OAuthError::InvalidGrant);
        assert!(goes_on(&world, "other", &stays).await && goes_on(&world, "shop", &house).await);
        assert!(goes_on(&world, "stranger", &bobs).await);
        let again = world.ask(asked(&world, "stranger", &ann)).await.unwrap();
        assert!(matches!(again, AuthorizeReply::Ask { .. }), "{again:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_issued_under_a_concurrently_withdrawn_consent() {
    for_each_way(async |store| {
        let world = Arc::new(World::new(store).await);
        let ann = world.ann.cookie.clone();
        code(&world, "stranger", &ann).await;
        let tx = world.db.begin().await.unwrap();
        tx.execute(CONSENT_HELD, &[]).await.unwrap();
        let asks = {
            let (world, asked) = (Arc::clone(&world), asked(&world, "stranger", &ann));
            tokio::spawn(async move { world.ask(asked).await.unwrap() })
        };
        // Time to see the consent that is about to be withdrawn.
        tokio::time::sleep(Duration::from_millis(150)).await;
        tx.execute(CONSENT_TAKEN_BACK, &[]).await.unwrap();
        tx.commit().await.unwrap();
        let reply = asks.await.unwrap();
        assert!(matches!(reply, AuthorizeReply::Ask { .. }), "{reply:?}");
    })
    .await;
}
