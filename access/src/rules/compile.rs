//! From policies as text to decisions: for each action, the policies that may concern it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use cedar_policy::{
    ActionConstraint, Authorizer, Effect, Entity, EntityId, EntityTypeName, EntityUid, Policy as Cedar, PolicyId,
    PolicySet, PrincipalConstraint, ValidationMode, Validator,
};
use kernel::Clock;

use super::RuleSet;
use super::built_in::built_in_policies;
use super::hours::{Hours, ZoneError};
use super::once::told_once;
use super::schema::Types;
use crate::{Policy, Vocabulary};

/// It contains text that an administrator wrote.
const DETAIL_LETTERS_MAX: usize = 1_000;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    #[error("policy {id}: {detail}")]
    Policy { id: String, detail: String },
    #[error(transparent)]
    Zone(#[from] ZoneError),
    #[error("the built-in schema of policies is invalid: {0}")]
    Product(String),
}

/// One action, and its policies.
pub(super) struct Action {
    pub(super) uid: EntityUid,
    pub(super) entity: Entity,
    pub(super) policies: PolicySet,
    forbidden: Kinds,
}

impl Action {
    /// Whether a policy may forbid it to a principal of this kind.
    pub(super) fn may_forbid(&self, kind: &EntityTypeName) -> bool {
        self.forbidden.0.as_ref().is_none_or(|kinds| kinds.contains(kind))
    }
}

/// Kinds of principals. `None`: every kind.
struct Kinds(Option<HashSet<EntityTypeName>>);

impl Kinds {
    /// Those to which one of the policies may forbid something.
    fn forbidden_by<'a>(policies: impl Iterator<Item = &'a Cedar>) -> Kinds {
        let forbidding = policies.filter(|policy| policy.effect() == Effect::Forbid);
        Kinds(forbidding.map(|policy| Kinds::named(policy.principal_constraint())).collect())
    }

    fn named(principal: PrincipalConstraint) -> Option<EntityTypeName> {
        match principal {
            PrincipalConstraint::Eq(one) => Some(one.type_name().clone()),
            PrincipalConstraint::Is(kind) | PrincipalConstraint::IsIn(kind, _) => Some(kind),
            // A group may have members of any kind.
            PrincipalConstraint::Any | PrincipalConstraint::In(_) => None,
        }
    }
}

pub(super) struct Selected {
    by_action: HashMap<&'static str, HashMap<&'static str, Action>>,
    read: Vec<Read>,
    action_type: EntityTypeName,
}

/// A policy and the actions and groups of actions it names. `None`: it concerns every action.
struct Read {
    policy: Cedar,
    names: Option<Vec<EntityUid>>,
}

impl RuleSet {
    /// The built-in policies and the enabled ones of `policies`. All of them must be valid: a silently omitted rule
    /// protects nothing.
    pub fn compile(
        policies: &[Policy],
        zone: &str,
        words: &Vocabulary,
        clock: Arc<dyn Clock>,
    ) -> Result<RuleSet, RuleError> {
        let types = Types::new().map_err(RuleError::Product)?;
        let mut read = Vec::new();
        for own in built_in_policies() {
            read.push(Read::of(parsed(&own.id, &own.text)?));
        }
        for added in policies.iter().filter(|policy| policy.enabled && !policy.built_in) {
            read.push(Read::of(narrowing(&added.id, &added.text)?));
        }
        let selected = Selected::of(read, words, types.action.clone())?;
        Ok(RuleSet { clock, hours: Hours::in_zone(zone)?, selected, types, authorizer: Authorizer::new() })
    }
}

