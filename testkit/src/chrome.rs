//! A browser that a test controls like a user: finding, typing, clicking, reading. JavaScript is disabled in it.
//!
//! Needs Chromium and its driver (`apt-get install chromium chromium-driver`). Without them a test is skipped and
//! prints a line, or fails if `FLORIN_TEST_REQUIRE` has `browser`. Screenshots are left in `target/screenshots`, for
//! people to look at.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use futures_util::FutureExt;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

/// Each browser is several processes, and other tests run at the same time.
static BROWSERS: Semaphore = Semaphore::const_new(2);
/// A requested page may take a moment.
const TRIES: usize = 500;
const PAUSE: Duration = Duration::from_millis(20);
const REQUIRE: &str = "FLORIN_TEST_REQUIRE";
/// Name, dark mode, width and height of each screenshot.
const LOOKS: [(&str, bool, u32, u32); 4] = [
    ("light-desktop", false, 1100, 800),
    ("dark-desktop", true, 1100, 800),
    ("light-phone", false, 390, 780),
    ("dark-phone", true, 390, 780),
];

pub struct Chrome {
    client: Client,
    driver: Driver,
}

struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn is_there(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = |program: &str| std::env::split_paths(&path).any(|folder| folder.join(program).exists());
    if there("chromium") && there("chromedriver") {
        return true;
    }
    let required = std::env::var(REQUIRE).is_ok_and(|all| all.split(',').any(|one| one == "browser"));
    assert!(!required, "{REQUIRE} asks for a browser, and chromium or chromedriver is missing");
    println!("skipped: {name} (chromium or chromedriver is missing)");
    false
}

impl Chrome {
    /// Whether there is a browser for this test; prints a line if there is none.
    pub fn is_there(name: &str) -> bool {
        is_there(name)
    }

    /// The browser ends with the test, however that ends.
    pub async fn with(body: impl AsyncFn(&Chrome)) {
        let _turn = BROWSERS.acquire().await.unwrap();
        let profile = tempfile::tempdir().unwrap();
        let chrome = Chrome::start(profile.path()).await;
        let outcome = AssertUnwindSafe(body(&chrome)).catch_unwind().await;
        if outcome.is_err() {
            chrome.shoot_one("failed", &LOOKS[0]).await;
        }
        chrome.client.close().await.unwrap();
        drop(chrome.driver);
        if let Err(panic) = outcome {
            resume_unwind(panic);
        }
    }

