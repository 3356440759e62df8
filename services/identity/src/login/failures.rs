//! What failed lately, and how long whoever it was has to wait. A try counts as failed until it is known to have succeeded,
//! so that a hundred at the same moment are no way around it.
//!
//! Four things are counted: a name from one address, the name from everywhere, the address with all names, and the codes of
//! a person. A stranger at one address runs into the first, and does not lock the person out elsewhere by it. Names are
//! digests under a key: what strangers type in is not kept, and a name that nobody has is counted as one that somebody has.

use std::net::IpAddr;

use identity_api::{IdentityError, Origin, Refusal};
use kernel::Timestamp;
use platform::crypto::PurposeKey;
use platform::db::{DbError, Tx, Value};

use crate::IdentityService;
use crate::count;
use crate::errors::store_error;

const FAILURE_FIND: &str = "
select failures, last_at, locked_until
from failure
where name = $1";

const FAILURE_SET: &str = "
insert into failure (name, failures, last_at, locked_until)
values ($1, $2, $3, $4)
on conflict (name) do update
set failures = excluded.failures, last_at = excluded.last_at, locked_until = excluded.locked_until";

/// Takes the row, whether it is there or not, so that two tries at the same moment are counted as two.
const FAILURE_LOCK: &str = "
insert into failure (name, failures, last_at, locked_until)
values ($1, 0, $2, 0)
on conflict (name) do update
set name = excluded.name";

const FAILURE_CLEAR: &str = "
delete from failure
where name = $1";

const FAILURE_BACK: &str = "
update failure
set failures = failures - 1, locked_until = 0
where name = $1 and failures > 0";

const FAILURES_OLD: &str = "
delete from failure
where last_at < $1";

#[cfg(test)]
pub(super) const SQL: &[&str] = &[FAILURE_FIND, FAILURE_SET, FAILURE_LOCK, FAILURE_CLEAR, FAILURE_BACK, FAILURES_OLD];

/// Longest wait, whatever happens.
const LOCK_SECONDS_MAX: i64 = 15 * 60;
/// Rows are kept so long.
const KEPT_SECONDS: i64 = 24 * 60 * 60;

/// What is counted, and how patient we are with it.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    /// What has to wait, for those who watch.
    by: &'static str,
    name: [u8; 32],
    /// Tries before there is any wait.
    free: i64,
    /// One failure is forgotten in so many seconds.
    forgets_one_in: i64,
    /// A success clears it; what many share is given back one failure.
    alone: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    failures: i64,
    last_at: i64,
    locked_until: i64,
}

impl Counted {
    fn new(key: &PurposeKey, what: &str, who: &[u8], free: i64, forgets_one_in: i64, alone: bool) -> Counted {
        let mut named = Vec::with_capacity(what.len() + 1 + who.len());
        named.extend_from_slice(what.as_bytes());
        named.push(0);
        named.extend_from_slice(who);
        Counted { by: "", name: key.mac(&named), free, forgets_one_in, alone }
    }

    fn by(self, by: &'static str) -> Counted {
        Counted { by, ..self }
    }

    /// Tries of a name with a password, or of asking for a new one (`what`). A browser that has a session of the person is
    /// counted apart from strangers: they cannot make it wait.
    pub(crate) fn name(
        key: &PurposeKey,
        what: &str,
        username: &str,
        origin: &Origin,
        browser: Option<&[u8]>,
    ) -> Vec<Counted> {
        if let Some(browser) = browser {
            let who = [username.as_bytes(), &[0], browser].concat();
            return vec![Counted::new(key, &format!("{what} in a session"), &who, 5, 900, true).by("session")];
        }
        let address = network(origin);
        let here = [username.as_bytes(), &[0], &address].concat();
        vec![
            Counted::new(key, &format!("{what} from one address"), &here, 5, 900, true).by("name_from_address"),
            Counted::everywhere(key, what, username),
            Counted::new(key, &format!("{what}, address"), &address, 30, 20, false).by("address"),
        ]
    }

    pub(crate) fn everywhere(key: &PurposeKey, what: &str, username: &str) -> Counted {
        Counted::new(key, what, username.as_bytes(), 15, 180, true).by("name")
    }

