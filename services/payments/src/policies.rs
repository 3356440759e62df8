//! Policies: proposed by one person, confirmed by another.

use kernel::{Ctx, Money};
use platform::access;
use platform::db::Tx;

use crate::face::*;
use crate::service::PaymentsService;
use crate::store;

const WORD: &str = "payment-policies";

impl PaymentsService {
    pub(crate) async fn list_policies(&self, ctx: &Ctx) -> Result<PolicyList, PaymentsError> {
        access::check(ctx, WORD, "read", None)?;
        Ok(PolicyList { items: store::policies(&self.db.read().await?).await? })
    }

    pub(crate) async fn propose(&self, ctx: &Ctx, command: ProposePolicy) -> Result<Policy, PaymentsError> {
        access::check(ctx, WORD, "change", None)?;
        if let ProposePolicy::New(terms) = &command {
            check(terms)?;
        }
        let turn = self.once.begin(ctx, "propose_policy", &command).await?;
        let tx = self.db.begin().await?;
        if let Some(id) = turn.again::<PolicyId>(&tx).await? {
            return Ok(known(&tx, id).await?.1);
        }
        match self.proposed(&tx, ctx, command).await {
            Ok(policy) => {
                turn.made(&tx, &policy.id).await?;
                tx.commit().await?;
                Ok(policy)
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    async fn proposed(&self, tx: &Tx, ctx: &Ctx, command: ProposePolicy) -> Result<Policy, PaymentsError> {
        tx.one_at_a_time().await?;
        let (by, at) = (ctx.principal.subject.to_string(), self.clock.now());
        let (version, policy) = match command {
            ProposePolicy::New(terms) => {
                let all = store::policies(tx).await?;
                let max = limits::POLICIES_MAX;
                if all.iter().filter(|policy| !is_over(policy.state)).count() >= max || all.len() >= 500 {
                    return Err(Refusal::TooMany { what: "policies".to_owned(), max }.into());
                }
                let (id, state) = (self.ids.make(), PolicyState::Proposed);
                let (confirmed_by, confirmed_at) = (None, None);
                let terms = *terms;
                (1, Policy { id, state, terms, proposed_by: by, proposed_at: at, confirmed_by, confirmed_at })
            }
            ProposePolicy::End(id) => {
                let (version, policy) = known(tx, id).await?;
                if policy.state != PolicyState::Active {
                    return Err(Refusal::PolicyState { state: name(policy.state) }.into());
                }
                let (state, proposed_by, proposed_at) = (PolicyState::Ending, by, at);
                (
                    version + 1,
                    Policy { state, proposed_by, proposed_at, confirmed_by: None, confirmed_at: None, ..policy },
                )
            }
        };
        store::put_policy(tx, version, &policy).await?;
        Ok(policy)
    }

    pub(crate) async fn confirm(&self, ctx: &Ctx, command: ConfirmPolicy) -> Result<Policy, PaymentsError> {
        access::check(ctx, WORD, "change", None)?;
        access::check_fresh(ctx, self.clock.now(), limits::PROOF_SECONDS)?;
        let turn = self.once.begin(ctx, "confirm_policy", &command).await?;
        let tx = self.db.begin().await?;
        if let Some(id) = turn.again::<PolicyId>(&tx).await? {
            return Ok(known(&tx, id).await?.1);
        }
        match self.confirmed(&tx, ctx, &command).await {
            Ok(policy) => {
                turn.made(&tx, &policy.id).await?;
                tx.commit().await?;
                Ok(policy)
            }
            Err(error) => Err(turn.refused(tx, error).await),
        }
    }

    async fn confirmed(&self, tx: &Tx, ctx: &Ctx, command: &ConfirmPolicy) -> Result<Policy, PaymentsError> {
        tx.one_at_a_time().await?;
        let (version, mut policy) = known(tx, command.policy).await?;
        let state = match (policy.state, command.confirm) {
            (PolicyState::Proposed, true) | (PolicyState::Ending, false) => PolicyState::Active,
            (PolicyState::Proposed, false) => PolicyState::Refused,
            (PolicyState::Ending, true) => PolicyState::Ended,
            (state, _) => return Err(Refusal::PolicyState { state: name(state) }.into()),
        };
        if *ctx.principal.subject == *policy.proposed_by {
            return Err(Refusal::OwnWork.into());
        }
        policy.state = state;
        policy.confirmed_by = Some(ctx.principal.subject.to_string());
        policy.confirmed_at = Some(self.clock.now());
        store::put_policy(tx, version + 1, &policy).await?;
        Ok(policy)
    }
}

fn name(state: PolicyState) -> String {
    <&str>::from(state).to_owned()
}

fn is_over(state: PolicyState) -> bool {
    matches!(state, PolicyState::Ended | PolicyState::Refused)
}

async fn known(tx: &Tx, id: PolicyId) -> Result<(i64, Policy), PaymentsError> {
    let policy = store::policy_of(tx, id).await?;
    policy.ok_or_else(|| Refusal::PolicyUnknown { policy: id.to_string() }.into())
}

/// What serde cannot see.
fn check(terms: &PolicyTerms) -> Result<(), Refusal> {
    let bad = |field: &str, expected: &str| {
        Err(Refusal::FieldInvalid { field: field.to_owned(), expected: expected.to_owned() })
    };
    crate::create::short(Some(&terms.name), "name")?;
    let currency = terms.from_amount.currency();
    if terms.from_amount.minor() < 0 {
        return bad("from_amount", "zero or more");
    }
    if terms.approvals > limits::APPROVALS_MAX {
        return bad("approvals", "0 to 3");
    }
    let fits = |money: Money| money.currency() == currency && money.minor() > 0;
    let maxima = [
        ("payment_max", terms.payment_max),
        ("day_max", terms.day_max),
        ("month_max", terms.month_max),
        ("fee.amount", terms.fee.as_ref().map(|fee| fee.amount)),
    ];
    let own = terms.approver_limits.iter().map(|limit| ("approver_limits.max", Some(limit.max)));
    for (field, money) in maxima.into_iter().chain(own) {
        if money.is_some_and(|money| !fits(money)) {
            return bad(field, "an amount above zero in the currency of from_amount");
        }
    }
    if terms.approver_limits.len() > 100 {
        return bad("approver_limits", "at most 100 people");
    }
    Ok(())
}
