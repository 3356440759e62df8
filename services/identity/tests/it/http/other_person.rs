//! A client that expects a user who is no longer at the browser.

use http::Method;
use testkit::for_each_engine;

use crate::http::house::{CLIENT_SECRET, House, PASSWORD};
use crate::http::oauth::{authorize, code_form, parameter};
use crate::http::visitor::Visitor;

/// A code for the logged-in user, who has consented.
async fn code(visitor: &mut Visitor, more: &[(&str, &str)]) -> Option<String> {
    let back = visitor.ask(Method::GET, &authorize("budget", more), "", &[]).await;
    parameter(back.location(), "code")
}

async fn agree(visitor: &mut Visitor) -> String {
    let names =
        ["response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"];
    let asked = visitor.page.clone();
    let hidden = names.map(|name| (name, asked.hidden(name).unwrap()));
    let mut fields: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let hint = asked.hidden("id_token_hint");
    fields.extend(hint.as_deref().map(|hint| ("id_token_hint", hint)));
    fields.push(("answer", "allow"));
    parameter(visitor.post("/consent", &fields).await.location(), "code").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_different_user_has_to_log_in_and_gets_no_code() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let mut browser = Visitor::at(&house, &authorize("budget", &[])).await;
        browser.log_in("ann", PASSWORD).await;
        let code_of_ann = agree(&mut browser).await;
        let form =
            [&code_form(&code_of_ann)[..], &[("client_id", "budget"), ("client_secret", CLIENT_SECRET)]].concat();
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let tokens = browser.ask(Method::POST, "/oauth2/token", &form, &[]).await.json();
        let hint = ("id_token_hint", tokens["id_token"].as_str().unwrap());
        assert!(code(&mut browser, &[hint, ("prompt", "none")]).await.is_some(), "it is her");
        browser.go("/logout").await;
        browser.send("/logout", &[]).await;

        // Eve consents to the client too, and stays at the browser.
        browser.go("/login").await;
        browser.enrol(&house, "eve", PASSWORD).await;
        browser.go(&authorize("budget", &[])).await;
        agree(&mut browser).await;
        let silent = browser.ask(Method::GET, &authorize("budget", &[hint, ("prompt", "none")]), "", &[]).await;
        assert_eq!(parameter(silent.location(), "error").as_deref(), Some("login_required"));
        assert_eq!(parameter(silent.location(), "state").as_deref(), Some("a b&c"));

        // Ann comes back, logs in instead of Eve, and continues.
        browser.go(&authorize("budget", &[hint])).await;
        assert_eq!(browser.page.heading(), "Log in");
        let back = browser.post("/login/password", &[("username", "ann@example.com"), ("password", PASSWORD)]).await;
        let back = browser.ask(Method::GET, back.location(), "", &[]).await;
        assert!(parameter(back.location(), "code").is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_in_as_a_different_user_returns_an_error_once() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let mut browser = Visitor::at(&house, &authorize("budget", &[])).await;
        browser.log_in("ann", PASSWORD).await;
        let code_of_ann = agree(&mut browser).await;
        let form =
            [&code_form(&code_of_ann)[..], &[("client_id", "budget"), ("client_secret", CLIENT_SECRET)]].concat();
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let tokens = browser.ask(Method::POST, "/oauth2/token", &form, &[]).await.json();
        let hint = ("id_token_hint", tokens["id_token"].as_str().unwrap());

        let mut other = Visitor::at(&house, &authorize("budget", &[hint])).await;
        other.log_in("eve", PASSWORD).await;
        let secret = other.page.texts("<code class=\"secret\">", "</code>").remove(0);
        let app = house.app_code(&secret);
        other.send("/login/enrol", &[("code", &app)]).await;
        let back = other.post("/login/kept", &[]).await;
        let back = other.ask(Method::GET, back.location(), "", &[]).await;
        assert_eq!(parameter(back.location(), "error").as_deref(), Some("login_required"));
        assert_eq!(parameter(back.location(), "code"), None);
    })
    .await;
}
