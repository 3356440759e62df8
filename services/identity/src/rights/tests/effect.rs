//! Who gains and who loses.

use identity_api::{Effect, EffectOn, TryChange};

use super::*;

async fn tried(world: &World, change: TryChange) -> Effect {
    world.face.try_change(&world.admin(), change).await.unwrap()
}

fn told(effects: &[EffectOn]) -> Vec<(&str, Vec<&str>)> {
    effects.iter().map(|one| (one.name.as_str(), one.what.iter().map(String::as_str).collect())).collect()
}

/// A customer, two employees of whom one is an auditor, an administrator, a service, and a client that users use.
async fn house(store: &TestStore) -> World {
    let world = World::new(store).await;
    world.put_role("auditor", &["transactions:read:all"]).await.unwrap();
    world.person(1, "customer", &["customer"]).await;
    world.person(2, "employee", &["employee"]).await;
    world.person(3, "employee", &["auditor"]).await;
    world.person(4, "admin", &["admin"]).await;
    world.person(5, "customer", &[]).await;
    world.client("batch", "service", r#"["read:accounts","openid"]"#, r#"["service"]"#).await;
    world.client("app", "public", r#"["openid"]"#, "[]").await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_gives_its_holders_permissions_within_the_rules() {
    testkit::for_each_way(async |store| {
        let world = house(store).await;
        let effect = tried(&world, TryChange::PutRole(role("auditor", &["accounts:read:all"]))).await;
        let within = "accounts:read:all at 09:00-17:59";
        assert_eq!(told(&effect.gains), [("employee3@example.com", vec![within])]);
        assert_eq!(told(&effect.loses), [("employee3@example.com", vec!["transactions:read:all at 09:00-17:59"])]);
        assert_eq!((effect.asked, effect.of, effect.more), (6, 6, false));
        assert_eq!((effect.gains[0].subject.as_str(), effect.gains[0].kind.as_str()), ("sub_3", "employee"));
        assert_eq!(world.since().version, 3, "nothing was changed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_a_role_removes_what_it_granted() {
    testkit::for_each_way(async |store| {
        let world = house(store).await;
        let effect = tried(&world, TryChange::RemoveRole { name: "auditor".to_owned() }).await;
        assert_eq!(told(&effect.loses), [("employee3@example.com", vec!["transactions:read:all at 09:00-17:59"])]);
        assert_eq!(effect.gains, []);
        let same = tried(&world, TryChange::PutRole(role("auditor", &["transactions:read:all"]))).await;
        assert_eq!((same.gains.len(), same.loses.len()), (0, 0));
        let nobodys = tried(&world, TryChange::PutRole(role("new", &["*:*:*"]))).await;
        assert_eq!((nobodys.gains.len(), nobodys.loses.len()), (0, 0), "nobody holds it yet");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wider_reach_lists_only_what_is_new() {
    testkit::on_sqlite(async |store| {
        let world = World::new(store).await;
        world.put_role("saver", &["accounts:read:own"]).await.unwrap();
        world.person(1, "customer", &["saver"]).await;
        let gains = async |permissions: &[&str]| {
            let effect = tried(&world, TryChange::PutRole(role("saver", permissions))).await;
            assert_eq!(effect.loses, []);
            effect.gains.into_iter().flat_map(|one| one.what).collect::<Vec<_>>()
        };
        assert_eq!(gains(&["accounts:read:all"]).await, ["accounts:read:all"]);
        assert_eq!(gains(&["accounts:*:own"]).await, ["accounts:open:own", "accounts:change:own"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policys_effect_lists_everybody_affected_and_the_times() {
    testkit::for_each_way(async |store| {
        let world = house(store).await;
        let lunch = "forbid (principal, action == Action::\"accounts:read\", resource)
            when { context.minute >= 720 && context.minute < 780 && context.weekday <= 5 };";
        let effect = tried(&world, TryChange::PutPolicy(policy("lunch", lunch))).await;
        let all = "accounts:read:all on mon-fri at 12:00-12:59";
        assert_eq!(
            told(&effect.loses),
            [
                ("batch", vec![all]),
                ("customer1@example.com", vec!["accounts:read:own on mon-fri at 12:00-12:59"]),
                ("employee2@example.com", vec![all]),
                ("admin4@example.com", vec![all]),
            ]
        );
        assert_eq!(effect.gains, []);
        world.put_policy("lunch", lunch).await.unwrap();
        let effect = tried(&world, TryChange::RemovePolicy { id: "lunch".to_owned() }).await;
        assert_eq!((effect.gains.len(), effect.loses.len()), (4, 0));
        let off = PutPolicy { enabled: false, ..policy("lunch", lunch) };
        assert_eq!(tried(&world, TryChange::PutPolicy(off)).await.gains.len(), 4, "disabled is as good as removed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_on_one_user_factor_or_client_says_so() {
    testkit::for_each_way(async |store| {
        let world = house(store).await;
        let loses = async |text: &str| {
            let effect = tried(&world, TryChange::PutPolicy(policy("one", text))).await;
            let what = effect.loses.into_iter().map(|one| (one.name, one.what.join(" + ")));
            what.collect::<Vec<_>>()
        };
        let one = |name: &str, what: &str| vec![(name.to_owned(), what.to_owned())];
        let head = "action == Action::\"books:read\", resource)";
        assert_eq!(
            loses(&format!("forbid (principal == Admin::\"sub_4\", {head};")).await,
            one("admin4@example.com", "books:read:all")
        );
        assert_eq!(
            loses(&format!("forbid (principal is Admin, {head} unless {{ principal.second_factor }};")).await,
            one("admin4@example.com", "books:read:all without a second factor")
        );
        let app = format!(
            "forbid (principal is Admin, {head} when {{ principal has client && principal.client == \"app\" }};"
        );
        assert_eq!(loses(&app).await, one("admin4@example.com", "books:read:all through app"));
        // One of two users with the same roles.
        world.person(6, "customer", &["customer"]).await;
        let ones = "forbid (principal == Customer::\"sub_6\", action == Action::\"accounts:read\", resource);";
        assert_eq!(loses(ones).await, one("customer6@example.com", "accounts:read:own"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_change_cannot_be_tried() {
    testkit::for_each_way(async |store| {
        let world = house(store).await;
        let refusal = async |change| refused(world.face.try_change(&world.admin(), change).await);
        let missing = refusal(TryChange::RemoveRole { name: "none".to_owned() }).await;
        assert_eq!(missing, Refusal::not_found("role", "none"));
        let missing = refusal(TryChange::RemovePolicy { id: "none".to_owned() }).await;
        assert_eq!(missing, Refusal::not_found("policy", "none"));
        for change in [
            TryChange::PutRole(role("admin", &[])),
            TryChange::RemoveRole { name: "admin".to_owned() },
            TryChange::PutPolicy(policy("office-hours", NO_ACCOUNTS)),
            TryChange::RemovePolicy { id: "office-hours".to_owned() },
        ] {
            assert!(matches!(refusal(change).await, Refusal::BuiltIn { .. }));
        }
        let bad = refusal(TryChange::PutPolicy(policy("bad", "permit (principal, action, resource);"))).await;
        assert!(matches!(bad, Refusal::PolicyInvalid { .. }));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_users_are_compared_once_and_the_list_is_bounded() {
    testkit::on_sqlite(async |store| {
        let world = World::new(store).await;
        let tx = world.db.begin().await.unwrap();
        for number in 0..2_500_u32 {
            let id = u128::from(number + 1).to_be_bytes();
            let name = format!("person{number}");
            let values = [Value::Bytes(&id), Value::Text(&name), Value::Text(&name), Value::Text("customer")];
            tx.execute(PERSON, &values).await.unwrap();
            tx.execute(PERSON_ROLE, &[Value::Bytes(&id), Value::Text("customer")]).await.unwrap();
        }
        tx.commit().await.unwrap();
        let effect = tried(&world, TryChange::PutPolicy(policy("closed", NO_ACCOUNTS))).await;
        assert_eq!((effect.asked, effect.of, effect.more), (2_500, 2_500, true));
        assert_eq!(effect.loses.len(), identity_api::limits::EFFECTS_MAX);
        let late = Ctx { deadline: Deadline::after_millis(&world.clock, 100), ..world.admin() };
        let cut = world.face.try_change(&late, TryChange::PutPolicy(policy("closed", NO_ACCOUNTS))).await.unwrap();
        assert!(cut.asked < cut.of, "it says how far it got: {} of {}", cut.asked, cut.of);
    })
    .await;
}
