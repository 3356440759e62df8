//! Users and clients share one name space: a token's subject alone identifies its owner.

use identity_api::{CreateUser, People};

use super::*;

fn person(name: &str, subject: &str) -> CreateUser {
    CreateUser {
        username: name.to_owned(),
        name: None,
        email: None,
        phone: None,
        subject: Some(subject.to_owned()),
        roles: vec!["customer".to_owned()],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_cannot_get_a_clients_subject() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let (at, admin) = (&world.identity, admin(&world));
        let taken = |name: &str| Refusal::Taken { what: "subject".to_owned(), name: name.to_owned() }.into();
        // Also for a disabled one: its tokens and objects are still its own.
        change(&world, ClientChange::Disable).await.unwrap();
        for subject in ["reporting", "shop"] {
            assert_eq!(at.create_user(&admin, person("eve", subject)).await, Err(taken(subject)));
            let put = at.put_person(person("eve", subject), Secret::new("a password for tests")).await;
            assert_eq!(put, Err(taken(subject)));
        }
        assert_eq!(world.count("select count(*) from person").await, 1);
        assert_eq!(at.create_user(&admin, person("bob", "cust_ann")).await, Err(taken("cust_ann")));
        at.create_user(&admin, person("eve", "eve")).await.unwrap();
        let made = at.create_client(&admin, service("eve")).await;
        assert_eq!(made.unwrap_err().code(), "taken");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_users_and_clients_cannot_share_a_name() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let (at, admin) = (&world.identity, admin(&world));
        for round in 0..6 {
            let name = format!("same-{round}");
            let put = CreateClient { id: name.clone(), ..service("") };
            let (made, created, put) = tokio::join!(
                at.create_user(&admin, person(&name, &name)),
                at.create_client(&admin, service(&name)),
                at.put_client(put, Secret::new(SECRET)),
            );
            // Putting an existing client again is not a conflict.
            let programs = created.is_ok() || put.is_ok();
            assert!(made.is_ok() != programs, "{made:?} {created:?} {put:?}");
        }
    })
    .await;
}
