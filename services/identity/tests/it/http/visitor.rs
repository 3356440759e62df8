//! A user with a browser: stores cookies as browsers do, fills in forms, follows redirects.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::http::house::House;
use crate::http::page::Page;

pub(crate) struct Visitor {
    router: Router,
    pub(crate) cookies: BTreeMap<String, String>,
    /// The last page that was shown.
    pub(crate) page: Page,
}

impl Visitor {
    pub(crate) async fn at(house: &House, path: &str) -> Visitor {
        let mut visitor = Visitor::on(house.router.clone());
        visitor.go(path).await;
        visitor
    }

    pub(crate) fn on(router: Router) -> Visitor {
        let page = Page { status: 0, headers: http::HeaderMap::new(), body: String::new() };
        Visitor { router, cookies: BTreeMap::new(), page }
    }

    /// Opens a page, and follows redirects.
    pub(crate) async fn go(&mut self, path: &str) -> &Page {
        let mut answer = self.ask(Method::GET, path, "", &[]).await;
        for _ in 0..5 {
            if answer.status != 303 || !answer.location().starts_with('/') {
                break;
            }
            let to = answer.location().to_owned();
            answer = self.ask(Method::GET, &to, "", &[]).await;
        }
        self.page = answer;
        &self.page
    }

    /// Submits a form of the current page, and follows redirects.
    pub(crate) async fn send(&mut self, path: &str, fields: &[(&str, &str)]) -> &Page {
        let answer = self.post(path, fields).await;
        if answer.status == 303 && answer.location().starts_with('/') {
            let to = answer.location().to_owned();
            return self.go(&to).await;
        }
        self.page = answer;
        &self.page
    }

    /// Submits a form of the current page, without following the response.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let key = self.page.hidden("form_key").unwrap_or_default();
        let all = fields.iter().copied().chain([("form_key", key.as_str())]);
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(all).finish();
        self.ask(Method::POST, path, &form, &[("sec-fetch-site", "same-origin")]).await
    }

    /// One request with exactly these headers besides the cookies.
    pub(crate) async fn ask(&mut self, method: Method, path: &str, body: &str, headers: &[(&str, &str)]) -> Page {
        let mut request = Request::builder().method(&method).uri(path).header("host", "localhost");
        if method == Method::POST {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        for (name, value) in &self.cookies {
            request = request.header("cookie", format!("{name}={value}"));
        }
        let page = asked(&self.router, request.body(Body::from(body.to_owned())).unwrap()).await;
        self.keep(&page);
        page
    }

    fn keep(&mut self, page: &Page) {
        for cookie in page.headers.get_all("set-cookie") {
            let text = cookie.to_str().unwrap();
            assert!(text.contains("HttpOnly") && text.contains("SameSite=Lax") && text.contains("Path=/"), "{text}");
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            assert_eq!(name.starts_with("__Host-"), text.contains("Secure"), "{text}");
            if text.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub(crate) async fn log_in(&mut self, name: &str, password: &str) -> &Page {
        let username = format!("{name}@example.com");
        self.send("/login/password", &[("username", &username), ("password", password)]).await
    }

    /// Logs in, and sets up an authenticator app; returns its secret and the backup codes.
    pub(crate) async fn enrol(&mut self, house: &House, name: &str, password: &str) -> (String, Vec<String>) {
        self.log_in(name, password).await;
        let secret = self.page.texts("<code class=\"secret\">", "</code>").remove(0);
        let code = house.app_code(&secret);
        self.send("/login/enrol", &[("code", &code)]).await;
        let codes = self.page.texts("<li><code>", "</code>");
        self.send("/login/kept", &[]).await;
        assert_eq!(self.page.heading(), "Your account");
        (secret, codes)
    }
}

pub(crate) async fn asked(router: &Router, request: Request<Body>) -> Page {
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let page =
        Page { status: parts.status.as_u16(), headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() };
    if page.is_html() {
        page.check();
    }
    page
}
