//! Logging in with the pages, on both engines.

use testkit::for_each_engine;

use crate::http::house::{BETTER, House, PASSWORD};
use crate::http::visitor::Visitor;

#[tokio::test(flavor = "multi_thread")]
async fn a_user_logs_in_and_out() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let mut ann = Visitor::at(&house, "/account").await;
        assert_eq!((ann.page.status, ann.page.heading().as_str()), (200, "Log in"));
        ann.log_in("ann", PASSWORD).await;
        assert_eq!(ann.page.heading(), "Your account");
        assert!(ann.page.body.contains("Ann Miller"));
        assert_eq!(ann.cookies.keys().collect::<Vec<_>>(), ["florin-device", "florin-session"]);
        ann.send("/logout", &[]).await;
        assert_eq!(ann.page.heading(), "You are logged out");
        assert_eq!(ann.cookies.keys().collect::<Vec<_>>(), ["florin-device"], "it is known the next time");
        assert_eq!(ann.go("/account").await.heading(), "Log in");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_logins_reveal_nothing_to_strangers() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let mut pages = Vec::new();
        for name in ["ann", "nobody"] {
            let mut visitor = Visitor::at(&house, "/login").await;
            let page = visitor.log_in(name, "wrong password").await;
            assert_eq!(page.status, 401);
            assert!(page.body.contains("The name and the password do not match."));
            assert!(page.body.contains("<title>Problem: Log in"));
            assert!(page.body.contains("role=\"alert\"") && page.body.contains("aria-invalid=\"true\""));
            assert!(!page.body.contains("wrong password"), "a password is not sent back");
            let key = page.hidden("form_key").unwrap();
            pages.push(page.body.replace(&key, "").replace(name, ""));
        }
        assert_eq!(pages[0], pages[1]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_browser_does_not_wait_because_of_strangers() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let mut ann = Visitor::at(&house, "/login").await;
        ann.log_in("ann", PASSWORD).await;
        ann.send("/logout", &[]).await;
        let device = ann.cookies["florin-device"].clone();
        // Here all of them have the same address.
        let mut number = 0;
        let mut stranger = Visitor::at(&house, "/login").await;
        while stranger.log_in(&format!("nobody{number}"), "wrong").await.status == 401 {
            number += 1;
            stranger = Visitor::at(&house, "/login").await;
        }
        assert_eq!((stranger.page.status, number), (429, 31));
        let mut new = Visitor::at(&house, "/login").await;
        assert_eq!(new.log_in("ann", PASSWORD).await.status, 429);
        ann.go("/login").await;
        assert_eq!(ann.log_in("ann", PASSWORD).await.heading(), "Your account");
        assert_ne!(ann.cookies["florin-device"], device, "a new one after each login");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_employee_enrols_an_app_and_logs_in_with_it_or_a_backup_code() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let mut eve = Visitor::at(&house, "/login").await;
        eve.log_in("eve", PASSWORD).await;
        assert_eq!(eve.page.heading(), "Set up two-step login");
        assert!(eve.page.body.contains("src=\"data:image/svg+xml;base64,"));
        let wrong = eve.send("/login/enrol", &[("code", "000000")]).await;
        assert_eq!((wrong.status, wrong.heading().as_str()), (401, "Set up two-step login"));

        let mut eve = Visitor::at(&house, "/login").await;
        let (secret, codes) = eve.enrol(&house, "eve", PASSWORD).await;
        assert_eq!(codes.len(), 8);

        let mut again = Visitor::at(&house, "/login").await;
        assert_eq!(again.log_in("eve", PASSWORD).await.heading(), "Second step");
        let code = house.app_code(&secret);
        let spaced = format!(" {} {} ", &code[..3], &code[3..]);
        assert_eq!(again.send("/login/code", &[("code", &spaced)]).await.heading(), "Your account");

        let mut away = Visitor::at(&house, "/login").await;
        away.log_in("eve", PASSWORD).await;
        assert_eq!(away.go("/login/backup").await.heading(), "Use a backup code");
        let wrong = away.send("/login/backup-code", &[("code", "abcd-efgh")]).await;
        assert_eq!((wrong.status, wrong.heading().as_str()), (401, "Use a backup code"));
        let used = away.send("/login/backup-code", &[("code", &codes[0])]).await;
        assert_eq!(used.heading(), "You used a backup code");
        assert!(used.body.contains("<strong>7</strong>"), "{}", used.body);
        assert_eq!(away.go("/account").await.heading(), "Your account");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_reset_with_a_sent_code() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let mut ann = Visitor::at(&house, "/login/forgot").await;
        assert_eq!(ann.page.heading(), "Forgotten password");
        assert_eq!(
            ann.send("/login/send-reset-code", &[("username", "ann@example.com")]).await.heading(),
            "Check your messages"
        );
        let code = house.mail.code().await;
        let weak = ann.send("/login/reset", &[("code", &code), ("password", "short")]).await;
        assert_eq!(weak.status, 400);
        assert!(weak.body.contains("Use at least 12 characters.") && weak.body.contains("id=\"password-error\""));
        ann.send("/login/reset", &[("code", &code), ("password", BETTER)]).await;
        let mut ann = Visitor::at(&house, "/login").await;
        assert_eq!(ann.log_in("ann", BETTER).await.heading(), "Your account");
        let mut stranger = Visitor::at(&house, "/login/forgot").await;
        let same = stranger.send("/login/send-reset-code", &[("username", "nobody@example.com")]).await;
        assert_eq!(same.heading(), "Check your messages");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_login_says_so_and_can_be_restarted() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let mut ann = Visitor::at(&house, "/login").await;
        house.pass_seconds(24 * 3_600);
        let over = ann.log_in("ann", PASSWORD).await;
        assert_eq!((over.status, over.heading().as_str()), (400, "This login has expired"));
        ann.go("/login").await;
        assert_eq!(ann.log_in("ann", PASSWORD).await.heading(), "Your account");
        let mut eve = Visitor::at(&house, "/login").await;
        eve.enrol(&house, "eve", PASSWORD).await;
        let mut eve = Visitor::at(&house, "/login").await;
        eve.log_in("eve", PASSWORD).await;
        assert_eq!(eve.send("/login/restart", &[]).await.heading(), "Log in");
        let empty = eve.send("/login/password", &[("username", "ann@example.com")]).await;
        assert_eq!(empty.status, 400);
        assert!(empty.body.contains("Enter your password."));
    })
    .await;
}
