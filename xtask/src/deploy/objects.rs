//! Rules for objects alone and among the others of their file.

use serde_json::Value;

use super::manifests::{Manifest, Object};
use super::pods::{list, text};

type Wrong = (char, u8, String);

pub(crate) fn check(object: &Object, all: &Manifest) -> Vec<Wrong> {
    match object.kind() {
        "NetworkPolicy" => policy(object, all),
        "HorizontalPodAutoscaler" => autoscaler(object, all),
        "Role" | "ClusterRole" => role(object),
        "PersistentVolumeClaim" => claim(object, all),
        "PrometheusRule" => rules(list(object.value.get("spec").unwrap_or(&Value::Null), "groups")),
        "" => rules(object.list("/groups")),
        _ => Vec::new(),
    }
}

fn policy(object: &Object, all: &Manifest) -> Vec<Wrong> {
    let name = object.name();
    let mut wrong: Vec<Wrong> = Vec::new();
    let (ingress, egress) = (object.list("/spec/ingress"), object.list("/spec/egress"));
    for rule in egress {
        if list(rule, "to").is_empty()
            && list(rule, "ports").iter().all(|port| port.get("port") != Some(&Value::from(53)))
        {
            wrong.push(('R', 41, format!("{name} lets its pods call everybody: name networks (ipBlock) or pods")));
        }
    }
    let peers =
        ingress.iter().flat_map(|rule| list(rule, "from")).chain(egress.iter().flat_map(|rule| list(rule, "to")));
    for peer in peers {
        if peer.pointer("/namespaceSelector/matchLabels/name").is_some() {
            wrong.push((
                'R',
                40,
                format!(
                    "{name} selects namespaces by the label `name`, which nobody sets: kubernetes.io/metadata.name"
                ),
            ));
        }
        if text(peer, "/ipBlock/cidr") == "0.0.0.0/0" {
            wrong.push(('R', 41, format!("{name} opens 0.0.0.0/0: name the networks")));
        }
    }
    let everything = object
        .value
        .pointer("/spec/podSelector")
        .is_some_and(|selector| selector == &Value::Object(serde_json::Map::new()));
    let denies = object.list("/spec/policyTypes").contains(&Value::from("Egress")) && egress.is_empty();
    if everything && denies {
        let ports =
            all.of_kind("NetworkPolicy").flat_map(|one| one.list("/spec/egress")).flat_map(|rule| list(rule, "ports"));
        if !ports.into_iter().any(|port| port.get("port") == Some(&Value::from(53))) {
            wrong.push(('R', 39, format!("{name} denies everything and nothing allows DNS: no name can be found")));
        }
    }
    wrong
}

fn autoscaler(object: &Object, all: &Manifest) -> Vec<Wrong> {
    let (name, kind, target) =
        (object.name(), object.text("/spec/scaleTargetRef/kind"), object.text("/spec/scaleTargetRef/name"));
    let mut wrong: Vec<Wrong> = Vec::new();
    let Some(scaled) = all.of_kind(kind).find(|one| one.name() == target) else {
        wrong.push(('Q', 42, format!("{name} scales {kind} {target}, which is not there")));
        return wrong;
    };
    if scaled.number("/spec/replicas").is_some() {
        wrong.push(('Q', 44, format!("{target} has replicas beside its autoscaler: each apply undoes what that did")));
    }
    let apart = scaled
        .value
        .pointer("/spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution");
    if apart.is_some() {
        let max = object.number("/spec/maxReplicas").unwrap_or_default();
        wrong.push(('Q', 42, format!("{target} wants a node for each of {max} pods: topologySpreadConstraints")));
    }
    let advises = |one: &Object| one.text("/spec/updatePolicy/updateMode") == "Off";
    let sized = all.of_kind("VerticalPodAutoscaler").find(|one| one.text("/spec/targetRef/name") == target);
    if sized.is_some_and(|one| !advises(one)) {
        wrong.push((
            'Q',
            43,
            format!("{target} has two autoscalers that work against each other: the vertical one only advises (Off)"),
        ));
    }
    wrong
}

fn role(object: &Object) -> Vec<Wrong> {
    let mut wrong: Vec<Wrong> = Vec::new();
    for rule in object.list("/rules") {
        let has = |key: &str, word: &str| list(rule, key).contains(&Value::from(word));
        let who = format!("{} {}", object.kind(), object.name());
        if has("resources", "*") || has("verbs", "*") || has("apiGroups", "*") {
            wrong.push(('A', 63, format!("{who} may do everything: name resources and verbs")));
        }
        if has("resources", "secrets") && (has("verbs", "list") || has("verbs", "watch")) {
            wrong.push(('A', 63, format!("{who} reads all secrets: mount the one that is needed")));
        }
        if has("resources", "podsecuritypolicies") {
            wrong.push(('T', 1, format!("{who} uses pod security policies, which are gone since 1.25")));
        }
        if has("apiGroups", "extensions") {
            wrong.push(('T', 2, format!("{who} names the group extensions, which is gone: apps, networking.k8s.io")));
        }
    }
    wrong
}

fn claim(object: &Object, all: &Manifest) -> Vec<Wrong> {
    let name = object.name();
    let mut wrong: Vec<Wrong> = Vec::new();
    let mounted = all.objects.iter().filter_map(Object::pod).flat_map(|pod| list(pod, "volumes"));
    if !mounted.into_iter().any(|volume| text(volume, "/persistentVolumeClaim/claimName") == name) {
        wrong.push(('Q', 47, format!("nobody mounts {name}")));
    }
    if object.list("/spec/accessModes").contains(&Value::from("ReadWriteMany")) {
        wrong.push(('Q', 47, format!("{name} is to be written from several nodes, which a block device cannot: logs go to the standard output")));
    }
    wrong
}

/// Alerts whose expression says something else than their name.
fn rules(groups: &[Value]) -> Vec<Wrong> {
    let mut wrong: Vec<Wrong> = Vec::new();
    for rule in groups.iter().flat_map(|group| list(group, "rules")) {
        let (name, expr) = (text(rule, "/alert"), text(rule, "/expr"));
        let has = |word: &str| expr.contains(word);
        if has("rate(") && has("5..") && has("> 0.") && !has("/") {
            wrong.push(('P', 67, format!("{name} compares errors a second with a share: divide by all requests")));
        }
        if name.ends_with("Down") && has("up{") && !has("absent(") {
            wrong.push(('P', 68, format!("{name} is silent when nothing is scraped: or absent(up{{...}})")));
        }
        if has("])[") {
            wrong.push((
                'P',
                38,
                format!("{name} takes a range of a rate, which does not parse: record the rate first"),
            ));
        }
        if has("max_bytes") && has("/") && !has("> 0)") {
            wrong.push(('P', 72, format!("{name} divides by a maximum that may be 0: (... > 0)")));
        }
        if has("accuracy") && has("_model_accuracy") && has("< 95") {
            wrong.push(('P', 71, format!("{name} compares a ratio with per cent: < 0.95")));
        }
    }
    wrong
}
