//! A service that calls on a user's behalf says so, and only services can.

use std::sync::Arc;

use kernel::{Clock, Ctx, Deadline, Principal, PrincipalKind, SystemClock};
use platform::rpc::{Methods, Repeat, RpcClient, Served};
use testkit::{AsSaid, InProcess};

use crate::rpc::till::Refused;

/// Whom the called service sees: the caller, and for whom it calls.
async fn seen(principal: Principal) -> (String, Option<String>) {
    let methods = Methods::new("desk").on("who", |ctx: Ctx, (): ()| async move {
        let Principal { subject, on_behalf_of, .. } = ctx.principal;
        Ok::<_, Refused>((subject.to_string(), on_behalf_of.map(|subject| subject.to_string())))
    });
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let served = Served::new([methods], Arc::new(AsSaid), Arc::clone(&clock)).unwrap();
    let client = RpcClient::new("desk", Arc::new(InProcess(served)), Arc::clone(&clock));
    let deadline = Deadline::after_millis(&*clock, 5_000);
    let ctx = Ctx { principal, deadline, request_id: "test".into(), idempotency_key: None };
    client.call::<_, _, Refused>(&ctx, "who", &(), Repeat::Question).await.unwrap()
}

#[tokio::test]
async fn a_service_says_on_whose_behalf_it_calls() {
    let of = |kind, subject| Principal::new(kind, subject, []);
    let (cards, ann) = (of(PrincipalKind::Service, "florin-cards"), of(PrincipalKind::Customer, "cust_ann"));
    let both = ("florin-cards".to_owned(), Some("cust_ann".to_owned()));
    assert_eq!(seen(cards.clone().acting_for(&ann)).await, both);
    assert_eq!(seen(cards.clone()).await, ("florin-cards".to_owned(), None));
    assert_eq!(seen(ann.clone().acting_for(&cards)).await, ("cust_ann".to_owned(), None));
    let claimed = Principal { on_behalf_of: Some("cust_bob".into()), ..ann };
    assert_eq!(seen(claimed).await, ("cust_ann".to_owned(), None), "only a service calls for others");
    let nonsense = Principal { on_behalf_of: Some("two words".into()), ..cards };
    assert_eq!(seen(nonsense).await, ("florin-cards".to_owned(), None));
}
