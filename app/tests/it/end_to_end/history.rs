//! History over HTTP: pages that add up, CSV for spreadsheets, and an HTML page for people.

use serde_json::{Value, json};

use crate::end_to_end::house::{ACCOUNTS, House, TRANSACTIONS, on_both, own, posting, refusal, usd};

const STATEMENT: &str = "/v1/ledger/accounts/customers:ann/statement";

/// Twelve payments, the last one with an effective time before all others.
async fn payments(house: &House) -> String {
    house.open_three().await;
    let first = house.pay_in("customers:ann", "1.00").await["recorded_at"].as_str().unwrap().to_owned();
    for _ in 0..10 {
        house.pay_in("customers:ann", "1.00").await;
    }
    house.hold("customers:ann", "customers:bob", "5.00").await;
    let late = json!({
        "postings": [posting("assets:cash", "customers:ann", "100.00")], "effective_at": first, "reference": "=late,1"
    });
    house.create(TRANSACTIONS, own(late)).await;
    first
}

fn posted(page: &Value) -> Vec<&str> {
    let movements = page["movements"].as_array().unwrap().iter();
    movements.map(|movement| movement["balance"]["posted"]["amount"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_pages_forwards_and_backwards() {
    on_both(async |house: &House| {
        let first = payments(house).await;
        let whole = house.get(&format!("{STATEMENT}?by=event")).await;
        assert_eq!((&whole["opening"]["posted"], &whole["closing"]["posted"]), (&usd("0.00"), &usd("111.00")));
        assert_eq!(posted(&whole)[..3], ["1.00", "101.00", "102.00"], "the late one comes second");
        let (mut seen, mut cursor, mut last) = (Vec::new(), String::new(), Value::Null);
        for _ in 0..4 {
            let page = house.get(&format!("{STATEMENT}?by=event&limit=3{cursor}")).await;
            seen.extend(page["movements"].as_array().unwrap().clone());
            // What is recorded meanwhile is not part of it.
            house.pay_in("customers:ann", "7.00").await;
            cursor = format!("&cursor={}", page["next"].as_str().unwrap_or_default());
            last = page;
        }
        assert_eq!((Value::from(seen), &last["next"]), (whole["movements"].clone(), &Value::Null));
        let back = last["previous"].as_str().unwrap();
        let back = house.get(&format!("{STATEMENT}?by=event&limit=3&cursor={back}")).await;
        assert_eq!(back["movements"], json!(whole["movements"].as_array().unwrap()[6..9]));
        let other = format!("{STATEMENT}?by=record&limit=3&cursor={}", back["next"].as_str().unwrap());
        refusal(&house.client.get(&other).await, 400, "cursor_invalid");
        let balance = |by: &str| format!("{ACCOUNTS}/customers:ann/balance?at={first}&by={by}");
        assert_eq!(house.get(&balance("record")).await["posted"], usd("1.00"));
        assert_eq!(house.get(&balance("event")).await["posted"], usd("101.00"));
        let trial = house.get("/v1/ledger/trial-balance?depth=1").await;
        let (currency, lines) = (&trial["currencies"][0], &trial["currencies"][0]["lines"]);
        assert_eq!((&currency["balanced"], &lines[0]["debit_balance"]), (&json!(true), &usd("139.00")));
        assert_eq!((&lines[1]["path"], &lines[1]["accounts"]), (&json!("customers"), &json!(2)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_holds_the_whole_range_and_the_html_page_works() {
    on_both(async |house: &House| {
        payments(house).await;
        let answer = house.client.get(&format!("{STATEMENT}?format=csv&holds=true&order=newest_first")).await;
        assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
        assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"statement-customers_ann.csv\""));
        let text = answer.text();
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!((lines.len(), lines[lines.len() - 1]), (17, ""), "{text}");
        assert_eq!((lines[1], lines[15]), (",,,closing,,,USD,,,111.00,0.00,5.00", ",,,opening,,,USD,,,0.00,0.00,0.00"));
        assert!(lines[2].ends_with(",posted,assets:cash,\"'=late,1\",USD,,100.00,111.00,0.00,5.00"), "{}", lines[2]);
        assert!(lines[3].contains(",pending,customers:bob,,USD,5.00,,11.00,0.00,5.00"), "{}", lines[3]);
        let answer = house.client.get(&format!("{STATEMENT}?format=page&limit=5")).await;
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(answer.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
        let page = answer.text();
        assert!(page.contains("<h1>customers:ann</h1>") && !page.contains("<script"), "{page}");
        let (_, link) = page.split_once("rel=\"next\" href=\"").unwrap();
        let link = link.split_once('"').unwrap().0.replace("&amp;", "&");
        let next = house.client.get(&format!("{STATEMENT}{link}")).await.text();
        assert!(next.contains("rel=\"prev\"") && next.contains("<td class=\"number\">6.00</td>"), "{next}");
        // A table of more than one of the ledger's pages is still one table.
        let line = json!({ "create": { "postings": vec![posting("assets:cash", "customers:bob", "0.01"); 64] } });
        let lines: Vec<Value> = (0..9).map(|_| json!({ "create": own(line["create"].clone()) })).collect();
        house.again(crate::end_to_end::house::BATCHES, json!({ "atomic": true, "lines": lines })).await;
        let answer = house.client.get(&format!("{ACCOUNTS}/customers:bob/statement?format=csv")).await.text();
        assert_eq!(answer.split("\r\n").count(), 1 + 1 + 576 + 1 + 1);
        assert!(answer.trim_end().ends_with(",closing,,,USD,,,5.76,5.00,0.00"), "{answer}");
    })
    .await;
}
