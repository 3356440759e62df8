//! Our three cookies: the session, the key of a login in progress, and the mark of a known browser.
//!
//! Over TLS they have the prefix `__Host-`: browsers then refuse them from other hosts of the same domain and without
//! TLS. The first two end when the browser is closed; identity decides how long they are valid.

use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use http::header::{COOKIE, HeaderMap, HeaderValue};
use identity_api::limits::DEVICE_SECONDS;
use kernel::Secret;

/// None of our values is longer.
const VALUE_BYTES_MAX: usize = 512;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Kind {
    Session,
    Login,
    Device,
}

impl Kind {
    fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Kind::Session, true) => "__Host-florin-session",
            (Kind::Session, false) => "florin-session",
            (Kind::Login, true) => "__Host-florin-login",
            (Kind::Login, false) => "florin-login",
            (Kind::Device, true) => "__Host-florin-device",
            (Kind::Device, false) => "florin-device",
        }
    }
}

/// Our cookies in a request, and the ones to set.
#[derive(Debug, Clone)]
pub(in crate::http) struct Jar {
    secure: bool,
    session: Option<Secret>,
    login: Option<Secret>,
    device: Option<Secret>,
}

impl Jar {
    pub(in crate::http) fn read(headers: &HeaderMap, secure: bool) -> Jar {
        let sent = |kind| value(headers, kind, secure);
        Jar { secure, session: sent(Kind::Session), login: sent(Kind::Login), device: sent(Kind::Device) }
    }

    pub(in crate::http) fn session(&self) -> Option<Secret> {
        self.session.clone()
    }

    pub(in crate::http) fn login(&self) -> Option<Secret> {
        self.login.clone()
    }

    pub(in crate::http) fn device(&self) -> Option<Secret> {
        self.device.clone()
    }

    /// The header that sets this cookie.
    pub(in crate::http) fn keep(&self, kind: Kind, value: &Secret) -> HeaderValue {
        let cookie = Cookie::build((kind.name(self.secure), value.expose()));
        self.header(if kind == Kind::Device { cookie.max_age(Duration::seconds(DEVICE_SECONDS)) } else { cookie })
    }

    /// The header that deletes it.
    pub(in crate::http) fn forget(&self, kind: Kind) -> HeaderValue {
        self.header(Cookie::build((kind.name(self.secure), "")).max_age(Duration::ZERO))
    }

    fn header(&self, cookie: cookie::CookieBuilder<'_>) -> HeaderValue {
        let cookie = cookie.path("/").http_only(true).same_site(SameSite::Lax).secure(self.secure).build();
        // Our values are letters and digits; any other value would log the browser out, and nothing worse.
        let mut header =
            HeaderValue::from_str(&cookie.to_string()).unwrap_or_else(|_| HeaderValue::from_static("florin-none="));
        header.set_sensitive(true);
        header
    }
}

/// A repeated cookie is not accepted at all: somebody else may have set the other one.
fn value(headers: &HeaderMap, kind: Kind, secure: bool) -> Option<Secret> {
    let texts = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
    let cookies = texts.flat_map(Cookie::split_parse).filter_map(Result::ok);
    let mut ours = cookies.filter(|cookie| cookie.name() == kind.name(secure));
    let (only, None) = (ours.next()?, ours.next()) else { return None };
    is_sane(only.value()).then(|| Secret::new(only.value()))
}

fn is_sane(value: &str) -> bool {
    let sane = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    (1..=VALUE_BYTES_MAX).contains(&value.len()) && value.bytes().all(sane)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jar(secure: bool, cookies: &[&'static str]) -> Jar {
        let headers = cookies.iter().map(|text| (COOKIE, HeaderValue::from_static(text))).collect();
        Jar::read(&headers, secure)
    }

    fn session(secure: bool, cookies: &[&'static str]) -> Option<String> {
        jar(secure, cookies).session().map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn a_cookie_is_accepted_by_its_exact_name_and_only_once() {
        assert_eq!(session(false, &["a=b; florin-session=abc; c=d"]).as_deref(), Some("abc"));
        assert_eq!(session(false, &["a=b", "florin-session=abc"]).as_deref(), Some("abc"));
        assert_eq!(session(true, &["__Host-florin-session=abc; florin-session=evil"]).as_deref(), Some("abc"));
        for bad in [
            "florin-session=",
            "florin-session",
            "Florin-Session=abc",
            "xflorin-session=abc",
            "florin-session=a b",
            "florin-session=a%20b",
            "florin-session=\"abc\"x",
            "florin-session=abc; florin-session=def",
        ] {
            assert_eq!(session(false, &[bad]), None, "{bad}");
        }
        assert_eq!(session(true, &["florin-session=abc"]), None, "without the prefix over TLS");
        assert_eq!(session(false, &["florin-session=abc", "florin-session=def"]), None);
    }

    #[test]
    fn cookies_are_http_only_same_site_and_host_bound() {
        let jar = jar(true, &[]);
        let kept = jar.keep(Kind::Session, &Secret::new("abc"));
        assert_eq!(kept, "__Host-florin-session=abc; HttpOnly; SameSite=Lax; Secure; Path=/");
        assert!(kept.is_sensitive());
        assert_eq!(jar.forget(Kind::Login), "__Host-florin-login=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0");
        let long = jar.keep(Kind::Device, &Secret::new("abc"));
        assert_eq!(long, "__Host-florin-device=abc; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=31536000");
        let plain = Jar::read(&HeaderMap::new(), false).keep(Kind::Login, &Secret::new("abc"));
        assert_eq!(plain, "florin-login=abc; HttpOnly; SameSite=Lax; Path=/");
    }
}
