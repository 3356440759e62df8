//! Policies: what is stored, published and refused.

use identity_api::limits;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_put_disabled_and_removed_and_published() {
    testkit::for_each_way(async |store| {
        let world = World::new(store).await;
        world.put_policy("closed", NO_ACCOUNTS).await.unwrap();
        let off = PutPolicy { enabled: false, ..policy("closed", NO_ACCOUNTS) };
        world.face.put_policy(&world.admin(), off).await.unwrap();
        let policies = world.face.policies(&world.admin()).await.unwrap();
        let told: Vec<_> = policies.iter().map(|one| (one.id.as_str(), one.enabled, one.built_in)).collect();
        let own = [("reach-all", true, true), ("own-objects", true, true), ("office-hours", true, true)];
        assert_eq!(told, [&own[..], &[("closed", false, false)]].concat());
        world.face.remove_policy(&world.admin(), "closed".to_owned()).await.unwrap();
        assert_eq!(world.face.policies(&world.admin()).await.unwrap().len(), 3);
        assert_eq!(world.since().version, 5);
        let changed = ("identity.policy.changed".to_owned(), "closed".to_owned());
        let removed = ("identity.policy.removed".to_owned(), "closed".to_owned());
        assert_eq!(world.events().await, [changed.clone(), changed, removed]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn putting_the_same_policy_again_changes_nothing() {
    testkit::for_each_way(async |store| {
        let world = World::new(store).await;
        for _ in 0..2 {
            world.put_policy("closed", NO_ACCOUNTS).await.unwrap();
        }
        assert_eq!((world.since().version, world.events().await.len()), (3, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn built_in_policies_cannot_be_changed() {
    testkit::for_each_way(async |store| {
        let world = World::new(store).await;
        for id in ["reach-all", "own-objects", "office-hours"] {
            let built_in = Refusal::BuiltIn { what: "policy".to_owned(), name: id.to_owned() };
            assert_eq!(refused(world.put_policy(id, NO_ACCOUNTS).await), built_in);
            assert_eq!(refused(world.face.remove_policy(&world.admin(), id.to_owned()).await), built_in);
        }
        let missing = world.face.remove_policy(&world.admin(), "closed".to_owned()).await;
        assert_eq!(refused(missing), Refusal::not_found("policy", "closed"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unusable_policy_is_never_stored() {
    testkit::for_each_way(async |store| {
        let world = World::new(store).await;
        for (bad, said) in [
            ("forbid (principal", "unexpected end"),
            ("permit (principal, action, resource);", "granted by roles"),
            ("forbid (principal, action == Action::\"acounts:read\", resource);", "acounts:read"),
            ("forbid (principal, action, resource) when { principal.height > 3 };", "height"),
        ] {
            for enabled in [true, false] {
                let command = PutPolicy { enabled, ..policy("bad", bad) };
                match refused(world.face.put_policy(&world.admin(), command).await) {
                    Refusal::PolicyInvalid { detail } => assert!(detail.contains(said), "{bad}: {detail}"),
                    other => panic!("{other:?}"),
                }
            }
        }
        for bad in ["", "Closed", "two words"] {
            assert_eq!(field(world.put_policy(bad, NO_ACCOUNTS).await), "id");
        }
        let long = format!("{NO_ACCOUNTS}{}", " ".repeat(limits::POLICY_BYTES_MAX));
        assert_eq!(field(world.put_policy("closed", &long).await), "text");
        let command = PutPolicy { description: "two\nlines".to_owned(), ..policy("closed", NO_ACCOUNTS) };
        assert_eq!(field(world.face.put_policy(&world.admin(), command).await), "description");
        assert_eq!((world.since().version, world.events().await.len()), (2, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_policies_is_bounded() {
    testkit::for_each_way(async |store| {
        let world = World::new(store).await;
        let max = limits::POLICIES_MAX;
        let tx = world.db.begin().await.unwrap();
        for number in 0..max {
            let id = format!("filled-{number}");
            let sql = "insert into policy (id, description, text, enabled) values ($1, '', $2, 0)";
            tx.execute(sql, &[Value::Text(&id), Value::Text(NO_ACCOUNTS)]).await.unwrap();
        }
        tx.commit().await.unwrap();
        let too_many = Refusal::TooMany { what: "policies".to_owned(), given: max + 1, max };
        assert_eq!(refused(world.put_policy("closed", NO_ACCOUNTS).await), too_many);
        assert!(world.put_policy("filled-1", NO_ACCOUNTS).await.is_ok());
    })
    .await;
}
