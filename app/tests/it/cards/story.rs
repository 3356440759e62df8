//! The story of cards: all operations and all of their refusals, through the real router with real access checks.

use std::sync::Arc;

use cards::{Cards, FACE, ROOM};
use serde_json::{Value, json};
use testkit::{Stage, Story, Telling};

use crate::cards::stage::{MASTER, Till, VISA};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../services/cards");
const NOBODYS_CARD: &str = "card_01kppyzd5gfmra2qsx5rkvr8wb";
const NOBODYS_AUTHORIZATION: &str = "auth_01kppyzd5gfmra2qsx5rkvr8wb";
/// Of the same programme.
const SECOND: &str = "4111110000000211";
const NOBODYS_PROGRAMME: &str = "prog_01kppyzd5gfmra2qsx5rkvr8wb";

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_cards() {
    let open = async |stage: &Stage<'_>| {
        // The old system is not called here.
        let old = "http://127.0.0.1:9".to_owned();
        let till = Arc::new(Till::open_leaving(stage.store, stage.time.clone(), 7, old).await);
        let cards: Arc<dyn Cards> = till.cards.clone();
        (cards, till)
    };
    let story = Story::of(&ROOM, &FACE, FOLDER).keeps_private(&["cust_ann", "customers:ann", "1111"]);
    let story = story.elsewhere(
        "take_authorization_step",
        "step_running",
        "a_killed_step_is_finished_by_its_repeat_or_the_sweeper",
    );
    let duty = "each_step_is_one_duty_and_others_are_refused";
    let with_duties = ["authorize_payment", "ask_card_balance", "take_authorization_step", "take_card_step"];
    let with_duties = with_duties.into_iter().chain(["settle_day", "simulate_card"]);
    let story = with_duties.fold(story, |story, operation| story.elsewhere(operation, "duty_elsewhere", duty));
    let story =
        story.elsewhere("simulate_card", "step_running", "a_killed_step_is_finished_by_its_repeat_or_the_sweeper");
    let story = story.elsewhere("settle_day", "settlement_refused", "a_day_is_netted_once_to_the_sum_of_its_lines");
    let story = story.elsewhere("set_legacy", "legacy_absent", "without_an_old_system_there_is_nothing_to_leave");
    story.tell(open, |cards, stage| cards::routes(cards, stage.clock()), whole).await;
}

async fn whole(story: &Telling, till: &Arc<Till>) {
    let card = issued(story, till).await;
    let paid = paid(story).await;
    steps(story, &paid).await;
    balances(story).await;
    files(story).await;
    simulations(story).await;
    settlements(story, &card).await;
    changes(story, &card).await;
    leaving(story, &card).await;
    unknown(story).await;
}

/// A programme, and a card with the first of the classic numbers.
async fn issued(story: &Telling, till: &Arc<Till>) -> Value {
    let terms = serde_json::to_value(crate::cards::stage::terms("411111")).unwrap();
    let programme = story.ask("create_programme").body(terms.clone()).gives(201).await;
    story.ask("create_programme").body(terms.clone()).with("zone", "Mars/Olympus").refused("terms_invalid").await;
    let at = |id: &Value| story.ask("set_programme").at("programme", id).body(terms.clone());
    at(&programme["id"]).with("name", "Everyday plus").gives(200).await;
    at(&programme["id"]).with("bin", "41111").refused("terms_invalid").await;
    at(&json!(NOBODYS_PROGRAMME)).refused("programme_unknown").await;
    assert_eq!(story.ask("list_programmes").gives(200).await["items"].as_array().unwrap().len(), 1);

    let expiry = "2812".parse().unwrap();
    let kept = |pan: &str| vault_api::Tokenize { pan: pan.parse().unwrap(), expiry };
    let token = till.vault.tokenize(&till.ctx(), kept(VISA)).await.unwrap().token;
    let other = till.vault.tokenize(&till.ctx(), kept(MASTER)).await.unwrap().token;
    let issue = json!({ "programme": programme["id"], "account": "customers:ann", "expiry": "2812", "token": token });
    let ask = |key: &str| story.ask("issue_card").header("Idempotency-Key", key).body(issue.clone());
    let card = ask("card-1").gives(201).await;
    assert_eq!(ask("card-1").gives(200).await["id"], card["id"]);
    ask("card-2").refused("number_taken").await;
    ask("card-3").with("token", json!(other)).refused("bin_mismatch").await;
    ask("card-4").with("account", "customers:nobody").refused("account_unsuitable").await;
    ask("card-5").with("expiry", "2512").refused("expiry_too_early").await;
    ask("card-6").with("programme", NOBODYS_PROGRAMME).refused("programme_unknown").await;
    ask("card-7").with("token", "tok_01kppyzd5gfmra2qsx5rkvr8wb").refused("card_unknown").await;
    ask("card-8").with("controls", json!({ "channels": { "only": ["fax"] } })).refused("terms_invalid").await;
    story.ask("issue_card").body(issue.clone()).refused("idempotency_missing").await;
    card.json.clone()
}

