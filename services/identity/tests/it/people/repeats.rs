//! Administrators' commands that are sent twice with an idempotency key: they are executed once, and a secret is shown once.

use std::sync::Arc;

use access::Role;
use identity_api::{
    ChangeClient, ChangeUser, ClientChange, ClientKind, Clients, CreateClient, IdentityError, NewUser, People, PutRole,
    RemoteIdentity, Rights, SERVICE, UserChange, methods,
};
use kernel::{Ctx, SystemClock};
use platform::error::Failure;
use platform::once::{Outcome, find};
use platform::rpc::{Budget, RpcClient, Served};
use serde_json::json;
use testkit::{AsSaid, Flaky, InProcess, Trouble, for_each_engine};

use crate::people::harness::{Desk, new_user, why};

fn keyed(desk: &Desk, key: &str) -> Ctx {
    Ctx { idempotency_key: Some(key.parse().unwrap()), ..desk.ctx.clone() }
}

fn program(id: &str) -> CreateClient {
    CreateClient {
        id: id.to_owned(),
        name: "Reports".to_owned(),
        kind: ClientKind::Service,
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        scopes: vec!["read:accounts".to_owned()],
        roles: vec!["service".to_owned()],
        first_party: false,
        access_seconds: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_made_once_and_the_password_is_shown_once() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let ctx = keyed(&desk, "k1");
        let first = desk.service.create_user(&ctx, new_user("ann", &["customer"])).await.unwrap();
        assert!(first.one_time_password.is_some() && !first.replayed && first.withheld.is_none());
        let again = desk.service.create_user(&ctx, new_user("ann", &["customer"])).await.unwrap();
        let NewUser { user, one_time_password, replayed, withheld } = again;
        assert_eq!((user, one_time_password, replayed), (first.user, None, true));
        assert_eq!(withheld.as_deref(), Some("one_time_password"));
        let other = desk.service.create_user(&ctx, new_user("bob", &["customer"])).await;
        assert_eq!(other, Err(Failure::IdempotencyKeyTaken.into()));
        assert_eq!(desk.events().await, ["identity.user.created"]);
        // Without a key a repeat is a second command, as before.
        assert_eq!(why(desk.service.create_user(&desk.ctx, new_user("ann", &["customer"])).await), "taken");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_person_stays_refused_under_the_same_key() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        desk.person("ann", &["customer"]).await;
        let ctx = keyed(&desk, "k1");
        let replayed = |answer: Result<NewUser, IdentityError>| match answer {
            Err(IdentityError::Refused { refusal, replayed }) => (platform::error::Refusal::code(&refusal), replayed),
            other => panic!("{other:?}"),
        };
        let ann = || new_user("ann", &["customer"]);
        assert_eq!(replayed(desk.service.create_user(&ctx, ann()).await), ("taken", false));
        assert_eq!(replayed(desk.service.create_user(&ctx, ann()).await), ("taken", true));
        // An invalid command does not use up its key.
        let ctx = keyed(&desk, "k2");
        let nameless = identity_api::CreateUser { username: " ".to_owned(), ..new_user("bob", &["customer"]) };
        assert_eq!(replayed(desk.service.create_user(&ctx, nameless).await), ("field_invalid", false));
        desk.service.create_user(&ctx, new_user("bob", &["customer"])).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_made_once() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let ann = desk.person("ann", &["customer"]).await;
        let before = desk.events().await.len();
        for (key, change, withheld) in [
            ("k1", UserChange::ResetPassword, Some("one_time_password")),
            ("k2", UserChange::Disable, None),
            ("k2", UserChange::Enable, None), // Another operation, and so another command.
        ] {
            let change = || ChangeUser { id: ann.id, change: change.clone() };
            let first = desk.service.change_user(&keyed(&desk, key), change()).await.unwrap();
            let again = desk.service.change_user(&keyed(&desk, key), change()).await.unwrap();
            assert_eq!((first.replayed, again.replayed), (false, true));
            assert_eq!((again.one_time_password, again.withheld.as_deref()), (None, withheld));
        }
        assert_eq!(desk.events().await.len(), before + 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_made_once_and_its_secret_is_shown_once() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let first = desk.service.create_client(&keyed(&desk, "k1"), program("reporting")).await.unwrap();
        let again = desk.service.create_client(&keyed(&desk, "k1"), program("reporting")).await.unwrap();
        assert!(first.secret.is_some() && again.secret.is_none() && again.replayed);
        assert_eq!((again.client, again.withheld.as_deref()), (first.client, Some("secret")));
        let renew = || ChangeClient { id: "reporting".to_owned(), change: ClientChange::NewSecret };
        let renewed = desk.service.change_client(&keyed(&desk, "k1"), renew()).await.unwrap();
        let again = desk.service.change_client(&keyed(&desk, "k1"), renew()).await.unwrap();
        assert!(renewed.secret.is_some() && again.secret.is_none() && again.replayed);
        let public = CreateClient { kind: ClientKind::Public, roles: Vec::new(), ..program("page") };
        let public = CreateClient { redirect_uris: vec!["https://app.example.com/back".to_owned()], ..public };
        desk.service.create_client(&keyed(&desk, "k2"), public.clone()).await.unwrap();
        let again = desk.service.create_client(&keyed(&desk, "k2"), public).await.unwrap();
        assert_eq!((again.replayed, again.withheld), (true, None), "there was nothing to withhold");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_rotated_and_roles_removed_once() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let first = desk.service.rotate_keys(&keyed(&desk, "k1")).await.unwrap();
        let again = desk.service.rotate_keys(&keyed(&desk, "k1")).await.unwrap();
        assert_eq!((first.replayed, again.replayed), (false, true));
        assert_eq!(first.keys, again.keys);
        let role = PutRole { name: "auditor".to_owned(), description: String::new(), permissions: Vec::new() };
        desk.service.put_role(&desk.ctx, role).await.unwrap();
        for _ in 0..2 {
            desk.service.remove_role(&keyed(&desk, "k1"), "auditor".to_owned()).await.unwrap();
        }
        let missing = desk.service.remove_role(&keyed(&desk, "k2"), "auditor".to_owned()).await;
        assert_eq!(why(missing), "not_found");
        let roles: Vec<Role> = desk.service.roles(&desk.ctx).await.unwrap();
        assert!(roles.iter().all(|role| role.name != "auditor"));
    })
    .await;
}

