//! Bad input: each is a named refusal with its field.

use std::sync::Arc;

use kernel::{Ctx, Deadline, Principal};
use planning::simulation::{Settings, SimulationService};
use planning_api::*;
use platform::error::Refusal as _;
use serde_json::{Value, json};
use testkit::FakeClock;

async fn refused(field: &str, value: Value) -> (&'static str, String) {
    let mut all = json!({
        "paths": 100, "years": 10, "start": { "amount": "1000.00", "currency": "USD" }, "starts_on": "2026-01",
        "weights": { "stocks": 0.6, "bonds": 0.4 }, "policy": { "kind": "constant_real", "rate": 0.04 }
    });
    all[field] = value.clone();
    let scenario: Scenario = serde_json::from_value(all).unwrap();
    let clock = FakeClock::default();
    let service = SimulationService::new(&Settings::default(), Arc::new(clock.clone()));
    let deadline = Deadline::after_millis(&clock, 60_000);
    let principal = Principal::operator();
    let ctx = Ctx { principal, deadline, request_id: "req-1".into(), idempotency_key: None };
    match service.simulate(&ctx, scenario).await {
        Err(error) => {
            let refusal = error.refusal().unwrap_or_else(|| panic!("{field} {value}: {error}"));
            (refusal.code(), refusal.field().unwrap().into_owned())
        }
        Ok(_) => panic!("expected a refusal of {field} {value}"),
    }
}

fn history(csv: &str) -> Value {
    let column = |name: &str, column: &str| json!({ "name": name, "column": column, "measure": "levels_at_end" });
    json!({
        "model": { "kind": "block_bootstrap", "periods": 1 }, "history": {
            "frequency": "monthly", "csv": csv, "date": { "date": "m" },
            "classes": [column("stocks", "s"), column("bonds", "b")], "prices": column("prices", "p")
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_scenario_is_refused_by_name_and_field() {
    let usd = |amount: &str| json!({ "amount": amount, "currency": "USD" });
    let born = |born: &str| json!([{ "born": born }]);
    let table = |ages: [u16; 2]| {
        let rows = ages.map(|age| json!({ "age": age, "chance": 0.01 }));
        json!([{ "born": "1960-01", "table": rows }])
    };
    let three = |value: f64| {
        json!({ "correlation": [[1.0, value, 0.0], [0.2, 1.0, 0.0], [0.0, 0.0, 1.0]],
        "classes": [{ "name": "stocks", "mean": 0.07, "volatility": 0.17 }, { "name": "bonds", "mean": 0.03, "volatility": 0.07 }] })
    };
    let mean = |mean: f64| {
        json!({ "classes": [
            { "name": "stocks", "mean": mean, "volatility": 0.17 }, { "name": "bonds", "mean": 0.03, "volatility": 0.07 }
        ] })
    };
    let euros = json!([{ "amount": { "amount": "1.00", "currency": "EUR" }, "from": { "year": 0 } }]);
    for (field, value, code, at) in [
        ("people", born("2026-02"), "life_invalid", "people[0].born"),
        ("people", json!([{ "born": "1960-01", "until_age": 60 }]), "life_invalid", "people[0].until_age"),
        ("people", table([66, 68]), "life_invalid", "people[0].table"),
        ("years", json!(0), "too_few", "years"),
        ("years", json!(121), "too_many", "years"),
        ("weights", json!({ "stocks": 0.5, "bonds": 0.4 }), "weights_sum", "weights"),
        ("weights", json!({ "stocks": 0.7, "bonds": 0.4 }), "weights_sum", "weights"),
        ("weights", json!({ "stocks": 1.1, "bonds": -0.1 }), "out_of_range", "weights.bonds"),
        ("policy", json!({ "kind": "constant_real", "rate": -1 }), "out_of_range", "policy.rate"),
        ("policy", json!({ "kind": "constant_real", "rate": 10 }), "out_of_range", "policy.rate"),
        ("market", mean(-1.0), "out_of_range", "market.classes.mean"),
        ("market", mean(10.0), "out_of_range", "market.classes.mean"),
        ("market", three(0.3), "correlation_invalid", "market.correlation"),
        ("market", three(1.2), "correlation_invalid", "market.correlation"),
        ("market", json!({ "correlation": [[1.0]] }), "correlation_invalid", "market.correlation"),
        ("market", history("m,s,b,p\n2000-01,1,1,1\n2000-02,1,1,0\n"), "series_invalid", "market.history"),
        ("market", history("m,s,b,p\n2000-01,1,1,1\n2000-03,1,1,1\n"), "series_invalid", "market.history"),
        ("market", history("m,s,b,p\n2000-01,1,1,1\n2000-01,1,1,1\n"), "series_invalid", "market.history"),
        ("market", history("m,s,b,p\n2000-02,1,1,1\n2000-01,1,1,1\n"), "series_invalid", "market.history"),
        ("market", history("m,s,b,p\n2000-01,NaN,1,1\n2000-02,1,1,1\n"), "series_invalid", "market.history"),
        ("market", history("m,s,p\n2000-01,1,1\n2000-02,1,1\n"), "name_unknown", "market.history"),
        ("paths", json!(10_000_000), "too_many", "paths"),
        ("paths", json!(0), "too_few", "paths"),
        ("incomes", euros, "currency_differs", "incomes"),
        ("fees", json!(1.0), "out_of_range", "fees"),
        ("retirement", json!({ "date": "2025-12" }), "field_invalid", "retirement"),
        ("retirement", json!({ "year": 99 }), "too_many", "retirement"),
        ("target", json!({ "at": { "date": "2026-01" }, "amount": usd("1.00") }), "field_invalid", "target.at"),
        ("start", usd("-1.00"), "out_of_range", "start"),
    ] {
        assert_eq!(refused(field, value.clone()).await, (code, at.to_owned()), "{field}: {value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn retirement_before_birth_is_refused() {
    let mut all = json!({ "people": [{ "born": "1960-01" }], "retirement": { "date": "1959-12" } });
    let (people, retirement) = (all["people"].take(), all["retirement"].take());
    let scenario = json!({
        "years": 10, "start": { "amount": "1.00", "currency": "USD" }, "weights": { "cash": 1.0 },
        "policy": { "kind": "constant_real", "rate": 0.04 }, "people": people, "retirement": retirement
    });
    let scenario: Scenario = serde_json::from_value(scenario).unwrap();
    let clock = FakeClock::default();
    let service = SimulationService::new(&Settings::default(), Arc::new(clock.clone()));
    let deadline = Deadline::after_millis(&clock, 60_000);
    let principal = Principal::operator();
    let ctx = Ctx { principal, deadline, request_id: "req-1".into(), idempotency_key: None };
    let refused = service.simulate(&ctx, scenario).await.unwrap_err();
    assert_eq!((refused.code(), refused.refusal().unwrap().field().as_deref()), ("life_invalid", Some("retirement")));
}
