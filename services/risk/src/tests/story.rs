//! Every operation of risk, told once: what it gives, what it refuses, and who may ask.

use kernel::Clock;
use risk_api::FACE;
use serde_json::{Value, json};
use testkit::{Story, Telling};

use super::harness::{Own, open};
use super::models::candidate;
use crate::{ROOM, http};

const NO_RULES: &str = "rules_01kppyzd5gfmra2qsx5rkvr8wb";
const NO_MODEL: &str = "model_01kppyzd5gfmra2qsx5rkvr8wb";
const NO_JOB: &str = "job_01kppyzd5gfmra2qsx5rkvr8wb";
const NO_CASE: &str = "case_01kppyzd5gfmra2qsx5rkvr8wb";

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_risk() {
    Story::of(&ROOM, &FACE, env!("CARGO_MANIFEST_DIR"))
        .keeps_private(&["tok_7f2c91", "shop_17"])
        .elsewhere("backtest", "job_running", "job_running")
        .elsewhere("train_model", "job_running", "job_running")
        .tell(open, |risk, _| http::routes(risk), whole)
        .await;
}

async fn whole(story: &Telling, own: &Own) {
    rules(story).await;
    decisions(story, own).await;
    lists(story).await;
    cases(story).await;
    models(story, own).await;
    reports(story).await;
}

fn subject(id: &str, amount: &str, at: &str) -> Value {
    json!({
        "id": id, "kind": "card_authorization", "at": at, "amount": { "amount": amount, "currency": "EUR" },
        "card": "tok_7f2c91", "merchant": "shop_17", "terminal": "term_17_2", "category": "5411", "country": "DE",
        "channel": "contactless", "zone": "Europe/Berlin"
    })
}

async fn decisions(story: &Telling, own: &Own) {
    let at = own.time.now().to_string();
    let one = |id: &str, amount: &str| json!({ "subjects": [subject(id, amount, &at)] });
    story.ask("decide").body(one("auth-1", "12.30")).gives(200).await;
    let large = story.ask("decide").body(one("auth-2", "900.00")).shown("One that somebody looks at").gives(200).await;
    assert_eq!(large["items"][0]["assessment"]["outcome"], "review");
    let many: Vec<Value> =
        (0..1_001).map(|number| json!({ "id": format!("s{number}"), "kind": "login", "at": at })).collect();
    story.ask("decide").body(json!({ "subjects": many })).refused("too_many").await;

    let told = story.ask("get_decision").at("id", "auth-2").gives(200).await;
    assert_eq!(told["assessment"], large["items"][0]["assessment"]);
    story.ask("get_decision").at("id", "nobody").refused("not_found").await;
    story.ask("get_entity").at("kind", "card").at("id", "tok_7f2c91").gives(200).await;

    let label = |id: &str| json!({ "id": id, "verdict": "fraud", "source": "dispute" });
    story.ask("give_feedback").body(json!({ "labels": [label("auth-1"), label("later-1")] })).gives(200).await;
    let labels: Vec<Value> = (0..1_001).map(|number| label(&format!("s{number}"))).collect();
    story.ask("give_feedback").body(json!({ "labels": labels })).refused("too_many").await;

    let rule = |when: &str| json!({ "id": "one", "text": "A large amount", "when": when, "action": "review" });
    story.ask("try_rule").body(json!({ "rule": rule("amount > 500.0"), "decision": "auth-2" })).gives(200).await;
    story
        .ask("try_rule")
        .body(json!({ "rule": rule("amount >"), "decision": "auth-2" }))
        .refused("field_invalid")
        .await;
    story.ask("try_rule").body(json!({ "rule": rule("true"), "decision": "nobody" })).refused("not_found").await;
}

