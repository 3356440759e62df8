//! Information about a token, and about its user.

use identity_api::{ClientAuth, Introspect, Introspection, OAuthError, Origin};
use kernel::Secret;
use testkit::for_each_way;

use super::world::*;

async fn look(world: &World, client: ClientAuth, token: &Secret) -> Result<Introspection, identity_api::IdentityError> {
    let command = Introspect { client, token: token.clone(), origin: Origin::default() };
    world.face.introspect(&nobody(), command).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_can_introspect_a_valid_token() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let tokens = world.tokens().await;
        let access = look(&world, auth("reporting"), &tokens.access_token).await.unwrap();
        assert_eq!(
            (access.active, access.sub.as_deref(), access.client_id.as_deref()),
            (true, Some("cust_ann"), Some("shop"))
        );
        assert_eq!((access.username.as_deref(), access.aud.as_deref()), (Some("ann@example.com"), Some("florin")));
        assert_eq!(access.exp.unwrap() - access.iat.unwrap(), 3_600);
        let refresh = look(&world, auth("shop"), &tokens.refresh_token.unwrap()).await.unwrap();
        assert_eq!((refresh.active, refresh.token_type.as_deref()), (true, Some("refresh_token")));
        assert_eq!(refresh.exp.unwrap() - access.iat.unwrap(), 86_400);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_authenticated_clients_can_introspect() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let token = world.tokens().await.access_token;
        let none = ClientAuth::default();
        let wrong = ClientAuth { secret: Some(Secret::new("wrong")), ..auth("shop") };
        for client in [none, wrong, auth("app")] {
            assert_eq!(oauth_error(look(&world, client, &token).await), OAuthError::InvalidClient);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_token_reveals_nothing() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let tokens = world.tokens().await;
        let (access, refresh) = (tokens.access_token, tokens.refresh_token.unwrap());
        let nothing = Introspection::default();
        for other in [tokens.id_token.unwrap(), forged(&access), Secret::new("a.b.c"), Secret::new("")] {
            assert_eq!(look(&world, auth("reporting"), &other).await.unwrap(), nothing);
        }
        assert_eq!(look(&world, auth("rival"), &access).await.unwrap(), nothing, "another client's");
        assert_eq!(look(&world, auth("rival"), &refresh).await.unwrap(), nothing, "another client's");
        for (gone, back) in [
            ("update session set ended_at = 1", "update session set ended_at = null"),
            ("update person set epoch = 2", "update person set epoch = 1"),
            ("update person set status = 'disabled'", "update person set status = 'active'"),
            ("update client set enabled = 0 where id = 'shop'", "update client set enabled = 1"),
            ("update client set epoch = 2 where id = 'shop'", "update client set epoch = 1"),
        ] {
            world.execute(gone, &[]).await;
            for token in [&access, &refresh] {
                assert_eq!(look(&world, auth("reporting"), token).await.unwrap(), nothing, "{gone}");
            }
            world.execute(back, &[]).await;
            assert!(look(&world, auth("reporting"), &access).await.unwrap().active);
        }
        world.advance(3_600);
        assert_eq!(look(&world, auth("reporting"), &access).await.unwrap(), nothing, "expired");
        assert!(look(&world, auth("reporting"), &refresh).await.unwrap().active);
        world.refresh(&refresh).await.unwrap();
        assert_eq!(look(&world, auth("reporting"), &refresh).await.unwrap(), nothing, "used");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn userinfo_returns_what_the_scopes_allow() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let about = async |scope: &str| {
            let asked = identity_api::Authorize { scope: Some(scope.to_owned()), ..world.asked() };
            let code = Secret::new(query(&world.ask(asked).await.unwrap())["code"].clone());
            let token = world.redeem(&code).await.unwrap().access_token;
            world.face.user_info(&nobody(), token).await
        };
        let all = about("openid profile email phone").await.unwrap();
        assert_eq!((all.sub.as_str(), all.name.as_deref()), ("cust_ann", Some("Ann")));
        assert_eq!((all.email.as_deref(), all.phone_number.as_deref()), (Some("ann@example.com"), Some("+4930123456")));
        assert_eq!(all.preferred_username.as_deref(), Some("ann@example.com"));
        let little = about("openid").await.unwrap();
        assert_eq!((little.name, little.email, little.phone_number), (None, None, None));
        assert_eq!(about("openid email").await.unwrap().name, None);
        assert_eq!(oauth_error(about("profile read:accounts").await), OAuthError::InsufficientScope);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn userinfo_needs_a_users_valid_access_token() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let tokens = world.tokens().await;
        let about = async |token: Secret| oauth_error(world.face.user_info(&nobody(), token).await);
        for other in [tokens.id_token.unwrap(), tokens.refresh_token.unwrap(), Secret::new("")] {
            assert_eq!(about(other).await, OAuthError::InvalidToken);
        }
        let grant = identity_api::Grant::ClientCredentials { scope: None };
        let service = world.token(auth("reporting"), grant).await.unwrap();
        assert_eq!(about(service.access_token).await, OAuthError::InsufficientScope);
        world.execute("update session set ended_at = 1", &[]).await;
        assert_eq!(about(tokens.access_token).await, OAuthError::InvalidToken);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn discovery_has_the_issuer_and_every_key() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let found = world.face.discovery(&nobody()).await.unwrap();
        assert_eq!(found.issuer, "http://127.0.0.1:8080");
        assert_eq!(found.scopes, ["openid", "profile", "email", "phone", "offline_access"]);
        assert!(found.keys.iter().all(|key| key.alg == "EdDSA" && world.heard.keys()[&key.kid] == key.x));
        assert_eq!(found.keys.len(), 2);
    })
    .await;
}
