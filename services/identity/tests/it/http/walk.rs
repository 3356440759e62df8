//! Every page and every form of the router, requested without the required access: by strangers, other sites, and
//! browsers without the form key. The list is built by mounting, so that a new page is tested too; routes mounted in
//! another way are detected.

use std::collections::BTreeSet;

use http::Method;
use identity::{Door, PageRoute};
use testkit::{TestStore, on_sqlite};

use crate::http::house::{House, PASSWORD};
use crate::http::oauth::authorize;
use crate::http::page::Page;
use crate::http::visitor::Visitor;

/// Values for `{act}`: all existing ones, and one that does not exist.
const LOGIN_ACTS: [&str; 13] = [
    "password",
    "code",
    "backup-code",
    "send-email",
    "send-sms",
    "sent-code",
    "enrol",
    "kept",
    "new-password",
    "send-reset-code",
    "reset",
    "restart",
    "nothing",
];
const ACCOUNT_ACTS: [&str; 10] = [
    "change-password",
    "begin-app",
    "confirm-app",
    "remove-app",
    "new-backup-codes",
    "end-session",
    "end-others",
    "withdraw",
    "confirm",
    "nothing",
];
const OURS: [(&str, &str); 1] = [("sec-fetch-site", "same-origin")];
const FOREIGN: [(&str, &str); 1] = [("sec-fetch-site", "cross-site")];

fn addresses(path: &str) -> Vec<String> {
    let acts: &[&str] = match path {
        "/login/{act}" => &LOGIN_ACTS,
        "/account/{act}" => &ACCOUNT_ACTS,
        "/assets/{name}" => &["florin.css"],
        path if path.contains('{') => panic!("{path}: say what its place may hold"),
        _ => return vec![path.to_owned()],
    };
    let (folder, _) = path.split_once('{').unwrap();
    acts.iter().map(|act| format!("{folder}{act}")).collect()
}

/// Fields that would have an effect if accepted; with those of an authorization request, which the consent page has.
fn form(key: Option<&str>) -> String {
    let asked = authorize("budget", &[]);
    let (_, asked) = asked.split_once('?').unwrap();
    let mut form = form_urlencoded::Serializer::new(asked.to_owned());
    form.extend_pairs([
        ("username", "ann@example.com"),
        ("password", PASSWORD),
        ("code", "123456"),
        ("answer", "allow"),
    ]);
    form.extend_pairs([("old", PASSWORD), ("new", "quartz lantern 55 meadow"), ("client", "budget"), ("id", "1")]);
    form.extend_pairs(key.map(|key| ("form_key", key)));
    form.finish()
}

