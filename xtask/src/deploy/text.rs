//! Words that were right once, or never: in the text of all that is shipped.

use std::path::Path;

use super::manifests::Finding;
use super::read;

/// A number of the list of mistakes, a text, and what to write instead.
const WORDS: &[(u8, &str, &str)] = &[
    (
        1,
        "PodSecurityPolicy",
        "gone since 1.25: label the namespace with pod-security.kubernetes.io/enforce: restricted",
    ),
    (1, "policy/v1beta1", "gone since 1.25: policy/v1"),
    (2, "extensions/v1beta1", "gone: apps/v1 and networking.k8s.io/v1"),
    (2, "\"extensions\"", "gone: apps and networking.k8s.io"),
    (3, "security.alpha.kubernetes.io", "the annotation is not read: securityContext.sysctls"),
    (3, "net.core.somaxconn", "no safe sysctl: the listener has a backlog of its own"),
    (4, "container.apparmor.security.beta.kubernetes.io", "securityContext.appArmorProfile"),
    (5, "node.kubernetes.io/pci", "a reserved prefix: a label of your own domain"),
    (6, "kafka.strimzi.io/v1beta2", "kafka.strimzi.io/v1 with KafkaNodePool"),
    (6, "inter.broker.protocol.version", "metadataVersion"),
    (7, "external-secrets.io/v1beta1", "external-secrets.io/v1"),
    (8, "IstioOperator", "gone: Istio's own charts"),
    (9, "authn tls-check", "gone: a PeerAuthentication, and a plain call that is refused"),
    (10, "networking.istio.io/v1beta1", "networking.istio.io/v1"),
    (12, "commonLabels", "it enters selectors, which cannot change: labels without selectors"),
    (13, "patchesStrategicMerge", "patches"),
    (14, "k8s.gcr.io", "registry.k8s.io"),
    (15, "sealed-secrets/releases/download", "the chart of Sealed Secrets, and its keys in the backup"),
    (16, "recovery.conf", "fatal since PostgreSQL 12: standby.signal, by an operator"),
    (16, "standby_mode", "fatal since PostgreSQL 12: standby.signal, by an operator"),
    (17, "kubernetes.io/gce-pd", "a storage class by value, of a CSI driver"),
    (18, "kubernetes.io/ingress.class", "spec.ingressClassName"),
    (19, "nginx.ingress.kubernetes.io", "retired in March 2026: the Gateway API"),
    (19, "ingress-nginx", "retired in March 2026: the Gateway API"),
    (20, "bitnami/", "not in a public catalogue since 2025: no foreign chart or image"),
    (20, "charts.bitnami.com", "not in a public catalogue since 2025: no foreign chart or image"),
    (21, "konghq.com", "the edge of Florin does it: limits, tokens, headers"),
    (22, "JAEGER_AGENT", "the agent is gone: telemetry.otlp_endpoint"),
    (23, "loadimpact/k6", "grafana/k6"),
    (26, "installCRDs", "crds.enabled"),
    (27, "updateMode: Auto", "deprecated: Off, Initial or InPlaceOrRecreate"),
    (27, "updateMode: \"Auto\"", "deprecated: Off, Initial or InPlaceOrRecreate"),
    (28, "sonar.login", "gone: a token in the environment"),
    (28, "mongo --", "the shell is gone: mongosh"),
    (29, "barmanObjectStore", "the Barman Cloud plugin and an ObjectStore"),
    (56, "vault auth ", "vault login"),
    (58, "ADMIN_LISTEN", "an administrator's port is open to nobody: management_listen, for monitoring alone"),
    (62, "curl -k", "it accepts every certificate: --cacert"),
    (62, ":latest", "name the digest: a tag can be moved"),
    (62, "sslmode=require", "it accepts every certificate: sslmode=verify-full"),
    (62, "ssl: require", "it accepts every certificate: sslmode=verify-full"),
    (62, "--set password=", "seen by everybody on the machine: a Secret, mounted as a file"),
    (62, "PGPASSWORD=", "seen in the process list and in Git: a password file"),
    (66, "p4d.xlarge", "there is no such machine"),
    (66, "TLSv1.2", "TLS 1.3 alone"),
    (67, "status=~\"5..\"}[5m]) > 0.1", "errors a second, not 10 %: divide by all requests"),
    (69, "hikaricp_", "not of this platform: database_connections_active and _max"),
    (70, "istio_request_total", "istio_requests_total"),
    (72, "honor_labels", "targets could say that they are others"),
];

pub(crate) fn check(root: &Path, file: &Path) -> Result<Vec<Finding>, String> {
    let name = file.strip_prefix(root).unwrap_or(file).display().to_string();
    Ok(check_text(&name, &read(file)?))
}

pub(crate) fn check_text(file: &str, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for (line, words) in (1..).zip(text.lines()).filter(|(_, words)| !words.trim_start().starts_with('#')) {
        for (defect, word, instead) in WORDS.iter().filter(|(_, word, _)| words.contains(word)) {
            let (file, sentence) = (file.to_owned(), format!("`{word}`: {instead}"));
            found.push(Finding { file, line, rule: 'T', defect: *defect, sentence });
        }
    }
    found
}
