//! Who would gain and who would lose by a proposed change: today's decisions compared with those after it, for all
//! users and programs, all actions, and the times of a week at which a rule may change its answer.
//!
//! What cannot differ is not evaluated: users of one kind with the same roles are alike unless a policy depends on who
//! they are.

mod compare;
mod people;
mod times;

use access::{Policy, Role, Vocabulary};
use identity_api::{Effect, IdentityError, Refusal, TryChange};
use kernel::Ctx;
use platform::db::DbError;
use platform::error::Failure;

use super::{policy, reach, role, store};
use crate::IdentityService;
use compare::{Comparison, Side};
use people::Everybody;

/// The roles and policies as they would be.
struct Rights {
    roles: Vec<Role>,
    policies: Vec<Policy>,
}

impl IdentityService {
    pub(super) async fn effect_of(&self, ctx: &Ctx, command: TryChange) -> Result<Effect, IdentityError> {
        // Errors in the command itself need no snapshot.
        let words = self.config.words.clone();
        let change = Change::of(&words, command)?;
        let look = async {
            let tx = self.db.read().await?;
            let today = Rights { roles: store::added_roles(&tx).await?, policies: store::added_policies(&tx).await? };
            Ok::<_, DbError>((today, people::everybody(&tx).await?))
        };
        let (today, everybody) = look.await?;
        let behind = change.made(&today)?;
        change.is_within_reach(ctx, &today)?;
        let (before, after) = (self.side(today)?, self.side(behind)?);
        let (clock, deadline) = (self.clock.clone(), ctx.deadline);
        let enough = move || deadline.micros_left(clock.monotonic()) < TIME_LEFT_MICROS;
        // It computes for a second or two at worst, which must not delay anybody else.
        let compared = tokio::task::spawn_blocking(move || compared(&words, before, after, &everybody, &enough));
        compared.await.map_err(|error| {
            tracing::error!(%error, "a comparison of rights ended unexpectedly");
            IdentityError::Failed(Failure::Internal)
        })
    }

    fn side(&self, rights: Rights) -> Result<Side, Refusal> {
        let rules = self.compiled(&rights.policies)?;
        Side::new(&self.config.words, rights.roles, &rights.policies, rules).map_err(policy::invalid)
    }
}

/// The reply has to be sent before the caller stops waiting.
const TIME_LEFT_MICROS: u64 = 500_000;

fn compared(words: &Vocabulary, before: Side, after: Side, everybody: &Everybody, enough: &dyn Fn() -> bool) -> Effect {
    let mut comparison = Comparison::new(words, &before, &after, &everybody.clients);
    for somebody in &everybody.all {
        if !comparison.ask(somebody) || enough() {
            break;
        }
    }
    comparison.effect(everybody.all.len() as u64)
}

/// A change whose form is valid.
enum Change {
    PutRole(Role),
    RemoveRole(String),
    PutPolicy(Policy),
    RemovePolicy(String),
}

impl Change {
    fn of(words: &Vocabulary, command: TryChange) -> Result<Change, Refusal> {
        Ok(match command {
            TryChange::PutRole(command) => Change::PutRole(role::checked(words, command)?),
            TryChange::RemoveRole { name } => {
                role::not_built_in(&name)?;
                Change::RemoveRole(name)
            }
            TryChange::PutPolicy(command) => Change::PutPolicy(policy::checked(words, command)?),
            TryChange::RemovePolicy { id } => {
                policy::not_built_in(&id)?;
                Change::RemovePolicy(id)
            }
        })
    }

    /// What would be refused is not tried either.
    fn is_within_reach(&self, ctx: &Ctx, today: &Rights) -> Result<(), Refusal> {
        let named = |name: &str| today.roles.iter().find(|role| role.name == name);
        match self {
            Change::PutRole(put) => role::may_replace(ctx, named(&put.name), put),
            Change::RemoveRole(name) => reach::may_give(ctx, named(name).map(std::slice::from_ref).unwrap_or_default()),
            Change::PutPolicy(_) | Change::RemovePolicy(_) => Ok(()),
        }
    }

    /// Removing an assigned role can be tried: its holders are the ones who would lose.
    fn made(&self, today: &Rights) -> Result<Rights, Refusal> {
        let (mut roles, mut policies) = (today.roles.clone(), today.policies.clone());
        match self {
            Change::PutRole(put) => drop(role::replaced(&mut roles, put)?),
            Change::RemoveRole(name) => drop(role::without(&mut roles, name)?),
            Change::PutPolicy(put) => drop(policy::replaced(&mut policies, put)?),
            Change::RemovePolicy(id) => drop(policy::without(&mut policies, id)?),
        }
        Ok(Rights { roles, policies })
    }
}
