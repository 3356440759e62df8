//! Whether the quota of a namespace holds every role at its maximum, and the database their connections.

use serde_json::Value;

use super::manifests::{Manifest, Object};
use super::pods::{list, text};

/// Millicores or mebibytes, of requests and limits.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Sum {
    pods: u64,
    cpu: u64,
    memory: u64,
    cpu_limit: u64,
    memory_limit: u64,
}

pub(crate) fn differences(manifest: &Manifest) -> Vec<String> {
    let needed = manifest.objects.iter().fold(Sum::default(), |sum, object| sum.with(object, manifest));
    let mut wrong = Vec::new();
    for quota in manifest.of_kind("ResourceQuota") {
        let hard = |key: &str| quota.value.pointer("/spec/hard").and_then(|hard| hard.get(key)).and_then(Value::as_str);
        for (key, needed) in [
            ("pods", needed.pods),
            ("requests.cpu", needed.cpu),
            ("requests.memory", needed.memory),
            ("limits.cpu", needed.cpu_limit),
            ("limits.memory", needed.memory_limit),
        ] {
            let Some(given) = hard(key).map(|text| if key == "pods" { text.parse().ok() } else { quantity(text) })
            else {
                continue;
            };
            if given.is_none_or(|given| given < needed) {
                let given = hard(key).unwrap_or_default();
                wrong.push(format!(
                    "{}: the quota {} has {key} {given}, and all roles at their maximum with a roll-out need {needed} [Q D45]",
                    manifest.file,
                    quota.name()
                ));
            }
        }
    }
    wrong
}

impl Sum {
    fn with(self, object: &Object, manifest: &Manifest) -> Sum {
        let Some(pod) = object.pod() else { return self };
        let scaled = manifest
            .of_kind("HorizontalPodAutoscaler")
            .find(|one| one.text("/spec/scaleTargetRef/name") == object.name());
        let most = match scaled {
            Some(scaled) => scaled.number("/spec/maxReplicas").unwrap_or(1),
            None => object.number("/spec/replicas").unwrap_or(1),
        };
        let surge = u64::from(matches!(object.kind(), "Deployment"));
        let times = most + surge;
        let total =
            |at: &str| list(pod, "containers").iter().filter_map(|one| quantity(text(one, at))).sum::<u64>() * times;
        Sum {
            pods: self.pods + times,
            cpu: self.cpu + total("/resources/requests/cpu"),
            memory: self.memory + total("/resources/requests/memory"),
            cpu_limit: self.cpu_limit + total("/resources/limits/cpu"),
            memory_limit: self.memory_limit + total("/resources/limits/memory"),
        }
    }
}

/// Cores as millicores, bytes as mebibytes.
fn quantity(text: &str) -> Option<u64> {
    let number = |text: &str, times: u64| text.parse::<u64>().ok().map(|number| number * times);
    if let Some(milli) = text.strip_suffix('m') {
        return number(milli, 1);
    }
    for (unit, times) in [("Mi", 1), ("Gi", 1_024), ("Ti", 1_024 * 1_024)] {
        if let Some(bytes) = text.strip_suffix(unit) {
            return number(bytes, times);
        }
    }
    number(text, 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(cpu: &str) -> Vec<String> {
        let text = format!(
            "kind: Deployment\nmetadata: {{name: a}}\nspec: {{template: {{spec: {{containers: [{{resources: {{requests: {{cpu: 500m, \
             memory: 1Gi}}, limits: {{cpu: 2, memory: 2Gi}}}}}}]}}}}}}\n---\nkind: HorizontalPodAutoscaler\nspec: {{scaleTargetRef: \
             {{name: a}}, maxReplicas: 20}}\n---\nkind: ResourceQuota\nmetadata: {{name: q}}\nspec: {{hard: {{requests.cpu: {cpu}}}}}\n"
        );
        differences(&Manifest::parse("x", &text).unwrap())
    }

    #[test]
    fn a_quota_holds_the_maximum_and_a_pod_more() {
        assert_eq!(found("10500m"), Vec::<String>::new());
        let wrong = found("10000m");
        assert!(wrong.len() == 1 && wrong[0].contains("need 10500"), "{wrong:?}");
        assert_eq!((quantity("2"), quantity("3Gi"), quantity("x")), (Some(2_000), Some(3_072), None));
    }
}
