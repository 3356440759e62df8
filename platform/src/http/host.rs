//! Which names a request may call us by. A page from elsewhere can make a browser resolve its own name to 127.0.0.1; the
//! name it then sends gives it away.

use http::header::HOST;
use http::request::Parts;

use super::problem::{Problem, refusals};

#[derive(Debug, Clone)]
pub struct Hosts(Vec<String>);

impl Hosts {
    pub fn new(more: &[String]) -> Hosts {
        let local = ["localhost", "127.0.0.1", "[::1]"].into_iter().map(str::to_owned);
        Hosts(local.chain(more.iter().map(|host| host.to_ascii_lowercase())).collect())
    }

    /// Every name that the request gives has to be known: HTTP/2 puts it into the URI, HTTP/1 into the header.
    pub(super) fn check(&self, parts: &Parts) -> Result<(), Problem> {
        let in_uri = parts.uri.authority().map(|authority| authority.as_str());
        let mut in_header = parts.headers.get_all(HOST).iter();
        let header = in_header.next().map(|value| value.to_str().unwrap_or_default());
        let known = match (in_uri, header, in_header.next()) {
            (None, Some(host), None) | (Some(host), None, None) => self.knows(host),
            (Some(uri), Some(host), None) => self.knows(uri) && self.knows(host),
            _ => false,
        };
        if known { Ok(()) } else { Err(refusals::HOST_UNKNOWN.because("add the name to server.hosts if it is yours")) }
    }

    fn knows(&self, host: &str) -> bool {
        let name = without_port(host);
        self.0.iter().any(|known| known.eq_ignore_ascii_case(name))
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
    fn names_count_without_port_and_case() {
        let hosts = Hosts::new(&["Bank.test".to_owned()]);
        for good in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]", "[::1]:8080", "bank.test"] {
            assert!(hosts.knows(good), "{good}");
        }
        for bad in ["", "evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "::1", "localhost:x", "a@localhost"]
        {
            assert!(!hosts.knows(bad), "{bad}");
        }
    }
}
