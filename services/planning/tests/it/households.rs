//! Who sees a household, what ends when they leave, and what an erasure leaves.

use planning_api::*;

use crate::harness::{code, on_a_desk, person, usd};
use crate::simulations::curl;

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_member_sees_nothing_until_accepting() {
    on_a_desk(async |desk| {
        let (ann, id) = desk.household().await;
        let bob = desk.customer("cust_bob");
        assert_eq!(code(desk.face.accept(&bob, id).await), "household_unknown");
        let invite = Invite { household: id, subject: "cust_bob".to_owned(), role: Role::Partner };
        desk.face.invite(&ann, invite).await.unwrap();
        assert_eq!(code(desk.face.household(&bob, id).await), "household_unknown");
        let list = desk.face.households(&bob).await.unwrap();
        assert_eq!((list.items.len(), list.invitations[0].household), (0, id));
        desk.face.accept(&bob, id).await.unwrap();
        assert_eq!(desk.face.households(&bob).await.unwrap().items.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_member_sees_ends_at_once() {
    on_a_desk(async |desk| {
        let (ann, id) = desk.household().await;
        let asset = desk.asset(&ann, AssetClass::Cash, &[("2026-01-01", 100)]).await;
        let bob = desk.joined(&ann, id, "cust_bob", Role::Partner).await;
        desk.face.asset(&bob, asset).await.unwrap();
        let leave = RemoveMember { household: id, subject: "cust_bob".to_owned() };
        desk.face.remove_member(&bob, leave).await.unwrap();
        assert_eq!(code(desk.face.asset(&bob, asset).await), "asset_unknown");
        assert_eq!(code(desk.face.household(&bob, id).await), "household_unknown");
        let query = WorthQuery { household: Some(id), from: None, to: None };
        assert_eq!(code(desk.face.net_worth(&bob, query).await), "household_unknown");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_may_do_its_own() {
    on_a_desk(async |desk| {
        let (ann, id) = desk.household().await;
        for (role, changes) in [(Role::Partner, true), (Role::Adviser, false), (Role::Viewer, false)] {
            let name: &str = role.into();
            let member = desk.joined(&ann, id, &format!("cust_{name}"), role).await;
            let add = AddAsset {
                household: None,
                name: "box".to_owned(),
                class: AssetClass::Cash,
                wrapper: Wrapper::Free,
                source: Source::ByHand { currency: usd(0).currency() },
                values: Vec::new(),
            };
            let added = desk.face.add_asset(&member, add).await;
            assert_eq!(added.as_ref().err().map(|error| error.code()), (!changes).then_some("role_forbids"));
            let invite = Invite { household: id, subject: "cust_eve".to_owned(), role: Role::Viewer };
            assert_eq!(code(desk.face.invite(&member, invite).await), "role_forbids");
            desk.face.assets(&member, OfHousehold { household: None }).await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_households_objects_do_not_exist() {
    on_a_desk(async |desk| {
        let (ann, id) = desk.household().await;
        let asset = desk.asset(&ann, AssetClass::Cash, &[]).await;
        let terms = PlanTerms { name: "plan".to_owned(), scenario: curl(), from_assets: false };
        let plan = desk.face.add_plan(&ann, AddPlan { household: None, terms }).await.unwrap().id;
        let eve = desk.customer("cust_eve");
        assert_eq!(code(desk.face.household(&eve, id).await), "household_unknown");
        assert_eq!(code(desk.face.asset(&eve, asset).await), "asset_unknown");
        assert_eq!(code(desk.face.plan(&eve, FindPlan { id: plan, version: None }).await), "plan_unknown");
        assert_eq!(desk.face.households(&eve).await.unwrap().items, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_household_answers() {
    on_a_desk(async |desk| {
        let (ann, _) = desk.household().await;
        let all = || OfHousehold { household: None };
        assert_eq!(desk.face.assets(&ann, all()).await.unwrap().items, []);
        assert_eq!(desk.face.goals(&ann, all()).await.unwrap().items, []);
        assert_eq!(desk.face.plans(&ann, all()).await.unwrap().items, []);
        let query = WorthQuery { household: None, from: None, to: None };
        let worth = desk.face.net_worth(&ann, query).await.unwrap();
        assert_eq!((worth.days[0].total, worth.lines.len(), worth.days[0].incomplete), (usd(0), 0, false));
    })
    .await;
}

/// Her names, births, goals and plans are gone; what Bob wrote is there, and the amounts are. Bob is the owner now.
#[tokio::test(flavor = "multi_thread")]
async fn erasing_one_member_leaves_the_others_household_whole() {
    on_a_desk(async |desk| {
        let (ann, id) = desk.household().await;
        let bob = desk.joined(&ann, id, "cust_bob", Role::Partner).await;
        let of_bob = Person { subject: Some("cust_bob".to_owned()), ..person("Bob", "1980-01") };
        let persons = vec![person("Ann", "1985-04"), of_bob.clone()];
        desk.face.put_persons(&ann, PutPersons { household: id, persons }).await.unwrap();
        let hers = desk.asset(&ann, AssetClass::Cash, &[("2026-01-01", 100)]).await;
        let his = desk.asset(&bob, AssetClass::Cash, &[("2026-01-01", 20)]).await;
        let terms = || PlanTerms { name: "plan".to_owned(), scenario: curl(), from_assets: false };
        let plan = desk.face.add_plan(&ann, AddPlan { household: None, terms: terms() }).await.unwrap().id;
        desk.face.revise_plan(&bob, RevisePlan { id: plan, version: 1, terms: terms() }).await.unwrap();
        let erase = EraseSubject { subject: "cust_ann".to_owned() };
        assert_eq!(code(desk.face.erase(&bob, erase.clone()).await), "forbidden");
        desk.face.erase(&desk.operator(), erase).await.unwrap();
        assert_eq!(code(desk.face.household(&ann, id).await), "household_unknown");
        let home = desk.face.household(&bob, id).await.unwrap();
        assert_eq!((home.name, home.persons, home.members[0].role), (None, vec![of_bob], Role::Owner));
        assert_eq!(desk.face.asset(&bob, hers).await.unwrap().name, None);
        assert_eq!(desk.face.asset(&bob, his).await.unwrap().name.as_deref(), Some("something"));
        assert_eq!(desk.total(&bob, "2026-01-31").await, 120);
        let version =
            async |version| desk.face.plan(&bob, FindPlan { id: plan, version: Some(version) }).await.unwrap();
        assert_eq!((version(1).await.terms, version(2).await.terms), (None, Some(terms())));
        // Nobody seals anything under her key again.
        assert_eq!(
            code(
                desk.face.put_persons(&bob, PutPersons { household: id, persons: vec![person("A", "1985-04")] }).await
            ),
            "forbidden"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_births_are_in_no_event_and_no_open_column() {
    on_a_desk(async |desk| {
        let ann = desk.customer("cust_ann");
        let command = CreateHousehold {
            name: "PLANTED HOME".to_owned(),
            currency: usd(0).currency(),
            persons: vec![person("PLANTED NAME", "1911-11")],
            owner: None,
        };
        desk.face.create_household(&ann, command).await.unwrap();
        let asset = desk.asset(&ann, AssetClass::Cash, &[("2026-01-01", 123_456_789)]).await;
        let values = vec![DatedValue { on: "2026-01-02".parse().unwrap(), amount: usd(987_654_321) }];
        desk.face.put_values(&ann, PutValues { asset, values }).await.unwrap();
        let told = serde_json::to_string(&desk.events().await).unwrap();
        assert!(!told.contains("PLANTED") && !told.contains("987654321") && !told.contains("9876543.21"), "{told}");
        if let Some(file) = desk.db.file() {
            let bytes = ["", "-wal"].map(|end| std::fs::read(format!("{}{end}", file.display())).unwrap_or_default());
            let found = |word: &[u8]| bytes.iter().any(|bytes| bytes.windows(word.len()).any(|part| part == word));
            assert!(found(b"household") && !found(b"PLANTED") && !found(b"1911-11"));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_has_a_limit() {
    on_a_desk(async |desk| {
        let (ann, id) = desk.household().await;
        let persons = |count: usize| vec![person("Ann", "1985-04"); count];
        let put = PutPersons { household: id, persons: persons(limits::PERSONS_MAX + 1) };
        assert_eq!(code(desk.face.put_persons(&ann, put).await), "too_many");
        for number in 1..=limits::MEMBERS_MAX {
            let invite = Invite { household: id, subject: format!("cust_{number}"), role: Role::Viewer };
            let invited = desk.face.invite(&ann, invite).await;
            assert_eq!(invited.is_ok(), number < limits::MEMBERS_MAX);
        }
        for _ in 0..limits::ASSETS_MAX {
            desk.asset(&ann, AssetClass::Cash, &[]).await;
        }
        let add = AddAsset {
            household: None,
            name: "one more".to_owned(),
            class: AssetClass::Cash,
            wrapper: Wrapper::Free,
            source: Source::ByHand { currency: usd(0).currency() },
            values: Vec::new(),
        };
        assert_eq!(code(desk.face.add_asset(&ann, add).await), "too_many");
        let terms =
            PlanTerms { name: "plan".to_owned(), scenario: Scenario { years: 1, ..curl() }, from_assets: false };
        for number in 0..=limits::PLANS_MAX {
            let added = desk.face.add_plan(&ann, AddPlan { household: None, terms: terms.clone() }).await;
            assert_eq!(added.is_ok(), number < limits::PLANS_MAX);
        }
    })
    .await;
}
