//! Rarely seen pages: a password set by somebody else, codes by message, an app set up later, new backup codes, and an
//! expired login.

use std::path::Path;

use testkit::Chrome;

use super::{Place, in_browser_with};
use crate::http::house::{BETTER, PASSWORD};

async fn log_in(chrome: &Chrome, password: &str) {
    chrome.fill("username", "ann@example.com").await;
    chrome.fill("password", password).await;
    chrome.press("Log in").await;
}

/// From the last message.
async fn code(file: &Path) -> String {
    for _ in 0..400 {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        if let Some(line) = text.lines().last() {
            return line.split(": ").nth(1).unwrap().chars().filter(char::is_ascii_digit).collect();
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("no message came");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_visits_the_rarely_seen_pages() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("messages");
    in_browser_with("a_customer_visits_the_rarely_seen_pages", Some(&file), async |place, chrome| {
        sent_code(place, chrome, &file).await;
        app(place, chrome).await;
        backup_codes(place, chrome).await;
        over(place, chrome).await;
    })
    .await;
}

/// After a password set by an administrator.
async fn sent_code(place: &Place, chrome: &Chrome, file: &Path) {
    let once = place.house.one_time_password("ann@example.com").await;
    chrome.open(&format!("{}/login", place.url)).await;
    log_in(chrome, &once).await;
    chrome.is_at("Second step").await;
    chrome.shoot("second-step-choose").await;
    chrome.press("Send me a code by e-mail").await;
    chrome.is_at("Enter the code that we sent").await;
    chrome.shoot("sent-code").await;
    let code = code(file).await;
    chrome.fill("code", if code == "000000" { "000001" } else { "000000" }).await;
    chrome.press("Continue").await;
    chrome.is_titled("Problem: Enter the code that we sent · Florin").await;
    chrome.shoot("sent-code-wrong").await;
    chrome.fill("code", &code).await;
    chrome.press("Continue").await;
    chrome.is_at("Choose a new password").await;
    chrome.shoot("new-password").await;
    chrome.fill("password", "password1234").await;
    chrome.press("Save the password").await;
    chrome.is_titled("Problem: Choose a new password · Florin").await;
    chrome.shoot("new-password-weak").await;
    chrome.fill("password", BETTER).await;
    chrome.press("Save the password").await;
    chrome.is_at("Your account").await;
}

async fn app(place: &Place, chrome: &Chrome) {
    chrome.press("Set it up").await;
    chrome.is_at("Authenticator app").await;
    chrome.shoot("app-off").await;
    chrome.press("Set it up").await;
    chrome.unfold("I cannot scan it").await;
    chrome.shoot("app-enrol").await;
    let secret = chrome.text("code.secret").await;
    chrome.fill("code", "000 000").await;
    chrome.press("Turn it on").await;
    chrome.is_titled("Problem: Authenticator app · Florin").await;
    chrome.shoot("app-enrol-wrong").await;
    chrome.fill("code", &place.house.app_code(&secret)).await;
    chrome.press("Turn it on").await;
    chrome.is_at("Your backup codes").await;
    chrome.shoot("app-codes").await;
    chrome.press("I have saved them").await;
}

async fn backup_codes(place: &Place, chrome: &Chrome) {
    chrome.open(&format!("{}/account/backup-codes", place.url)).await;
    chrome.is_at("Backup codes").await;
    chrome.shoot("backup-codes-left").await;
    chrome.press("Create new backup codes").await;
    chrome.is_at("Your backup codes").await;
    assert_eq!(chrome.texts(".codes code").await.len(), 8);
    chrome.shoot("backup-codes-new").await;
    chrome.press("I have saved them").await;
}

/// A login left for a day, and a form of an ended session.
async fn over(place: &Place, chrome: &Chrome) {
    chrome.press("Log out").await;
    chrome.is_at("You are logged out").await;
    chrome.press("Log in again").await;
    place.house.pass_seconds(24 * 3_600);
    log_in(chrome, PASSWORD).await;
    chrome.is_at("This login has expired").await;
    chrome.shoot("expired").await;
    chrome.open(&format!("{}/consent", place.url)).await;
    chrome.is_at("Log in").await;
}
