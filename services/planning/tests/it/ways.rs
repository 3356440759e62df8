//! The same calls in process, over HTTP/2 and over a network that loses and repeats them.

use std::sync::Arc;

use kernel::Currency;
use planning::simulation::{Settings, SimulationService};
use planning_api::*;
use testkit::{Stage, on_each_way};

use crate::harness::{Desk, open, person, usd};
use crate::simulations::{curl, question};

async fn start(stage: &Stage<'_>) -> (Arc<dyn Planning>, Desk) {
    let desk = open(stage).await;
    (desk.face.clone(), desk)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_sent_twice_has_one_effect() {
    on_each_way(&FACE, start, async |planning, desk| {
        let create = CreateHousehold {
            name: "Ann and Bob".to_owned(),
            currency: Currency::iso("USD").unwrap(),
            persons: vec![person("Ann", "1985-04")],
            owner: Some("cust_ann".to_owned()),
        };
        let home = planning.create_household(&planning.keyed(), create).await.unwrap();
        let id = home.id;
        assert_eq!(planning.household(&planning.ctx(), id).await.unwrap(), home);
        let invite = |subject: &str| Invite { household: id, subject: subject.to_owned(), role: Role::Viewer };
        assert_eq!(planning.invite(&planning.keyed(), invite("operator")).await.unwrap().members.len(), 2);
        let put = PutPersons { household: id, persons: vec![person("Bob", "1980-01")] };
        assert_eq!(planning.put_persons(&planning.keyed(), put).await.unwrap().persons[0].name, "Bob");
        let source = Source::ByHand { currency: Currency::iso("USD").unwrap() };
        let values = vec![DatedValue { on: "2026-01-30".parse().unwrap(), amount: usd(5_000) }];
        let add = AddAsset {
            household: Some(id),
            name: "cash".to_owned(),
            class: AssetClass::Cash,
            wrapper: Wrapper::Free,
            source,
            values: values.clone(),
        };
        let asset = planning.add_asset(&planning.keyed(), add).await.unwrap();
        planning.put_values(&planning.keyed(), PutValues { asset: asset.id, values }).await.unwrap();
        assert_eq!(planning.values(&planning.ctx(), asset.id).await.unwrap().items.len(), 1);
        let rename =
            ChangeAsset { id: asset.id, name: Some("box".to_owned()), class: None, wrapper: None, closed_on: None };
        let renamed = planning.change_asset(&planning.keyed(), rename).await.unwrap();
        assert_eq!(planning.asset(&planning.ctx(), asset.id).await.unwrap(), renamed);
        let of = || OfHousehold { household: Some(id) };
        assert_eq!(planning.assets(&planning.ctx(), of()).await.unwrap().items, [renamed]);
        let worth = WorthQuery { household: Some(id), from: None, to: None };
        assert_eq!(planning.net_worth(&planning.ctx(), worth).await.unwrap().days[0].total, usd(5_000));
        assert_eq!(desk.events().await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn goals_and_plans_answer_by_each_way() {
    on_each_way(&FACE, start, async |planning, desk| {
        let (_, id) = desk.household().await;
        let terms: GoalTerms = serde_json::from_value(serde_json::json!({
            "name": "roof", "kind": "purchase", "amount": { "amount": "100.00", "currency": "USD" }, "due": "2027-01",
            "monthly": { "amount": "10.00", "currency": "USD" }
        }))
        .unwrap();
        let add = AddGoal { household: Some(id), terms: terms.clone(), sources: Vec::new() };
        let goal = planning.add_goal(&planning.keyed(), add).await.unwrap();
        let change = ChangeGoal { id: goal.id, change: GoalChange::Terms(terms) };
        assert_eq!(planning.change_goal(&planning.keyed(), change).await.unwrap().terms, goal.terms);
        let of = || OfHousehold { household: Some(id) };
        assert_eq!(planning.goals(&planning.ctx(), of()).await.unwrap().items.len(), 1);
        let progress = planning.progress(&planning.ctx(), goal.id).await.unwrap();
        assert_eq!(planning.measure_goal(&planning.keyed(), goal.id).await.unwrap(), progress);
        assert_eq!(planning.goal(&planning.ctx(), goal.id).await.unwrap().track, Some(progress.track));
        let terms = PlanTerms { name: "plan".to_owned(), scenario: curl(), from_assets: false };
        let add = AddPlan { household: Some(id), terms: terms.clone() };
        let plan = planning.add_plan(&planning.keyed(), add).await.unwrap();
        let revise = RevisePlan { id: plan.id, version: 1, terms };
        assert_eq!(planning.revise_plan(&planning.keyed(), revise).await.unwrap().version, 2);
        let find = FindPlan { id: plan.id, version: Some(1) };
        assert_eq!(planning.plan(&planning.ctx(), find).await.unwrap(), plan);
        assert_eq!(planning.plans(&planning.ctx(), of()).await.unwrap().items.len(), 1);
        assert_eq!(planning.versions(&planning.ctx(), plan.id).await.unwrap().items.len(), 2);
        let erase = EraseSubject { subject: "cust_ann".to_owned() };
        planning.erase(&planning.keyed(), erase).await.unwrap();
        assert_eq!(planning.households(&planning.ctx()).await.unwrap().items[0].name, None);
        let rate = Rate {
            currency: Currency::iso("EUR").unwrap(),
            on: "2026-01-01".parse().unwrap(),
            rate: "1.1".to_owned(),
            source: "ECB".to_owned(),
        };
        planning.put_rate(&planning.keyed(), PutRate { household: id, rate }).await.unwrap();
    })
    .await;
}

async fn simulation(stage: &Stage<'_>) -> (Arc<dyn Simulation>, Arc<dyn Simulation>) {
    let service: Arc<dyn Simulation> = Arc::new(SimulationService::new(&Settings::default(), stage.clock()));
    (Arc::clone(&service), service)
}

/// On one thread and on two, in this process and in another.
#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_gives_the_same_bits_by_each_way() {
    on_each_way(&SIMULATION_FACE, simulation, async |spoken, local| {
        let ctx = spoken.ctx();
        let one = local.simulate(&ctx, curl()).await.unwrap();
        assert_eq!(spoken.simulate(&ctx, curl()).await.unwrap(), one);
        let solve: Solve = question("solve");
        assert_eq!(spoken.solve(&ctx, solve.clone()).await.unwrap(), local.solve(&ctx, solve).await.unwrap());
        let grid: Sensitivity = question("grid");
        assert_eq!(spoken.grid(&ctx, grid.clone()).await.unwrap(), local.grid(&ctx, grid).await.unwrap());
        let measure = Compare { before: curl(), after: Scenario { fees: 0.01, ..curl() } };
        let compared = spoken.measure(&ctx, measure.clone()).await.unwrap();
        assert_eq!(compared, local.measure(&ctx, measure).await.unwrap());
        assert!(compared.gain < 0.0);
        let stress = Stress { scenario: curl(), falling: Vec::new() };
        assert_eq!(spoken.stress(&ctx, stress.clone()).await.unwrap(), local.stress(&ctx, stress).await.unwrap());
    })
    .await;
}
