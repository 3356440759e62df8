//! Calls to hosts that are slow, silent or broken, answer too much, or redirect to forbidden addresses.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use http::StatusCode;
use http::header::AUTHORIZATION;
use kernel::{Clock, Deadline, SystemClock};
use platform::outbound::{Call, CircuitState, Outbound, OutboundConfig, OutboundError, Redirects, Resolve, TrustFiles};
use platform::rpc::Repeat;
use testkit::{FakeClock, OddServer};

use crate::tls::common::{Root, config as tls_config, files, opened, serve};

/// A name server of the test's own.
struct Names(Vec<(&'static str, SocketAddr)>);

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, host: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(self.0.iter().filter(|(name, _)| *name == host).map(|(_, address)| *address).collect())
    }
}

fn config() -> OutboundConfig {
    let allowed = vec!["127.0.0.1/32".parse().unwrap()];
    OutboundConfig { allowed, body_bytes_max: 1 << 20, ..OutboundConfig::default() }
}

fn outbound(clock: &Arc<dyn Clock>) -> Outbound {
    Outbound::new(&config(), Arc::clone(clock)).unwrap()
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

fn call(url: &str, clock: &Arc<dyn Clock>, millis: u64) -> Call {
    Call::get(url.parse().unwrap(), Deadline::after_millis(&**clock, millis))
}

async fn sent(path: &str, repeat: Repeat) -> (Result<StatusCode, OutboundError>, usize) {
    let (server, clock) = (OddServer::start().await, clock());
    let call = Call { repeat, ..call(&server.url(path), &clock, 1_500) };
    let answer = outbound(&clock).send("odd", &call).await;
    (answer.map(|answer| answer.status), server.heard())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_any_status_is_returned() {
    for (path, status) in [("/ok", 200), ("/status/404", 404), ("/status/500", 500), ("/status/307", 307)] {
        assert_eq!(sent(path, Repeat::Never).await, (Ok(StatusCode::from_u16(status).unwrap()), 1), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_fault_has_its_error() {
    for (path, error) in [
        ("/silent", OutboundError::DeadlineExceeded { sent: true }),
        ("/slow", OutboundError::DeadlineExceeded { sent: true }),
        ("/reset", OutboundError::Lost),
        ("/lies", OutboundError::Lost),
        ("/endless", OutboundError::BodyTooLarge { max: 1 << 20 }),
        ("/head", OutboundError::HeadRefused),
    ] {
        let (outcome, heard) = sent(path, Repeat::Never).await;
        assert_eq!((outcome, heard), (Err(error), 1), "{path}");
        assert!(error.may_have_been_carried_out(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_harmless_calls_are_retried() {
    assert_eq!(sent("/back", Repeat::Never).await, (Ok(StatusCode::SERVICE_UNAVAILABLE), 1));
    assert_eq!(sent("/back", Repeat::Harmless).await, (Ok(StatusCode::OK), 3));
    assert_eq!(sent("/reset", Repeat::Never).await.1, 1);
    let (outcome, heard) = sent("/reset", Repeat::Question).await;
    assert!(outcome == Err(OutboundError::Lost) && heard > 1, "{outcome:?} {heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsent_call_says_so() {
    let clock = clock();
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = outbound(&clock).send("odd", &call(&format!("http://{nobody}/"), &clock, 300)).await.unwrap_err();
    assert_eq!((error, error.may_have_been_carried_out()), (OutboundError::NotReached, false));
    let error = outbound(&clock).send("odd", &call("http://127.0.0.1/", &clock, 0)).await.unwrap_err();
    assert_eq!(error, OutboundError::DeadlineExceeded { sent: false });
}

#[tokio::test(flavor = "multi_thread")]
async fn internal_addresses_are_refused_in_every_form() {
    let (server, clock) = (OddServer::start().await, clock());
    let port = server.address().port();
    let names = Names(vec![("inside.example", server.address()), ("both.example", server.address())]);
    let outbound = Outbound::resolving(&OutboundConfig::default(), Arc::clone(&clock), Arc::new(names)).unwrap();
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",
        "169.254.169.254",
        "inside.example",
    ] {
        let error = outbound.send("odd", &call(&format!("http://{host}:{port}/ok"), &clock, 2_000)).await.unwrap_err();
        assert_eq!(error, OutboundError::AddressForbidden, "{host}");
    }
    assert_eq!(server.heard(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_checked_like_a_call() {
    let (server, clock) = (OddServer::start().await, clock());
    let names = Names(vec![("public.example", server.address())]);
    let client = Outbound::resolving(&config(), Arc::clone(&clock), Arc::new(names)).unwrap();
    let to = |target: &str| server.url(&format!("/to?{target}"));
    for (target, redirects, expected) in [
        (server.url("/ok"), Redirects::Never, Ok(307)),
        (server.url("/ok"), Redirects::SameOrigin, Ok(200)),
        ("http://public.example/ok".to_owned(), Redirects::SameOrigin, Err(OutboundError::RedirectRefused)),
        ("http://10.0.0.1/".to_owned(), Redirects::Anywhere, Err(OutboundError::AddressForbidden)),
        ("file:///etc/passwd".to_owned(), Redirects::Anywhere, Err(OutboundError::RedirectRefused)),
        (
            server.url("/to?/to?/to?/to?/to?/to?/to?/ok"),
            Redirects::Anywhere,
            Err(OutboundError::TooManyRedirects { max: 5 }),
        ),
    ] {
        let call = Call { redirects, repeat: Repeat::Never, ..call(&to(&target), &clock, 2_000) };
        let answer = client.send("odd", &call).await.map(|answer| answer.status.as_u16());
        assert_eq!(answer, expected, "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_gets_no_credentials() {
    let (server, clock) = (OddServer::start().await, clock());
    let other = format!("http://public.example:{}/echo", server.address().port());
    let names = Names(vec![("public.example", server.address())]);
    let client = Outbound::resolving(&config(), Arc::clone(&clock), Arc::new(names)).unwrap();
    for (target, told) in [(server.url("/echo"), true), (other, false)] {
        let mut call = call(&server.url(&format!("/to?{target}")), &clock, 2_000);
        call.redirects = Redirects::Anywhere;
        call.headers.insert(AUTHORIZATION, "Bearer secret".parse().unwrap());
        let answer = client.send("odd", &call).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&answer.body).contains("Bearer secret"), told, "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_asks_for_a_certificate_gets_ours() {
    let (root, foreign, clock) = (Root::new(), Root::new(), clock());
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = serve(
        &opened(files(&there, &root.issue("bank.example"), Some(&root))),
        &tls_config(&[("FLORIN__SERVER__HOSTS", "bank.example")]),
    )
    .await;
    let own = files(&here, &root.issue("florin"), Some(&root));
    let client = Some((own.certificate.clone(), own.key.clone()));
    let trust = TrustFiles { ca: own.ca.clone(), client: client.clone() };
    let url = format!("https://bank.example:{}/origin", server.address().port());
    let ask = async |trust: TrustFiles| {
        let names = Arc::new(Names(vec![("bank.example", server.address())]));
        let config = OutboundConfig { trust, ..config() };
        let outbound = Outbound::resolving(&config, Arc::clone(&clock), names).unwrap();
        outbound.send("bank", &call(&url, &clock, 5_000)).await.map(|answer| answer.status.as_u16())
    };
    assert_eq!(ask(trust).await, Ok(200));
    let nameless = ask(TrustFiles { ca: own.ca.clone(), client: None }).await;
    assert!(matches!(nameless, Err(OutboundError::NotReached | OutboundError::Lost)), "{nameless:?}");
    assert_eq!(ask(TrustFiles { ca: None, client: client.clone() }).await, Err(OutboundError::NotTrusted));
    let other = there.path().join("other.crt");
    std::fs::write(&other, &foreign.pem).unwrap();
    assert_eq!(ask(TrustFiles { ca: Some(other), client }).await, Err(OutboundError::NotTrusted));
}

/// The goal of 15,000 a second is for a release build on a machine at rest: `cargo test --release -- --ignored`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures"]
async fn fifteen_thousand_requests_a_second_reach_a_double() {
    let fewest = if cfg!(debug_assertions) { 500 } else { 15_000 };
    const REQUESTS: usize = 20_000;
    const AT_ONCE: usize = 64;
    let router = axum::Router::new().route("/ok", axum::routing::get(async || "ok"));
    let server = crate::common::open(router, &crate::common::config(&[])).await;
    let (clock, url) = (clock(), format!("http://{}/ok", server.address()));
    let config = OutboundConfig { idle_connections_max: AT_ONCE, ..config() };
    let client = Outbound::new(&config, Arc::clone(&clock)).unwrap();
    let started = clock.monotonic();
    let callers = (0..AT_ONCE).map(|_| {
        let (client, clock, url) = (client.clone(), Arc::clone(&clock), url.clone());
        tokio::spawn(async move {
            for _ in 0..REQUESTS / AT_ONCE {
                let answer = client.send("double", &call(&url, &clock, 5_000)).await.unwrap();
                assert_eq!(answer.status, StatusCode::OK);
            }
        })
    });
    futures_util::future::join_all(callers).await.into_iter().for_each(|done| done.unwrap());
    let micros = clock.monotonic().micros_since(started);
    let rate = REQUESTS as u64 * 1_000_000 / micros;
    assert!(rate >= fewest, "{rate} requests a second, expected at least {fewest}");
    println!("{rate} requests a second");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_host_is_skipped_and_later_retried() {
    let server = OddServer::start().await;
    let fake = Arc::new(FakeClock::at(SystemClock.now()));
    let clock: Arc<dyn Clock> = fake.clone();
    let client = outbound(&clock);
    let ask = async |path: &str| {
        let call = Call { repeat: Repeat::Never, ..call(&server.url(path), &clock, 5_000) };
        client.send("odd", &call).await.map(|answer| answer.status.as_u16())
    };
    let url = server.url("/ok").parse().unwrap();
    for _ in 0..3 {
        assert_eq!(ask("/reset").await, Err(OutboundError::Lost));
    }
    assert_eq!(client.circuit(&url), CircuitState::Open);
    assert_eq!(ask("/ok").await, Err(OutboundError::CircuitOpen { retry_after_s: 30 }));
    assert_eq!(server.heard(), 3);
    fake.advance_millis(30_000);
    assert_eq!(client.circuit(&url), CircuitState::HalfOpen);
    assert_eq!(ask("/ok").await, Ok(200));
    assert_eq!(client.circuit(&url), CircuitState::HalfOpen, "one success is not enough");
    assert_eq!(ask("/ok").await, Ok(200));
    assert_eq!(client.circuit(&url), CircuitState::Closed);
}
