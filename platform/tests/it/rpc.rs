//! Calls between processes: requests, replies, and the caller's error when something goes wrong on the way.

mod behalf;
mod repeats;
mod shapes;
mod stale;
pub(crate) mod till;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use kernel::{Clock, Principal, SystemClock};
use platform::http::Listener;
use platform::rpc::{
    BODY_BYTES_MAX, Connect, Credential, Http2, Io, Methods, Repeat, RpcClient, SameName, Served, TcpConnect, routes,
};
use testkit::{Flaky, InProcess, Trouble};

use till::{Refused, SETTINGS, client, ctx, http2, listen, served};

#[tokio::test(flavor = "multi_thread")]
async fn replies_and_refusals_arrive_unchanged() {
    let (till, credential) = (Arc::default(), Credential::random());
    let listener = listen(&till, &credential).await;
    let client = client(http2(&[listener.address().to_string()], &credential));
    let taken: Result<i64, Refused> = client.call(&ctx(5_000), "take", &5, Repeat::Harmless).await;
    assert_eq!(taken, Ok(5));
    let refused: Result<i64, Refused> = client.call(&ctx(5_000), "take", &0, Repeat::Harmless).await;
    assert_eq!(refused, Err(Refused::Empty { left: 7 }));
    // Nothing was lost on the way, so the answer is believed.
    let busy: Result<i64, Refused> = client.call(&ctx(5_000), "take", &-1, Repeat::Harmless).await;
    assert_eq!(busy, Err(Refused::Busy));
    let caller: Result<(Principal, Arc<str>, u64), Refused> =
        client.call(&ctx(5_000), "caller", &(), Repeat::Question).await;
    let (principal, request_id, left) = caller.unwrap();
    assert_eq!((principal, &*request_id), (Principal::demo(), "req-7"));
    assert!((4_000..4_960).contains(&left), "{left} ms: a little less than the caller has");
}