/// Whether a policy may be stored: it is one policy, it forbids, it refers only to what exists, and it is not one that
/// can never hold.
pub fn check_policy(id: &str, text: &str, words: &Vocabulary) -> Result<(), RuleError> {
    let schema = words.schema().map_err(|error| RuleError::Product(error.to_owned()))?;
    let policy = narrowing(id, text)?;
    let set = PolicySet::from_policies([policy]).map_err(|error| wrong(id, &error))?;
    let validated = Validator::new(schema.clone()).validate(&set, ValidationMode::Strict);
    let mut found: Vec<String> = validated.validation_errors().map(ToString::to_string).collect();
    if found.is_empty() {
        // After an error they only report its consequences, such as that the policy never holds.
        found = validated.validation_warnings().map(ToString::to_string).collect();
    }
    let known = format!("for policy `{id}`, ");
    let found = told_once(found.into_iter().map(|found| found.replace(&known, "")).collect());
    if found.is_empty() { Ok(()) } else { Err(wrong(id, &found.join("; "))) }
}

/// Added policies may only forbid: permissions are granted by roles, where they can be seen.
fn narrowing(id: &str, text: &str) -> Result<Cedar, RuleError> {
    let policy = parsed(id, text)?;
    if policy.effect() == Effect::Forbid {
        return Ok(policy);
    }
    let detail = "a policy can only forbid; permissions are granted by roles".to_owned();
    Err(RuleError::Policy { id: id.to_owned(), detail })
}

fn parsed(id: &str, text: &str) -> Result<Cedar, RuleError> {
    Cedar::parse(Some(PolicyId::new(id)), text).map_err(|error| wrong(id, &error))
}

fn wrong(id: &str, error: &dyn std::fmt::Display) -> RuleError {
    RuleError::Policy { id: id.to_owned(), detail: error.to_string().chars().take(DETAIL_LETTERS_MAX).collect() }
}

impl Read {
    fn of(policy: Cedar) -> Read {
        let names = match policy.action_constraint() {
            ActionConstraint::Any => None,
            ActionConstraint::Eq(name) => Some(vec![name]),
            ActionConstraint::In(names) => Some(names),
        };
        Read { policy, names }
    }

    fn speaks_of(&self, action: &EntityUid, group: &EntityUid) -> bool {
        self.names.as_ref().is_none_or(|names| names.iter().any(|name| name == action || name == group))
    }
}

impl Selected {
    fn of(read: Vec<Read>, words: &Vocabulary, action_type: EntityTypeName) -> Result<Selected, RuleError> {
        let mut selected = Selected { by_action: HashMap::new(), read, action_type };
        for (resource, action) in words.actions() {
            let compiled = selected.compiled(resource, action)?;
            selected.by_action.entry(resource).or_default().insert(action, compiled);
        }
        Ok(selected)
    }

    pub(super) fn action(&self, resource: &str, action: &str) -> Option<&Action> {
        self.by_action.get(resource)?.get(action)
    }

    /// An action outside the vocabulary is rare, and selected at decision time.
    pub(super) fn compiled(&self, resource: &str, action: &str) -> Result<Action, RuleError> {
        self.of_those(resource, action, Read::speaks_of)
    }

    #[cfg(test)]
    pub(super) fn unselected(&self, resource: &str, action: &str) -> Result<Action, RuleError> {
        self.of_those(resource, action, |_, _, _| true)
    }

    fn of_those(
        &self,
        resource: &str,
        action: &str,
        speaks: impl Fn(&Read, &EntityUid, &EntityUid) -> bool,
    ) -> Result<Action, RuleError> {
        let name = |id: &str| EntityUid::from_type_name_and_id(self.action_type.clone(), EntityId::new(id));
        let (uid, group) = (name(&format!("{resource}:{action}")), name(resource));
        let speaking: Vec<&Cedar> =
            self.read.iter().filter(|read| speaks(read, &uid, &group)).map(|read| &read.policy).collect();
        let forbidden = Kinds::forbidden_by(speaking.iter().copied());
        let policies = PolicySet::from_policies(speaking.into_iter().cloned());
        let policies = policies.map_err(|error| RuleError::Product(error.to_string()))?;
        let entity = Entity::new_no_attrs(uid.clone(), HashSet::from([group]));
        Ok(Action { uid, entity, policies, forbidden })
    }
}
