//! The document's list of refusals, and responses that need a process in trouble or a caller with few rights.

use std::sync::Arc;

use axum::body::Body;
use axum::{Extension, Router};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use kernel::{Clock, IdMaker, Principal, PrincipalKind, SystemClock};
use platform::config::Config;
use platform::http::{Edge, guard};
use serde_json::Value;
use tower::ServiceExt;

use super::document::part;
use crate::{LedgerBooks, LedgerConfig, StoresBeside};

#[test]
fn the_document_names_every_refusal_of_each_operation() {
    assert_eq!(part().check(&mut super::api(), &[]), Vec::<String>::new());
}

struct House {
    books: Arc<LedgerBooks>,
    store: testkit::TestStore,
}

impl House {
    async fn start() -> House {
        let store = testkit::TestStore::sqlite();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids = IdMaker::new(clock.clone());
        let stores = Arc::new(StoresBeside { main: store.target(), readers: 4 });
        let books = LedgerBooks::open(stores, LedgerConfig::default(), clock, ids).await.unwrap();
        House { books: Arc::new(books), store }
    }

    async fn ask(&self, caller: Principal, request: Request<Body>) -> (StatusCode, Option<String>, Value) {
        let edge = Edge::new(&Config::defaults().unwrap(), Arc::new(SystemClock));
        let (routes, _) = super::routes(self.books.clone());
        let router: Router = guard(routes.layer(Extension(caller)), edge);
        let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let retry_after = parts.headers.get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        (parts.status, retry_after, serde_json::from_slice(&body).unwrap())
    }
}

fn open(path: &str, owner: &str) -> Request<Body> {
    let body = serde_json::json!({ "path": path, "currency": "USD", "normal": "credit", "owner": owner });
    let request = Request::post("/ledger/accounts").header("host", "localhost");
    request.header("content-type", "application/json").body(Body::from(body.to_string())).unwrap()
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).header("host", "localhost").body(Body::empty()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_a_closed_lane_gets_a_retry_after() {
    let house = House::start().await;
    house.books.close().await;
    let (status, retry_after, body) = house.ask(Principal::operator(), open("customers:ann", "ann")).await;
    assert_eq!((status, retry_after.as_deref()), (StatusCode::SERVICE_UNAVAILABLE, Some("1")));
    assert_eq!((&body["code"], &body["status"]), (&"unavailable".into(), &503.into()));
    house.store.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_owners_accounts_do_not_exist_and_missing_permissions_are_403() {
    let house = House::start().await;
    for owner in ["ann", "bob"] {
        let (status, _, body) = house.ask(Principal::operator(), open(&format!("customers:{owner}"), owner)).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
    }
    let ann = Principal::new(PrincipalKind::Customer, "ann", ["accounts:read:own".parse().unwrap()]);
    let (status, _, own) = house.ask(ann.clone(), get("/ledger/accounts")).await;
    assert_eq!((status, own["items"].as_array().unwrap().len()), (StatusCode::OK, 1));
    let (status, _, body) = house.ask(ann.clone(), get("/ledger/accounts/customers:bob")).await;
    assert_eq!((status, &body["code"]), (StatusCode::NOT_FOUND, &"not_found".into()));
    let (status, _, body) = house.ask(ann, open("customers:eve", "ann")).await;
    assert_eq!((status, &body["code"]), (StatusCode::FORBIDDEN, &"forbidden".into()));
    house.store.remove().await;
}
