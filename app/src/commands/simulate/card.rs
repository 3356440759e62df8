//! `florin simulate card`: one request to a running florin, as a merchant or a network would make it.

use clap::ValueEnum;
use http::Method;
use serde_json::{Map, Value};

use crate::cli::SimulateCard;
use crate::commands::ask::ask;
use crate::failure::Failure;

pub(super) fn run(options: &SimulateCard) -> Result<(), Failure> {
    let verb = options.verb.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let path = format!("/v1/simulate/cards/{verb}");
    let answer = runtime.block_on(ask(&options.whom, Method::POST, &path, &Value::Object(body(options))))?;
    println!("{answer:#}");
    Ok(())
}

fn body(options: &SimulateCard) -> Map<String, Value> {
    let given = [
        ("pan", &options.card),
        ("token", &options.token),
        ("authorization", &options.authorization),
        ("amount", &options.amount),
        ("currency", &options.currency),
        ("merchant", &options.merchant),
        ("category", &options.category),
        ("country", &options.country),
        ("request_id", &options.request_id),
    ];
    let given = given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.as_ref()?.as_str().into())));
    given.collect()
}