#[test]
fn two_services_with_one_name_are_refused() {
    let methods = || Methods::new("till").on("take", async |_, ()| Ok::<_, Refused>(()));
    let refused = Served::new([methods(), methods()], Arc::new(testkit::AsSaid), Arc::new(SystemClock)).map(drop);
    assert_eq!(refused, Err(SameName("till")));
    assert!(SameName("till").to_string().contains("two services of this process answer calls to till"));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_share_a_few_connections() {
    let (till, credential) = (Arc::default(), Credential::random());
    let listener = listen(&till, &credential).await;
    let client = client(http2(&[listener.address().to_string()], &credential));
    let calls = (0..600).map(|_| {
        let client = client.clone();
        async move {
            let ctx = ctx(20_000);
            client.call::<_, i64, Refused>(&ctx, "take", &1, Repeat::Harmless).await
        }
    });
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(|answer| *answer == Ok(1)));
    // More than sixteen connections would have been refused.
    assert_eq!(till.taken.load(Ordering::SeqCst), 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_credential_a_call_is_not_read() {
    let (till, credential) = (Arc::default(), Credential::random());
    let listener = listen(&till, &credential).await;
    let stranger = client(http2(&[listener.address().to_string()], &Credential::random()));
    let answer: Result<i64, Refused> = stranger.call(&ctx(5_000), "take", &5, Repeat::Harmless).await;
    assert_eq!(answer, Err(Refused::Call("NotUnderstood".to_owned())));
    for header in [None, Some("Bearer "), Some("Basic x"), Some("Bearer wrong")] {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(header.map(|value| ("authorization", value)));
        let answer = testkit::Client::new(listener.address())
            .send(hyper::Method::POST, "/rpc/till/take", &headers, Some(&serde_json::json!("rubbish")))
            .await
            .unwrap();
        assert_eq!(answer.status, 401, "{header:?}");
    }
    assert_eq!(till.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_not_understood_did_not_happen() {
    let (till, credential) = (Arc::default(), Credential::random());
    let listener = listen(&till, &credential).await;
    let client = client(http2(&[listener.address().to_string()], &credential));
    let not_understood = Refused::Call("NotUnderstood".to_owned());
    let unknown: Result<i64, Refused> = client.call(&ctx(5_000), "give", &5, Repeat::Harmless).await;
    assert_eq!(unknown, Err(not_understood.clone()));
    let other_type: Result<i64, Refused> = client.call(&ctx(5_000), "take", &"five", Repeat::Harmless).await;
    assert_eq!(other_type, Err(not_understood.clone()));
    let fits: Result<usize, Refused> =
        client.call(&ctx(20_000), "long", &"x".repeat(BODY_BYTES_MAX - 1_000), Repeat::Question).await;
    assert_eq!(fits, Ok(BODY_BYTES_MAX - 1_000));
    let too_long: Result<usize, Refused> =
        client.call(&ctx(20_000), "long", &"x".repeat(BODY_BYTES_MAX), Repeat::Never).await;
    assert!(matches!(too_long, Err(Refused::Call(_))), "{too_long:?}");
    assert_eq!(till.asked.load(Ordering::SeqCst), 1);
    // It was executed, but the caller cannot read the reply.
    let misread: Result<String, Refused> = client.call(&ctx(5_000), "take", &5, Repeat::Harmless).await;
    assert_eq!(misread, Err(Refused::Call("OutcomeUnknown".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_call_never_waits_past_its_deadline() {
    let (till, credential) = (Arc::default(), Credential::random());
    let listener = listen(&till, &credential).await;
    let client = client(http2(&[listener.address().to_string()], &credential));
    let started = SystemClock.monotonic();
    let write: Result<i64, Refused> = client.call(&ctx(200), "take", &-3, Repeat::Harmless).await;
    assert_eq!(write, Err(Refused::Call("OutcomeUnknown".to_owned())));
    let question: Result<i64, Refused> = client.call(&ctx(200), "take", &-4, Repeat::Question).await;
    assert_eq!(question, Err(Refused::Call("DeadlineExceeded".to_owned())));
    let unchanged: Result<i64, Refused> = client.call(&ctx(200), "take", &-4, Repeat::Harmless).await;
    assert_eq!(
        unchanged,
        Err(Refused::Call("DeadlineExceeded".to_owned())),
        "the service says that it changed nothing"
    );
    let late: Result<i64, Refused> = client.call(&ctx(0), "take", &-3, Repeat::Harmless).await;
    assert_eq!(late, Err(Refused::Call("DeadlineExceeded".to_owned())));
    assert_eq!(till.asked.load(Ordering::SeqCst), 3, "a call whose time is over was sent");
    assert!(SystemClock.monotonic().micros_since(started) < 2_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_process_is_skipped_for_another_one() {
    let (till, credential) = (Arc::default(), Credential::random());
    let nobody = format!("127.0.0.1:{}", testkit::free_port());
    let alone = client(http2(std::slice::from_ref(&nobody), &credential));
    let answer: Result<i64, Refused> = alone.call(&ctx(400), "take", &5, Repeat::Never).await;
    assert_eq!(answer, Err(Refused::Call("Unavailable".to_owned())));
    let listener = listen(&till, &credential).await;
    let both = client(http2(&[nobody, listener.address().to_string()], &credential));
    for _ in 0..20 {
        assert_eq!(both.call::<_, i64, Refused>(&ctx(5_000), "take", &5, Repeat::Never).await, Ok(5));
    }
    assert_eq!(till.taken.load(Ordering::SeqCst), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_service_is_found_again() {
    let (till, credential) = (Arc::default(), Credential::random());
    let listener = listen(&till, &credential).await;
    let address = listener.address();
    let client = client(http2(&[address.to_string()], &credential));
    assert_eq!(client.call::<_, i64, Refused>(&ctx(5_000), "take", &5, Repeat::Never).await, Ok(5));
    listener.drain(Duration::from_millis(100)).await;
    let back = tokio::spawn({
        let (till, credential) = (Arc::clone(&till), credential.clone());
        async move {
            tokio::time::sleep(Duration::from_millis(150)).await;
            Listener::open(address, "rpc.listen", routes(served(&till), credential), SETTINGS).await.unwrap()
        }
    });
    assert_eq!(client.call::<_, i64, Refused>(&ctx(5_000), "take", &5, Repeat::Harmless).await, Ok(5));
    back.await.unwrap();
}

/// Counts the attempts per peer.
#[derive(Default)]
struct Counted(std::sync::Mutex<Vec<String>>);

#[async_trait]
impl Connect for Counted {
    async fn connect(&self, address: &str) -> std::io::Result<Box<dyn Io>> {
        self.0.lock().unwrap().push(address.to_owned());
        TcpConnect.connect(address).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_process_is_skipped_for_a_while() {
    let (till, credential) = (Arc::default(), Credential::random());
    let listener = listen(&till, &credential).await;
    let (nobody, tried) = (format!("127.0.0.1:{}", testkit::free_port()), Arc::new(Counted::default()));
    let addresses = [nobody.clone(), listener.address().to_string()];
    let clock: Arc<dyn Clock> = Arc::new(testkit::FakeClock::default());
    let client = client(Http2::new(addresses, 2, &credential, tried.clone(), clock));
    for _ in 0..20 {
        assert_eq!(client.call::<_, i64, Refused>(&ctx(5_000), "take", &5, Repeat::Never).await, Ok(5));
    }
    let of_nobody = tried.0.lock().unwrap().iter().filter(|address| **address == nobody).count();
    assert_eq!(of_nobody, 1, "{:?}", tried.0.lock().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_during_a_call_is_outcome_unknown() {
    let (till, credential) = (Arc::default(), Credential::random());
    let listener = listen(&till, &credential).await;
    let client = client(http2(&[listener.address().to_string()], &credential));
    let call =
        tokio::spawn(async move { client.call::<_, i64, Refused>(&ctx(5_000), "take", &-3, Repeat::Never).await });
    while till.asked.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    listener.drain(Duration::ZERO).await;
    assert_eq!(call.await.unwrap(), Err(Refused::Call("OutcomeUnknown".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panicking_call_does_not_affect_others() {
    let (till, credential) = (Arc::default(), Credential::random());
    let listener = listen(&till, &credential).await;
    let client = client(http2(&[listener.address().to_string()], &credential));
    let ctx = ctx(5_000);
    let (stuck, fine) = tokio::join!(
        client.call::<_, i64, Refused>(&ctx, "take", &-2, Repeat::Never),
        client.call::<_, i64, Refused>(&ctx, "take", &5, Repeat::Never),
    );
    assert_eq!(stuck, Err(Refused::Call("OutcomeUnknown".to_owned())));
    assert_eq!(fine, Ok(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_bad_network_every_reply_is_true() {
    let till = Arc::default();
    let flaky = Arc::new(Flaky::new(InProcess(served(&till)), Trouble::plenty(), 7));
    let client = RpcClient::new("till", flaky.clone(), Arc::new(SystemClock));
    let mut answered = 0;
    for _ in 0..300 {
        match client.call::<_, i64, Refused>(&ctx(5_000), "take", &5, Repeat::Harmless).await {
            Ok(5) => answered += 1,
            Err(Refused::Call(word)) if word == "OutcomeUnknown" || word == "Unavailable" => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(flaky.met() > 60, "the network was too good: {}", flaky.met());
    assert!(answered > 280 && till.taken.load(Ordering::SeqCst) >= answered, "{answered}");
}
