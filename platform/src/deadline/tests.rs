use kernel::{Principal, SystemClock};

use super::*;

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

fn ctx(millis: u64) -> Ctx {
    let deadline = Deadline::after_millis(&SystemClock, millis);
    Ctx { principal: Principal::operator(), deadline, request_id: "req-1".into(), idempotency_key: None }
}

async fn hang() -> Result<(), Late> {
    std::future::pending().await
}

#[tokio::test]
async fn a_hanging_call_ends_at_its_deadline_and_nothing_happened() {
    let start = SystemClock.monotonic();
    assert_eq!(in_time(&ctx(100), &clock(), hang()).await, Err(Late::NothingHappened));
    let ms = SystemClock.monotonic().micros_since(start) / 1_000;
    assert!((100..400).contains(&ms), "{ms} ms");
    assert_eq!(in_time(&ctx(0), &clock(), async { Ok::<_, Late>(()) }).await, Err(Late::NothingHappened));
}

#[tokio::test]
async fn after_a_commit_was_sent_the_outcome_is_unknown() {
    let sent = async {
        changes();
        hang().await
    };
    assert_eq!(in_time(&ctx(50), &clock(), sent).await, Err(Late::OutcomeUnknown));
    let refused = async {
        changes();
        undone();
        hang().await
    };
    assert_eq!(in_time(&ctx(50), &clock(), refused).await, Err(Late::NothingHappened));
    let second = async {
        changes();
        Err::<(), _>(Late::NothingHappened)
    };
    assert_eq!(in_time(&ctx(50), &clock(), second).await, Err(Late::OutcomeUnknown));
}

#[tokio::test]
async fn a_nested_call_shares_the_outer_deadline_and_outcome() {
    let clock = clock();
    let inner = async {
        let within = async {
            assert!(left().unwrap() <= Duration::from_millis(100), "{:?}", left());
            changes();
            hang().await
        };
        let said = in_time(&ctx(60_000), &clock, within).await;
        assert_eq!(said, Err(Late::OutcomeUnknown));
        Err::<(), _>(Late::NothingHappened)
    };
    assert_eq!(in_time(&ctx(100), &clock, inner).await, Err(Late::OutcomeUnknown));
    assert_eq!(left(), None);
}
