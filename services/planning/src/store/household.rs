//! Households, members and persons.

use kernel::{Currency, Timestamp};
use planning_api::{HouseholdId, Invitation, Member, Role, Standing};
use platform::db::{DbError, Row, Tx, Value};

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[
    HOUSEHOLD_ADD,
    HOUSEHOLD_GET,
    HOUSEHOLD_LIST,
    HOUSEHOLD_LIST_OWN,
    MEMBER_PUT,
    MEMBER_GET,
    MEMBER_LIST,
    MEMBER_OF_SUBJECT,
    MEMBER_REMOVE,
    MEMBER_REMOVE_ALL,
    PERSON_ADD,
    PERSON_LIST,
    PERSON_REMOVE,
];

const HOUSEHOLD_ADD: &str = "
insert into household (id, subject, currency, sealed, created_at)
values ($1, $2, $3, $4, $5)";

const HOUSEHOLD_GET: &str = "
select id, subject, currency, sealed, created_at
from household
where id = $1";

const HOUSEHOLD_LIST: &str = "
select id, subject, currency, sealed, created_at
from household
order by id
limit 500";

const HOUSEHOLD_LIST_OWN: &str = "
select h.id, h.subject, h.currency, h.sealed, h.created_at
from member m
join household h on h.id = m.household
where m.subject = $1
    and m.standing = 'active'
order by h.id
limit 500";

const MEMBER_PUT: &str = "
insert into member (household, subject, role, standing, since)
values ($1, $2, $3, $4, $5)
on conflict (household, subject) do update
set role = excluded.role, standing = excluded.standing, since = excluded.since";

const MEMBER_GET: &str = "
select subject, role, standing, since, household
from member
where household = $1
    and subject = $2";

const MEMBER_LIST: &str = "
select subject, role, standing, since, household
from member
where household = $1
order by since, subject
limit 100";

const MEMBER_OF_SUBJECT: &str = "
select subject, role, standing, since, household
from member
where subject = $1
order by household
limit 500";

const MEMBER_REMOVE: &str = "
delete from member
where household = $1
    and subject = $2";

const MEMBER_REMOVE_ALL: &str = "
delete from member
where subject = $1";

const PERSON_ADD: &str = "
insert into person (household, place, subject, sealed)
values ($1, $2, $3, $4)";

const PERSON_LIST: &str = "
select place, subject, sealed
from person
where household = $1
order by place
limit 100";

const PERSON_REMOVE: &str = "
delete from person
where household = $1";

#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) id: HouseholdId,
    /// Whose key seals its name.
    pub(crate) subject: String,
    pub(crate) currency: Currency,
    pub(crate) sealed: Vec<u8>,
    pub(crate) created_at: Timestamp,
}

fn read(row: &Row) -> Result<Stored, DbError> {
    Ok(Stored {
        id: super::id(row, 0)?,
        subject: row.text(1)?.to_owned(),
        currency: super::currency(row, 2)?,
        sealed: row.bytes(3)?.to_vec(),
        created_at: Timestamp::from_micros(row.int(4)?),
    })
}

fn member(row: &Row) -> Result<Member, DbError> {
    Ok(Member {
        subject: row.text(0)?.to_owned(),
        role: super::name(row, 1)?,
        standing: super::name(row, 2)?,
        since: Timestamp::from_micros(row.int(3)?),
    })
}

pub(crate) async fn add(tx: &Tx, one: &Stored) -> Result<(), DbError> {
    let (id, currency) = (one.id.to_bytes(), super::currency_text(one.currency));
    let values = [
        Value::Bytes(&id),
        Value::Text(&one.subject),
        Value::Text(&currency),
        Value::Bytes(&one.sealed),
        Value::Int(one.created_at.micros()),
    ];
    tx.execute(HOUSEHOLD_ADD, &values).await.map(drop)
}

pub(crate) async fn of_id(tx: &Tx, id: HouseholdId) -> Result<Option<Stored>, DbError> {
    tx.query(HOUSEHOLD_GET, &[Value::Bytes(&id.to_bytes())]).await?.first().map(read).transpose()
}

