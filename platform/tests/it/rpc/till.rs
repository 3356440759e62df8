//! A service to call: a till.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kernel::{Clock, Ctx, Deadline, Principal, SystemClock};
use platform::http::{Listener, Settings};
use platform::rpc::{CallError, Credential, Http2, Methods, Outcome, RpcClient, Served, TcpConnect, Transport, routes};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refused {
    Empty { left: i64 },
    Busy,
    Away,
    Call(String),
}

impl From<CallError> for Refused {
    fn from(error: CallError) -> Refused {
        Refused::Call(format!("{error:?}"))
    }
}

impl Outcome for Refused {
    fn is_of_this_attempt(&self) -> bool {
        matches!(self, Refused::Busy | Refused::Away)
    }

    fn is_worth_repeating(&self) -> bool {
        *self == Refused::Away
    }
}

/// A till: its contents, and how often it was accessed.
#[derive(Default)]
pub(crate) struct Till {
    pub(crate) taken: AtomicUsize,
    pub(crate) asked: AtomicUsize,
}

pub(crate) fn served(till: &Arc<Till>) -> Arc<Served> {
    let (take, ctx_of, till) = (Arc::clone(till), Arc::clone(till), Arc::clone(till));
    let methods = Methods::new("till")
        .on("take", move |ctx: Ctx, amount: i64| {
            let till = Arc::clone(&take);
            async move {
                till.asked.fetch_add(1, Ordering::SeqCst);
                match amount {
                    0 => Err(Refused::Empty { left: 7 }),
                    -1 => Err(Refused::Busy),
                    -2 => panic!("somebody's hand is stuck"),
                    -3 | -4 => {
                        if amount == -3 {
                            platform::deadline::changes();
                        }
                        tokio::time::sleep(Duration::from_secs(30)).await;
                        Ok(amount)
                    }
                    _ => {
                        assert_eq!(ctx.idempotency_key.unwrap().as_str(), "key-1");
                        till.taken.fetch_add(1, Ordering::SeqCst);
                        Ok(amount)
                    }
                }
            }
        })
        .on("caller", move |ctx: Ctx, ()| {
            let till = Arc::clone(&ctx_of);
            async move {
                till.asked.fetch_add(1, Ordering::SeqCst);
                let left = ctx.deadline.micros_left(SystemClock.monotonic()) / 1_000;
                Ok::<_, Refused>((ctx.principal, ctx.request_id, left))
            }
        })
        .on("long", move |_: Ctx, text: String| {
            till.asked.fetch_add(1, Ordering::SeqCst);
            async move { Ok::<_, Refused>(text.len()) }
        });
    Served::new([methods], Arc::new(testkit::AsSaid), Arc::new(SystemClock)).unwrap()
}

pub(crate) fn ctx(millis: u64) -> Ctx {
    let deadline = Deadline::after_millis(&SystemClock, millis);
    let idempotency_key = Some("key-1".parse().unwrap());
    Ctx { principal: Principal::demo(), deadline, request_id: "req-7".into(), idempotency_key }
}

pub(crate) fn client(transport: impl Transport + 'static) -> RpcClient {
    RpcClient::new("till", Arc::new(transport), Arc::new(SystemClock))
}

pub(crate) const SETTINGS: Settings = Settings {
    name: "internal",
    connections_max: 16,
    connections_per_address_max: 16,
    header_timeout: Duration::from_secs(5),
    write_timeout: Duration::from_secs(5),
};

pub(crate) async fn listen(till: &Arc<Till>, credential: &Credential) -> Listener {
    let router = routes(served(till), credential.clone());
    Listener::open("127.0.0.1:0".parse().unwrap(), "rpc.listen", router, SETTINGS).await.unwrap()
}

pub(crate) fn http2(addresses: &[String], credential: &Credential) -> Http2 {
    Http2::new(addresses.to_vec(), 2, credential, Arc::new(TcpConnect), Arc::new(SystemClock))
}
