//! Two stories, each through all operations and all documented refusals of its room.

use std::sync::Arc;

use planning::simulation::{ROOM as SIMULATION_ROOM, Settings, SimulationService};
use planning_api::{FACE, SIMULATION_FACE, Simulation};
use serde_json::{Value, json};
use testkit::{Stage, Story, Telling};

use crate::harness::{Desk, SETTINGS, open};

const NOBODYS: &str = "01kppyzd5gfmra2qsx5rkvr8wb";
const TOO_MANY: &str = "households::everything_has_a_limit";

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_planning() {
    let open = async |stage: &Stage<'_>| {
        let desk = open(stage).await;
        (desk.face.clone(), desk)
    };
    let routes = |face, stage: &Stage<'_>| planning::mount(face, stage.door(&planning::ROOM, SETTINGS)).unwrap();
    let mut story = Story::of(&planning::ROOM, &FACE, env!("CARGO_MANIFEST_DIR")).keeps_private(&["Ann", "roof"]);
    for operation in [
        "create_household",
        "put_household_persons",
        "invite_household_member",
        "add_asset",
        "add_goal",
        "add_plan",
        "revise_plan",
    ] {
        story = story.elsewhere(operation, "too_many", TOO_MANY);
    }
    story.tell(open, routes, async |story, desk| whole(story, desk).await).await;
}

async fn whole(story: &Telling, desk: &Desk) {
    let household = households(story).await;
    let asset = assets(story, desk, &household).await;
    goals(story, &household, &asset).await;
    plans(story, &household).await;
    roles(story, &household).await;
    let unknown = format!("hh_{NOBODYS}");
    story.again("create_household").with("name", "Another").gives(201).await;
    for operation in ["add_asset", "add_goal", "add_plan"] {
        story.again(operation).with("household", unknown.as_str()).refused("household_unknown").await;
    }
    for operation in ["list_household_assets", "get_net_worth", "list_goals", "list_plans"] {
        story.ask(operation).query("household", &unknown).refused("household_unknown").await;
        story.ask(operation).refused("field_invalid").await;
    }
    for (code, kind) in
        [("household_unknown", "hh"), ("asset_unknown", "ast"), ("goal_unknown", "goal"), ("plan_unknown", "pln")]
    {
        story.all_refuse(code, |ask| ask.at("id", format!("{kind}_{NOBODYS}"))).await;
    }
    story.ask("erase_subject").at("subject", "cust_bob").gives(204).await;
    story.ask("erase_subject").at("subject", "no body").refused("field_invalid").await;
}

async fn households(story: &Telling) -> Value {
    let ann = json!([{ "name": "Ann", "born": "1985-04", "retires_at": 65, "until_age": 95 }]);
    let create = || {
        let body = json!({ "name": "Ann and Bob", "currency": "USD", "persons": ann, "owner": "cust_ann" });
        story.ask("create_household").body(body)
    };
    let id = create().gives(201).await["id"].clone();
    create().with("name", "").refused("field_invalid").await;
    create().with("persons", json!([{ "name": "Zoe", "born": "2026-03" }])).refused("born_later").await;
    create()
        .with("persons", json!([{ "name": "Old", "born": "1985-04", "until_age": 30 }]))
        .refused("age_invalid")
        .await;
    story.ask("list_households").gives(200).await;
    story.ask("get_household").at("id", &id).gives(200).await;
    let put = || story.ask("put_household_persons").at("id", &id).body(json!({ "persons": ann }));
    put().gives(200).await;
    put().with("persons", json!([{ "name": "", "born": "1985-04" }])).refused("field_invalid").await;
    put().with("persons", json!([{ "name": "Zoe", "born": "2026-03" }])).refused("born_later").await;
    put().with("persons", json!([{ "name": "Al", "born": "1985-04", "until_age": 121 }])).refused("age_invalid").await;
    let invite = |subject: &str| {
        let body = json!({ "subject": subject, "role": "partner" });
        story.ask("invite_household_member").at("id", &id).body(body)
    };
    invite("cust_bob").gives(201).await;
    invite("cust_bob").refused("member_known").await;
    invite("no body").refused("field_invalid").await;
    invite("story").gives(201).await;
    story.ask("accept_invitation").at("id", &id).body(json!({})).gives(200).await;
    story.again("accept_invitation").refused("member_known").await;
    let remove = |subject: &str| story.ask("remove_household_member").at("id", &id).at("subject", subject);
    remove("story").gives(204).await;
    remove("story").refused("member_unknown").await;
    remove("cust_ann").gives(204).await;
    id
}

