//! Who reaches whom, computed from the network policies alone, and compared with what the catalogue allows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::Value;

use super::catalogue::Catalogue;
use super::manifests::{Manifest, Object};
use super::pods::{list, text};

/// Pods with the same labels.
struct Pods<'a> {
    name: &'a str,
    labels: &'a Value,
    /// Container ports by name.
    ports: BTreeMap<&'a str, u64>,
    parts: Vec<String>,
}

/// A connection: from, to, the port's name.
type Edge = (String, String, &'static str);

pub(crate) fn differences(manifest: &Manifest, catalogue: &Catalogue) -> Vec<String> {
    let all = pods(manifest, catalogue);
    let (expected, open) = (expected(&all, catalogue), open(manifest, &all));
    let said = |edges: &BTreeSet<Edge>, other: &BTreeSet<Edge>, what: &str| -> Vec<String> {
        let only = edges.difference(other);
        only.map(|(from, to, port)| format!("{}: {from} {what} {to} on {port} [R D39]", manifest.file)).collect()
    };
    let mut wrong = said(&expected, &open, "has to reach, and by the policies cannot,");
    wrong.extend(said(&open, &expected, "can reach, and has no reason to,"));
    wrong
}

/// A line each pair, for people.
pub(crate) fn table(manifest: &Manifest) -> String {
    let all = pods(manifest, &Catalogue::default());
    let lines = open(manifest, &all).into_iter().fold(String::new(), |mut text, (from, to, port)| {
        let _ = writeln!(text, "{from} -> {to} {port}");
        text
    });
    lines.trim_end().to_owned()
}

fn pods<'a>(manifest: &'a Manifest, catalogue: &Catalogue) -> Vec<Pods<'a>> {
    let mut found = Vec::new();
    for object in &manifest.objects {
        let (Some(pod), Some(labels)) = (object.pod(), object.pod_labels()) else { continue };
        let Some(container) = list(pod, "containers").first() else { continue };
        let port = |port: &'a Value| Some((text(port, "/name"), port.get("containerPort")?.as_u64()?));
        let args: Vec<&str> = list(container, "args").iter().filter_map(Value::as_str).collect();
        let serves = args.contains(&"serve");
        let named: Vec<&str> = args.iter().skip_while(|word| **word != "serve").skip(1).copied().collect();
        let parts = if serves && named.is_empty() { catalogue.names() } else { named };
        found.push(Pods {
            name: if serves { object.name() } else { "job" },
            labels,
            ports: list(container, "ports").iter().filter_map(port).collect(),
            parts: parts.into_iter().map(str::to_owned).collect(),
        });
    }
    found
}

