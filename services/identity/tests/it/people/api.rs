//! The operators' API behind the edge, as programs use it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt;
use platform::config::Config;
use platform::http::{Edge, guard};
use serde_json::Value;
use testkit::FakeClock;
use tower::ServiceExt;

pub(crate) struct Api(Router);

impl Api {
    pub(crate) fn at_the_edge(v1: Router, clock: &FakeClock) -> Api {
        let edge = Edge::new(&Config::defaults().unwrap(), Arc::new(clock.clone()));
        Api(guard(Router::new().nest("/v1", v1), edge))
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let request = Request::post(format!("/v1{path}")).header("host", "localhost");
        let request = request.header("authorization", format!("Bearer {token}"));
        let request = request.header("content-type", "application/json").body(Body::from(body.to_string()));
        self.ask(request.unwrap()).await
    }

    async fn ask(&self, request: Request<Body>) -> (u16, Value) {
        let answer = self.0.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap())
    }
}
