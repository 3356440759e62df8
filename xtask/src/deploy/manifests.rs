//! Files with Kubernetes objects, each with the line where it begins; and what is found wrong in them.

use std::fmt;
use std::path::Path;

use serde_json::Value;

use super::{objects, pods, read};

/// Something wrong, by rule and by number of the list of mistakes in `deploy/tests/defects`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) file: String,
    pub(crate) line: usize,
    /// T text, S schema and security, R reachability, Q sums, P Prometheus, B names.
    pub(crate) rule: char,
    pub(crate) defect: u8,
    pub(crate) sentence: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { file, line, rule, defect, sentence } = self;
        write!(f, "{file}:{line}: {sentence} [{rule} D{defect}]")
    }
}

/// One object.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) line: usize,
    pub(crate) value: Value,
}

/// The objects of a file.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) file: String,
    pub(crate) objects: Vec<Object>,
}

impl Manifest {
    pub(crate) fn read(root: &Path, file: &Path) -> Result<Manifest, String> {
        let name = file.strip_prefix(root).unwrap_or(file).display().to_string();
        Manifest::parse(&name, &read(file)?)
    }

    pub(crate) fn parse(file: &str, text: &str) -> Result<Manifest, String> {
        let mut objects = Vec::new();
        for (line, document) in documents(text) {
            let parsed: Option<Value> =
                serde_saphyr::from_str(&document).map_err(|error| format!("{file}:{line}: {error}"))?;
            let listed = |value: Value| match value.get("items").and_then(Value::as_array) {
                Some(items) if value.get("kind").is_some_and(|kind| kind == "List") => items.clone(),
                _ => vec![value],
            };
            objects.extend(parsed.map(listed).unwrap_or_default().into_iter().map(|value| Object { line, value }));
        }
        Ok(Manifest { file: file.to_owned(), objects })
    }

    /// By the rules for single objects and for all of them together.
    pub(crate) fn check(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for object in &self.objects {
            for (rule, defect, sentence) in pods::check(object).into_iter().chain(objects::check(object, self)) {
                found.push(Finding { file: self.file.clone(), line: object.line, rule, defect, sentence });
            }
        }
        found
    }

    pub(crate) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Object> {
        self.objects.iter().filter(move |object| object.kind() == kind)
    }
}

impl Object {
    pub(crate) fn kind(&self) -> &str {
        self.text("/kind")
    }

    pub(crate) fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// A string at a JSON pointer; empty if there is none.
    pub(crate) fn text(&self, at: &str) -> &str {
        self.value.pointer(at).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn number(&self, at: &str) -> Option<u64> {
        self.value.pointer(at).and_then(Value::as_u64)
    }

    pub(crate) fn list(&self, at: &str) -> &[Value] {
        self.value.pointer(at).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    /// The specification of its pods, if it makes any.
    pub(crate) fn pod(&self) -> Option<&Value> {
        let at = match self.kind() {
            "Pod" => "/spec",
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => "/spec/template/spec",
            "CronJob" => "/spec/jobTemplate/spec/template/spec",
            _ => return None,
        };
        self.value.pointer(at)
    }

    /// The labels of its pods.
    pub(crate) fn pod_labels(&self) -> Option<&Value> {
        let at = match self.kind() {
            "Pod" => "/metadata/labels",
            "CronJob" => "/spec/jobTemplate/spec/template/metadata/labels",
            _ => "/spec/template/metadata/labels",
        };
        self.value.pointer(at)
    }
}

/// The documents of a file, each with the number of its first line.
fn documents(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let (mut begin, mut lines) = (1, Vec::new());
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_end() == "---" {
            found.push((begin, lines.join("\n")));
            (begin, lines) = (number + 1, Vec::new());
        } else {
            lines.push(line);
        }
    }
    found.push((begin, lines.join("\n")));
    let has_object =
        |text: &str| text.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    found.retain(|(_, text)| has_object(text));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_object_knows_its_line() {
        let text =
            "# a comment\n---\nkind: A\nmetadata: {name: a}\n---\n---\nkind: List\nitems: [{kind: B}, {kind: C}]\n";
        let manifest = Manifest::parse("x.yaml", text).unwrap();
        let seen: Vec<_> = manifest.objects.iter().map(|object| (object.line, object.kind())).collect();
        assert_eq!(seen, [(3, "A"), (7, "B"), (7, "C")]);
        assert!(Manifest::parse("x.yaml", "kind: [").unwrap_err().starts_with("x.yaml:1"));
    }
}
