//! Households and their persons: creating, reading, and erasing a subject.

use kernel::Ctx;
use planning_api::*;
use platform::access;
use platform::db::Tx;

use crate::event;
use crate::reach::{Reach, household_unknown, name, reach, too_many};
use crate::service::{Begun, Inner, Made};
use crate::simulation::AGE_MAX;
use crate::store::household::{self, Stored};

const SUBJECT_CHARS_MAX: usize = 128;

impl Inner {
    pub(crate) async fn create_household(
        &self,
        ctx: &Ctx,
        command: CreateHousehold,
    ) -> Result<Household, PlanningError> {
        let own = access::owner_term(ctx, "households", "create")?;
        name("name", &command.name)?;
        self.check_persons(&command.persons)?;
        let owner = match (own, &command.owner) {
            (None, Some(named)) => named.clone(),
            (Some(own), _) => own.to_string(),
            (None, None) => ctx.principal.subject.to_string(),
        };
        subject("owner", &owner)?;
        let change = match self.begin::<HouseholdId>(ctx, "create_household", &command).await? {
            Begun::Again(id) => return self.household(ctx, "create", id).await,
            Begun::First(change) => change,
        };
        let made = self.created(&change.tx, &owner, &command).await;
        let id = self.end(change, made).await?;
        self.household(ctx, "create", id).await
    }

    async fn created(&self, tx: &Tx, owner: &str, command: &CreateHousehold) -> Made<HouseholdId> {
        if household::list(tx, Some(owner)).await?.len() >= limits::HOUSEHOLDS_MAX {
            return Err(too_many("households", limits::HOUSEHOLDS_MAX));
        }
        let (id, now) = (self.ids.make(), self.now());
        let sealed = self.sealer(tx, owner).await?.seal(&HouseholdId::to_bytes(id), &command.name)?;
        let stored = Stored { id, subject: owner.to_owned(), currency: command.currency, sealed, created_at: now };
        household::add(tx, &stored).await?;
        let member = Member { subject: owner.to_owned(), role: Role::Owner, standing: Standing::Active, since: now };
        household::put_member(tx, id, &member).await?;
        self.store_persons(tx, &stored, &command.persons).await?;
        Ok((id, Vec::new()))
    }

    fn check_persons(&self, persons: &[Person]) -> Result<(), PlanningError> {
        if persons.len() > limits::PERSONS_MAX {
            return Err(too_many("persons", limits::PERSONS_MAX));
        }
        let today = self.today().month();
        for (place, person) in persons.iter().enumerate() {
            let field = |field: &str| format!("persons[{place}].{field}");
            name(&field("name"), &person.name)?;
            if person.born > today {
                return Err(Refusal::BornLater { field: field("born") }.into());
            }
            let age = today.since(person.born) / 12;
            let is_possible = |until: u16| until <= AGE_MAX && i32::from(until) > age;
            if !person.until_age.is_none_or(is_possible) || age > i32::from(AGE_MAX) {
                return Err(Refusal::AgeInvalid { field: field("until_age") }.into());
            }
            let before_the_end = |at: u16| at <= person.until_age.unwrap_or(AGE_MAX) && at > 0;
            if !person.retires_at.is_none_or(before_the_end) {
                return Err(Refusal::AgeInvalid { field: field("retires_at") }.into());
            }
            if let Some(named) = &person.subject {
                subject(&field("subject"), named)?;
            }
        }
        Ok(())
    }

    async fn store_persons(&self, tx: &Tx, household: &Stored, persons: &[Person]) -> Result<(), PlanningError> {
        for (place, person) in (0..).zip(persons) {
            let subject = person.subject.as_deref().unwrap_or(&household.subject);
            let sealed = self.sealer(tx, subject).await?.seal(&of_person(household.id, place), person)?;
            household::add_person(tx, household.id, place, subject, &sealed).await?;
        }
        Ok(())
    }

    pub(crate) async fn put_persons(&self, ctx: &Ctx, command: PutPersons) -> Result<Household, PlanningError> {
        access::owner_term(ctx, "households", "change")?;
        self.check_persons(&command.persons)?;
        let change = match self.begin::<i64>(ctx, "put_household_persons", &command).await? {
            Begun::Again(_) => return self.household(ctx, "change", command.household).await,
            Begun::First(change) => change,
        };
        let made = self.replaced_persons(ctx, &change.tx, &command).await;
        self.end(change, made).await?;
        self.household(ctx, "change", command.household).await
    }

