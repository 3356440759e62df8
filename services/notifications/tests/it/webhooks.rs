//! Webhooks: who gets which events, signatures, retries, the end of an endpoint, replay and resend.

use notifications_api::*;
use serde_json::json;
use testkit::{Stage, for_each_engine};

use crate::harness::{Desk, open_for_webhooks, posting};
use crate::receiver::Receiver;

async fn on_a_desk(body: impl AsyncFn(&Desk, &Receiver)) {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        let desk = open_for_webhooks(&stage).await;
        for (id, path, owner) in [("a1", "customers:ann", "cust_ann"), ("a2", "customers:bob", "cust_bob")] {
            let data = json!({ "owner": owner, "normal": "credit" });
            desk.tell_ledger(id, "ledger.account.opened", path, data);
        }
        desk.read().await;
        body(&desk, &Receiver::open().await).await;
    })
    .await;
}

async fn endpoint(desk: &Desk, receiver: &Receiver, events: &[&str], owner: Option<&str>) -> Endpoint {
    let events = events.iter().map(|event| (*event).to_owned()).collect();
    let command = AddEndpoint { url: receiver.url(), events, owner: owner.map(str::to_owned) };
    let new = desk.face.add_endpoint(&desk.ctx(), command).await.unwrap();
    receiver.trusts(new.secret.unwrap().expose());
    new.endpoint
}

fn pays(desk: &Desk, id: &str, from: &str, to: &str) {
    let data = json!({ "postings": [posting(from, to, "25.00")] });
    desk.tell_ledger(id, "ledger.transaction.posted", &format!("txn_{id}"), data);
}

async fn posts(desk: &Desk, endpoint: &Endpoint) -> Vec<Post> {
    let query = PostQuery { endpoint: endpoint.id, before: None, limit: 50 };
    desk.face.posts(&desk.ctx(), query).await.unwrap().items
}

