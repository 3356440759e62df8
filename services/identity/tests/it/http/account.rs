//! The user's own account, on both engines.

use testkit::for_each_engine;

use crate::http::house::{BETTER, House, PASSWORD};
use crate::http::visitor::Visitor;

#[tokio::test(flavor = "multi_thread")]
async fn changing_a_password_ends_other_sessions() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let mut elsewhere = Visitor::at(&house, "/login").await;
        elsewhere.log_in("ann", PASSWORD).await;
        let mut ann = Visitor::at(&house, "/login").await;
        ann.log_in("ann", PASSWORD).await;
        ann.go("/account/password").await;
        let wrong = ann.send("/account/change-password", &[("old", "not this one"), ("new", BETTER)]).await;
        assert_eq!((wrong.status, wrong.heading().as_str()), (401, "Change your password"));
        let weak = ann.send("/account/change-password", &[("old", PASSWORD), ("new", "password1234")]).await;
        assert_eq!(weak.status, 400);
        assert!(weak.body.contains("id=\"new-error\""), "{}", weak.body);
        let empty = ann.send("/account/change-password", &[("old", PASSWORD)]).await;
        assert!(empty.status == 400 && empty.body.contains("Choose a new password."));
        let done = ann.send("/account/change-password", &[("old", PASSWORD), ("new", BETTER)]).await;
        assert_eq!(done.heading(), "Your account");
        assert!(done.body.contains("Your password was changed."));
        assert_eq!(elsewhere.go("/account").await.heading(), "Log in");
        assert_eq!(ann.go("/account").await.heading(), "Your account");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_login_has_to_re_authenticate_first() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let mut ann = Visitor::at(&house, "/login").await;
        ann.log_in("ann", PASSWORD).await;
        ann.go("/account/password").await;
        let form = ann.page.clone();
        house.pass_seconds(600);
        assert_eq!(ann.go("/account/password").await.heading(), "Please confirm that it is you");
        assert_eq!(
            ann.send("/account/confirm", &[("to", "/account/password")]).await.heading(),
            "Confirm that it is you"
        );
        assert_eq!(ann.log_in("eve", PASSWORD).await.status, 401, "only the same user may");
        assert_eq!(ann.log_in("ann", PASSWORD).await.heading(), "Change your password");
        // A form opened earlier still works after an error page.
        house.pass_seconds(600);
        ann.page = form;
        let asked = ann.send("/account/change-password", &[("old", PASSWORD), ("new", BETTER)]).await;
        assert_eq!(asked.heading(), "Confirm that it is you");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_set_up_and_turned_off_again() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let mut ann = Visitor::at(&house, "/login").await;
        ann.log_in("ann", PASSWORD).await;
        ann.go("/account/app").await;
        ann.send("/account/begin-app", &[]).await;
        let secret = ann.page.texts("<code class=\"secret\">", "</code>").remove(0);
        let wrong = ann.send("/account/confirm-app", &[("code", "000000")]).await;
        assert_eq!((wrong.status, wrong.heading().as_str()), (401, "Authenticator app"));
        let code = house.app_code(&secret);
        let shown = ann.send("/account/confirm-app", &[("code", &code)]).await;
        assert_eq!(shown.heading(), "Your backup codes");
        assert_eq!(shown.texts("<li><code>", "</code>").len(), 8);
        let page = ann.go("/account").await;
        assert!(page.body.contains(">On<") && page.body.contains("<strong>8</strong> backup codes"), "{}", page.body);
        let codes = ann.go("/account/backup-codes").await.heading();
        assert_eq!(codes, "Backup codes");
        assert_eq!(ann.send("/account/new-backup-codes", &[]).await.heading(), "Your backup codes");
        ann.go("/account/app").await;
        let off = ann.send("/account/remove-app", &[]).await;
        assert!(off.body.contains("Two-step login is off."), "{}", off.body);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_and_ended() {
    for_each_engine(async |store| {
        let house = House::open(store).await;
        let mut others = Vec::new();
        for _ in 0..2 {
            let mut other = Visitor::at(&house, "/login").await;
            other.log_in("ann", PASSWORD).await;
            others.push(other);
        }
        let mut ann = Visitor::at(&house, "/login").await;
        ann.log_in("ann", PASSWORD).await;
        assert_eq!(ann.page.body.matches("This one").count(), 1);
        let id = ann.page.hidden("id").unwrap();
        assert!(ann.send("/account/end-session", &[("id", &id)]).await.body.contains("That login has ended."));
        let open = ann.page.body.matches("Unknown browser</strong>").count();
        assert_eq!(open, 2);
        assert!(ann.send("/account/end-others", &[]).await.body.contains("You are logged out everywhere else."));
        for other in &mut others {
            assert_eq!(other.go("/account").await.heading(), "Log in");
        }
    })
    .await;
}