    /// Not shared by many, as an address is.
    pub(super) fn is_of_one(&self) -> bool {
        self.alone
    }

    /// Codes of a second factor. Only one that is right clears them: whoever has the password does not try codes for ever.
    pub(crate) fn codes(key: &PurposeKey, person: &[u8]) -> Vec<Counted> {
        vec![Counted::new(key, "codes", person, 5, 900, true).by("codes")]
    }

    /// Messages sent to a person.
    pub(crate) fn messages(key: &PurposeKey, person: &[u8]) -> Vec<Counted> {
        vec![Counted::new(key, "messages", person, 5, 900, true).by("messages")]
    }

    /// The wait grows from one second on, twice as long with each failure, up to a quarter of an hour.
    fn next(&self, count: Count, now: i64) -> Count {
        let forgets = self.forgets_one_in * 1_000_000;
        let forgotten = ((now - count.last_at).max(0) / forgets).min(count.failures);
        let failures = count.failures - forgotten + 1;
        let over = u32::try_from(failures - self.free - 1).ok();
        let wait = over.map_or(0, |over| 1_i64.checked_shl(over.min(30)).unwrap_or(i64::MAX).min(LOCK_SECONDS_MAX));
        // What was not quite forgotten yet is nearer to being so than a failure of now.
        let last_at = if failures == 1 { now } else { count.last_at + forgotten * forgets };
        Count { failures, last_at, locked_until: if wait == 0 { 0 } else { now + wait * 1_000_000 } }
    }
}

/// An address; of IPv6 the network, in which one household has as many addresses as it likes.
fn network(origin: &Origin) -> Vec<u8> {
    match origin.address {
        None => Vec::new(),
        Some(IpAddr::V4(address)) => address.octets().to_vec(),
        Some(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
            Some(address) => address.octets().to_vec(),
            None => address.octets().into_iter().take(8).collect(),
        },
    }
}

impl IdentityService {
    /// Counts a try as failed, or refuses it. It takes part in the caller's transaction.
    pub(crate) async fn count_try(&self, tx: &Tx, counted: &[Counted]) -> Result<(), IdentityError> {
        let now = self.clock.now().micros();
        let mut counts = Vec::with_capacity(counted.len());
        for one in counted {
            counts.push(found(tx, one, now).await.map_err(store_error)?);
        }
        // The longest wait of all of them; none is counted where one refuses.
        let longest = counted.iter().zip(&counts).max_by_key(|(_, count)| count.locked_until);
        let (by, locked_until) = longest.map_or(("", 0), |(one, count)| (one.by, count.locked_until));
        if locked_until > now {
            count::locked_out(by);
            let seconds = (locked_until - now).div_euclid(1_000_000) + 1;
            let retry_after_s = u32::try_from(seconds.min(LOCK_SECONDS_MAX)).unwrap_or(u32::MAX);
            return Err(Refusal::TooManyFailures { retry_after_s }.into());
        }
        for (one, count) in counted.iter().zip(counts) {
            store(tx, one, one.next(count, now)).await.map_err(store_error)?;
        }
        Ok(())
    }

    /// It succeeded.
    pub(crate) async fn forgive(&self, tx: &Tx, counted: &[Counted]) -> Result<(), DbError> {
        for one in counted {
            let sql = if one.alone { FAILURE_CLEAR } else { FAILURE_BACK };
            tx.execute(sql, &[Value::Bytes(&one.name)]).await?;
        }
        Ok(())
    }

    /// It was not looked at: one failure less.
    pub(super) async fn give_back(&self, tx: &Tx, counted: &[Counted]) -> Result<(), DbError> {
        for one in counted {
            tx.execute(FAILURE_BACK, &[Value::Bytes(&one.name)]).await?;
        }
        Ok(())
    }
}

/// What nobody asks for any more. By whoever begins a login and has taken no count yet: two never wait for each other.
pub(super) async fn clear(tx: &Tx, now: Timestamp) -> Result<(), DbError> {
    tx.execute(FAILURES_OLD, &[Value::Int(now.plus_seconds(-KEPT_SECONDS).micros())]).await.map(drop)
}

