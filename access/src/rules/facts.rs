//! What a policy's decision depends on, read from its text, so that a comparison of two rule sets evaluates exactly the
//! questions whose answers can differ.

use std::collections::BTreeSet;

use cedar_policy::{ActionConstraint, EntityUid, Policy as Cedar, PolicyId};
use serde_json::Value;

use super::compile::RuleError;

pub const MINUTES_OF_A_DAY: u16 = 1_440;

/// If a policy uses something in a way that is not understood here, it counts as depending on all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Minutes of the day at which the decision may change.
    pub minutes: BTreeSet<u16>,
    pub weekday: bool,
    /// It depends on who the principal is, and not only on kind and roles.
    pub person: bool,
    pub client: bool,
    pub second_factor: bool,
    /// The actions and groups of actions that it names. `None`: it concerns every action.
    pub names: Option<BTreeSet<String>>,
}

const COMPARISONS: [&str; 6] = ["<", "<=", ">", ">=", "==", "!="];

impl Facts {
    pub fn of(id: &str, text: &str) -> Result<Facts, RuleError> {
        let wrong = |detail: String| RuleError::Policy { id: id.to_owned(), detail };
        let policy = Cedar::parse(Some(PolicyId::new(id)), text).map_err(|error| wrong(error.to_string()))?;
        let tree = policy.to_json().map_err(|error| wrong(error.to_string()))?;
        let mut facts = Facts { names: names(&policy.action_constraint()), ..Facts::default() };
        // `==` and `in` name a principal; `is` names only a kind.
        let head = tree.get("principal");
        facts.person = head.is_some_and(|head| head.get("entity").is_some() || head.get("in").is_some());
        facts.look(tree.get("conditions").unwrap_or(&Value::Null));
        Ok(facts)
    }

    pub fn speaks_of(&self, resource: &str, action: &str) -> bool {
        let action = || format!("{resource}:{action}");
        self.names.as_ref().is_none_or(|names| names.contains(resource) || names.contains(&action()))
    }

    fn look(&mut self, tree: &Value) {
        if let Some(minute) = compared_minute(tree) {
            self.turn(minute);
            self.turn(minute.saturating_add(1));
        } else if let Some((variable, attribute)) = attribute_of(tree) {
            self.attribute(variable, attribute);
        } else if let Some(variable) = tree.get("Var").and_then(Value::as_str) {
            self.whole(variable);
        } else if !asks_for_a_kind(tree) {
            match tree {
                Value::Array(parts) => parts.iter().for_each(|part| self.look(part)),
                Value::Object(parts) => parts.values().for_each(|part| self.look(part)),
                _ => {}
            }
        }
    }

    fn attribute(&mut self, variable: &str, attribute: &str) {
        match (variable, attribute) {
            ("principal", "subject") => self.person = true,
            ("principal", "client") => self.client = true,
            ("principal", "second_factor") => self.second_factor = true,
            ("context", "minute") => self.minutes.extend(0..MINUTES_OF_A_DAY),
            ("context", "weekday") => self.weekday = true,
            _ => {}
        }
    }

    /// A variable used as a whole: any part of it may matter.
    fn whole(&mut self, variable: &str) {
        let looked_at: &[&str] = match variable {
            "principal" => &["subject", "client", "second_factor"],
            "context" => &["minute", "weekday"],
            _ => &[],
        };
        looked_at.iter().for_each(|attribute| self.attribute(variable, attribute));
    }

    fn turn(&mut self, minute: i64) {
        if let Some(minute) = u16::try_from(minute).ok().filter(|minute| *minute < MINUTES_OF_A_DAY) {
            self.minutes.insert(minute);
        }
    }
}

fn names(constraint: &ActionConstraint) -> Option<BTreeSet<String>> {
    let name = |uid: &EntityUid| uid.id().unescaped().to_owned();
    match constraint {
        ActionConstraint::Any => None,
        ActionConstraint::Eq(one) => Some(BTreeSet::from([name(one)])),
        ActionConstraint::In(many) => Some(many.iter().map(name).collect()),
    }
}

