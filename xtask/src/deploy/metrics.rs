//! The metrics that our sources report, compared with the registry that the binary prints.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::catalogue::{Binary, Metric};
use super::{files, read};

/// A use of one of the macros.
struct Use {
    place: String,
    name: String,
    kind: &'static str,
    /// None: a list that is made elsewhere.
    labels: Option<BTreeSet<String>>,
}

/// Each metric that is reported is in the registry with its kind and its labels, and each one there is reported.
/// Those of the rooms of `waiting` parts are not looked at.
pub(crate) fn differences(root: &Path, binary: &Binary, waiting: &[String]) -> Result<Vec<String>, String> {
    let registry = registry(binary);
    let mut uses = uses(root)?;
    uses.retain(|one| !waiting.iter().any(|part| one.place.starts_with(&format!("services/{part}/"))));
    let mut wrong = Vec::new();
    for Use { place, name, kind, labels } in &uses {
        match registry.get(name.as_str()) {
            None => wrong.push(format!("{place}: {name} is reported and in no table of metrics: add Metric::{kind}(\"{name}\", ..) to METRICS of its room")),
            Some(known) if known.kind != *kind => {
                wrong.push(format!("{place}: {name} is a {kind} here, and a {} in its table", known.kind));
            }
            Some(known) if labels.as_ref().is_some_and(|labels| *labels != known.labels) => {
                let labels = labels.clone().unwrap_or_default();
                wrong.push(format!("{place}: {name} has the labels {labels:?}, and {:?} in its table", known.labels));
            }
            Some(_) => {}
        }
    }
    for name in registry.keys().filter(|name| uses.iter().all(|one| one.name != **name)) {
        wrong.push(format!("{name} is in a table of metrics, and nothing reports it"));
    }
    Ok(wrong)
}

pub(crate) fn registry(binary: &Binary) -> BTreeMap<&str, &Metric> {
    let all = binary.metrics.iter().chain(binary.parts.iter().flat_map(|part| &part.metrics));
    all.map(|metric| (metric.name.as_str(), metric)).collect()
}

fn uses(root: &Path) -> Result<Vec<Use>, String> {
    let mut found = Vec::new();
    for folder in ["platform/src", "access/src", "app/src", "services"] {
        for file in files(&root.join(folder), &[".rs"])? {
            let place = file.strip_prefix(root).unwrap_or(&file).display().to_string();
            if place.contains("/tests") {
                continue;
            }
            found.extend(in_text(&place, &read(&file)?));
        }
    }
    Ok(found)
}

fn in_text(place: &str, text: &str) -> Vec<Use> {
    let constants = constants(text);
    let mut found = Vec::new();
    for kind in ["counter", "gauge", "histogram"] {
        for (at, _) in text.match_indices(&format!("{kind}!(")) {
            // `describe_counter!` tells a meaning and reports nothing.
            if text.get(..at).is_some_and(|before| before.ends_with('_')) {
                continue;
            }
            let line = text.get(..at).unwrap_or_default().matches('\n').count() + 1;
            let inside = parenthesised(text.get(at + kind.len() + 1..).unwrap_or_default());
            let (first, rest) = inside.split_once(',').unwrap_or((inside, ""));
            let first = first.trim();
            let name = match first.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
                Some(name) => name.to_owned(),
                None => constants.get(first).cloned().unwrap_or_else(|| first.to_owned()),
            };
            if name.contains('.') {
                continue;
            }
            found.push(Use { place: format!("{place}:{line}"), name, kind, labels: labels(rest) });
        }
    }
    found
}

/// `const NAME: &str = "text";`
fn constants(text: &str) -> BTreeMap<String, String> {
    let constant = |line: &str| {
        let (name, rest) = line.trim().split_once("const ")?.1.split_once(": &str = \"")?;
        Some((name.to_owned(), rest.split_once('"')?.0.to_owned()))
    };
    text.lines().filter_map(constant).collect()
}

/// `"label" => value, ..`; none if there is a list instead.
fn labels(rest: &str) -> Option<BTreeSet<String>> {
    if rest.trim_start().starts_with('&') {
        return None;
    }
    let pieces: Vec<&str> = rest.split("=>").collect();
    let before_arrow = pieces.iter().take(pieces.len().saturating_sub(1));
    let label = |piece: &&str| Some(piece.trim_end().strip_suffix('"')?.rsplit_once('"')?.1.to_owned());
    Some(before_arrow.filter_map(label).collect())
}

/// What is between this opening parenthesis and its closing one.
fn parenthesised(text: &str) -> &str {
    let mut depth = 0_u32;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' if depth <= 1 => return text.get(1..at).unwrap_or_default(),
            ')' => depth -= 1,
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_kinds_and_labels_are_read_from_the_sources() {
        let text = "const LOGINS: &str = \"logins_total\";\nfn f() {\n    metrics::counter!(LOGINS, \"by\" => name(by), \"why\" => why).increment(1);\n    \
                    metrics::gauge!(\"open\").set(1.0);\n    metrics::counter!(\"rows_total\", &labels).increment(1);\n    describe_counter!(LOGINS, \"x\");\n}";
        let seen: Vec<_> =
            in_text("a.rs", text).into_iter().map(|one| (one.place, one.name, one.kind, one.labels)).collect();
        let set = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>());
        assert_eq!(seen[0], ("a.rs:3".to_owned(), "logins_total".to_owned(), "counter", set(&["by", "why"])));
        assert_eq!(seen[1], ("a.rs:5".to_owned(), "rows_total".to_owned(), "counter", None));
        assert_eq!(seen[2], ("a.rs:4".to_owned(), "open".to_owned(), "gauge", set(&[])));
        assert_eq!(seen.len(), 3);
    }
}
