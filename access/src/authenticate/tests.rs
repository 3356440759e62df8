//! Requests through the layer, as the edge sends them.

use axum::Extension;
use axum::body::Body;
use axum::routing::post;
use http::StatusCode;
use http::header::RETRY_AFTER;
use kernel::SystemClock;
use tower::util::ServiceExt;

use super::*;
use crate::bench::{Minter, mint};
use crate::{Claims, GateSettings, Hears, Revoked, RevokedWhat, Standing, Terms, refusals as ours};

struct Edge {
    gate: Gate,
    minter: Minter,
    without_token: Option<Principal>,
}

impl Edge {
    fn new(without_token: Option<Principal>) -> Edge {
        let minter = Minter::new("key-1").unwrap();
        let settings = GateSettings { stale_ms: None, ..GateSettings::default() };
        let gate = Gate::new(std::sync::Arc::new(SystemClock), settings, crate::vocabulary::sample());
        let terms = Terms {
            issuer: mint::ISSUER.to_owned(),
            audience: mint::AUDIENCE.to_owned(),
            keys: vec![minter.public()],
            roles: crate::vocabulary::sample().built_in_roles(),
            policies: Vec::new(),
            zone: "UTC".to_owned(),
        };
        gate.hear(Standing { version: 1, terms: Some(terms), revoked: Vec::new(), more: false });
        Edge { gate, minter, without_token }
    }

    /// Status, code (of a refusal) or subject, and the response itself.
    async fn ask(&self, uri: &str, sent: &[&str], body: &str) -> (StatusCode, String, Response) {
        let who = async |Extension(principal): Extension<Principal>| principal.subject.to_string();
        let router = Router::new().route("/who", post(who));
        let router = authenticate(router, self.gate.clone(), self.without_token.clone());
        let mut request = http::Request::post(uri);
        for value in sent {
            request = request.header(AUTHORIZATION, *value);
        }
        let answer = router.oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let status = answer.status();
        if let Some(problem) = answer.extensions().get::<Problem>() {
            // The edge writes the body and the headers of a problem; here they are computed.
            let (code, rendered) = (problem.refusal().code.to_owned(), answer);
            return (status, code, rendered);
        }
        let body = axum::body::to_bytes(answer.into_body(), 1_000).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap(), Response::default())
    }

    async fn code(&self, sent: &[&str]) -> String {
        let (status, code, _) = self.ask("/who", sent, "").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{code}");
        code
    }

    fn token(&self, change: impl FnOnce(&mut Claims)) -> String {
        let mut claims = mint::claims(1);
        change(&mut claims);
        self.minter.sign(&self.minter.header(), &claims).unwrap()
    }
}

#[tokio::test]
async fn the_bearer_scheme_is_case_insensitive() {
    let edge = Edge::new(None);
    let token = edge.token(|_| {});
    for scheme in ["Bearer", "bearer", "BEARER", "Bearer "] {
        let (status, subject, _) = edge.ask("/who", &[&format!("{scheme} {token}")], "").await;
        assert_eq!((status, subject.as_str()), (StatusCode::OK, "cust_1"), "{scheme}");
    }
}

#[tokio::test]
async fn a_token_in_the_url_or_the_body_is_ignored() {
    let edge = Edge::new(None);
    let token = edge.token(|_| {});
    let (status, code, _) = edge.ask(&format!("/who?access_token={token}"), &[], "").await;
    assert_eq!((status, code.as_str()), (StatusCode::UNAUTHORIZED, "unauthenticated"));
    let (status, code, _) = edge.ask("/who", &[], &format!("access_token={token}")).await;
    assert_eq!((status, code.as_str()), (StatusCode::UNAUTHORIZED, "unauthenticated"));
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    let edge = Edge::new(None);
    let bearer = |token: String| format!("Bearer {token}");
    let good = edge.token(|_| {});
    for (sent, code) in [
        (bearer("nonsense".to_owned()), "token_malformed"),
        (bearer("a".repeat(9_000)), "token_malformed"),
        (bearer(edge.token(|claims| claims.exp = 1)), "token_expired"),
        (bearer(edge.token(|claims| claims.nbf += 600)), "token_not_yet_valid"),
        (bearer(edge.token(|claims| claims.aud = "other".to_owned())), "token_invalid"),
        (bearer(format!("{good}AA")), "token_invalid"),
        ("Bearer".to_owned(), "token_malformed"),
        ("Bearer ".to_owned(), "token_malformed"),
        (good.clone(), "token_malformed"),
        ("Basic YW5uOnNlY3JldA==".to_owned(), "token_malformed"),
    ] {
        assert_eq!(edge.code(&[&sent]).await, code, "{sent}");
    }
    let what = RevokedWhat::Token { jti: mint::claims(1).jti };
    let revoked = Revoked { seq: 1, what, until: kernel::Clock::now(&SystemClock).plus_seconds(4_000) };
    edge.gate.hear(Standing { version: 1, terms: None, revoked: vec![revoked], more: false });
    assert_eq!(edge.code(&[&bearer(good)]).await, "token_revoked");
}

#[tokio::test]
async fn a_request_with_two_credentials_is_refused() {
    let edge = Edge::new(None);
    let sent = format!("Bearer {}", edge.token(|_| {}));
    assert_eq!(edge.code(&[&sent, &sent]).await, "token_malformed");
    assert_eq!(edge.code(&["Basic eA==", &sent]).await, "token_malformed");
}

#[tokio::test]
async fn the_demo_principal_is_only_used_without_a_credential() {
    let edge = Edge::new(Some(Principal::demo()));
    let (status, subject, _) = edge.ask("/who", &[], "").await;
    assert_eq!((status, subject.as_str()), (StatusCode::OK, "demo"));
    let (_, subject, _) = edge.ask("/who", &[&format!("Bearer {}", edge.token(|_| {}))], "").await;
    assert_eq!(subject, "cust_1");
    assert_eq!(edge.code(&["Bearer nonsense"]).await, "token_malformed");
    assert_eq!(edge.code(&["Basic YW5uOnNlY3JldA=="]).await, "token_malformed");
    assert_eq!(edge.code(&[&format!("Bearer {}", edge.token(|claims| claims.exp = 1))]).await, "token_expired");
}

#[tokio::test]
async fn a_stale_gate_answers_503_with_retry_after() {
    let edge = Edge {
        gate: Gate::new(std::sync::Arc::new(SystemClock), GateSettings::default(), crate::vocabulary::sample()),
        ..Edge::new(None)
    };
    let (status, code, _) = edge.ask("/who", &[&format!("Bearer {}", edge.token(|_| {}))], "").await;
    assert_eq!((status, code.as_str()), (StatusCode::SERVICE_UNAVAILABLE, "access_stale"));
}

#[test]
fn the_www_authenticate_header_names_the_error() {
    let header = |problem: &Problem, name| problem.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let challenge = |problem| header(&problem, WWW_AUTHENTICATE);
    assert_eq!(challenge(unauthenticated()).as_deref(), Some("Bearer"));
    assert_eq!(challenge(TokenRefusal::Expired.into()).as_deref(), Some("Bearer error=\"invalid_token\""));
    let stale = Problem::from(TokenRefusal::Stale);
    assert_eq!(header(&stale, RETRY_AFTER).as_deref(), Some("1"));
    assert_eq!(header(&stale, WWW_AUTHENTICATE), None);
}

#[test]
fn token_codes_are_unique_across_the_kit() {
    let mut codes: Vec<&str> = ours::ALL.iter().chain(refusals::ALL).map(|refusal| refusal.code).collect();
    let all = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all);
}
