//! Rules for a pod: the restricted level of Pod Security, images by digest, secrets as files, no token.

use serde_json::Value;

use super::manifests::Object;

type Wrong = (char, u8, String);

pub(crate) fn check(object: &Object) -> Vec<Wrong> {
    let Some(pod) = object.pod() else { return Vec::new() };
    let who = format!("{} {}", object.kind(), object.name());
    let mut wrong: Vec<Wrong> = Vec::new();
    if pod.get("automountServiceAccountToken") != Some(&Value::Bool(false)) {
        wrong.push(('S', 63, format!("{who} mounts a token of the API server: automountServiceAccountToken: false")));
    }
    let host = ["hostNetwork", "hostPID", "hostIPC"].into_iter().find(|key| pod.get(*key) == Some(&Value::Bool(true)));
    if let Some(key) = host {
        wrong.push(('S', 1, format!("{who} has {key}, which `restricted` refuses")));
    }
    for volume in list(pod, "volumes").iter().filter(|volume| volume.get("hostPath").is_some()) {
        wrong.push(('S', 1, format!("{who} has the path of a node as its volume {}", text(volume, "/name"))));
    }
    let containers = list(pod, "initContainers").iter().chain(list(pod, "containers"));
    for container in containers {
        of_container(&who, pod, container, &mut wrong);
    }
    for container in list(pod, "initContainers") {
        let words = container.get("args").into_iter().chain(container.get("command")).map(Value::to_string);
        if matches!(object.kind(), "Deployment" | "StatefulSet") && words.collect::<String>().contains("migrate") {
            wrong.push(('S', 51, format!("{who} migrates in every replica at once: one Job before the upgrade")));
        }
    }
    wrong
}

fn of_container(who: &str, pod: &Value, container: &Value, wrong: &mut Vec<Wrong>) {
    let name = text(container, "/name");
    let image = text(container, "/image");
    if !image.contains("@sha256:") {
        wrong.push(('S', 62, format!("{who}: {name} runs {image:?}, which is no digest; a tag can be moved")));
    }
    let either = |key: &str| {
        container
            .pointer(&format!("/securityContext/{key}"))
            .or_else(|| pod.pointer(&format!("/securityContext/{key}")))
    };
    let drops =
        container.pointer("/securityContext/capabilities/drop").is_some_and(|drop| drop == &Value::from(vec!["ALL"]));
    let profile = either("seccompProfile").map(|profile| text(profile, "/type").to_owned());
    for (holds, asks) in [
        (either("runAsNonRoot") == Some(&Value::Bool(true)), "runAsNonRoot: true"),
        (
            container.pointer("/securityContext/allowPrivilegeEscalation") == Some(&Value::Bool(false)),
            "allowPrivilegeEscalation: false",
        ),
        (drops, "capabilities: {drop: [ALL]}"),
        (
            profile.is_some_and(|kind| kind == "RuntimeDefault" || kind == "Localhost"),
            "seccompProfile: {type: RuntimeDefault}",
        ),
    ] {
        if !holds {
            wrong.push(('S', 1, format!("{who}: {name} is refused by `restricted` without {asks}")));
        }
    }
    for variable in list(container, "env") {
        let variable_name = text(variable, "/name");
        let secret = ["PASSWORD", "SECRET", "TOKEN", "_KEY"].iter().any(|word| variable_name.contains(word));
        if secret && variable.get("value").is_some() && !variable_name.ends_with("_FILE") {
            wrong.push(('S', 62, format!("{who}: {name} has the secret {variable_name} in its text; mount a file")));
        }
    }
    if container.pointer("/resources/limits/memory").is_none() || container.pointer("/resources/requests/cpu").is_none()
    {
        wrong.push(('Q', 45, format!("{who}: {name} says neither what it asks for nor what it may take at most")));
    }
}

pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

pub(crate) fn text<'a>(value: &'a Value, at: &str) -> &'a str {
    value.pointer(at).and_then(Value::as_str).unwrap_or_default()
}
