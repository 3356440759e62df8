//! Rate limits at the edge: how many requests a client, a person and an address may send a minute, an hour and a day.
//!
//! A request counts against each of its subjects in its route class, and passes if all of them have room. Counts are
//! sliding windows: those of the window before this one count in proportion to how much of it the last minute, hour or
//! day still covers. They are in this process's memory, in a table of fixed size, and in Redis if the deployment has
//! one, so that several edges share them. Without an answer from Redis this process decides by its own counts.
//!
//! Invariants: memory does not grow with the number of subjects; a request waits for Redis at most
//! `limits.redis_timeout_ms`; addresses and names of people are not in Redis in the clear. Start reading at [`Limits`],
//! then `count`.

mod answer;
mod count;
mod layer;
mod link;
mod part;
mod rules;
mod shared;
mod subject;
mod table;

use std::fmt;
use std::hash::RandomState;
use std::net::IpAddr;
use std::sync::Arc;

use kernel::{Clock, Principal, PrincipalKind};

use crate::config;
use crate::health::Part;

pub use answer::Standing;
pub use layer::limited;
pub use link::RedisError;
pub use rules::{Rules, RulesError, Window};

use rules::{ClassId, Policy};
use shared::{Asked, Shared};
use subject::{Kind, Subject};
use table::Table;

/// Subjects of one request.
const SUBJECTS_MAX: usize = 3;

/// The limits of one edge. Requests to it and failed authentications count.
pub struct Limits {
    rules: Rules,
    table: Table,
    seed: RandomState,
    clock: Arc<dyn Clock>,
    shared: Option<Shared>,
}

/// The caller's standing: by its tightest limit.
#[derive(Debug)]
pub(crate) struct Verdict<'a> {
    pub(crate) standing: Standing,
    pub(crate) policy: &'a Policy,
    pub(crate) kind: Kind,
    pub(crate) class: &'a str,
}

/// One subject of a request, counted in this process.
struct Counted<'s, 'p> {
    subject: Subject<'s>,
    hash: u64,
    policy: &'p Policy,
    standing: Standing,
    has_counted: bool,
    asked: Asked,
}

impl Counted<'_, '_> {
    fn asked(&self) -> Asked {
        Asked { name: self.subject.digest(), ..self.asked.clone() }
    }
}

impl Limits {
    /// Nothing if limits are off. Starts to share counts if there is a Redis; needs a Tokio runtime.
    ///
    /// # Errors
    /// A malformed setting.
    pub fn start(config: &config::Limits, clock: Arc<dyn Clock>) -> Result<Option<Arc<Limits>>, LimitsError> {
        if !config.enabled {
            return Ok(None);
        }
        let rules = Rules::of(config)?;
        let shared = match &config.redis_url {
            Some(url) => Some(Shared::start(link::Target::of(config, url)?, config.redis_timeout_ms)),
            None => None,
        };
        let table = Table::new(config.subjects_max);
        Ok(Some(Arc::new(Limits { rules, table, seed: RandomState::new(), clock, shared })))
    }

    /// For `/status`.
    pub fn part(self: &Arc<Limits>) -> Arc<dyn Part> {
        Arc::new(part::LimitsPart::new(Arc::clone(self)))
    }

