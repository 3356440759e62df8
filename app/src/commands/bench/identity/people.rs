//! The users who log in, created as an operator does it: each gets a one-time password and chooses another.

use std::sync::Arc;

use serde_json::{Value, json};

use super::visitor::{BACK, CLIENT, Person, Visitor};
use crate::commands::bench::server::Server;
use crate::failure::Failure;

const PASSWORD: &str = "lantern-quarry-58-teal";
/// How many are created at the same time.
const MAKING: usize = 8;

/// Registers the application, and creates `count` users who have all logged in once.
pub(super) async fn make(server: &Arc<Server>, count: usize) -> Result<Vec<Visitor>, Failure> {
    let application = json!({
        "id": CLIENT, "name": "Benchmark", "kind": "public", "first_party": true,
        "redirect_uris": [BACK], "scopes": ["openid", "offline_access", "read:accounts"]
    });
    server.connect().await?.post("/v1/identity/clients", application).await?;
    let mut people = Vec::with_capacity(count);
    let mut making = tokio::task::JoinSet::new();
    for number in 0..count {
        if making.len() == MAKING {
            people.extend(one_made(&mut making).await?);
        }
        making.spawn(person(Arc::clone(server), number));
    }
    while let Some(person) = one_made(&mut making).await? {
        people.push(person);
    }
    if let Some(person) = people.first_mut() {
        person.try_wrong_password().await?;
    }
    Ok(people)
}

async fn one_made(making: &mut tokio::task::JoinSet<Result<Visitor, Failure>>) -> Result<Option<Visitor>, Failure> {
    making.join_next().await.transpose()?.transpose()
}

async fn person(server: Arc<Server>, number: usize) -> Result<Visitor, Failure> {
    let username = format!("person-{number}");
    let mut connection = server.connect().await?;
    let made = connection.post("/v1/identity/users", json!({ "username": username, "roles": ["customer"] })).await?;
    let text = |at: &str| made.pointer(at).and_then(Value::as_str).map(str::to_owned);
    let (Some(subject), Some(once)) = (text("/user/id"), text("/one_time_password")) else {
        return Err(Failure::new(format!("the reply for a new user has no id or no password: {made}")));
    };
    let address = format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255);
    let mut visitor = Visitor::new(connection, Person { username, subject, address, password: PASSWORD });
    visitor.replace(&once).await?;
    Ok(visitor)
}
