//! A story through all operations and all of their refusals.

use serde_json::{Value, json};
use testkit::{Stage, Story, Telling};
use treasury::{FACE, ROOM};

use crate::harness::{CHASE, CITI, Desk, open};
use crate::shelf::day;

const NOBODYS: &str = "01kppyzd5gfmra2qsx5rkvr8wb";
const TOO_MANY: &str = "cash::everything_has_a_limit";

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_treasury() {
    let open = async |stage: &Stage<'_>| {
        let desk = open(stage).await;
        (desk.face.clone(), desk)
    };
    let routes = |face, stage: &Stage<'_>| treasury::mount(face, stage.door(&ROOM, &[])).unwrap();
    let mut story = Story::of(&ROOM, &FACE, env!("CARGO_MANIFEST_DIR")).keeps_private(&["Acme Inc.", "Operating"]);
    for operation in [
        "put_treasury_entity",
        "add_treasury_account",
        "put_treasury_rates",
        "add_flows",
        "put_recurring_flow",
        "put_pool",
        "put_exposures",
        "put_factor",
    ] {
        story = story.elsewhere(operation, "too_many", TOO_MANY);
    }
    story.tell(open, routes, async |story, desk| whole(story, desk).await).await;
}

fn usd(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "USD" })
}

fn unknown(kind: &str) -> String {
    format!("{kind}_{NOBODYS}")
}

async fn whole(story: &Telling, desk: &Desk) {
    let accounts = accounts(story, desk).await;
    rates(story).await;
    flows(story, &accounts).await;
    forecasts(story, &accounts).await;
    pools(story, desk, &accounts).await;
    risk(story).await;
    story.ask("get_positions").query("group", "entity,currency").gives(200).await;
    story.ask("get_positions").query("group", "country").refused("field_invalid").await;
}

async fn accounts(story: &Telling, desk: &Desk) -> [Value; 3] {
    let put = || {
        let body = json!({ "title": "Acme Inc.", "currency": "USD", "calendar": "united_states" });
        story.ask("put_treasury_entity").at("entity", "acme-us").body(body)
    };
    put().gives(200).await;
    put().with("title", "").refused("field_invalid").await;
    put().at("entity", "Acme US").refused("field_invalid").await;
    story.ask("list_treasury_entities").gives(200).await;
    for (path, minor) in [("cash:header", 10_000), ("cash:member", 800_000)] {
        desk.shelf.open(path, "USD");
        desk.shelf.pay(path, minor);
    }
    desk.shelf.bank(CHASE, "USD", None);
    for after in 0..30 {
        desk.shelf.tell(CHASE, &day(after).to_string(), 50_000 + 100 * after, 50_000, &[("sales", 100)]);
    }
    desk.shelf.bank(CITI, "USD", None);
    let add = |source: Value| {
        let terms = json!({ "name": "Operating", "floor": usd("0.00") });
        story.ask("add_treasury_account").body(json!({ "entity": "acme-us", "source": source, "terms": terms }))
    };
    let header = add(json!({ "ledger": "cash:header" })).gives(201).await["id"].clone();
    let member = add(json!({ "ledger": "cash:member" })).gives(201).await["id"].clone();
    let bank = add(json!({ "bank": CHASE })).shown("An account of a bank").gives(201).await["id"].clone();
    let citi = || add(json!({ "bank": CITI }));
    add(json!({ "ledger": "cash:header" })).refused("source_linked").await;
    add(json!({ "ledger": "cash:nothing" })).refused("source_unknown").await;
    citi().with("entity", "acme-eu").refused("entity_unknown").await;
    citi().with("terms", json!({ "name": "" })).refused("field_invalid").await;
    let euros = json!({ "name": "x", "floor": { "amount": "1.00", "currency": "EUR" } });
    citi().with("terms", euros.clone()).refused("currency_differs").await;
    let deep = json!({ "name": "x", "floor": usd("-1.00") });
    citi().with("terms", deep.clone()).refused("floor_below_limit").await;
    story.ask("list_treasury_accounts").gives(200).await;
    let change = |terms: Value| story.ask("change_treasury_account").at("id", &header).body(terms);
    change(json!({ "name": "Operating", "credit_rate": "2.5", "debit_rate": "9" })).gives(200).await;
    change(json!({ "name": "" })).refused("field_invalid").await;
    change(euros).refused("currency_differs").await;
    change(deep).refused("floor_below_limit").await;
    change(json!({ "name": "x" })).at("id", unknown("tacc")).refused("account_unknown").await;
    desk.caught_up().await;
    [header, member, bank]
}

