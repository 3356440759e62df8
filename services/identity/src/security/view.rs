//! The state of an account, for the page that shows it.

use identity_api::{Consented, IdentityError, Refusal, SecurityView, SessionView, UserId};
use kernel::Timestamp;
use platform::db::{DbError, Row, Tx, Value};

use crate::IdentityService;
use crate::people::Person;
use crate::sessions::Session;

const CONSENT_LIST: &str = "
select c.client, p.name, c.scopes, c.at
from consent c join client p on p.id = c.client
where c.person = $1
order by c.client
limit 500";

#[cfg(test)]
pub(super) const SQL: &[&str] = &[CONSENT_LIST];

impl IdentityService {
    pub(super) async fn view(&self, tx: &Tx, session: &Session) -> Result<SecurityView, IdentityError> {
        let found = Person::find(tx, session.person).await?;
        let person = found.ok_or(Refusal::NotLoggedIn)?;
        let begun = self.totp_begun(tx, person.id).await?;
        let sessions = self.sessions_of(tx, person.id).await?;
        Ok(SecurityView {
            session: session.id.to_string(),
            auth_time: session.auth_time,
            second_factor: session.second_factor,
            sessions: sessions.into_iter().map(shown).collect(),
            totp: person.second_factor,
            factor_required: person.needs_factor(&self.config.second_factor_roles),
            backup_codes_left: self.backup_left(tx, person.id).await?,
            consents: consents(tx, person.id).await?,
            enrolling: begun.map(|begun| begun.shown(&person.username)),
            form_key: self.form_key(session),
            user: person.user(),
        })
    }
}

fn shown(session: Session) -> SessionView {
    SessionView {
        id: session.id.to_string(),
        began_at: session.began_at,
        seen_at: session.seen_at,
        address: session.address,
        agent: session.agent,
    }
}

async fn consents(tx: &Tx, person: UserId) -> Result<Vec<Consented>, DbError> {
    let rows = tx.query(CONSENT_LIST, &[Value::Bytes(&person.to_bytes())]).await?;
    let consented = |row: &Row| {
        Ok(Consented {
            client: row.text(0)?.to_owned(),
            client_name: row.text(1)?.to_owned(),
            scopes: serde_json::from_str(row.text(2)?).map_err(|error| DbError::shape(error.to_string()))?,
            at: Timestamp::from_micros(row.int(3)?),
        })
    };
    rows.iter().map(consented).collect()
}
