//! Codes by e-mail and text message as a second factor, with the pages and the development channel, on both engines.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use testkit::{TestStore, for_each_engine};

use crate::http::house::{House, PASSWORD};
use crate::http::visitor::Visitor;

/// An installation whose messages go to a file.
struct Post {
    house: House,
    dir: TempDir,
}

impl Post {
    async fn open(store: &TestStore) -> Post {
        let dir = tempfile::tempdir().unwrap();
        let house = House::sending(store, "http://localhost", &dir.path().join("messages")).await;
        Post { house, dir }
    }

    fn messages(&self) -> Vec<String> {
        lines(&self.dir.path().join("messages"))
    }

    /// The recipient of the `number`th message, and its code; it is sent in the background.
    async fn message(&self, number: usize) -> (String, String) {
        for _ in 0..400 {
            if let Some(line) = self.messages().get(number - 1) {
                let (to, text) = line.split_once(": ").unwrap();
                let code: String = text.chars().filter(char::is_ascii_digit).collect();
                assert_eq!(code.len(), 6, "{line}");
                return (to.to_owned(), code);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("message {number} never came: {:?}", self.messages());
    }

    /// Ann after her password, with a code on its way.
    async fn asked(&self, by: &str) -> Visitor {
        let mut ann = Visitor::at(&self.house, "/login").await;
        assert_eq!(ann.log_in("ann", PASSWORD).await.heading(), "Second step");
        ann.send(&format!("/login/send-{by}"), &[]).await;
        assert_eq!(ann.page.heading(), "Enter the code that we sent", "{}", ann.page.body);
        ann
    }
}

fn lines(file: &Path) -> Vec<String> {
    std::fs::read_to_string(file).unwrap_or_default().lines().map(str::to_owned).collect()
}

async fn wrong(who: &mut Visitor, code: &str) {
    let page = who.send("/login/sent-code", &[("code", code)]).await;
    assert_eq!((page.status, page.heading().as_str()), (401, "Enter the code that we sent"), "{code}");
    assert!(page.body.contains("role=\"alert\""), "{}", page.body);
    assert!(!who.cookies.contains_key("florin-session"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_sent_code_completes_a_login() {
    for_each_engine(async |store| {
        let post = Post::open(store).await;
        let mut ann = Visitor::at(&post.house, "/login").await;
        let page = ann.log_in("ann", PASSWORD).await;
        assert!(page.body.contains("Send me a code by e-mail") && page.body.contains("Send me a code by text message"));
        assert_eq!(post.messages(), Vec::<String>::new(), "nothing is sent before somebody asks for it");
        let mut ann = post.asked("email").await;
        assert!(ann.page.body.contains("a•••@mail.example") && !ann.page.body.contains("ann@mail.example"));
        let (to, code) = post.message(1).await;
        assert_eq!(to, "email ann@mail.example");
        let mode = std::fs::metadata(post.dir.path().join("messages")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        wrong(&mut ann, if code == "000000" { "000001" } else { "000000" }).await;
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        assert_eq!(ann.send("/login/sent-code", &[("code", &spaced)]).await.heading(), "Your account");

        let mut ann = post.asked("sms").await;
        let (to, code) = post.message(2).await;
        assert_eq!(to, "sms +4930123456");
        assert_eq!(ann.send("/login/sent-code", &[("code", &code)]).await.heading(), "Your account");
        assert_eq!(ann.cookies.keys().collect::<Vec<_>>(), ["florin-device", "florin-session"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sent_code_works_once_in_one_browser_for_five_minutes() {
    for_each_engine(async |store| {
        let post = Post::open(store).await;
        let mut ann = post.asked("email").await;
        let (_, code) = post.message(1).await;
        // In another browser, after the same password, to which a different code was sent.
        let mut other = post.asked("email").await;
        let (_, others) = post.message(2).await;
        if others != code {
            wrong(&mut other, &code).await;
        }
        let before = (ann.cookies.clone(), ann.page.clone());
        assert_eq!(ann.send("/login/sent-code", &[("code", &code)]).await.heading(), "Your account");
        // The same request again, as an observer might send it.
        (other.cookies, other.page) = before;
        let again = other.send("/login/sent-code", &[("code", &code)]).await;
        assert_eq!((again.status, again.heading().as_str()), (400, "This login has expired"));
        assert!(!other.cookies.contains_key("florin-session"));

        let mut late = post.asked("email").await;
        let (_, code) = post.message(3).await;
        post.house.pass_seconds(300);
        // It has expired: the page offers to send another one.
        let page = late.send("/login/sent-code", &[("code", &code)]).await;
        assert_eq!((page.status, page.heading().as_str()), (401, "Second step"));
        assert!(page.body.contains("role=\"alert\"") && page.body.contains("Send me a code by e-mail"));
        late.send("/login/send-email", &[]).await;
        let (_, newer) = post.message(4).await;
        if newer != code {
            wrong(&mut late, &code).await;
        }
        assert_eq!(late.send("/login/sent-code", &[("code", &newer)]).await.heading(), "Your account");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_who_have_or_need_an_app_get_no_codes() {
    for_each_engine(async |store| {
        let post = Post::open(store).await;
        let off = async |who: &mut Visitor, heading: &str| {
            assert!(!who.page.body.contains("Send me a code"), "{}", who.page.body);
            for act in ["send-email", "send-sms"] {
                let page = who.send(&format!("/login/{act}"), &[]).await;
                assert_eq!((page.status, page.heading().as_str()), (403, heading), "{act}");
                assert!(page.body.contains("role=\"alert\""), "{}", page.body);
            }
            let page = who.send("/login/sent-code", &[("code", "123456")]).await;
            assert_eq!(page.status, 401, "{}", page.body);
        };
        // An employee has to set up an app, and cannot avoid it.
        let mut eve = Visitor::at(&post.house, "/login").await;
        assert_eq!(eve.log_in("eve", PASSWORD).await.heading(), "Set up two-step login");
        let key = eve.page.clone();
        assert_eq!(eve.send("/login/send-email", &[]).await.heading(), "Set up two-step login");
        eve.page = key;
        assert_eq!(eve.send("/login/sent-code", &[("code", "123456")]).await.heading(), "Set up two-step login");
        let mut eve = Visitor::at(&post.house, "/login").await;
        eve.enrol(&post.house, "eve", PASSWORD).await;
        let mut eve = Visitor::at(&post.house, "/login").await;
        assert_eq!(eve.log_in("eve", PASSWORD).await.heading(), "Second step");
        off(&mut eve, "Second step").await;
        // A customer who has one is asked for it too.
        let mut ann = post.asked("email").await;
        let (_, code) = post.message(1).await;
        ann.send("/login/sent-code", &[("code", &code)]).await;
        ann.go("/account/app").await;
        ann.send("/account/begin-app", &[]).await;
        let secret = ann.page.texts("<code class=\"secret\">", "</code>").remove(0);
        let shown = post.house.app_code(&secret);
        assert_eq!(ann.send("/account/confirm-app", &[("code", &shown)]).await.heading(), "Your backup codes");
        let mut ann = Visitor::at(&post.house, "/login").await;
        assert_eq!(ann.log_in("ann", PASSWORD).await.heading(), "Second step");
        off(&mut ann, "Second step").await;
        assert_eq!(post.messages().len(), 1, "{:?}", post.messages());
    })
    .await;
}
