use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use access::{GateSettings, Vocabulary};
use testkit::FakeClock;

use super::*;

/// Gives numbered tokens of five minutes that name their room, or nothing.
fn identity(asked: &Arc<AtomicUsize>, away: &Arc<AtomicBool>) -> Arc<OnceLock<Issue>> {
    let (asked, away) = (Arc::clone(asked), Arc::clone(away));
    let issue: Issue = Arc::new(move |id, secret, room| {
        assert!(id == "florin-cards" && secret.expose().len() >= 32);
        let (number, away) = (asked.fetch_add(1, Ordering::SeqCst), away.load(Ordering::SeqCst));
        Box::pin(async move {
            if away { Err("away".to_owned()) } else { Ok((Secret::new(format!("{room}-{number}")), 300)) }
        })
    });
    Arc::new(OnceLock::from(issue))
}

struct Desk {
    asked: Arc<AtomicUsize>,
    away: Arc<AtomicBool>,
    clock: FakeClock,
    tokens: Tokens,
}

impl Desk {
    /// Without terms its gate accepts and refuses nothing for good.
    fn new() -> Desk {
        let (asked, away, clock) = (Arc::default(), Arc::default(), FakeClock::default());
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let gate = Gate::new(Arc::clone(&shared), GateSettings::default(), Vocabulary::of(&[]).unwrap());
        let issue = identity(&asked, &away);
        let tokens = Tokens::new(["cards"].into_iter(), &Credential::random(), gate, shared, issue);
        Desk { asked, away, clock, tokens }
    }

    async fn token(&self, room: &str) -> Result<String, String> {
        self.tokens.token("florin-cards", room).await.unwrap().map(|token| token.expose().to_owned())
    }
}

fn token(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

#[tokio::test]
async fn a_token_is_renewed_at_half_its_life_and_kept_while_identity_is_away() {
    let desk = Desk::new();
    assert_eq!((desk.token("ledger").await, desk.token("ledger").await), (token("ledger-0"), token("ledger-0")));
    desk.clock.advance_millis(150_000);
    assert_eq!(desk.token("ledger").await, token("ledger-1"));
    desk.away.store(true, Ordering::SeqCst);
    desk.clock.advance_millis(299_000);
    assert_eq!(desk.token("ledger").await, token("ledger-1"), "still valid");
    let tries = desk.asked.load(Ordering::SeqCst);
    assert_eq!(desk.token("ledger").await, token("ledger-1"));
    assert_eq!(desk.asked.load(Ordering::SeqCst), tries, "not at once again");
    desk.clock.advance_millis(1_000);
    assert_eq!(desk.token("ledger").await, Err("away".to_owned()));
    desk.away.store(false, Ordering::SeqCst);
    assert_eq!(desk.token("ledger").await, Ok(format!("ledger-{}", tries + 1)));
}

#[tokio::test]
async fn each_called_room_gets_a_token_of_its_own() {
    let desk = Desk::new();
    assert_eq!((desk.token("ledger").await, desk.token("vault").await), (token("ledger-0"), token("vault-1")));
    assert_eq!((desk.token("ledger").await, desk.token("vault").await), (token("ledger-0"), token("vault-1")));
    assert!(desk.tokens.token("florin-risk", "ledger").await.is_none(), "that room does not run here");
}

#[test]
fn each_room_has_its_own_secret() {
    let credential = Credential::random();
    assert_eq!(credential.derived("florin-cards").expose(), credential.derived("florin-cards").expose());
    assert_ne!(credential.derived("florin-cards").expose(), credential.derived("florin-ledger").expose());
}
