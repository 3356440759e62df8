//! The tables `role` and `policy`, and the built-in roles and policies.

use access::{Policy, Role, Vocabulary, built_in_policies};
use kernel::Permission;
use platform::db::{DbError, Row, Tx, Value};

const ROLES: &str = "
select name, description, permissions
from role
order by name";

const ROLE_PUT: &str = "
insert into role (name, description, permissions)
values ($1, $2, $3)
on conflict (name) do update
set description = excluded.description, permissions = excluded.permissions";

const ROLE_REMOVE: &str = "
delete from role
where name = $1";

const PEOPLE_WITH_ROLE: &str = "
select count(*)
from person_role
where role = $1";

const CLIENT_ROLES: &str = "
select roles
from client";

const POLICIES: &str = "
select id, description, text, enabled
from policy
order by id";

const POLICY_PUT: &str = "
insert into policy (id, description, text, enabled)
values ($1, $2, $3, $4)
on conflict (id) do update
set description = excluded.description, text = excluded.text, enabled = excluded.enabled";

const POLICY_REMOVE: &str = "
delete from policy
where id = $1";

pub(super) const PEOPLE_AFTER: &str = "
select page.id, page.username, page.subject, page.kind, person_role.role
from (select id, username, subject, kind from person where id > $1 order by id limit $2) page
left join person_role on person_role.person = page.id
order by page.id, person_role.role";

pub(super) const CLIENTS: &str = "
select id, kind, scopes, roles
from client
order by id";

#[cfg(test)]
pub(crate) const SQL: &[&str] = &[
    ROLES,
    ROLE_PUT,
    ROLE_REMOVE,
    PEOPLE_WITH_ROLE,
    CLIENT_ROLES,
    POLICIES,
    POLICY_PUT,
    POLICY_REMOVE,
    PEOPLE_AFTER,
    CLIENTS,
];

/// Built-in ones first.
pub(crate) async fn all_roles(words: &Vocabulary, tx: &Tx) -> Result<Vec<Role>, DbError> {
    let mut roles = words.built_in_roles();
    roles.extend(added_roles(tx).await?);
    Ok(roles)
}

pub(super) async fn added_roles(tx: &Tx) -> Result<Vec<Role>, DbError> {
    tx.query(ROLES, &[]).await?.iter().map(role).collect()
}

fn role(row: &Row) -> Result<Role, DbError> {
    let permissions: Vec<Permission> = list(row.text(2)?)?;
    Ok(Role { name: row.text(0)?.to_owned(), description: row.text(1)?.to_owned(), permissions, built_in: false })
}

pub(super) async fn role_put(tx: &Tx, role: &Role) -> Result<(), DbError> {
    let permissions = serde_json::to_string(&role.permissions).map_err(|error| DbError::shape(error.to_string()))?;
    let values = [Value::Text(&role.name), Value::Text(&role.description), Value::Text(&permissions)];
    tx.execute(ROLE_PUT, &values).await.map(drop)
}

pub(super) async fn role_remove(tx: &Tx, name: &str) -> Result<(), DbError> {
    tx.execute(ROLE_REMOVE, &[Value::Text(name)]).await.map(drop)
}

/// Users and clients that have the role.
pub(super) async fn role_holders(tx: &Tx, name: &str) -> Result<u64, DbError> {
    let rows = tx.query(PEOPLE_WITH_ROLE, &[Value::Text(name)]).await?;
    let people = rows.first().ok_or_else(|| DbError::shape("a count has no row"))?.int(0)?;
    let mut holders = people.unsigned_abs();
    for row in tx.query(CLIENT_ROLES, &[]).await? {
        let roles: Vec<String> = list(row.text(0)?)?;
        holders += u64::from(roles.iter().any(|role| role == name));
    }
    Ok(holders)
}

/// Built-in ones first.
pub(crate) async fn all_policies(tx: &Tx) -> Result<Vec<Policy>, DbError> {
    let mut policies = built_in_policies();
    policies.extend(added_policies(tx).await?);
    Ok(policies)
}

pub(super) async fn added_policies(tx: &Tx) -> Result<Vec<Policy>, DbError> {
    tx.query(POLICIES, &[]).await?.iter().map(policy).collect()
}

fn policy(row: &Row) -> Result<Policy, DbError> {
    let [id, description, text] = [0, 1, 2].map(|column| row.text(column).map(str::to_owned));
    Ok(Policy { id: id?, description: description?, text: text?, enabled: row.int(3)? == 1, built_in: false })
}

pub(super) async fn policy_put(tx: &Tx, policy: &Policy) -> Result<(), DbError> {
    let Policy { id, description, text, enabled, .. } = policy;
    let values = [Value::Text(id), Value::Text(description), Value::Text(text), Value::Int(i64::from(*enabled))];
    tx.execute(POLICY_PUT, &values).await.map(drop)
}

pub(super) async fn policy_remove(tx: &Tx, id: &str) -> Result<(), DbError> {
    tx.execute(POLICY_REMOVE, &[Value::Text(id)]).await.map(drop)
}

/// A list is stored as JSON.
pub(super) fn list<T: serde::de::DeserializeOwned>(text: &str) -> Result<Vec<T>, DbError> {
    serde_json::from_str(text).map_err(|error| DbError::shape(error.to_string()))
}