    async fn start(profile: &std::path::Path) -> Chrome {
        let port = crate::free_port();
        let quiet = Stdio::null;
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}")).stdin(quiet()).stdout(quiet()).stderr(quiet());
        let driver = Driver(command.spawn().unwrap());
        let profile = format!("--user-data-dir={}", profile.display());
        let args = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-extensions",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--hide-scrollbars",
            &profile,
        ];
        let scripts_off = json!({
            "profile.managed_default_content_settings.javascript": 2, "credentials_enable_service": false
        });
        // A test makes its own certificates, whose root no browser knows.
        let options = json!({
            "goog:chromeOptions": { "args": args, "prefs": scripts_off }, "acceptInsecureCerts": true
        });
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(options.as_object().unwrap().clone());
        for _ in 0..200 {
            if let Ok(client) = builder.connect(&format!("http://127.0.0.1:{port}")).await {
                return Chrome { client, driver };
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the browser did not start");
    }

    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// The first heading, which identifies the page.
    pub async fn heading(&self) -> String {
        self.text("h1").await
    }

    #[track_caller]
    pub fn is_at<'a>(&'a self, heading: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            for _ in 0..TRIES {
                if self.read("h1").await.as_deref() == Some(heading) {
                    return;
                }
                tokio::time::sleep(PAUSE).await;
            }
            assert_eq!(self.text("h1").await, heading, "at {caller}: {}", self.text("body").await);
        }
    }

    pub async fn text(&self, css: &str) -> String {
        for _ in 0..TRIES {
            if let Some(text) = self.read(css).await {
                return text;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("{css} is not on the page {}", self.address().await);
    }

    /// `None` while there is no page, as between two pages.
    async fn read(&self, css: &str) -> Option<String> {
        self.client.find(Locator::Css(css)).await.ok()?.text().await.ok()
    }

    pub async fn texts(&self, css: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for element in self.client.find_all(Locator::Css(css)).await.unwrap() {
            texts.push(element.text().await.unwrap());
        }
        texts
    }

    pub async fn attribute(&self, css: &str, name: &str) -> Option<String> {
        self.client.find(Locator::Css(css)).await.unwrap().attr(name).await.unwrap()
    }

    pub async fn fill(&self, name: &str, text: &str) {
        self.text(&format!("label[for={name}]")).await;
        let field = self.client.find(Locator::Css(&format!("#{name}"))).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Clicks a button or link, and waits until the previous page has gone.
    pub async fn press(&self, words: &str) {
        let page = self.client.find(Locator::Css("html")).await.unwrap();
        self.click(&format!("//button[normalize-space()='{words}'] | //a[normalize-space()='{words}']")).await;
        for _ in 0..TRIES {
            if page.attr("lang").await.is_err() {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    pub async fn unfold(&self, words: &str) {
        self.click(&format!("//summary[normalize-space()='{words}']")).await;
    }

    async fn click(&self, path: &str) {
        let found = self.client.find(Locator::XPath(path)).await;
        found.unwrap_or_else(|error| panic!("{path}: {error}")).click().await.unwrap();
    }

    /// Into the focused element.
    pub async fn type_keys(&self, keys: &str) {
        self.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
    }

    /// The focused element has this attribute; a page may take a moment to set the focus.
    pub async fn focus_is(&self, attribute: &str, value: &str) {
        let mut found = None;
        for _ in 0..TRIES {
            if let Ok(element) = self.client.active_element().await {
                found = element.attr(attribute).await.ok().flatten();
            }
            if found.as_deref() == Some(value) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("expected the focus at {value}, found {found:?}");
    }

    pub async fn address(&self) -> String {
        self.client.current_url().await.unwrap().to_string()
    }

    pub async fn is_titled(&self, title: &str) {
        for _ in 0..TRIES {
            if self.client.title().await.is_ok_and(|found| found == title) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        assert_eq!(self.client.title().await.unwrap(), title);
    }

    /// Screenshots of the current page, for each kind of visitor. Nothing is wider than the window.
    pub async fn shoot(&self, name: &str) {
        for look in &LOOKS {
            self.shoot_one(name, look).await;
        }
        self.tell("Emulation.clearDeviceMetricsOverride", json!({})).await;
    }

    async fn shoot_one(&self, name: &str, (look, dark, width, height): &(&str, bool, u32, u32)) {
        let scheme = if *dark { "dark" } else { "light" };
        let feature = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.tell("Emulation.setEmulatedMedia", feature).await;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": *width < 500 });
        self.tell("Emulation.setDeviceMetricsOverride", metrics).await;
        let sizes = self.tell("Page.getLayoutMetrics", json!({})).await;
        let content = &sizes["cssContentSize"]["width"];
        assert!(content.as_f64().unwrap().ceil() as u32 <= *width, "{name} is {content} wide on a window of {width}");
        let shot = self.tell("Page.captureScreenshot", json!({ "captureBeyondViewport": true })).await;
        let shot = STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        let folder = folder();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}-{look}.png")), shot).unwrap();
    }

    /// Every cookie that the browser has for the page.
    pub async fn cookies(&self) -> Vec<Value> {
        self.tell("Network.getCookies", json!({})).await["cookies"].as_array().unwrap().clone()
    }

    async fn tell(&self, command: &'static str, params: Value) -> Value {
        self.client.issue_cmd(DevTools { command, params }).await.unwrap()
    }
}

impl std::fmt::Debug for Chrome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Chrome")
    }
}

fn folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target"))).join("screenshots")
}

/// Passes a command through the driver to the browser.
#[derive(Debug)]
struct DevTools {
    command: &'static str,
    params: Value,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap()))
    }

    fn method_and_body(&self, _: &url::Url) -> (hyper::Method, Option<String>) {
        (hyper::Method::POST, Some(json!({ "cmd": self.command, "params": self.params }).to_string()))
    }
}
