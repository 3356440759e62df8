//! The whole binary in a real browser, under TLS with a certificate made by the test: a client sends its user to us,
//! the user logs in for the first time and consents, the client gets its token, and the logout ends all of it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{Running, florin};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::Chrome;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// The client that every server under test is configured with.
/// The cookie by which a browser that has logged a user in is recognized later: it stays.
const DEVICE: &str = "__Host-florin-device";

const PROGRAM: &str = "tests:only-for-tests-and-nothing-else-in-the-world";
const PASSWORD: &str = "tram-violet-87-osprey";
/// The PKCE pair of RFC 7636.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Writes `ca.crt`, and `tls.crt` with `tls.key` for localhost.
fn certify(dir: &Path) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // With its own name: a certificate with the name of what it signs looks self-signed.
    params.distinguished_name.push(DnType::CommonName, "root of a test");
    std::fs::write(dir.join("ca.crt"), params.self_signed(&key).unwrap().pem()).unwrap();
    let (root, key) = (Issuer::new(params, key), KeyPair::generate().unwrap());
    let signed = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &root).unwrap();
    std::fs::write(dir.join("tls.crt"), signed.pem()).unwrap();
    std::fs::write(dir.join("tls.key"), key.serialize_pem()).unwrap();
    std::fs::set_permissions(dir.join("tls.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
}

struct House {
    /// Ends with this value.
    _server: Running,
    dir: TempDir,
    url: String,
}

impl House {
    fn start() -> House {
        let dir = tempfile::tempdir().unwrap();
        certify(dir.path());
        let port = testkit::free_port();
        let url = format!("https://localhost:{port}");
        let mut server = florin(dir.path());
        server.arg("serve").env("FLORIN__SERVER__LISTEN", format!("127.0.0.1:{port}"));
        server.env("FLORIN__IDENTITY__ISSUER", &url);
        server.env("FLORIN__SERVER__TLS__CERTIFICATE_FILE", "tls.crt").env("FLORIN__SERVER__TLS__KEY_FILE", "tls.key");
        let server = Running::start_saying(&mut server, " listens on https://", ',');
        House { _server: server, dir, url }
    }

    /// Asks as a client that trusts only the test's root, by TLS 1.3.
    fn curl(&self, path: &str, arguments: &[&str]) -> Value {
        let (good, out, said) = curl(&self.root(), &["--tlsv1.3"], &[&[&*self.at(path)], arguments].concat());
        assert!(good, "{path}: {out}{said}");
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{path}: {error}: {out}"))
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("ca.crt")
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn post(&self, path: &str, token: &str, body: &Value) -> Value {
        let (bearer, body) = (format!("Authorization: Bearer {token}"), body.to_string());
        self.curl(path, &["-H", &bearer, "-H", "Content-Type: application/json", "-d", &body])
    }

    fn user_info(&self, token: &str) -> Value {
        self.curl("/oauth2/userinfo", &["-H", &format!("Authorization: Bearer {token}")])
    }
}

fn curl(root: &Path, how: &[&str], arguments: &[&str]) -> (bool, String, String) {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "20", "--cacert"]).arg(root).args(how).args(arguments);
    crate::common::run(&mut command)
}

/// Somebody's app, where the browser comes back to.
async fn app() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/back", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 8_192];
                let _ = stream.read(&mut request).await;
                let page = "<html lang=en><title>Back</title><h1>Back at the app</h1>";
                let length = page.len();
                let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {length}\r\n");
                let _ = stream.write_all(format!("{head}connection: close\r\n\r\n{page}").as_bytes()).await;
            });
        }
    });
    url
}

