//! A client sends its user to us, and gets the browser back with a code.

use axum::body::Body;
use http::Request;

use super::in_browser;
use crate::http::house::{BACK, PASSWORD};
use crate::http::oauth::{authorize, code_form, parameter};
use crate::http::visitor::asked;

#[tokio::test(flavor = "multi_thread")]
async fn a_user_authorizes_an_app_and_returns_to_it() {
    in_browser("a_user_authorizes_an_app_and_returns_to_it", async |place, chrome| {
        let back = format!("{}/back", place.client.url());
        let encoded = |address: &str| form_urlencoded::byte_serialize(address.as_bytes()).collect::<String>();
        let link = authorize("pocket", &[]).replace(&encoded(BACK), &encoded(&back));
        chrome.open(&format!("{}{link}", place.url)).await;
        chrome.is_at("Log in").await;
        chrome.fill("username", "ann@example.com").await;
        chrome.fill("password", PASSWORD).await;
        chrome.press("Log in").await;
        chrome.is_at("Let Budget planner in?").await;
        chrome.shoot("consent").await;
        chrome.press("Allow").await;
        chrome.is_at("Back at the app").await;
        let address = chrome.address().await;
        assert!(address.starts_with(&back), "{address}");
        assert_eq!(parameter(&address, "state").as_deref(), Some("a b&c"));
        let code = parameter(&address, "code").unwrap();
        let mut form = code_form(&code);
        form.retain(|(name, _)| *name != "redirect_uri");
        form.extend([("redirect_uri", back.as_str()), ("client_id", "pocket")]);
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::post("/oauth2/token").header("host", "localhost");
        let request =
            request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(form)).unwrap();
        let tokens = asked(&place.house.router, request).await;
        assert_eq!(tokens.status, 200, "{}", tokens.body);

        // The second time nobody is asked: the browser comes straight back, also from the login form.
        chrome.open(&format!("{}/logout", place.url)).await;
        chrome.shoot("log-out").await;
        chrome.press("Log out").await;
        chrome.open(&format!("{}{link}", place.url)).await;
        chrome.fill("username", "ann@example.com").await;
        chrome.fill("password", PASSWORD).await;
        chrome.press("Log in").await;
        chrome.is_at("Back at the app").await;
        chrome.open(&format!("{}/account", place.url)).await;
        chrome.shoot("account-with-app").await;
        chrome.press("Withdraw").await;
        assert!(chrome.text("[role=status]").await.contains("no longer use your account"));

        chrome.open(&format!("{}{}", place.url, link.replace("127.0.0.1", "evil.test"))).await;
        chrome.is_at("This does not work").await;
        chrome.shoot("wrong-client").await;
    })
    .await;
}