async fn logged_in(house: &House) -> Visitor {
    let mut ann = Visitor::at(house, "/login").await;
    assert_eq!(ann.log_in("ann", PASSWORD).await.heading(), "Your account");
    ann
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_and_form_requires_its_access() {
    on_sqlite(async |store: &TestStore| {
        let house = House::open(store).await;
        let mut ann = logged_in(&house).await;
        assert!(house.pages.len() > 12, "{:?}", house.pages);
        for PageRoute { path, door } in house.pages.clone() {
            for at in addresses(path) {
                match door {
                    Door::Open => open(&house, &mut ann, &at).await,
                    Door::Session => own(&house, &mut ann, &at).await,
                    Door::LoginForm => login_form(&house, &at).await,
                    Door::SessionForm => session_form(&house, &mut ann, &at).await,
                }
            }
        }
        assert_eq!(logged_in(&house).await.page.status, 200, "the password is the old one");
    })
    .await;
}

/// A stranger sees no personal data, and changes nothing.
async fn open(house: &House, ann: &mut Visitor, at: &str) {
    let page = Visitor::at(house, at).await.page;
    assert!(
        matches!(page.status, 200 | 404) && !page.body.contains("Ann Miller"),
        "{at}: {} {}",
        page.status,
        page.body
    );
    ann.ask(Method::GET, at, "", &[]).await;
    assert_eq!(ann.go("/account").await.heading(), "Your account", "{at} has ended the session");
}

async fn own(house: &House, ann: &mut Visitor, at: &str) {
    let mut stranger = Visitor::at(house, "/login").await;
    for made_up in [None, Some("c29tZWJvZHkgZWxzZSdzIHNlc3Npb24")] {
        if let Some(made_up) = made_up {
            stranger.cookies.insert("florin-session".to_owned(), made_up.to_owned());
        }
        let page = stranger.ask(Method::GET, at, "", &[]).await;
        assert_eq!(page.location(), format!("/login?return_to={at}"));
        assert!(!page.body.contains("Ann"), "{at}: {}", page.body);
    }
    let page = ann.go(at).await;
    assert!(page.status == 200 && page.heading() != "Log in", "{at} is not for her either: {}", page.body);
}

async fn login_form(house: &House, at: &str) {
    let mut ann = Visitor::at(house, "/login").await;
    let key = ann.page.hidden("form_key").unwrap();
    let other = Visitor::at(house, "/login").await.page.hidden("form_key").unwrap();
    for (why, page) in forged(&mut ann, at, &key, &other).await {
        assert_eq!((page.status, page.heading().as_str()), (403, "Nothing was changed"), "{at}, {why}");
    }
    assert_eq!(ann.cookies.keys().collect::<Vec<_>>(), ["florin-login"], "{at}");
    ann.cookies.clear();
    let page = ann.ask(Method::POST, at, &form(Some(&key)), &OURS).await;
    assert_eq!((page.status, page.heading().as_str()), (400, "This login has expired"), "{at} without a login");
}

async fn session_form(house: &House, ann: &mut Visitor, at: &str) {
    let before = ann.go("/account").await.body.clone();
    // The key of another session; also refused for a question that was not asked.
    let other = logged_in(house).await;
    let key =
        if at == "/consent" { "of nothing that was asked".to_owned() } else { ann.page.hidden("form_key").unwrap() };
    for (why, page) in forged(ann, at, &key, &other.page.hidden("form_key").unwrap()).await {
        let refused = matches!(page.status, 400 | 403) && page.headers.get("location").is_none();
        let unknown = at.ends_with("/nothing") && page.status == 404;
        assert!(refused || unknown, "{at}, {why}: {} {}", page.status, page.body);
    }
    assert_eq!(listed(&ann.go("/account").await.body), listed(&before), "{at} has changed something");
    let mut stranger = Visitor::at(house, "/login").await;
    let page = stranger.ask(Method::POST, at, &form(Some(&key)), &OURS).await;
    assert!(
        page.status < 500 && !page.header("location").is_some_and(|to| to.contains("code=")),
        "{at}: {}",
        page.body
    );
    assert!(!stranger.cookies.contains_key("florin-session"), "{at} lets a stranger in");
}

/// The page without sessions that were added meanwhile.
fn listed(body: &str) -> &str {
    body.split("Where you are logged in").next().unwrap()
}

/// From another site with the right key; and from our own page without a key, and with a different one.
async fn forged(who: &mut Visitor, at: &str, key: &str, other: &str) -> Vec<(&'static str, Page)> {
    let (right, none, foreign) = (form(Some(key)), form(None), form(Some(other)));
    vec![
        ("from another site", who.ask(Method::POST, at, &right, &FOREIGN).await),
        ("from who knows where", who.ask(Method::POST, at, &right, &[]).await),
        ("without a key", who.ask(Method::POST, at, &none, &OURS).await),
        ("with a foreign key", who.ask(Method::POST, at, &foreign, &OURS).await),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mounted_route_is_documented_or_a_listed_page() {
    on_sqlite(async |store: &TestStore| {
        let house = House::open(store).await;
        let described = identity::api().paths.paths.into_keys().filter(|path| !path.starts_with("/v1/"));
        let known: BTreeSet<String> = described.chain(house.pages.iter().map(|page| page.path.to_owned())).collect();
        assert_eq!(house.paths, known);
        assert!(known.contains("/oauth2/token") && known.contains("/login/{act}"), "{known:?}");
    })
    .await;
}
