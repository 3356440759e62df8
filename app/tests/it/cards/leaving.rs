//! Leaving an old system that is slow, forgets requests and loses answers. It has the same contract: it is another one of
//! ours, over HTTP, on stores of its own.

mod moves;
mod passes;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use cards::{Authorization, Card, Cards, ImportCards, Leaving, Legacy, LegacyCard, LegacyMode, Programme, SetLegacy};
use cards::{CardsService, Issuing, PutProgramme};
use http::{Method, StatusCode};
use kernel::{Deadline, Principal};
use platform::http::{Limits, Scope};
use testkit::{FakeClock, TestStore};
use tokio::sync::Notify;

use crate::cards::stage::{Till, VISA, ask, terms};

/// Longer than cards wait for it.
const SLOW: Duration = Duration::from_secs(3);
const BODY_MAX: usize = 1 << 20;
const ROUNDS_MAX: usize = 60;

/// What is wrong with the old system.
#[derive(Default)]
struct Trouble {
    /// Answers to payments that are lost after they were decided.
    loses: AtomicUsize,
    /// The next payment is answered late.
    slow: AtomicBool,
    /// The next payment is decided, and then nothing happens any more.
    hangs: AtomicBool,
    hanging: Notify,
    /// Requests are known no more: the same one again is another one.
    forgets: AtomicBool,
    /// Nothing can be looked up.
    silent: AtomicBool,
    payments: AtomicUsize,
}

struct OldSystem {
    till: Till,
    card: Card,
    trouble: Arc<Trouble>,
    address: String,
    _store: TestStore,
}

#[derive(Clone)]
struct Front {
    trouble: Arc<Trouble>,
    clock: FakeClock,
}

impl OldSystem {
    /// `ann` has 100.00 and a card.
    async fn start(clock: FakeClock) -> OldSystem {
        let store = TestStore::sqlite();
        let till = Till::open_with(&store, clock.clone(), 1_000).await;
        let card = till.card(VISA).await;
        let trouble = Arc::new(Trouble::default());
        let routes = cards::routes(till.cards.clone(), Arc::new(clock.clone()));
        let front = Front { trouble: Arc::clone(&trouble), clock };
        let router = Router::new().nest("/v1", routes.v1).layer(from_fn_with_state(front, behave));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        OldSystem { till, card, trouble, address, _store: store }
    }

    fn payments(&self) -> usize {
        self.trouble.payments.load(Ordering::SeqCst)
    }
}

async fn behave(State(Front { trouble, clock }): State<Front>, request: Request, next: Next) -> Response {
    let is_payment = request.method() == Method::POST && request.uri().path() == "/v1/cards/authorizations";
    if trouble.silent.load(Ordering::SeqCst) && request.method() == Method::GET {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let forgets = trouble.forgets.load(Ordering::SeqCst);
    if forgets && request.uri().path().starts_with("/v1/cards/requests/") {
        return StatusCode::NOT_FOUND.into_response();
    }
    let mut request =
        if is_payment && forgets { renamed(request, trouble.payments.load(Ordering::SeqCst)).await } else { request };
    let limits = Limits { body_bytes_max: BODY_MAX, json_depth_max: 16 };
    let deadline = Deadline::after_millis(&clock, 10_000);
    request.extensions_mut().insert(Scope { request_id: "old".into(), deadline, limits, from: None, secure: false });
    request.extensions_mut().insert(Principal::operator());
    // Not ended by a caller that has stopped waiting.
    let answer = tokio::spawn(next.run(request)).await.unwrap();
    if !is_payment {
        return answer;
    }
    trouble.payments.fetch_add(1, Ordering::SeqCst);
    if trouble.hangs.swap(false, Ordering::SeqCst) {
        trouble.hanging.notify_one();
        std::future::pending::<()>().await;
    }
    if trouble.slow.swap(false, Ordering::SeqCst) {
        tokio::time::sleep(SLOW).await;
    }
    let loses = trouble.loses.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
    if loses { StatusCode::GATEWAY_TIMEOUT.into_response() } else { answer }
}

/// A request that was forgotten is another one.
async fn renamed(request: Request, count: usize) -> Request {
    let (mut head, body) = request.into_parts();
    let mut body: serde_json::Value = serde_json::from_slice(&to_bytes(body, BODY_MAX).await.unwrap()).unwrap();
    body["request_id"] = format!("{}-{count}", body["request_id"].as_str().unwrap()).into();
    head.headers.remove(http::header::CONTENT_LENGTH);
    Request::from_parts(head, Body::from(serde_json::to_vec(&body).unwrap()))
}

/// Ours, in front of the old system.
struct Ours {
    till: Till,
    programme: Programme,
    /// The old system also finishes what it has begun.
    old: Arc<CardsService>,
}

impl Ours {
    async fn open(store: &TestStore, old: &OldSystem) -> Ours {
        let till = Till::open_leaving(store, old.till.clock.clone(), 7, old.address.clone()).await;
        let put = PutProgramme { id: None, terms: terms("411111") };
        let programme = till.cards.put_programme(&till.keyed("programme"), put).await.unwrap();
        Ours { till, programme, old: Arc::clone(&old.till.cards) }
    }

    async fn set(&self, mode: LegacyMode) {
        let legacy = Legacy { mode, share: 0, takeover: "equity".parse().unwrap() };
        let command = SetLegacy { programme: self.programme.id, legacy };
        self.till.cards.set_legacy(&self.till.ctx(), command).await.unwrap();
    }

    /// With the old system's card.
    async fn import(&self, old: &OldSystem) {
        let card = LegacyCard {
            card: old.card.id,
            token: old.card.token,
            pan: VISA.parse().unwrap(),
            expiry: "2812".parse().unwrap(),
            account: "customers:ann".parse().unwrap(),
            status: cards::CardStatus::Active,
            controls: Default::default(),
        };
        let command = ImportCards { programme: self.programme.id, cards: vec![card] };
        let done = self.till.cards.import_cards(&self.till.ctx(), command.clone()).await.unwrap();
        assert_eq!((done.imported, done.known, done.rejected.len()), (1, 0, 0), "{done:?}");
        let again = self.till.cards.import_cards(&self.till.ctx(), command).await.unwrap();
        assert_eq!((again.imported, again.known), (0, 1));
    }

    async fn pay(&self, request: &str, amount: &str) -> Authorization {
        self.till.cards.authorize(&self.till.ctx(), ask(request, VISA, amount)).await.unwrap()
    }

    /// Rounds until the accounts are where this mode wants them, or stay because the two sides disagree. An old system that
    /// failed is not called for half a minute.
    async fn settled(&self, mode: LegacyMode) {
        self.set(mode).await;
        for _ in 0..ROUNDS_MAX {
            self.sweep_later().await;
            let report = self.report().await;
            let left = if mode == LegacyMode::Pass { report.accounts.ours } else { report.accounts.theirs };
            if left + report.accounts.moving == 0 || !report.disagreements.is_empty() {
                return;
            }
        }
        panic!("nothing moves: {:?}", self.report().await);
    }

    async fn sweep_later(&self) {
        self.till.clock.advance_millis(3_000);
        self.old.sweep().await.unwrap();
        self.till.cards.sweep().await.unwrap();
    }

    async fn report(&self) -> cards::LegacyReport {
        self.till.cards.legacy_report(&self.till.ctx(), self.programme.id).await.unwrap()
    }
}