async fn rates(story: &Telling) {
    let put = |csv: &str| story.ask("put_treasury_rates").body(json!({ "csv": csv }));
    let row = |row: &str| format!("base,quote,on,rate,source\n{row}\n");
    put(&row("EUR,USD,2026-01-30,1.0834,ECB")).gives(200).await;
    put(&row("EUR,USD,2026-01-30,0,ECB")).refused("rate_invalid").await;
    put(&row("USD,USD,2026-01-30,1,ECB")).refused("pair_invalid").await;
    put(&row("EUR,USD,yesterday,1,ECB")).refused("table_invalid").await;
    story.ask("put_treasury_rates").body(json!({})).refused("field_invalid").await;
    let list = || story.ask("list_treasury_rates").query("base", "EUR").query("quote", "USD");
    list().gives(200).await;
    list().query("limit", "501").refused("limit_too_large").await;
}

async fn flows(story: &Telling, [header, ..]: &[Value; 3]) {
    let flow = |account: &Value, amount: &str, currency: &str| {
        let amount = json!({ "amount": amount, "currency": currency });
        let flow = json!({ "account": account, "amount": amount, "due": "2026-02-10", "category": "rent" });
        story.ask("add_flows").body(json!({ "items": [flow] }))
    };
    let id = flow(header, "-12.00", "USD").gives(201).await["items"][0]["id"].clone();
    flow(header, "0.00", "USD").refused("field_invalid").await;
    flow(header, "1.00", "EUR").refused("currency_differs").await;
    flow(&json!(unknown("tacc")), "1.00", "USD").refused("account_unknown").await;
    let table = json!({ "csv": "account,amount,currency,due,category\nx,1.00,USD,2026-02-10,rent\n" });
    story.ask("add_flows").body(table).refused("table_invalid").await;
    story.ask("list_flows").gives(200).await;
    story.ask("list_flows").query("limit", "501").refused("limit_too_large").await;
    story.ask("list_flows").query("cursor", "x").refused("cursor_invalid").await;
    let cancel = |id: &Value| story.ask("cancel_flow").at("id", id).body(json!({}));
    cancel(&id).gives(200).await;
    cancel(&id).refused("flow_state").await;
    cancel(&json!(unknown("flow"))).refused("flow_unknown").await;
    let recurring = || {
        story.ask("put_recurring_flow").at("name", "office-rent").body(json!({
            "account": header, "amount": usd("-1.00"), "category": "rent", "start": "2026-02-01",
            "every": { "months": { "months": 1, "on": { "day": 1 } } }
        }))
    };
    recurring().gives(200).await;
    recurring().with("category", "").refused("field_invalid").await;
    recurring().with("every", json!({ "weeks": 0 })).refused("out_of_range").await;
    recurring().with("account", unknown("tacc")).refused("account_unknown").await;
    recurring().with("amount", json!({ "amount": "1.00", "currency": "EUR" })).refused("currency_differs").await;
    story.ask("list_recurring_flows").gives(200).await;
}

async fn forecasts(story: &Telling, [.., bank]: &[Value; 3]) {
    let ask = || story.ask("get_forecast");
    ask().query("account", bank).gives(200).await;
    ask().query("entity", "acme-us").query("currency", "USD").query("step", "month").gives(200).await;
    ask().refused("field_invalid").await;
    ask().query("account", unknown("tacc")).refused("account_unknown").await;
    story.ask("train_forecasts").body(json!({})).gives(200).await;
    story.ask("get_forecast_accuracy").query("account", bank).gives(200).await;
    story.ask("get_forecast_accuracy").query("account", unknown("tacc")).refused("account_unknown").await;
}

