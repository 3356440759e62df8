//! Everybody whose decisions are compared: all users, and the programs that act for themselves.

use std::collections::BTreeSet;

use identity_api::ClientKind;
use kernel::{PrincipalKind, TokenScope};
use platform::db::{DbError, Row, Tx, Value};

use super::super::store::{self, list};

/// Users per read.
const PAGE: i64 = 1_000;

pub(super) struct Everybody {
    pub(super) all: Vec<Somebody>,
    /// Clients through which users act.
    pub(super) clients: Vec<String>,
}

pub(super) struct Somebody {
    pub(super) subject: String,
    pub(super) name: String,
    pub(super) kind: PrincipalKind,
    pub(super) roles: BTreeSet<String>,
    /// For a program: the scopes of its tokens.
    pub(super) scopes: Option<Vec<TokenScope>>,
}

pub(super) async fn everybody(tx: &Tx) -> Result<Everybody, DbError> {
    let mut everybody = Everybody { all: Vec::new(), clients: Vec::new() };
    clients(tx, &mut everybody).await?;
    let mut after = vec![0; 16];
    loop {
        let rows = tx.query(store::PEOPLE_AFTER, &[Value::Bytes(&after), Value::Int(PAGE)]).await?;
        let Some(last) = rows.last() else { return Ok(everybody) };
        after = last.bytes(0)?.to_vec();
        people(&rows, &mut everybody.all)?;
    }
}

/// One row per role of a user, and one for a user without any.
fn people(rows: &[Row], all: &mut Vec<Somebody>) -> Result<(), DbError> {
    let mut last: Option<&[u8]> = None;
    for row in rows {
        if last != Some(row.bytes(0)?) {
            last = Some(row.bytes(0)?);
            let kind = row.text(3)?;
            let kind = PrincipalKind::of_token(kind).ok_or_else(|| DbError::shape(format!("a person is {kind}")))?;
            let (name, subject) = (row.text(1)?.to_owned(), row.text(2)?.to_owned());
            all.push(Somebody { subject, name, kind, roles: BTreeSet::new(), scopes: None });
        }
        if let (Some(person), Some(role)) = (all.last_mut(), row.text_or_null(4)?) {
            person.roles.insert(role.to_owned());
        }
    }
    Ok(())
}

async fn clients(tx: &Tx, everybody: &mut Everybody) -> Result<(), DbError> {
    for row in tx.query(store::CLIENTS, &[]).await? {
        let id = row.text(0)?.to_owned();
        let kind: ClientKind = serde_json::from_value(row.text(1)?.into()).map_err(shape)?;
        if kind != ClientKind::Service {
            everybody.clients.push(id);
            continue;
        }
        let scopes: Vec<String> = list(row.text(2)?)?;
        let scopes = scopes.iter().filter_map(|scope| scope.parse().ok()).collect();
        let roles: Vec<String> = list(row.text(3)?)?;
        everybody.all.push(Somebody {
            subject: id.clone(),
            name: id,
            kind: PrincipalKind::Service,
            roles: roles.into_iter().collect(),
            scopes: Some(scopes),
        });
    }
    Ok(())
}

fn shape(error: serde_json::Error) -> DbError {
    DbError::shape(error.to_string())
}
