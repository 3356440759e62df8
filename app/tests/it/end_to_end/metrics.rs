//! Identity's metrics, scraped after real actions of users and clients.

use serde_json::json;

use crate::end_to_end::house::House;
use crate::end_to_end::person::{PASSWORD, Person, client, post};

const USERS: &str = "/v1/identity/users";

/// The value of a series; 0 while there is none.
async fn value(house: &House, series: &str) -> f64 {
    let text = house.client.get("/metrics").await.text();
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map_or(0.0, |number| number.parse().unwrap())
}

/// Waits until the code file has this many lines; returns the last code in it.
async fn code(file: &std::path::Path, lines: usize) -> String {
    for _ in 0..400 {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        if text.lines().count() == lines {
            let last = text.lines().last().unwrap().split(": ").nth(1).unwrap();
            return last.chars().filter(char::is_ascii_digit).collect();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("no message came");
}

#[tokio::test(flavor = "multi_thread")]
async fn actions_of_users_and_clients_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let messages = dir.path().join("messages");
    let house = House::start(&[
        ("FLORIN__IDENTITY__SENT_FACTORS", "email"),
        ("FLORIN__IDENTITY__MESSAGES_FILE", messages.to_str().unwrap()),
        ("FLORIN__IDENTITY__ARGON2_MEMORY_KIB", "7168"),
        ("FLORIN__IDENTITY__ARGON2_PASSES", "1"),
    ])
    .await;
    of_logins(&house).await;
    of_second_factors(&house, &messages).await;
    of_waits(&house).await;
    of_grants(&house).await;
    of_passwords(&house).await;
}

async fn of_logins(house: &House) {
    Person::new(house, "zoe", "cust_zoe").await;
    assert_eq!(value(house, "identity_logins_total{outcome=\"session\"}").await, 1.0);
    for _ in 0..2 {
        let mut stranger = Person::at(house);
        stranger.go("/login").await;
        stranger.send("/login/password", &[("username", "zoe"), ("password", "not this one")]).await;
    }
    assert_eq!(value(house, "identity_logins_total{outcome=\"wrong_credentials\"}").await, 2.0);
}

async fn of_second_factors(house: &House, messages: &std::path::Path) {
    Person::new(house, "max", "cust_max").await;
    let people = house.get(&format!("{USERS}?username=max")).await;
    let max = people["items"][0]["id"].as_str().unwrap().to_owned();
    let contact = json!({ "name": "Max Miller", "email": "max@mail.example" });
    assert!(house.put(&format!("{USERS}/{max}/contact"), contact).await.status.is_success());
    let mut max = Person::at(house);
    max.go("/login").await;
    let page = max.send("/login/password", &[("username", "max"), ("password", PASSWORD)]).await;
    assert!(page.text().contains("<h1>Second step</h1>"), "{}", page.text());
    // No code has been sent yet.
    max.send("/login/sent-code", &[("code", "000000")]).await;
    max.send("/login/send-email", &[]).await;
    let sent = code(messages, 1).await;
    let wrong = if sent == "000000" { "000001" } else { "000000" };
    max.send("/login/sent-code", &[("code", wrong)]).await;
    max.send("/login/backup-code", &[("code", "abcd-efgh")]).await;
    let page = max.send("/login/sent-code", &[("code", &sent)]).await;
    assert!(page.text().contains("<h1>Your account</h1>"), "{}", page.text());
    for (kind, outcome, count) in [
        ("none", "wrong", 1.0),
        ("email", "wrong", 1.0),
        ("backup", "wrong", 1.0),
        ("email", "right", 1.0),
        ("totp", "right", 0.0),
    ] {
        let series = format!("identity_second_factors_total{{kind=\"{kind}\",outcome=\"{outcome}\"}}");
        assert_eq!(value(house, &series).await, count, "{series}");
    }
    assert_eq!(value(house, "identity_logins_total{outcome=\"wrong_code\"}").await, 3.0);
    assert_eq!(value(house, "identity_logins_total{outcome=\"session\"}").await, 3.0);
}

/// After five free attempts the sixth starts a wait, and the next one is not checked.
async fn of_waits(house: &House) {
    let mut stranger = Person::at(house);
    stranger.go("/login").await;
    for _ in 0..7 {
        stranger.send("/login/password", &[("username", "nobody"), ("password", "not this one")]).await;
    }
    let locked_out = value(house, "identity_locked_out_total{by=\"name_from_address\"}").await;
    assert!(locked_out >= 1.0, "{locked_out}");
    assert_eq!(value(house, "identity_logins_total{outcome=\"too_many_failures\"}").await, locked_out);
}

async fn of_grants(house: &House) {
    let secret = client(house, "robot", "service").await;
    let series = |name: &str, label: &str, value: &str| format!("identity_{name}_total{{{label}=\"{value}\"}}");
    let before = value(house, &series("tokens_issued", "grant", "client_credentials")).await;
    let own = [("grant_type", "client_credentials")];
    for (who, form, error) in [
        (("robot", &*secret), &own[..], None),
        (("robot", "wrong"), &own, Some("invalid_client")),
        (("robot", &secret), &[own[0], ("scope", "admin:users")], Some("invalid_scope")),
        (("robot", &secret), &[("grant_type", "password")], Some("unsupported_grant_type")),
        (("robot", &secret), &[("grant_type", "refresh_token"), ("refresh_token", "x")], Some("invalid_grant")),
    ] {
        let answer = post(house, "/oauth2/token", Some(who), form).await;
        assert_eq!(answer.json()["error"].as_str(), error, "{}", answer.text());
        if let Some(error) = error {
            assert_eq!(value(house, &series("grants_refused", "error", error)).await, 1.0, "{error}");
        }
    }
    assert_eq!(value(house, &series("tokens_issued", "grant", "client_credentials")).await, before + 1.0);
}

async fn of_passwords(house: &House) {
    let text = house.client.get("/metrics").await.text();
    assert!(text.lines().any(|line| line == "identity_passwords_waiting 0"), "{text}");
    // Each login checks one; so does each refused one, and each password that was chosen or generated.
    let done = value(house, "identity_password_check_seconds_count").await;
    assert!(done >= 10.0 && value(house, "identity_password_check_seconds_sum").await > 0.0, "{done}");
    assert_eq!(value(house, "identity_password_wait_seconds_count").await, done);
    for name in ["logins_total", "second_factors_total", "locked_out_total", "grants_refused_total"] {
        assert!(text.contains(&format!("# HELP identity_{name} ")), "{name} has no help text");
    }
    // No label identifies a user.
    let ours = text.lines().filter(|line| line.starts_with("identity_"));
    assert!(ours.clone().count() > 20 && ours.clone().all(|line| !line.contains("zoe") && !line.contains("max@")));
}