async fn assets(story: &Telling, desk: &Desk, household: &Value) -> Value {
    desk.shelf.set("customers:ann", "cust_ann", 18_100);
    let usd = |amount: &str| json!({ "amount": amount, "currency": "USD" });
    let add = || {
        story.ask("add_asset").body(json!({
            "household": household, "name": "Our home", "class": "property", "source": { "by_hand": { "currency": "USD" } },
            "values": [{ "on": "2026-01-01", "amount": usd("320000.00") }]
        }))
    };
    let id = add().gives(201).await["id"].clone();
    add().with("name", "").refused("field_invalid").await;
    let euros = json!([{ "on": "2026-01-01", "amount": { "amount": "1.00", "currency": "EUR" } }]);
    add().with("values", euros.clone()).refused("currency_differs").await;
    let linked = |account: &str| {
        let source = json!({ "ledger": { "account": account } });
        let add = add().with("class", "cash").with("values", json!([])).with("source", source);
        add.shown("An account of the ledger")
    };
    let account = linked("customers:ann").gives(201).await["id"].clone();
    linked("customers:ann").refused("asset_double").await;
    linked("customers:nobody").refused("account_unknown").await;
    story.ask("list_household_assets").query("household", household).gives(200).await;
    story.ask("get_asset").at("id", &id).gives(200).await;
    let change = || story.ask("change_asset").at("id", &id).body(json!({ "name": "The home" }));
    change().gives(200).await;
    change().with("name", "").refused("field_invalid").await;
    let put = || {
        let values = json!([{ "on": "2026-01-31", "amount": usd("325000.00") }]);
        story.ask("put_asset_values").at("id", &id).body(json!({ "values": values }))
    };
    put().gives(200).await;
    put().with("values", json!([])).refused("field_invalid").await;
    put().with("values", euros).refused("currency_differs").await;
    put().at("id", &account).refused("asset_linked").await;
    story.ask("list_asset_values").at("id", &id).gives(200).await;
    let rate = || {
        let body = json!({ "currency": "EUR", "on": "2026-01-30", "rate": "1.0834", "source": "ECB" });
        story.ask("put_rate").at("id", household).body(body)
    };
    rate().gives(200).await;
    rate().with("rate", "0").refused("field_invalid").await;
    let worth = story.ask("get_net_worth").query("household", household).query("from", "2026-01-30").gives(200).await;
    assert_eq!(worth["days"][1]["total"]["amount"], "325181.00");
    account
}

