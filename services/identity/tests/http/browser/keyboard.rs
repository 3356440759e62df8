//! Somebody who uses the keyboard alone.

use fantoccini::key::Key;

use super::in_browser;
use crate::house::PASSWORD;

#[tokio::test(flavor = "multi_thread")]
async fn a_person_logs_in_and_out_by_keyboard_alone() {
    in_browser("a_person_logs_in_and_out_by_keyboard_alone", async |place, chrome| {
        let tab = String::from(char::from(Key::Tab));
        chrome.open(&format!("{}/login", place.url)).await;
        assert_eq!(chrome.focused("id").await.as_deref(), Some("username"), "one types at once");
        chrome.type_keys("ann@example.com").await;
        chrome.type_keys(&tab).await;
        assert_eq!(chrome.focused("id").await.as_deref(), Some("password"));
        chrome.type_keys(PASSWORD).await;
        chrome.type_keys(&String::from(char::from(Key::Enter))).await;
        chrome.is_at("Your account").await;
        chrome.type_keys(&tab).await;
        assert_eq!(chrome.focused("class").await.as_deref(), Some("skip"), "the way to the content comes first");
        chrome.shoot("skip-link").await;
        chrome.type_keys(&tab).await;
        assert_eq!(chrome.focused("type").await.as_deref(), Some("submit"));
        chrome.shoot("focus").await;
        chrome.type_keys(&String::from(char::from(Key::Enter))).await;
        chrome.is_at("You are logged out").await;
    })
    .await;
}
