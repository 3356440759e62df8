//! What is retried, and what the caller is told: attempt by attempt.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use platform::rpc::{Repeat, Transport, TransportError};

use crate::rpc::till::{Refused, client, ctx};

/// Answers each attempt with the next of these.
struct Script(std::sync::Mutex<Vec<Result<Bytes, TransportError>>>, AtomicUsize);

impl Script {
    fn new(mut attempts: Vec<Result<Bytes, TransportError>>) -> Arc<Script> {
        attempts.reverse();
        Arc::new(Script(std::sync::Mutex::new(attempts), AtomicUsize::new(0)))
    }
}

#[async_trait]
impl Transport for Script {
    async fn carry(&self, _: &str, _: &str, _: Bytes) -> Result<Bytes, TransportError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.lock().unwrap().pop().unwrap_or_else(|| Err(TransportError::NotSent("the script is over".to_owned())))
    }
}

fn ok() -> Result<Bytes, TransportError> {
    Ok(Bytes::from_static(br#"{"ok":5}"#))
}

fn busy() -> Result<Bytes, TransportError> {
    Ok(Bytes::from_static(br#"{"refused":"Busy"}"#))
}

fn away() -> Result<Bytes, TransportError> {
    Ok(Bytes::from_static(br#"{"refused":"Away"}"#))
}

fn lost() -> Result<Bytes, TransportError> {
    Err(TransportError::Lost("cut".to_owned()))
}

fn not_sent() -> Result<Bytes, TransportError> {
    Err(TransportError::NotSent("cut".to_owned()))
}

#[tokio::test]
async fn retries_and_errors_follow_the_outcome_of_each_attempt() {
    let said = |word: &str| Err(Refused::Call(word.to_owned()));
    let again = || Err(TransportError::Overloaded("full".to_owned()));
    let stale = || Err(TransportError::Stale("behind".to_owned()));
    let strange = || Err(TransportError::NotUnderstood("what".to_owned()));
    for (repeat, attempts, expected, count) in [
        (Repeat::Never, vec![not_sent(), again(), ok()], Ok(5), 3),
        (Repeat::Never, vec![stale(), again(), ok()], Ok(5), 3),
        (Repeat::Harmless, vec![lost(), stale(), busy()], said("OutcomeUnknown"), 3),
        (Repeat::Never, vec![lost(), ok()], said("OutcomeUnknown"), 1),
        (Repeat::Never, vec![strange(), ok()], said("NotUnderstood"), 1),
        (Repeat::Harmless, vec![lost(), lost(), ok()], Ok(5), 3),
        (Repeat::Harmless, vec![busy(), ok()], Err(Refused::Busy), 1),
        // "Nothing happened" is only true of the second attempt.
        (Repeat::Harmless, vec![lost(), busy()], said("OutcomeUnknown"), 2),
        (Repeat::Harmless, vec![lost(), strange()], said("OutcomeUnknown"), 2),
        (Repeat::Harmless, vec![not_sent(), busy()], Err(Refused::Busy), 2),
        (Repeat::Question, vec![lost(), busy()], Err(Refused::Busy), 2),
        (Repeat::Question, vec![lost(), ok()], Ok(5), 2),
        // It did nothing and says that another process may do better.
        (Repeat::Never, vec![away(), not_sent(), away(), ok()], Ok(5), 4),
        (Repeat::Never, vec![away(), lost(), ok()], said("OutcomeUnknown"), 2),
        (Repeat::Harmless, vec![lost(), away(), ok()], said("OutcomeUnknown"), 2),
    ] {
        let script = Script::new(attempts);
        let answer: Result<i64, Refused> = client(Arc::clone(&script)).call(&ctx(5_000), "take", &5, repeat).await;
        assert_eq!((answer, script.1.load(Ordering::SeqCst)), (expected, count), "{repeat:?}");
    }
    let script = Script::new((0..20).map(|_| away()).collect());
    let answer: Result<i64, Refused> =
        client(Arc::clone(&script)).call(&ctx(60_000), "take", &5, Repeat::Harmless).await;
    assert_eq!((answer, script.1.load(Ordering::SeqCst)), (Err(Refused::Away), 3));
    let script = Script::new(vec![away(), ok()]);
    let once = client(Arc::clone(&script)).asking_once();
    let answer: Result<i64, Refused> = once.call(&ctx(5_000), "take", &5, Repeat::Harmless).await;
    assert_eq!((answer, script.1.load(Ordering::SeqCst)), (Err(Refused::Away), 1));
    for (repeat, last, expected) in [
        (Repeat::Harmless, lost as fn() -> _, "OutcomeUnknown"),
        (Repeat::Harmless, not_sent, "Unavailable"),
        (Repeat::Question, lost, "Unavailable"),
    ] {
        let script = Script::new((0..20).map(|_| last()).collect());
        let answer: Result<i64, Refused> = client(Arc::clone(&script)).call(&ctx(60_000), "take", &5, repeat).await;
        assert_eq!((answer, script.1.load(Ordering::SeqCst)), (said(expected), 9), "{repeat:?}");
    }
}

#[tokio::test]
async fn retries_run_out_when_everything_fails() {
    let script = Script::new((0..2_000).map(|_| not_sent()).collect());
    let client = client(Arc::clone(&script));
    let calls = (0..100).map(|_| {
        let client = client.clone();
        async move { client.call::<_, i64, Refused>(&ctx(60_000), "take", &5, Repeat::Harmless).await }
    });
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(|answer| *answer == Err(Refused::Call("Unavailable".to_owned()))));
    // A hundred first attempts, sixty-four retries to begin with; a full budget earns nothing.
    let attempts = script.1.load(Ordering::SeqCst);
    assert!((164..=174).contains(&attempts), "{attempts}");
}