async fn paid(story: &Telling) -> Value {
    let body = json!({ "request_id": "early", "pan": VISA, "amount": "10.00" });
    let early = story.ask("authorize_payment").body(body.clone()).gives(200).await;
    assert_eq!((&early["status"], &early["reason"]), (&json!("declined"), &json!("card_inactive")));
    let again = |field: &str, value: Value| {
        story.ask("authorize_payment").body(body.clone()).with("request_id", "x").with(field, value)
    };
    again("amount", json!("10")).refused("amount_invalid").await;
    again("country", json!("Germany")).refused("acceptor_invalid").await;
    again("token", json!("tok_01kppyzd5gfmra2qsx5rkvr8wb")).refused("card_missing").await;
    again("request_id", json!("early")).with("amount", "11.00").refused("request_id_taken").await;

    let card = early["card"].clone();
    story.ask("change_card").at("card", &card).body(json!({ "change": "activate" })).gives(200).await;
    story.ask("change_card").at("card", &card).body(json!({ "change": "activate" })).refused("card_state").await;
    let payment = story.ask("authorize_payment").body(body.clone()).with("request_id", "test123");
    let paid = payment
        .with("merchant_name", "The Bookshop")
        .with("category", "5942")
        .shown("An approved payment")
        .gives(200)
        .await;
    assert_eq!((&paid["status"], &paid["response_code"]), (&json!("approved"), &json!("00")));

    assert_eq!(
        story.ask("list_authorizations").query("card", &card).gives(200).await["items"].as_array().unwrap().len(),
        2
    );
    story.ask("list_authorizations").query("card", &card).query("limit", "501").refused("limit_too_large").await;
    story.ask("list_authorizations").query("card", &card).query("cursor", "x").refused("cursor_invalid").await;
    story.ask("list_authorizations").query("card", NOBODYS_CARD).refused("card_unknown").await;
    assert_eq!(story.ask("find_authorization").at("request_id", "test123").gives(200).await["id"], paid["id"]);
    story.ask("find_authorization").at("request_id", "never").refused("authorization_unknown").await;
    let ann = story.person("customer", "cust_ann");
    assert_eq!(story.ask("get_authorization").at("authorization", &paid["id"]).gives(200).await["id"], paid["id"]);
    story.ask("get_authorization").at("authorization", &paid["id"]).by(&ann).gives(200).await;
    paid.json.clone()
}

async fn steps(story: &Telling, paid: &Value) {
    let step = |request: &str, kind: &str| {
        let body = json!({ "request_id": request, "kind": kind });
        story.ask("take_authorization_step").at("authorization", &paid["id"]).body(body)
    };
    step("clear-1", "clearing").with("amount", "6.00").gives(200).await;
    step("clear-1", "clearing").with("amount", "6.01").refused("request_id_taken").await;
    step("more", "increment").with("amount", "1").refused("amount_invalid").await;
    step("euro", "clearing").with("amount", "1.00").with("currency", "EUR").refused("rate_missing").await;
    step("back", "reversal").with("amount", "5.00").refused("nothing_held").await;
    step("clear-2", "clearing").with("is_final", true).gives(200).await;
    step("more", "increment").with("amount", "1.00").refused("authorization_state").await;
    step("refund", "refund").with("amount", "10.01").refused("above_cleared").await;
    step("unrefund", "refund_reversal").with("amount", "1.00").refused("above_refunded").await;
    step("won", "dispute_won").with("amount", "1.00").refused("above_disputed").await;
    step("refund", "refund").with("amount", "2.00").shown("A refund").gives(200).await;

    let body = json!({ "request_id": "force-1", "kind": "force_post", "pan": VISA, "amount": "3.00", "country": "DE" });
    let force = || story.ask("take_card_step").body(body.clone());
    force().gives(200).await;
    force().with("amount", "3.01").refused("request_id_taken").await;
    let other = |field: &str, value: &str| force().with("request_id", "force-2").with(field, value);
    other("amount", "3").refused("amount_invalid").await;
    other("country", "Germany").refused("acceptor_invalid").await;
    other("currency", "EUR").refused("rate_missing").await;
    other("pan", MASTER).refused("card_unknown").await;
    other("token", "tok_01kppyzd5gfmra2qsx5rkvr8wb").refused("card_missing").await;
}

