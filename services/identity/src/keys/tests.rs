//! Rotation: on time, by hand, once, and without a moment in which a valid token is refused.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity_api::{ClientAuth, Clients, Grant, IdentityError, KeyState, Origin, Refusal, TokenRequest, Tokens};
use kernel::{Principal, PrincipalKind, Secret};
use platform::error::Failure;
use serde_json::json;
use testkit::for_each_engine;

use crate::IdentityService;
use crate::tokens::tests::world::{World, admin, auth, ctx, nobody};

async fn token(identity: &IdentityService) -> Secret {
    let client: ClientAuth = auth("reporting");
    let request = TokenRequest { client, grant: Grant::ClientCredentials { scope: None }, origin: Origin::default() };
    identity.token(&nobody(), request).await.unwrap().access_token
}

fn kid(token: &Secret) -> String {
    jsonwebtoken::decode_header(token.expose()).unwrap().kid.unwrap()
}

async fn states(world: &World) -> Vec<(String, KeyState)> {
    let keys = world.identity.signing_keys(&admin(world)).await.unwrap();
    keys.into_iter().map(|key| (key.kid, key.state)).collect()
}

fn of(states: &[(String, KeyState)], wanted: KeyState) -> Vec<String> {
    states.iter().filter(|(_, state)| *state == wanted).map(|(kid, _)| kid.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_makes_a_key_that_signs_and_the_next_one() {
    for_each_engine(async |store| {
        let world = World::new(store).await;
        let keys = states(&world).await;
        assert_eq!((of(&keys, KeyState::Signing).len(), of(&keys, KeyState::Next).len(), keys.len()), (1, 1, 2));
        assert_eq!(of(&keys, KeyState::Signing), [kid(&token(&world.identity).await)]);
        let beside = world.beside(store).await;
        assert_eq!(kid(&token(&beside).await), kid(&token(&world.identity).await));
        assert_eq!(states(&world).await, keys, "a second start makes none");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_published_before_it_signs() {
    for_each_engine(async |store| {
        let world = World::new(store).await;
        let known = world.heard.keys();
        world.advance(30 * 86_400 - 1);
        let before = token(&world.identity).await;
        world.advance(1);
        let after = token(&world.identity).await;
        assert_ne!(kid(&before), kid(&after));
        assert!(known.contains_key(&kid(&after)), "keys fetched a month ago can verify it");
        let keys = states(&world).await;
        assert_eq!(of(&keys, KeyState::Retired), [kid(&before)]);
        assert_eq!(of(&keys, KeyState::Next).len(), 1);
        // The overlap: a token of a second ago is verified with the current keys.
        assert_eq!(world.claims(&before).sub, "reporting");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_key_is_removed_after_its_last_token_expires() {
    for_each_engine(async |store| {
        let world = World::new(store).await;
        let old = kid(&token(&world.identity).await);
        world.identity.rotate_keys(&admin(&world)).await.unwrap();
        let sealed = "select count(*) from signing_key where retired_at is not null and sealed is not null";
        assert_eq!(world.count(sealed).await, 0, "nothing is signed with it any more");
        world.advance(3_659);
        world.identity.keep_keys().await.unwrap();
        assert!(world.heard.keys().contains_key(&old));
        world.advance(1);
        world.identity.keep_keys().await.unwrap();
        assert!(!world.heard.keys().contains_key(&old), "verifiers learn that it was removed");
        assert_eq!(states(&world).await.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_signs_with_the_new_key_at_once() {
    for_each_engine(async |store| {
        let world = World::new(store).await;
        let beside = world.beside(store).await;
        let old = kid(&token(&beside).await);
        world.identity.rotate_keys(&admin(&world)).await.unwrap();
        let new = kid(&token(&beside).await);
        assert_ne!(old, new);
        assert_eq!(of(&states(&world).await, KeyState::Signing), [new]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_due_rotations_happen_once() {
    for_each_engine(async |store| {
        let world = World::new(store).await;
        let (one, two) = (world.beside(store).await, world.beside(store).await);
        for round in 1..=3 {
            world.advance(30 * 86_400);
            let (a, b, c) = tokio::join!(world.identity.keep_keys(), one.keep_keys(), two.keep_keys());
            for outcome in [a, b, c] {
                // If the store is busy, the next grant tries again.
                assert!(matches!(outcome, Ok(()) | Err(IdentityError::Failed(Failure::Unavailable))), "{outcome:?}");
            }
            assert_eq!(world.told("identity.key.rotated").await, 1 + round);
            let keys = states(&world).await;
            assert_eq!((of(&keys, KeyState::Signing).len(), of(&keys, KeyState::Next).len()), (1, 1));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rotating_keys_needs_permission_and_recent_authentication() {
    for_each_engine(async |store| {
        let world = World::new(store).await;
        let clerk =
            |permission: &str| ctx(Principal::new(PrincipalKind::Employee, "emp", [permission.parse().unwrap()]));
        let forbidden = IdentityError::Failed(Failure::Forbidden);
        assert_eq!(world.identity.rotate_keys(&clerk("keys:read:all")).await.unwrap_err(), forbidden);
        for permission in ["clients:read:all", "keys:read:own"] {
            assert_eq!(world.identity.signing_keys(&clerk(permission)).await.unwrap_err(), forbidden);
        }
        let stale = world.identity.rotate_keys(&clerk("keys:rotate:all")).await.unwrap_err();
        assert_eq!(stale, IdentityError::Failed(Failure::StepUpRequired { seconds: 300 }));
        world.identity.signing_keys(&clerk("keys:read:all")).await.unwrap();
        assert_eq!(world.told("identity.key.rotated").await, 1, "the first one");
    })
    .await;
}

/// The private half is in the store, but useless to somebody who has only the store.
#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_signing_key_opens_only_in_its_own_row() {
    for_each_engine(async |store| {
        let world = World::new(store).await;
        let swap = "update signing_key set sealed = (select sealed from signing_key where signs_from is null)";
        world.execute(swap, &[]).await;
        let beside = world.beside(store).await;
        let request = TokenRequest {
            client: auth("reporting"),
            grant: Grant::ClientCredentials { scope: None },
            origin: Origin::default(),
        };
        let outcome = beside.token(&nobody(), request).await;
        assert!(
            !matches!(outcome, Ok(_) | Err(IdentityError::Refused { refusal: Refusal::OAuth { .. }, .. })),
            "{outcome:?}"
        );
    })
    .await;
}

/// The library gets the algorithm from us and never from the token.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_type_algorithm_or_key_is_refused() {
    for_each_engine(async |store| {
        let world = World::new(store).await;
        let tx = world.db.read().await.unwrap();
        let good = token(&world.identity).await;
        let claims: serde_json::Value = world.read(&good, access::TOKEN_TYPE);
        let ours = async |token: &str| {
            let read = world.identity.signed_by_us::<serde_json::Value>(&tx, token, access::TOKEN_TYPE);
            read.await.unwrap().is_some()
        };
        assert!(ours(good.expose()).await);
        let signer = world.identity.signer(&tx).await.unwrap();
        for typ in ["JWT", "", "AT+JWT"] {
            assert!(!ours(&signer.sign(typ, &claims).unwrap()).await, "{typ}");
        }
        let (kid, public) = (kid(&good), world.heard.keys()[&kid(&good)].clone());
        let signed = |algorithm: &str, kid: &str, signature: &str| {
            let header = json!({"alg": algorithm, "typ": access::TOKEN_TYPE, "kid": kid});
            let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
            format!("{}.{}.{signature}", part(&header), part(&claims))
        };
        assert!(!ours(&signed("none", &kid, "")).await);
        assert!(!ours(&signed("EdDSA", &kid, "")).await);
        // The public key used as a shared secret.
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        (header.typ, header.kid) = (Some(access::TOKEN_TYPE.to_owned()), Some(kid));
        let public = URL_SAFE_NO_PAD.decode(public).unwrap();
        let shared = jsonwebtoken::EncodingKey::from_secret(&public);
        assert!(!ours(&jsonwebtoken::encode(&header, &claims, &shared).unwrap()).await);
        let (_, signature) = good.expose().rsplit_once('.').unwrap();
        assert!(!ours(&signed("EdDSA", "unknown", signature)).await);
        assert!(!ours(&"x".repeat(16_385)).await);
        tx.commit().await.unwrap();
    })
    .await;
}
