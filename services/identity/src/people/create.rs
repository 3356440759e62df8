//! Creating a user, with a one-time password.

use identity_api::{CreateUser, IdentityError, NewUser, Refusal, UserId};
use kernel::Ctx;
use platform::db::Tx;

use super::admin::{created, not_taken};
use super::form::NewPerson;
use super::person::Person;
use super::store;
use crate::IdentityService;
use crate::change::one_at_a_time;
use crate::passwords::one_time_password;
use crate::rights::reach;

impl IdentityService {
    pub(super) async fn add_user(&self, ctx: &Ctx, command: CreateUser) -> Result<NewUser, IdentityError> {
        self.may(ctx, "create")?;
        let turn = self.once.begin(ctx, "create_user", &command).await?;
        let new = NewPerson::parse(command)?;
        let password = one_time_password();
        let hash = self.passwords.hash(ctx.deadline, &password).await?;
        let tx = self.begin().await?;
        if let Some(id) = turn.again(&tx).await? {
            return self.user_again(&tx, id, true).await;
        }
        match self.add_person(&tx, ctx, new, hash).await {
            Ok(person) => {
                turn.made(&tx, &person.id).await?;
                self.commit(tx, created(&person)).await?;
                Ok(NewUser::first(person.user(), Some(password)))
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    async fn add_person(&self, tx: &Tx, ctx: &Ctx, new: NewPerson, hash: String) -> Result<Person, IdentityError> {
        one_at_a_time(tx).await?;
        reach::may_give(ctx, &reach::roles_named(&self.config.words, tx, &new.roles.names).await?)?;
        not_taken(tx, &new).await?;
        let person = self.new_person(new, hash, true);
        store::insert(tx, &person).await?;
        Ok(person)
    }

    /// The answer to a repeat: the person as they are now. Only the first answer had the password.
    pub(super) async fn user_again(&self, tx: &Tx, id: UserId, with_password: bool) -> Result<NewUser, IdentityError> {
        let person = Person::find(tx, id).await?.ok_or_else(|| Refusal::not_found("user", id.to_string()))?;
        Ok(NewUser::again(person.user(), with_password))
    }
}
