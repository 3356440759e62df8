//! Granting only what one holds, and not taking over anybody who holds more.
//!
//! What counts is what the caller may do with this very token: a program authorized to administer users cannot make
//! anybody an administrator. The reply names what was requested; the log says which permission is missing.

use access::{Role, Vocabulary};
use identity_api::{IdentityError, Refusal};
use kernel::{Ctx, Permission, TokenScope};
use platform::db::Tx;

use super::store;

/// The roles of these names. Each must exist.
pub(crate) async fn roles_named(words: &Vocabulary, tx: &Tx, names: &[String]) -> Result<Vec<Role>, IdentityError> {
    let known = known(words, tx, names).await?;
    let named = |name: &String| known.iter().find(|role| role.name == *name).cloned();
    names.iter().map(|name| named(name).ok_or_else(|| Refusal::not_found("role", name).into())).collect()
}

/// Whether the caller may assign these roles, or let others have them.
pub(crate) fn may_give(ctx: &Ctx, roles: &[Role]) -> Result<(), Refusal> {
    roles.iter().try_for_each(|role| within(ctx, "role", &role.name, &role.permissions))
}

/// Whether the caller may grant these permissions.
pub(super) fn may_permit(ctx: &Ctx, permissions: &[Permission]) -> Result<(), Refusal> {
    permissions
        .iter()
        .try_for_each(|permission| within(ctx, "permission", &permission.to_string(), std::slice::from_ref(permission)))
}

/// Whether the caller may give a program these scopes, with which it acts for anybody who uses it, including
/// administrators.
pub(crate) fn may_open(words: &Vocabulary, ctx: &Ctx, scopes: &[String]) -> Result<(), Refusal> {
    scopes.iter().try_for_each(|scope| match scope.parse() {
        Ok(parsed) => within(ctx, "scope", scope, &opened_by(words, &parsed)),
        // Scopes about the user grant no access.
        Err(_) => Ok(()),
    })
}

/// Whether the caller may change a user or program that has these roles. A removed role grants nothing.
pub(crate) async fn may_touch(
    words: &Vocabulary,
    tx: &Tx,
    ctx: &Ctx,
    (what, name): (&str, &str),
    roles: &[String],
) -> Result<(), IdentityError> {
    let known = known(words, tx, roles).await?;
    let mut held = known.iter().filter(|role| roles.contains(&role.name));
    Ok(held.try_for_each(|role| within(ctx, what, name, &role.permissions))?)
}

/// The built-in ones, and the added ones if more are needed.
async fn known(words: &Vocabulary, tx: &Tx, names: &[String]) -> Result<Vec<Role>, IdentityError> {
    let own = words.built_in_roles();
    if names.iter().all(|name| own.iter().any(|role| role.name == *name)) {
        return Ok(own);
    }
    store::all_roles(words, tx).await.map_err(IdentityError::from)
}

/// Everything that a token with this scope may be used for. For an unknown word: everything.
fn opened_by(words: &Vocabulary, scope: &TokenScope) -> Vec<Permission> {
    let opened = words.actions().filter(|(resource, action)| scope.covers(resource, action));
    let opened: Vec<Permission> = opened
        .map(|(resource, action)| Permission { resource: resource.into(), action: action.into(), scope: "all".into() })
        .collect();
    if opened.is_empty() { vec![Permission::everything()] } else { opened }
}

fn within(ctx: &Ctx, what: &str, name: &str, permissions: &[Permission]) -> Result<(), Refusal> {
    let Some(missing) = permissions.iter().find(|permission| !ctx.principal.holds(permission)) else { return Ok(()) };
    let subject = &*ctx.principal.subject;
    tracing::info!(target: "access", subject, what, name, %missing, "not permitted: it reaches further than the caller");
    Err(Refusal::ReachesFurther { what: what.to_owned(), name: name.to_owned() })
}
