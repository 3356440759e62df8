//! What is counted about an attempt, and its limits. Pure.
//!
//! Invariants: the user's own browser is counted separately, so that nobody else can make it wait; a single network, of
//! whatever size, never makes a name wait elsewhere; what a success undoes is not visible to strangers.

use std::net::IpAddr;

use identity_api::Origin;
use platform::crypto::PurposeKey;

/// Longest wait.
pub(super) const LOCK_SECONDS_MAX: i64 = 15 * 60;

/// Who shares a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    /// One caller trying one thing: a success clears it.
    One,
    /// Everybody who tries one name, from one network or from everywhere: a success takes back its own attempt, so that
    /// nobody can tell that somebody else succeeded.
    NameHere,
    Name,
    /// Everybody who tries from one network: failed names are counted, each once, and a success takes back its own.
    Place,
}

/// What is counted, and its limits.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    /// What has to wait, for metrics.
    pub(super) by: &'static str,
    pub(super) name: [u8; 32],
    /// The name whose waits this belongs to.
    pub(super) about: Option<[u8; 32]>,
    of: Of,
    /// Attempts before there is any wait.
    free: i64,
    /// One failure is forgotten after this many seconds.
    forgets_one_in: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) failures: i64,
    pub(super) last_at: i64,
    pub(super) locked_until: i64,
}

impl Counted {
    fn new(key: &PurposeKey, what: &str, who: &[u8], of: Of, (free, forgets_one_in): (i64, i64)) -> Counted {
        Counted { by: "", name: named(key, what, who), about: None, of, free, forgets_one_in }
    }

    fn by(self, by: &'static str) -> Counted {
        Counted { by, ..self }
    }

    /// Attempts on a name with a password, or requests for a new one (`what`). The user's own browser is counted apart
    /// from strangers. The name from everywhere comes first: its row is locked first, so that two attempts never
    /// deadlock over the others.
    pub(crate) fn name(
        key: &PurposeKey,
        what: &str,
        username: &str,
        origin: &Origin,
        browser: Option<&[u8]>,
    ) -> Vec<Counted> {
        let with = |place: &[u8]| [username.as_bytes(), &[0], place].concat();
        let about = Counted::about(key, username);
        let mut counted = match browser {
            Some(browser) => {
                vec![
                    Counted::new(key, &format!("{what} in a browser of theirs"), &with(browser), Of::One, (5, 900))
                        .by("browser"),
                ]
            }
            None => {
                let site = place(origin, SITE_BYTES);
                vec![
                    Counted::everywhere(key, what, username),
                    Counted::new(key, &format!("{what} from one place"), &with(&site), Of::NameHere, (5, 900))
                        .by("name_from_address"),
                ]
            }
        };
        counted.iter_mut().for_each(|one| one.about = Some(about));
        if browser.is_none() {
            counted.extend(Counted::places(key, what, origin));
        }
        counted
    }

    pub(super) fn everywhere(key: &PurposeKey, what: &str, username: &str) -> Counted {
        Counted::new(key, what, username.as_bytes(), Of::Name, (15, 180)).by("name")
    }

    /// The address, and for IPv6 the network and the site: two networks together never fill their site's count.
    fn places(key: &PurposeKey, what: &str, origin: &Origin) -> Vec<Counted> {
        let (network, site) = (place(origin, NETWORK_BYTES), place(origin, SITE_BYTES));
        let mut places =
            vec![Counted::new(key, &format!("{what}, address"), &network, Of::Place, (30, 60)).by("address")];
        if site != network {
            places.insert(0, Counted::new(key, &format!("{what}, site"), &site, Of::Place, (100, 30)).by("site"));
        }
        places
    }

    /// The common key of all counts of a name.
    pub(super) fn about(key: &PurposeKey, username: &str) -> [u8; 32] {
        named(key, "about", username.as_bytes())
    }

    /// Codes of a second factor. Only a right one clears them: knowing the password does not give unlimited attempts at
    /// codes.
    pub(crate) fn codes(key: &PurposeKey, person: &[u8]) -> Vec<Counted> {
        vec![Counted::new(key, "codes", person, Of::One, (5, 900)).by("codes")]
    }

    /// Messages sent to a user.
    pub(crate) fn messages(key: &PurposeKey, person: &[u8]) -> Vec<Counted> {
        vec![Counted::new(key, "messages", person, Of::One, (5, 900)).by("messages")]
    }