async fn pools(story: &Telling, desk: &Desk, [header, member, _]: &[Value; 3]) {
    desk.shelf.bank("bacc_01kppyzd5gfmra2qsx5rkvr8w3", "EUR", None);
    let link = |source: Value| {
        let body = json!({ "entity": "acme-us", "source": source, "terms": { "name": "Operating" } });
        story.ask("add_treasury_account").body(body)
    };
    let euro = link(json!({ "bank": "bacc_01kppyzd5gfmra2qsx5rkvr8w3" })).gives(201).await["id"].clone();
    // No bank has told a balance of it.
    let silent = link(json!({ "bank": CITI })).gives(201).await["id"].clone();
    let of = |account: &Value, rule: Value| json!({ "account": account, "rule": rule, "minimum": usd("1.00") });
    let put = |name: &str, header: &Value, members: Value| {
        story.ask("put_pool").at("pool", name).body(json!({ "header": header, "members": members }))
    };
    let target = json!({ "target": usd("1000.00") });
    put("acme", header, json!([of(member, target.clone())])).gives(200).await;
    put("acme", header, json!([])).refused("pool_of_one").await;
    put("acme", header, json!([of(header, target.clone())])).refused("member_twice").await;
    put("acme", header, json!([of(&euro, json!("zero"))])).refused("currency_differs").await;
    put("acme", header, json!([of(&json!(unknown("tacc")), json!("zero"))])).refused("account_unknown").await;
    put("No Name", header, json!([of(member, target.clone())])).refused("field_invalid").await;
    put("south", member, json!([of(header, target)])).refused("header_cycle").await;
    put("silent", header, json!([of(&silent, json!("zero"))])).gives(200).await;
    story.ask("list_pools").gives(200).await;
    let propose = |pool: &str| story.ask("propose_sweep").body(json!({ "pool": pool }));
    let id = propose("acme").gives(201).await["id"].clone();
    propose("acme").with("days", 31).refused("out_of_range").await;
    propose("nothing").refused("pool_unknown").await;
    propose("silent").refused("balance_unknown").await;
    let rejected = propose("acme").gives(201).await["id"].clone();
    story.ask("list_sweeps").gives(200).await;
    story.ask("list_sweeps").query("limit", "501").refused("limit_too_large").await;
    story.ask("list_sweeps").query("cursor", "x").refused("cursor_invalid").await;
    story.ask("get_sweep").at("id", &id).gives(200).await;
    let changed = propose("acme").gives(201).await["id"].clone();
    let maria = story.person("employee", "emp_maria");
    let decide = |operation: &str, id: &Value| story.ask(operation).at("id", id).body(json!({})).by(&maria);
    let done = decide("approve_sweep", &id).gives(200).await;
    assert_eq!((done["state"].as_str(), desk.shelf.posted("cash:member")), (Some("done"), 100_000));
    decide("approve_sweep", &id).refused("sweep_state").await;
    story.ask("approve_sweep").at("id", &changed).body(json!({})).refused("own_work").await;
    decide("approve_sweep", &changed).refused("positions_changed").await;
    decide("reject_sweep", &rejected).gives(200).await;
    decide("reject_sweep", &rejected).refused("sweep_state").await;
    listed(story, desk, header).await;
    story.all_refuse("sweep_unknown", |ask| ask.at("id", unknown("swp"))).await;
    let floor = json!({ "name": "Operating", "floor": usd("900000.00") });
    story.ask("change_treasury_account").at("id", member).body(floor).gives(200).await;
    propose("acme").with("days", 3).refused("infeasible").await;
}

