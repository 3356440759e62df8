//! The address that a request comes from, and whether it was encrypted on its way.
//!
//! A caller's own claims count only if a proxy trusted by the operator made them.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::config::network::network;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The other end of a connection. The listener adds it to each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    pub address: IpAddr,
    /// Our own end of it.
    pub local: Option<IpAddr>,
    pub tls: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) from: Option<IpAddr>,
    pub(super) secure: bool,
}

#[derive(Debug)]
pub(super) struct Proxies(Vec<IpNet>);

impl Proxies {
    pub(super) fn new(trusted: &[String]) -> Proxies {
        Proxies(trusted.iter().filter_map(|proxy| network(proxy)).collect())
    }

    pub(super) fn origin(&self, peer: Option<&Peer>, headers: &HeaderMap) -> Origin {
        let Some(peer) = peer else { return Origin::default() };
        if !self.trusts(peer.address) {
            return Origin { from: Some(peer.address), secure: peer.tls };
        }
        let secure = scheme(headers).map_or(peer.tls, |scheme| scheme.eq_ignore_ascii_case("https"));
        Origin { from: Some(self.caller(peer.address, headers)), secure }
    }

    /// Read from the right, where the nearest proxy wrote: the first address that is not one of our proxies. Anything
    /// left of it, and anything that is not an address, could have been written by anybody.
    fn caller(&self, nearest: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lines = headers.get_all(FORWARDED_FOR).iter().map(|line| line.to_str().unwrap_or_default());
        let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
        let mut caller = nearest;
        for hop in hops.into_iter().rev() {
            let Some(address) = address(hop) else { return caller };
            caller = address;
            if !self.trusts(address) {
                return caller;
            }
        }
        caller
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// The scheme as the nearest proxy reported it.
fn scheme(headers: &HeaderMap) -> Option<&str> {
    let line = headers.get_all(FORWARDED_PROTO).iter().next_back()?.to_str().unwrap_or_default();
    line.rsplit(',').next().map(str::trim)
}

/// Some proxies write the port as well.
fn address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let found = bare.parse().ok().or_else(|| hop.parse().ok().map(|socket: SocketAddr| socket.ip()));
    found.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests;
