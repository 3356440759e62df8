//! Questions about scenarios: what people ask first, threads, deadlines, and windows of a history.

use std::sync::Arc;

use kernel::{Clock, Ctx, Deadline, Principal, SystemClock};
use planning::simulation::{Settings, SimulationService};
use planning_api::*;
use serde::de::DeserializeOwned;
use serde_json::json;
use testkit::FakeClock;

/// What 4 % for thirty years comes to, with fewer paths.
pub(crate) fn curl() -> Scenario {
    scenario(json!({}))
}

fn scenario(changes: serde_json::Value) -> Scenario {
    let mut all = json!({
        "mode": "monte_carlo", "paths": 2000, "seed": 7, "years": 30, "start": { "amount": "1000000.00", "currency": "USD" },
        "weights": { "stocks": 0.6, "bonds": 0.4 }, "policy": { "kind": "constant_real", "rate": 0.04 }
    });
    for (name, value) in changes.as_object().unwrap() {
        all[name] = value.clone();
    }
    serde_json::from_value(all).unwrap()
}

/// A question about the first scenario.
pub(crate) fn question<T: DeserializeOwned>(kind: &str) -> T {
    let scenario = serde_json::to_value(curl()).unwrap();
    serde_json::from_value(match kind {
        "solve" => json!({ "scenario": scenario, "lever": "rate", "success": 0.9 }),
        _ => json!({
            "scenario": scenario, "rows": { "lever": "rate", "values": [0.03, 0.05] },
            "columns": { "lever": "retirement", "values": [0.0, 5.0] }
        }),
    })
    .unwrap()
}

fn service(clock: Arc<dyn Clock>, threads: usize) -> SimulationService {
    SimulationService::new(&Settings { threads, waiting_max: 64 }, clock)
}

fn ctx(clock: &dyn Clock, millis: u64) -> Ctx {
    let deadline = Deadline::after_millis(clock, millis);
    Ctx { principal: Principal::operator(), deadline, request_id: "req-1".into(), idempotency_key: None }
}

async fn simulate(scenario: Scenario) -> Result<Futures, SimulationError> {
    let clock = FakeClock::default();
    service(Arc::new(clock.clone()), 2).simulate(&ctx(&clock, 60_000), scenario).await
}

