//! People and programs share one name space: a token tells by its subject alone whose it is.

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
async fn a_person_does_not_get_the_subject_of_a_program() {
    for_each_way(async |store| {
        let world = World::new(store).await;
        let (at, admin) = (&world.identity, admin(&world));
        let taken = |name: &str| Refusal::Taken { what: "subject".to_owned(), name: name.to_owned() }.into();
        // One that is disabled too: its tokens and what belongs to it are still its own.
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
async fn of_a_person_and_a_program_that_want_one_name_at_the_same_moment_one_gets_it() {
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
            // A program that is put where it is already is the same program.
            let programs = created.is_ok() || put.is_ok();
            assert!(made.is_ok() != programs, "{made:?} {created:?} {put:?}");
        }
    })
    .await;
}