    pub(super) fn is_cleared_by_success(&self) -> bool {
        self.of == Of::One
    }

    pub(super) fn is_name_here(&self) -> bool {
        self.of == Of::NameHere
    }

    pub(super) fn is_place(&self) -> bool {
        self.of == Of::Place
    }

    /// There was a failure here that is not forgotten yet.
    pub(super) fn remembers(&self, count: Count, now: i64) -> bool {
        count.failures > self.forgotten(count, now)
    }

    fn forgotten(&self, count: Count, now: i64) -> i64 {
        ((now - count.last_at).max(0) / (self.forgets_one_in * 1_000_000)).min(count.failures)
    }

    /// The wait grows from one second, doubling with each failure, up to fifteen minutes.
    pub(super) fn next(&self, count: Count, now: i64) -> Count {
        let forgotten = self.forgotten(count, now);
        let failures = count.failures - forgotten + 1;
        let over = u32::try_from(failures - self.free - 1).ok();
        let wait = over.map_or(0, |over| 1_i64.checked_shl(over.min(30)).unwrap_or(i64::MAX).min(LOCK_SECONDS_MAX));
        // A partly forgotten failure is closer to being forgotten than a new one.
        let last_at = if failures == 1 { now } else { count.last_at + forgotten * self.forgets_one_in * 1_000_000 };
        Count { failures, last_at, locked_until: if wait == 0 { 0 } else { now + wait * 1_000_000 } }
    }
}

fn named(key: &PurposeKey, what: &str, who: &[u8]) -> [u8; 32] {
    key.mac(&[what.as_bytes(), &[0], who].concat())
}

/// For IPv6, what one line is assigned: it has as many addresses as it likes.
const NETWORK_BYTES: usize = 8;
/// For IPv6, what one site is assigned: 65,536 such networks.
const SITE_BYTES: usize = 6;

/// An address; for IPv6 this many bytes of it.
fn place(origin: &Origin, bytes: usize) -> Vec<u8> {
    match origin.address.map(|address| address.to_canonical()) {
        None => Vec::new(),
        Some(IpAddr::V4(address)) => address.octets().to_vec(),
        Some(IpAddr::V6(address)) => address.octets().into_iter().take(bytes).collect(),
    }
}

#[cfg(test)]
mod tests {
    use platform::crypto::KeyEncryptionKey;

    use super::*;

    const SECOND: i64 = 1_000_000;

    fn counted(free: i64, forgets_one_in: i64) -> Counted {
        let key = KeyEncryptionKey::random().purpose("test");
        Counted::new(&key, "test", b"ann", Of::One, (free, forgets_one_in))
    }

    #[test]
    fn after_a_few_free_attempts_the_wait_doubles_to_fifteen_minutes() {
        let (counted, mut count, mut now) = (counted(3, 1_000_000), Count::default(), 1_000 * SECOND);
        let mut waits = Vec::new();
        for _ in 0..16 {
            count = counted.next(count, now);
            let wait = (count.locked_until - now).max(0);
            waits.push(wait / SECOND);
            now += wait;
        }
        assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
    }

    #[test]
    fn failures_are_forgotten_one_by_one_over_time() {
        let counted = counted(3, 100);
        let start = Count { failures: 8, last_at: 0, locked_until: 0 };
        assert_eq!(counted.next(start, 99 * SECOND).failures, 9);
        assert_eq!(counted.next(start, 100 * SECOND).failures, 8);
        let later = counted.next(start, 250 * SECOND);
        assert_eq!((later.failures, later.last_at), (7, 200 * SECOND), "half of a third one is forgotten");
        let much_later = counted.next(start, 10_000 * SECOND);
        assert_eq!((much_later.failures, much_later.locked_until, much_later.last_at), (1, 0, 10_000 * SECOND));
    }

    /// A stranger at one network never stops: that does not lock the name everywhere.
    #[test]
    fn one_address_alone_never_locks_a_name_everywhere() {
        let key = KeyEncryptionKey::random().purpose("test");
        let counted = Counted::name(&key, "password", "ann", &from("192.0.2.1"), None);
        let (mut everywhere, mut here) = (Count::default(), Count::default());
        let mut now = 1_000_000 * SECOND;
        for _ in 0..500 {
            everywhere = counted[0].next(everywhere, now);
            here = counted[1].next(here, now);
            assert_eq!(everywhere.locked_until, 0, "{everywhere:?}");
            now = here.locked_until.max(now + SECOND / 10);
        }
    }

