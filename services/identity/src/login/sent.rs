//! Sent codes: six digits, five minutes, three attempts, and a limited number of messages.

use identity_api::{FactorKind, IdentityError, LoginReply, Refusal};
use kernel::Secret;
use platform::db::Tx;
use serde_json::json;

use super::From;
use super::advance::address_of;
use super::counted::Counted;
use super::stage::At;
use super::store::{self, Pending, SENT_MAX};
use crate::IdentityService;
use crate::change::Told;
use crate::channels::Message;
use crate::codes;

impl IdentityService {
    pub(super) async fn send_code(&self, from: From<'_>, by: FactorKind) -> Result<LoginReply, IdentityError> {
        let tx = self.begin().await?;
        let (row, person) = self.at_with_person(&tx, from, At::Factor).await?;
        let allowed = self.sent_factors(&row, &person).contains(&by);
        let to = address_of(&person, by).filter(|_| allowed).map(str::to_owned);
        let to = to.ok_or_else(|| Refusal::ChannelOff { channel: by.name().to_owned() })?;
        self.count_try(&tx, &Counted::messages(&self.codes_key, &person.id.to_bytes())).await?;
        let code = codes::digits();
        let digest = self.sent_digest(&row, &code);
        let sent = store::sent(&tx, &row, At::Factor, row.person, (by, &digest), self.clock.now()).await;
        if !sent? {
            return Err(too_many());
        }
        let row = self.at(&tx, from, At::Factor).await?;
        let page = self.page(&tx, from.key.clone(), &row, Some(&person)).await?;
        let told = Told::nothing().event("identity.code.sent", person.id.to_string(), json!({ "by": by.name() }));
        self.commit(tx, told).await?;
        self.channels.send(Message { by, to, text: text(&code), code });
        Ok(LoginReply { page, session: None, backup_codes_left: None })
    }

    /// Whether this is the code of the last message. The attempt is counted in any case.
    pub(super) async fn sent_is(&self, tx: &Tx, row: &Pending, code: &Secret) -> Result<bool, IdentityError> {
        let counted = store::sent_try(tx, row).await?;
        let awaited = row.sent_digest.as_deref().filter(|_| counted && row.awaits_code(self.clock.now()));
        let code = Secret::new(codes::plain(code.expose()));
        Ok(awaited.is_some_and(|digest| platform::crypto::same(digest, &self.sent_digest(row, &code))))
    }

    /// Includes the login: the code is valid in this browser only.
    pub(super) fn sent_digest(&self, row: &Pending, code: &Secret) -> [u8; 32] {
        self.codes_key.mac(&[b"sent".as_slice(), &row.key, code.expose().as_bytes()].concat())
    }
}

pub(super) fn too_many() -> IdentityError {
    let max = usize::try_from(SENT_MAX).unwrap_or_default();
    Refusal::TooMany { what: "messages".to_owned(), given: max + 1, max }.into()
}

pub(super) fn text(code: &Secret) -> Secret {
    Secret::new(format!("Your code is {}. It is valid for five minutes. Do not share it.", code.expose()))
}
