//! The rows that a group of commands needs.

use std::collections::BTreeSet;

use super::command::{Command, Target};
use crate::authorization::AuthorizationId;

/// What the commands of a group name.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) requests: Vec<[u8; 16]>,
    pub(super) records: BTreeSet<[u8; 16]>,
    pub(super) steps: BTreeSet<[u8; 16]>,
    pub(super) tokens: BTreeSet<[u8; 16]>,
    /// Authorizations whose cards are needed too.
    pub(super) stepped: Vec<AuthorizationId>,
}

impl Wanted {
    pub(super) fn of(commands: &[&Command]) -> Wanted {
        let mut wanted = Wanted::default();
        for command in commands {
            match command {
                Command::Intend(intent) => {
                    wanted.requests.push(intent.named.key);
                    wanted.tokens.extend(intent.token.map(|token| token.to_bytes()));
                }
                Command::Begin(beginning) => {
                    wanted.requests.push(beginning.named.key);
                    match beginning.target {
                        Target::Authorization(id) => {
                            wanted.records.insert(id.to_bytes());
                            wanted.stepped.push(id);
                        }
                        Target::Card(token, _) => wanted.tokens.extend([token.to_bytes()]),
                    }
                }
                Command::Conclude(conclusion) => wanted.records.extend([conclusion.id.to_bytes()]),
                Command::Finish(finishing) => {
                    wanted.records.insert(finishing.authorization.to_bytes());
                    wanted.steps.insert(finishing.step.to_bytes());
                }
                Command::Expired { authorization, .. } | Command::CleanedUp { authorization } => {
                    wanted.records.insert(authorization.to_bytes());
                }
            }
        }
        wanted
    }
}