async fn found(desk: &Desk, id: EndpointId) -> Endpoint {
    let all = desk.face.endpoints(&desk.ctx(), EndpointQuery { after: None, limit: 50 }).await.unwrap();
    all.items.into_iter().find(|endpoint| endpoint.id == id).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_gets_the_events_of_its_owner_once_and_without_data() {
    on_a_desk(async |desk, receiver| {
        endpoint(desk, receiver, &["ledger.transaction.*"], Some("cust_ann")).await;
        pays(desk, "7", "customers:bob", "customers:ann");
        pays(desk, "8", "customers:bob", "assets:cash");
        desk.tell_ledger("9", "ledger.account.frozen", "customers:ann", json!({}));
        desk.read().await;
        desk.opened.consumers[1].begin_behind(2).await.unwrap();
        desk.read().await;
        desk.work().await;
        let got = receiver.got();
        assert_eq!(got.len(), 1, "{got:?}");
        assert_eq!(
            (&got[0].body["type"], &got[0].body["id"], &got[0].body["data"]),
            (&json!("ledger.transaction.posted"), &json!("7"), &json!({}))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_of_the_house_gets_everybodys_events() {
    on_a_desk(async |desk, receiver| {
        endpoint(desk, receiver, &["*"], None).await;
        pays(desk, "7", "customers:bob", "assets:cash");
        desk.tell_identity("1", "identity.user.created", "usr_00000000000000000000000007", json!({}));
        desk.read().await;
        desk.work().await;
        assert_eq!(receiver.got().len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_fails_is_tried_again_under_the_same_id() {
    on_a_desk(async |desk, receiver| {
        let endpoint = endpoint(desk, receiver, &["ledger.*"], None).await;
        pays(desk, "7", "customers:bob", "customers:ann");
        desk.read().await;
        receiver.next(&[(500, None), (302, None), (429, Some(90))]);
        for (attempts, last) in [(1, "500"), (2, "302"), (3, "429")] {
            desk.work().await;
            let post = posts(desk, &endpoint).await.remove(0);
            assert_eq!((post.attempts, post.last.as_deref(), post.state), (attempts, Some(last), PostState::Waiting));
            desk.time.advance_millis(if attempts == 3 { 89_000 } else { 40_000 });
        }
        desk.work().await;
        assert_eq!(receiver.got().len(), 3, "Retry-After is respected");
        desk.time.advance_millis(70_000);
        desk.work().await;
        let got = receiver.got();
        assert_eq!((got.len(), got.iter().all(|one| one.id == got[0].id)), (4, true));
        assert_eq!(posts(desk, &endpoint).await[0].state, PostState::Delivered);
        assert_eq!(found(desk, endpoint.id).await.failing_since, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_gone_or_fails_for_days_is_disabled_and_its_owner_told() {
    on_a_desk(async |desk, receiver| {
        let endpoint = endpoint(desk, receiver, &["ledger.*"], Some("cust_ann")).await;
        pays(desk, "7", "customers:bob", "customers:ann");
        receiver.next(&[(410, None)]);
        desk.read().await;
        desk.work().await;
        assert_eq!(found(desk, endpoint.id).await.state, EndpointState::Disabled);
        desk.work().await;
        let kinds: Vec<String> = desk.inbox("cust_ann").await.into_iter().map(|entry| entry.kind).collect();
        assert!(kinds.contains(&"account.webhook_disabled".to_owned()), "{kinds:?}");
        let change = ChangeEndpoint { id: endpoint.id, change: EndpointChange::Enable };
        desk.face.change_endpoint(&desk.ctx(), change).await.unwrap();
        pays(desk, "8", "customers:bob", "customers:ann");
        desk.read().await;
        receiver.next(&[(500, None); 20]);
        desk.work().await;
        assert_eq!(found(desk, endpoint.id).await.state, EndpointState::Enabled);
        for _ in 0..9 {
            desk.time.advance_millis(36_000_000);
            desk.work().await;
        }
        assert_eq!(found(desk, endpoint.id).await.state, EndpointState::Disabled);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_secret_overlaps_with_the_old_one_for_a_day() {
    on_a_desk(async |desk, receiver| {
        let endpoint = endpoint(desk, receiver, &["ledger.*"], None).await;
        desk.face.rotate(&desk.ctx(), endpoint.id).await.unwrap();
        let test = ChangeEndpoint { id: endpoint.id, change: EndpointChange::Test };
        desk.face.change_endpoint(&desk.ctx(), test.clone()).await.unwrap();
        desk.work().await;
        assert_eq!((receiver.got().len(), receiver.got()[0].signatures), (1, 2));
        desk.time.advance_millis(86_400_001);
        desk.face.change_endpoint(&desk.ctx(), test).await.unwrap();
        desk.work().await;
        assert_eq!((receiver.got().len(), posts(desk, &endpoint).await[0].last.as_deref()), (1, Some("401")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_resent_and_replayed_under_their_ids() {
    on_a_desk(async |desk, receiver| {
        let endpoint = endpoint(desk, receiver, &["ledger.*"], None).await;
        for id in ["7", "8"] {
            pays(desk, id, "customers:bob", "customers:ann");
        }
        desk.read().await;
        desk.work().await;
        let first = posts(desk, &endpoint).await.remove(0);
        desk.face.resend(&desk.ctx(), first.id).await.unwrap();
        desk.work().await;
        let from = first.created_at;
        let replay = Replay { id: endpoint.id, from, to: from.plus_seconds(1) };
        assert_eq!(desk.face.replay(&desk.ctx(), replay).await.unwrap().posts, 2);
        desk.work().await;
        let mut ids: Vec<String> = receiver.got().into_iter().map(|one| one.id).collect();
        assert_eq!(ids.len(), 5);
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_reach_their_own_endpoints_alone() {
    on_a_desk(async |desk, receiver| {
        let (ann, bob) = (desk.customer("cust_ann"), desk.customer("cust_bob"));
        let command =
            AddEndpoint { url: receiver.url(), events: vec!["*".to_owned()], owner: Some("cust_bob".to_owned()) };
        let own = desk.face.add_endpoint(&ann, command).await.unwrap().endpoint;
        assert_eq!(own.owner.as_deref(), Some("cust_ann"), "whoever is named");
        let query = || EndpointQuery { after: None, limit: 10 };
        assert_eq!(desk.face.endpoints(&bob, query()).await.unwrap().items, []);
        assert_eq!(desk.face.endpoints(&ann, query()).await.unwrap().items.len(), 1);
        let remove = ChangeEndpoint { id: own.id, change: EndpointChange::Remove };
        let refused = desk.face.change_endpoint(&bob, remove.clone()).await.unwrap_err();
        assert_eq!(refused.code(), "endpoint_unknown");
        desk.face.change_endpoint(&ann, remove).await.unwrap();
        assert_eq!(desk.face.endpoints(&ann, query()).await.unwrap().items, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_internal_address_is_refused_when_it_is_posted_to() {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        // Endpoints may be HTTP here, but no network of ours may be called.
        let desk = crate::harness::open_with(&stage, true, &[("webhook_http", "true")]).await;
        let receiver = Receiver::open().await;
        let endpoint = endpoint(&desk, &receiver, &["*"], None).await;
        let test = ChangeEndpoint { id: endpoint.id, change: EndpointChange::Test };
        desk.face.change_endpoint(&desk.ctx(), test).await.unwrap();
        desk.work().await;
        assert_eq!(posts(&desk, &endpoint).await[0].last.as_deref(), Some("address_forbidden"));
        assert!(receiver.got().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_have_a_limit() {
    for_each_engine(async |store| {
        let stage = Stage::new(store);
        let desk = crate::harness::open_with(&stage, true, &[("webhooks_max", "1")]).await;
        let url = "https://shop.example.com/".to_owned();
        let add = AddEndpoint { url, events: vec!["*".to_owned()], owner: None };
        desk.face.add_endpoint(&desk.ctx(), add.clone()).await.unwrap();
        assert_eq!(desk.face.add_endpoint(&desk.ctx(), add).await.unwrap_err().code(), "too_many_endpoints");
    })
    .await;
}
