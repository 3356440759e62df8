//! Places for connections: so many in all, and so many for one address, so that no single client can take them all.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::IpNet;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

#[derive(Debug)]
pub(super) struct Places {
    all: Arc<Semaphore>,
    all_max: u32,
    per_address_max: u32,
    /// Proxies bring the connections of many clients.
    unbounded: Vec<IpNet>,
    taken: Mutex<HashMap<IpAddr, u32>>,
}

/// A taken place, free again when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    address: Option<IpAddr>,
    _one: OwnedSemaphorePermit,
}

impl Places {
    pub(super) fn new(all_max: u32, per_address_max: u32, unbounded: Vec<IpNet>) -> Arc<Places> {
        let all = Arc::new(Semaphore::new(all_max as usize));
        Arc::new(Places { all, all_max, per_address_max, unbounded, taken: Mutex::default() })
    }

    /// `None` when there is no place, or none for this address.
    pub(super) fn take(self: &Arc<Places>, from: IpAddr) -> Option<Place> {
        let one = self.all.clone().try_acquire_owned().ok()?;
        let from = from.to_canonical();
        let proxy = self.unbounded.iter().any(|network| network.contains(&from));
        let address = (!proxy).then(|| household(from));
        if let Some(address) = address {
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            let count = taken.entry(address).or_default();
            if *count >= self.per_address_max {
                return None;
            }
            *count += 1;
        }
        Some(Place { places: self.clone(), address, _one: one })
    }

    /// Waits until every place is free.
    pub(super) async fn all_free(&self) {
        let _all = self.all.acquire_many(self.all_max).await;
    }

    pub(super) fn in_use(&self) -> usize {
        self.all_max as usize - self.all.available_permits()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&address);
            }
        }
    }
}

/// One client can have all addresses of an IPv6 /64.
fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_share_and_proxies_have_all() {
        let places = Places::new(5, 2, vec!["10.0.0.0/8".parse().unwrap()]);
        let take = |address: &str| places.take(address.parse().unwrap());
        let first = (take("192.0.2.1").unwrap(), take("::ffff:192.0.2.1").unwrap());
        assert!(take("192.0.2.1").is_none());
        let sixes = (take("2001:db8::1").unwrap(), take("2001:db8::2").unwrap());
        assert!(take("2001:db8::3").is_none(), "one /64 is one client");
        drop(first);
        let proxied = [(); 3].map(|()| take("10.1.2.3").unwrap());
        assert!(take("192.0.2.1").is_none(), "all places are taken");
        assert_eq!(places.in_use(), 5);
        drop((sixes, proxied));
        assert_eq!((places.in_use(), places.taken.lock().unwrap().len()), (0, 0));
    }
}
