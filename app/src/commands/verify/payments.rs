//! `florin verify payments`: has a running florin compare its payments with its ledger, page by page.

use http::Method;
use serde_json::{Value, json};

use crate::cli::Whom;
use crate::commands::ask::ask;
use crate::failure::Failure;
use crate::stores::{COULD_NOT_RUN, DISAGREES};

const PAGE: usize = 500;
/// Payments that are named; all of them are counted.
const SHOWN_MAX: u64 = 100;

pub(super) fn run(whom: &Whom) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (checked, wrong) = runtime.block_on(all(whom)).map_err(|failure| failure.with_status(COULD_NOT_RUN))?;
    println!("payments: {checked} compared, {wrong} disagree");
    if wrong == 0 {
        return Ok(());
    }
    Err(Failure::new(format!("{wrong} of {checked} payments disagree with the ledger")).with_status(DISAGREES))
}

async fn all(whom: &Whom) -> Result<(u64, u64), Failure> {
    let (mut checked, mut wrong, mut cursor) = (0, 0, None::<String>);
    loop {
        let after = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = ask(whom, Method::GET, &format!("/v1/payments/checks?limit={PAGE}{after}"), &json!({})).await?;
        checked += page.get("checked").and_then(Value::as_u64).unwrap_or_default();
        for one in page.get("wrong").and_then(Value::as_array).into_iter().flatten() {
            wrong += 1;
            if wrong <= SHOWN_MAX {
                println!("{}: {}", text(one, "payment"), text(one, "what"));
            }
        }
        cursor = page.get("next").and_then(Value::as_str).map(str::to_owned);
        if cursor.is_none() {
            return Ok((checked, wrong));
        }
    }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}