fn encoded<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Makes the client and the user; returns the client's secret and the one-time password.
fn fill(house: &House) -> (String, String) {
    let own = house.curl("/oauth2/token", &["-u", PROGRAM, "-d", "grant_type=client_credentials"]);
    let token = own["access_token"].as_str().unwrap();
    let client = json!({
        "id": "budget", "name": "Budget planner", "kind": "confidential", "redirect_uris": ["http://127.0.0.1/back"],
        "scopes": ["openid", "profile", "read:accounts"]
    });
    let client = house.post("/v1/identity/clients", token, &client);
    let ann = json!({ "username": "ann@example.com", "name": "Ann Miller", "roles": ["customer"] });
    let ann = house.post("/v1/identity/users", token, &ann);
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{client} {ann}")).to_owned();
    (text(&client["secret"]), text(&ann["one_time_password"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_authorizes_an_app_under_tls_and_logs_out() {
    let name = "a_user_authorizes_an_app_under_tls_and_logs_out";
    if !Chrome::is_there(name) {
        return;
    }
    let house = House::start();
    only_tls_1_3(&house);
    let (secret, once) = fill(&house);
    let back = app().await;
    Chrome::with(async |chrome| {
        let code = let_in(&house, chrome, &back, &once).await;
        let token = redeemed(&house, &secret, &back, &code);
        assert_eq!(house.user_info(&token)["preferred_username"], "ann@example.com");
        account(&house, chrome).await;
        chrome.press("Log out").await;
        chrome.is_at("You are logged out").await;
        // Nothing remains of the session.
        cookies_are(chrome, &[DEVICE]).await;
        assert_eq!(house.user_info(&token)["error"], "invalid_token");
        chrome.open(&house.at("/account")).await;
        chrome.is_at("Log in").await;
    })
    .await;
}

fn only_tls_1_3(house: &House) {
    let health = house.at("/health");
    let (good, out, said) = curl(&house.root(), &["--tls-max", "1.2"], &[&health]);
    assert!(!good && out.is_empty() && said.contains("protocol version"), "TLS 1.2 is spoken: {out}{said}");
    let (good, _, said) = curl(&house.root(), &["--tlsv1.3"], &[&health, "--verbose"]);
    assert!(good && said.contains("TLSv1.3"), "{said}");
}

/// From the app to us and back; returns the code.
async fn let_in(house: &House, chrome: &Chrome, back: &str, once: &str) -> String {
    let asked = [
        ("response_type", "code"),
        ("client_id", "budget"),
        ("redirect_uri", back),
        ("scope", "openid profile read:accounts"),
        ("state", "a b&c"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    chrome.open(&house.at(&format!("/oauth2/authorize?{}", encoded(asked)))).await;
    chrome.is_at("Log in").await;
    cookies_are(chrome, &["__Host-florin-login"]).await;
    chrome.fill("username", "ann@example.com").await;
    chrome.fill("password", once).await;
    chrome.press("Log in").await;
    chrome.is_at("Choose a new password").await;
    chrome.fill("password", PASSWORD).await;
    chrome.press("Save the password").await;
    chrome.is_at("Let Budget planner in?").await;
    cookies_are(chrome, &[DEVICE, "__Host-florin-session"]).await;
    chrome.shoot("tls-consent").await;
    chrome.press("Allow").await;
    chrome.is_at("Back at the app").await;
    let address = chrome.address().await;
    let (at, query) = address.split_once('?').unwrap();
    assert_eq!(at, back);
    let field = |name: &str| {
        let mut fields = form_urlencoded::parse(query.as_bytes());
        fields.find(|(known, _)| known == name).unwrap_or_else(|| panic!("{address}")).1.into_owned()
    };
    assert_eq!((field("state").as_str(), field("iss").as_str()), ("a b&c", house.url.as_str()));
    field("code")
}

fn redeemed(house: &House, secret: &str, back: &str, code: &str) -> String {
    let form = encoded([
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", back),
        ("code_verifier", VERIFIER),
    ]);
    let tokens = house.curl("/oauth2/token", &["-u", &format!("budget:{secret}"), "-d", &form]);
    assert_eq!(tokens["scope"], "openid profile read:accounts", "{tokens}");
    tokens["access_token"].as_str().unwrap().to_owned()
}

async fn account(house: &House, chrome: &Chrome) {
    chrome.open(&house.at("/account")).await;
    chrome.is_at("Your account").await;
    let page = chrome.text("main").await;
    assert!(page.contains("Ann Miller") && page.contains("Budget planner"), "{page}");
    cookies_are(chrome, &[DEVICE, "__Host-florin-session"]).await;
    chrome.shoot("tls-account").await;
}

/// Exactly these cookies, for this host only, not readable by scripts and never sent unencrypted. All end with the
/// browser session except the one that recognizes the browser.
async fn cookies_are(chrome: &Chrome, names: &[&str]) {
    let mut cookies = chrome.cookies().await;
    cookies.sort_by_key(|cookie| cookie["name"].to_string());
    assert_eq!(cookies.iter().map(|cookie| &cookie["name"]).collect::<Vec<_>>(), names, "{cookies:?}");
    for cookie in &cookies {
        let kept = ["secure", "httpOnly", "session"].map(|part| cookie[part].as_bool());
        assert_eq!(kept, [Some(true), Some(true), Some(cookie["name"] != DEVICE)], "{cookie}");
        let place = ["domain", "path", "sameSite"].map(|part| cookie[part].as_str().unwrap_or_default());
        assert_eq!(place, ["localhost", "/", "Lax"], "{cookie}");
    }
}
