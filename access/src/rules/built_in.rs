//! The built-in policies, which cannot be changed.

use crate::Policy;

struct BuiltIn {
    id: &'static str,
    description: &'static str,
    text: &'static str,
}

const BUILT_IN: &[BuiltIn] = &[
    BuiltIn {
        id: "reach-all",
        description: "a permission with the scope all reaches objects of every owner",
        text: r#"permit (principal, action, resource)
when { context.reach == "all" };"#,
    },
    BuiltIn {
        id: "own-objects",
        description: "any other permission reaches the caller's own objects, and lists of them",
        text: r#"permit (principal, action, resource)
when { context.listed || (resource has owner && resource.owner == principal.subject) };"#,
    },
    BuiltIn {
        id: "office-hours",
        description: "employees work from 09:00 to 17:59 in the institution's time zone",
        text: r#"forbid (principal is Employee, action, resource)
unless { context.minute >= 540 && context.minute < 1080 };"#,
    },
];

pub fn built_in_policies() -> Vec<Policy> {
    let policy = |one: &BuiltIn| Policy {
        id: one.id.to_owned(),
        description: one.description.to_owned(),
        text: one.text.to_owned(),
        enabled: true,
        built_in: true,
    };
    BUILT_IN.iter().map(policy).collect()
}
