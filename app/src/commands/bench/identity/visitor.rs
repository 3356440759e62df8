//! A user with a browser and an application: opens the page, enters name and password, and the application gets its
//! tokens.

use std::collections::BTreeMap;

use bytes::Bytes;
use form_urlencoded::Serializer;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::Value;

use super::closed::Act;
use crate::commands::bench::server::{Answer, Connection, FORM, access_token};
use crate::failure::Failure;

pub(super) const CLIENT: &str = "bench-app";
pub(super) const BACK: &str = "http://127.0.0.1/back";
/// The pair of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const STEPS_MAX: u32 = 6;

/// The user, and their browser's address.
pub(super) struct Person {
    pub username: String,
    pub subject: String,
    pub address: String,
    pub password: &'static str,
}

pub(super) struct Visitor {
    connection: Connection,
    person: Person,
    cookies: BTreeMap<String, String>,
    /// The current page's key.
    form_key: String,
    /// The application's latest tokens.
    token: String,
}

impl Act for Visitor {
    /// In a new browser.
    async fn act(&mut self) -> Result<(), Failure> {
        self.open().await?;
        let answer = self.enter(self.person.password).await?;
        self.redeem(&answer).await
    }
}

impl Visitor {
    pub(super) fn new(connection: Connection, person: Person) -> Visitor {
        let (cookies, form_key, token) = (BTreeMap::new(), String::new(), String::new());
        Visitor { connection, person, cookies, form_key, token }
    }

    /// The same user over a connection that was not idle.
    pub(super) fn at(self, connection: Connection) -> Visitor {
        Visitor { connection, ..self }
    }

    /// The first login, with the one-time password.
    pub(super) async fn replace(&mut self, once: &str) -> Result<(), Failure> {
        self.open().await?;
        self.enter(once).await?;
        let password = self.person.password;
        let answer = self.send("/login/new-password", &[("password", password)]).await?;
        self.redeem(&answer).await
    }

    /// If this succeeded, no login would prove anything.
    pub(super) async fn try_wrong_password(&mut self) -> Result<(), Failure> {
        self.open().await?;
        let answer = self.enter("not-the-password-of-anybody").await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            return Ok(());
        }
        Err(Failure::new(format!("the work was not done: a wrong password was answered with {}", answer.status)))
    }

    /// The owner of the token, according to identity.
    pub(super) async fn prove(self, connection: Connection) -> Result<(), Failure> {
        let told = connection.with_token(&self.token)?.get("/oauth2/userinfo").await?;
        if told.get("sub").and_then(Value::as_str) == Some(&*self.person.subject) {
            return Ok(());
        }
        Err(Failure::new(format!("the work was not done: a token of {} belongs to {told}", self.person.subject)))
    }

    pub(super) fn has_logged_in(&self) -> bool {
        !self.token.is_empty()
    }

    async fn open(&mut self) -> Result<(), Failure> {
        self.cookies.clear();
        let query = encoded(&[
            ("response_type", "code"),
            ("client_id", CLIENT),
            ("redirect_uri", BACK),
            ("scope", "openid read:accounts"),
            ("state", "bench"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        self.go(&format!("/oauth2/authorize?{query}")).await.map(drop)
    }

    async fn enter(&mut self, password: &str) -> Result<Answer, Failure> {
        let username = self.person.username.clone();
        self.send("/login/password", &[("username", &username), ("password", password)]).await
    }

    /// Submits a form of the current page, and follows the result.
    async fn send(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<Answer, Failure> {
        let key = self.form_key.clone();
        let form = encoded(&[fields, &[("form_key", &key)]].concat());
        let answer = self.ask(Method::POST, path, form).await?;
        match onward(&answer) {
            Some(path) => self.go(&path).await,
            None => Ok(answer),
        }
    }

    /// Opens a page, and follows redirects within Florin.
    async fn go(&mut self, path: &str) -> Result<Answer, Failure> {
        let mut path = path.to_owned();
        for _ in 0..STEPS_MAX {
            let answer = self.ask(Method::GET, &path, String::new()).await?;
            match onward(&answer) {
                Some(next) => path = next,
                None => return Ok(answer),
            }
        }
        Err(Failure::new(format!("{path} redirects in a loop")))
    }

    async fn ask(&mut self, method: Method, path: &str, body: String) -> Result<Answer, Failure> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder().method(method).uri(path).header("sec-fetch-site", "same-origin");
        request = request.header("x-forwarded-for", &self.person.address);
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        let request = request.header(CONTENT_TYPE, FORM).body(Full::new(Bytes::from(body)))?;
        let answer = self.connection.exchange(request).await?;
        self.keep(&answer);
        Ok(answer)
    }

    /// Cookies and the key of the page's forms.
    fn keep(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok()) {
            let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) else { continue };
            match cookie.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        let body = String::from_utf8_lossy(&answer.body);
        if let Some((_, rest)) = body.split_once("name=\"form_key\" value=\"") {
            self.form_key = rest.split('"').next().unwrap_or_default().to_owned();
        }
    }

    /// The application's part: exchanges the code in the browser's redirect for tokens.
    async fn redeem(&mut self, answer: &Answer) -> Result<(), Failure> {
        let back = location(answer).and_then(|to| to.strip_prefix(BACK)?.strip_prefix('?'));
        let code = back.and_then(|query| form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "code"));
        let Some((_, code)) = code else {
            let (status, page) = (answer.status, String::from_utf8_lossy(&answer.body));
            return Err(Failure::new(format!("a login ended with {status} and without a code: {page}")));
        };
        let form = encoded(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", BACK),
            ("client_id", CLIENT),
            ("code_verifier", VERIFIER),
        ]);
        let request = Request::post("/oauth2/token").header(CONTENT_TYPE, FORM);
        let request = request.body(Full::new(Bytes::from(form)))?;
        let answer = self.connection.exchange(request).await?.good("POST /oauth2/token")?;
        self.token = access_token(&answer)?;
        Ok(())
    }
}

fn encoded(fields: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn location(answer: &Answer) -> Option<&str> {
    answer.headers.get(LOCATION)?.to_str().ok()
}

fn onward(answer: &Answer) -> Option<String> {
    location(answer).filter(|to| to.starts_with('/')).map(str::to_owned)
}
