//! OAuth and OpenID Connect as clients and browsers use it, on both engines.

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{Method, Request};
use sha2::{Digest, Sha256};
use testkit::for_each_engine;

use crate::http::house::{BACK, BYE, CLIENT_SECRET, House, PASSWORD};
use crate::http::page::Page;
use crate::http::visitor::{Visitor, asked};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const FORM: &str = "application/x-www-form-urlencoded";

pub(crate) fn authorize(client: &str, more: &[(&str, &str)]) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs([("response_type", "code"), ("client_id", client), ("redirect_uri", BACK), ("state", "a b&c")]);
    query.extend_pairs([("scope", "openid profile read:accounts"), ("code_challenge", &challenge)]);
    query.extend_pairs([("code_challenge_method", "S256")]).extend_pairs(more);
    format!("/oauth2/authorize?{}", query.finish())
}

pub(crate) fn parameter(address: &str, name: &str) -> Option<String> {
    let (_, query) = address.split_once('?')?;
    form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

pub(crate) fn code_form(code: &str) -> Vec<(&str, &str)> {
    let grant =
        [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", BACK), ("code_verifier", VERIFIER)];
    grant.to_vec()
}

async fn post(house: &House, path: &str, basic: Option<&str>, form: &[(&str, &str)]) -> Page {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let mut request = Request::post(path).header("host", "localhost").header("content-type", FORM);
    if let Some(basic) = basic {
        request = request.header("authorization", format!("Basic {}", STANDARD.encode(basic)));
    }
    asked(&house.router, request.body(Body::from(form)).unwrap()).await
}

async fn get(house: &House, path: &str, headers: &[(&str, &str)]) -> Page {
    let mut request = Request::get(path).header("host", "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    asked(&house.router, request.body(Body::empty()).unwrap()).await
}

fn budget() -> String {
    format!("budget:{CLIENT_SECRET}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_consent_a_code_and_tokens() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let mut ann = Visitor::at(&house, &authorize("budget", &[])).await;
        assert_eq!(ann.page.heading(), "Log in");
        let policy = ann.page.header("content-security-policy").unwrap();
        assert!(policy.contains("form-action 'self' http://127.0.0.1;"), "{policy}");
        ann.log_in("ann", PASSWORD).await;
        assert_eq!(ann.page.heading(), "Let Budget planner in?");
        for words in ["see your accounts", "see your name", "know who you are", "ann@example.com", "127.0.0.1"] {
            assert!(ann.page.body.contains(words), "{words} in {}", ann.page.body);
        }
        let hidden = ann.page.clone();
        let fields = consent_fields(&hidden);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let denied = ann.post("/consent", &[&fields[..], &[("answer", "deny")]].concat()).await;
        assert_eq!(parameter(denied.location(), "error").as_deref(), Some("access_denied"));
        let back = ann.post("/consent", &[&fields[..], &[("answer", "allow")]].concat()).await;
        let back = back.location().to_owned();
        assert!(back.starts_with(BACK), "{back}");
        assert_eq!(parameter(&back, "state").as_deref(), Some("a b&c"));
        let code = parameter(&back, "code").unwrap();
        let tokens = post(&house, "/oauth2/token", Some(&budget()), &code_form(&code)).await;
        assert_eq!((tokens.status, tokens.header("cache-control")), (200, Some("no-store")), "{}", tokens.body);
        assert_eq!(tokens.header("pragma"), Some("no-cache"));
        assert_eq!(tokens.json()["token_type"], "Bearer");
        use_token(&house, tokens.json()["access_token"].as_str().unwrap()).await;
        // Consent is only asked for once.
        ann.page = ann.ask(Method::GET, &authorize("budget", &[]), "", &[]).await;
        assert!(parameter(ann.page.location(), "code").is_some());
        let account = ann.go("/account").await;
        assert!(account.body.contains("Budget planner") && account.body.contains("see your accounts"));
        let client = account.hidden("client").unwrap();
        assert!(
            ann.send("/account/withdraw", &[("client", &client)]).await.body.contains("no longer use your account")
        );
    })
    .await;
}

/// The hidden fields of the consent page.
fn consent_fields(page: &Page) -> Vec<(&'static str, String)> {
    let names =
        ["response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"];
    names.into_iter().map(|name| (name, page.hidden(name).unwrap())).collect()
}

async fn use_token(house: &House, token: &str) {
    let bearer = format!("Bearer {token}");
    let info = get(house, "/oauth2/userinfo", &[("authorization", &bearer)]).await;
    assert_eq!((info.status, &info.json()["preferred_username"]), (200, &"ann@example.com".into()), "{}", info.body);
    let active = async || {
        let answer = post(house, "/oauth2/introspect", Some(&budget()), &[("token", token)]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["active"].as_bool().unwrap()
    };
    assert!(active().await);
    let revoked = post(house, "/oauth2/revoke", Some(&budget()), &[("token", token)]).await;
    assert_eq!((revoked.status, revoked.header("cache-control")), (200, Some("no-store")));
    assert!(!active().await);
    let info = get(house, "/oauth2/userinfo", &[("authorization", &bearer)]).await;
    assert_eq!(info.status, 401);
    assert_eq!(info.header("www-authenticate"), Some("Bearer realm=\"florin\", error=\"invalid_token\""));
    let none = get(house, "/oauth2/userinfo", &[]).await;
    assert_eq!((none.status, none.header("www-authenticate")), (401, Some("Bearer realm=\"florin\"")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_endpoint_returns_standard_errors() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let robot = format!("robot:{CLIENT_SECRET}");
        let grant = ("grant_type", "client_credentials");
        let token = post(&house, "/oauth2/token", Some(&robot), &[grant]).await;
        assert_eq!((token.status, token.json()["token_type"].as_str()), (200, Some("Bearer")), "{}", token.body);
        let by_form = [grant, ("client_id", "robot"), ("client_secret", CLIENT_SECRET)];
        assert_eq!(post(&house, "/oauth2/token", None, &by_form).await.status, 200);
        let basic = "Basic realm=\"florin\", charset=\"UTF-8\"";
        for (client, form, status, error) in [
            (Some("robot:wrong"), &[grant][..], 401, "invalid_client"),
            (None, &[grant], 401, "invalid_client"),
            (Some(&robot), &[], 400, "invalid_request"),
            (Some(&robot), &[("grant_type", "password")], 400, "unsupported_grant_type"),
            (Some(&robot), &[grant, grant], 400, "invalid_request"),
            (Some(&robot), &[grant, ("client_secret", "x")], 400, "invalid_request"),
            (Some(&robot), &[grant, ("scope", "admin:users")], 400, "invalid_scope"),
            (Some(&budget()), &code_form("nothing"), 400, "invalid_grant"),
        ] {
            let answer = post(&house, "/oauth2/token", client, form).await;
            assert_eq!((answer.status, &answer.json()["error"]), (status, &error.into()), "{form:?} {}", answer.body);
            assert_eq!(answer.header("www-authenticate"), (status == 401).then_some(basic));
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert_eq!((answer.header("cache-control"), answer.header("pragma")), (Some("no-store"), Some("no-cache")));
        }
        let json =
            Request::post("/oauth2/token").header("host", "localhost").header("content-type", "application/json");
        let json = asked(&house.router, json.body(Body::from("{}")).unwrap()).await;
        assert_eq!((json.status, &json.json()["error"]), (400, &"invalid_request".into()));
        let large = [grant, ("x", &*"x".repeat(40_000))];
        assert_eq!(post(&house, "/oauth2/token", Some(&robot), &large).await.json()["error"], "invalid_request");
        assert_eq!(get(&house, "/oauth2/token", &[]).await.status, 405);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn client_errors_are_shown_to_the_user_not_redirected() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let foreign = authorize("budget", &[]).replace("127.0.0.1", "evil.test");
        let twice = authorize("budget", &[("client_id", "pocket")]);
        let long = authorize("budget", &[("nonce", &"x".repeat(5_000))]);
        for link in [foreign, twice, long, authorize("nobody", &[]), authorize("budget", &[("max_age", "soon")])] {
            let page = get(&house, &link, &[]).await;
            assert_eq!((page.status, page.heading().as_str()), (400, "This does not work"), "{link}");
        }
        let error = get(&house, &authorize("budget", &[("prompt", "none")]), &[]).await;
        assert_eq!(parameter(error.location(), "error").as_deref(), Some("login_required"));
        let query = authorize("pocket", &[]).split_once('?').unwrap().1.to_owned();
        let form = Request::post("/oauth2/authorize").header("host", "localhost").header("content-type", FORM);
        let form = asked(&house.router, form.body(Body::from(query)).unwrap()).await;
        assert!(form.location().starts_with("/oauth2/authorize?response_type=code&client_id=pocket"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_requested_login_is_shown_exactly_once() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let mut ann = Visitor::at(&house, "/login").await;
        ann.log_in("ann", PASSWORD).await;
        house.pass_seconds(60);
        for again in [("prompt", "login"), ("max_age", "0")] {
            ann.go(&authorize("pocket", &[again])).await;
            assert_eq!(ann.page.heading(), "Confirm that it is you", "{again:?}");
            assert_eq!(ann.log_in("ann", PASSWORD).await.heading(), "Let Budget planner in?", "{again:?}");
            house.pass_seconds(60);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_discovers_everything_by_itself() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let document = get(&house, "/.well-known/openid-configuration", &[]).await;
        assert_eq!((document.status, document.header("cache-control")), (200, Some("public, max-age=300")));
        assert_eq!(document.json()["issuer"], "http://localhost");
        assert_eq!(document.json(), get(&house, "/.well-known/oauth-authorization-server", &[]).await.json());
        for name in ["authorization_endpoint", "end_session_endpoint", "jwks_uri"] {
            let document = document.json();
            let path = document[name].as_str().unwrap().strip_prefix("http://localhost").unwrap().to_owned();
            assert_ne!(get(&house, &path, &[]).await.status, 404, "{name}");
        }
        let keys = get(&house, "/oauth2/jwks", &[]).await;
        assert_eq!((keys.status, keys.header("cache-control")), (200, Some("public, max-age=300")));
        let keys = keys.json()["keys"].as_array().unwrap().clone();
        assert!(!keys.is_empty() && keys.iter().all(|key| key["kty"] == "OKP" && key.get("d").is_none()), "{keys:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_logs_its_user_out_and_gets_the_browser_back() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let mut ann = Visitor::at(&house, &authorize("budget", &[])).await;
        ann.log_in("ann", PASSWORD).await;
        let fields = consent_fields(&ann.page);
        let mut fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fields.push(("answer", "allow"));
        let back = ann.post("/consent", &fields).await;
        let code = parameter(back.location(), "code").unwrap();
        let tokens = post(&house, "/oauth2/token", Some(&budget()), &code_form(&code)).await.json();
        // Nothing proves that the user wants it: the page asks.
        assert_eq!(ann.go("/oauth2/logout?client_id=budget").await.heading(), "Log out?");
        assert_eq!(ann.go("/account").await.heading(), "Your account");
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .extend_pairs([("id_token_hint", tokens["id_token"].as_str().unwrap()), ("post_logout_redirect_uri", BYE)]);
        query.append_pair("state", "42");
        let out = ann.ask(Method::GET, &format!("/oauth2/logout?{}", query.finish()), "", &[]).await;
        assert_eq!(out.location(), format!("{BYE}?state=42"));
        assert!(!ann.cookies.contains_key("florin-session"));
        assert_eq!(ann.go("/account").await.heading(), "Log in");
    })
    .await;
}
