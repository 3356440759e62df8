//! Users in their browsers, and the clients that send them here.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use testkit::{Ask, Telling};

use super::clients::application;
use crate::http::oauth::parameter;
use crate::http::visitor::Visitor;

pub(super) const BACK: &str = "https://budget.example.com/callback";
pub(super) const PASSWORD: &str = "tram-violet-87-osprey";
/// The pair of RFC 7636.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const SCOPE: &str = "openid profile offline_access read:accounts";

/// Creates a first-party client, which needs no consent, or a service; returns its secret.
pub(super) async fn client(story: &Telling, id: &str, kind: &str) -> String {
    let mut new = application(id);
    if kind == "service" {
        new = json!({ "id": id, "name": "Robot", "kind": kind, "scopes": ["read:accounts"], "roles": ["service"] });
    } else {
        (new["kind"], new["first_party"]) = (json!(kind), json!(true));
    }
    let made = story.ask("create_client").body(new).gives(201).await;
    made["secret"].as_str().unwrap_or_default().to_owned()
}

/// Creates a user, who logs in for the first time.
pub(super) async fn log_in(story: &Telling, name: &str, subject: &str) -> Visitor {
    let new = json!({ "username": name, "name": "Ann Miller", "subject": subject, "roles": ["customer"] });
    let made = story.ask("create_user").body(new).gives(201).await;
    let once = made["one_time_password"].as_str().unwrap();
    let mut visitor = Visitor::on(story.router());
    visitor.go("/login").await;
    visitor.send("/login/password", &[("username", name), ("password", once)]).await;
    visitor.send("/login/new-password", &[("password", PASSWORD)]).await;
    assert_eq!(visitor.page.heading(), "Your account");
    visitor
}

pub(super) fn asked(client: &str) -> Vec<(&str, &str)> {
    vec![
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", BACK),
        ("scope", SCOPE),
        ("state", "af0ifjsldkj"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

pub(super) fn by_code(code: &str) -> [(&str, &str); 4] {
    [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", BACK), ("code_verifier", VERIFIER)]
}

/// A code that a first-party client gets for the user of this browser, without a consent page.
pub(super) async fn code(visitor: &mut Visitor, client: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(asked(client)).finish();
    let to = visitor.go(&format!("/oauth2/authorize?{query}")).await.location().to_owned();
    assert!(to.starts_with(BACK), "{to}");
    parameter(&to, "code").unwrap()
}

pub(super) async fn tokens(story: &Telling, visitor: &mut Visitor, id: &str, secret: &str) -> Value {
    let code = code(visitor, id).await;
    let ask = story.ask("token").header("authorization", basic(id, secret)).form(&by_code(&code));
    ask.gives(200).await.json
}

pub(super) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// With the cookies of a browser.
pub(super) fn with_cookies<'t>(ask: Ask<'t>, cookies: &BTreeMap<String, String>) -> Ask<'t> {
    let ask = ask.header("sec-fetch-site", "same-origin");
    cookies.iter().fold(ask, |ask, (name, value)| ask.header("cookie", format!("{name}={value}")))
}
