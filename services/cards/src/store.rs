//! The tables of cards: every SQL text, and the migrations.

mod cards;
mod lists;

use std::sync::Arc;

use platform::db::{Column, DbError, Migration, Row, RowSet, Tx};
use platform::lane::Groups;
use serde::de::DeserializeOwned;

use crate::authorization::{AuthorizationId, StepId};
use crate::programme::{Programme, ProgrammeId};
use crate::record::{Record, StepRecord};

pub(crate) use cards::{
    add_card, block_account, card_by_token, card_of, card_of_token, cards_of_owner, change_card, programme_list,
    programme_of, put_programme,
};
pub(crate) use lists::{authorizations_of_card, due, expired_holds, forget_usage, note_expired, request_of, steps_of};

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "cards", sql: include_str!("../migrations/0001_cards.sql") },
    Migration { version: 2, name: "settlements", sql: include_str!("../migrations/0002_settlements.sql") },
    Migration { version: 3, name: "labels", sql: include_str!("../migrations/0003_labels.sql") },
    Migration { version: 4, name: "legacy", sql: include_str!("../migrations/0004_legacy.sql") },
];

pub(crate) static PROGRAMMES: RowSet =
    RowSet::new("programme", &[("id", "bytea"), ("version", "bigint"), ("body", "text")]);

pub(crate) static CARDS_BY_TOKEN: RowSet = RowSet::new(
    "card",
    &[("token", "bytea"), ("id", "bytea"), ("blocked", "smallint"), ("side", "smallint"), ("body", "text")],
);

pub(crate) static USAGE: RowSet =
    RowSet::adding("card_usage", 2, &[("card", "bytea"), ("day", "bigint"), ("amount", "bigint"), ("count", "bigint")]);

pub(crate) static REQUESTS: RowSet = RowSet::new(
    "card_request",
    &[("key", "bytea"), ("command", "bytea"), ("authorization_id", "bytea"), ("step", "bytea")],
);

pub(crate) static AUTHORIZATIONS: RowSet =
    RowSet::new("card_authorization", &[("id", "bytea"), ("card", "bytea"), ("due_at", "bigint"), ("body", "text")]);

pub(crate) static STEPS: RowSet = RowSet::new(
    "card_step",
    &[
        ("id", "bytea"),
        ("authorization_id", "bytea"),
        ("programme", "bytea"),
        ("day", "bigint"),
        ("owed", "bigint"),
        ("body", "text"),
    ],
);

pub(crate) const GROUPS: Groups = Groups {
    last: "
select number, at, fingerprint
from card_group
order by number desc
limit 1",
    find: "
select fingerprint
from card_group
where number = $1",
    add: "
insert into card_group (number, at, fingerprint)
values ($1, $2, $3)",
    remove: "
delete from card_group
where number < $1",
};

pub(crate) const EXPIRED_REMOVE: &str = "
delete from hold_expired
where authorization_id = $1";

const PROGRAMME_VERSIONS: &str = "
select id, version
from programme";

#[cfg(test)]
pub(crate) fn all_sql() -> impl Iterator<Item = &'static str> {
    let own: &[&str] = &[EXPIRED_REMOVE, PROGRAMME_VERSIONS];
    [own, cards::SQL, lists::SQL, crate::settle::SQL, crate::label::SQL, crate::legacy::rows::SQL]
        .into_iter()
        .flatten()
        .copied()
        .chain(GROUPS.statements())
}

/// Brings the known programmes up to date; only changed ones are read.
pub(crate) async fn programmes(tx: &Tx, known: &mut Vec<Arc<Programme>>) -> Result<(), DbError> {
    let mut changed = Vec::new();
    for row in tx.query(PROGRAMME_VERSIONS, &[]).await? {
        let (id, version) = (ProgrammeId::from_bytes(row.array(0)?), row.int(1)?);
        if !known.iter().any(|one| one.id == id && one.version == version) {
            changed.push(id.to_bytes());
        }
    }
    for row in tx.select_many(&PROGRAMMES, Column::Id(&changed)).await? {
        let programme: Programme = body(&row, 2)?;
        known.retain(|one| one.id != programme.id);
        known.push(Arc::new(programme));
    }
    Ok(())
}

pub(crate) async fn records(tx: &Tx, ids: &[AuthorizationId]) -> Result<Vec<Record>, DbError> {
    let ids: Vec<[u8; 16]> = ids.iter().map(|id| id.to_bytes()).collect();
    tx.select_many(&AUTHORIZATIONS, Column::Id(&ids)).await?.iter().map(|row| body(row, 3)).collect()
}

pub(crate) async fn record(tx: &Tx, id: AuthorizationId) -> Result<Option<Record>, DbError> {
    Ok(records(tx, &[id]).await?.pop())
}

pub(crate) async fn step_records(tx: &Tx, ids: &[StepId]) -> Result<Vec<StepRecord>, DbError> {
    let ids: Vec<[u8; 16]> = ids.iter().map(|id| id.to_bytes()).collect();
    tx.select_many(&STEPS, Column::Id(&ids)).await?.iter().map(|row| body(row, 5)).collect()
}

pub(crate) fn body<T: DeserializeOwned>(row: &Row, column: usize) -> Result<T, DbError> {
    serde_json::from_str(row.text(column)?).map_err(|error| DbError::shape(format!("a row's body: {error}")))
}

pub(crate) fn json(value: &impl serde::Serialize) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|error| DbError::shape(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn every_statement_is_valid_on_both_engines() {
        testkit::for_each_engine(async |store| {
            let db = store.open().await;
            platform::room::migrate(&crate::ROOM, &db).await.unwrap();
            let tx = db.read().await.unwrap();
            for sql in all_sql() {
                tx.prepare(sql).await.unwrap();
            }
            let differences = &crate::legacy::rows::DIFFERENCES;
            for set in [&PROGRAMMES, &CARDS_BY_TOKEN, &USAGE, &REQUESTS, &AUTHORIZATIONS, &STEPS, differences] {
                tx.prepare_set(set).await.unwrap();
            }
        })
        .await;
    }
}