/// Moves between banks are made by people.
async fn listed(story: &Telling, desk: &Desk, header: &Value) {
    let citi = story.ask("list_treasury_accounts").gives(200).await["items"][4]["id"].clone();
    desk.shelf.tell(CITI, "2026-01-30", 70_000, 70_000, &[]);
    desk.caught_up().await;
    let members = json!([{ "account": citi, "rule": "zero" }]);
    story.ask("put_pool").at("pool", "silent").body(json!({ "header": header, "members": members })).gives(200).await;
    let id = story.ask("propose_sweep").body(json!({ "pool": "silent" })).gives(201).await["id"].clone();
    let maria = story.person("employee", "emp_maria");
    let decide = |operation: &str| story.ask(operation).at("id", &id).body(json!({})).by(&maria);
    decide("finish_sweep").refused("sweep_state").await;
    assert_eq!(decide("approve_sweep").gives(200).await["state"], "executing");
    assert_eq!(decide("finish_sweep").gives(200).await["state"], "done");
}

async fn risk(story: &Telling) {
    let exposure = |factor: &str, currency: &str| {
        let amount = json!({ "amount": "250000.00", "currency": currency });
        let item = json!({ "name": "euro-receivables", "factor": factor, "amount": amount });
        story.ask("put_exposures").body(json!({ "items": [item] }))
    };
    exposure("EUR/USD", "USD").gives(200).await;
    exposure("EUR USD", "USD").refused("field_invalid").await;
    exposure("EUR/USD", "EUR").refused("currency_differs").await;
    story.ask("list_exposures").gives(200).await;
    let var = || {
        let method = json!({ "monte_carlo": { "paths": 2000, "seed": 7, "shocks": "normal" } });
        story.ask("ask_value_at_risk").body(json!({ "method": method, "confidence": 0.95, "horizon_days": 10 }))
    };
    let backtest = || {
        let body = json!({ "method": "historical", "confidence": 0.95, "window_days": 20 });
        story.ask("ask_backtest").body(body)
    };
    let put = |name: &str, csv: &str| {
        let body = json!({ "name": name, "kind": "simple", "measure": "returns", "csv": csv });
        story.ask("put_factor").body(body)
    };
    let history = |first: i64, step: usize| -> String {
        let lines = (first..first + 40).step_by(step).map(|after| format!("{},0.0{}\n", day(after), after % 7));
        format!("date,value\n{}", lines.collect::<String>())
    };
    put("EUR/USD", &history(0, 1)).gives(200).await;
    put("EUR USD", &history(0, 1)).refused("field_invalid").await;
    put("EUR/USD", "date,value\n2026-01-02,x\n").refused("table_invalid").await;
    put("EUR/USD", "date,value\n").refused("too_few").await;
    put("EUR/USD", "date,value\n2026-01-02,1\n2026-01-02,1\n").refused("series_invalid").await;
    story.ask("list_factors").gives(200).await;
    let id = var().gives(201).await["id"].clone();
    backtest().gives(201).await;
    story.ask("get_risk_run").at("id", &id).gives(200).await;
    story.ask("get_risk_run").at("id", unknown("risk")).refused("run_unknown").await;
    var().with("horizon_days", 253).refused("out_of_range").await;
    backtest().with("confidence", 1.0).refused("out_of_range").await;
    let many = json!({ "monte_carlo": { "paths": 10_000_000, "seed": 7, "shocks": "normal" } });
    var().with("method", many.clone()).refused("too_many").await;
    backtest().with("method", many).refused("field_invalid").await;
    var().with("method", "historical").with("confidence", 0.99).refused("level_outside_sample").await;
    backtest().with("confidence", 0.99).refused("level_outside_sample").await;
    backtest().with("window_days", 250).refused("too_few").await;
    var().with("method", "normal").with("window_days", 3).refused("too_few").await;
    // A day that only one of two histories has.
    put("GBP/USD", &history(0, 2)).gives(200).await;
    let items = ["EUR/USD", "GBP/USD"].map(
        |factor| json!({ "name": factor.to_lowercase().replace('/', "-"), "factor": factor, "amount": usd("1.00") }),
    );
    story.ask("put_exposures").body(json!({ "items": items })).gives(200).await;
    var().refused("series_invalid").await;
    backtest().refused("series_invalid").await;
    exposure("XAU/USD", "USD").gives(200).await;
    var().refused("factor_unknown").await;
    backtest().refused("factor_unknown").await;
}
