//! Addresses that an outbound call must not reach: our own machine, our own networks, cloud metadata services.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// IPv4 networks that are not public (the IANA special-purpose registry, multicast included).
const NOT_PUBLIC_V4: [&str; 15] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
];

/// The only public IPv6 network, and its non-public parts.
const PUBLIC_V6: &str = "2000::/3";
const NOT_PUBLIC_V6: [&str; 3] = ["2001::/23", "2001:db8::/32", "3fff::/20"];

/// Which addresses may be called.
#[derive(Debug, Clone)]
pub struct AddressRules {
    allowed: Vec<IpNet>,
    refused_v4: Vec<IpNet>,
    public_v6: Option<IpNet>,
    refused_v6: Vec<IpNet>,
}

impl AddressRules {
    /// `allowed` are non-public networks that may be called.
    pub fn new(allowed: Vec<IpNet>) -> AddressRules {
        let nets = |texts: &[&str]| texts.iter().filter_map(|text| text.parse().ok()).collect();
        AddressRules {
            allowed,
            refused_v4: nets(&NOT_PUBLIC_V4),
            public_v6: PUBLIC_V6.parse().ok(),
            refused_v6: nets(&NOT_PUBLIC_V6),
        }
    }

    pub fn allows(&self, address: IpAddr) -> bool {
        let plain = plain(address);
        let named = self.allowed.iter().any(|net| net.contains(&address) || net.contains(&plain));
        named || self.is_public(plain)
    }

    fn is_public(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(_) => !self.refused_v4.iter().any(|net| net.contains(&address)),
            IpAddr::V6(_) => {
                let public = self.public_v6.is_some_and(|net| net.contains(&address));
                public && !self.refused_v6.iter().any(|net| net.contains(&address))
            }
        }
    }
}

/// The IPv4 address that an IPv6 address leads to: mapped, by NAT64, by 6to4.
fn plain(address: IpAddr) -> IpAddr {
    let IpAddr::V6(six) = address else { return address };
    let [first, second, third, fourth, fifth, sixth, seventh, eighth] = six.segments();
    let embedded = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match (first, second, [third, fourth, fifth, sixth]) {
        (0, 0, [0, 0, 0, 0xffff | 0]) if six != Ipv6Addr::LOCALHOST && six != Ipv6Addr::UNSPECIFIED => {
            embedded(seventh, eighth)
        }
        (0x64, 0xff9b, [0, 0, 0, 0]) => embedded(seventh, eighth),
        (0x2002, ..) => embedded(second, third),
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_may_be_called() {
        let rules = AddressRules::new(Vec::new());
        for (public, addresses) in [
            (true, &["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::1.1.1.1", "2002:101:101::1"][..]),
            (
                false,
                &[
                    "127.0.0.1",
                    "0.0.0.0",
                    "10.1.2.3",
                    "172.31.255.255",
                    "192.168.0.1",
                    "169.254.169.254",
                    "100.100.100.200",
                    "224.0.0.1",
                    "255.255.255.255",
                    "::",
                    "::1",
                    "::ffff:127.0.0.1",
                    "::127.0.0.1",
                    "64:ff9b::10.0.0.1",
                    "2002:7f00:1::",
                    "fe80::1",
                    "fd00:ec2::254",
                    "ff02::1",
                    "2001:db8::1",
                ],
            ),
        ] {
            for address in addresses {
                assert_eq!(rules.allows(address.parse().unwrap()), public, "{address}");
            }
        }
    }

    #[test]
    fn a_network_allowed_in_the_settings_may_be_called() {
        let rules = AddressRules::new(vec!["10.20.0.0/16".parse().unwrap()]);
        for (address, allowed) in [("10.20.1.1", true), ("::ffff:10.20.1.1", true), ("10.21.0.1", false)] {
            assert_eq!(rules.allows(address.parse().unwrap()), allowed, "{address}");
        }
    }
}