async fn goals(story: &Telling, household: &Value, asset: &Value) {
    let terms = |amount: &str, due: &str| {
        json!({
            "name": "New roof", "kind": "purchase", "amount": { "amount": amount, "currency": "USD" }, "due": due,
            "monthly": { "amount": "250.00", "currency": "USD" }
        })
    };
    let shares = |percent: &str| json!([{ "asset": asset, "percent": percent }]);
    let add = |terms: Value| {
        let body = json!({ "household": household, "terms": terms, "sources": shares("60") });
        story.ask("add_goal").body(body)
    };
    let id = add(terms("18000.00", "2029-06")).gives(201).await["id"].clone();
    add(terms("0.00", "2029-06")).refused("field_invalid").await;
    add(terms("1.00", "2025-12")).refused("goal_in_past").await;
    let mut euros = terms("1.00", "2029-06");
    euros["amount"]["currency"] = json!("EUR");
    add(euros.clone()).refused("currency_differs").await;
    let mut heavy = terms("1.00", "2029-06");
    heavy["weights"] = json!({ "stocks": 0.9 });
    add(heavy.clone()).refused("scenario_invalid").await;
    add(terms("1.00", "2029-06")).refused("shares_above_whole").await;
    let nowhere = json!([{ "asset": format!("ast_{NOBODYS}"), "percent": "1" }]);
    add(terms("1.00", "2029-06")).with("sources", nowhere.clone()).refused("asset_unknown").await;
    story.ask("list_goals").query("household", household).gives(200).await;
    story.ask("get_goal").at("id", &id).gives(200).await;
    let change = |terms: Value| story.ask("change_goal").at("id", &id).body(terms);
    change(terms("100.00", "2029-06")).gives(200).await;
    change(terms("0.00", "2029-06")).refused("field_invalid").await;
    change(terms("1.00", "2025-12")).refused("goal_in_past").await;
    change(euros).refused("currency_differs").await;
    change(heavy).refused("scenario_invalid").await;
    let fund = |shares: Value| story.ask("fund_goal").at("id", &id).body(json!({ "sources": shares }));
    fund(shares("50")).gives(200).await;
    fund(json!([{ "asset": asset, "percent": "1" }, { "asset": asset, "percent": "2" }]))
        .refused("field_invalid")
        .await;
    fund(nowhere).refused("asset_unknown").await;
    let other = add(terms("50000.00", "2040-01")).with("sources", shares("50")).gives(201).await["id"].clone();
    fund(shares("51")).refused("shares_above_whole").await;
    story.ask("get_goal_progress").at("id", &id).gives(200).await;
    let set = |id: &Value, state: &str| story.ask("set_goal_state").at("id", id).body(json!({ "state": state }));
    set(&other, "abandoned").gives(200).await;
    set(&other, "spent").refused("goal_state").await;
    fund(shares("51")).gives(200).await;
    set(&other, "active").refused("shares_above_whole").await;
    // 90.50 of 100 are not there yet; all of the account is.
    fund(shares("100")).gives(200).await;
    story.ask("measure_goal").at("id", &id).body(json!({})).gives(200).await;
    let reached = story.ask("get_goal").at("id", &id).gives(200).await;
    assert_eq!(reached["state"], "reached");
    change(terms("100.00", "2029-06")).refused("goal_state").await;
    fund(shares("1")).refused("goal_state").await;
}

async fn plans(story: &Telling, household: &Value) {
    let scenario = json!({
        "years": 30, "start": { "amount": "600000.00", "currency": "USD" }, "weights": { "stocks": 0.6, "bonds": 0.4 },
        "policy": { "kind": "guardrails", "rate": 0.045 }
    });
    let terms = |field: &str, value: Value| {
        let mut scenario = scenario.clone();
        scenario[field] = value;
        json!({ "name": "Retirement", "scenario": scenario })
    };
    let add = |terms: Value| story.ask("add_plan").body(json!({ "household": household, "terms": terms }));
    let id = add(terms("seed", json!(7))).gives(201).await["id"].clone();
    add(json!({ "name": "", "scenario": scenario })).refused("field_invalid").await;
    add(terms("years", json!(121))).refused("scenario_invalid").await;
    add(terms("start", json!({ "amount": "1.00", "currency": "EUR" }))).refused("currency_differs").await;
    story.ask("list_plans").query("household", household).gives(200).await;
    story.ask("get_plan").at("id", &id).gives(200).await;
    let revise = |version: u32, terms: Value| {
        story.ask("revise_plan").at("id", &id).body(json!({ "version": version, "terms": terms }))
    };
    revise(1, terms("years", json!(35))).gives(200).await;
    revise(1, terms("years", json!(35))).refused("plan_version").await;
    revise(2, json!({ "name": "", "scenario": scenario })).refused("field_invalid").await;
    revise(2, terms("fees", json!(2))).refused("scenario_invalid").await;
    revise(2, terms("start", json!({ "amount": "1.00", "currency": "EUR" }))).refused("currency_differs").await;
    story.ask("get_plan").at("id", &id).query("version", "3").refused("plan_unknown").await;
    let first = story.ask("get_plan").at("id", &id).query("version", "1").gives(200).await;
    assert_eq!(first["terms"]["scenario"]["years"], 30);
    story.ask("list_plan_versions").at("id", &id).gives(200).await;
}

