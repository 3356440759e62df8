//! A source that answers, fails, recovers and is slow.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kernel::{Clock, Monotonic, SystemClock};
use tokio::sync::Notify;

use super::*;
use crate::bench::{Minter, mint};
use crate::{GateSettings, Revoked, RevokedWhat, Terms, TokenRefusal};

/// Identity as seen by another process.
struct Far {
    minter: Minter,
    state: Mutex<State>,
    news: Notify,
    asked: AtomicU64,
}

#[derive(Default)]
struct State {
    revoked: Vec<Revoked>,
    trouble: Trouble,
    bad_terms: bool,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Trouble {
    #[default]
    None,
    Fails,
    Silent,
}

impl Far {
    fn new() -> Arc<Far> {
        let minter = Minter::new("key-1").unwrap();
        Arc::new(Far { minter, state: Mutex::default(), news: Notify::new(), asked: AtomicU64::new(0) })
    }

    fn trouble(&self, trouble: Trouble) {
        self.state.lock().unwrap().trouble = trouble;
        self.news.notify_waiters();
    }

    fn revoke(&self, jti: &str) {
        {
            let revoked = &mut self.state.lock().unwrap().revoked;
            let (seq, what) = (revoked.len() as u64 + 1, RevokedWhat::Token { jti: jti.to_owned() });
            revoked.push(Revoked { seq, what, until: SystemClock.now().plus_seconds(3_660) });
        }
        self.news.notify_waiters();
    }

    fn answer(&self, since: Since) -> Standing {
        let state = self.state.lock().unwrap();
        let zone = if state.bad_terms { "Nowhere" } else { "UTC" };
        let terms = Terms {
            issuer: mint::ISSUER.to_owned(),
            audience: mint::AUDIENCE.to_owned(),
            keys: vec![self.minter.public()],
            roles: crate::vocabulary::sample().built_in_roles(),
            policies: Vec::new(),
            zone: zone.to_owned(),
        };
        let version = if state.bad_terms { 2 } else { 1 };
        let terms = (since.version != version).then_some(terms);
        let revoked = state.revoked.iter().filter(|revoked| revoked.seq > since.revoked).cloned().collect();
        Standing { version, terms, revoked, more: false }
    }
}

impl Source for Far {
    async fn standing(&self, since: Since) -> Result<Standing, String> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let news = self.news.notified();
        let trouble = self.state.lock().unwrap().trouble;
        match trouble {
            Trouble::Fails => return Err("connection refused".to_owned()),
            Trouble::Silent => std::future::pending().await,
            Trouble::None => {}
        }
        let now = self.answer(since);
        if now.terms.is_none() && now.revoked.is_empty() {
            let _ = tokio::time::timeout(Duration::from_millis(since.wait_ms), news).await;
        }
        Ok(self.answer(since))
    }
}

fn gate(stale_ms: u64) -> Gate {
    let settings = GateSettings { stale_ms: Some(stale_ms), ..GateSettings::default() };
    Gate::new(Arc::new(SystemClock), settings, crate::vocabulary::sample())
}

/// The time until the check gave this result.
async fn until(gate: &Gate, token: &str, wanted: Result<(), TokenRefusal>) -> Duration {
    let began = SystemClock.monotonic();
    let passed = || Duration::from_micros(SystemClock.monotonic().micros_since(began));
    while gate.verify(token).map(drop) != wanted {
        assert!(passed() < Duration::from_secs(10), "expected {wanted:?}, found {:?}", gate.verify(token).map(drop));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    passed()
}

const REVOKED: Result<(), TokenRefusal> = Err(TokenRefusal::Revoked(crate::RevokedAs::Token));

fn token(far: &Far, number: usize) -> (String, String) {
    (far.minter.token(number).unwrap(), mint::claims(number).jti)
}

#[tokio::test]
async fn a_revocation_reaches_other_processes_within_a_second() {
    let (far, gate) = (Far::new(), gate(5_000));
    let follow = gate.follow(Arc::clone(&far));
    for number in 1..=5 {
        let (token, jti) = token(&far, number);
        until(&gate, &token, Ok(())).await;
        far.revoke(&jti);
        assert!(until(&gate, &token, REVOKED).await < Duration::from_secs(1));
    }
    follow.close().await;
}

#[tokio::test]
async fn a_gate_refuses_without_its_source_and_recovers_within_a_second() {
    let (far, gate) = (Far::new(), gate(700));
    let _follow = gate.follow(Arc::clone(&far));
    let (token, jti) = token(&far, 1);
    until(&gate, &token, Ok(())).await;
    far.trouble(Trouble::Fails);
    until(&gate, &token, Err(TokenRefusal::Stale)).await;
    let asked = far.asked.load(Ordering::SeqCst);
    assert!(asked < 40, "{asked} requests: frequent, but with pauses");
    far.revoke(&jti);
    far.trouble(Trouble::None);
    assert!(until(&gate, &token, REVOKED).await < Duration::from_secs(1));
}

#[tokio::test]
async fn a_silent_source_is_asked_again() {
    let (far, gate) = (Far::new(), gate(5_000));
    let _follow = gate.follow(Arc::clone(&far));
    let (token, jti) = token(&far, 1);
    until(&gate, &token, Ok(())).await;
    far.trouble(Trouble::Silent);
    // The next request is never answered.
    tokio::time::sleep(Duration::from_millis(WAIT_MS + 200)).await;
    far.revoke(&jti);
    far.trouble(Trouble::None);
    let took = until(&gate, &token, REVOKED).await;
    assert!(took < Duration::from_millis(ANSWER_MS + 500), "{took:?}");
}

#[tokio::test]
async fn a_reply_is_as_old_as_its_request() {
    let (far, gate) = (Far::new(), gate(600));
    let asked_at = SystemClock.monotonic();
    tokio::time::sleep(Duration::from_millis(650)).await;
    gate.hear_as_of(far.answer(Since::default()), asked_at);
    let (token, _) = token(&far, 1);
    assert_eq!(gate.verify(&token).map(drop), Err(TokenRefusal::Stale));
    gate.hear_as_of(far.answer(Since::default()), SystemClock.monotonic());
    assert!(gate.verify(&token).is_ok());
    gate.hear_as_of(far.answer(Since::default()), Monotonic::default());
    assert!(gate.verify(&token).is_ok(), "a late reply does not make it older");
}

#[tokio::test]
async fn unusable_terms_are_requested_again_with_pauses() {
    let (far, gate) = (Far::new(), gate(5_000));
    far.state.lock().unwrap().bad_terms = true;
    let follow = gate.follow(Arc::clone(&far));
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(far.asked.load(Ordering::SeqCst) < 10);
    assert_eq!(gate.verify(&token(&far, 1).0).map(drop), Err(TokenRefusal::NoCopy));
    far.state.lock().unwrap().bad_terms = false;
    until(&gate, &token(&far, 1).0, Ok(())).await;
    follow.close().await;
    let asked = far.asked.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(far.asked.load(Ordering::SeqCst), asked, "no requests after it was closed");
}

#[test]
fn pauses_grow_and_stay_short() {
    let millis: Vec<u128> = (1..=6).map(|failures| pause(failures).as_millis()).collect();
    assert_eq!(millis, [50, 100, 200, 400, 400, 400]);
    assert_eq!(pause(u32::MAX).as_millis(), 400);
}
