//! Roles: what is stored, published and refused.

use identity_api::limits;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_put_changed_and_removed_and_published() {
    testkit::for_each_way(async |store| {
        let world = World::new(store).await;
        let put = world.put_role("auditor", &["accounts:read:all", "accounts:read:all"]).await.unwrap();
        assert_eq!(put.permissions.len(), 1, "duplicates are stored once");
        assert_eq!(world.since().version, 3, "this process has the change");
        world.put_role("auditor", &["accounts:read:all", "transactions:read:all"]).await.unwrap();
        let roles = world.face.roles(&world.admin()).await.unwrap();
        let names: Vec<(&str, bool)> = roles.iter().map(|role| (role.name.as_str(), role.built_in)).collect();
        let built_in = [("customer", true), ("employee", true), ("admin", true), ("service", true)];
        assert_eq!(names, [&built_in[..], &[("auditor", false)]].concat());
        assert_eq!(roles[4].permissions.len(), 2);
        world.face.remove_role(&world.admin(), "auditor".to_owned()).await.unwrap();
        assert_eq!(world.face.roles(&world.admin()).await.unwrap().len(), 4);
        assert_eq!(world.since().version, 5);
        let changed = ("identity.role.changed".to_owned(), "auditor".to_owned());
        let removed = ("identity.role.removed".to_owned(), "auditor".to_owned());
        assert_eq!(world.events().await, [changed.clone(), changed, removed]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn putting_the_same_role_again_changes_nothing() {
    testkit::for_each_way(async |store| {
        let world = World::new(store).await;
        for _ in 0..2 {
            world.put_role("auditor", &["accounts:read:all"]).await.unwrap();
        }
        assert_eq!((world.since().version, world.events().await.len()), (3, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn built_in_roles_cannot_be_changed() {
    testkit::for_each_way(async |store| {
        let world = World::new(store).await;
        for name in ["customer", "employee", "admin", "service"] {
            let built_in = Refusal::BuiltIn { what: "role".to_owned(), name: name.to_owned() };
            assert_eq!(refused(world.put_role(name, &["*:*:*"]).await), built_in);
            assert_eq!(refused(world.face.remove_role(&world.admin(), name.to_owned()).await), built_in);
        }
        assert_eq!(world.since().version, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_roles_mistake_is_named() {
    testkit::for_each_way(async |store| {
        let world = World::new(store).await;
        for bad in ["", "Auditor", "two words", "1st", "-a", "ä", "a_b", &"a".repeat(65)] {
            assert_eq!(field(world.put_role(bad, &[]).await), "name", "{bad}");
        }
        for bad in ["two\nlines", "tab\t", &"x".repeat(513)] {
            let command = PutRole { description: bad.to_owned(), ..role("auditor", &[]) };
            assert_eq!(field(world.face.put_role(&world.admin(), command).await), "description");
        }
        assert_eq!(field(world.put_role("auditor", &["acounts:read:all"]).await), "permissions");
        assert_eq!(field(world.put_role("auditor", &["accounts:raed:all"]).await), "permissions");
        let many = vec!["accounts:read:all"; 257];
        let too_many = |what: &str, given, max| Refusal::TooMany { what: what.to_owned(), given, max };
        assert_eq!(refused(world.put_role("auditor", &many).await), too_many("permissions", 257, 256));
        let max = limits::ROLES_KEPT_MAX;
        fill(&world, max).await;
        assert_eq!(refused(world.put_role("auditor", &[]).await), too_many("roles", max + 1, max));
        assert!(world.put_role("filled-1", &["accounts:read:all"]).await.is_ok(), "an existing one can be changed");
    })
    .await;
}

async fn fill(world: &World, roles: usize) {
    let tx = world.db.begin().await.unwrap();
    for number in 0..roles {
        let name = format!("filled-{number}");
        let sql = "insert into role (name, description, permissions) values ($1, '', '[]')";
        tx.execute(sql, &[Value::Text(&name)]).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assigned_role_cannot_be_removed() {
    testkit::for_each_way(async |store| {
        let world = World::new(store).await;
        let remove = async |name: &str| world.face.remove_role(&world.admin(), name.to_owned()).await;
        assert_eq!(refused(remove("auditor").await), Refusal::not_found("role", "auditor"));
        for name in ["auditor", "teller", "robot"] {
            world.put_role(name, &["accounts:read:all"]).await.unwrap();
        }
        world.person(1, "employee", &["employee", "auditor"]).await;
        world.person(2, "employee", &["auditor"]).await;
        world.client("batch", "service", "[]", r#"["robot","auditor"]"#).await;
        let in_use = |role: &str, holders| Refusal::RoleInUse { role: role.to_owned(), holders };
        assert_eq!(refused(remove("auditor").await), in_use("auditor", 3));
        assert_eq!(refused(remove("robot").await), in_use("robot", 1));
        assert!(remove("teller").await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_not_removed_while_being_assigned() {
    use identity_api::{ChangeClient, ChangeUser, ClientChange, Clients, People, UserChange, UserId};
    testkit::for_each_way(async |store| {
        let world = World::new(store).await;
        let (at, admin, robot) = (&world.service, world.admin(), "robot".to_owned());
        world.person(1, "customer", &["customer"]).await;
        world.client("robot", "service", r#"["read:accounts"]"#, "[]").await;
        for round in 0..6 {
            let name = format!("auditor-{round}");
            world.put_role(&name, &["accounts:read:all"]).await.unwrap();
            let person = UserChange::SetRoles { roles: vec!["customer".to_owned(), name.clone()] };
            let client = ClientChange::SetRoles { roles: vec![name.clone()] };
            let (removed, given, given_too) = tokio::join!(
                at.remove_role(&admin, name.clone()),
                at.change_user(&admin, ChangeUser { id: UserId::from_bytes([1; 16]), change: person }),
                at.change_client(&admin, ChangeClient { id: robot.clone(), change: client }),
            );
            let held = given.is_ok() || given_too.is_ok();
            assert!(removed.is_ok() != held, "{removed:?} {given:?} {given_too:?}");
        }
    })
    .await;
}
