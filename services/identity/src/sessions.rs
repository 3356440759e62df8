//! Sessions: a browser in which a user logged in. Its cookie is random and only its digest is stored.
//!
//! Invariant: a session that has ended, was idle too long or belongs to a disabled user is as good as none.

use access::RevokedWhat;
use identity_api::{IdentityError, NewSession, Origin, Refusal, UserId};
use kernel::{Id, IdKind, Secret, Timestamp};
use platform::crypto::{digest, random_token};
use platform::db::{DbError, Row, Tx, Value};

use crate::IdentityService;
use crate::devices;
use crate::store::{list_of, list_text};

/// Bytes of a cookie.
const COOKIE: usize = 32;
const AGENT_LETTERS_MAX: usize = 200;
/// Its last use is recorded at most this often.
const SEEN_EVERY_SECONDS: i64 = 60;
/// Sessions listed per user.
const SHOWN_MAX: i64 = 100;
/// How long ended sessions are kept.
const KEPT_SECONDS: i64 = 30 * 24 * 60 * 60;

const SESSION_INSERT: &str = "
insert into session (id, cookie, person, began_at, seen_at, expires_at, auth_time, amr, second_factor, address, agent)
values ($1, $2, $3, $4, $4, $5, $4, $6, $7, $8, $9)";

const SESSION_FIND: &str = "
select s.id, s.person, s.began_at, s.seen_at, s.expires_at, s.auth_time, s.amr, s.second_factor, s.address, s.agent
from session s join person p on p.id = s.person
where s.cookie = $1 and s.ended_at is null and s.expires_at > $2 and s.seen_at > $3 and p.status = 'active'";

const SESSION_LIST: &str = "
select id, person, began_at, seen_at, expires_at, auth_time, amr, second_factor, address, agent
from session
where person = $1 and ended_at is null and expires_at > $2 and seen_at > $3
order by seen_at desc, id
limit $4";

const SESSION_SEEN: &str = "
update session
set seen_at = $2
where id = $1 and ended_at is null";

const SESSION_PROVED: &str = "
update session
set cookie = $2, seen_at = $3, auth_time = $3, amr = $4, second_factor = $5
where id = $1 and person = $6 and ended_at is null and expires_at > $3
returning expires_at";

const SESSION_COOKIE: &str = "
update session
set cookie = $2
where id = $1 and ended_at is null";

const SESSION_END: &str = "
update session
set ended_at = $3
where id = $1 and person = $2 and ended_at is null";

const SESSIONS_END: &str = "
update session
set ended_at = $3
where person = $1 and id <> $2 and ended_at is null
returning id";

const FAMILIES_OF_SESSION_END: &str = "
update grant_family
set ended_at = $2
where session = $1 and ended_at is null";

const FAMILIES_END: &str = "
update grant_family
set ended_at = $3
where person = $1 and session <> $2 and ended_at is null";

const SESSION_CLEAR: &str = "
delete from session
where expires_at < $1";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[
    SESSION_INSERT,
    SESSION_FIND,
    SESSION_LIST,
    SESSION_SEEN,
    SESSION_PROVED,
    SESSION_COOKIE,
    SESSION_END,
    SESSIONS_END,
    FAMILIES_OF_SESSION_END,
    FAMILIES_END,
    SESSION_CLEAR,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionKind {}

impl IdKind for SessionKind {
    const PREFIX: &'static str = "ses";
}

pub(crate) type SessionId = Id<SessionKind>;

/// Stands for no session, if one is omitted.
pub(crate) const NONE: SessionId = SessionId::from_bits(0);

#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) person: UserId,
    pub(crate) began_at: Timestamp,
    pub(crate) seen_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) auth_time: Timestamp,
    /// How the user authenticated: pwd, otp, sms, email, backup.
    pub(crate) amr: Vec<String>,
    /// With an app or a backup code.
    pub(crate) second_factor: bool,
    pub(crate) address: Option<String>,
    pub(crate) agent: Option<String>,
}

/// What a login has proved.
#[derive(Debug, Clone)]
pub(crate) struct Proved {
    pub(crate) amr: Vec<String>,
    pub(crate) second_factor: bool,
}

impl IdentityService {
    /// The session of a browser's cookie, if it has not ended.
    pub(crate) async fn live_session(&self, tx: &Tx, cookie: &Secret) -> Result<Session, IdentityError> {
        let (now, idle) = self.alive_since();
        let digest = digest(cookie.expose());
        let values = [Value::Bytes(&digest), Value::Int(now), Value::Int(idle)];
        let rows = tx.query(SESSION_FIND, &values).await?;
        let row = rows.first().ok_or(Refusal::NotLoggedIn)?;
        session(row).map_err(IdentityError::from)
    }

    /// Records a use, at most once a minute, and never delays the request.
    pub(crate) async fn session_seen(&self, session: &Session) {
        let now = self.clock.now();
        if now.micros_since(session.seen_at) < SEEN_EVERY_SECONDS * 1_000_000 {
            return;
        }
        let id = session.id.to_bytes();
        let seen = async {
            let tx = self.db.begin().await?;
            tx.execute(SESSION_SEEN, &[Value::Bytes(&id), Value::Int(now.micros())]).await?;
            Ok::<(), DbError>(tx.commit().await?)
        };
        if let Err(error) = seen.await {
            tracing::warn!(%error, "the use of a session was not recorded");
        }
    }

