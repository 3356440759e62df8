//! A client's reach: for a service its roles, whatever its scopes; for a client that acts for users its scopes, for any
//! user. A caller who creates or changes it must have at least this reach.

use access::Vocabulary;
use identity_api::{ClientKind, IdentityError, Refusal};
use kernel::Ctx;
use platform::db::Tx;

use super::ClientRow;
use crate::rights::reach;

/// Whether the caller may make it what it is to become. Its roles must exist.
pub(super) async fn within_reach(words: &Vocabulary, tx: &Tx, ctx: &Ctx, row: &ClientRow) -> Result<(), IdentityError> {
    let roles = reach::roles_named(words, tx, &row.roles).await?;
    match row.kind {
        ClientKind::Service => reach::may_give(ctx, &roles)?,
        ClientKind::Confidential | ClientKind::Public => reach::may_open(words, ctx, &row.scopes)?,
    }
    Ok(())
}

/// Whether the caller may change it, as it is now.
pub(super) async fn may_touch(words: &Vocabulary, tx: &Tx, ctx: &Ctx, row: &ClientRow) -> Result<(), IdentityError> {
    match row.kind {
        ClientKind::Service => reach::may_touch(words, tx, ctx, ("client", &row.id), &row.roles).await,
        ClientKind::Confidential | ClientKind::Public => reach::may_open(words, ctx, &row.scopes)
            .map_err(|_| Refusal::ReachesFurther { what: "client".to_owned(), name: row.id.clone() }.into()),
    }
}
