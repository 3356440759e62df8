//! A visit to every page.

use testkit::Chrome;

use super::{Place, in_browser};
use crate::http::house::{BETTER, PASSWORD};

#[tokio::test(flavor = "multi_thread")]
async fn an_employee_logs_in_for_the_first_time_and_later_with_a_backup_code() {
    in_browser("an_employee_logs_in_for_the_first_time_and_later_with_a_backup_code", async |place, chrome| {
        wrong_password(place, chrome).await;
        let (secret, codes) = enrol(place, chrome).await;
        confirm(place, chrome, &secret).await;
        chrome.fill("old", PASSWORD).await;
        chrome.fill("new", BETTER).await;
        chrome.press("Change the password").await;
        chrome.is_at("Your account").await;
        assert!(chrome.text("[role=status]").await.contains("Your password was changed."));
        chrome.shoot("account-done").await;
        chrome.press("Log out").await;
        chrome.is_at("You are logged out").await;
        chrome.shoot("logged-out").await;
        chrome.press("Log in again").await;
        log_in_with(chrome, BETTER).await;
        backup_code(chrome, &codes[3]).await;
    })
    .await;
}

async fn log_in_with(chrome: &Chrome, password: &str) {
    chrome.fill("username", "eve@example.com").await;
    chrome.fill("password", password).await;
    chrome.press("Log in").await;
}

async fn wrong_password(place: &Place, chrome: &Chrome) {
    chrome.open(&format!("{}/account", place.url)).await;
    chrome.is_at("Log in").await;
    chrome.is_titled("Log in · Florin").await;
    chrome.shoot("login").await;
    log_in_with(chrome, "not the password").await;
    chrome.is_titled("Problem: Log in · Florin").await;
    assert_eq!(chrome.attribute("#username", "value").await.as_deref(), Some("eve@example.com"));
    chrome.focus_is("id", "password").await;
    chrome.shoot("login-wrong").await;
}

async fn enrol(place: &Place, chrome: &Chrome) -> (String, Vec<String>) {
    log_in_with(chrome, PASSWORD).await;
    chrome.is_at("Set up two-step login").await;
    chrome.unfold("I cannot scan it").await;
    chrome.shoot("enrol").await;
    let secret = chrome.text("code.secret").await;
    chrome.fill("code", &place.house.app_code(&secret)).await;
    chrome.press("Turn it on").await;
    chrome.is_at("Your backup codes").await;
    let codes = chrome.texts(".codes code").await;
    assert_eq!(codes.len(), 8);
    chrome.shoot("backup-codes").await;
    chrome.press("I have saved them").await;
    chrome.is_at("Your account").await;
    chrome.shoot("account").await;
    (secret, codes)
}

/// Changing the password needs a recent authentication first.
async fn confirm(place: &Place, chrome: &Chrome, secret: &str) {
    place.house.pass_seconds(600);
    chrome.press("Change the password").await;
    chrome.is_at("Please confirm that it is you").await;
    chrome.shoot("confirm").await;
    chrome.press("Continue").await;
    chrome.is_at("Confirm that it is you").await;
    chrome.shoot("login-again").await;
    log_in_with(chrome, PASSWORD).await;
    chrome.is_at("Second step").await;
    chrome.shoot("second-step").await;
    chrome.fill("code", "000 000").await;
    chrome.press("Continue").await;
    chrome.shoot("second-step-wrong").await;
    chrome.fill("code", &place.house.app_code(secret)).await;
    chrome.press("Continue").await;
    chrome.is_at("Change your password").await;
    chrome.shoot("password").await;
}

async fn backup_code(chrome: &Chrome, code: &str) {
    chrome.press("Use a backup code").await;
    chrome.is_at("Use a backup code").await;
    chrome.shoot("backup-code").await;
    chrome.fill("code", code).await;
    chrome.press("Continue").await;
    chrome.is_at("You used a backup code").await;
    chrome.shoot("backup-code-used").await;
    chrome.press("Continue").await;
    chrome.is_at("Your account").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_resets_the_password_and_manages_the_account() {
    in_browser("a_customer_resets_the_password_and_manages_the_account", async |place, chrome| {
        chrome.open(&format!("{}/login", place.url)).await;
        chrome.press("Forgot your password?").await;
        chrome.is_at("Forgotten password").await;
        chrome.shoot("forgotten").await;
        chrome.fill("username", "ann@example.com").await;
        chrome.press("Send me a code").await;
        chrome.is_at("Check your messages").await;
        chrome.shoot("reset").await;
        chrome.fill("code", &place.house.mail.code().await).await;
        chrome.fill("password", BETTER).await;
        chrome.press("Set the new password").await;
        if chrome.heading().await == "Log in" {
            chrome.fill("username", "ann@example.com").await;
            chrome.fill("password", BETTER).await;
            chrome.press("Log in").await;
        }
        chrome.is_at("Your account").await;
        chrome.shoot("account-customer").await;
        chrome.press("Set it up").await;
        chrome.is_at("Authenticator app").await;
        chrome.press("Set it up").await;
        chrome.unfold("I cannot scan it").await;
        let secret = chrome.text("code.secret").await;
        chrome.fill("code", &place.house.app_code(&secret)).await;
        chrome.press("Turn it on").await;
        chrome.is_at("Your backup codes").await;
        chrome.press("I have saved them").await;
        chrome.press("Authenticator app").await;
        chrome.shoot("app-on").await;
        chrome.press("Turn it off").await;
        assert!(chrome.text("[role=status]").await.contains("Two-step login is off."));
        chrome.open(&format!("{}/account/nowhere", place.url)).await;
        chrome.is_at("Page not found").await;
        chrome.shoot("not-found").await;
    })
    .await;
}