async fn rules(story: &Telling) {
    let rule = json!({ "id": "large", "text": "A large amount", "when": "amount > 500.0", "action": "review" });
    let draft = |rules: Value| json!({ "kinds": ["card_authorization"], "note": "large amounts", "rules": rules });
    let set = story.ask("draft_rule_set").body(draft(json!([rule]))).gives(201).await;
    let rules: Vec<Value> = (0..501).map(|_| rule.clone()).collect();
    story.ask("draft_rule_set").body(draft(json!(rules))).refused("too_many").await;
    story.ask("draft_rule_set").body(draft(json!([rule]))).with("kinds", json!([])).refused("field_invalid").await;
    story.ask("draft_rule_set").body(draft(json!([rule]))).with("replaces", NO_RULES).refused("not_found").await;

    let edit = |id: &Value, change: &str| story.ask("edit_rule_set").at("id", id).body(json!({ "change": change }));
    let promote =
        |id: &Value, change: &str| story.ask("promote_rule_set").at("id", id).body(json!({ "change": change }));
    edit(&set["id"], "shadow").refused("rules_unsound").await;
    promote(&set["id"], "propose").refused("rules_unsound").await;
    edit(&set["id"], "validate").gives(200).await;
    edit(&set["id"], "validate").refused("rule_set_state").await;
    let replace = draft(json!([rule]));
    story.ask("draft_rule_set").body(replace).with("replaces", set["id"].clone()).refused("rule_set_state").await;
    promote(&set["id"], "approve").refused("not_proposed").await;
    promote(&set["id"], "roll_back").refused("rule_set_state").await;
    promote(&set["id"], "propose").gives(200).await;
    promote(&set["id"], "approve").refused("second_person_needed").await;
    let bob = story.person("admin", "bob");
    assert_eq!(promote(&set["id"], "approve").by(&bob).gives(200).await["state"], "live");
    let next = story.ask("draft_rule_set").body(draft(json!([rule]))).gives(201).await;
    edit(&next["id"], "validate").gives(200).await;
    promote(&next["id"], "propose").gives(200).await;
    promote(&next["id"], "approve").by(&bob).gives(200).await;
    let back = promote(&next["id"], "roll_back").shown("The set before is live again").gives(200).await;
    assert_eq!(back["state"], "retired");
    story.ask("list_rule_sets").gives(200).await;
    story.ask("get_rule_set").at("id", &set["id"]).gives(200).await;
    story.ask("get_rule_set").at("id", NO_RULES).refused("not_found").await;
    edit(&json!(NO_RULES), "validate").refused("not_found").await;
    promote(&json!(NO_RULES), "propose").refused("not_found").await;

    let order = |set: &Value| json!({ "rule_set": set, "kind": "card_authorization", "source": "decisions" });
    let job = story.ask("backtest").body(order(&set["id"])).gives(202).await;
    let done = story.ask("get_job").at("id", &job["id"]).until(|job| job["state"] != "running").gives(200).await;
    assert_eq!(done["state"], "done");
    story.ask("cancel_backtest").at("id", &job["id"]).gives(200).await;
    story.ask("backtest").body(order(&json!(NO_RULES))).refused("not_found").await;
    let bad = json!([{ "id": "bad", "text": "Unfinished", "when": "amount >", "action": "review" }]);
    let bad = story.ask("draft_rule_set").body(draft(bad)).shown("A draft with a mistake").gives(201).await;
    story.ask("backtest").body(order(&bad["id"])).refused("rules_unsound").await;
    let (from, to) = ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z");
    story.ask("backtest").body(order(&set["id"])).with("from", from).with("to", to).refused("range_empty").await;
    story.ask("get_job").at("id", NO_JOB).refused("not_found").await;
    story.ask("cancel_backtest").at("id", NO_JOB).refused("not_found").await;
}

async fn lists(story: &Telling) {
    let entity = |id: &str| json!({ "kind": "card", "id": id });
    let put = |entities: Value| json!({ "entities": entities, "reason": "reported stolen" });
    let deny = |operation: &str| story.ask(operation).at("list", "deny");
    deny("put_entries").body(put(json!([entity("tok_7f2c91")]))).gives(200).await;
    deny("put_entries").body(put(json!([entity("tok_2")]))).with("reason", "").refused("field_invalid").await;
    let many: Vec<Value> = (0..10_001).map(|number| entity(&number.to_string())).collect();
    deny("put_entries").body(put(json!(many))).refused("too_many").await;
    deny("list_entries").gives(200).await;
    deny("remove_entries").body(json!({ "entities": many })).refused("too_many").await;
    deny("remove_entries").body(json!({ "entities": [entity("tok_7f2c91")] })).gives(200).await;
}

