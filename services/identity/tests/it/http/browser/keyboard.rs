//! A user who only uses the keyboard.

use fantoccini::key::Key;

use super::in_browser;
use crate::http::house::PASSWORD;

#[tokio::test(flavor = "multi_thread")]
async fn a_user_can_log_in_and_out_by_keyboard() {
    in_browser("a_user_can_log_in_and_out_by_keyboard", async |place, chrome| {
        let tab = String::from(char::from(Key::Tab));
        chrome.open(&format!("{}/login", place.url)).await;
        chrome.focus_is("id", "username").await;
        chrome.type_keys("ann@example.com").await;
        chrome.type_keys(&tab).await;
        chrome.focus_is("id", "password").await;
        chrome.type_keys(PASSWORD).await;
        chrome.type_keys(&String::from(char::from(Key::Enter))).await;
        chrome.is_at("Your account").await;
        chrome.type_keys(&tab).await;
        chrome.focus_is("class", "skip").await;
        chrome.shoot("skip-link").await;
        chrome.type_keys(&tab).await;
        chrome.focus_is("type", "submit").await;
        chrome.shoot("focus").await;
        chrome.type_keys(&String::from(char::from(Key::Enter))).await;
        chrome.is_at("You are logged out").await;
    })
    .await;
}
