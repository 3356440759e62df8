//! Creating, changing and removing a role.

use access::{Role, Vocabulary, is_built_in};
use identity_api::{IdentityError, PutRole, Refusal, limits};
use kernel::{Ctx, Permission};
use platform::db::Tx;
use serde_json::json;

use super::{reach, store};
use crate::IdentityService;
use crate::change::{Told, one_at_a_time};

impl IdentityService {
    /// Everybody with the role may do what it says from now on.
    pub(super) async fn keep_role(&self, ctx: &Ctx, command: PutRole) -> Result<Role, IdentityError> {
        let role = checked(&self.config.words, command)?;
        let tx = self.begin().await?;
        // Two concurrent ones must not both find room.
        one_at_a_time(&tx).await?;
        let mut roles = store::added_roles(&tx).await?;
        let before = replaced(&mut roles, &role)?;
        if before.as_ref() == Some(&role) {
            return Ok(role);
        }
        may_replace(ctx, before.as_ref(), &role)?;
        store::role_put(&tx, &role).await?;
        let data =
            json!({ "by": &*ctx.principal.subject, "before": before.map(|role| role.permissions), "role": role });
        self.commit(tx, Told::nothing().event("identity.role.changed", &role.name, data).terms()).await?;
        Ok(role)
    }

    /// An assigned role cannot be removed: taking it from each holder is what shows in the log.
    pub(super) async fn drop_role(&self, ctx: &Ctx, name: &str) -> Result<(), IdentityError> {
        not_built_in(name)?;
        let turn = self.once.begin(ctx, "remove_role", &name).await?;
        let tx = self.begin().await?;
        if turn.again::<()>(&tx).await?.is_some() {
            return Ok(());
        }
        match self.dropped_role(&tx, ctx, name).await {
            Ok(told) => {
                turn.made(&tx, &()).await?;
                self.commit(tx, told).await
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    async fn dropped_role(&self, tx: &Tx, ctx: &Ctx, name: &str) -> Result<Told, IdentityError> {
        one_at_a_time(tx).await?;
        let mut roles = store::added_roles(tx).await?;
        let role = without(&mut roles, name)?;
        reach::may_give(ctx, std::slice::from_ref(&role))?;
        let holders = store::role_holders(tx, name).await?;
        if holders > 0 {
            return Err(Refusal::RoleInUse { role: name.to_owned(), holders }.into());
        }
        store::role_remove(tx, name).await?;
        let data = json!({ "by": &*ctx.principal.subject, "role": role });
        Ok(Told::nothing().event("identity.role.removed", name, data).terms())
    }
}

/// The caller must hold what it is to grant, and also what it grants now: others may have the role.
pub(super) fn may_replace(ctx: &Ctx, before: Option<&Role>, role: &Role) -> Result<(), Refusal> {
    reach::may_give(ctx, before.map(std::slice::from_ref).unwrap_or_default())?;
    reach::may_permit(ctx, &role.permissions)
}

/// The role as it would be stored.
pub(super) fn checked(words: &Vocabulary, command: PutRole) -> Result<Role, Refusal> {
    not_built_in(&command.name)?;
    name("name", &command.name)?;
    description(&command.description)?;
    let (given, max) = (command.permissions.len(), limits::PERMISSIONS_MAX);
    if given > max {
        return Err(Refusal::TooMany { what: "permissions".to_owned(), given, max });
    }
    let mut permissions: Vec<Permission> = Vec::new();
    for permission in command.permissions {
        if !words.is_known(&permission) {
            return Err(Refusal::field("permissions", format!("{permission} covers nothing that exists")));
        }
        if !permissions.contains(&permission) {
            permissions.push(permission);
        }
    }
    Ok(Role { name: command.name, description: command.description, permissions, built_in: false })
}

/// The roles including this one; returns the previous one.
pub(super) fn replaced(roles: &mut Vec<Role>, role: &Role) -> Result<Option<Role>, Refusal> {
    if let Some(there) = roles.iter_mut().find(|there| there.name == role.name) {
        return Ok(Some(std::mem::replace(there, role.clone())));
    }
    let (given, max) = (roles.len() + 1, limits::ROLES_KEPT_MAX);
    if given > max {
        return Err(Refusal::TooMany { what: "roles".to_owned(), given, max });
    }
    roles.push(role.clone());
    Ok(None)
}

/// The roles without this one, which is returned.
pub(super) fn without(roles: &mut Vec<Role>, name: &str) -> Result<Role, Refusal> {
    let place = roles.iter().position(|role| role.name == name).ok_or_else(|| Refusal::not_found("role", name))?;
    Ok(roles.remove(place))
}

pub(super) fn not_built_in(name: &str) -> Result<(), Refusal> {
    if !is_built_in(name) {
        return Ok(());
    }
    Err(Refusal::BuiltIn { what: "role".to_owned(), name: name.to_owned() })
}

/// Names are used in tokens, where spaces separate them, and in URLs.
pub(super) fn name(field: &str, name: &str) -> Result<(), Refusal> {
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if begins && name.len() <= limits::NAME_BYTES_MAX && name.bytes().all(letters) {
        return Ok(());
    }
    let max = limits::NAME_BYTES_MAX;
    Err(Refusal::field(
        field,
        format!("expected at most {max} lower-case letters, digits and dashes, starting with a letter"),
    ))
}

pub(super) fn description(text: &str) -> Result<(), Refusal> {
    if text.len() <= limits::DESCRIPTION_BYTES_MAX && !text.chars().any(char::is_control) {
        return Ok(());
    }
    let max = limits::DESCRIPTION_BYTES_MAX;
    Err(Refusal::field("description", format!("expected one line of at most {max} bytes")))
}
