//! Two versions at once, as during an upgrade: a service is upgraded before its callers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kernel::{Ctx, SystemClock};
use platform::http::Listener;
use platform::rpc::{Credential, Methods, Repeat, RpcClient, Served, routes};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::rpc::till::{Refused, SETTINGS, client, ctx, http2};

/// Command and reply before the upgrade.
mod older {
    use super::{Deserialize, Serialize};

    #[derive(Debug, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Take {
        pub(super) amount: i64,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Taken {
        pub(super) amount: i64,
    }
}

/// Command and reply after it.
mod newer {
    use super::{Deserialize, Serialize};

    #[derive(Debug, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Take {
        pub(super) amount: i64,
        /// Absent means what older callers mean.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub(super) at_least: Option<i64>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Taken {
        pub(super) amount: i64,
        #[serde(default)]
        pub(super) left: Option<i64>,
    }
}

/// A till of one version, and the number of commands that it executed.
async fn till<C, R>(answer: fn(C) -> R) -> (RpcClient, Arc<AtomicUsize>, Listener)
where
    C: DeserializeOwned + Send + 'static,
    R: Serialize + Send + 'static,
{
    let done = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&done);
    let methods = Methods::new("till").on("take", move |_: Ctx, command: C| {
        count.fetch_add(1, Ordering::SeqCst);
        async move { Ok::<_, Refused>(answer(command)) }
    });
    let credential = Credential::random();
    let served = Served::new([methods], Arc::new(testkit::AsSaid), Arc::new(SystemClock)).unwrap();
    let router = routes(served, credential.clone());
    let listener = Listener::open("127.0.0.1:0".parse().unwrap(), "rpc.listen", router, SETTINGS).await.unwrap();
    (client(http2(&[listener.address().to_string()], &credential)), done, listener)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_service_answers_an_older_caller() {
    let newer = |command: newer::Take| newer::Taken { amount: command.amount, left: command.at_least.or(Some(7)) };
    let (client, done, _open) = till(newer).await;
    let asked = older::Take { amount: 5 };
    let answer: Result<older::Taken, Refused> = client.call(&ctx(5_000), "take", &asked, Repeat::Never).await;
    assert_eq!((answer, done.load(Ordering::SeqCst)), (Ok(older::Taken { amount: 5 }), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_service_refuses_a_command_with_an_unknown_field() {
    let older = |command: older::Take| older::Taken { amount: command.amount };
    let (client, done, _open) = till(older).await;
    let asked = newer::Take { amount: 5, at_least: Some(3) };
    let answer: Result<newer::Taken, Refused> = client.call(&ctx(5_000), "take", &asked, Repeat::Harmless).await;
    assert_eq!((answer, done.load(Ordering::SeqCst)), (Err(Refused::Call("NotUnderstood".to_owned())), 0));
    // Without the new field it is executed, and the reply's new field is absent.
    let asked = newer::Take { amount: 5, at_least: None };
    let answer: Result<newer::Taken, Refused> = client.call(&ctx(5_000), "take", &asked, Repeat::Never).await;
    assert_eq!((answer, done.load(Ordering::SeqCst)), (Ok(newer::Taken { amount: 5, left: None }), 1));
}