async fn cases(story: &Telling) {
    let page = story.ask("list_cases").query("state", "open").gives(200).await;
    let id = page["items"][0]["id"].clone();
    story.ask("get_case").at("id", &id).gives(200).await;
    story.ask("get_case").at("id", NO_CASE).refused("not_found").await;
    let change = |version: u32, change: Value| {
        story.ask("change_case").at("id", &id).body(json!({ "version": version, "change": change }))
    };
    change(1, json!({ "assign": { "to": "ann" } })).gives(200).await;
    change(1, json!({ "note": { "text": "called her" } })).refused("case_changed").await;
    change(2, json!({ "note": { "text": "x".repeat(1_001) } })).refused("field_invalid").await;
    change(2, json!({ "reopen": { "note": "why not" } })).refused("case_open").await;
    let resolve = json!({ "resolve": { "resolution": "genuine", "note": "she was there" } });
    change(2, resolve.clone()).shown("Resolved, which is a label").gives(200).await;
    change(3, resolve).refused("case_resolved").await;
    change(1, json!({ "assign": { "to": null } })).at("id", NO_CASE).refused("not_found").await;
}

async fn models(story: &Telling, own: &Own) {
    let train = || story.ask("train_model").body(json!({ "kind": "card_authorization", "seed": 7 }));
    let job = train().gives(202).await;
    story.ask("get_job").at("id", &job["id"]).until(|job| job["state"] != "running").gives(200).await;
    story.ask("cancel_training").at("id", &job["id"]).gives(200).await;
    story.ask("cancel_training").at("id", NO_JOB).refused("not_found").await;
    train().with("test_days", 0).refused("field_invalid").await;
    train().with("from", "2026-01-02T00:00:00Z").with("to", "2026-01-01T00:00:00Z").refused("range_empty").await;

    let mut made = Vec::new();
    for (quality, damaged) in [(0.7, false), (0.5, false), (0.6, false), (0.6, false), (0.6, true)] {
        made.push(json!(candidate(own, "ann", quality, damaged).await.summary.id));
    }
    let edit = |id: &Value, change: &str| story.ask("edit_model").at("id", id).body(json!({ "change": change }));
    let promote = |id: &Value, change: &str| story.ask("promote_model").at("id", id).body(json!({ "change": change }));
    story.ask("list_models").query("kind", "card_authorization").gives(200).await;
    story.ask("get_model").at("id", &made[0]).gives(200).await;
    edit(&made[4], "challenge").refused("model_unsound").await;
    promote(&made[4], "propose").refused("model_unsound").await;
    for challenger in &made[1..3] {
        edit(challenger, "challenge").gives(200).await;
    }
    edit(&made[3], "challenge").refused("challengers_full").await;
    edit(&made[1], "challenge").refused("model_state").await;
    promote(&made[0], "approve").refused("not_proposed").await;
    promote(&made[0], "propose").gives(200).await;
    promote(&made[0], "approve").refused("second_person_needed").await;
    let bob = story.person("admin", "bob");
    promote(&made[0], "approve").by(&bob).gives(200).await;
    promote(&made[0], "propose").refused("model_state").await;
    promote(&made[0], "roll_back").refused("nothing_before").await;
    story.ask("compare_model").at("id", &made[1]).gives(200).await;
    promote(&made[1], "propose").gives(200).await;
    promote(&made[1], "approve").by(&bob).refused("challenger_worse").await;
    for operation in ["get_model", "compare_model"] {
        story.ask(operation).at("id", NO_MODEL).refused("not_found").await;
    }
    edit(&json!(NO_MODEL), "reject").refused("not_found").await;
    promote(&json!(NO_MODEL), "propose").refused("not_found").await;
}

async fn reports(story: &Telling) {
    let ask = |operation: &str| story.ask(operation).query("kind", "card_authorization");
    let report = ask("get_report").gives(200).await;
    assert_eq!(report["decisions"], 2);
    ask("get_report").query("day", "soon").refused("field_invalid").await;
    ask("show_report").gives(200).await;
    ask("show_report").query("day", "soon").refused("field_invalid").await;

    let back = |id: &Value| story.ask("promote_rule_set").at("id", id).body(json!({ "change": "roll_back" }));
    let live = story.ask("list_rule_sets").query("state", "live").gives(200).await;
    back(&live["items"][0]["id"]).gives(200).await;
    let first = story.ask("list_rule_sets").query("state", "live").gives(200).await;
    back(&first["items"][0]["id"]).refused("nothing_before").await;
}
