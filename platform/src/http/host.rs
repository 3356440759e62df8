//! Allowed host names. A page from elsewhere can make a browser resolve its own name to 127.0.0.1; the name it then
//! sends gives it away.

use std::net::IpAddr;

use http::header::HOST;
use http::request::Parts;

use super::origin::Peer;
use super::problem::{Problem, refusals};

#[derive(Debug, Clone)]
pub struct Hosts(Vec<String>);

impl Hosts {
    pub fn new(more: &[String]) -> Hosts {
        let local = ["localhost", "127.0.0.1", "[::1]"].into_iter().map(str::to_owned);
        Hosts(local.chain(more.iter().map(|host| host.to_ascii_lowercase())).collect())
    }

    /// Every host name in the request must be known: HTTP/2 puts it into the URI, HTTP/1 into the header.
    /// The address that the connection was made to is allowed too: health checks use it, and no page can make a browser
    /// send it instead of the page's own name.
    pub(super) fn check(&self, parts: &Parts) -> Result<(), Problem> {
        let local = parts.extensions.get::<Peer>().and_then(|peer| peer.local);
        let in_uri = parts.uri.authority().map(|authority| authority.as_str());
        let mut in_header = parts.headers.get_all(HOST).iter();
        let header = in_header.next().map(|value| value.to_str().unwrap_or_default());
        let known = match (in_uri, header, in_header.next()) {
            (None, Some(host), None) | (Some(host), None, None) => self.knows(host, local),
            (Some(uri), Some(host), None) => self.knows(uri, local) && self.knows(host, local),
            _ => false,
        };
        if known { Ok(()) } else { Err(refusals::HOST_UNKNOWN.because("add the name to server.hosts if it is yours")) }
    }

    fn knows(&self, host: &str, local: Option<IpAddr>) -> bool {
        let name = without_port(host);
        let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
        let address = || bare.parse::<IpAddr>().ok();
        self.0.iter().any(|known| known.eq_ignore_ascii_case(name)) || (local.is_some() && address() == local)
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_are_compared_without_port_and_case() {
        let hosts = Hosts::new(&["Bank.test".to_owned()]);
        for good in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]", "[::1]:8080", "bank.test"] {
            assert!(hosts.knows(good, None), "{good}");
        }
        for bad in ["", "evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "::1", "localhost:x", "a@localhost"]
        {
            assert!(!hosts.knows(bad, None), "{bad}");
        }
    }

    #[test]
    fn of_all_addresses_only_the_called_one_is_allowed() {
        let hosts = Hosts::new(&[]);
        let called = |address: &str| Some(address.parse().unwrap());
        assert!(hosts.knows("10.1.2.3:8080", called("10.1.2.3")));
        assert!(hosts.knows("[2001:db8::1]:8080", called("2001:db8::1")));
        for bad in ["10.1.2.4:8080", "evil.test", "10.1.2.3.evil.test"] {
            assert!(!hosts.knows(bad, called("10.1.2.3")), "{bad}");
        }
        assert!(!hosts.knows("10.1.2.3", None));
    }
}