#[tokio::test(flavor = "multi_thread")]
async fn four_percent_for_thirty_years() {
    let found = simulate(curl()).await.unwrap();
    assert_eq!((found.paths, found.asked, found.fan.len()), (2_000, 2_000, 30));
    assert!((0.6..0.95).contains(&found.success), "{}", found.success);
    assert!(found.assumes[0].contains("2026-01"), "{:?}", found.assumes);
    let failed: u32 = found.fan.iter().map(|year| year.failed).sum();
    assert_eq!(found.successes + failed as usize, 2_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn threads_do_not_change_an_answer() {
    let clock = FakeClock::default();
    let of = |threads| service(Arc::new(clock.clone()), threads);
    let one = of(1).simulate(&ctx(&clock, 60_000), curl()).await.unwrap();
    assert_eq!(of(2).simulate(&ctx(&clock, 60_000), curl()).await.unwrap(), one);
}

/// More wealth, less spending or higher returns never lower the success of a constant policy on the same paths.
#[tokio::test(flavor = "multi_thread")]
async fn less_spending_and_higher_returns_never_hurt() {
    let success = async |changes| simulate(scenario(changes)).await.unwrap().success;
    let base = success(json!({})).await;
    let less = success(json!({ "policy": { "kind": "constant_real", "rate": 0.035 } })).await;
    let higher = success(json!({ "overlays": [{ "shift": { "yearly": 0.01 } }] })).await;
    assert!(less > base && higher > base, "{base} {less} {higher}");
}

/// A run that time ends has done its first chunks, and says how many.
#[tokio::test(flavor = "multi_thread")]
async fn a_short_deadline_gives_the_paths_that_were_done() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let long = Scenario { paths: Some(1_000_000), steps: Steps::Monthly, ..curl() };
    let found = service(Arc::clone(&clock), 1).simulate(&ctx(&*clock, 4_000), long.clone()).await.unwrap();
    assert!(found.paths < 1_000_000 && found.paths % 1_000 == 0 && found.asked == 1_000_000, "{}", found.paths);
    let whole = simulate(Scenario { paths: Some(u32::try_from(found.paths).unwrap()), ..long.clone() }).await.unwrap();
    assert_eq!((whole.success, whole.fan), (found.success, found.fan));
    // A question of several runs has no answer from parts of them.
    let compare = Compare { before: long.clone(), after: long };
    let late = service(Arc::clone(&clock), 1).measure(&ctx(&*clock, 1_500), compare).await.unwrap_err();
    assert_eq!(late.code(), "deadline_exceeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_waiting_questions_than_allowed_are_refused() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let service = Arc::new(SimulationService::new(&Settings { threads: 1, waiting_max: 1 }, Arc::clone(&clock)));
    let long = || Scenario { paths: Some(1_000_000), steps: Steps::Monthly, ..curl() };
    let asked = |_| {
        let (service, clock) = (Arc::clone(&service), Arc::clone(&clock));
        tokio::spawn(async move { service.simulate(&ctx(&*clock, 1_500), long()).await })
    };
    let asked: Vec<_> = (0..6).map(asked).collect();
    let mut codes = Vec::new();
    for one in asked {
        codes.extend(one.await.unwrap().err().map(|error| error.code()));
    }
    assert!(codes.contains(&"overloaded"), "{codes:?}");
}

fn history() -> serde_json::Value {
    let returns = [0.2, -0.3, 0.1, 0.15, 0.05, -0.1, 0.25, 0.08];
    let rows: String =
        returns.iter().enumerate().map(|(place, one)| format!("{};{one};0.02\n", 2_000 + place)).collect();
    json!({
        "history": {
            "frequency": "yearly", "csv": format!("year;all;cpi\n{rows}"), "date": { "date": "year" },
            "classes": [{ "name": "all", "column": "all", "measure": "returns" }],
            "prices": { "name": "prices", "column": "cpi", "measure": "returns" }
        }
    })
}

/// Each start that fits is a window; the one that begins with the fall is the worst.
#[tokio::test(flavor = "multi_thread")]
async fn windows_of_a_history_are_one_path_each() {
    let asked = json!({
        "mode": "historical", "years": 3, "weights": { "all": 1.0 }, "market": history(),
        "policy": { "kind": "constant_real", "rate": 0.3 }
    });
    let found = simulate(scenario(asked)).await.unwrap();
    let windows = found.windows.unwrap();
    assert_eq!((found.paths, windows.count, windows.worst_start.to_string().as_str()), (6, 6, "2001-01-01"));
    // By hand: 1 / (1 + 1.02 / 0.7 + 1.02^2 / (0.7 x 1.1)) of the worst window.
    let expected = 1.0 / (1.0 + 1.02 / 0.7 + 1.02 * 1.02 / (0.7 * 1.1));
    assert!((windows.highest_rate.unwrap() - expected).abs() < 1e-12, "{windows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_of_a_history_are_drawn() {
    let mut market = history();
    market["model"] = json!({ "kind": "block_bootstrap", "periods": 2 });
    let asked = json!({ "weights": { "all": 1.0 }, "market": market });
    let found = simulate(scenario(asked)).await.unwrap();
    assert_eq!((found.paths, found.windows), (2_000, None));
    assert!(found.assumes.iter().any(|said| said.contains("blocks")), "{:?}", found.assumes);
}

#[tokio::test(flavor = "multi_thread")]
async fn examples_are_three_paths_with_each_years_figures() {
    let found = simulate(scenario(json!({ "examples": true }))).await.unwrap();
    let better: Vec<f64> = found.examples.iter().map(|one| one.better_than).collect();
    assert_eq!((better, found.examples[0].years.len()), (vec![0.1, 0.5, 0.9], 30));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_without_an_answer_says_why() {
    let clock = FakeClock::default();
    let service = service(Arc::new(clock.clone()), 2);
    let solve = |low: f64, high: f64| Solve { low: Some(low), high: Some(high), ..question("solve") };
    let asked = async |low, high| service.solve(&ctx(&clock, 60_000), solve(low, high)).await.unwrap();
    let found = asked(0.0, 0.2).await;
    assert_eq!(found.verdict, Verdict::Found);
    assert!(found.success >= 0.9 && (0.02..0.05).contains(&found.value.unwrap()), "{found:?}");
    assert_eq!(asked(0.1, 0.2).await.verdict, Verdict::Never);
    assert_eq!(asked(0.0, 0.01).await.verdict, Verdict::Always);
}

/// The money of a start in the past is that of its month.
#[tokio::test(flavor = "multi_thread")]
async fn ages_and_dates_are_steps_of_the_plan() {
    let asked = scenario(json!({
        "mode": "deterministic", "starts_on": "2020-01", "years": 10, "weights": { "cash": 1.0 },
        "people": [{ "born": "1960-01" }], "retirement": { "age": { "person": 0, "years": 65 } },
        "market": { "classes": [{ "name": "cash", "mean": 0.0, "volatility": 0.0 }], "inflation": { "mean": 0.0, "volatility": 0.0 } },
        "start": { "amount": "100.00", "currency": "USD" }, "phases": [{ "from": "retirement", "spending": { "amount": "10.00", "currency": "USD" } }],
        "policy": { "kind": "constant_real" }
    }));
    let found = simulate(asked).await.unwrap();
    assert_eq!(found.money_of.to_string(), "2020-01");
    let real: Vec<i64> = found.fan.iter().map(|year| year.real.p50.minor()).collect();
    assert_eq!(real, [10_000, 10_000, 10_000, 10_000, 10_000, 9_000, 8_000, 7_000, 6_000, 5_000]);
}
