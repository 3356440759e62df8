//! Whom a request counts against: a client, a person, or an address, each in one route class.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

use super::rules::ClassId;
use crate::crypto;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Client,
    Person,
    Address,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Client => "client",
            Kind::Person => "person",
            Kind::Address => "address",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Subject<'a> {
    pub(super) kind: Kind,
    class: ClassId,
    id: Id<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Id<'a> {
    Name(&'a str),
    Four([u8; 4]),
    /// The network that a provider gives to one customer.
    Six([u8; 8]),
}

impl<'a> Subject<'a> {
    pub(super) fn named(kind: Kind, class: ClassId, id: &'a str) -> Subject<'a> {
        Subject { kind, class, id: Id::Name(id) }
    }

    /// IPv6 addresses count by their /64: one caller has all of it.
    pub(super) fn address(class: ClassId, from: IpAddr) -> Subject<'a> {
        let id = match from.to_canonical() {
            IpAddr::V4(four) => Id::Four(four.octets()),
            IpAddr::V6(six) => {
                let [a, b, c, d, e, f, g, h, ..] = six.octets();
                Id::Six([a, b, c, d, e, f, g, h])
            }
        };
        Subject { kind: Kind::Address, class, id }
    }

    /// Under a random seed, so that callers cannot choose ids that collide.
    pub(super) fn hash(&self, seed: &RandomState) -> u64 {
        seed.hash_one(self)
    }

    /// Its name in the shared store, from which the id cannot be read.
    pub(super) fn digest(&self) -> String {
        let (kind, class) = (self.kind.name(), self.class.number());
        let text = match self.id {
            Id::Name(name) => format!("{kind}:{class}:{name}"),
            Id::Four(bytes) => format!("{kind}:{class}:{bytes:?}"),
            Id::Six(bytes) => format!("{kind}:{class}:{bytes:?}"),
        };
        let digest = crypto::digest(&text);
        digest.iter().take(16).fold(String::with_capacity(32), |text, byte| text + &format!("{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Subject<'static> {
        Subject::address(ClassId::DEFAULT, text.parse().unwrap())
    }

    #[test]
    fn ipv6_addresses_count_by_their_network() {
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
        assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
    }

    #[test]
    fn a_name_in_the_shared_store_shows_no_id() {
        let ann = Subject::named(Kind::Person, ClassId::DEFAULT, "ann");
        assert!(!ann.digest().contains("ann") && ann.digest().len() == 32);
        assert_ne!(ann.digest(), Subject::named(Kind::Client, ClassId::DEFAULT, "ann").digest());
        assert_ne!(address("192.0.2.1").digest(), address("192.0.2.2").digest());
    }
}
