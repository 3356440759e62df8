//! `florin keys rotate`: new keys for card numbers in a running florin, until no number is left under an old one.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::ask::ask;
use crate::cli::{Keys, RotateKeys};
use crate::failure::Failure;

const PATH: &str = "/v1/vault/rotations";
const PAUSE: Duration = Duration::from_secs(2);

pub(crate) fn run(command: &Keys) -> Result<(), Failure> {
    let Keys::Rotate(options) = command;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(rotate(options))
}

async fn rotate(options: &RotateKeys) -> Result<(), Failure> {
    let mut state = match options.look {
        true => ask(&options.whom, Method::GET, PATH, &json!({})).await?,
        false => ask(&options.whom, Method::POST, PATH, &json!({})).await?,
    };
    loop {
        println!("{}", sentence(&state));
        if options.look || is_done(&state) {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
        state = ask(&options.whom, Method::GET, PATH, &json!({})).await?;
    }
}

fn is_done(state: &Value) -> bool {
    state.get("done").and_then(Value::as_bool) == Some(true)
}

fn sentence(state: &Value) -> String {
    let number = |name: &str| state.get(name).and_then(Value::as_u64).unwrap_or_default();
    if is_done(state) {
        return "done: no card number is left under an old key".to_owned();
    }
    match (number("sealed_left"), number("fingerprints_left")) {
        (0, 0) => "all card numbers are moved; the old fingerprint key goes within a minute".to_owned(),
        (sealed, prints) => format!("{sealed} card numbers to seal again, {prints} to find by the new key"),
    }
}