async fn found(tx: &Tx, one: &Counted, now: i64) -> Result<Count, DbError> {
    tx.execute(FAILURE_LOCK, &[Value::Bytes(&one.name), Value::Int(now)]).await?;
    let rows = tx.query(FAILURE_FIND, &[Value::Bytes(&one.name)]).await?;
    let row = rows.first().ok_or_else(|| DbError::shape("a count that was taken is not there"))?;
    Ok(Count { failures: row.int(0)?, last_at: row.int(1)?, locked_until: row.int(2)? }.by_now(now))
}

impl Count {
    /// Nothing failed later than now, and nobody waits for longer than the longest wait: a clock that had jumped ahead said so.
    fn by_now(self, now: i64) -> Count {
        let possible = self.locked_until <= now + LOCK_SECONDS_MAX * 1_000_000;
        let locked_until = if possible { self.locked_until } else { 0 };
        Count { last_at: self.last_at.min(now), locked_until, ..self }
    }
}

async fn store(tx: &Tx, one: &Counted, count: Count) -> Result<(), DbError> {
    let values = [
        Value::Bytes(&one.name),
        Value::Int(count.failures),
        Value::Int(count.last_at),
        Value::Int(count.locked_until),
    ];
    tx.execute(FAILURE_SET, &values).await.map(drop)
}

#[cfg(test)]
mod tests {
    use platform::crypto::KeyEncryptionKey;

    use super::*;

    const SECOND: i64 = 1_000_000;

    fn counted(free: i64, forgets_one_in: i64) -> Counted {
        let key = KeyEncryptionKey::random().purpose("test");
        Counted::new(&key, "test", b"ann", free, forgets_one_in, true)
    }

    #[test]
    fn a_few_tries_are_free_and_then_the_wait_doubles_up_to_a_quarter_of_an_hour() {
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
    fn failures_are_forgotten_one_by_one_and_not_for_having_been_waited_for() {
        let counted = counted(3, 100);
        let start = Count { failures: 8, last_at: 0, locked_until: 0 };
        assert_eq!(counted.next(start, 99 * SECOND).failures, 9);
        assert_eq!(counted.next(start, 100 * SECOND).failures, 8);
        let later = counted.next(start, 250 * SECOND);
        assert_eq!((later.failures, later.last_at), (7, 200 * SECOND), "half of a third one is forgotten");
        let much_later = counted.next(start, 10_000 * SECOND);
        assert_eq!((much_later.failures, much_later.locked_until, much_later.last_at), (1, 0, 10_000 * SECOND));
    }

    /// A stranger at one address goes on for ever: the person's own name is never locked by that everywhere.
    #[test]
    fn one_address_alone_never_locks_a_name_everywhere() {
        let key = KeyEncryptionKey::random().purpose("test");
        let origin = Origin { address: Some("192.0.2.1".parse().unwrap()), agent: None };
        let counted = Counted::name(&key, "password", "ann", &origin, None);
        let (mut here, mut everywhere) = (Count::default(), Count::default());
        let mut now = 1_000_000 * SECOND;
        for _ in 0..500 {
            here = counted[0].next(here, now);
            everywhere = counted[1].next(everywhere, now);
            assert_eq!(everywhere.locked_until, 0, "{everywhere:?}");
            now = here.locked_until.max(now + SECOND / 10);
        }
    }

    #[test]
    fn names_are_told_apart_by_what_is_counted_and_networks_by_their_first_half() {
        let key = KeyEncryptionKey::random().purpose("test");
        let from = |address: &str| Origin { address: Some(address.parse().unwrap()), agent: None };
        let of = |username: &str, address: &str| Counted::name(&key, "password", username, &from(address), None);
        let names = |counted: Vec<Counted>| counted.into_iter().map(|one| one.name).collect::<Vec<_>>();
        let (ann, bob) = (names(of("ann", "192.0.2.1")), names(of("bob", "192.0.2.1")));
        assert_eq!((ann[0] == bob[0], ann[1] == bob[1], ann[2] == bob[2]), (false, false, true));
        let (one, other) = (names(of("ann", "2001:db8::1")), names(of("ann", "2001:db8::ffff:1")));
        assert_eq!(one, other);
        assert_ne!(one, names(of("ann", "2001:db8:0:1::1")));
        assert_eq!(ann, names(of("ann", "::ffff:192.0.2.1")));
    }
}
