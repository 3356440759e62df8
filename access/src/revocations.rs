//! The revocations that this process knows.
//!
//! An entry is removed once the last token it concerns has expired, so that their number is bounded by the revocations
//! within a token's lifetime. The wall clock alone does not decide this: it may jump ahead and come back.

use std::collections::HashMap;

use kernel::{Monotonic, Timestamp};

use crate::refusal::RevokedAs;
use crate::{Claims, Revoked, RevokedWhat};

#[derive(Debug, Default)]
pub(crate) struct Revocations {
    subjects: HashMap<String, Before>,
    clients: HashMap<String, Before>,
    sessions: HashMap<String, Kept>,
    tokens: HashMap<String, Kept>,
    /// The number of the last one received.
    last: u64,
}

#[derive(Debug, Clone, Copy)]
struct Before {
    epoch: u64,
    kept: Kept,
}

#[derive(Debug, Clone, Copy)]
struct Kept {
    until: Timestamp,
    heard: Monotonic,
}

/// No token lives longer than an hour, whatever its times; plus a minute for clock differences between machines.
const KEPT_MS: u64 = 61 * 60 * 1_000;

impl Kept {
    fn is_over(&self, now: Timestamp, passed: Monotonic) -> bool {
        self.until < now && passed.micros_since(self.heard) >= KEPT_MS * 1_000
    }

    fn again(&mut self, other: Kept) {
        self.until = self.until.max(other.until);
        self.heard = self.heard.max(other.heard);
    }
}

impl Revocations {
    /// Numbers may have gaps: expired rows are not sent. A repeated or late one does no harm, because epochs only rise.
    pub(crate) fn hear(&mut self, told: Vec<Revoked>, heard: Monotonic) {
        for Revoked { seq, what, until } in told {
            let kept = Kept { until, heard };
            match what {
                RevokedWhat::Subject { subject, epoch } => raise(&mut self.subjects, subject, epoch, kept),
                RevokedWhat::Client { client, epoch } => raise(&mut self.clients, client, epoch, kept),
                RevokedWhat::Session { session } => keep(&mut self.sessions, session, kept),
                RevokedWhat::Token { jti } => keep(&mut self.tokens, jti, kept),
            }
            self.last = self.last.max(seq);
        }
    }

    pub(crate) fn forget_what_is_over(&mut self, now: Timestamp, passed: Monotonic) {
        self.subjects.retain(|_, before| !before.kept.is_over(now, passed));
        self.clients.retain(|_, before| !before.kept.is_over(now, passed));
        self.sessions.retain(|_, kept| !kept.is_over(now, passed));
        self.tokens.retain(|_, kept| !kept.is_over(now, passed));
    }

    pub(crate) fn of(&self, claims: &Claims) -> Option<RevokedAs> {
        let older = |known: Option<&Before>, epoch: u64| known.is_some_and(|before| epoch < before.epoch);
        if older(self.subjects.get(&claims.sub), claims.epoch) {
            return Some(RevokedAs::Subject);
        }
        if older(self.clients.get(&claims.client_id), claims.client_epoch) {
            return Some(RevokedAs::Client);
        }
        if claims.sid.as_ref().is_some_and(|session| self.sessions.contains_key(session)) {
            return Some(RevokedAs::Session);
        }
        self.tokens.contains_key(&claims.jti).then_some(RevokedAs::Token)
    }

    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    pub(crate) fn count(&self) -> usize {
        self.subjects.len() + self.clients.len() + self.sessions.len() + self.tokens.len()
    }
}

fn raise(known: &mut HashMap<String, Before>, name: String, epoch: u64, kept: Kept) {
    let before = known.entry(name).or_insert(Before { epoch, kept });
    before.epoch = before.epoch.max(epoch);
    before.kept.again(kept);
}

fn keep(known: &mut HashMap<String, Kept>, name: String, kept: Kept) {
    known.entry(name).or_insert(kept).again(kept);
}