    async fn replaced_persons(&self, ctx: &Ctx, tx: &Tx, command: &PutPersons) -> Made<i64> {
        let id = command.household;
        let found = reach(ctx, tx, ("households", "change"), Some(id), household_unknown(id)).await?.changing()?;
        household::remove_persons(tx, id).await?;
        self.store_persons(tx, &found.household, &command.persons).await?;
        Ok((0, Vec::new()))
    }

    pub(crate) async fn household(
        &self,
        ctx: &Ctx,
        action: &'static str,
        id: HouseholdId,
    ) -> Result<Household, PlanningError> {
        let tx = self.db.read().await?;
        let Reach { household, .. } = reach(ctx, &tx, ("households", action), Some(id), household_unknown(id)).await?;
        self.shown_household(&tx, household).await
    }

    pub(crate) async fn households(&self, ctx: &Ctx) -> Result<HouseholdList, PlanningError> {
        let own = access::owner_term(ctx, "households", "read")?;
        let tx = self.db.read().await?;
        let mut items = Vec::new();
        for stored in household::list(&tx, own.as_deref()).await? {
            items.push(self.shown_household(&tx, stored).await?);
        }
        Ok(HouseholdList { items, invitations: household::invitations(&tx, &ctx.principal.subject).await? })
    }

    async fn shown_household(&self, tx: &Tx, stored: Stored) -> Result<Household, PlanningError> {
        let reader = self.keys.reader(tx, &stored.subject).await?;
        Ok(Household {
            id: stored.id,
            name: reader.unseal(&stored.id.to_bytes(), &stored.sealed)?,
            currency: stored.currency,
            members: household::members(tx, stored.id).await?,
            persons: self.persons(tx, stored.id).await?,
            created_at: stored.created_at,
        })
    }

    /// Those whose key is there.
    pub(crate) async fn persons(&self, tx: &Tx, id: HouseholdId) -> Result<Vec<Person>, PlanningError> {
        let mut persons = Vec::new();
        for (place, subject, sealed) in household::persons(tx, id).await? {
            let reader = self.keys.reader(tx, &subject).await?;
            persons.extend(reader.unseal(&of_person(id, place), &sealed)?);
        }
        Ok(persons)
    }

    /// The key goes, and with it everything that was sealed under it; so do memberships. A household without an owner gets
    /// the member who has been there longest.
    pub(crate) async fn erase(&self, ctx: &Ctx, command: EraseSubject) -> Result<(), PlanningError> {
        access::check(ctx, "households", "erase", Some(&command.subject))?;
        subject("subject", &command.subject)?;
        let tx = self.db.begin().await?;
        tx.one_at_a_time().await?;
        let households = household::memberships(&tx, &command.subject).await?;
        self.keys.destroy(&tx, &command.subject).await?;
        household::remove_everywhere(&tx, &command.subject).await?;
        for (id, role) in households {
            if role == Role::Owner {
                self.succeed(&tx, id).await?;
            }
        }
        self.commit(tx, vec![event::erased(&command.subject)]).await
    }

    async fn succeed(&self, tx: &Tx, id: HouseholdId) -> Result<(), PlanningError> {
        let members = household::members(tx, id).await?;
        let mut active: Vec<&Member> = members.iter().filter(|member| member.standing == Standing::Active).collect();
        if active.iter().any(|member| member.role == Role::Owner) {
            return Ok(());
        }
        active.sort_by_key(|member| !member.role.may_change());
        if let Some(next) = active.first() {
            household::put_member(tx, id, &Member { role: Role::Owner, ..(*next).clone() }).await?;
        }
        Ok(())
    }
}

/// What a person's row is sealed for.
fn of_person(household: HouseholdId, place: i64) -> Vec<u8> {
    [household.to_bytes().as_slice(), &place.to_be_bytes()].concat()
}

pub(crate) fn subject(field: &str, subject: &str) -> Result<(), Refusal> {
    let shaped =
        (1..=SUBJECT_CHARS_MAX).contains(&subject.len()) && subject.bytes().all(|byte| byte.is_ascii_graphic());
    if shaped { Ok(()) } else { Err(Refusal::field_invalid(field, "expected 1 to 128 visible ASCII characters")) }
}
