//! Rules of people, and profiles of CSV files.

use banking_api::{Layout, Profile, Rule, RuleId};
use platform::db::{DbError, Row, Tx, Value};

#[cfg(test)]
pub(crate) const SQL: &[&str] =
    &[RULE_LAST, RULE_ADD, RULE_LIST, RULE_OF_ID, RULE_REMOVE, PROFILE_PUT, PROFILE_LIST, PROFILE_GET];

const RULE_LAST: &str = "
select cast(coalesce(max(seq), 0) as BIGINT)
from rule";

const RULE_ADD: &str = "
insert into rule (seq, id, subject, terms)
values ($1, $2, $3, $4)";

const RULE_LIST: &str = "
select id, terms
from rule
where subject = $1
order by seq
limit 500";

const RULE_OF_ID: &str = "
select id, terms
from rule
where subject = $1
    and id = $2";

const RULE_REMOVE: &str = "
delete from rule
where subject = $1
    and id = $2";

const PROFILE_PUT: &str = "
insert into profile (subject, name, layout)
values ($1, $2, $3)
on conflict (subject, name) do update set layout = excluded.layout";

const PROFILE_LIST: &str = "
select name, layout
from profile
where subject = $1
order by name
limit 500";

const PROFILE_GET: &str = "
select name, layout
from profile
where subject = $1
    and name = $2";

fn rule(row: &Row) -> Result<Rule, DbError> {
    Ok(Rule { id: super::id(row, 0)?, terms: super::json(row, 1)? })
}

fn profile(row: &Row) -> Result<Profile, DbError> {
    Ok(Profile { name: row.text(0)?.to_owned(), layout: super::json(row, 1)? })
}

pub(crate) async fn add_rule(tx: &Tx, subject: &str, rule: &Rule) -> Result<(), DbError> {
    let seq = tx.query(RULE_LAST, &[]).await?.first().map_or(Ok(0), |row| row.int(0))? + 1;
    let (id, terms) = (rule.id.to_bytes(), super::json_text(&rule.terms)?);
    let values = [Value::Int(seq), Value::Bytes(&id), Value::Text(subject), Value::Text(&terms)];
    tx.execute(RULE_ADD, &values).await.map(drop)
}

/// In the order in which they count.
pub(crate) async fn rules(tx: &Tx, subject: &str) -> Result<Vec<Rule>, DbError> {
    tx.query(RULE_LIST, &[Value::Text(subject)]).await?.iter().map(rule).collect()
}

pub(crate) async fn rule_of(tx: &Tx, subject: &str, id: RuleId) -> Result<Option<Rule>, DbError> {
    let values = [Value::Text(subject), Value::Bytes(&id.to_bytes())];
    tx.query(RULE_OF_ID, &values).await?.first().map(rule).transpose()
}

pub(crate) async fn remove_rule(tx: &Tx, subject: &str, id: RuleId) -> Result<bool, DbError> {
    Ok(tx.execute(RULE_REMOVE, &[Value::Text(subject), Value::Bytes(&id.to_bytes())]).await? == 1)
}

pub(crate) async fn put_profile(tx: &Tx, subject: &str, name: &str, layout: &Layout) -> Result<(), DbError> {
    let layout = super::json_text(layout)?;
    tx.execute(PROFILE_PUT, &[Value::Text(subject), Value::Text(name), Value::Text(&layout)]).await.map(drop)
}

pub(crate) async fn profiles(tx: &Tx, subject: &str) -> Result<Vec<Profile>, DbError> {
    tx.query(PROFILE_LIST, &[Value::Text(subject)]).await?.iter().map(profile).collect()
}

pub(crate) async fn profile_of(tx: &Tx, subject: &str, name: &str) -> Result<Option<Profile>, DbError> {
    tx.query(PROFILE_GET, &[Value::Text(subject), Value::Text(name)]).await?.first().map(profile).transpose()
}
