//! Whose a customer or an account is for the caller: their own, if the caller is the customer or acts for them.

use accounts_api::*;
use kernel::Ctx;
use platform::access::{self, Denied};
use platform::db::{DbError, Tx};

use crate::service::Inner;
use crate::store::account::{self, AccountRow};
use crate::store::customer::{self, CustomerRow};

/// What a role allows: a viewer reads.
fn allows(role: Role, action: &str) -> bool {
    role != Role::Viewer || action == "read"
}

/// The subject of the caller if it acts for one of these customers, else the first of them.
async fn owner(tx: &Tx, ctx: &Ctx, action: &str, of: &[(i64, CustomerId)]) -> Result<Option<String>, DbError> {
    let subject = &*ctx.principal.subject;
    if of.iter().any(|(_, id)| id.to_string() == subject) {
        return Ok(Some(subject.to_owned()));
    }
    let acts_for = customer::of_subject(tx, subject).await?;
    let acts = |seq: &i64| acts_for.iter().any(|(customer, role)| customer == seq && allows(*role, action));
    if of.iter().any(|(seq, _)| acts(seq)) {
        return Ok(Some(subject.to_owned()));
    }
    Ok(of.first().map(|(_, id)| id.to_string()))
}

/// An object out of reach is refused like one that does not exist.
fn checked(
    ctx: &Ctx,
    (resource, action): (&str, &str),
    owner: Option<&str>,
    unknown: Refusal,
) -> Result<(), AccountsError> {
    match access::check(ctx, resource, action, owner) {
        Ok(()) => Ok(()),
        Err(Denied::NotFound) => Err(unknown.into()),
        Err(denied) => Err(denied.into()),
    }
}

impl Inner {
    pub(crate) async fn reached_customer(
        &self,
        tx: &Tx,
        ctx: &Ctx,
        word: (&str, &str),
        id: CustomerId,
    ) -> Result<CustomerRow, AccountsError> {
        let unknown = || Refusal::CustomerUnknown { id: id.to_string() };
        let found = customer::of_id(tx, id).await?;
        let owner = match &found {
            Some(found) => owner(tx, ctx, word.1, &[(found.seq, found.id)]).await?,
            None => None,
        };
        checked(ctx, word, owner.as_deref(), unknown())?;
        found.ok_or_else(|| unknown().into())
    }

    /// With its holders.
    pub(crate) async fn reached_account(
        &self,
        tx: &Tx,
        ctx: &Ctx,
        word: (&str, &str),
        id: AccountId,
    ) -> Result<(AccountRow, Vec<(i64, CustomerId)>), AccountsError> {
        let unknown = || Refusal::AccountUnknown { id: id.to_string() };
        let found = account::of_id(tx, id).await?;
        let holders = match &found {
            Some(found) => account::holders(tx, found.seq).await?,
            None => Vec::new(),
        };
        let owner = owner(tx, ctx, word.1, &holders).await?;
        checked(ctx, word, owner.as_deref(), unknown())?;
        Ok((found.ok_or_else(unknown)?, holders))
    }

    /// The customers to which a list is narrowed; `None` for a caller who may see all.
    pub(crate) async fn own_customers(
        &self,
        tx: &Tx,
        ctx: &Ctx,
        (resource, action): (&str, &str),
    ) -> Result<Option<Vec<i64>>, AccountsError> {
        let Some(subject) = access::owner_term(ctx, resource, action)? else { return Ok(None) };
        let acts_for = customer::of_subject(tx, &subject).await?;
        let mut own: Vec<i64> =
            acts_for.iter().filter(|(_, role)| allows(*role, action)).map(|(customer, _)| *customer).collect();
        if let Ok(id) = subject.parse::<CustomerId>() {
            own.extend(customer::of_id(tx, id).await?.map(|customer| customer.seq));
        }
        own.sort_unstable();
        own.dedup();
        Ok(Some(own))
    }
}
