//! Clients and their administration.

use access::RevokedWhat;
use identity_api::{
    ChangeClient, ClientAuth, ClientChange, ClientKind, Clients, CreateClient, Grant, IdentityError, OAuthError,
    Refusal,
};
use kernel::{Principal, PrincipalKind, Proof, Secret};
use platform::error::Failure;
use testkit::for_each_way;

mod subject;

use crate::tokens::tests::world::{SECRET, World, admin, auth, clients, ctx, oauth_error};

fn service(id: &str) -> CreateClient {
    let [.., service] = clients();
    CreateClient { id: id.to_owned(), ..service }
}

fn web(id: &str) -> CreateClient {
    let [web, ..] = clients();
    CreateClient { id: id.to_owned(), ..web }
}

async fn change(world: &World, change: ClientChange) -> Result<identity_api::NewClient, IdentityError> {
    world.face.change_client(&admin(world), ChangeClient { id: "reporting".to_owned(), change }).await
}

fn with(id: &str, secret: &Secret) -> ClientAuth {
    ClientAuth { id: Some(id.to_owned()), secret: Some(secret.clone()), basic: true }
}

fn credentials() -> Grant {
    Grant::ClientCredentials { scope: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_shown_once_and_kept_as_a_sealed_digest() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let made = world.face.create_client(&admin(&world), service("batch")).await.unwrap();
        let secret = made.secret.unwrap();
        assert_eq!(secret.expose().len(), 43);
        world.token(with("batch", &secret), credentials()).await.unwrap();
        assert_eq!(world.face.client(&admin(&world), "batch".to_owned()).await.unwrap(), made.client);
        let tx = world.db.read().await.unwrap();
        let rows = tx.query("select secret from client where id = 'batch'", &[]).await.unwrap();
        let kept = rows[0].bytes(0).unwrap().to_vec();
        let digest = platform::crypto::digest(secret.expose());
        let holds = |part: &[u8]| kept.windows(part.len()).any(|window| window == part);
        assert!(!holds(&digest) && !holds(secret.expose().as_bytes()));
        assert_eq!(world.told("identity.client.created").await, 6);
        let public = CreateClient { kind: ClientKind::Public, ..web("page") };
        assert_eq!(world.face.create_client(&admin(&world), public).await.unwrap().secret, None);
        let ids: Vec<String> =
            world.face.clients(&admin(&world)).await.unwrap().into_iter().map(|client| client.id).collect();
        assert_eq!(ids, ["app", "batch", "page", "reporting", "rival", "shop", "stranger"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_client_is_refused_by_field() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let text = |text: &str| vec![text.to_owned()];
        for (field, command) in [
            ("id", service("")),
            ("id", service("Big")),
            ("id", service("under_score")),
            ("id", service(&"x".repeat(65))),
            ("name", CreateClient { name: " ".to_owned(), ..service("a") }),
            ("name", CreateClient { name: "a\u{7}b".to_owned(), ..service("a") }),
            ("scopes", CreateClient { scopes: Vec::new(), ..service("a") }),
            ("scopes", CreateClient { scopes: text("everything"), ..service("a") }),
            ("scopes", CreateClient { scopes: text("openid"), ..service("a") }),
            ("scopes", CreateClient { scopes: text("offline_access"), ..service("a") }),
            ("redirect_uris", CreateClient { redirect_uris: text("https://a.example/"), ..service("a") }),
            ("redirect_uris", CreateClient { redirect_uris: Vec::new(), ..web("a") }),
            ("redirect_uris", CreateClient { redirect_uris: text("https://*.example.com/"), ..web("a") }),
            ("redirect_uris", CreateClient { redirect_uris: text("https://a.example/#x"), ..web("a") }),
            ("redirect_uris", CreateClient { redirect_uris: text("http://a.example/"), ..web("a") }),
            ("post_logout_redirect_uris", CreateClient { post_logout_redirect_uris: text("/bye"), ..web("a") }),
            ("roles", CreateClient { roles: text("service"), ..web("a") }),
            ("access_seconds", CreateClient { access_seconds: Some(3_601), ..service("a") }),
            ("access_seconds", CreateClient { access_seconds: Some(0), ..service("a") }),
        ] {
            let outcome = world.face.create_client(&admin(&world), command).await;
            let Err(IdentityError::Refused { refusal: Refusal::FieldInvalid { field: named, .. }, .. }) = outcome
            else {
                panic!("{field}: {outcome:?}")
            };
            assert_eq!(named, field);
        }
        let many = CreateClient { redirect_uris: vec!["https://a.example/".to_owned(); 17], ..web("a") };
        let outcome = world.face.create_client(&admin(&world), many).await.unwrap_err();
        assert_eq!(outcome.code(), "too_many");
        let unknown = CreateClient { roles: text("wizard"), ..service("a") };
        assert_eq!(world.face.create_client(&admin(&world), unknown).await.unwrap_err().code(), "not_found");
        assert_eq!(world.told("identity.client.created").await, 5);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_client_id_stays_with_its_holder() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        world.execute("update person set subject = 'ann'", &[]).await;
        for id in ["reporting", "ann"] {
            let outcome = world.face.create_client(&admin(&world), service(id)).await;
            assert_eq!(outcome.unwrap_err().code(), "taken", "{id}");
        }
        let outcome = world.identity.put_client(service("ann"), Secret::new(SECRET)).await;
        assert_eq!(outcome.unwrap_err().code(), "taken");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_ends_tokens_that_it_makes_out_of_date() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let text = |text: &str| vec![text.to_owned()];
        for (epoch, what) in [
            (2, ClientChange::SetRoles { roles: text("employee") }),
            (3, ClientChange::SetScopes { scopes: text("read:accounts") }),
            (4, ClientChange::Disable),
        ] {
            change(&world, what).await.unwrap();
            let client = "reporting".to_owned();
            assert_eq!(world.heard.revoked().last(), Some(&RevokedWhat::Client { client, epoch }));
        }
        assert_eq!(oauth_error(world.token(auth("reporting"), credentials()).await), OAuthError::InvalidClient);
        change(&world, ClientChange::Enable).await.unwrap();
        assert_eq!(world.heard.revoked().len(), 3, "ended tokens stay ended; no others end");
        let reply = world.token(auth("reporting"), credentials()).await.unwrap();
        let claims = world.claims(&reply.access_token);
        assert_eq!((claims.client_epoch, claims.epoch, claims.scope.as_str()), (4, 4, "read:accounts"));
        assert_eq!(claims.roles, ["employee"]);
        let secret = change(&world, ClientChange::NewSecret).await.unwrap().secret.unwrap();
        assert_eq!(oauth_error(world.token(auth("reporting"), credentials()).await), OAuthError::InvalidClient);
        world.token(with("reporting", &secret), credentials()).await.unwrap();
        assert_eq!(world.heard.revoked().len(), 4);
        assert_eq!(world.told("identity.client.changed").await, 5);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_changes_nothing_ends_nothing() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        change(&world, ClientChange::Enable).await.unwrap();
        let roles = vec!["service".to_owned()];
        change(&world, ClientChange::SetRoles { roles }).await.unwrap();
        for client in clients() {
            world.identity.put_client(client, Secret::new(SECRET)).await.unwrap();
        }
        assert_eq!((world.heard.revoked(), world.told("identity.client.changed").await), (vec![], 0));
        let missing = ChangeClient { id: "nobody".to_owned(), change: ClientChange::Disable };
        let outcome = world.face.change_client(&admin(&world), missing).await;
        assert_eq!(outcome.unwrap_err().code(), "not_found");
        let public = ChangeClient { id: "app".to_owned(), change: ClientChange::NewSecret };
        assert_eq!(world.face.change_client(&admin(&world), public).await.unwrap_err().code(), "field_invalid");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mounted_secret_can_be_changed_and_is_never_short() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let other = Secret::new("another secret of more than 32 bytes");
        world.identity.put_client(service("reporting"), other.clone()).await.unwrap();
        assert_eq!(oauth_error(world.token(auth("reporting"), credentials()).await), OAuthError::InvalidClient);
        world.token(with("reporting", &other), credentials()).await.unwrap();
        assert_eq!(world.heard.revoked().len(), 1);
        let short = world.identity.put_client(service("reporting"), Secret::new("short")).await;
        assert_eq!(short.unwrap_err().code(), "field_invalid");
    })
    .await;
}

/// A leak is answered with "disable" or another secret: no restart of any process undoes that.
#[tokio::test(flavor = "multi_thread")]
async fn administrators_changes_survive_the_next_start() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let put = || world.identity.put_client(service("reporting"), Secret::new(SECRET));
        change(&world, ClientChange::SetScopes { scopes: vec!["read:accounts".to_owned()] }).await.unwrap();
        let secret = change(&world, ClientChange::NewSecret).await.unwrap().secret.unwrap();
        put().await.unwrap();
        assert_eq!(oauth_error(world.token(auth("reporting"), credentials()).await), OAuthError::InvalidClient);
        let reply = world.token(with("reporting", &secret), credentials()).await.unwrap();
        assert_eq!(world.claims(&reply.access_token).scope, "read:accounts");
        change(&world, ClientChange::Disable).await.unwrap();
        put().await.unwrap();
        assert_eq!(
            oauth_error(world.token(with("reporting", &secret), credentials()).await),
            OAuthError::InvalidClient
        );
        // Another one in the file is the operator's decision, about the secret and nothing else.
        let other = Secret::new("another secret of more than 32 bytes");
        world.identity.put_client(service("reporting"), other.clone()).await.unwrap();
        assert_eq!(oauth_error(world.token(with("reporting", &other), credentials()).await), OAuthError::InvalidClient);
        change(&world, ClientChange::Enable).await.unwrap();
        let reply = world.token(with("reporting", &other), credentials()).await.unwrap();
        assert_eq!(world.claims(&reply.access_token).scope, "read:accounts");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_that_put_one_client_create_one() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let beside = world.beside(store).await;
        let put = |at: std::sync::Arc<crate::IdentityService>| async move {
            at.put_client(service("fresh"), Secret::new(SECRET)).await
        };
        let (one, two) = tokio::join!(put(std::sync::Arc::clone(&world.identity)), put(beside));
        one.unwrap();
        two.unwrap();
        assert_eq!(world.count("select count(*) from client where id = 'fresh'").await, 1);
        assert_eq!(world.heard.revoked(), []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn administering_clients_needs_permission_and_recent_authentication() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let with = |permission: &str, proof: Option<Proof>| {
            let mut principal = Principal::new(PrincipalKind::Employee, "emp", [permission.parse().unwrap()]);
            principal.proof = proof;
            ctx(principal)
        };
        let disable = || ChangeClient { id: "shop".to_owned(), change: ClientChange::Disable };
        let reader = with("clients:read:all", None);
        let identity = &world.identity;
        assert_eq!(
            identity.create_client(&reader, service("x")).await.unwrap_err(),
            IdentityError::Failed(Failure::Forbidden)
        );
        assert_eq!(
            identity.change_client(&reader, disable()).await.unwrap_err(),
            IdentityError::Failed(Failure::Forbidden)
        );
        identity.client(&reader, "shop".to_owned()).await.unwrap();
        let other = with("users:*:all", None);
        assert_eq!(identity.clients(&other).await.unwrap_err(), IdentityError::Failed(Failure::Forbidden));
        assert_eq!(
            identity.client(&other, "shop".to_owned()).await.unwrap_err(),
            IdentityError::Failed(Failure::Forbidden)
        );
        let at = kernel::Clock::now(&world.clock);
        let one_factor = Some(Proof { at, second_factor: false });
        let stale = Some(Proof { at: at.plus_seconds(-301), second_factor: true });
        for proof in [None, one_factor, stale] {
            let step_up = IdentityError::Failed(Failure::StepUpRequired { seconds: 300 });
            let writer = with("clients:*:all", proof);
            assert_eq!(identity.create_client(&writer, service("x")).await.unwrap_err(), step_up);
            assert_eq!(identity.change_client(&writer, disable()).await.unwrap_err(), step_up);
        }
    })
    .await;
}
