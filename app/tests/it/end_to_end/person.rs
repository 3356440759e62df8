//! A user with a browser, as far as the real binary can tell: keeps cookies, fills in forms, follows redirects. And a
//! client that sends its users to us.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request};
use serde_json::json;
use testkit::{Answer, Client};

use crate::end_to_end::house::House;

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const PASSWORD: &str = "tram-violet-87-osprey";
pub(crate) const BACK: &str = "https://budget.example.com/callback";

pub(crate) struct Person {
    client: Client,
    pub(crate) cookies: BTreeMap<String, String>,
    key: String,
}

impl Person {
    pub(crate) fn at(house: &House) -> Person {
        Person { client: house.client.stranger(), cookies: BTreeMap::new(), key: String::new() }
    }

    /// Creates a user with this name, and logs them in for the first time.
    pub(crate) async fn new(house: &House, name: &str, subject: &str) -> Person {
        let new = json!({ "username": name, "name": "Ann Miller", "subject": subject, "roles": ["customer"] });
        let made = house.create("/v1/identity/users", new).await;
        let mut person = Person::at(house);
        person.go("/login").await;
        let once = made["one_time_password"].as_str().unwrap();
        person.send("/login/password", &[("username", name), ("password", once)]).await;
        let page = person.send("/login/new-password", &[("password", PASSWORD)]).await;
        assert!(page.text().contains("<h1>Your account</h1>"), "{}", page.text());
        person
    }

    /// One request, with the cookies.
    pub(crate) async fn ask(&mut self, method: Method, path: &str, form: Option<String>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("sec-fetch-site", "same-origin");
        for (name, value) in &self.cookies {
            request = request.header("cookie", format!("{name}={value}"));
        }
        if form.is_some() {
            request = request.header("content-type", FORM);
        }
        let body = Full::new(Bytes::from(form.unwrap_or_default()));
        let answer = self.client.send_raw(request.body(body).unwrap()).await.unwrap();
        self.keep(&answer);
        answer
    }

    fn keep(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            match cookie.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        if let Some((_, rest)) = answer.text().split_once("name=\"form_key\" value=\"") {
            rest.split('"').next().unwrap().clone_into(&mut self.key);
        }
    }

    /// Opens a page and follows redirects.
    pub(crate) async fn go(&mut self, path: &str) -> Answer {
        let answer = self.ask(Method::GET, path, None).await;
        self.follow(answer).await
    }

    /// Sends a form of the current page and follows redirects.
    pub(crate) async fn send(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form = encoded(fields.iter().copied().chain([("form_key", &*self.key)]));
        let answer = self.ask(Method::POST, path, Some(form)).await;
        self.follow(answer).await
    }

    async fn follow(&mut self, mut answer: Answer) -> Answer {
        for _ in 0..5 {
            match answer.header("location").map(str::to_owned) {
                Some(to) if to.starts_with('/') => answer = self.ask(Method::GET, &to, None).await,
                _ => break,
            }
        }
        answer
    }
}

/// A first-party client, or a service; with its secret.
pub(crate) async fn client(house: &House, id: &str, kind: &str) -> String {
    let mut new = json!({ "id": id, "name": "Budget planner", "kind": kind });
    if kind == "service" {
        (new["scopes"], new["roles"]) = (json!(["read:accounts"]), json!(["service"]));
    } else {
        new["scopes"] = json!(["openid", "profile", "offline_access", "read:accounts"]);
        (new["redirect_uris"], new["first_party"]) = (json!([BACK]), json!(true));
    }
    let made = house.create("/v1/identity/clients", new).await;
    made["secret"].as_str().unwrap_or_default().to_owned()
}

pub(crate) fn encoded<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// A form that a client posts to an OAuth endpoint.
pub(crate) async fn post(house: &House, path: &str, who: Option<(&str, &str)>, form: &[(&str, &str)]) -> Answer {
    let header = who.map(|(id, secret)| basic(id, secret));
    let headers: Vec<(&str, &str)> = header.iter().map(|header| ("authorization", header.as_str())).collect();
    send(house, Method::POST, path, &headers, Some(encoded(form.iter().copied()))).await
}

/// One unauthenticated request, with exactly these headers.
pub(crate) async fn send(
    house: &House,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    form: Option<String>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if form.is_some() {
        request = request.header("content-type", FORM);
    }
    let body = Full::new(Bytes::from(form.unwrap_or_default()));
    house.client.stranger().send_raw(request.body(body).unwrap()).await.unwrap()
}