async fn balances(story: &Telling) {
    let inquiry = || story.ask("ask_card_balance").body(json!({ "pan": VISA }));
    assert_eq!(inquiry().gives(200).await["response_code"], "00");
    assert_eq!(inquiry().with("expiry", "2811").gives(200).await["reason"], "expiry_wrong");
    inquiry().with("token", "tok_01kppyzd5gfmra2qsx5rkvr8wb").refused("card_missing").await;
}

async fn files(story: &Telling) {
    let body = json!({ "request_id": "filed", "pan": VISA, "amount": "4.00" });
    let filed = story.ask("authorize_payment").body(body).gives(200).await;
    let line = format!("{{\"id\":\"1\",\"authorization\":{},\"amount\":\"1.50\"}}\n", filed["id"]);
    let named = |name: &str, kind: &'static str, lines: &str| {
        story.ask("clear_file").query("file", name).file(kind, lines.as_bytes())
    };
    let file = |kind: &'static str, lines: &str| named("visa-2026-01-31", kind, lines);
    let lines = "application/x-ndjson";
    assert_eq!(file(lines, &line).gives(200).await["partial"], 1);
    let code = &filed["approval_code"].as_str().unwrap();
    // One good line a call: lines of one file are carried out at once, in any order, and each takes the next id.
    let rows = |rows: &str| format!("id,request_id,pan,approval_code,kind,amount,is_final\n{rows}");
    let clears = rows(&format!("2,,{VISA},{code},,2.00,true\n3,never,,,,2.00,\n"));
    let report = file("text/csv", &clears).gives(200).await;
    let counts = |report: &Value| {
        ["lines", "matched", "unmatched", "rejected", "replayed"].map(|name| report[name].as_u64().unwrap())
    };
    assert_eq!(counts(&report.json), [2, 1, 0, 1, 0]);
    assert_eq!(report["rejections"][0]["code"], "authorization_unknown");
    let again = file("text/csv", &clears).gives(200).await;
    assert_eq!((counts(&again.json), &again["complete"]), ([2, 1, 0, 1, 1], &json!(true)));
    let refunds = rows(&format!("4,,{VISA},,refund,1.00,\n5\n"));
    assert_eq!(counts(&file("text/csv", &refunds).gives(200).await.json), [2, 0, 1, 1, 0]);
    assert_eq!(counts(&file("text/csv", &refunds).gives(200).await.json), [2, 0, 1, 1, 1]);
    named("", lines, &line).refused("acceptor_invalid").await;
}

async fn simulations(story: &Telling) {
    let of_card = |verb: &str, request: &str| {
        let body = json!({ "request_id": request, "pan": VISA, "amount": "1.00" });
        story.ask("simulate_card").at("verb", verb).body(body)
    };
    let paid = of_card("authorize", "sim-1").gives(200).await;
    let id = paid["authorization"]["id"].clone();
    let of_payment = |verb: &str, request: &str| {
        story.ask("simulate_card").at("verb", verb).body(json!({ "request_id": request, "authorization": id }))
    };
    of_payment("increment", "sim-2").with("amount", "1.00").gives(200).await;
    of_payment("clear", "sim-3").with("amount", "1.50").gives(200).await;
    of_payment("refund_reversal", "sim-4").refused("above_refunded").await;
    of_payment("refund", "sim-5").with("amount", "9.00").refused("above_cleared").await;
    of_payment("increment", "sim-6").with("amount", "1").refused("amount_invalid").await;
    of_payment("clear", "sim-7").with("amount", "1.00").with("currency", "EUR").refused("rate_missing").await;
    assert_eq!(of_payment("expire", "sim-8").gives(200).await["authorization"]["totals"]["held"]["amount"], "0.00");
    of_payment("void", "sim-9").refused("nothing_held").await;
    of_payment("increment", "sim-10").with("amount", "1.00").refused("authorization_state").await;
    of_payment("void", "sim-11").with("authorization", NOBODYS_AUTHORIZATION).refused("authorization_unknown").await;
    assert!(of_card("balance_inquiry", "sim-12").gives(200).await["balance"]["balance"].is_object());
    of_card("force_post", "sim-13").with("country", "Germany").refused("acceptor_invalid").await;
    of_card("force_post", "sim-14").with("pan", MASTER).refused("card_unknown").await;
    of_card("authorize", "sim-1").with("amount", "2.00").refused("request_id_taken").await;
    of_card("increment", "sim-15").refused("card_missing").await;
    of_card("advice", "sim-16").gives(200).await;
}

