//! Attacks on our pages by other sites and strangers.

use http::Method;
use testkit::{TestStore, on_sqlite};

use crate::http::house::{BETTER, House, PASSWORD};
use crate::http::visitor::Visitor;

async fn with_house(body: impl AsyncFn(&House)) {
    on_sqlite(async |store: &TestStore| body(&House::open(store).await).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_from_another_site_changes_nothing() {
    with_house(async |house| {
        let mut ann = Visitor::at(house, "/login").await;
        let key = ann.page.hidden("form_key").unwrap();
        let form = format!("username=ann%40example.com&password={PASSWORD}&form_key={key}");
        let keyless = format!("username=ann%40example.com&password={PASSWORD}");
        let foreign: [(&str, &[(&str, &str)]); 6] = [
            (&form, &[("sec-fetch-site", "cross-site")]),
            (&form, &[("sec-fetch-site", "same-site")]),
            (&form, &[("origin", "https://evil.test")]),
            (&form, &[("origin", "null")]),
            (&form, &[]),
            (&keyless, &[("sec-fetch-site", "same-origin")]),
        ];
        for (form, headers) in foreign {
            let page = ann.ask(Method::POST, "/login/password", form, headers).await;
            assert_eq!((page.status, page.heading().as_str()), (403, "Nothing was changed"), "{headers:?}");
            assert!(!ann.cookies.contains_key("florin-session"));
        }
        let page = ann.ask(Method::POST, "/login/password", &form, &[("origin", "http://localhost")]).await;
        assert_eq!(page.location(), "/account");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_login_or_sessions_form_key_is_refused() {
    with_house(async |house| {
        let (mut ann, eve) = (Visitor::at(house, "/login").await, Visitor::at(house, "/login").await);
        let honest = ann.page.clone();
        ann.page = eve.page.clone();
        assert_eq!(ann.log_in("ann", PASSWORD).await.status, 403);
        ann.page = honest;
        ann.log_in("ann", PASSWORD).await;
        let page = ann.go("/account/password").await.clone();
        let mut other = Visitor::at(house, "/login").await;
        other.log_in("ann", PASSWORD).await;
        let foreign = other.page.hidden("form_key").unwrap();
        ann.page.body = page.body.replace(&page.hidden("form_key").unwrap(), &foreign);
        for act in ["/account/change-password", "/account/end-others", "/account/confirm", "/logout"] {
            let refused = ann.post(act, &[("old", PASSWORD), ("new", BETTER)]).await;
            assert_eq!((refused.status, refused.heading().as_str()), (403, "Nothing was changed"), "{act}");
        }
        ann.page = page;
        assert_eq!(
            ann.send("/account/change-password", &[("old", PASSWORD), ("new", BETTER)]).await.heading(),
            "Your account"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn return_links_never_lead_to_another_site() {
    with_house(async |house| {
        for to in [
            "https%3A%2F%2Fevil.test",
            "%2F%2Fevil.test",
            "%2F%5Cevil.test",
            "/account/%5C%5Cevil.test",
            "javascript:1",
        ] {
            let mut ann = Visitor::at(house, &format!("/login?return_to={to}")).await;
            let answer = ann.post("/login/password", &[("username", "ann@example.com"), ("password", PASSWORD)]).await;
            assert_eq!(answer.location(), "/account", "{to}");
        }
        let mut ann = Visitor::at(house, "/login?return_to=/account/password").await;
        assert_eq!(ann.log_in("ann", PASSWORD).await.heading(), "Change your password");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn get_requests_change_nothing() {
    with_house(async |house| {
        let mut ann = Visitor::at(house, "/login").await;
        ann.log_in("ann", PASSWORD).await;
        for act in ["end-others", "begin-app", "remove-app", "new-backup-codes", "withdraw", "confirm", "nothing"] {
            let page = ann.go(&format!("/account/{act}")).await;
            assert_eq!((page.status, page.heading().as_str()), (404, "Page not found"), "{act}");
        }
        assert_eq!(ann.go("/logout").await.heading(), "Log out?");
        assert_eq!(ann.go("/account").await.heading(), "Your account");
        let json = ann.ask(Method::POST, "/account/nothing", "form_key=a", &[("sec-fetch-site", "same-origin")]).await;
        assert_eq!(json.status, 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_have_strict_policies_and_no_internal_details() {
    with_house(async |house| {
        let mut ann = Visitor::at(house, "/login").await;
        let page = ann.ask(Method::GET, "/oauth2/authorize?client_id=%3Cscript%3E&x=%3Cscript%3E", "", &[]).await;
        assert_eq!((page.status, page.heading().as_str()), (400, "This does not work"));
        let name = "<b>ann</b>\"'&";
        let page = ann.send("/login/password", &[("username", name), ("password", "x")]).await;
        assert!(page.body.contains("&lt;b&gt;ann&lt;/b&gt;&quot;") && !page.body.contains("<b>ann"), "{}", page.body);
        let style = page.body.split("/assets/").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let style = ann.ask(Method::GET, &format!("/assets/{style}"), "", &[]).await;
        assert_eq!(style.header("content-type"), Some("text/css; charset=utf-8"));
        assert_eq!(style.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(ann.go("/assets/other.css").await.status, 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_cookies_have_the_host_prefix() {
    on_sqlite(async |store: &TestStore| {
        let house = House::open_at(store, "https://localhost").await;
        let mut ann = Visitor::at(&house, "/login").await;
        assert_eq!(ann.cookies.keys().collect::<Vec<_>>(), ["__Host-florin-login"]);
        ann.log_in("ann", PASSWORD).await;
        assert_eq!(ann.cookies.keys().collect::<Vec<_>>(), ["__Host-florin-device", "__Host-florin-session"]);
    })
    .await;
}