    /// Counts a request, unless one of its subjects has no room.
    pub(crate) async fn take<'p>(
        &'p self,
        path: &str,
        principal: Option<&Principal>,
        from: Option<IpAddr>,
    ) -> Option<Verdict<'p>> {
        let class = self.rules.class_of(path);
        let mut counted: Vec<Counted<'_, 'p>> = Vec::with_capacity(SUBJECTS_MAX);
        for (subject, policy) in self.subjects(class, principal, from).into_iter().flatten() {
            let one = self.count(subject, policy);
            let refused = one.standing.is_refused();
            counted.push(one);
            if refused {
                self.give_back(&counted);
                return self.worst(&counted, class);
            }
        }
        if let Some(shared) = self.shared.as_ref().filter(|shared| shared.is_up()) {
            self.agree(shared, &mut counted).await;
        }
        self.worst(&counted, class)
    }

    /// The time to wait, if this address failed to authenticate too often.
    pub(crate) fn barred(&self, from: Option<IpAddr>) -> Option<Verdict<'_>> {
        let subject = Subject::address(ClassId::FAILURES, from?);
        let policy = self.rules.policy(ClassId::DEFAULT);
        let standing = self.table.look(self.hash(&subject), policy, self.now_ms());
        let class = self.rules.class_name(ClassId::FAILURES);
        standing.is_refused().then_some(Verdict { standing, policy, kind: Kind::Address, class })
    }

    /// Counts a failed authentication.
    pub(crate) fn failed(&self, from: Option<IpAddr>) {
        let Some(from) = from else { return };
        let subject = Subject::address(ClassId::FAILURES, from);
        self.table.take(self.hash(&subject), self.rules.policy(ClassId::DEFAULT), self.now_ms());
    }

    /// A client with limits of its own is not bound by those of its address: many of its calls come from one.
    fn subjects<'s, 'p>(
        &'p self,
        class: ClassId,
        principal: Option<&'s Principal>,
        from: Option<IpAddr>,
    ) -> [Option<(Subject<'s>, &'p Policy)>; SUBJECTS_MAX] {
        let usual = self.rules.policy(class);
        let client = principal.and_then(|principal| principal.client.as_deref());
        let own = client.and_then(|client| self.rules.policy_of_client(client, class));
        let person = principal.filter(|principal| is_person(principal.kind)).map(|principal| &*principal.subject);
        let client = client.map(|id| (Subject::named(Kind::Client, class, id), own.unwrap_or(usual)));
        let person = person.map(|id| (Subject::named(Kind::Person, class, id), usual));
        let address = from.filter(|_| own.is_none()).map(|from| (Subject::address(class, from), usual));
        [client, person, address]
    }

    fn count<'s, 'p>(&self, subject: Subject<'s>, policy: &'p Policy) -> Counted<'s, 'p> {
        let (hash, now_ms) = (self.hash(&subject), self.now_ms());
        let taken = self.table.take(hash, policy, now_ms);
        let asked = Asked { name: String::new(), known: taken.known, indexes: taken.indexes };
        let has_counted = !taken.standing.is_refused();
        Counted { subject, hash, policy, standing: taken.standing, has_counted, asked }
    }

    /// Replaces this process's counts by everybody's, if they can be had in time.
    async fn agree(&self, shared: &Shared, counted: &mut [Counted<'_, '_>]) {
        let asked: Vec<Asked> = counted.iter().map(Counted::asked).collect();
        let Some(totals) = shared.count(asked).await else { return };
        let now_ms = self.now_ms();
        for (one, totals) in counted.iter_mut().zip(&totals) {
            one.standing = self.table.adopt(one.hash, one.policy, one.asked.indexes, totals, now_ms);
        }
        if counted.iter().any(|one| one.standing.is_refused()) {
            self.give_back(counted);
            shared.give_back(counted.iter().map(Counted::asked).collect());
        }
    }

    /// A refused request counts nowhere.
    fn give_back(&self, counted: &[Counted<'_, '_>]) {
        for one in counted.iter().filter(|one| one.has_counted) {
            self.table.give_back(one.hash, one.asked.indexes);
        }
    }

    fn worst<'p>(&'p self, counted: &[Counted<'_, 'p>], class: ClassId) -> Option<Verdict<'p>> {
        let worst = counted.iter().min_by_key(|one| one.standing.rank())?;
        let Counted { policy, standing, subject, .. } = worst;
        Some(Verdict { standing: *standing, policy, kind: subject.kind, class: self.rules.class_name(class) })
    }

    fn hash(&self, subject: &Subject<'_>) -> u64 {
        subject.hash(&self.seed)
    }

    fn now_ms(&self) -> u64 {
        self.clock.now().millis().unsigned_abs()
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits").field("rules", &self.rules).finish_non_exhaustive()
    }
}

fn is_person(kind: PrincipalKind) -> bool {
    matches!(kind, PrincipalKind::Customer | PrincipalKind::Employee | PrincipalKind::Admin)
}

#[derive(Debug, thiserror::Error)]
pub enum LimitsError {
    #[error(transparent)]
    Rules(#[from] RulesError),
    #[error(transparent)]
    Redis(#[from] RedisError),
}

#[cfg(test)]
mod tests;
