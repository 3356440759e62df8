//! Goals through the face: five figures, what is told once, and shares that never come to more than there is.

use planning_api::*;
use serde_json::json;

use crate::harness::{Desk, code, on_a_desk, usd};
use crate::simulations::curl;

fn terms(amount: i64, due: &str, monthly: i64) -> GoalTerms {
    let value = json!({
        "name": "roof", "kind": "purchase", "amount": usd(amount), "due": due, "monthly": usd(monthly)
    });
    serde_json::from_value(value).unwrap()
}

fn share(asset: AssetId, percent: &str) -> Share {
    Share { asset, percent: percent.parse().unwrap() }
}

async fn goal(desk: &Desk, ctx: &kernel::Ctx, terms: GoalTerms, sources: Vec<Share>) -> GoalId {
    desk.face.add_goal(ctx, AddGoal { household: None, terms, sources }).await.unwrap().id
}

async fn kinds(desk: &Desk) -> Vec<String> {
    let all = desk.events().await.into_iter().map(|event| event.event.kind);
    all.filter(|kind| kind.starts_with("planning.goal")).map(|kind| kind.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goal_has_five_figures() {
    on_a_desk(async |desk| {
        let (ann, _) = desk.household().await;
        let asset = desk.asset(&ann, AssetClass::Cash, &[("2026-01-01", 400_000)]).await;
        // 2,000 of 12,000 are there; 24 months with 500 each come to 14,000.
        let id = goal(desk, &ann, terms(1_200_000, "2028-01", 50_000), vec![share(asset, "50")]).await;
        let found = desk.face.progress(&ann, id).await.unwrap();
        assert_eq!((found.there, found.target), (usd(200_000), usd(1_200_000)));
        assert!((found.progress - 1.0 / 6.0).abs() < 1e-9);
        let needed = found.needed_monthly.unwrap().minor();
        assert!((41_000..42_300).contains(&needed), "{needed}");
        assert_eq!(found.expected.unwrap().to_string(), "2027-09");
        assert!(found.chance > 0.99 && found.track == Track::OnTrack && !found.incomplete, "{found:?}");
        let poor = goal(desk, &ann, terms(1_200_000, "2028-01", 10_000), Vec::new()).await;
        let found = desk.face.progress(&ann, poor).await.unwrap();
        assert!(found.chance < 0.01 && found.track == Track::OffTrack, "{found:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reached_and_off_track_are_told_once() {
    on_a_desk(async |desk| {
        let (ann, _) = desk.household().await;
        let asset = desk.asset(&ann, AssetClass::Cash, &[("2026-01-01", 100)]).await;
        let id = goal(desk, &ann, terms(200, "2026-06", 0), vec![share(asset, "100")]).await;
        for _ in 0..2 {
            assert_eq!(desk.face.measure_goal(&ann, id).await.unwrap().track, Track::OffTrack);
        }
        assert_eq!(kinds(desk).await, ["planning.goal.created", "planning.goal.off_track"]);
        let values = vec![DatedValue { on: "2026-01-31".parse().unwrap(), amount: usd(250) }];
        desk.face.put_values(&ann, PutValues { asset, values }).await.unwrap();
        // The daily work finds out by itself.
        desk.time.advance_millis(86_400_000);
        desk.daily().await;
        desk.face.measure_goal(&ann, id).await.unwrap();
        let told = kinds(desk).await;
        assert_eq!(told.iter().filter(|kind| *kind == "planning.goal.reached").count(), 1, "{told:?}");
        let reached = desk.face.goal(&ann, id).await.unwrap();
        assert_eq!(
            (reached.state, reached.reached_on.unwrap().to_string().as_str()),
            (GoalState::Reached, "2026-02-01")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_of_an_asset_end_at_the_whole() {
    on_a_desk(async |desk| {
        let (ann, _) = desk.household().await;
        let asset = desk.asset(&ann, AssetClass::Cash, &[("2026-01-01", 100)]).await;
        let one = goal(desk, &ann, terms(200, "2026-06", 0), vec![share(asset, "60")]).await;
        let add = |percent: &str| AddGoal {
            household: None,
            terms: terms(200, "2026-06", 0),
            sources: vec![share(asset, percent)],
        };
        assert_eq!(code(desk.face.add_goal(&ann, add("40.0001")).await), "shares_above_whole");
        let other = desk.face.add_goal(&ann, add("40")).await.unwrap().id;
        let set = |id, state| ChangeGoal { id, change: GoalChange::Become(state) };
        desk.face.change_goal(&ann, set(one, GoalState::Abandoned)).await.unwrap();
        // What an abandoned goal had is free for others, and then it cannot come back.
        let fund = ChangeGoal { id: other, change: GoalChange::Fund(vec![share(asset, "100")]) };
        desk.face.change_goal(&ann, fund).await.unwrap();
        assert_eq!(code(desk.face.change_goal(&ann, set(one, GoalState::Active)).await), "shares_above_whole");
        assert_eq!(code(desk.face.change_goal(&ann, set(other, GoalState::Spent)).await), "goal_state");
        assert_eq!(code(desk.face.change_goal(&ann, set(other, GoalState::Reached)).await), "goal_state");
    })
    .await;
}

/// The chance of a retirement is the success of the household's plan, with what the household has today.
#[tokio::test(flavor = "multi_thread")]
async fn a_retirement_goes_by_the_households_plan() {
    on_a_desk(async |desk| {
        let (ann, _) = desk.household().await;
        desk.asset(&ann, AssetClass::Stocks, &[("2026-01-01", 100_000_000)]).await;
        let scenario = Scenario { start: None, ..curl() };
        let terms = PlanTerms { name: "plan".to_owned(), scenario, from_assets: true };
        let plan = desk.face.add_plan(&ann, AddPlan { household: None, terms }).await.unwrap();
        assert!(plan.says.iter().any(|said| said.contains("household's assets")), "{:?}", plan.says);
        let retirement = GoalTerms { kind: GoalKind::Retirement, ..self::terms(100, "2050-01", 0) };
        let id = goal(desk, &ann, retirement, Vec::new()).await;
        let found = desk.face.progress(&ann, id).await.unwrap();
        assert!((0.6..0.95).contains(&found.chance), "{found:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_keeps_its_versions() {
    on_a_desk(async |desk| {
        let (ann, _) = desk.household().await;
        let terms =
            |years| PlanTerms { name: "plan".to_owned(), scenario: Scenario { years, ..curl() }, from_assets: false };
        let plan = desk.face.add_plan(&ann, AddPlan { household: None, terms: terms(30) }).await.unwrap();
        assert!(plan.says[0].contains("2026-01") && plan.says[1].contains("30 years"), "{:?}", plan.says);
        let revise = |version, years| RevisePlan { id: plan.id, version, terms: terms(years) };
        assert_eq!(desk.face.revise_plan(&ann, revise(1, 35)).await.unwrap().version, 2);
        assert_eq!(code(desk.face.revise_plan(&ann, revise(1, 40)).await), "plan_version");
        let of = async |version| {
            let found = desk.face.plan(&ann, FindPlan { id: plan.id, version }).await.unwrap();
            found.terms.unwrap().scenario.years
        };
        assert_eq!((of(Some(1)).await, of(Some(2)).await, of(None).await), (30, 35, 35));
        let versions = desk.face.versions(&ann, plan.id).await.unwrap().items;
        assert_eq!(versions.iter().map(|one| one.version).collect::<Vec<_>>(), [2, 1]);
    })
    .await;
}
