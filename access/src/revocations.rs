//! What is no longer believed although it was signed, as this process has heard it.
//!
//! Each entry goes when the last token that it is about has expired by itself, so that what is kept is bounded by what was
//! revoked within the life of a token.

use std::collections::HashMap;

use kernel::Timestamp;

use crate::refusal::RevokedAs;
use crate::{Claims, Revoked, RevokedWhat};

#[derive(Debug, Default)]
pub(crate) struct Revocations {
    subjects: HashMap<String, Before>,
    clients: HashMap<String, Before>,
    sessions: HashMap<String, Timestamp>,
    tokens: HashMap<String, Timestamp>,
    /// The number of the last one that was heard.
    last: u64,
}

#[derive(Debug, Clone, Copy)]
struct Before {
    epoch: u64,
    until: Timestamp,
}

impl Revocations {
    /// Numbers may leave gaps: rows that are over are not told. One that comes twice, or behind a later one, does no harm,
    /// because epochs only rise.
    pub(crate) fn hear(&mut self, heard: Vec<Revoked>) {
        for Revoked { seq, what, until } in heard {
            match what {
                RevokedWhat::Subject { subject, epoch } => raise(&mut self.subjects, subject, epoch, until),
                RevokedWhat::Client { client, epoch } => raise(&mut self.clients, client, epoch, until),
                RevokedWhat::Session { session } => keep(&mut self.sessions, session, until),
                RevokedWhat::Token { jti } => keep(&mut self.tokens, jti, until),
            }
            self.last = self.last.max(seq);
        }
    }

    pub(crate) fn forget_what_is_over(&mut self, now: Timestamp) {
        self.subjects.retain(|_, before| before.until >= now);
        self.clients.retain(|_, before| before.until >= now);
        self.sessions.retain(|_, until| *until >= now);
        self.tokens.retain(|_, until| *until >= now);
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

fn raise(known: &mut HashMap<String, Before>, name: String, epoch: u64, until: Timestamp) {
    let before = known.entry(name).or_insert(Before { epoch, until });
    before.epoch = before.epoch.max(epoch);
    before.until = before.until.max(until);
}

fn keep(known: &mut HashMap<String, Timestamp>, name: String, until: Timestamp) {
    let kept = known.entry(name).or_insert(until);
    *kept = (*kept).max(until);
}