/// All, or those of an active member.
pub(crate) async fn list(tx: &Tx, subject: Option<&str>) -> Result<Vec<Stored>, DbError> {
    let rows = match subject {
        Some(subject) => tx.query(HOUSEHOLD_LIST_OWN, &[Value::Text(subject)]).await?,
        None => tx.query(HOUSEHOLD_LIST, &[]).await?,
    };
    rows.iter().map(read).collect()
}

pub(crate) async fn put_member(tx: &Tx, household: HouseholdId, one: &Member) -> Result<(), DbError> {
    let id = household.to_bytes();
    let (role, standing): (&str, &str) = (one.role.into(), one.standing.into());
    let values = [
        Value::Bytes(&id),
        Value::Text(&one.subject),
        Value::Text(role),
        Value::Text(standing),
        Value::Int(one.since.micros()),
    ];
    tx.execute(MEMBER_PUT, &values).await.map(drop)
}

pub(crate) async fn member_of(tx: &Tx, household: HouseholdId, subject: &str) -> Result<Option<Member>, DbError> {
    let values = [Value::Bytes(&household.to_bytes()), Value::Text(subject)];
    tx.query(MEMBER_GET, &values).await?.first().map(member).transpose()
}

/// The longest ones first.
pub(crate) async fn members(tx: &Tx, household: HouseholdId) -> Result<Vec<Member>, DbError> {
    tx.query(MEMBER_LIST, &[Value::Bytes(&household.to_bytes())]).await?.iter().map(member).collect()
}

pub(crate) async fn invitations(tx: &Tx, subject: &str) -> Result<Vec<Invitation>, DbError> {
    let mut found = Vec::new();
    for row in &tx.query(MEMBER_OF_SUBJECT, &[Value::Text(subject)]).await? {
        let Member { role, standing, since, .. } = member(row)?;
        if standing == Standing::Invited {
            found.push(Invitation { household: super::id(row, 4)?, role, since });
        }
    }
    Ok(found)
}

/// The households of a subject with its role there, invitations included.
pub(crate) async fn memberships(tx: &Tx, subject: &str) -> Result<Vec<(HouseholdId, Role)>, DbError> {
    let rows = tx.query(MEMBER_OF_SUBJECT, &[Value::Text(subject)]).await?;
    rows.iter().map(|row| Ok((super::id(row, 4)?, member(row)?.role))).collect()
}

pub(crate) async fn remove_member(tx: &Tx, household: HouseholdId, subject: &str) -> Result<(), DbError> {
    tx.execute(MEMBER_REMOVE, &[Value::Bytes(&household.to_bytes()), Value::Text(subject)]).await.map(drop)
}

pub(crate) async fn remove_everywhere(tx: &Tx, subject: &str) -> Result<(), DbError> {
    tx.execute(MEMBER_REMOVE_ALL, &[Value::Text(subject)]).await.map(drop)
}

pub(crate) async fn add_person(
    tx: &Tx,
    household: HouseholdId,
    place: i64,
    subject: &str,
    sealed: &[u8],
) -> Result<(), DbError> {
    let id = household.to_bytes();
    let values = [Value::Bytes(&id), Value::Int(place), Value::Text(subject), Value::Bytes(sealed)];
    tx.execute(PERSON_ADD, &values).await.map(drop)
}

/// Place, subject and what is sealed.
pub(crate) async fn persons(tx: &Tx, household: HouseholdId) -> Result<Vec<(i64, String, Vec<u8>)>, DbError> {
    let rows = tx.query(PERSON_LIST, &[Value::Bytes(&household.to_bytes())]).await?;
    rows.iter().map(|row| Ok((row.int(0)?, row.text(1)?.to_owned(), row.bytes(2)?.to_vec()))).collect()
}

pub(crate) async fn remove_persons(tx: &Tx, household: HouseholdId) -> Result<(), DbError> {
    tx.execute(PERSON_REMOVE, &[Value::Bytes(&household.to_bytes())]).await.map(drop)
}
