//! The catalogue of the chart, and what the binary says about itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::read;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Catalogue {
    pub(crate) parts: BTreeMap<String, Entry>,
    pub(crate) planned: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Entry {
    pub(crate) owner: String,
    pub(crate) role: Option<String>,
    pub(crate) calls: Vec<String>,
    pub(crate) feeds: Vec<String>,
    pub(crate) schemas: Vec<String>,
    pub(crate) seals: bool,
    pub(crate) egress: Vec<String>,
    pub(crate) topics: BTreeMap<String, Topic>,
    pub(crate) slo: Option<Slo>,
    /// Beginnings of its paths, where they are not /v1/NAME alone.
    pub(crate) paths: Vec<String>,
    pub(crate) money_paths: Vec<String>,
    pub(crate) operators: Vec<String>,
    pub(crate) size: BTreeMap<String, u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Topic {
    #[expect(dead_code, reason = "topics are made elsewhere")]
    partitions: u32,
    #[expect(dead_code, reason = "topics are made elsewhere")]
    days: u32,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Slo {
    pub(crate) availability: f64,
    pub(crate) seconds: f64,
}

/// What `florin catalogue` prints, as far as it is compared.
#[derive(Debug, Deserialize)]
pub(crate) struct Binary {
    pub(crate) parts: Vec<Part>,
    pub(crate) metrics: Vec<Metric>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Part {
    pub(crate) name: String,
    owner: String,
    calls: BTreeSet<String>,
    feeds: BTreeSet<String>,
    schemas: BTreeSet<String>,
    seals: bool,
    pub(crate) metrics: Vec<Metric>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Metric {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) labels: BTreeSet<String>,
}

impl Catalogue {
    pub(crate) fn read(path: &Path) -> Result<Catalogue, String> {
        Catalogue::parse(&read(path)?)
    }

    pub(crate) fn parse(text: &str) -> Result<Catalogue, String> {
        serde_saphyr::from_str(text).map_err(|error| format!("the catalogue is not understood: {error}"))
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.parts.keys().map(String::as_str).collect()
    }

    /// Whether the process of one part calls that of another, for its answers or its events.
    pub(crate) fn calls(&self, caller: &str, called: &str) -> bool {
        let Some(entry) = self.parts.get(caller) else { return false };
        called != "edge" && entry.calls.iter().chain(&entry.feeds).any(|name| name == "*" || name == called)
    }

    pub(crate) fn is_leased(&self, part: &str) -> bool {
        self.parts.get(part).is_some_and(|entry| entry.owner == "lease")
    }

    /// Takes parts out of the binary that have no entry; returns their names.
    pub(crate) fn set_aside(&self, binary: &mut Binary) -> Vec<String> {
        let waits = |name: &String| !self.parts.contains_key(name);
        let waiting: Vec<String> = binary.parts.iter().map(|part| part.name.clone()).filter(waits).collect();
        binary.parts.retain(|part| !waiting.contains(&part.name));
        for part in &mut binary.parts {
            part.calls.retain(|name| !waiting.contains(name));
            part.feeds.retain(|name| !waiting.contains(name));
        }
        waiting
    }

    /// A sentence for each difference that says what to write.
    pub(crate) fn differences(&self, binary: &Binary) -> Vec<String> {
        const FILE: &str = super::CATALOGUE;
        let mut wrong = Vec::new();
        for part in &binary.parts {
            match self.parts.get(&part.name) {
                Some(entry) => wrong.extend(entry.differences(part)),
                None => wrong.push(format!(
                    "{FILE}: the binary has the part {}, which has no entry; write\n{}",
                    part.name,
                    part.entry()
                )),
            }
            if self.planned.contains(&part.name) {
                wrong.push(format!(
                    "{FILE}: {} is under `planned`, and the binary has it: take it away there",
                    part.name
                ));
            }
        }
        let known = |name: &String| binary.parts.iter().any(|part| part.name == *name);
        for name in self.parts.keys().filter(|name| !known(name)) {
            wrong.push(format!(
                "{FILE}: {name} has an entry, and the binary has no such part: write it under `planned`"
            ));
        }
        wrong
    }
}

impl Binary {
    pub(crate) fn read(path: &Path) -> Result<Binary, String> {
        serde_json::from_str(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// The text of the catalogue with entries for parts that it lacks, each of a usual size and promise.
pub(crate) fn adopted(text: &str, binary: &Binary) -> Result<String, String> {
    let known = Catalogue::parse(text)?;
    let (parts, planned) =
        text.split_once("\n# Parts that layouts may name").ok_or("the catalogue has no list of planned parts")?;
    let missing = binary.parts.iter().filter(|part| !known.parts.contains_key(&part.name));
    let entries: String = missing.map(|part| part.entry() + "\n").collect();
    let left: Vec<&str> = known
        .planned
        .iter()
        .filter(|name| binary.parts.iter().all(|part| part.name != **name))
        .map(String::as_str)
        .collect();
    let (comment, _) = planned.split_once("planned:").ok_or("the catalogue has no list of planned parts")?;
    Ok(format!("{parts}{entries}\n# Parts that layouts may name{comment}planned: [{}]\n", left.join(", ")))
}

impl Entry {
    fn differences(&self, part: &Part) -> Vec<String> {
        let name = &part.name;
        let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
        let mut wrong = Vec::new();
        let calls = if self.calls == ["*"] { part.calls.clone() } else { set(&self.calls) };
        for (key, ours, theirs) in [
            ("calls", calls, &part.calls),
            ("feeds", set(&self.feeds), &part.feeds),
            ("schemas", set(&self.schemas), &part.schemas),
        ] {
            if ours != *theirs {
                wrong.push(format!(
                    "{}: {name} has {key} {ours:?}, and the binary {theirs:?}: write the latter",
                    super::CATALOGUE
                ));
            }
        }
        if self.owner != part.owner {
            wrong.push(format!("{}: {name} has owner {}, and the binary {}", super::CATALOGUE, self.owner, part.owner));
        }
        if self.seals != part.seals {
            wrong.push(format!("{}: {name} has seals {}, and the binary {}", super::CATALOGUE, self.seals, part.seals));
        }
        if self.size.keys().map(String::as_str).collect::<Vec<_>>() != ["cpu", "cpuLimit", "memory", "memoryLimit"] {
            wrong.push(format!("{}: {name} needs a size: {{cpu, memory, cpuLimit, memoryLimit}}", super::CATALOGUE));
        }
        if self.slo.is_none_or(|slo| !(90.0..100.0).contains(&slo.availability) || slo.seconds <= 0.0) {
            wrong.push(format!("{}: {name} needs an slo: {{availability: 99.9, seconds: 1}}", super::CATALOGUE));
        }
        if !self.egress.is_empty() && self.role.as_deref() == Some("edge") {
            wrong.push(format!(
                "{}: {name} calls others from the role of the edge; give it a role of its own",
                super::CATALOGUE
            ));
        }
        wrong
    }
}

impl Part {
    /// What to write for it.
    fn entry(&self) -> String {
        let list = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
        let feeds = if self.feeds.is_empty() { String::new() } else { format!("\n    feeds: [{}]", list(&self.feeds)) };
        let seals = if self.seals { "\n    seals: true" } else { "" };
        format!(
            "  {}:\n    owner: {}\n    calls: [{}]{feeds}\n    schemas: [{}]{seals}\n    slo: {{availability: 99.9, seconds: 1}}\n    operators: \
             [{}-service]\n    size: {{cpu: 100, memory: 128, cpuLimit: 1000, memoryLimit: 512}}",
            self.name,
            self.owner,
            list(&self.calls),
            list(&self.schemas),
            self.name
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BINARY: &str = r#"{"parts": [
        {"name": "edge", "owner": "shared", "calls": ["ledger"], "feeds": [], "schemas": [], "seals": false, "metrics": []},
        {"name": "ledger", "owner": "lease", "calls": [], "feeds": [], "schemas": ["ledger"], "seals": false, "metrics": []}
    ], "metrics": []}"#;

    fn found(ledger: &str, rest: &str) -> Vec<String> {
        let size = "slo: {availability: 99.9, seconds: 1}, size: {cpu: 1, memory: 1, cpuLimit: 1, memoryLimit: 1}";
        let ledger = if ledger.is_empty() { String::new() } else { format!("  ledger: {{{ledger}, {size}}}\n") };
        let text = format!("parts:\n  edge: {{owner: shared, calls: ['*'], {size}}}\n{ledger}{rest}\n");
        Catalogue::parse(&text).unwrap().differences(&serde_json::from_str(BINARY).unwrap())
    }

    #[test]
    fn a_new_part_is_told_what_to_write() {
        assert_eq!(found("owner: lease, schemas: [ledger]", "planned: [cards]"), Vec::<String>::new());
        let wrong = found("", "planned: []").join("\n");
        assert!(
            wrong.contains("has the part ledger, which has no entry; write\n  ledger:\n    owner: lease"),
            "{wrong}"
        );
        assert!(found("", "planned: [ledger]").join("\n").contains("take it away there"));
    }

    #[test]
    fn new_parts_can_wait() {
        let size = "slo: {availability: 99.9, seconds: 1}, size: {cpu: 1, memory: 1, cpuLimit: 1, memoryLimit: 1}";
        let catalogue = |planned: &str| {
            Catalogue::parse(&format!(
                "parts:\n  edge: {{owner: shared, calls: ['*'], {size}}}\nplanned: [{planned}]\n"
            ))
            .unwrap()
        };
        let mut binary: Binary = serde_json::from_str(BINARY).unwrap();
        assert_eq!(catalogue("ledger").set_aside(&mut binary), ["ledger"]);
        assert_eq!(catalogue("ledger").differences(&binary), Vec::<String>::new());
    }

    #[test]
    fn missing_parts_are_adopted() {
        let size = "slo: {availability: 99.9, seconds: 1}, size: {cpu: 1, memory: 1, cpuLimit: 1, memoryLimit: 1}";
        let text = format!(
            "parts:\n  edge: {{owner: shared, calls: ['*'], {size}}}\n\n# Parts that layouts may name.\nplanned: [cards, ledger]\n"
        );
        let binary: Binary = serde_json::from_str(BINARY).unwrap();
        let adopted = Catalogue::parse(&adopted(&text, &binary).unwrap()).unwrap();
        assert_eq!(adopted.planned, ["cards"]);
        assert_eq!(adopted.differences(&binary), Vec::<String>::new());
    }

    #[test]
    fn an_edge_too_many_or_too_few_is_found() {
        for (ledger, words) in [
            ("owner: lease, schemas: [ledger], calls: [edge]", "has calls {\"edge\"}, and the binary {}"),
            ("owner: lease", "has schemas {}, and the binary {\"ledger\"}"),
            ("owner: shared, schemas: [ledger]", "has owner shared, and the binary lease"),
            ("owner: lease, schemas: [ledger], seals: true", "has seals true, and the binary false"),
            ("owner: lease, schemas: [ledger], feeds: [risk]", "has feeds {\"risk\"}"),
        ] {
            let wrong = found(ledger, "planned: []");
            assert!(wrong.len() == 1 && wrong[0].contains(words), "{wrong:?}");
        }
    }
}