fn expected(all: &[Pods<'_>], catalogue: &Catalogue) -> BTreeSet<Edge> {
    let mut edges = BTreeSet::new();
    for from in all {
        for to in all.iter().filter(|to| to.ports.contains_key("rpc")) {
            let calls = from.parts.iter().any(|caller| to.parts.iter().any(|called| catalogue.calls(caller, called)));
            let peers = from.name == to.name && to.parts.iter().any(|part| catalogue.is_leased(part));
            if peers || (calls && from.name != to.name) {
                edges.insert((from.name.to_owned(), to.name.to_owned(), "rpc"));
            }
        }
        if from.ports.contains_key("metrics") {
            edges.insert(("monitoring".to_owned(), from.name.to_owned(), "metrics"));
        }
        if from.parts.iter().any(|part| part == "edge") {
            edges.insert(("gateway".to_owned(), from.name.to_owned(), "http"));
        }
    }
    edges
}

/// What the policies let through: in at one end and out at the other.
fn open(manifest: &Manifest, all: &[Pods<'_>]) -> BTreeSet<Edge> {
    let policies: Vec<&Object> = manifest.of_kind("NetworkPolicy").collect();
    let mut edges = BTreeSet::new();
    for to in all {
        for port in ["http", "metrics", "rpc"] {
            let Some(number) = to.ports.get(port) else { continue };
            for from in all {
                let peer = |peer: &Value| {
                    peer.get("namespaceSelector").is_none() && selects(peer.get("podSelector"), from.labels)
                };
                let target = |peer: &Value| {
                    peer.get("namespaceSelector").is_none() && selects(peer.get("podSelector"), to.labels)
                };
                if allows(&policies, to, "ingress", *number, peer) && allows(&policies, from, "egress", *number, target)
                {
                    edges.insert((from.name.to_owned(), to.name.to_owned(), port));
                }
            }
            for namespace in ["monitoring", "gateway", "default"] {
                let name = |peer: &Value| {
                    text(peer, "/namespaceSelector/matchLabels/kubernetes.io~1metadata.name") == namespace
                };
                if allows(&policies, to, "ingress", *number, name) {
                    edges.insert((namespace.to_owned(), to.name.to_owned(), port));
                }
            }
        }
    }
    edges
}

/// Whether the policies of these pods let a peer pass in one direction; without any policy everything does.
fn allows(policies: &[&Object], pods: &Pods<'_>, direction: &str, port: u64, peer: impl Fn(&Value) -> bool) -> bool {
    let kind = if direction == "ingress" { "Ingress" } else { "Egress" };
    let mine = policies.iter().filter(|policy| {
        selects(policy.value.pointer("/spec/podSelector"), pods.labels)
            && policy.list("/spec/policyTypes").contains(&Value::from(kind))
    });
    let mine: Vec<_> = mine.collect();
    if mine.is_empty() {
        return true;
    }
    let side = if direction == "ingress" { "from" } else { "to" };
    let at = format!("/spec/{direction}");
    mine.iter().flat_map(|policy| policy.list(&at)).any(|rule| {
        let ports = list(rule, "ports");
        let port =
            ports.is_empty() || ports.iter().any(|one| one.get("port").is_none_or(|given| given == &Value::from(port)));
        let peers = list(rule, side);
        port && (peers.is_empty() || peers.iter().any(&peer))
    })
}

/// Whether a selector with labels to match selects these; one without selects all.
fn selects(selector: Option<&Value>, labels: &Value) -> bool {
    let Some(selector) = selector else { return false };
    let Some(wanted) = selector.get("matchLabels").and_then(Value::as_object) else { return true };
    wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CATALOGUE: &str =
        "parts: {edge: {owner: shared, calls: ['*']}, ledger: {owner: lease}, risk: {owner: shared}}\nplanned: []\n";

    fn pod(name: &str) -> String {
        format!(
            "kind: Deployment\nmetadata: {{name: {name}}}\nspec: {{template: {{metadata: {{labels: {{c: {name}}}}}, spec: {{containers: \
             [{{args: [serve, {name}], ports: [{{name: rpc, containerPort: 7070}}]}}]}}}}}}\n---\n"
        )
    }

    fn policy(name: &str, callers: &str, called: &str) -> String {
        let side = |word: &str, names: &str| {
            let peers: Vec<String> =
                names.split_whitespace().map(|one| format!("{{podSelector: {{matchLabels: {{c: {one}}}}}}}")).collect();
            if peers.is_empty() {
                "[]".to_owned()
            } else {
                format!("[{{{word}: [{}], ports: [{{port: 7070}}]}}]", peers.join(", "))
            }
        };
        format!(
            "kind: NetworkPolicy\nmetadata: {{name: {name}}}\nspec: {{podSelector: {{matchLabels: {{c: {name}}}}}, policyTypes: [Ingress, \
             Egress], ingress: {}, egress: {}}}\n---\n",
            side("from", callers),
            side("to", called)
        )
    }

    fn found(policies: &[String]) -> Vec<String> {
        let text: String = ["edge", "ledger", "risk"].map(pod).concat() + &policies.concat();
        let manifest = Manifest::parse("x", &text).unwrap();
        differences(&manifest, &Catalogue::parse(CATALOGUE).unwrap())
            .into_iter()
            .filter(|line| line.contains("rpc"))
            .collect()
    }

    #[test]
    fn a_policy_line_less_or_more_is_found() {
        let whole =
            [policy("edge", "", "ledger risk"), policy("ledger", "edge ledger", "ledger"), policy("risk", "edge", "")];
        assert_eq!(found(&whole), Vec::<String>::new());
        let less = [whole[0].clone(), policy("ledger", "ledger", "ledger"), whole[2].clone()];
        assert_eq!(found(&less), ["x: edge has to reach, and by the policies cannot, ledger on rpc [R D39]"]);
        let more = [whole[0].clone(), policy("ledger", "edge ledger risk", "ledger"), policy("risk", "edge", "ledger")];
        assert_eq!(found(&more), ["x: risk can reach, and has no reason to, ledger on rpc [R D39]"]);
        let none = found(&[]);
        assert!(none.iter().any(|line| line.starts_with("x: risk can reach")), "{none:?}");
    }
}
