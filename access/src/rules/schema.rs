//! The schema of policies: principals, actions, objects and context.

use std::fmt::Write;

use cedar_policy::{EntityTypeName, Schema};
use kernel::PrincipalKind;

use super::under_rules;
use crate::Vocabulary;

const TYPES: &str = r#"
entity Customer, Employee, Admin, Service = {
    "subject": String,
    "roles": Set<String>,
    "client"?: String,
    "second_factor": Bool,
};

entity Object = {
    "kind": String,
    "owner"?: String,
};

type When = {
    "reach": String,
    "minute": Long,
    "weekday": Long,
    "listed": Bool,
};
"#;

/// Cedar's names for our kinds.
#[derive(Debug)]
pub(super) struct Types {
    kinds: [(PrincipalKind, EntityTypeName); 4],
    pub(super) object: EntityTypeName,
    pub(super) action: EntityTypeName,
}

impl Types {
    pub(super) fn new() -> Result<Types, String> {
        let name = |name: &str| name.parse::<EntityTypeName>().map_err(|error| error.to_string());
        let [customer, employee, admin, service] = under_rules();
        let kinds = [
            (customer, name("Customer")?),
            (employee, name("Employee")?),
            (admin, name("Admin")?),
            (service, name("Service")?),
        ];
        Ok(Types { kinds, object: name("Object")?, action: name("Action")? })
    }

    pub(super) fn of(&self, kind: PrincipalKind) -> Option<&EntityTypeName> {
        self.kinds.iter().find(|(known, _)| *known == kind).map(|(_, name)| name)
    }
}

/// The schema in Cedar's own language.
pub(crate) fn text(words: &Vocabulary) -> String {
    let mut text = TYPES.to_owned();
    for (resource, actions) in words.resources() {
        let _ = writeln!(text, "\naction \"{resource}\";");
        for action in actions {
            let _ = writeln!(
                text,
                "action \"{resource}:{action}\" in [\"{resource}\"] appliesTo {{\n    principal: [Customer, Employee, Admin, \
                 Service],\n    resource: [Object],\n    context: When,\n}};"
            );
        }
    }
    text
}

pub(crate) fn read(words: &Vocabulary) -> Result<Schema, String> {
    match Schema::from_cedarschema_str(&text(words)) {
        Ok((schema, _)) => Ok(schema),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use crate::vocabulary::sample;

    #[test]
    fn every_known_permission_word_is_a_cedar_action() {
        let words = sample();
        let actions: Vec<String> =
            words.schema().unwrap().actions().map(|uid| uid.id().unescaped().to_owned()).collect();
        for (resource, action) in words.actions() {
            assert!(actions.contains(&format!("{resource}:{action}")), "{resource}:{action}");
        }
    }
}