/// A viewer changes nothing, and the only owner stays.
async fn roles(story: &Telling, household: &Value) {
    for (subject, role) in [("cust_vera", "viewer"), ("cust_olga", "owner")] {
        let body = json!({ "subject": subject, "role": role });
        story.ask("invite_household_member").at("id", household).body(body).gives(201).await;
        let own = story.person("customer", subject);
        story.ask("accept_invitation").at("id", household).body(json!({})).by(&own).gives(200).await;
    }
    let remove = story.ask("remove_household_member").at("id", household).at("subject", "cust_olga");
    remove.refused("last_owner").await;
    let vera = story.person("customer", "cust_vera");
    story.all_refuse("role_forbids", |ask| ask.by(&vera)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_simulation() {
    let open = async |stage: &Stage<'_>| {
        let service: Arc<dyn Simulation> = Arc::new(SimulationService::new(&Settings::default(), stage.clock()));
        (service, ())
    };
    let routes =
        |face, stage: &Stage<'_>| planning::simulation::mount(face, stage.door(&SIMULATION_ROOM, &[])).unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/simulation");
    Story::of(&SIMULATION_ROOM, &SIMULATION_FACE, folder)
        .tell(open, routes, async |story, ()| questions(story).await)
        .await;
}

fn scenario() -> Value {
    json!({
        "mode": "monte_carlo", "paths": 1000, "seed": 7, "years": 5, "start": { "amount": "1000000.00", "currency": "USD" },
        "weights": { "stocks": 0.6, "bonds": 0.4 }, "policy": { "kind": "constant_real", "rate": 0.04 }
    })
}

async fn questions(story: &Telling) {
    let axis = |lever: &str, values: [f64; 2]| json!({ "lever": lever, "values": values });
    let (one, other) = (scenario(), scenario());
    let questions = [
        ("solve_scenario", json!({ "lever": "rate", "scenario": one, "success": 0.9, "high": 0.4, "tolerance": 0.01 })),
        (
            "vary_scenario",
            json!({ "scenario": one, "rows": axis("rate", [0.1, 0.2]), "columns": axis("returns", [-0.01, 0.0]) }),
        ),
        ("compare_scenarios", json!({ "before": one, "after": other })),
        ("stress_scenario", json!({ "scenario": one })),
    ];
    story.ask("simulate").body(scenario()).gives(200).await;
    for (operation, body) in &questions {
        story.ask(operation).body(body.clone()).gives(200).await;
    }
    for (code, field, value) in bad() {
        story.ask("simulate").body(scenario()).with(field, value.clone()).refused(code).await;
        for (operation, body) in &questions {
            let mut body = body.clone();
            for within in ["scenario", "before"] {
                if body[within].is_object() {
                    body[within][field] = value.clone();
                }
            }
            story.ask(operation).body(body).refused(code).await;
        }
    }
}

/// A wrong field for each refusal.
fn bad() -> Vec<(&'static str, &'static str, Value)> {
    let euros = json!([{ "amount": { "amount": "1.00", "currency": "EUR" }, "from": { "year": 0 } }]);
    let hole = json!({
        "model": { "kind": "block_bootstrap" }, "history": {
            "frequency": "yearly", "csv": "y,s,b,p\n2000,1,1,1\n2002,2,2,2\n", "date": { "date": "y" },
            "classes": [
                { "name": "stocks", "column": "s", "measure": "levels_at_end" },
                { "name": "bonds", "column": "b", "measure": "levels_at_end" }
            ],
            "prices": { "name": "prices", "column": "p", "measure": "levels_at_end" }
        }
    });
    let none = json!([[1.0, 2.0], [2.0, 1.0]]);
    vec![
        ("field_invalid", "start", Value::Null),
        ("out_of_range", "fees", json!(2)),
        ("too_few", "years", json!(0)),
        ("too_many", "paths", json!(10_000_000)),
        ("weights_sum", "weights", json!({ "stocks": 0.9 })),
        ("correlation_invalid", "market", json!({ "correlation": none })),
        ("series_invalid", "market", hole),
        ("name_unknown", "weights", json!({ "gold": 1.0 })),
        ("currency_differs", "incomes", euros),
        ("life_invalid", "people", json!([{ "born": "2030-01" }])),
    ]
}