    pub(crate) async fn sessions_of(&self, tx: &Tx, person: UserId) -> Result<Vec<Session>, DbError> {
        let (now, idle) = self.alive_since();
        let id = person.to_bytes();
        let values = [Value::Bytes(&id), Value::Int(now), Value::Int(idle), Value::Int(SHOWN_MAX)];
        tx.query(SESSION_LIST, &values).await?.iter().map(session).collect()
    }

    pub(crate) async fn session_begin(
        &self,
        tx: &Tx,
        person: UserId,
        proved: &Proved,
        origin: &Origin,
    ) -> Result<(SessionId, NewSession), DbError> {
        let (id, cookie, now) = (self.ids.make::<SessionKind>(), random_token(COOKIE), self.clock.now());
        let kept = now.plus_seconds(-KEPT_SECONDS);
        tx.execute(SESSION_CLEAR, &[Value::Int(kept.micros())]).await?;
        let expires_at = now.plus_seconds(self.config.session_seconds);
        let (id_bytes, person, amr) = (id.to_bytes(), person.to_bytes(), list_text(&proved.amr));
        let address = origin.address.map(|address| address.to_string());
        let agent: Option<String> = origin
            .agent
            .as_ref()
            .map(|agent| agent.chars().filter(|letter| *letter != '\0').take(AGENT_LETTERS_MAX).collect());
        let values = [
            Value::Bytes(&id_bytes),
            Value::Bytes(&digest(cookie.expose())),
            Value::Bytes(&person),
            Value::Int(now.micros()),
            Value::Int(expires_at.micros()),
            Value::Text(&amr),
            Value::Int(proved.second_factor.into()),
            address.as_deref().map_or(Value::Null, Value::Text),
            agent.as_deref().map_or(Value::Null, Value::Text),
        ];
        tx.execute(SESSION_INSERT, &values).await?;
        Ok((id, NewSession { cookie, expires_at, device: None }))
    }

    /// The session's user has re-authenticated: the same session, with a new cookie. `None`: it has ended.
    pub(crate) async fn session_proved(
        &self,
        tx: &Tx,
        id: SessionId,
        person: UserId,
        proved: &Proved,
    ) -> Result<Option<NewSession>, DbError> {
        let (id, person, cookie) = (id.to_bytes(), person.to_bytes(), random_token(COOKIE));
        let amr = list_text(&proved.amr);
        let values = [
            Value::Bytes(&id),
            Value::Bytes(&digest(cookie.expose())),
            Value::Int(self.clock.now().micros()),
            Value::Text(&amr),
            Value::Int(proved.second_factor.into()),
            Value::Bytes(&person),
        ];
        let rows = tx.query(SESSION_PROVED, &values).await?;
        let expires_at = rows.first().map(|row| row.int(0)).transpose()?.map(Timestamp::from_micros);
        Ok(expires_at.map(|expires_at| NewSession { cookie, expires_at, device: None }))
    }

    /// A new cookie for the same session.
    pub(crate) async fn session_renew(&self, tx: &Tx, session: &Session) -> Result<NewSession, DbError> {
        let cookie = random_token(COOKIE);
        let id = session.id.to_bytes();
        tx.execute(SESSION_COOKIE, &[Value::Bytes(&id), Value::Bytes(&digest(cookie.expose()))]).await?;
        Ok(NewSession { cookie, expires_at: session.expires_at, device: None })
    }

    /// The event for the end of this user's session; `None` if there was no such session.
    pub(crate) async fn session_end(
        &self,
        tx: &Tx,
        person: UserId,
        id: SessionId,
    ) -> Result<Option<RevokedWhat>, DbError> {
        let (now, id_bytes, person) = (self.clock.now().micros(), id.to_bytes(), person.to_bytes());
        let values = [Value::Bytes(&id_bytes), Value::Bytes(&person), Value::Int(now)];
        if tx.execute(SESSION_END, &values).await? == 0 {
            return Ok(None);
        }
        tx.execute(FAMILIES_OF_SESSION_END, &[Value::Bytes(&id_bytes), Value::Int(now)]).await?;
        Ok(Some(RevokedWhat::Session { session: id.to_string() }))
    }

    /// Ends all sessions of a user but one, with everything issued from them; their browsers become strangers' again.
    pub(crate) async fn sessions_end(
        &self,
        tx: &Tx,
        person: UserId,
        but: SessionId,
    ) -> Result<Vec<SessionId>, DbError> {
        devices::forget(tx, person, but).await?;
        let (now, but, person) = (self.clock.now().micros(), but.to_bytes(), person.to_bytes());
        let values = [Value::Bytes(&person), Value::Bytes(&but), Value::Int(now)];
        tx.execute(FAMILIES_END, &values).await?;
        let ended = tx.query(SESSIONS_END, &values).await?;
        ended.iter().map(|row| row.array(0).map(Id::from_bytes)).collect()
    }

    /// Now, and the last use before which a session counts as idle too long.
    fn alive_since(&self) -> (i64, i64) {
        let now = self.clock.now();
        (now.micros(), now.plus_seconds(-self.config.session_idle_seconds).micros())
    }
}

fn session(row: &Row) -> Result<Session, DbError> {
    let time = |column| row.int(column).map(Timestamp::from_micros);
    let text = |column| row.text_or_null(column).map(|text| text.map(str::to_owned));
    Ok(Session {
        id: Id::from_bytes(row.array(0)?),
        person: Id::from_bytes(row.array(1)?),
        began_at: time(2)?,
        seen_at: time(3)?,
        expires_at: time(4)?,
        auth_time: time(5)?,
        amr: list_of(row, 6)?,
        second_factor: row.int(7)? != 0,
        address: text(8)?,
        agent: text(9)?,
    })
}
