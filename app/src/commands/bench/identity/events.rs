//! What identity says has happened: the proof that the work was done, read as an auditor's program reads it.

use serde_json::Value;

use crate::commands::bench::server::Connection;
use crate::failure::Failure;

const PAGE: usize = 1_000;

/// Reads on from where it stands.
#[derive(Debug, Default)]
pub(super) struct Events {
    after: u64,
}

impl Events {
    /// How many of this kind there are from here to the present end.
    pub(super) async fn count(&mut self, connection: &mut Connection, kind: &str) -> Result<u64, Failure> {
        let mut count = 0;
        loop {
            let page = connection.get(&format!("/v1/identity/events?after={}&limit={PAGE}", self.after)).await?;
            let items = page.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            if items.is_empty() {
                return Ok(count);
            }
            let next = page.get("next").and_then(Value::as_u64);
            self.after =
                next.ok_or_else(|| Failure::new("a page of events does not tell where the next one starts"))?;
            count += items.iter().filter(|item| item.get("type").and_then(Value::as_str) == Some(kind)).count() as u64;
        }
    }
}

/// A figure counts only when as many events were told as acts were acknowledged.
pub(super) fn check(what: &str, acknowledged: u64, told: u64) -> Result<(), Failure> {
    if acknowledged == told {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the work was not done: {acknowledged} {what} were acknowledged, the events tell of {told}"
    )))
}
