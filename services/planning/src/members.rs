//! Members: inviting, accepting, leaving and removing.

use kernel::Ctx;
use planning_api::*;
use platform::access;
use platform::db::Tx;

use crate::households::subject;
use crate::reach::{household_unknown, reach, too_many};
use crate::service::{Begun, Inner, Made};
use crate::store::household;

impl Inner {
    pub(crate) async fn invite(&self, ctx: &Ctx, command: Invite) -> Result<Household, PlanningError> {
        access::owner_term(ctx, "households", "change")?;
        subject("subject", &command.subject)?;
        let change = match self.begin::<i64>(ctx, "invite_household_member", &command).await? {
            Begun::Again(_) => return self.household(ctx, "change", command.household).await,
            Begun::First(change) => change,
        };
        let made = self.invited(ctx, &change.tx, &command).await;
        self.end(change, made).await?;
        self.household(ctx, "change", command.household).await
    }

    async fn invited(&self, ctx: &Ctx, tx: &Tx, command: &Invite) -> Made<i64> {
        let id = command.household;
        reach(ctx, tx, ("households", "change"), Some(id), household_unknown(id)).await?.owning()?;
        let members = household::members(tx, id).await?;
        if let Some(known) = members.iter().find(|member| member.subject == command.subject) {
            let standing: &str = known.standing.into();
            return Err(Refusal::MemberKnown { subject: known.subject.clone(), standing: standing.to_owned() }.into());
        }
        if members.len() >= limits::MEMBERS_MAX {
            return Err(too_many("members", limits::MEMBERS_MAX));
        }
        let Invite { subject, role, .. } = command.clone();
        let member = Member { subject, role, standing: Standing::Invited, since: self.now() };
        household::put_member(tx, id, &member).await?;
        Ok((0, Vec::new()))
    }

    pub(crate) async fn accept(&self, ctx: &Ctx, id: HouseholdId) -> Result<Household, PlanningError> {
        access::owner_term(ctx, "households", "join")?;
        let change = match self.begin::<i64>(ctx, "accept_invitation", &id).await? {
            Begun::Again(_) => return self.household(ctx, "join", id).await,
            Begun::First(change) => change,
        };
        let made = self.accepted(ctx, &change.tx, id).await;
        self.end(change, made).await?;
        self.household(ctx, "join", id).await
    }

    async fn accepted(&self, ctx: &Ctx, tx: &Tx, id: HouseholdId) -> Made<i64> {
        let subject = &ctx.principal.subject;
        let own = household::member_of(tx, id, subject).await?;
        // A household is not revealed to people who were not invited.
        let own = own.ok_or_else(|| household_unknown(id))?;
        if own.standing == Standing::Active {
            let standing: &str = own.standing.into();
            return Err(Refusal::MemberKnown { subject: own.subject, standing: standing.to_owned() }.into());
        }
        household::put_member(tx, id, &Member { standing: Standing::Active, since: self.now(), ..own }).await?;
        Ok((0, Vec::new()))
    }

    pub(crate) async fn remove_member(&self, ctx: &Ctx, command: RemoveMember) -> Result<(), PlanningError> {
        access::owner_term(ctx, "households", "change")?;
        let change = match self.begin::<i64>(ctx, "remove_household_member", &command).await? {
            Begun::Again(_) => return Ok(()),
            Begun::First(change) => change,
        };
        let made = self.removed_member(ctx, &change.tx, &command).await;
        self.end(change, made).await.map(drop)
    }

    async fn removed_member(&self, ctx: &Ctx, tx: &Tx, command: &RemoveMember) -> Made<i64> {
        let RemoveMember { household: id, subject } = command;
        let found = household::member_of(tx, *id, subject).await?;
        let is_own = *subject == *ctx.principal.subject && found.is_some();
        if !is_own {
            reach(ctx, tx, ("households", "change"), Some(*id), household_unknown(*id)).await?.owning()?;
        }
        let found = found.ok_or_else(|| Refusal::MemberUnknown { subject: subject.clone() })?;
        let others = household::members(tx, *id).await?;
        let mut others =
            others.iter().filter(|member| member.subject != *subject && member.standing == Standing::Active);
        let is_owner = found.role == Role::Owner && found.standing == Standing::Active;
        let has_others = others.clone().next().is_some();
        if is_owner && has_others && !others.any(|member| member.role == Role::Owner) {
            return Err(Refusal::LastOwner { subject: subject.clone() }.into());
        }
        household::remove_member(tx, *id, subject).await?;
        Ok((0, Vec::new()))
    }
}
