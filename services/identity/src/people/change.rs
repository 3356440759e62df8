//! Changes that administrators make to a user.
//!
//! Invariant: a disabled user, or one with other roles, is so from the next request on: the change's transaction raises
//! the epoch and ends sessions and logins.

use identity_api::{ChangeUser, IdentityError, NewUser, Refusal, User, UserChange};
use kernel::{Ctx, Secret};
use platform::db::{Tx, Value};
use platform::error::Failure;
use serde_json::{Value as Json, json};

use super::form::{Contact, Roles};
use super::person::Person;
use super::store;
use crate::IdentityService;
use crate::change::{Told, one_at_a_time};
use crate::login::Counted;
use crate::passwords::one_time_password;
use crate::rights::reach;
use crate::sessions::NONE;

/// A user with an expired one-time password cannot log in.
const ADMINS_BESIDE: &str = "
select count(*)
from person p join person_role r on r.person = p.id
where r.role = 'admin' and p.status = 'active' and p.id <> $1 and (p.password_until is null or p.password_until > $2)";

#[cfg(test)]
pub(super) const SQL: &[&str] = &[ADMINS_BESIDE];

impl IdentityService {
    pub(super) async fn change_person(&self, ctx: &Ctx, command: ChangeUser) -> Result<NewUser, IdentityError> {
        self.may(ctx, "change")?;
        let turn = self.once.begin(ctx, operation(&command.change), &command).await?;
        let new_password = match command.change {
            UserChange::ResetPassword => {
                let password = one_time_password();
                let hash = self.passwords.hash(ctx.deadline, &password).await?;
                Some((password, hash))
            }
            _ => None,
        };
        let tx = self.begin().await?;
        if let Some(id) = turn.again(&tx).await? {
            return self.user_again(&tx, id, new_password.is_some()).await;
        }
        match self.changed_person(ctx, &tx, command, new_password.as_ref()).await {
            Ok((user, told)) => {
                turn.made(&tx, &user.id).await?;
                self.commit(tx, told).await?;
                Ok(NewUser::first(user, new_password.map(|(password, _)| password)))
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    /// The changed user, and the events.
    async fn changed_person(
        &self,
        ctx: &Ctx,
        tx: &Tx,
        command: ChangeUser,
        new_password: Option<&(Secret, String)>,
    ) -> Result<(User, Told), IdentityError> {
        let unknown = || Refusal::not_found("user", command.id.to_string());
        one_at_a_time(tx).await?;
        let person = Person::locked(tx, command.id).await?.ok_or_else(unknown)?;
        // Replacing a password, or the address it is sent to, amounts to taking over the account.
        reach::may_touch(&self.config.words, tx, ctx, ("user", &command.id.to_string()), &person.roles).await?;
        let told = self.change_one(ctx, tx, &person, command.change, new_password).await?;
        let user = Person::find(tx, person.id).await?.ok_or_else(unknown)?.user();
        Ok((user, told))
    }

    async fn change_one(
        &self,
        ctx: &Ctx,
        tx: &Tx,
        person: &Person,
        change: UserChange,
        once: Option<&(Secret, String)>,
    ) -> Result<Told, IdentityError> {
        match change {
            UserChange::SetRoles { roles } => self.set_roles(ctx, tx, person, Roles::parse(roles)?).await,
            UserChange::SetContact { name, email, phone } => {
                self.set_contact(tx, person, &Contact::parse(name, email, phone)?).await
            }
            UserChange::Disable => {
                self.not_the_last(tx, person).await?;
                store::status_set(tx, person.id, false).await?;
                self.all_over(tx, person, "identity.user.disabled", json!({})).await
            }
            UserChange::Enable => {
                store::status_set(tx, person.id, true).await?;
                self.unlocked(tx, person).await?;
                Ok(Told::nothing().event("identity.user.enabled", person.id.to_string(), json!({})))
            }
            UserChange::ResetPassword => {
                let hash = once.map(|(_, hash)| hash.as_str()).ok_or(IdentityError::Failed(Failure::Internal))?;
                store::password_once_set(tx, person.id, hash, self.clock.now()).await?;
                self.unlocked(tx, person).await?;
                self.all_over(tx, person, "identity.password.reset", json!({})).await
            }
            UserChange::RemoveFactors => {
                self.factors_remove(tx, person.id).await?;
                self.all_over(tx, person, "identity.factor.removed", json!({ "factor": "all" })).await
            }
            UserChange::EndSessions => self.all_over(tx, person, "identity.sessions.ended", json!({})).await,
        }
    }

    async fn set_roles(&self, ctx: &Ctx, tx: &Tx, person: &Person, roles: Roles) -> Result<Told, IdentityError> {
        reach::may_give(ctx, &reach::roles_named(&self.config.words, tx, &roles.names).await?)?;
        if !roles.has("admin") {
            self.not_the_last(tx, person).await?;
        }
        store::roles_change(tx, person.id, &roles.kind, &roles.names).await?;
        let data = json!({ "kind": roles.kind, "roles": roles.names, "before": person.roles });
        // A session that began without a second factor is not valid for a user who must have one.
        let strict = &self.config.second_factor_roles;
        if strict.iter().any(|role| roles.has(role)) && !person.needs_factor(strict) {
            return self.all_over(tx, person, "identity.user.roles_changed", data).await;
        }
        let revoked = store::epoch_raise(tx, person).await?;
        Ok(Told::nothing().revoked(revoked).event("identity.user.roles_changed", person.id.to_string(), data))
    }

    /// A code on its way to an address that is no longer theirs is invalidated.
    async fn set_contact(&self, tx: &Tx, person: &Person, contact: &Contact) -> Result<Told, IdentityError> {
        let fields = [&contact.name, &contact.email, &contact.phone].map(|field| field.as_deref());
        let set = async {
            store::contact_set(tx, person.id, fields).await?;
            store::logins_end(tx, person.id, &[]).await
        };
        set.await?;
        Ok(Told::nothing().event("identity.user.contact_changed", person.id.to_string(), json!({})))
    }

    /// Ends everything issued to this user earlier.
    pub(super) async fn all_over(
        &self,
        tx: &Tx,
        person: &Person,
        kind: &'static str,
        data: Json,
    ) -> Result<Told, IdentityError> {
        let end = async {
            self.sessions_end(tx, person.id, NONE).await?;
            store::logins_end(tx, person.id, &[]).await?;
            store::epoch_raise(tx, person).await
        };
        let revoked = end.await?;
        Ok(Told::nothing().revoked(revoked).event(kind, person.id.to_string(), data))
    }

    /// Clears the waits that strangers have caused for this user.
    pub(super) async fn unlocked(&self, tx: &Tx, person: &Person) -> Result<(), IdentityError> {
        let codes = Counted::codes(&self.codes_key, &person.id.to_bytes());
        self.forgive(tx, &codes).await?;
        self.forgive_name(tx, &person.username).await.map_err(IdentityError::from)
    }

    pub(super) async fn not_the_last(&self, tx: &Tx, person: &Person) -> Result<(), IdentityError> {
        if !person.active || !person.has_role("admin") {
            return Ok(());
        }
        let id = person.id.to_bytes();
        let values = [Value::Bytes(&id), Value::Int(self.clock.now().micros())];
        let rows = tx.query(ADMINS_BESIDE, &values).await?;
        let beside = rows.first().map_or(Ok(0), |row| row.int(0))?;
        if beside == 0 { Err(Refusal::LastAdmin.into()) } else { Ok(()) }
    }
}

/// The operation's name in the API; an idempotency key belongs to one operation.
fn operation(change: &UserChange) -> &'static str {
    match change {
        UserChange::SetRoles { .. } => "set_user_roles",
        UserChange::SetContact { .. } => "set_user_contact",
        UserChange::Disable => "disable_user",
        UserChange::Enable => "enable_user",
        UserChange::ResetPassword => "reset_user_password",
        UserChange::RemoveFactors => "remove_user_factors",
        UserChange::EndSessions => "end_user_sessions",
    }
}
