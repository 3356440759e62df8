//! Identity's events: the proof that the work was done, read like an auditing program would.

use serde_json::Value;

use crate::commands::bench::server::Connection;
use crate::failure::Failure;

const PAGE: usize = 1_000;

/// Continues reading from its position.
#[derive(Debug, Default)]
pub(super) struct Events {
    after: u64,
}

impl Events {
    /// The number of events of this kind from here to the current end.
    pub(super) async fn count(&mut self, connection: &mut Connection, kind: &str) -> Result<u64, Failure> {
        let mut count = 0;
        loop {
            let page = connection.get(&format!("/v1/identity/events?after={}&limit={PAGE}", self.after)).await?;
            let items = page.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            if items.is_empty() {
                return Ok(count);
            }
            let next = page.get("next").and_then(Value::as_u64);
            self.after = next.ok_or_else(|| Failure::new("a page of events has no cursor for the next one"))?;
            count += items.iter().filter(|item| item.get("type").and_then(Value::as_str) == Some(kind)).count() as u64;
        }
    }
}

/// A figure only counts if there are as many events as acknowledged acts.
pub(super) fn check(what: &str, acknowledged: u64, told: u64) -> Result<(), Failure> {
    if acknowledged == told {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the work was not done: {acknowledged} {what} were acknowledged, but there are {told} events"
    )))
}
