//! The lines of a batch when an attempt was lost or never begun.

use std::sync::atomic::{AtomicUsize, Ordering};

use kernel::SystemClock;
use ledger_api::{Batch, BatchReply, BookName, Books, LineOutcome, RemoteBooks};
use platform::rpc::RpcClient;
use serde_json::json;

use super::super::books;
use super::*;

#[test]
fn a_batch_not_begun_differs_from_a_begun_one() {
    let failed = |error: &LedgerError| LineOutcome::Failed(error.clone());
    let reply = |errors: &[LedgerError]| BatchReply { lines: errors.iter().map(failed).collect() };
    let (none, unknown) = (LedgerError::Failed(Failure::Unavailable), LedgerError::Failed(Failure::OutcomeUnknown));
    let all = books::begun(reply(&[none.clone(), none.clone()]));
    assert_eq!(all.unwrap_err(), LedgerError::Failed(Failure::Unavailable));
    assert_eq!(books::begun(reply(&[none, unknown])).unwrap().lines.len(), 2);
    assert!(books::begun(reply(&[])).unwrap().lines.is_empty());
}

/// Loses the first call, and answers the next ones with "nothing happened" for one line of two.
struct LosesFirst(AtomicUsize);

#[async_trait::async_trait]
impl platform::rpc::Transport for LosesFirst {
    async fn carry(&self, _: &str, _: &str, _: bytes::Bytes) -> Result<bytes::Bytes, platform::rpc::TransportError> {
        if self.0.fetch_add(1, Ordering::SeqCst) == 0 {
            return Err(platform::rpc::TransportError::Lost("cut".to_owned()));
        }
        Ok(serde_json::to_vec(&json!({ "ok": { "lines": two_lines() } })).unwrap().into())
    }
}

fn two_lines() -> Vec<LineOutcome> {
    let refusal = ledger_api::Refusal::BatchEmpty;
    let refused = LedgerError::Refused { refusal, replayed: false };
    vec![LineOutcome::Failed(LedgerError::Failed(Failure::Unavailable)), LineOutcome::Failed(refused)]
}

/// "Nothing happened" is only true of the last attempt; a refusal is true of all.
#[tokio::test]
async fn lines_of_a_batch_after_a_lost_attempt_are_unknown() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let batch = || Batch { atomic: false, dry_run: false, lines: Vec::new() };
    let rpc = RpcClient::new("ledger", Arc::new(LosesFirst(AtomicUsize::new(0))), Arc::clone(&clock));
    let remote = RemoteBooks::new(rpc).book(&BookName::main()).await.unwrap();
    let mut expected = two_lines();
    expected[0] = LineOutcome::Failed(LedgerError::Failed(Failure::OutcomeUnknown));
    assert_eq!(remote.submit_batch(&within(5_000), batch()).await.unwrap().lines, expected);
    let first = remote.submit_batch(&within(5_000), batch()).await.unwrap();
    assert_eq!(first.lines, two_lines(), "nothing was lost this time");

    let passing = Passing { standing: Standing::alone(), clock };
    let tried = AtomicUsize::new(0);
    let nobody: Arc<()> = Arc::default();
    let sides = Sides { here: nobody.clone(), writer: nobody };
    let call = |_: Arc<()>| {
        let first = tried.fetch_add(1, Ordering::SeqCst) == 0;
        async move { if first { Err(LedgerError::Failed(Failure::OutcomeUnknown)) } else { Ok(7) } }
    };
    assert_eq!(passing.carry_told(&within(5_000), Repeat::Harmless, &sides, call).await, (Ok(7), true));
}