async fn leaving(story: &Telling, card: &Value) {
    let of = |operation: &str, programme: &Value| story.ask(operation).at("programme", programme);
    let (own, other) = (&card["programme"], &json!(NOBODYS_PROGRAMME));
    let cards = |account: &str| {
        let mut old =
            json!({ "card": NOBODYS_CARD, "token": "tok_01kppyzd5gfmra2qsx5rkvr8wb", "pan": SECOND, "expiry": "2812" });
        old["account"] = json!(account);
        json!({ "cards": [old] })
    };
    of("get_legacy", own).refused("legacy_absent").await;
    of("import_legacy_cards", own).body(cards("customers:bob")).refused("legacy_absent").await;
    let mode = |mode: &str| json!({ "mode": mode, "takeover": "equity" });
    of("set_legacy", own).body(mode("shadow")).gives(200).await;
    of("set_legacy", own).body(mode("split")).with("share", 101).refused("terms_invalid").await;
    of("set_legacy", own).body(mode("retired")).refused("legacy_mode").await;
    of("set_legacy", other).body(mode("pass")).refused("programme_unknown").await;
    of("get_legacy", other).refused("programme_unknown").await;
    let import = || of("import_legacy_cards", own).body(cards("customers:bob"));
    assert_eq!(import().gives(200).await["imported"], 1);
    assert_eq!(import().gives(200).await["known"], 1);
    let many = vec![cards("customers:bob")["cards"][0].clone(); 501];
    import().with("cards", many).refused("terms_invalid").await;
    of("import_legacy_cards", other).body(cards("customers:bob")).refused("programme_unknown").await;
    assert_eq!(of("get_legacy", own).gives(200).await["accounts"], json!({ "ours": 0, "theirs": 1, "moving": 0 }));
}

async fn settlements(story: &Telling, card: &Value) {
    let settle = |day: &str| story.ask("settle_day").body(json!({ "programme": card["programme"], "day": day }));
    assert_eq!(settle("2026-01-30").gives(200).await["lines"], 0);
    settle("2026-01-31").refused("day_not_over").await;
    settle("yesterday").refused("terms_invalid").await;
    settle("2026-01-30").with("programme", NOBODYS_PROGRAMME).refused("programme_unknown").await;
}

async fn changes(story: &Telling, card: &Value) {
    let id = &card["id"];
    let (ann, bob) = (story.person("customer", "cust_ann"), story.person("customer", "cust_bob"));
    assert_eq!(story.ask("get_card").at("card", id).gives(200).await["last_four"], "1111");
    story.ask("get_card").at("card", id).by(&bob).refused("card_unknown").await;
    story.ask("list_cards").gives(200).await;
    assert_eq!(story.ask("list_cards").by(&ann).gives(200).await["items"].as_array().unwrap().len(), 1);
    assert_eq!(story.ask("list_cards").by(&bob).gives(200).await["items"].as_array().unwrap().len(), 0);
    story.ask("list_cards").query("limit", "501").refused("limit_too_large").await;
    story.ask("list_cards").query("cursor", "x").refused("cursor_invalid").await;
    assert_eq!(story.ask("pause_card").at("card", id).gives(200).await["status"], "paused");
    story.ask("pause_card").at("card", id).refused("card_state").await;
    assert_eq!(story.ask("resume_card").at("card", id).gives(200).await["status"], "active");
    story.ask("pause_card").at("card", id).by(&ann).gives(200).await;
    story.ask("resume_card").at("card", id).by(&ann).gives(200).await;
    story.ask("resume_card").at("card", id).refused("card_state").await;
    let renew = |expiry: &str| story.ask("renew_card").at("card", id).body(json!({ "expiry": expiry }));
    renew("3012").gives(200).await;
    renew("2901").refused("expiry_too_early").await;
    let controls = json!({ "limits": [{ "per": "day", "count": 5 }], "countries": { "never": ["FR"] } });
    story.ask("set_card_controls").at("card", id).body(controls).gives(200).await;
    let wrong = json!({ "limits": [{ "per": "day" }] });
    story.ask("set_card_controls").at("card", id).body(wrong).refused("terms_invalid").await;
    story.ask("change_card").at("card", id).body(json!({ "change": "close" })).gives(200).await;
    renew("3112").refused("card_state").await;
}

async fn unknown(story: &Telling) {
    story.ask("renew_card").at("card", NOBODYS_CARD).body(json!({ "expiry": "3112" })).refused("card_unknown").await;
    story.all_refuse("card_unknown", |ask| ask.at("card", NOBODYS_CARD)).await;
    story.all_refuse("authorization_unknown", |ask| ask.at("authorization", NOBODYS_AUTHORIZATION)).await;
}
