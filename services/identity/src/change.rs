//! Changes of identity's rows: the rows, the events, the revocations and the version of the terms in one transaction,
//! and what others must learn after the commit and before the reply.

use access::RevokedWhat;
use identity_api::IdentityError;
use kernel::{Clock, Monotonic, PrincipalKind, Timestamp};
use platform::db::{DbError, Tx, Value};
use platform::error::Failure;
use platform::feed::NewEvent;

use crate::IdentityService;
use crate::people::Person;
use crate::sessions::SessionId;

/// The row that [`TERMS_RAISE`] takes: any change of the terms waits here too, so that it cannot wait for a transaction
/// that waits for it.
const ONE_AT_A_TIME: &str = "
update terms
set one = one
where one = 1";

const TERMS_RAISE: &str = "
update terms
set version = version + 1
where one = 1";

const REVOCATION_ADVANCE: &str = "
update revocation_last
set seq = seq + 1
where one = 1
returning seq";

const REVOCATION_INSERT: &str = "
insert into revocation (seq, what, until_at)
values ($1, $2, $3)";

const REVOCATION_CLEAR: &str = "
delete from revocation
where until_at < $1";

/// How far a verifier's clock may be behind.
const SKEW_SECONDS: i64 = 60;

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[ONE_AT_A_TIME, TERMS_RAISE, REVOCATION_ADVANCE, REVOCATION_INSERT, REVOCATION_CLEAR];

/// Changes of users, names and permissions run one at a time, and wait for this before any other lock: of two
/// administrators who disable each other one is too late, and so is one of two changes that take the same name, or that
/// assign and remove the same role.
pub(crate) async fn one_at_a_time(tx: &Tx) -> Result<(), DbError> {
    tx.execute(ONE_AT_A_TIME, &[]).await.map(drop)
}

/// When this process began, by both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Began {
    at: Timestamp,
    by: Monotonic,
}

impl Began {
    pub(crate) fn now(clock: &dyn Clock) -> Began {
        Began { at: clock.now(), by: clock.monotonic() }
    }

    /// A time that has certainly come: a clock that jumps ahead, and perhaps back, does not count. What is removed by
    /// it stays too long rather than too short.
    fn certain(self, clock: &dyn Clock) -> Timestamp {
        let passed_us = i64::try_from(clock.monotonic().micros_since(self.by)).unwrap_or(i64::MAX);
        clock.now().min(Timestamp::from_micros(self.at.micros().saturating_add(passed_us)))
    }
}

/// What others must learn of a transaction.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) events: Vec<NewEvent>,
    pub(crate) revoked: Vec<RevokedWhat>,
    /// Keys, roles or policies were changed.
    pub(crate) terms: bool,
}

impl Told {
    pub(crate) fn nothing() -> Told {
        Told::default()
    }

    pub(crate) fn event(mut self, kind: &'static str, subject: impl Into<String>, data: serde_json::Value) -> Told {
        self.events.push(NewEvent::new(kind, subject, data));
        self
    }

    /// Caused by a user who has proved who they are, in a request without a token.
    pub(crate) fn by(mut self, person: &Person, session: SessionId) -> Told {
        let by = |event: NewEvent| match PrincipalKind::of_token(&person.kind) {
            Some(kind) => event.by_user(&person.subject, kind, &session.to_string()),
            None => event,
        };
        self.events = self.events.into_iter().map(by).collect();
        self
    }

    pub(crate) fn revoked(mut self, what: RevokedWhat) -> Told {
        self.revoked.push(what);
        self
    }

    pub(crate) fn terms(mut self) -> Told {
        self.terms = true;
        self
    }
}

impl IdentityService {
    /// A transaction that will change something; [`IdentityService::commit`] ends it, and dropping it rolls it back.
    pub(crate) async fn begin(&self) -> Result<Tx, IdentityError> {
        self.db.begin().await.map_err(IdentityError::from)
    }

    /// Commits a change: the news for others is in the same commit, and this process has read it when this returns.
    pub(crate) async fn commit(&self, tx: Tx, told: Told) -> Result<(), IdentityError> {
        let heard = told.terms || !told.revoked.is_empty();
        let cursor = self.write_down(&tx, told).await?;
        tx.commit().await?;
        if let Some(cursor) = cursor {
            self.signal.committed(cursor);
        }
        if !heard {
            return Ok(());
        }
        // It is committed, but this process does not know it: both "nothing happened" and "done" would be wrong.
        self.tell_here().await.map_err(|error| {
            tracing::error!(%error, cause = ?error.source, "a change was committed, but this process could not read it");
            IdentityError::Failed(Failure::OutcomeUnknown)
        })
    }

    async fn write_down(&self, tx: &Tx, told: Told) -> Result<Option<u64>, DbError> {
        if told.terms {
            tx.execute(TERMS_RAISE, &[]).await?;
        }
        if !told.revoked.is_empty() {
            tx.execute(REVOCATION_CLEAR, &[Value::Int(self.began.certain(&*self.clock).micros())]).await?;
        }
        let until = self.clock.now().plus_seconds(self.config.access_seconds + SKEW_SECONDS);
        for what in told.revoked {
            let rows = tx.query(REVOCATION_ADVANCE, &[]).await?;
            let seq = rows.first().ok_or_else(|| DbError::shape("no last revocation"))?.int(0)?;
            let what = serde_json::to_string(&what).map_err(|error| DbError::shape(error.to_string()))?;
            let values = [Value::Int(seq), Value::Text(&what), Value::Int(until.micros())];
            tx.execute(REVOCATION_INSERT, &values).await?;
        }
        if told.events.is_empty() { Ok(None) } else { self.outbox.add(tx, told.events).await.map(Some) }
    }
}
