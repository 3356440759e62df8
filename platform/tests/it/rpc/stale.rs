//! A process that cannot tell whether the caller's token is valid says so, and is not mistaken for one that is
//! overloaded.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kernel::{Ctx, Principal, SystemClock};
use platform::http::Listener;
use platform::rpc::{Caller, Credential, Methods, Repeat, Served, TransportError, Trust, routes};

use crate::rpc::till::{Refused, SETTINGS, client, ctx, http2};

/// Cannot check tokens for this many calls, and then can.
struct Behind(AtomicUsize, fn(String) -> TransportError);

impl Trust for Behind {
    fn principal(&self, _: Caller, _: &str) -> Result<Principal, TransportError> {
        let less = |left: usize| left.checked_sub(1);
        match self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less) {
            Ok(_) => Err((self.1)("not now".to_owned())),
            Err(_) => Ok(Principal::demo()),
        }
    }
}

/// The caller's error, and how often the work was done.
async fn told(times: usize, failure: fn(String) -> TransportError, repeat: Repeat) -> (Result<u64, Refused>, usize) {
    let done = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&done);
    let methods = Methods::new("till").on("take", move |_: Ctx, (): ()| {
        let count = Arc::clone(&count);
        async move { Ok::<_, Refused>(count.fetch_add(1, Ordering::SeqCst) as u64) }
    });
    let trust = Arc::new(Behind(AtomicUsize::new(times), failure));
    let credential = Credential::random();
    let router = routes(Served::new([methods], trust, Arc::new(SystemClock)).unwrap(), credential.clone());
    let listener = Listener::open("127.0.0.1:0".parse().unwrap(), "rpc.listen", router, SETTINGS).await.unwrap();
    let client = client(http2(&[listener.address().to_string()], &credential));
    let answer = client.call(&ctx(20_000), "take", &(), repeat).await;
    (answer, done.load(Ordering::SeqCst))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_cannot_check_a_token_is_retried_and_reported() {
    // Nothing was begun, so a retry is safe for any command.
    for repeat in [Repeat::Never, Repeat::Harmless, Repeat::Question] {
        assert_eq!(told(2, TransportError::Stale, repeat).await, (Ok(0), 1), "{repeat:?}");
    }
    let named = |name: &str| (Err(Refused::Call(name.to_owned())), 0);
    assert_eq!(told(100, TransportError::Stale, Repeat::Never).await, named("AccessStale"));
    assert_eq!(told(100, TransportError::Overloaded, Repeat::Never).await, named("Overloaded"));
}
