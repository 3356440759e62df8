//! Creating, changing and removing a policy.

use std::sync::Arc;

use access::{Policy, RuleError, RuleSet, Vocabulary, built_in_policies, check_policy};
use identity_api::{IdentityError, PutPolicy, Refusal, limits};
use kernel::Ctx;
use platform::db::Tx;
use serde_json::json;

use super::role::{description, name};
use super::store;
use crate::IdentityService;
use crate::change::{Told, one_at_a_time};

impl IdentityService {
    /// Everybody's next decision uses it.
    pub(super) async fn keep_policy(&self, ctx: &Ctx, command: PutPolicy) -> Result<Policy, IdentityError> {
        let policy = checked(&self.config.words, command)?;
        let tx = self.begin().await?;
        one_at_a_time(&tx).await?;
        let mut policies = store::added_policies(&tx).await?;
        let before = replaced(&mut policies, &policy)?;
        if before.as_ref() == Some(&policy) {
            return Ok(policy);
        }
        self.compiled(&policies)?;
        store::policy_put(&tx, &policy).await?;
        let data = json!({ "by": &*ctx.principal.subject, "before": before, "policy": policy });
        self.commit(tx, Told::nothing().event("identity.policy.changed", &policy.id, data).terms()).await?;
        Ok(policy)
    }

    pub(super) async fn drop_policy(&self, ctx: &Ctx, id: &str) -> Result<(), IdentityError> {
        not_built_in(id)?;
        let turn = self.once.begin(ctx, "remove_policy", &id).await?;
        let tx = self.begin().await?;
        if turn.again::<()>(&tx).await?.is_some() {
            return Ok(());
        }
        match dropped_policy(&tx, ctx, id).await {
            Ok(told) => {
                turn.made(&tx, &()).await?;
                self.commit(tx, told).await
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    /// All of them together, as every process will compile them.
    pub(super) fn compiled(&self, policies: &[Policy]) -> Result<RuleSet, Refusal> {
        let (zone, words) = (&self.config.zone, &self.config.words);
        RuleSet::compile(policies, zone, words, Arc::clone(&self.clock)).map_err(invalid)
    }
}

async fn dropped_policy(tx: &Tx, ctx: &Ctx, id: &str) -> Result<Told, IdentityError> {
    one_at_a_time(tx).await?;
    let mut policies = store::added_policies(tx).await?;
    let policy = without(&mut policies, id)?;
    store::policy_remove(tx, id).await?;
    let data = json!({ "by": &*ctx.principal.subject, "policy": policy });
    Ok(Told::nothing().event("identity.policy.removed", id, data).terms())
}

/// The policy as it would be stored. A disabled one is checked too, because it can be enabled.
pub(super) fn checked(words: &Vocabulary, command: PutPolicy) -> Result<Policy, Refusal> {
    not_built_in(&command.id)?;
    name("id", &command.id)?;
    description(&command.description)?;
    if command.text.len() > limits::POLICY_BYTES_MAX {
        return Err(Refusal::field("text", format!("expected at most {} bytes", limits::POLICY_BYTES_MAX)));
    }
    check_policy(&command.id, &command.text, words).map_err(invalid)?;
    let PutPolicy { id, description, text, enabled } = command;
    Ok(Policy { id, description, text, enabled, built_in: false })
}

pub(super) fn invalid(error: RuleError) -> Refusal {
    let detail = match error {
        RuleError::Policy { detail, .. } => detail,
        other => other.to_string(),
    };
    Refusal::PolicyInvalid { detail }
}

/// The policies including this one; returns the previous one.
pub(super) fn replaced(policies: &mut Vec<Policy>, policy: &Policy) -> Result<Option<Policy>, Refusal> {
    if let Some(there) = policies.iter_mut().find(|there| there.id == policy.id) {
        return Ok(Some(std::mem::replace(there, policy.clone())));
    }
    let (given, max) = (policies.len() + 1, limits::POLICIES_MAX);
    if given > max {
        return Err(Refusal::TooMany { what: "policies".to_owned(), given, max });
    }
    policies.push(policy.clone());
    Ok(None)
}

/// The policies without this one, which is returned.
pub(super) fn without(policies: &mut Vec<Policy>, id: &str) -> Result<Policy, Refusal> {
    let there = policies.iter().position(|policy| policy.id == id);
    Ok(policies.remove(there.ok_or_else(|| Refusal::not_found("policy", id))?))
}

pub(super) fn not_built_in(id: &str) -> Result<(), Refusal> {
    if built_in_policies().iter().all(|policy| policy.id != id) {
        return Ok(());
    }
    Err(Refusal::BuiltIn { what: "policy".to_owned(), name: id.to_owned() })
}