    /// An attacker who tries as soon as they may, for a day.
    #[test]
    fn attempts_per_day_are_bounded_by_what_is_forgotten() {
        let key = KeyEncryptionKey::random().purpose("test");
        let strangers = Counted::name(&key, "password", "ann", &from("2001:db8::1"), None);
        let own = Counted::name(&key, "password", "ann", &from("2001:db8::1"), Some(b"browser"));
        let expected = [(15, 480), (5, 96), (100, 2_880), (30, 1_440), (5, 96)];
        for (counted, (at_once, a_day)) in strangers.iter().chain(&own).zip(expected) {
            let (mut count, mut now, mut tries) = (Count::default(), 1_000_000 * SECOND, 0);
            let end = now + 24 * 60 * 60 * SECOND;
            while now < end {
                count = counted.next(count, now);
                tries += 1;
                assert_eq!(count.locked_until == 0, tries <= at_once, "{tries}");
                now = count.locked_until.max(now + 1);
            }
            assert!(
                (at_once + a_day..=at_once + a_day + 12).contains(&tries),
                "{tries} of {at_once} and {a_day} a day"
            );
        }
    }

    /// Made-up names in two networks of a site lock nobody out in a third one.
    #[test]
    fn two_networks_never_lock_their_whole_site() {
        let key = KeyEncryptionKey::random().purpose("test");
        let [site, network] = &Counted::name(&key, "password", "x", &from("2001:db8::1"), None)[2..] else { panic!() };
        let (mut all, mut each) = (Count::default(), [Count::default(); 2]);
        let mut now = 1_000_000 * SECOND;
        for _ in 0..2_000 {
            for one in &mut each {
                if one.locked_until <= now {
                    *one = network.next(*one, now);
                    all = site.next(all, now);
                }
            }
            assert_eq!(all.locked_until, 0, "{all:?}");
            now += SECOND;
        }
        assert!(each.iter().all(|one| one.failures > 30), "{each:?}");
    }

    #[test]
    fn counts_are_keyed_by_purpose_and_address_prefix() {
        let key = KeyEncryptionKey::random().purpose("test");
        let of = |username: &str, address: &str| Counted::name(&key, "password", username, &from(address), None);
        let names = |counted: Vec<Counted>| counted.into_iter().map(|one| one.name).collect::<Vec<_>>();
        let (ann, bob) = (names(of("ann", "192.0.2.1")), names(of("bob", "192.0.2.1")));
        assert_eq!((ann.len(), ann[0] == bob[0], ann[1] == bob[1], ann[2] == bob[2]), (3, false, false, true));
        assert_eq!(ann, names(of("ann", "::ffff:192.0.2.1")));
        let same = |one: &str, other: &str| {
            let both = names(of("ann", one)).into_iter().zip(names(of("ann", other)));
            both.map(|(one, other)| one == other).collect::<Vec<_>>()
        };
        // The name from everywhere, from the site; any name from the site, from the network.
        assert_eq!(same("2001:db8::1", "2001:db8::ffff:1"), [true, true, true, true]);
        assert_eq!(same("2001:db8::1", "2001:db8:0:1::1"), [true, true, true, false]);
        assert_eq!(same("2001:db8::1", "2001:db8:1::1"), [true, false, false, false]);
    }

    #[test]
    fn a_known_browser_shares_no_count_with_strangers() {
        let key = KeyEncryptionKey::random().purpose("test");
        let of = |browser| Counted::name(&key, "password", "ann", &from("192.0.2.1"), browser);
        let (own, other, strangers) = (of(Some(b"one")), of(Some(b"two")), of(None));
        assert_eq!((own.len(), other.len(), strangers.len()), (1, 1, 3));
        assert!(strangers.iter().chain(&other).all(|one| one.name != own[0].name));
        let about = Some(Counted::about(&key, "ann"));
        assert_eq!(
            (own[0].about, strangers[0].about, strangers[1].about, strangers[2].about),
            (about, about, about, None)
        );
    }

    fn from(address: &str) -> Origin {
        Origin { address: Some(address.parse().unwrap()), agent: None }
    }
}
