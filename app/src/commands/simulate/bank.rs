//! `florin simulate bank`: the other end of SEPA for a running florin.

use http::Method;
use kernel::Timestamp;
use payments::simulator::Bank;
use serde_json::{Value, json};

use crate::cli::SimulateBank;
use crate::commands::ask::{ask, send};
use crate::failure::Failure;

const FILES: &str = "/v1/payments/bank-files";
const ANSWERS: &str = "/v1/payments/bank-answers";

pub(super) fn run(options: &SimulateBank) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(answer_all(options))
}

/// The oldest file first. What a file is answered depends on the file alone, its own time included.
async fn answer_all(options: &SimulateBank) -> Result<(), Failure> {
    let SimulateBank { whom, seed, rejects, returns, charge, unruly, make } = options;
    let bank = Bank { seed: *seed, rejects: *rejects, returns: *returns, charge: *charge, is_unruly: *unruly };
    if *make {
        ask(whom, Method::POST, FILES, &json!({})).await?;
    }
    let files = ask(whom, Method::GET, FILES, &json!({})).await?;
    let ready = files.get("items").and_then(Value::as_array).into_iter().flatten().rev();
    for file in ready.filter(|file| text(file, "state") == "ready") {
        let id = text(file, "id");
        let created: Timestamp = serde_json::from_value(file.get("created_at").cloned().unwrap_or_default())?;
        let read = ask(whom, Method::GET, &format!("{FILES}/{id}/content"), &json!({})).await?;
        for answer in bank.answers(text(&read, "content").as_bytes(), created)? {
            let report = send(whom, Method::POST, ANSWERS, "application/xml", answer.content).await?;
            println!("{}: {}", answer.name, told(&report));
        }
    }
    Ok(())
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The counts that are not zero.
fn told(report: &Value) -> String {
    let names = ["accepted", "settled", "rejected", "returned", "repeated", "unmatched"];
    let count = |name: &&str| report.get(*name).and_then(Value::as_u64).filter(|count| *count > 0);
    let counts = names.iter().filter_map(|name| Some(format!("{} {name}", count(name)?)));
    let mut told: Vec<String> = counts.collect();
    if report.get("replayed").and_then(Value::as_bool) == Some(true) {
        told.push("known before".to_owned());
    }
    told.join(", ")
}
