//! Where the browser goes after logging in: one of our pages, or back to a client's request; never elsewhere.

use http::Uri;

use crate::http::oauth::AUTHORIZE;

pub(in crate::http) const ACCOUNT: &str = "/account";
const PATH_BYTES_MAX: usize = 200;

/// A path of the account pages as used in a link; anything else leads to the first of them.
pub(in crate::http) fn account_path(given: Option<&str>) -> String {
    let plain = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'/' | b'-');
    let of_account =
        |path: &&str| *path == ACCOUNT || path.strip_prefix(ACCOUNT).is_some_and(|rest| rest.starts_with('/'));
    let sane = |path: &&str| path.len() <= PATH_BYTES_MAX && path.bytes().all(plain) && !path.contains("//");
    given.filter(of_account).filter(sane).unwrap_or(ACCOUNT).to_owned()
}

/// The other site that a form may lead to in the end, for the content security policy: browsers check every redirect
/// after a form against its page's policy. Only for URLs that identity has verified to be the client's.
pub(in crate::http) fn leads_to(return_to: &str) -> Option<String> {
    let query = return_to.strip_prefix(AUTHORIZE)?.strip_prefix('?')?;
    let (_, address) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "redirect_uri")?;
    policy_source(&address)
}

/// `https://app.example.com`; a policy cannot express an address in brackets, so that one is named by its scheme.
pub(in crate::http) fn policy_source(address: &str) -> Option<String> {
    let address: Uri = address.parse().ok()?;
    let scheme = address.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"))?;
    let host = address.host()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    match address.port_u16() {
        _ if host.starts_with('[') => Some(format!("{scheme}:")),
        _ if !host.bytes().all(plain) => None,
        Some(port) => Some(format!("{scheme}://{host}:{port}")),
        None => Some(format!("{scheme}://{host}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_link_only_leads_to_account_pages() {
        for good in ["/account", "/account/password", "/account/backup-codes"] {
            assert_eq!(account_path(Some(good)), good);
        }
        let long = format!("/account/{}", "a".repeat(300));
        for bad in [
            "",
            "/",
            "//evil.test",
            "/\\evil.test",
            "https://evil.test",
            "/account//evil.test",
            "/account/\\evil",
            "/accounts",
            "/account@evil.test",
            "/account/../login",
            "/account?x=y",
            "/oauth2/authorize?client_id=a",
            "javascript:alert(1)",
            "account",
            "/account/\n",
            "/Account",
            &long,
        ] {
            assert_eq!(account_path(Some(bad)), "/account", "{bad}");
        }
        assert_eq!(account_path(None), "/account");
    }

    #[test]
    fn the_content_policy_names_the_clients_redirect_site() {
        let leads = |address: &str| leads_to(&format!("/oauth2/authorize?redirect_uri={address}&a=b"));
        assert_eq!(leads("https%3A%2F%2Fapp.test%2Fback%3Fa%3Db").as_deref(), Some("https://app.test"));
        assert_eq!(leads("http://127.0.0.1:8123/cb").as_deref(), Some("http://127.0.0.1:8123"));
        assert_eq!(leads("http://[::1]:8123/cb").as_deref(), Some("http:"));
        for none in ["javascript:alert(1)", "app.test", "https://a;b.test", "data:text/html,x", ""] {
            assert_eq!(leads(none), None, "{none}");
        }
        assert_eq!((leads_to("/account"), leads_to("/oauth2/authorize")), (None, None));
    }
}
