//! Every refusal that a caller can cause, by its code and status; none is left out.

mod books;
mod identity;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use hyper::Method;
use kernel::{Clock, SystemClock};
use serde_json::{Value, json};
use testkit::Answer;

use super::house::{ACCOUNTS, BATCHES, House, TRANSACTIONS, new_id, on_both_with, own, posting, refusal, usd};

/// Refusals that need a process or machine in trouble, or a caller other than the operator.
const OF_OTHER_TESTS: [&str; 12] = [
    "forbidden",
    "overloaded",
    "access_stale",
    "deadline_exceeded",
    "outcome_unknown",
    "clock_behind",
    "storage_full",
    "unavailable",
    "cursor_invalid",
    "cursor_ahead",   // of a log with more rows than this one
    "events_gone",    // those of three days ago and before
    "too_many_books", // 256 of them take a while
];

struct Asker<'a> {
    house: &'a House,
    seen: RefCell<BTreeSet<String>>,
}

impl Asker<'_> {
    fn note(&self, answer: &Answer, status: u16, code: &str) -> Value {
        self.seen.borrow_mut().insert(code.to_owned());
        refusal(answer, status, code)
    }

    async fn post(&self, path: &str, body: Value, status: u16, code: &str) -> Value {
        self.note(&self.house.client.post(path, &body).await, status, code)
    }

    async fn put(&self, path: &str, body: Value, status: u16, code: &str) {
        self.note(&self.house.put(path, body).await, status, code);
    }

    async fn delete(&self, path: &str, status: u16, code: &str) -> Value {
        let answer = self.house.send(Method::DELETE, path, None).await;
        self.note(&answer, status, code)
    }

    async fn get(&self, path: &str, status: u16, code: &str) {
        self.note(&self.house.client.get(path).await, status, code);
    }

    /// A new transaction with one posting, changed a little.
    async fn create(&self, change: impl Fn(&mut Value), status: u16, code: &str) -> Value {
        let mut body = own(json!({ "postings": [posting("assets:cash", "customers:ann", "1.00")] }));
        change(&mut body);
        self.post(TRANSACTIONS, body, status, code).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_has_its_code_status_and_fields() {
    on_both_with(&[("FLORIN__LEDGER__ROLLUP_ACCOUNTS_MAX", "8")], async |house: &House| {
        house.open_three().await;
        let asker = Asker { house, seen: RefCell::default() };
        of_accounts(&asker).await;
        of_form(&asker).await;
        of_new_transactions(&asker).await;
        of_holds(&asker).await;
        of_reversals(&asker).await;
        of_schedules(&asker).await;
        of_batches_and_questions(&asker).await;
        of_metadata_keys(&asker).await;
        of_sums(&asker).await;
        books::of_books(&asker).await;
        identity::of_identity(&asker).await;
        let documented = documented(&house.get("/openapi.json").await);
        let seen = asker.seen.into_inner();
        let missing: Vec<_> = documented
            .iter()
            .filter(|code| !seen.contains(*code) && !OF_OTHER_TESTS.contains(&code.as_str()))
            .collect();
        assert!(missing.is_empty(), "documented, but never produced: {missing:?}");
    })
    .await;
}

/// The codes that operations name as theirs.
fn documented(document: &Value) -> BTreeSet<String> {
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    let responses = operations.flat_map(|operation| operation["responses"].as_object().unwrap().values());
    let examples = responses.filter_map(|answer| answer.pointer("/content/application~1problem+json/examples"));
    examples.flat_map(|examples| examples.as_object().unwrap().keys().cloned()).collect()
}

async fn of_accounts(asker: &Asker<'_>) {
    let open = |path: &str| json!({ "path": path, "currency": "USD", "normal": "credit" });
    let with = |path: &str, name: &str, value: Value| {
        let mut body = open(path);
        body[name] = value;
        body
    };
    let exists = asker.post(ACCOUNTS, with("customers:ann", "currency", json!("EUR")), 422, "account_exists").await;
    assert_eq!((&exists["account"], &exists["field"]), (&json!("customers:ann"), &json!("currency")));
    asker.post(ACCOUNTS, with("a:1", "currency", json!("SHELLS/2")), 422, "currency_unknown").await;
    asker
        .post(ACCOUNTS, with("a:1", "floor", json!({ "amount": "1", "currency": "JPY" })), 400, "limits_invalid")
        .await;
    let many: serde_json::Map<_, _> = (0..33).map(|place| (place.to_string(), json!("v"))).collect();
    asker.post(ACCOUNTS, with("a:1", "metadata", many.into()), 400, "metadata_too_large").await;
    asker.house.create(ACCOUNTS, with("customers:eve", "reference", json!("CRM-9"))).await;
    let taken = asker.post(ACCOUNTS, with("a:1", "reference", json!("CRM-9")), 422, "reference_taken").await;
    assert_eq!(taken["taken_by"], "customers:eve");
    let eve = format!("{ACCOUNTS}/customers:eve");
    asker
        .put(
            &format!("{eve}/limits"),
            json!({ "floor": { "amount": "1", "currency": "JPY" } }),
            422,
            "currency_mismatch",
        )
        .await;
    asker
        .put(&format!("{eve}/limits"), json!({ "floor": usd("2.00"), "ceiling": usd("1.00") }), 400, "limits_invalid")
        .await;
    asker.post(&format!("{ACCOUNTS}/customers:nobody/freeze"), json!({}), 422, "account_unknown").await;
    asker.get(&format!("{ACCOUNTS}/customers:nobody"), 404, "not_found").await;
    asker.house.pay_in("customers:eve", "5.00").await;
    asker.post(&format!("{eve}/close"), json!({}), 422, "account_not_zero").await;
    asker.house.hold("customers:eve", "customers:bob", "5.00").await;
    asker.post(&format!("{eve}/close"), json!({}), 422, "account_has_holds").await;
    asker.house.open("customers:gone").await;
    asker.house.again(&format!("{ACCOUNTS}/customers:gone/close"), json!({})).await;
    asker.put(&format!("{ACCOUNTS}/customers:gone/metadata"), json!({ "metadata": {} }), 422, "account_closed").await;
    asker.house.open("customers:cold").await;
    asker.house.again(&format!("{ACCOUNTS}/customers:cold/freeze"), json!({})).await;
    let assets = "/v1/ledger/assets";
    asker.house.create(assets, json!({ "code": "POINTS", "scale": 0 })).await;
    asker.post(assets, json!({ "code": "POINTS", "scale": 1 }), 422, "asset_exists").await;
    asker.post(assets, json!({ "code": "USD", "scale": 2 }), 400, "asset_invalid").await;
}

async fn of_form(asker: &Asker<'_>) {
    asker.create(|body| body["id"] = Value::Null, 400, "idempotency_missing").await;
    asker.create(|body| body["postings"] = json!([]), 400, "no_postings").await;
    let many = json!(vec![posting("assets:cash", "customers:ann", "1.00"); 65]);
    asker.create(|body| body["postings"] = many.clone(), 400, "too_many_postings").await;
    for (amount, code) in
        [("0.00", "amount_zero"), ("-1.00", "amount_negative"), ("10000000000000.01", "amount_too_large")]
    {
        let refused = asker.create(|body| body["postings"][0]["amount"] = usd(amount), 400, code).await;
        assert_eq!(refused["errors"][0]["field"], "postings[0].amount");
    }
    let same = asker.create(|body| body["postings"][0]["debit"] = json!("customers:ann"), 400, "same_account").await;
    assert_eq!((&same["posting"], &same["errors"][0]["field"]), (&json!(0), &json!("postings[0]")));
    asker.create(|body| body["postings"][0]["debit"] = Value::Null, 400, "posting_malformed").await;
    let at = json!(SystemClock.now().plus_seconds(60));
    asker.create(|body| body["expires_at"] = at.clone(), 400, "expiry_invalid").await;
    asker.create(|body| body["postings"][0]["amount"]["amount"] = json!(1.0), 400, "field_invalid").await;
}

async fn of_new_transactions(asker: &Asker<'_>) {
    let credit = |path: &'static str| move |body: &mut Value| body["postings"][0]["credit"] = json!(path);
    asker.create(credit("customers:nobody"), 422, "account_unknown").await;
    asker.create(credit("customers:gone"), 422, "account_closed").await;
    let cold = asker.create(credit("customers:cold"), 422, "account_frozen").await;
    assert_eq!(cold["account"], "customers:cold");
    let amount = |amount: &'static str, code: &'static str| {
        move |body: &mut Value| body["postings"][0]["amount"] = json!({ "amount": amount, "currency": code })
    };
    let mixed = asker.create(amount("1.00", "EUR"), 422, "currency_mismatch").await;
    assert_eq!((&mixed["expected"], &mixed["given"]), (&json!("USD"), &json!("EUR")));
    asker.create(amount("1.00", "SHELLS"), 422, "currency_unknown").await;
    asker.create(amount("1.00", "POINTS"), 422, "currency_scale").await;
    let from_ann = |body: &mut Value| body["postings"] = json!([posting("customers:ann", "customers:bob", "1.00")]);
    let empty = asker.create(from_ann, 422, "insufficient_funds").await;
    assert_eq!((&empty["asked"], &empty["available"]), (&usd("1.00"), &usd("0.00")));
    let capped = json!({ "path": "customers:cap", "currency": "USD", "normal": "credit", "ceiling": usd("0.50") });
    asker.house.create(ACCOUNTS, capped).await;
    assert_eq!(asker.create(credit("customers:cap"), 422, "above_ceiling").await["room"], usd("0.50"));
    let version = json!([{ "account": "customers:ann", "version": 99 }]);
    asker.create(|body| body["if_version"] = version.clone(), 409, "version_mismatch").await;
    let now = SystemClock.now();
    asker.create(|body| body["effective_at"] = json!(now.plus_seconds(60)), 422, "effective_in_future").await;
    asker.create(|body| body["effective_at"] = json!(now.plus_seconds(-3_600)), 422, "effective_before_opening").await;
    let pending = |seconds: i64| {
        move |body: &mut Value| {
            body["status"] = json!("pending");
            body["expires_at"] = json!(now.plus_seconds(seconds));
        }
    };
    asker.create(pending(-1), 422, "expires_in_past").await;
    asker.create(pending(367 * 86_400), 422, "expiry_too_far").await;
    let body = own(json!({ "postings": [posting("assets:cash", "customers:ann", "1.00")], "reference": "once" }));
    asker.house.create(TRANSACTIONS, body.clone()).await;
    asker.create(|body| body["reference"] = json!("once"), 422, "reference_taken").await;
    let id = body["id"].clone();
    assert_eq!(asker.create(|body| body["id"] = id.clone(), 422, "id_taken").await["field"], "reference");
    for (amount, expected) in [("1.00", None), ("2.00", Some("idempotency_key_taken"))] {
        let body = json!({ "postings": [posting("assets:cash", "customers:ann", amount)] });
        let key = [("idempotency-key", "once")];
        let answer = asker.house.client.send(Method::POST, TRANSACTIONS, &key, Some(&body)).await.unwrap();
        if let Some(code) = expected {
            asker.note(&answer, 422, code);
        }
    }
}

async fn of_holds(asker: &Asker<'_>) {
    let house = asker.house;
    house.pay_in("customers:ann", "98.00").await;
    let at = |id: &str, step: &str| format!("{TRANSACTIONS}/{id}/{step}");
    asker.post(&at(&new_id().to_string(), "post"), own(json!({})), 404, "pending_unknown").await;
    let posted = house.pay_in("customers:bob", "1.00").await["id"].as_str().unwrap().to_owned();
    asker.post(&at(&posted, "void"), own(json!({})), 409, "not_pending").await;
    let hold = house.hold("customers:ann", "customers:bob", "40.00").await;
    let above =
        asker.post(&at(&hold, "post"), own(json!({ "amount": usd("40.01") })), 422, "amount_above_remaining").await;
    assert_eq!((&above["remaining"], &above["errors"][0]["field"]), (&usd("40.00"), &json!("amount")));
    let two = json!({ "amounts": [usd("1.00"), usd("1.00")] });
    asker.post(&at(&hold, "void"), own(two), 422, "amounts_mismatch").await;
    let more =
        asker.post(&at(&hold, "increase"), own(json!({ "amount": usd("100.00") })), 422, "increase_refused").await;
    assert_eq!(more["available"], usd("60.00"));
    asker.post(&at(&hold, "increase"), own(json!({})), 400, "no_postings").await;
    let both = json!({ "amount": usd("1.00"), "amounts": [usd("1.00")] });
    asker.post(&at(&hold, "increase"), own(both), 400, "field_invalid").await;
    house.create(&at(&hold, "post"), own(json!({}))).await;
    asker.post(&at(&hold, "void"), own(json!({})), 409, "already_posted").await;
    let hold = house.hold("customers:ann", "customers:bob", "1.00").await;
    house.create(&at(&hold, "void"), own(json!({}))).await;
    asker.post(&at(&hold, "post"), own(json!({})), 409, "already_voided").await;
    let body = own(json!({
        "status": "pending", "postings": [posting("customers:ann", "customers:bob", "1.00")],
        "expires_at": SystemClock.now().plus_seconds(1)
    }));
    let hold = house.create(TRANSACTIONS, body).await["id"].as_str().unwrap().to_owned();
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    asker.post(&at(&hold, "post"), own(json!({})), 409, "expired").await;
}

async fn of_reversals(asker: &Asker<'_>) {
    let house = asker.house;
    let at = |id: &str| format!("{TRANSACTIONS}/{id}/reverse");
    asker.post(&at(&new_id().to_string()), own(json!({})), 404, "transaction_unknown").await;
    let hold = house.hold("customers:ann", "customers:bob", "1.00").await;
    asker.post(&at(&hold), own(json!({})), 422, "not_reversible").await;
    let posted = house.pay_in("customers:ann", "1.00").await["id"].as_str().unwrap().to_owned();
    let reversal = house.create(&at(&posted), own(json!({}))).await["id"].as_str().unwrap().to_owned();
    let again = asker.post(&at(&posted), own(json!({})), 409, "already_reversed").await;
    assert_eq!(again["reversed_by"], json!(reversal));
    asker.post(&at(&reversal), own(json!({})), 422, "reversal_of_reversal").await;
}

async fn of_schedules(asker: &Asker<'_>) {
    let house = asker.house;
    let planned = |seconds: i64| {
        move |body: &mut Value| {
            body["scheduled"] = json!(true);
            body["effective_at"] = json!(SystemClock.now().plus_seconds(seconds));
        }
    };
    let missing = asker.create(|body| body["scheduled"] = json!(true), 400, "schedule_time_missing").await;
    assert_eq!(missing["errors"][0]["field"], "effective_at");
    asker.create(planned(-1), 422, "schedule_in_past").await;
    asker.create(planned(3_654 * 86_400), 422, "schedule_too_far").await;
    let at = |id: &str| format!("{TRANSACTIONS}/{id}/cancel");
    asker.post(&at(&new_id().to_string()), own(json!({})), 404, "transaction_unknown").await;
    let posted = house.pay_in("customers:ann", "1.00").await["id"].as_str().unwrap().to_owned();
    asker.post(&at(&posted), own(json!({})), 409, "not_scheduled").await;
    let plan = async |debit: &str| {
        let mut body = own(json!({ "postings": [posting(debit, "customers:ann", "1.00")] }));
        planned(1)(&mut body);
        house.create(TRANSACTIONS, body).await["id"].as_str().unwrap().to_owned()
    };
    let (cancelled, done, failed) =
        (plan("assets:cash").await, plan("assets:cash").await, plan("customers:cold").await);
    house.create(&at(&cancelled), own(json!({}))).await;
    asker.post(&at(&cancelled), own(json!({})), 409, "already_cancelled").await;
    tokio::time::sleep(Duration::from_millis(2_000)).await;
    asker.post(&at(&done), own(json!({})), 409, "already_carried_out").await;
    asker.post(&at(&failed), own(json!({})), 409, "already_failed").await;
}

async fn of_batches_and_questions(asker: &Asker<'_>) {
    asker.post(BATCHES, json!({ "atomic": true, "lines": [] }), 400, "batch_empty").await;
    let line = json!({ "reverse": { "transaction": new_id() } });
    asker.post(BATCHES, json!({ "atomic": true, "lines": vec![line; 1_001] }), 400, "batch_too_large").await;
    let create =
        |debit: &str| json!({ "create": own(json!({ "postings": [posting(debit, "customers:bob", "1.00")] })) });
    let first = create("assets:cash");
    let batch = json!({ "atomic": true, "lines": [first, create("customers:nobody")] });
    asker.post(BATCHES, batch, 422, "account_unknown").await;
    let id = first["create"]["id"].as_str().unwrap();
    asker.get(&format!("{TRANSACTIONS}/{id}"), 422, "sibling_failed").await;
    asker.get(TRANSACTIONS, 400, "query_unsupported").await;
    asker.get(&format!("{ACCOUNTS}?limit=501"), 400, "page_size").await;
    for place in 0..9 {
        asker.house.open(&format!("many:{place}")).await;
    }
    asker.get("/v1/ledger/balances?prefix=many", 422, "roll_up_too_large").await;
    asker.get("/v1/ledger/trial-balance", 422, "roll_up_too_large").await;
    asker.get("/v1/ledger/trial-balance?depth=17", 400, "depth_out_of_range").await;
    let statement = format!("{ACCOUNTS}/customers:ann/statement");
    let range = "from=2026-01-31T12:00:00Z&to=2026-01-31T12:00:00Z";
    asker.get(&format!("{statement}?{range}"), 400, "range_empty").await;
    asker.get(&format!("{statement}?limit=0"), 400, "page_size").await;
    asker.get(&format!("{statement}?format=csv&limit=5"), 400, "query_unsupported").await;
    asker.get(&format!("{ACCOUNTS}/customers:nobody/statement"), 404, "not_found").await;
    asker.get(&format!("{ACCOUNTS}/customers:nobody/balance"), 404, "not_found").await;
}

async fn of_metadata_keys(asker: &Asker<'_>) {
    const KEYS: &str = "/v1/ledger/metadata-keys";
    asker.post(KEYS, json!({ "key": "" }), 400, "metadata_key_invalid").await;
    for key in ["order", "shop", "batch", "channel"] {
        asker.house.create(KEYS, json!({ "key": key })).await;
    }
    let full = asker.post(KEYS, json!({ "key": "color" }), 422, "too_many_metadata_keys").await;
    assert_eq!(full["declared"], json!(["batch", "channel", "order", "shop"]));
    let answer = asker.house.client.get(&format!("{TRANSACTIONS}?metadata.color=red")).await;
    let undeclared = asker.note(&answer, 422, "metadata_key_undeclared");
    assert_eq!((&undeclared["key"], &undeclared["declared"]), (&json!("color"), &full["declared"]));
    let gone = asker.house.send(Method::DELETE, &format!("{KEYS}/color"), None).await;
    asker.note(&gone, 404, "not_found");
}

/// 9,223 of the largest amounts fit into a sum, and no more.
async fn of_sums(asker: &Asker<'_>) {
    let open = |path: &str| json!({ "path": path, "currency": "USD", "normal": "credit", "may_go_negative": true });
    asker.house.create(ACCOUNTS, open("x")).await;
    asker.house.create(ACCOUNTS, open("y")).await;
    let largest = json!(vec![posting("x", "y", "10000000000000.00"); 64]);
    let line = || json!({ "create": own(json!({ "postings": largest })) });
    for _ in 0..2 {
        let lines: Vec<Value> = (0..72).map(|_| line()).collect();
        let answer = asker.house.again(BATCHES, json!({ "atomic": true, "lines": lines })).await;
        assert_eq!(answer["lines"][71]["status"], 201);
    }
    asker.post(TRANSACTIONS, line()["create"].clone(), 422, "sum_overflow").await;
}