/// Requests and replies are lost, and some requests arrive twice: a command with a key is sent again until it is answered.
#[tokio::test(flavor = "multi_thread")]
async fn over_a_bad_network_each_command_has_one_effect_and_an_answer() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let served =
            Served::new([methods(desk.service.clone())], Arc::new(AsSaid), Arc::new(desk.clock.clone())).unwrap();
        let network =
            Arc::new(Flaky::new(InProcess(served), Trouble { lost: 25, doubled: 25, ..Trouble::plenty() }, 3));
        let rpc = RpcClient::new(SERVICE, network.clone(), Arc::new(SystemClock)).with_budget(Budget::new(1_000));
        let far = RemoteIdentity::new(rpc);
        let at = |key: &str| {
            let deadline = kernel::Deadline::after_millis(&SystemClock, 20_000);
            Ctx { deadline, ..keyed(&desk, key) }
        };
        for number in 0..12 {
            let name = format!("person-{number}");
            let ctx = at(&name);
            let made = far.create_user(&ctx, new_user(&name, &["customer"])).await.unwrap();
            let change = ChangeUser { id: made.user.id, change: UserChange::Disable };
            far.change_user(&ctx, change).await.unwrap();
            far.create_client(&ctx, program(&format!("program-{number}"))).await.unwrap();
        }
        assert!(network.met() > 10);
        let events = desk.events().await;
        for kind in ["identity.user.created", "identity.user.disabled", "identity.client.created"] {
            assert_eq!(events.iter().filter(|event| *event == kind).count(), 12, "{kind}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_of_a_command_is_found_by_its_key_and_operation() {
    for_each_engine(async |store| {
        let desk = Desk::open(store).await;
        let made = desk.service.create_user(&keyed(&desk, "k1"), new_user("ann", &["customer"])).await.unwrap();
        let tx = desk.db.read().await.unwrap();
        let found = find(&tx, "operator", "create_user", &"k1".parse().unwrap()).await.unwrap();
        assert!(matches!(found, Some(Outcome::Made { key, .. }) if key == json!(made.user.id)));
        assert_eq!(find(&tx, "operator", "create_client", &"k1".parse().unwrap()).await.unwrap(), None);
    })
    .await;
}

/// Two processes share a store and get the command several times at once; a third gets it after both have ended.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_duplicates_make_one_person_and_show_one_password() {
    for_each_engine(async |store| {
        let (one, two) = (Desk::open(store).await, Desk::open(store).await);
        let calls = (0..8).map(|number| {
            let desk = if number % 2 == 0 { &one } else { &two };
            async move { desk.service.create_user(&keyed(desk, "k1"), new_user("ann", &["customer"])).await.unwrap() }
        });
        let answers = futures_util::future::join_all(calls).await;
        assert_eq!(answers.iter().filter(|answer| answer.one_time_password.is_some()).count(), 1);
        assert_eq!(answers.iter().filter(|answer| answer.replayed).count(), 7);
        assert!(answers.iter().all(|answer| answer.user == answers[0].user));
        assert_eq!(one.events().await, ["identity.user.created"]);
        drop((one, two));
        let restarted = Desk::open(store).await;
        let again = restarted.service.create_user(&keyed(&restarted, "k1"), new_user("ann", &["customer"])).await;
        assert_eq!(again.map(|answer| (answer.replayed, answer.user)), Ok((true, answers[0].user.clone())));
    })
    .await;
}