/// `context.minute < 540` and the like: the decision changes at that minute, or at the next one, and nowhere else.
fn compared_minute(tree: &Value) -> Option<i64> {
    let (operator, sides) = tree.as_object().filter(|parts| parts.len() == 1)?.iter().next()?;
    if !COMPARISONS.contains(&operator.as_str()) {
        return None;
    }
    let (left, right) = (sides.get("left")?, sides.get("right")?);
    let number = |side: &Value| side.get("Value").and_then(Value::as_i64);
    let is_minute = |side: &Value| attribute_of(side) == Some(("context", "minute"));
    match (number(left), number(right)) {
        (None, Some(minute)) if is_minute(left) => Some(minute),
        (Some(minute), None) if is_minute(right) => Some(minute),
        _ => None,
    }
}

/// `principal.subject`, `principal has client`.
fn attribute_of(tree: &Value) -> Option<(&str, &str)> {
    let access = tree.get(".").or_else(|| tree.get("has"))?;
    Some((access.get("left")?.get("Var")?.as_str()?, access.get("attr")?.as_str()?))
}

/// `principal is Employee`, without naming anyone.
fn asks_for_a_kind(tree: &Value) -> bool {
    tree.get("is")
        .is_some_and(|is| is.get("in").is_none() && is.get("left").is_some_and(|left| left.get("Var").is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(condition: &str) -> Facts {
        Facts::of("one", &format!("forbid (principal, action, resource) when {{ {condition} }};")).unwrap()
    }

    fn turns(minutes: &[u16]) -> Facts {
        Facts { minutes: minutes.iter().copied().collect(), ..Facts::default() }
    }

    #[test]
    fn a_comparison_with_a_minute_changes_only_there() {
        assert_eq!(facts("context.minute < 540 || 1080 <= context.minute"), turns(&[540, 541, 1080, 1081]));
        assert_eq!(facts("context.minute == 1439"), turns(&[1439]));
        assert_eq!(facts("context.minute >= -1"), turns(&[0]));
        assert_eq!(facts("principal.roles.contains(\"auditor\") && resource.kind == \"accounts\""), turns(&[]));
    }

    #[test]
    fn an_unknown_use_of_minutes_may_change_at_any_minute() {
        let all: Vec<u16> = (0..MINUTES_OF_A_DAY).collect();
        for condition in ["context.minute * 2 < 1000", "context.minute < context.weekday", "context == {\"minute\": 1}"]
        {
            assert_eq!(facts(condition).minutes, turns(&all).minutes, "{condition}");
        }
    }

    #[test]
    fn a_policys_dependencies_are_found_anywhere_in_it() {
        assert!(facts("context.weekday > 5").weekday);
        assert!(facts("!(principal has client) || principal.client == \"x\"").client);
        assert!(facts("if principal.second_factor then false else true").second_factor);
        assert!(facts("[principal.subject, \"x\"].contains(resource.kind)").person);
        assert!(facts("principal == Customer::\"cust_ann\"").person);
        assert!(!facts("principal is Employee").person);
        assert!(facts("principal is Employee in Employee::\"x\"").person);
    }

    #[test]
    fn a_policy_concerns_the_actions_it_names() {
        let of = |head: &str| Facts::of("one", &format!("forbid (principal, {head}, resource);")).unwrap();
        let one = of("action == Action::\"accounts:read\"");
        assert!(one.speaks_of("accounts", "read") && !one.speaks_of("accounts", "open"));
        let group = of("action in [Action::\"accounts\"]");
        assert!(group.speaks_of("accounts", "open") && !group.speaks_of("books", "read"));
        assert!(of("action").speaks_of("planes", "fly"));
    }

    #[test]
    fn a_head_that_names_a_principal_depends_on_who_it_is() {
        let person = |head: &str| Facts::of("one", &format!("forbid ({head}, action, resource);")).unwrap().person;
        assert!(person("principal == Customer::\"cust_ann\"") && person("principal in Admin::\"x\""));
        assert!(!person("principal") && !person("principal is Service"));
    }
}
