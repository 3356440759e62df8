//! Who reaches a household: its active members, each by their role, and callers who may reach all.
//!
//! Invariant: a household that is out of reach is refused like one that does not exist, from the moment of leaving on.

use kernel::Ctx;
use planning_api::*;
use platform::access::{self, Denied};
use platform::db::Tx;

use crate::service::Inner;
use crate::store::household::{self, Stored};

/// A household, and the caller's role in it; nothing for callers who reach it by their permissions alone.
pub(crate) struct Reach {
    pub(crate) household: Stored,
    pub(crate) role: Option<Role>,
}

impl Reach {
    /// Owners and partners change things.
    pub(crate) fn changing(self) -> Result<Reach, PlanningError> {
        match self.role {
            Some(role) if !role.may_change() => Err(role_forbids(role)),
            _ => Ok(self),
        }
    }

    /// Owners invite and remove.
    pub(crate) fn owning(self) -> Result<Reach, PlanningError> {
        match self.role {
            Some(role) if role != Role::Owner => Err(role_forbids(role)),
            _ => Ok(self),
        }
    }

    /// Whose key seals what the caller writes: a member's own, else that of the household's first owner.
    pub(crate) fn writer<'a>(&'a self, ctx: &'a Ctx) -> &'a str {
        if self.role.is_some() { &ctx.principal.subject } else { &self.household.subject }
    }
}

fn role_forbids(role: Role) -> PlanningError {
    let role: &str = role.into();
    Refusal::RoleForbids { role: role.to_owned() }.into()
}

pub(crate) fn household_unknown(id: HouseholdId) -> Refusal {
    Refusal::HouseholdUnknown { id: id.to_string() }
}

/// A word of permissions: resource and action.
pub(crate) type Word = (&'static str, &'static str);

/// `household`: that of the object that is asked for, if there is one; `unknown`: how the object is refused.
pub(crate) async fn reach(
    ctx: &Ctx,
    tx: &Tx,
    (resource, action): Word,
    household: Option<HouseholdId>,
    unknown: Refusal,
) -> Result<Reach, PlanningError> {
    let found = match household {
        Some(id) => household::of_id(tx, id).await?,
        None => None,
    };
    let member = match &found {
        Some(found) => household::member_of(tx, found.id, &ctx.principal.subject).await?,
        None => None,
    };
    let role = member.filter(|member| member.standing == Standing::Active).map(|member| member.role);
    let owner = role.map(|_| &*ctx.principal.subject);
    match (access::check(ctx, resource, action, owner), found) {
        (Err(Denied::NotFound), _) | (Ok(()), None) => Err(unknown.into()),
        (Err(denied), _) => Err(denied.into()),
        (Ok(()), Some(household)) => Ok(Reach { household, role }),
    }
}

impl Inner {
    /// The household that is named, or the caller's only one; for those who reach all of them, the only one there is.
    pub(crate) async fn one_household(
        &self,
        ctx: &Ctx,
        tx: &Tx,
        word: Word,
        named: Option<HouseholdId>,
    ) -> Result<Reach, PlanningError> {
        let own = access::owner_term(ctx, word.0, word.1)?;
        let id = match named {
            Some(id) => id,
            None => match household::list(tx, own.as_deref()).await?.as_slice() {
                [only] => only.id,
                several => {
                    let detail = format!("expected the id of a household; the caller has {}", several.len());
                    return Err(Refusal::field_invalid("household", detail).into());
                }
            },
        };
        reach(ctx, tx, word, Some(id), household_unknown(id)).await
    }
}

/// A name of people: 1 to 64 characters, none of them for control.
pub(crate) fn name(field: &str, text: &str) -> Result<(), Refusal> {
    let count = text.chars().count();
    if (1..=limits::NAME_CHARS_MAX).contains(&count) && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Refusal::field_invalid(field, "expected 1 to 64 characters without control characters"))
}

pub(crate) fn too_many(what: &str, max: usize) -> PlanningError {
    Refusal::TooMany { what: what.to_owned(), max }.into()
}
